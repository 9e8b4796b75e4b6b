//! The log of requests made: what went out, to where, and how it ended. Never bodies, never keys.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::api::Time;

/// How many entries are kept; the oldest go first.
pub const LOG_ENTRIES_MAX: usize = 500;

/// One request that was made, or one try of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Counts up from 1; never used twice in a log.
    pub number: u64,
    /// When it was sent.
    pub at: Time,
    /// `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The whole address. No address of this API holds a key.
    pub url: String,
    /// The answer's status; `None` where there was no answer.
    pub status: Option<u16>,
    /// What went wrong, as a sentence; `None` for a success.
    pub error: Option<String>,
    /// From sending to the last byte.
    pub took: Duration,
    /// 1 for the first try.
    pub attempt: u32,
    /// How long until it is tried again; `None` where it is not.
    pub again_in: Option<Duration>,
}

/// The last [`LOG_ENTRIES_MAX`] requests.
#[derive(Debug, Default)]
pub struct RequestLog {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    kept: VecDeque<LogEntry>,
    added: u64,
}

impl RequestLog {
    /// Everything that is kept, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<LogEntry> {
        self.lock().kept.iter().cloned().collect()
    }

    /// What was added after the entry with this number, oldest first; 0 asks for all.
    #[must_use]
    pub fn entries_after(&self, number: u64) -> Vec<LogEntry> {
        self.lock().kept.iter().filter(|entry| entry.number > number).cloned().collect()
    }

    /// How many requests were ever made.
    #[must_use]
    pub fn added(&self) -> u64 {
        self.lock().added
    }

    pub(super) fn add(&self, mut entry: LogEntry) -> LogEntry {
        let mut entries = self.lock();
        entries.added += 1;
        entry.number = entries.added;
        if entries.kept.len() >= LOG_ENTRIES_MAX {
            entries.kept.pop_front();
        }
        entries.kept.push_back(entry.clone());
        entry
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // A panic elsewhere cannot leave the queue half changed, so a poisoned lock is still good.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> LogEntry {
        LogEntry {
            number: 0,
            at: Time::EPOCH,
            method: "GET",
            url: "http://127.0.0.1/v1/models".to_owned(),
            status: Some(200),
            error: None,
            took: Duration::ZERO,
            attempt: 1,
            again_in: None,
        }
    }

    #[test]
    fn only_the_last_entries_are_kept() {
        let log = RequestLog::default();
        for _ in 0..LOG_ENTRIES_MAX + 3 {
            log.add(entry());
        }
        let kept = log.entries();
        assert_eq!(kept.len(), LOG_ENTRIES_MAX);
        assert_eq!(kept[0].number, 4);
        assert_eq!(log.entries_after(log.added() - 2).len(), 2);
    }
}
