//! Does what effects ask for, and answers with messages. The only part of the dashboard that sees the client, the
//! runner of plans and the local gateway's process.
//!
//! Every request is a task under its ticket; `Cancel`, another context, and leaving abort it. A write is never aborted:
//! it is told to stop between its changes. Keys of contexts live here alone. Reads are in `server`, writes in `write`,
//! the local gateway in `local`, what the dashboard is started with in `start`.

mod callers;
pub mod clipboard;
mod failure;
mod local;
mod log;
mod past;
mod register;
mod server;
mod start;
mod theme;
mod traffic;
mod try_it;
mod wanted;
mod write;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;
use url::Url;

use self::clipboard::Clipboard;
use self::local::Local;
use super::effect::{After, Effect, Timer, TypedKey};
use super::load::{Failure, FailureKind, Ticket};
use super::message::{Message, Opened};
use super::session::{ContextInfo, ContextKind};
use super::trial::Trial;
use crate::client::{Client, Options};
use crate::plan::history::Author;

pub use start::{Connect, How, Look, MakeProber, Open, ProbeKey, Start, StartContext, ThemeFile};

/// How many pages of the list wait to be laid at most.
const PAGES_AHEAD: usize = 2;
/// How long a write that is under way is waited for when the program leaves.
const LAST_WRITE_LIMIT: Duration = Duration::from_secs(10);

/// Does what effects ask for.
pub struct Performer {
    messages: UnboundedSender<Message>,
    contexts: Vec<StartContext>,
    journal: PathBuf,
    who: String,
    /// The client of the open context; set by the task that opens it.
    client: watch::Sender<Option<Client>>,
    /// The name and address of the open context, for the journal.
    open: Option<usize>,
    tasks: HashMap<Ticket, AbortHandle>,
    timers: HashMap<Timer, AbortHandle>,
    writes: HashMap<Ticket, (CancellationToken, JoinHandle<()>)>,
    local: Option<Local>,
    clipboard: Clipboard,
    /// The last text on its way to the clipboard.
    copying: Option<JoinHandle<()>>,
    /// Looks whether the file of the colours has changed.
    theme: Option<AbortHandle>,
    /// How many more pages of the list may be handed on before one has been laid.
    page_slots: Arc<Semaphore>,
}

impl Performer {
    /// One that answers to `messages`. Must be used inside a tokio runtime.
    #[must_use]
    pub fn new(start: Start, messages: UnboundedSender<Message>) -> Self {
        let theme = start.look.theme.map(|file| tokio::spawn(theme::watch(file, messages.clone())).abort_handle());
        Self {
            theme,
            clipboard: start.clipboard,
            copying: None,
            messages,
            contexts: start.contexts,
            journal: start.journal,
            who: start.who,
            client: watch::Sender::new(None),
            open: None,
            tasks: HashMap::new(),
            timers: HashMap::new(),
            writes: HashMap::new(),
            local: None,
            page_slots: Arc::new(Semaphore::new(PAGES_AHEAD)),
        }
    }

    /// Says something to the dashboard, as answers do.
    pub fn tell(&self, message: Message) {
        server::tell(&self.messages, message);
    }

    /// A page of the list has been laid: another may come.
    pub fn page_was_laid(&self) {
        self.page_slots.add_permits(1);
    }

    /// True where a text to copy goes through the terminal, whatever else is tried.
    #[must_use]
    pub fn copies_through_terminal(&self) -> bool {
        self.clipboard.uses_terminal()
    }

