//! The gateway's last log lines.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::sync::watch;

/// How many lines are kept; the oldest go first.
pub const LOG_LINES_MAX: usize = 500;
/// A longer line is cut.
const LINE_BYTES_MAX: usize = 2000;

/// The last [`LOG_LINES_MAX`] lines. Clones share them.
#[derive(Debug, Clone)]
pub struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
    added: watch::Sender<u64>,
}

impl Default for Log {
    fn default() -> Self {
        Self { lines: Arc::default(), added: watch::Sender::new(0) }
    }
}

impl Log {
    /// All lines that are kept, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    /// Counts the lines that were ever added, and tells when there are more.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.added.subscribe()
    }

    pub(super) fn add(&self, line: String) {
        let mut lines = self.lock();
        if lines.len() >= LOG_LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
        drop(lines);
        self.added.send_modify(|added| *added += 1);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        // A panic elsewhere cannot leave the queue half changed, so a poisoned lock is still good.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a line of any length and keeps its beginning. `None` at the end.
pub(super) async fn read_line(reader: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = Vec::new();
    let mut has_begun = false;
    loop {
        let piece = reader.fill_buf().await.ok()?;
        if piece.is_empty() {
            return has_begun.then(|| text(&line));
        }
        has_begun = true;
        let end = piece.iter().position(|byte| *byte == b'\n');
        let (taken, used) = end.map_or((piece.len(), piece.len()), |end| (end, end + 1));
        let room = LINE_BYTES_MAX.saturating_sub(line.len()).min(taken);
        line.extend_from_slice(piece.get(..room).unwrap_or_default());
        reader.consume(used);
        if end.is_some() {
            return Some(text(&line));
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_without_end_does_not_grow() {
        let long = vec![b'x'; 10 * LINE_BYTES_MAX];
        let mut reader = &[long.as_slice(), b"\nnext\r\nlast"].concat()[..];
        assert_eq!(read_line(&mut reader).await.unwrap().len(), LINE_BYTES_MAX);
        assert_eq!(read_line(&mut reader).await.unwrap(), "next");
        assert_eq!(read_line(&mut reader).await.unwrap(), "last");
        assert_eq!(read_line(&mut reader).await, None);
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let log = Log::default();
        for number in 0..LOG_LINES_MAX + 2 {
            log.add(number.to_string());
        }
        assert_eq!(log.lines().len(), LOG_LINES_MAX);
        assert_eq!(log.lines()[0], "2");
        assert_eq!(*log.subscribe().borrow(), LOG_LINES_MAX as u64 + 2);
    }
}
