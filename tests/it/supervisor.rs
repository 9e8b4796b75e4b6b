//! The supervisor with real gateways, and with programs that only pretend to be one.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use repoint::client::{Client, ErrorKind, Options};
use repoint::supervisor::{Contents, Launch, Running, State, Supervisor};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Long, since machines that run tests are slow and shared; only a failure waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

fn launch(program: impl Into<PathBuf>, data: &Path) -> Launch {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    Launch {
        contents: Contents::default(),
        program: program.into(),
        data: data.join("gateway"),
        listen: [any, any],
        sync_interval: Some(Duration::from_secs(5)),
        key: None,
    }
}

fn real(data: &Path) -> Launch {
    launch(env!("CARGO_BIN_EXE_repoint"), data)
}

/// A program that says these lines of shell instead of being a gateway.
fn pretender(data: &Path, script: &str) -> Launch {
    let program = data.join("pretender");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    launch(program, data)
}

fn client(running: &Running) -> Client {
    let mut options = Options::new(running.management_url.clone(), running.key.clone());
    options.retry_pause = Duration::from_millis(1);
    Client::new(options).unwrap()
}

async fn reaches(supervisor: &Supervisor, wanted: impl Fn(&State) -> bool) -> State {
    let mut states = supervisor.subscribe();
    let state = timeout(PATIENCE, states.wait_for(|state| wanted(state))).await.expect("the state comes in time");
    state.expect("the gateway is watched").clone()
}

#[tokio::test]
async fn a_gateway_is_started_called_and_gone_after() {
    let data = TempDir::new().unwrap();
    let supervisor = Supervisor::start(real(data.path()));
    let running = supervisor.running().await.unwrap();
    assert!(!running.is_attached);
    let page = client(&running).endpoints_page(None, 100).await.unwrap();
    assert!(!page.body.items.is_empty(), "the demo's rows are there");
    assert!(page.revision.is_some());
    supervisor.shut_down().await;
    let error = client(&running).me().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable { refused: true });
}

#[tokio::test]
async fn a_second_one_attaches_and_leaves_the_first_alone() {
    let data = TempDir::new().unwrap();
    let first = Supervisor::start(real(data.path()));
    let started = first.running().await.unwrap();
    let second = Supervisor::start(real(data.path()));
    let attached = second.running().await.unwrap();
    assert!(attached.is_attached);
    assert_eq!((attached.pid, &attached.management_url), (started.pid, &started.management_url));
    second.shut_down().await;
    assert!(client(&attached).me().await.is_ok(), "it still runs");
    first.shut_down().await;
}

#[tokio::test]
async fn two_that_start_at_once_share_one_gateway() {
    let data = TempDir::new().unwrap();
    let (one, other) = (Supervisor::start(real(data.path())), Supervisor::start(real(data.path())));
    let (first, second) = (one.running().await.unwrap(), other.running().await.unwrap());
    assert_eq!(first.pid, second.pid);
    assert_ne!(first.is_attached, second.is_attached);
    // The one that is attached goes first: the other's end would take the gateway from it.
    let (owner, guest) = if first.is_attached { (other, one) } else { (one, other) };
    guest.shut_down().await;
    owner.shut_down().await;
}

#[tokio::test]
async fn busy_ports_are_replaced_by_free_ones() {
    let data = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut launch = real(data.path());
    launch.listen[0] = taken.local_addr().unwrap();
    let supervisor = Supervisor::start(launch);
    let running = supervisor.running().await.unwrap();
    assert_ne!(running.management_url.port(), Some(taken.local_addr().unwrap().port()));
    supervisor.shut_down().await;
}