    /// Starts what the effect asks for.
    pub fn perform(&mut self, effect: Effect) {
        self.tasks.retain(|_, task| !task.is_finished());
        self.writes.retain(|_, (_, task)| !task.is_finished());
        let messages = self.messages.clone();
        match effect {
            Effect::After { timer, delay } => self.after(timer, delay),
            Effect::Cancel(ticket) => self.cancel(ticket),
            Effect::Open { ticket, context } => self.open(ticket, context),
            Effect::OpenTyped { ticket, url, key } => self.open_typed(ticket, &url, key),
            Effect::ReadEndpoints { ticket } => {
                let slots = Arc::clone(&self.page_slots);
                self.read(ticket, |client| server::endpoints(client, ticket, messages, slots));
            }
            Effect::ReadEndpoint { ticket, id } => {
                self.read(ticket, |client| server::endpoint(client, ticket, id, messages));
            }
            Effect::ReadSync { ticket } => self.read(ticket, |client| server::sync(client, ticket, false, messages)),
            Effect::SyncNow { ticket } => self.read(ticket, |client| server::sync(client, ticket, true, messages)),
            Effect::ReadWorkspace { ticket } => self.read(ticket, |client| server::workspace(client, ticket, messages)),
            Effect::ReadImpact { ticket, slugs } => {
                self.read(ticket, |client| server::impact(client, ticket, slugs, messages));
            }
            Effect::WatchTraffic { ticket } => self.read(ticket, |client| traffic::watch(client, ticket, messages)),
            Effect::ReadLog => {
                let lines = log::lines(self.client.borrow().as_ref(), &self.journal);
                server::tell(&messages, Message::Log(lines));
            }
            Effect::Read { ticket, wanted } => {
                let journal = self.journal.clone();
                self.read(ticket, |client| wanted::read(client, ticket, wanted, journal, messages));
            }
            Effect::Run { ticket, plan, is_confirmed, undoes, after } => {
                let prober = self.open.and_then(|open| self.contexts.get(open)?.prober.clone());
                let follow = match (prober, after) {
                    (None, _) | (_, After::Wait) => None,
                    (Some(prober), After::Probe) => Some(write::Follow { prober, puts_back: false }),
                    (Some(prober), After::ProbeOrPutBack) => Some(write::Follow { prober, puts_back: true }),
                };
                self.run(ticket, is_confirmed, write::What { plan, undoes, follow });
            }
            Effect::Try { ticket, trial } => self.try_it(ticket, trial),
            Effect::RegisterKey { ticket, group, files, is_confirmed } => {
                self.read(ticket, |client| {
                    let client = if is_confirmed { client.confirmed() } else { client };
                    register::register(client, ticket, group, files, messages)
                });
            }
            Effect::SwitchFault { ticket, switch } => {
                self.read(ticket, |client| wanted::switch(client, ticket, switch, messages));
            }
            Effect::Note(line) => drop(tokio::task::spawn_blocking({
                let journal = self.journal.clone();
                move || past::note(&journal, &line)
            })),
            Effect::StopGateway => self.local.iter().for_each(Local::stop),
            Effect::RestartGateway => self.restart_gateway(),
            Effect::ResetGateway { refill } => self.local.iter().for_each(|local| local.reset(refill)),
            Effect::Copy(text) => {
                self.copying = Some(tokio::spawn(clipboard::copy(self.clipboard.clone(), text, messages)));
            }
            // These are the runtime's.
            Effect::CopyThroughTerminal(_)
            | Effect::EditText { .. }
            | Effect::Mouse(_)
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Quit => {}
        }
    }

    /// Ends everything that is under way; waits for writes and for the local gateway.
    pub async fn shut_down(&mut self) {
        let timers = self.timers.drain().map(|(_, timer)| timer);
        for task in self.tasks.drain().map(|(_, task)| task).chain(timers).chain(self.theme.take()) {
            task.abort();
        }
        if let Some(copying) = self.copying.take() {
            // Who copies and leaves wants to paste. It has a limit of its own.
            drop(copying.await);
        }
        for (_, (cancel, task)) in self.writes.drain() {
            cancel.cancel();
            // What is not done by then is in the journal, and is settled when it is taken up again.
            drop(tokio::time::timeout(LAST_WRITE_LIMIT, task).await);
        }
        if let Some(local) = self.local.take() {
            local.shut_down().await;
        }
    }

