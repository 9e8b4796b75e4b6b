//! The local gateway's process: started when its context is opened, watched, stopped when the program leaves.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::Opening;
use super::server::{Messages, tell};
use crate::client::{Access, Options};
use crate::clock;
use crate::supervisor::{Contents, Launch, State, Supervisor};
use crate::tui::effect::Refill;
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::message::{GatewayEvent, Message};
use crate::tui::session::ContextInfo;

/// How often lines of the log are told: a busy gateway says a line a request.
const LINES_EVERY: Duration = Duration::from_millis(250);

/// The process, and the task that tells of it.
pub(super) struct Local {
    supervisor: Supervisor,
    watch: JoinHandle<()>,
}

impl Local {
    /// Finds or starts the gateway, and tells of everything that it does.
    pub(super) fn start(launch: Launch, messages: Messages) -> Self {
        let supervisor = Supervisor::start(launch);
        let watch = tokio::spawn(watch(supervisor.subscribe(), supervisor.log().clone(), messages));
        Self { supervisor, watch }
    }

    /// Stops it.
    pub(super) fn stop(&self) {
        self.supervisor.stop();
    }

    /// Stops it and starts it again.
    pub(super) fn restart(&self) {
        self.supervisor.restart();
    }

    /// Stops it, throws away what it keeps, and starts it again.
    pub(super) fn reset(&self, refill: Refill) {
        self.supervisor.reset(match refill {
            Refill::Demo => Contents::Demo,
            Refill::Workspace => Contents::Workspace,
        });
    }

    /// True where it has ended, so that opening its context means to start it again.
    pub(super) fn is_down(&self) -> bool {
        matches!(self.supervisor.state(), State::Stopped | State::Failed(_))
    }

    /// How it is, to be waited for elsewhere.
    pub(super) fn states(&self) -> tokio::sync::watch::Receiver<State> {
        self.supervisor.subscribe()
    }

    /// Stops it if it is ours, and returns when it is gone.
    pub(super) async fn shut_down(self) {
        self.watch.abort();
        self.supervisor.shut_down().await;
    }
}

/// Waits until the gateway can be called, and opens its context.
pub(super) async fn open(
    mut states: tokio::sync::watch::Receiver<State>,
    ticket: Ticket,
    context: usize,
    mut info: ContextInfo,
) -> Opening {
    loop {
        let state = states.borrow_and_update().clone();
        match state {
            State::Running(running) => {
                running.inference_url.as_str().trim_end_matches('/').clone_into(&mut info.inference_url);
                let options = Options::new(running.management_url, running.key);
                return Opening::new(ticket, Some(context), info, options);
            }
            State::Failed(crash) => return Opening::failed(ticket, crash.into()),
            State::Starting | State::Stopping | State::Stopped => {}
        }
        if states.changed().await.is_err() {
            let failure = Failure::new(FailureKind::Other, "the local gateway is no longer watched");
            return Opening::failed(ticket, failure);
        }
    }
}

/// What a context lets through.
pub(super) fn access(info: &ContextInfo) -> Access {
    match (info.is_read_only, info.is_protected) {
        (true, _) => Access::ReadOnly,
        (false, true) => Access::Protected,
        (false, false) => Access::ReadWrite,
    }
}

async fn watch(mut states: tokio::sync::watch::Receiver<State>, log: crate::supervisor::Log, messages: Messages) {
    let mut added = log.subscribe();
    let mut shown = 0;
    let mut quiet_until = clock::instant();
    tell_state(&states.borrow_and_update().clone(), &messages);
    loop {
        tokio::select! {
            changed = states.changed() => {
                if changed.is_err() {
                    return;
                }
                let state = states.borrow_and_update().clone();
                shown = tell_lines(&log, shown, *added.borrow_and_update(), &messages);
                tell_state(&state, &messages);
            }
            changed = async {
                sleep_until(Instant::from_std(quiet_until)).await;
                added.changed().await
            } => {
                if changed.is_err() {
                    return;
                }
                shown = tell_lines(&log, shown, *added.borrow_and_update(), &messages);
                quiet_until = clock::instant() + LINES_EVERY;
            }
        }
    }
}

/// Tells the lines that were added since `shown` lines had been; returns how many have been now.
fn tell_lines(log: &crate::supervisor::Log, shown: u64, added: u64, messages: &Messages) -> u64 {
    let lines = log.lines();
    let fresh = usize::try_from(added.saturating_sub(shown)).unwrap_or(usize::MAX).min(lines.len());
    for line in lines.into_iter().rev().take(fresh).collect::<Vec<_>>().into_iter().rev() {
        tell(messages, Message::Gateway(GatewayEvent::Line(line)));
    }
    added
}

fn tell_state(state: &State, messages: &Messages) {
    let event = match state {
        State::Starting => GatewayEvent::Starting,
        State::Running(running) => GatewayEvent::Ready {
            management_url: running.management_url.as_str().trim_end_matches('/').to_owned(),
            inference_url: running.inference_url.as_str().trim_end_matches('/').to_owned(),
            pid: running.pid,
            was_running: running.is_attached,
        },
        State::Stopping => GatewayEvent::Stopping,
        State::Stopped => GatewayEvent::Ended { was_asked: true, how: "stopped".to_owned() },
        State::Failed(crash) => GatewayEvent::Ended { was_asked: false, how: crash.message.clone() },
    };
    tell(messages, Message::Gateway(event));
}
