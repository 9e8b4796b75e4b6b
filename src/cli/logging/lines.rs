//! Standard error as the end of the log, written by a thread of its own.
//!
//! Whoever has something to say pays for a copy, not for a system call, and what came meanwhile goes out in one
//! write. A reader that has stopped reading stops nothing but the log: what it does not take has a bound, and what
//! is beyond is counted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// The most bytes that wait for a reader.
const WAITING_BYTES_MAX: usize = 1 << 20;
/// How much goes out in one write. A buffer is never larger, so that what one burst needs is given back after it.
const PIECE_BYTES: usize = 32 << 10;
/// How long the end waits for a reader.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// Lines on their way out.
pub(super) struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Full pieces in front, the last one being filled.
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    lost: u64,
    is_writing: bool,
}

/// The lines of this process.
static LINES: Lines = Lines::new();

/// Starts the thread that writes.
///
/// # Errors
/// The system has no thread left.
pub(super) fn start() -> io::Result<&'static Lines> {
    std::thread::Builder::new().name("log".to_owned()).spawn(|| LINES.write_all_of_them())?;
    Ok(&LINES)
}

/// Waits until everything is out, but no longer than a reader may be expected to take.
pub(super) fn flush() {
    let is_busy = |state: &mut State| state.is_writing || !state.waiting.is_empty();
    // Nothing is lost by going on: there is nobody who reads.
    drop(LINES.changed.wait_timeout_while(LINES.lock(), FLUSH_MAX, is_busy));
}

impl Lines {
    const fn new() -> Self {
        let state = State { waiting: VecDeque::new(), waiting_bytes: 0, lost: 0, is_writing: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.waiting_bytes + line.len() > WAITING_BYTES_MAX {
            state.lost += 1;
            return;
        }
        let was_empty = state.waiting.is_empty();
        state.waiting_bytes += line.len();
        match state.waiting.back_mut().filter(|piece| piece.len() + line.len() <= PIECE_BYTES) {
            Some(piece) => piece.extend_from_slice(line),
            None => state.waiting.push_back(line.to_vec()),
        }
        drop(state);
        if was_empty {
            self.changed.notify_all();
        }
    }

    fn write_all_of_them(&self) {
        loop {
            // Without a standard error there is nobody to tell.
            let _ = io::stderr().write_all(&self.next_piece());
        }
    }

    /// Waits for the next lines. The ones before them are out by now.
    fn next_piece(&self) -> Vec<u8> {
        let mut state = self.lock();
        state.is_writing = false;
        self.changed.notify_all();
        let mut lines = loop {
            match state.waiting.pop_front() {
                Some(lines) => break lines,
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        state.is_writing = true;
        state.waiting_bytes -= lines.len();
        // Told behind the last line that was not lost.
        if state.waiting.is_empty() && state.lost > 0 {
            let lost = std::mem::take(&mut state.lost);
            // Writing to a buffer cannot fail.
            let _ = writeln!(lines, "{lost} lines of the log are lost: nobody read it");
        }
        lines
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for &'static Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_their_order_in_pieces_that_stay_small() {
        let lines = Lines::new();
        let texts: Vec<String> = (0..5_000).map(|number| format!("line {number}\n")).collect();
        for text in &texts {
            lines.add(text.as_bytes());
        }
        let mut out = Vec::new();
        while out.len() < texts.concat().len() {
            let piece = lines.next_piece();
            assert!(piece.len() <= PIECE_BYTES);
            out.extend(piece);
        }
        assert_eq!(String::from_utf8(out).unwrap(), texts.concat());
        assert_eq!(lines.lock().waiting_bytes, 0);
    }

    #[test]
    fn what_nobody_reads_has_a_bound_and_is_counted() {
        let lines = Lines::new();
        let line = [b'x'; 1024];
        for _ in 0..1_030 {
            lines.add(&line);
        }
        let pieces: Vec<Vec<u8>> = (0..WAITING_BYTES_MAX / PIECE_BYTES).map(|_| lines.next_piece()).collect();
        assert!(pieces.last().unwrap().ends_with(b"x6 lines of the log are lost: nobody read it\n"));
        lines.add(b"after\n");
        assert_eq!(lines.next_piece(), b"after\n");
    }
}
