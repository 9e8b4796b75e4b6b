//! The local gateway's process: found or started, watched, stopped, started again.
//!
//! A gateway that already runs on the same data is attached to and left alone. One that was started here
//! ends with this program: its standard input is a pipe that closes with us, also after `kill -9`. Stopping
//! it asks first, so that requests under way are answered. Its last log lines are kept, so that a crash can
//! be shown with its cause. It must not know what the gateway does: both meet over the command line, one
//! line of JSON and HTTP. How a process is started is in `child`, how a running one is found in `attach`.

mod attach;
mod child;
mod log;
mod ready_line;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use url::Url;

pub use log::{LOG_LINES_MAX, Log};

/// Commands that wait to be done. More would only repeat what was said.
const COMMANDS_MAX: usize = 8;

/// The usual addresses: management and inference.
pub const LISTEN: [SocketAddr; 2] =
    [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787), SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8788)];

/// What an empty store is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Contents {
    /// Models, secrets, endpoints and groups.
    #[default]
    Demo,
    /// Models and secrets alone.
    Workspace,
}

/// What is started, and on which data.
#[derive(Debug, Clone)]
pub struct Launch {
    /// This program.
    pub program: PathBuf,
    /// Where the gateway's rows are.
    pub data: PathBuf,
    /// The addresses to try first, such as [`LISTEN`]. A busy one is replaced by a free one.
    pub listen: [SocketAddr; 2],
    /// How often it syncs; the gateway's own default where absent.
    pub sync_interval: Option<Duration>,
    /// The management key, where the environment gives one. Else the gateway keeps its own beside its rows.
    pub key: Option<SecretString>,
    /// What an empty store is filled with.
    pub contents: Contents,
}

/// A gateway that can be called.
#[derive(Debug, Clone)]
pub struct Running {
    /// The management address.
    pub management_url: Url,
    /// The inference address.
    pub inference_url: Url,
    /// Its process.
    pub pid: u32,
    /// Its management key.
    pub key: SecretString,
    /// True where another program started it, so that it is not ours to stop.
    pub is_attached: bool,
}

/// Why a gateway does not run, with its last words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crash {
    /// What happened, in one sentence.
    pub message: String,
    /// Its last log lines, oldest first.
    pub log: Vec<String>,
}

impl fmt::Display for Crash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Crash {}

/// How far the gateway is.
#[derive(Debug, Clone)]
pub enum State {
    /// It was started and is not ready yet.
    Starting,
    /// It can be called.
    Running(Running),
    /// It was asked to end and answers what is under way.
    Stopping,
    /// It ended as it was asked to.
    Stopped,
    /// It could not be started, or ended by itself.
    Failed(Crash),
}

enum Command {
    Restart,
    Reset(Contents),
    Stop,
    End,
}

/// The one who watches a gateway. Dropping it ends a gateway that it started, without waiting for requests.
#[derive(Debug)]
pub struct Supervisor {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
    log: Log,
    task: JoinHandle<()>,
}

impl fmt::Debug for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Restart => "Restart",
            Self::Reset(_) => "Reset",
            Self::Stop => "Stop",
            Self::End => "End",
        })
    }
}

/// A gateway that runs on these rows already, whoever started it. Nothing is started.
pub async fn find(launch: &Launch) -> Option<Running> {
    attach::find(launch).await
}

impl Supervisor {
    /// Finds or starts the gateway. Must be called within a tokio runtime; it returns at once.
    #[must_use]
    pub fn start(launch: Launch) -> Self {
        let (commands, orders) = mpsc::channel(COMMANDS_MAX);
        let (states, state) = watch::channel(State::Starting);
        let log = Log::default();
        let task = tokio::spawn(watch_over(launch, orders, states, log.clone()));
        Self { commands, state, log, task }
    }

    /// How far the gateway is now.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Tells of every further state; `changed().await`, then `borrow_and_update()`.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Waits until the gateway can be called.
    ///
    /// # Errors
    /// It could not be started, or was stopped meanwhile.
    pub async fn running(&self) -> Result<Running, Crash> {
        let mut state = self.state.clone();
        loop {
            match &*state.borrow_and_update() {
                State::Running(running) => return Ok(running.clone()),
                State::Failed(crash) => return Err(crash.clone()),
                State::Stopped => return Err(self.crash("the local gateway was stopped")),
                State::Starting | State::Stopping => {}
            }
            if state.changed().await.is_err() {
                return Err(self.crash("the local gateway is no longer watched"));
            }
        }
    }

