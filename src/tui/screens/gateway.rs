//! The Gateway tab: the local gateway that this program started.

use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::message::GatewayEvent;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many lines of the gateway's log are kept.
pub const LOG_LINES_MAX: usize = 500;

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

/// What is known of the local gateway.
#[derive(Debug, Clone, Default)]
pub struct Gateway {
    /// How the process is.
    pub process: Process,
    /// The last lines of its log.
    pub log: VecDeque<String>,
    /// How many rows the log is scrolled back from its end.
    pub scrolled_back: usize,
}

impl Gateway {
    /// Takes what the process did.
    pub fn receive(&mut self, event: &GatewayEvent) {
        match event {
            GatewayEvent::Starting => self.process = Process::Starting,
            GatewayEvent::Stopping => self.process = Process::Stopping,
            GatewayEvent::Ready { management_url, inference_url, pid, was_running } => {
                self.process = Process::Running {
                    management_url: management_url.clone(),
                    inference_url: inference_url.clone(),
                    pid: *pid,
                    was_running: *was_running,
                };
            }
            GatewayEvent::Line(line) => {
                if self.log.len() == LOG_LINES_MAX {
                    self.log.pop_front();
                }
                self.log.push_back(line.clone());
            }
            GatewayEvent::Ended { was_asked, how } => {
                self.process = Process::Ended { was_asked: *was_asked, how: how.clone() };
            }
            GatewayEvent::Failed(failure) => {
                self.process = Process::Ended { was_asked: false, how: failure.message.clone() };
            }
        }
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        match action {
            Action::GatewayStop => vec![Effect::StopGateway],
            Action::GatewayRestart | Action::GatewayStart => vec![Effect::RestartGateway],
            Action::SyncNow => {
                let ticket = shared.ticket();
                shared.sync.ask(ticket);
                vec![Effect::SyncNow { ticket }]
            }
            _ => Vec::new(),
        }
    }

    /// Draws the tab.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let title = Line::from(shared.span(Role::Strong, "Local gateway"));
        let inner = layout::inset(layout::pane(shared, area, true, title, Line::default(), frame), 1);
        for (line, row) in self.log.iter().rev().zip(layout::rows(inner).collect::<Vec<_>>().into_iter().rev()) {
            frame.render_widget(shared.span(Role::Muted, text::cut(line, usize::from(row.width)).into_owned()), row);
        }
    }
}