    fn read<F: Future<Output = ()> + Send + 'static>(&mut self, ticket: Ticket, reading: impl FnOnce(Client) -> F) {
        let Some(client) = self.client.borrow().clone() else { return };
        let task = tokio::spawn(reading(client));
        self.tasks.insert(ticket, task.abort_handle());
    }

    fn after(&mut self, timer: Timer, delay: Duration) {
        let messages = self.messages.clone();
        let task = tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            server::tell(&messages, Message::Due(timer));
        });
        if let Some(old) = self.timers.insert(timer, task.abort_handle()) {
            old.abort();
        }
    }

    fn cancel(&mut self, ticket: Ticket) {
        if let Some(task) = self.tasks.remove(&ticket) {
            task.abort();
        }
        if let Some((cancel, _)) = self.writes.get(&ticket) {
            cancel.cancel();
        }
    }

    fn open(&mut self, ticket: Ticket, context: usize) {
        for (_, task) in self.tasks.drain() {
            task.abort();
        }
        self.client.send_replace(None);
        self.open = Some(context);
        let Some(StartContext { info, how, .. }) = self.contexts.get(context).cloned() else { return };
        let (messages, client) = (self.messages.clone(), self.client.clone());
        let task = match how {
            How::Local(launch) => {
                match &self.local {
                    Some(local) if local.is_down() => local.restart(),
                    Some(_) => {}
                    None => self.local = Some(Local::start(*launch, self.messages.clone())),
                }
                let Some(states) = self.local.as_ref().map(Local::states) else { return };
                tokio::spawn(async move {
                    // The client is there before the dashboard hears that the context is open.
                    let opening = local::open(states, ticket, context, info);
                    opening.await.finish(&client, &messages);
                })
            }
            How::Address(connect) => tokio::spawn(async move {
                let options = tokio::task::spawn_blocking(move || connect()).await;
                let opened = match options {
                    Ok(Ok(options)) => Opening::new(ticket, Some(context), info, options),
                    Ok(Err(error)) => Opening::failed(ticket, error.into()),
                    Err(_) => Opening::failed(ticket, Failure::new(FailureKind::Other, "the key could not be read")),
                };
                opened.finish(&client, &messages);
            }),
        };
        self.tasks.insert(ticket, task.abort_handle());
    }

    fn open_typed(&mut self, ticket: Ticket, url: &str, key: TypedKey) {
        let opening = match Url::parse(url) {
            Ok(url) => {
                let info = typed_context(&url);
                let options = Options::new(url, key.0);
                let kept = options.clone();
                let opening = Opening::new(ticket, None, info.clone(), options);
                if opening.answer.is_ok() {
                    let how = How::Address(Arc::new(move || Ok(kept.clone())));
                    self.contexts.push(StartContext { info, how, prober: None, probe_key: None });
                    self.open = Some(self.contexts.len() - 1);
                }
                opening
            }
            Err(error) => Opening::failed(ticket, Failure::new(FailureKind::Invalid, format!("no address: {error}"))),
        };
        opening.finish(&self.client, &self.messages);
    }

    fn run(&mut self, ticket: Ticket, is_confirmed: bool, what: write::What) {
        let Some((client, author)) = self.writer(is_confirmed) else { return };
        let cancel = CancellationToken::new();
        let job = write::Job { ticket, client, what, journal: self.journal.clone(), author };
        let task = tokio::spawn(write::run(job, cancel.clone(), self.messages.clone()));
        self.writes.insert(ticket, (cancel, task));
    }

    /// A key may be minted for it, so it is waited for like a write.
    fn try_it(&mut self, ticket: Ticket, trial: Trial) {
        let Some((client, author)) = self.writer(trial.is_confirmed) else { return };
        let cancel = CancellationToken::new();
        let probe_key = self.open.and_then(|open| self.contexts.get(open)?.probe_key.clone());
        let job = try_it::Job { ticket, client, trial, probe_key, journal: self.journal.clone(), author };
        let task = tokio::spawn(try_it::run(job, cancel.clone(), self.messages.clone()));
        self.writes.insert(ticket, (cancel, task));
    }

    /// The client of the open context, and who writes with it.
    fn writer(&self, is_confirmed: bool) -> Option<(Client, Author)> {
        let client = self.client.borrow().clone()?;
        let client = if is_confirmed { client.confirmed() } else { client };
        let context = self.open.and_then(|open| self.contexts.get(open));
        let author = Author {
            who: self.who.clone(),
            context: context.map(|context| context.info.name.clone()).unwrap_or_default(),
            server: client.management_url().to_string(),
        };
        Some((client, author))
    }

    fn restart_gateway(&mut self) {
        if let Some(local) = &self.local {
            return local.restart();
        }
        let launch = self.contexts.iter().find_map(|context| match &context.how {
            How::Local(launch) => Some(launch.clone()),
            How::Address(_) => None,
        });
        self.local = launch.map(|launch| Local::start(*launch, self.messages.clone()));
    }
}

/// What became of opening a context.
struct Opening {
    ticket: Ticket,
    answer: Result<(Client, Opened), Failure>,
}

impl Opening {
    fn new(ticket: Ticket, context: Option<usize>, mut info: ContextInfo, mut options: Options) -> Self {
        options.access = local::access(&info);
        options.management_url.as_str().trim_end_matches('/').clone_into(&mut info.address);
        let client = Client::new(options).map_err(Failure::from);
        Self { ticket, answer: client.map(|client| (client, Opened { context, info })) }
    }

    fn failed(ticket: Ticket, failure: Failure) -> Self {
        Self { ticket, answer: Err(failure) }
    }

    /// Keeps the client, then says that the context is open.
    fn finish(self, client: &watch::Sender<Option<Client>>, messages: &UnboundedSender<Message>) {
        let answer = self.answer.map(|(opened_client, opened)| {
            client.send_replace(Some(opened_client));
            opened
        });
        server::tell(messages, Message::Opened { ticket: self.ticket, answer });
    }
}

/// What is shown of an address that was typed. The hosted API is protected from the start.
fn typed_context(url: &Url) -> ContextInfo {
    let host = url.host_str().unwrap_or_default().to_owned();
    let is_hosted = host == "baseten.co" || host.ends_with(".baseten.co");
    ContextInfo {
        name: host,
        address: url.as_str().trim_end_matches('/').to_owned(),
        inference_url: if is_hosted {
            crate::config::HOSTED_INFERENCE_URL.trim_end_matches('/').to_owned()
        } else {
            String::new()
        },
        kind: if is_hosted { ContextKind::Hosted } else { ContextKind::Remote },
        is_protected: is_hosted,
        is_read_only: false,
        can_probe: false,
        accent: None,
    }
}
