//! Puts a text on the clipboard: through the system's own programs, where there are some, else through the terminal.
//!
//! Over SSH the programs would reach the clipboard of the other machine, and under tmux the terminal's sequence may be
//! kept back, so which way is taken is decided at the start, by `cli`. A program that hangs is given up.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedSender;

use super::server::tell;
use crate::tui::message::Message;

/// A clipboard that takes longer is given up.
const LIMIT: Duration = Duration::from_secs(1);

/// Which ways lead to the clipboard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clipboard {
    /// Programs that take the text on their standard input, with their arguments; the first that works is enough.
    pub programs: Vec<Vec<String>>,
    /// True where the terminal is asked in any case, not only where no program works.
    pub asks_terminal: bool,
}

impl Clipboard {
    /// True where the terminal is asked, whatever the programs do.
    #[must_use]
    pub fn uses_terminal(&self) -> bool {
        self.asks_terminal || self.programs.is_empty()
    }
}

/// Tries the programs, and tells where none of them works and the terminal was not asked.
pub(super) async fn copy(clipboard: Clipboard, text: String, messages: UnboundedSender<Message>) {
    for program in &clipboard.programs {
        match tokio::time::timeout(LIMIT, put(program, &text)).await {
            Ok(Ok(())) => return tell(&messages, Message::Copied(Ok(()))),
            Ok(Err(error)) => tracing::debug!(program = program.first(), %error, "no clipboard"),
            Err(_) => tracing::debug!(program = program.first(), "the clipboard does not answer"),
        }
    }
    if !clipboard.uses_terminal() {
        tell(&messages, Message::NoClipboard(text));
    }
}

async fn put(program: &[String], text: &str) -> io::Result<()> {
    let (name, arguments) = program.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).await?;
        input.shutdown().await?;
    }
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("it ended with {status}"))) }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    fn clipboard(programs: &[&[&str]]) -> Clipboard {
        let owned = |program: &&[&str]| program.iter().map(|word| (*word).to_owned()).collect();
        Clipboard { programs: programs.iter().map(owned).collect(), asks_terminal: false }
    }

    #[tokio::test]
    async fn the_first_program_that_works_is_enough_and_one_that_hangs_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copied");
        let write = format!("cat > '{}'", file.display());
        let (sender, mut receiver) = unbounded_channel();
        let programs = clipboard(&[&["/nowhere/wl-copy"], &["false"], &["sleep", "100"], &["sh", "-c", &write]]);
        copy(programs, "my-org/glm-5.2".to_owned(), sender).await;
        assert!(matches!(receiver.recv().await, Some(Message::Copied(Ok(())))));
        assert_eq!(std::fs::read_to_string(file).unwrap(), "my-org/glm-5.2");
    }

    #[tokio::test]
    async fn where_none_works_the_terminal_is_asked() {
        let (sender, mut receiver) = unbounded_channel();
        copy(clipboard(&[&["false"]]), "a".to_owned(), sender).await;
        assert!(matches!(receiver.recv().await, Some(Message::NoClipboard(text)) if text == "a"));
    }
}
