//! How the local gateway's process is.

use crate::api::Time;
use crate::tui::message::GatewayEvent;
use crate::tui::theme::Role;

/// How the process is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Process {
    /// None was started.
    #[default]
    None,
    /// It was asked to start.
    Starting,
    /// It listens.
    Running {
        /// Where the management API is.
        management_url: String,
        /// Where requests go.
        inference_url: String,
        /// Its process.
        pid: u32,
        /// True where it ran already.
        was_running: bool,
        /// When it was found ready.
        since: Time,
    },
    /// It was asked to end.
    Stopping,
    /// It has ended.
    Ended {
        /// True where this program asked it to.
        was_asked: bool,
        /// How, in words.
        how: String,
    },
}

impl Process {
    /// Takes what it did.
    pub fn receive(&mut self, event: &GatewayEvent, now: Time) {
        *self = match event {
            GatewayEvent::Starting => Self::Starting,
            GatewayEvent::Stopping => Self::Stopping,
            GatewayEvent::Ready { management_url, inference_url, pid, was_running } => Self::Running {
                management_url: management_url.clone(),
                inference_url: inference_url.clone(),
                pid: *pid,
                was_running: *was_running,
                since: now,
            },
            // What it says does not change how it is.
            GatewayEvent::Line(_) => return,
            GatewayEvent::Ended { was_asked, how } => Self::Ended { was_asked: *was_asked, how: how.clone() },
            GatewayEvent::Failed(failure) => Self::Ended { was_asked: false, how: failure.message.clone() },
        };
    }

    /// The same in words.
    #[must_use]
    pub fn said(&self) -> (Role, String) {
        match self {
            Self::None => (Role::Muted, "○ not started".to_owned()),
            Self::Starting => (Role::Waiting, "◌ starting …".to_owned()),
            Self::Running { was_running: true, .. } => (Role::Ok, "● running, started elsewhere".to_owned()),
            Self::Running { was_running: false, .. } => (Role::Ok, "● running, ends with this program".to_owned()),
            Self::Stopping => (Role::Waiting, "◌ stopping: answering what is under way …".to_owned()),
            Self::Ended { was_asked: true, .. } => (Role::Muted, "○ stopped".to_owned()),
            Self::Ended { was_asked: false, how } => (Role::Danger, format!("✗ {how}")),
        }
    }
}