#[tokio::test]
async fn it_is_stopped_and_started_again_at_the_same_address() {
    let data = TempDir::new().unwrap();
    let supervisor = Supervisor::start(real(data.path()));
    let before = supervisor.running().await.unwrap();
    supervisor.stop();
    reaches(&supervisor, |state| matches!(state, State::Stopped)).await;
    assert!(client(&before).me().await.is_err());
    supervisor.restart();
    reaches(&supervisor, |state| matches!(state, State::Running(_))).await;
    let after = supervisor.running().await.unwrap();
    assert_eq!(after.management_url, before.management_url);
    assert_ne!(after.pid, before.pid);
    assert!(client(&before).me().await.is_ok(), "the key and the rows are kept");
    supervisor.shut_down().await;
}

#[tokio::test]
async fn one_that_dies_is_shown_with_its_last_words() {
    let data = TempDir::new().unwrap();
    let supervisor = Supervisor::start(pretender(data.path(), "echo one >&2; echo 'the disk is full' >&2; exit 7"));
    let crash = supervisor.running().await.unwrap_err();
    assert_eq!(crash.message, "the local gateway ended with exit code 7");
    assert_eq!(crash.log, ["one", "the disk is full"]);
    supervisor.shut_down().await;
}

#[tokio::test]
async fn one_that_says_something_else_is_ended() {
    let data = TempDir::new().unwrap();
    let script = "echo hello; exec cat";
    let mut launch = pretender(data.path(), script);
    launch.key = Some("a-key-that-is-long-enough".into());
    let supervisor = Supervisor::start(launch);
    let crash = supervisor.running().await.unwrap_err();
    assert_eq!(crash.message, "the local gateway said something else than its addresses");
    supervisor.shut_down().await;
}

#[tokio::test]
async fn a_program_that_is_not_there_says_so() {
    let data = TempDir::new().unwrap();
    let supervisor = Supervisor::start(launch("/nowhere/repoint", data.path()));
    let crash = supervisor.running().await.unwrap_err();
    assert!(crash.message.starts_with("cannot start /nowhere/repoint"), "{}", crash.message);
    supervisor.shut_down().await;
}

/// How many endpoints a gateway has.
async fn endpoints(running: &Running) -> usize {
    client(running).endpoints_page(None, 100).await.unwrap().body.items.len()
}

#[tokio::test]
async fn a_reset_throws_away_what_is_kept_and_keeps_address_and_key() {
    let data = TempDir::new().unwrap();
    let supervisor = Supervisor::start(real(data.path()));
    let before = supervisor.running().await.unwrap();
    assert_eq!(endpoints(&before).await, 14);
    supervisor.reset(Contents::Workspace);
    let is_other = |state: &State| matches!(state, State::Running(running) if running.pid != before.pid);
    let State::Running(after) = reaches(&supervisor, is_other).await else { unreachable!() };
    assert_eq!(endpoints(&after).await, 0);
    assert_eq!(client(&before).me().await.unwrap().body, client(&after).me().await.unwrap().body);
    // The next start keeps what is there.
    supervisor.restart();
    let is_third =
        |state: &State| matches!(state, State::Running(running) if ![before.pid, after.pid].contains(&running.pid));
    let State::Running(third) = reaches(&supervisor, is_third).await else { unreachable!() };
    assert_eq!(endpoints(&third).await, 0);
    supervisor.reset(Contents::Demo);
    let is_fourth = |state: &State| matches!(state, State::Running(running) if ![before.pid, after.pid, third.pid].contains(&running.pid));
    let State::Running(fourth) = reaches(&supervisor, is_fourth).await else { unreachable!() };
    assert_eq!(endpoints(&fourth).await, 14);
    supervisor.shut_down().await;
}

#[tokio::test]
async fn what_somebody_else_runs_is_not_reset() {
    let data = TempDir::new().unwrap();
    let first = Supervisor::start(real(data.path()));
    let started = first.running().await.unwrap();
    let second = Supervisor::start(real(data.path()));
    assert!(second.running().await.unwrap().is_attached);
    second.reset(Contents::Workspace);
    // Orders are taken one after the other: once it has stopped, the reset was looked at.
    second.stop();
    reaches(&second, |state| matches!(state, State::Stopped)).await;
    assert_eq!(endpoints(&started).await, 14);
    second.shut_down().await;
    first.shut_down().await;
}
