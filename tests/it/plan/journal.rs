//! The journal's files: bounded, torn, and shared by several programs.

use std::fs;
use std::io::Write;
use std::time::Duration;

use repoint::plan::history::{Author, JournalLine, Standing};
use repoint::plan::journal::{Bounds, JournalError};
use repoint::plan::{Journal, Outcome};

use super::repoint_all;

fn author() -> Author {
    Author { who: "ada@desk".to_owned(), context: "test".to_owned(), server: "http://127.0.0.1:1".to_owned() }
}

fn run_one(journal: &Journal) {
    let running = journal.begin(&repoint_all(1), &author(), None).unwrap();
    let outcome = JournalLine::Outcome {
        plan: running.id().clone(),
        index: 0,
        at: repoint::api::Time::EPOCH,
        result: Outcome::AlreadySo,
    };
    running.add(&outcome).unwrap();
    running.finish(false).unwrap();
}

#[test]
fn several_programs_write_at_once_and_every_entry_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let journal = Journal::open(folder.path(), Bounds::default()).unwrap();
                for _ in 0..25 {
                    run_one(&journal);
                }
            });
        }
    });
    let history = Journal::open(folder.path(), Bounds::default()).unwrap().read().unwrap();
    assert_eq!((history.entries.len(), history.unreadable), (100, 0));
    assert!(history.entries.iter().all(|entry| entry.standing() == Standing::Done));
}

#[test]
fn rotation_keeps_the_newest_and_bounds_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = Bounds { file_bytes_max: 4096, files_max: 3, ..Bounds::default() };
    let journal = Journal::open(folder.path(), bounds).unwrap();
    let mut last = None;
    for _ in 0..60 {
        run_one(&journal);
        last = journal.read().unwrap().entries.pop();
    }
    let entries = journal.read().unwrap().entries;
    assert_eq!(entries.last(), last.as_ref());
    assert!(entries.len() < 40, "{} are kept", entries.len());
    let files = fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "jsonl"));
    assert_eq!(files.count(), 3);
    let old = Bounds { age_max: Duration::ZERO, ..bounds };
    run_one(&Journal::open(folder.path(), old).unwrap());
    assert!(!folder.path().join("history.2.jsonl").exists(), "what is too old goes");
}

#[test]
fn a_torn_line_is_counted_and_swallows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), Bounds::default()).unwrap();
    run_one(&journal);
    let mut file = fs::OpenOptions::new().append(true).open(folder.path().join("history.jsonl")).unwrap();
    file.write_all(b"{\"line\":\"plan\",\"pl").unwrap();
    run_one(&journal);
    let history = journal.read().unwrap();
    assert_eq!((history.entries.len(), history.unreadable), (2, 1));
}

#[test]
fn a_plan_that_runs_is_not_taken_for_one_that_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), Bounds::default()).unwrap();
    let running = journal.begin(&repoint_all(2), &author(), None).unwrap();
    let other = Journal::open(folder.path(), Bounds::default()).unwrap();
    assert_eq!(other.interrupted().unwrap(), []);
    assert!(matches!(other.take_up(running.id()), Err(JournalError::Running(_))));
    let id = running.id().clone();
    drop(running);
    assert_eq!(other.interrupted().unwrap().len(), 1);
    let (_taken, entry) = other.take_up(&id).unwrap();
    assert_eq!(entry.items.len(), 2);
}

#[test]
fn a_plan_that_was_not_noted_whole_cannot_be_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), Bounds::default()).unwrap();
    drop(journal.begin(&repoint_all(3), &author(), None).unwrap());
    let path = folder.path().join("history.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&path, lines[..2].join("\n")).unwrap();
    assert_eq!(journal.interrupted().unwrap(), []);
    assert_eq!(journal.read().unwrap().entries[0].standing(), Standing::NotDone);
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path().join("data/journal"), Bounds::default()).unwrap();
    run_one(&journal);
    let mode = fs::metadata(journal.folder().join("history.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
