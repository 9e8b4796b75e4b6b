//! Does what effects ask for, and answers with messages. The only file of the dashboard that sees the client, the
//! runner of plans and the local gateway's process.
//!
//! Every request is a task under its ticket; `Cancel`, and leaving, abort it. Keys of contexts live here alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::effect::{Effect, Timer};
use super::keymap::Keymap;
use super::load::{Failure, FailureKind, Ticket};
use super::message::Message;
use super::session::ContextInfo;
use super::theme::Depth;

/// Reads the key of a context: from the environment, a file, a command. Called off the screen's thread, and only when
/// the context is opened.
pub type ReadKey = Arc<dyn Fn() -> Result<SecretString, Failure> + Send + Sync>;

/// How a context is reached.
#[derive(Clone)]
pub enum How {
    /// A server that runs somewhere.
    Address {
        /// Its management address.
        management_url: String,
        /// Where requests go, if it is known.
        inference_url: Option<String>,
        /// Its key.
        key: ReadKey,
    },
    /// The gateway that this program starts.
    Local,
}

/// A context that can be opened.
#[derive(Clone)]
pub struct StartContext {
    /// What the screen shows of it.
    pub info: ContextInfo,
    /// How it is reached.
    pub how: How,
}

/// What is open at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Nothing: the welcome screen.
    Welcome,
    /// One of the contexts.
    Context(usize),
}

/// What the dashboard is started with. Nothing in it has been waited for: keys are read and addresses called after
/// the first paint.
pub struct Start {
    /// The contexts of the configuration and of the command line; the local gateway should be one of them.
    pub contexts: Vec<StartContext>,
    /// What is open at the start.
    pub open: Open,
    /// How many colours the terminal has.
    pub depth: Depth,
    /// How keys are bound.
    pub keymap: Keymap,
    /// Something to say at the start.
    pub notice: Option<String>,
}

/// Does what effects ask for.
pub struct Performer {
    messages: UnboundedSender<Message>,
    contexts: Vec<StartContext>,
    tasks: HashMap<Ticket, AbortHandle>,
    timers: HashMap<Timer, AbortHandle>,
}

impl Performer {
    /// One that answers to `messages`. Must be made inside a tokio runtime.
    #[must_use]
    pub fn new(contexts: Vec<StartContext>, messages: UnboundedSender<Message>) -> Self {
        Self { messages, contexts, tasks: HashMap::new(), timers: HashMap::new() }
    }

    /// Starts what the effect asks for.
    pub fn perform(&mut self, effect: Effect) {
        self.tasks.retain(|_, task| !task.is_finished());
        match effect {
            Effect::After { timer, delay } => self.after(timer, delay),
            Effect::Cancel(ticket) => self.cancel(ticket),
            Effect::Open { ticket, context } => {
                let known = self.contexts.get(context).map(|context| context.info.name.clone()).unwrap_or_default();
                let failure = Failure::new(FailureKind::Other, format!("{known} cannot be opened yet"));
                self.tell(Message::Opened { ticket, answer: Err(failure) });
            }
            Effect::Copy(text) => drop(text),
            Effect::OpenTyped { .. }
            | Effect::ReadEndpoints { .. }
            | Effect::ReadEndpoint { .. }
            | Effect::ReadSync { .. }
            | Effect::SyncNow { .. }
            | Effect::StopGateway
            | Effect::RestartGateway
            | Effect::Mouse(_)
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Quit => {}
        }
    }

    /// Ends everything that is under way, and waits for the local gateway.
    pub async fn shut_down(&mut self) {
        for (_, task) in self.tasks.drain() {
            task.abort();
        }
        for (_, timer) in self.timers.drain() {
            timer.abort();
        }
        tokio::task::yield_now().await;
    }

    fn tell(&self, message: Message) {
        // The receiver is gone only when the program leaves.
        let _ = self.messages.send(message);
    }

    fn after(&mut self, timer: Timer, delay: Duration) {
        let messages = self.messages.clone();
        let task = tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let _ = messages.send(Message::Due(timer));
        });
        if let Some(old) = self.timers.insert(timer, task.abort_handle()) {
            old.abort();
        }
    }

    fn cancel(&mut self, ticket: Ticket) {
        if let Some(task) = self.tasks.remove(&ticket) {
            task.abort();
        }
    }
}
