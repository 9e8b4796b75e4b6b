//! The real program, killed with SIGKILL in the middle of `repoint apply`, and another that goes on.

use std::process::Stdio;
use std::time::Duration;

use repoint::plan::document::Document;
use tokio::process::Command;

use super::server::{Fate, Server};
use super::{endpoint, new_target, world};

pub(super) fn program(server: &Server, home: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repoint"));
    command
        .args(["--url", server.url.as_str()])
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("USER", "tester")
        .env("REPOINT_API_KEY", "canary-management-key")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Kills the program at its write number `kill_at`, done or not, and lets another go on.
async fn kill_and_go_on(kill_at: usize, is_done: bool) {
    const COUNT: usize = 12;
    let server = Server::start(world(COUNT)).await;
    let home = tempfile::tempdir().unwrap();
    let wanted: Vec<_> =
        (0..COUNT).map(|number| repoint::api::Endpoint { targets: vec![new_target()], ..endpoint(number) }).collect();
    let file = home.path().join("wanted.yaml");
    std::fs::write(&file, Document::export(&wanted, None).to_yaml().unwrap()).unwrap();
    server.script(move |asked, _| match (asked.write == kill_at, is_done) {
        (false, _) => Fate::Handle,
        (true, true) => Fate::HangAfter,
        (true, false) => Fate::HangBefore,
    });
    let mut first = program(&server, home.path(), &["apply", "-f", file.to_str().unwrap(), "--yes"]).spawn().unwrap();
    let hangs = tokio::time::timeout(Duration::from_mins(1), server.hangs()).await;
    if hangs.is_err() {
        let output = first.wait_with_output().await.unwrap();
        panic!("it never came to write {kill_at}: {output:?}");
    }
    first.kill().await.unwrap();

    server.script(|_, _| Fate::Handle);
    let output = program(&server, home.path(), &["apply", "--resume", "--yes"]).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "killed at {kill_at}, done {is_done}: {said}");
    assert!(server.endpoints().iter().all(|endpoint| endpoint.targets == [new_target()]), "{said}");
    assert_eq!(server.writes().len(), COUNT, "killed at {kill_at}, done {is_done}: each was written once");
    let again = program(&server, home.path(), &["apply", "--resume", "--yes"]).output().await.unwrap();
    assert!(!again.status.success(), "nothing is left to go on with");
}

#[tokio::test]
async fn a_killed_apply_is_taken_up_by_the_next_program() {
    for (kill_at, is_done) in [(1, false), (1, true), (7, false), (12, true)] {
        kill_and_go_on(kill_at, is_done).await;
    }
}
