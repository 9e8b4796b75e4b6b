//! What is left behind where the program itself is wrong: a report in a file, and a sentence where it is.
//!
//! A panic of the loop ends the program by itself. One of a task would pass unseen, so it is noted here and the loop
//! ends as soon as it looks. The report holds what helps to find the mistake and nothing of what the person works on:
//! words that could be keys are struck out of the message.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};

use tokio::sync::Notify;

use super::terminal;
use crate::clock;

static HOOK: Once = Once::new();
/// What the last panic left to say.
static SAID: Mutex<Option<String>> = Mutex::new(None);
static HAPPENED: Notify = Notify::const_new();
/// So many letters and digits in a row, among them both, could be a key.
const KEY_LENGTH_MIN: usize = 16;

/// Writes a report of every panic into the folder from now on. Called on the thread of the loop.
pub(super) fn watch(folder: PathBuf) {
    let own = thread::current().id();
    HOOK.call_once(move || {
        std::panic::set_hook(Box::new(move |info| happened(&folder, own, info)));
    });
}

fn happened(folder: &Path, own: ThreadId, info: &PanicHookInfo<'_>) {
    let said = match write(folder, &report(info)) {
        Ok(path) => format!(
            "repoint has crashed, which is a mistake in it; what was written before is safe\n\
             hint: the report is in {}; it holds no keys",
            path.display()
        ),
        Err(error) => format!("repoint has crashed, which is a mistake in it: {}\n{error}", message(info)),
    };
    *SAID.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
    if thread::current().id() == own {
        terminal::restore();
        speak();
    } else {
        HAPPENED.notify_one();
    }
}

/// Crashes on F12 where `REPOINT_CRASH` says so, in builds for tests alone.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "this is what it is for")]
pub(super) fn where_wished(key: &crossterm::event::KeyEvent) {
    if key.code != crossterm::event::KeyCode::F(12) {
        return;
    }
    match crate::config::variable("REPOINT_CRASH").as_deref() {
        Some("loop") => panic!("wished for, beside the key sky_sCqhBwEy4kPd0123456789"),
        Some("task") => drop(tokio::spawn(async { panic!("wished for, in a task") })),
        Some(_) | None => {}
    }
}

/// Waits for the panic of a task.
pub(super) async fn of_a_task() {
    HAPPENED.notified().await;
}

/// Says once where the report is. The terminal must be the shell's again.
pub(super) fn speak() {
    if let Some(said) = SAID.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // Nobody may be listening to standard error: then there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{said}");
    }
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    without_keys(&text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default())
}

fn report(info: &PanicHookInfo<'_>) -> String {
    let mut report = String::new();
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    // Nothing can go wrong in writing to a text.
    let _ = writeln!(report, "repoint {} crashed at {}", env!("CARGO_PKG_VERSION"), clock::now());
    let _ = writeln!(report, "on {} {}", std::env::consts::OS, std::env::consts::ARCH);
    let _ = writeln!(report, "in the thread {}", thread::current().name().unwrap_or("without a name"));
    let _ = writeln!(report, "at {place}: {}\n", message(info));
    let _ = writeln!(report, "{}", Backtrace::force_capture());
    report
}

fn write(folder: &Path, report: &str) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("crash-{}.txt", clock::now().timestamp().strftime("%Y%m%d-%H%M%S")));
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?.write_all(report.as_bytes())?;
    Ok(path)
}

/// The text without what could be a key: long runs of letters and digits that have both.
fn without_keys(text: &str) -> String {
    let is_of_key = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '=' | '+');
    let mut kept = String::new();
    let mut run = String::new();
    for letter in text.chars().chain(['\n']) {
        if is_of_key(letter) {
            run.push(letter);
            continue;
        }
        let has = |wanted: fn(&char) -> bool| run.chars().any(|letter| wanted(&letter));
        let is_key = run.len() >= KEY_LENGTH_MIN && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
        kept.push_str(if is_key { "[struck out]" } else { &run });
        run.clear();
        kept.push(letter);
    }
    kept.pop();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_key_is_struck_out_and_the_rest_stays() {
        assert_eq!(without_keys("index 12 of 3 at my-org/glm-5.2"), "index 12 of 3 at my-org/glm-5.2");
        assert_eq!(
            without_keys("header \"Api-Key sky_sCqhBwEy4kPd0123456789\" refused"),
            "header \"Api-Key [struck out]\" refused"
        );
        assert_eq!(without_keys("Bearer=eyJhbGciOi.J9.abc123def456"), "[struck out]");
        assert_eq!(
            without_keys("called `Option::unwrap()` on a `None` value"),
            "called `Option::unwrap()` on a `None` value"
        );
    }
}