    fn crash(&self, message: &str) -> Crash {
        Crash { message: message.to_owned(), log: self.log.lines() }
    }

    /// The gateway's last log lines, and how to hear of further ones.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Stops the gateway, if it is ours, and starts one.
    pub fn restart(&self) {
        self.order(Command::Restart);
    }

    /// Stops the gateway, if it is ours, throws away what it keeps, and starts one. One that was started elsewhere is
    /// left as it is.
    pub fn reset(&self, contents: Contents) {
        self.order(Command::Reset(contents));
    }

    /// Stops the gateway, if it is ours. Requests under way are answered first, within a time limit.
    pub fn stop(&self) {
        self.order(Command::Stop);
    }

    fn order(&self, command: Command) {
        // A full queue already holds more orders than anybody gives in the time that one takes.
        drop(self.commands.try_send(command));
    }

    /// Stops the gateway, if it is ours, and returns when it is gone.
    pub async fn shut_down(self) {
        // A closed channel means that the task has ended, which is what is waited for.
        drop(self.commands.send(Command::End).await);
        drop(self.task.await);
    }
}

/// What made a gateway's turn end.
enum Turn {
    Again,
    /// Again, on an empty store.
    Fresh(Contents),
    Rest,
    End,
}

impl Turn {
    /// What an order makes of it; nobody gives any more where there is none.
    fn after(order: Option<&Command>) -> Self {
        match order {
            Some(Command::Restart) => Self::Again,
            Some(Command::Reset(contents)) => Self::Fresh(*contents),
            Some(Command::Stop) => Self::Rest,
            Some(Command::End) | None => Self::End,
        }
    }
}

async fn watch_over(mut launch: Launch, mut orders: mpsc::Receiver<Command>, states: watch::Sender<State>, log: Log) {
    let mut is_fresh = false;
    loop {
        states.send_replace(State::Starting);
        let mut turn = match attach::find(&launch).await {
            Some(running) => stay_attached(running, &mut orders, &states).await,
            None => run_one(&mut launch, is_fresh, &mut orders, &states, &log).await,
        };
        while matches!(turn, Turn::Rest) {
            turn = Turn::after(orders.recv().await.as_ref());
        }
        is_fresh = false;
        match turn {
            Turn::Fresh(contents) => (launch.contents, is_fresh) = (contents, true),
            Turn::Again | Turn::Rest => {}
            Turn::End => return,
        }
    }
}

async fn stay_attached(running: Running, orders: &mut mpsc::Receiver<Command>, states: &watch::Sender<State>) -> Turn {
    states.send_replace(State::Running(running));
    loop {
        // The one that is there is looked for again: it may have ended, and then one is started.
        match Turn::after(orders.recv().await.as_ref()) {
            // What somebody else runs is not ours to empty.
            Turn::Fresh(_) => {}
            Turn::Rest => {
                states.send_replace(State::Stopped);
                return Turn::Rest;
            }
            turn @ (Turn::Again | Turn::End) => return turn,
        }
    }
}

async fn run_one(
    launch: &mut Launch,
    is_fresh: bool,
    orders: &mut mpsc::Receiver<Command>,
    states: &watch::Sender<State>,
    log: &Log,
) -> Turn {
    let fail = |message: String| {
        states.send_replace(State::Failed(Crash { message, log: log.lines() }));
        Turn::Rest
    };
    let mut child = match child::start(launch, is_fresh, log).await {
        Ok(child) => child,
        Err(child::StartError::Locked) => {
            // Another program was faster by a moment: its gateway is the one to use.
            return match attach::find(launch).await {
                Some(running) => stay_attached(running, orders, states).await,
                None => fail("another program uses the local gateway's data".to_owned()),
            };
        }
        Err(child::StartError::Failed(message)) => return fail(message),
    };
    let running = child.running().clone();
    // The next one is to be found where this one was, by whoever still calls it.
    for (address, url) in launch.listen.iter_mut().zip([&running.management_url, &running.inference_url]) {
        address.set_port(url.port_or_known_default().unwrap_or(address.port()));
    }
    states.send_replace(State::Running(running));
    let order = tokio::select! {
        ended = child.wait() => return fail(ended),
        order = orders.recv() => order,
    };
    states.send_replace(State::Stopping);
    child.stop().await;
    let turn = Turn::after(order.as_ref());
    if matches!(turn, Turn::Rest) {
        states.send_replace(State::Stopped);
    }
    turn
}
