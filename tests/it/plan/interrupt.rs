//! The real program, interrupted by Ctrl-C while it writes, follows and waits.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use repoint::plan::document::Document;
use repoint::plan::run::PARALLEL;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr};
use tokio::sync::Semaphore;

use super::kill::program;
use super::server::{Fate, Server};
use super::{endpoint, new_target, world};
use crate::support::pty::kill;

const COUNT: usize = 24;

/// A file that wants all endpoints re-pointed.
fn wanted(home: &Path) -> String {
    let wanted: Vec<_> =
        (0..COUNT).map(|number| repoint::api::Endpoint { targets: vec![new_target()], ..endpoint(number) }).collect();
    let file = home.join("wanted.yaml");
    std::fs::write(&file, Document::export(&wanted, None).to_yaml().unwrap()).unwrap();
    file.to_str().unwrap().to_owned()
}

fn interrupt(child: &Child) {
    kill("-INT", child.id().expect("it runs"));
}

fn said(child: &mut Child) -> Lines<BufReader<ChildStderr>> {
    BufReader::new(child.stderr.take().unwrap()).lines()
}

async fn until(lines: &mut Lines<BufReader<ChildStderr>>, text: &str) {
    let mut all = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains(text) {
            return;
        }
        all.extend([&line, "\n"]);
    }
    panic!("{text:?} was not said:\n{all}");
}

async fn rest(mut lines: Lines<BufReader<ChildStderr>>) -> String {
    let mut all = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        all.extend([&line, "\n"]);
    }
    all
}

fn ended(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn ctrl_c_finishes_what_is_under_way_and_resume_does_the_rest() {
    let server = Server::start(world(COUNT)).await;
    let home = tempfile::tempdir().unwrap();
    let file = wanted(home.path());
    let released = Arc::new(Semaphore::new(0));
    let slow = Arc::clone(&released);
    server.script(move |asked, _| match asked.write {
        5.. => Fate::HandleSlowly(Arc::clone(&slow)),
        _ => Fate::Handle,
    });
    let mut child = program(&server, home.path(), &["apply", "-f", &file, "--yes"]).spawn().unwrap();
    let mut lines = said(&mut child);
    server.hangs().await;
    interrupt(&child);
    until(&mut lines, "stopping: what is under way is finished first").await;
    released.add_permits(COUNT);
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    let done = server.writes().len();
    assert!((5..=4 + PARALLEL).contains(&done), "{done} were done: none begins after Ctrl-C");
    let told = rest(lines).await;
    assert!(told.contains("stopped before its end") && told.contains("hint: repoint apply --resume "), "{told}");
    let id = told.split("--resume ").nth(1).unwrap().split(' ').next().unwrap();

    server.script(|_, _| Fate::Handle);
    let output = program(&server, home.path(), &["apply", "--resume", id, "--yes"]).output().await.unwrap();
    ended(&output, 0);
    assert!(server.endpoints().iter().all(|endpoint| endpoint.targets == [new_target()]));
    assert_eq!(server.writes().len(), COUNT, "each was written once");
    let output = program(&server, home.path(), &["apply", "--resume", id, "--yes"]).output().await.unwrap();
    ended(&output, 1);
}

#[tokio::test]
async fn a_second_ctrl_c_stops_at_once_and_nothing_is_written_twice() {
    let server = Server::start(world(COUNT)).await;
    let home = tempfile::tempdir().unwrap();
    let file = wanted(home.path());
    server.script(|asked, _| if asked.write == 5 { Fate::HangAfter } else { Fate::Handle });
    let mut child = program(&server, home.path(), &["apply", "-f", &file, "--yes"]).spawn().unwrap();
    let mut lines = said(&mut child);
    server.hangs().await;
    interrupt(&child);
    until(&mut lines, "stopping").await;
    interrupt(&child);
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    let told = rest(lines).await;
    assert!(told.contains("stopped at once") && told.contains("hint: repoint apply --resume"), "{told}");

    server.script(|_, _| Fate::Handle);
    let output = program(&server, home.path(), &["history"]).output().await.unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("repoint apply --resume goes on with it"));
    ended(&program(&server, home.path(), &["apply", "--resume", "--yes"]).output().await.unwrap(), 0);
    assert!(server.endpoints().iter().all(|endpoint| endpoint.targets == [new_target()]));
    assert_eq!(server.writes().len(), COUNT, "each was written once");
}

#[tokio::test]
async fn waiting_is_given_up_with_ctrl_c_and_what_was_written_stays() {
    let server = Server::start(world(1)).await;
    let home = tempfile::tempdir().unwrap();
    server.script(|asked, _| if asked.path == "/repoint/v1/sync" { Fate::HangBefore } else { Fate::Handle });
    for arguments in
        [&["wait", "model-00000"][..], &["endpoints", "repoint", "model-00000", "--model-id", "new", "--follow"]]
    {
        let mut child = program(&server, home.path(), arguments).spawn().unwrap();
        let mut lines = said(&mut child);
        server.hangs().await;
        interrupt(&child);
        until(&mut lines, "not waiting any longer; what was written stays written").await;
        // What hangs is an answer that nobody waits for any longer.
        server.script(|_, _| Fate::Handle);
        assert_eq!(child.wait().await.unwrap().code(), Some(130), "{arguments:?}");
        server.script(|asked, _| if asked.path == "/repoint/v1/sync" { Fate::HangBefore } else { Fate::Handle });
    }
    assert_eq!(server.writes().len(), 1);
}
