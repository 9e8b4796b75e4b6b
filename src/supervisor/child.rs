//! A gateway as a child process: started, waited for, asked to end.

use std::net::{SocketAddr, TcpListener};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::BufReader;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::log::{Log, read_line};
use super::ready_line::ReadyLine;
use super::{Contents, Launch, Running, attach};

/// How long a gateway may take until it says that it is ready. A large store takes a second at most.
const READY_LIMIT: Duration = Duration::from_secs(20);
/// How long a gateway may answer what is under way when it is to end.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How long its last words are waited for after its end.
const LAST_WORDS_LIMIT: Duration = Duration::from_millis(500);

/// Why no gateway was started.
pub(super) enum StartError {
    /// One runs already on the same data.
    Locked,
    /// Anything else, as a sentence.
    Failed(String),
}

/// A gateway that is ready and ours.
pub(super) struct Gateway {
    process: Process,
    running: Running,
}

struct Process {
    child: Child,
    /// Kept open: the gateway ends when it closes. Waiting for a child would close the one that the child holds.
    _tether: Option<ChildStdin>,
    words: JoinHandle<()>,
}

/// Starts a gateway and waits until it is ready. Ports that are busy are replaced by free ones.
/// A fresh one throws away what was stored.
pub(super) async fn start(launch: &Launch, is_fresh: bool, log: &Log) -> Result<Gateway, StartError> {
    let wanted = launch.listen;
    let listen = wanted.map(free);
    match start_at(launch, command(launch, is_fresh, listen), log).await {
        // Somebody may have taken a port between the look and the start, or may have looked at the lock in that moment.
        Err(StartError::Failed(_)) if says_busy(log) => {
            start_at(launch, command(launch, is_fresh, wanted.map(any_port)), log).await
        }
        other => other,
    }
}

fn free(address: SocketAddr) -> SocketAddr {
    if TcpListener::bind(address).is_ok() { address } else { any_port(address) }
}

fn any_port(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), 0)
}

fn says_busy(log: &Log) -> bool {
    log.lines().iter().rev().take(5).any(|line| line.to_ascii_lowercase().contains("in use"))
}

async fn start_at(launch: &Launch, mut command: Command, log: &Log) -> Result<Gateway, StartError> {
    let mut child = command
        .spawn()
        .map_err(|error| StartError::Failed(format!("cannot start {}: {error}", launch.program.display())))?;
    let words = tokio::spawn(listen_to(child.stderr.take(), log.clone()));
    let out = child.stdout.take();
    let mut process = Process { _tether: child.stdin.take(), child, words };
    let Ok(line) = timeout(READY_LIMIT, ready_line(out)).await else {
        process.kill().await;
        return Err(StartError::Failed(format!("the local gateway was not ready within {} s", READY_LIMIT.as_secs())));
    };
    let Some(line) = line else {
        let ended = process.wait().await;
        return if attach::is_locked(&launch.data) { Err(StartError::Locked) } else { Err(StartError::Failed(ended)) };
    };
    let Some(key) = key(launch) else {
        process.kill().await;
        return Err(StartError::Failed(format!("the local gateway's key cannot be read in {}", launch.data.display())));
    };
    let Some(running) = ReadyLine::read(&line, key, false) else {
        process.kill().await;
        return Err(StartError::Failed("the local gateway said something else than its addresses".to_owned()));
    };
    Ok(Gateway { process, running })
}

fn command(launch: &Launch, is_fresh: bool, listen: [SocketAddr; 2]) -> Command {
    let mut command = Command::new(&launch.program);
    let seed = match launch.contents {
        Contents::Demo => "demo",
        Contents::Workspace => "workspace",
    };
    command.args(["gateway", "run", "--exit-with-parent", "--seed", seed, "--data"]).arg(&launch.data);
    if is_fresh {
        command.arg("--fresh");
    }
    command.args(["--listen", &listen[0].to_string(), "--inference-listen", &listen[1].to_string()]);
    if let Some(interval) = launch.sync_interval {
        command.args(["--sync-interval", &format!("{}ms", interval.as_millis())]);
    }
    if let Some(key) = &launch.key {
        command.env("REPOINT_GATEWAY_KEY", key.expose_secret());
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A process group of its own: Ctrl-C at the terminal is ours to pass on, so that requests can be answered first.
    command.process_group(0).kill_on_drop(true);
    command
}

fn key(launch: &Launch) -> Option<SecretString> {
    launch.key.clone().or_else(|| attach::kept_key(&launch.data))
}

async fn listen_to(words: Option<tokio::process::ChildStderr>, log: Log) {
    let Some(words) = words else { return };
    let mut reader = BufReader::new(words);
    while let Some(line) = read_line(&mut reader).await {
        log.add(line);
    }
}

async fn ready_line(out: Option<ChildStdout>) -> Option<String> {
    let mut reader = BufReader::new(out?);
    read_line(&mut reader).await
}

impl Gateway {
    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    /// Waits for the gateway's end, and says how it ended.
    pub(super) async fn wait(&mut self) -> String {
        self.process.wait().await
    }

    /// Asks it to end, and returns when it is gone.
    pub(super) async fn stop(mut self) {
        let pid = self.process.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        let was_asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
        if !was_asked || timeout(STOP_LIMIT, self.process.child.wait()).await.is_err() {
            self.process.kill().await;
        }
    }
}

impl Process {
    async fn wait(&mut self) -> String {
        let status = self.child.wait().await;
        // What it wrote last is the cause; it is there at once, or held open by a child of its own.
        drop(timeout(LAST_WORDS_LIMIT, &mut self.words).await);
        match status {
            Ok(status) => format!("the local gateway ended {}", manner(status)),
            Err(error) => format!("the local gateway is lost: {error}"),
        }
    }

    async fn kill(&mut self) {
        // It fails only where the process is gone already.
        drop(self.child.kill().await);
    }
}

fn manner(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("with exit code {code}"),
        (None, Some(signal)) => format!("by signal {signal}"),
        (None, None) => "in an unknown way".to_owned(),
    }
}
