//! When to look again: fast while a change waits, slow when idle, backing off while the server is away.

use std::time::Duration;

/// Between two looks while a change waits.
const WAITING: Duration = Duration::from_secs(1);
/// Between two looks at the small sync report when nothing waits.
const IDLE_REPORT: Duration = Duration::from_secs(5);
/// Between two reads of the list when nothing waits and there is no report.
const IDLE_LIST: Duration = Duration::from_mins(1);
/// How much slower all that is while the terminal is not focused.
const UNFOCUSED_FACTOR: u32 = 4;
/// The first wait after a failure, and the longest.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MOST: Duration = Duration::from_mins(1);

/// What decides when to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollFacts {
    /// How long the shortest wait of a change still is. `None`: nothing waits.
    pub waiting: Option<Duration>,
    /// True where the gateway has a sync report (section 8).
    pub has_report: bool,
    /// How many looks failed in a row.
    pub failures: u32,
    /// What a 429 asked for.
    pub retry_after: Option<Duration>,
    /// False where the terminal said that it is not focused.
    pub is_focused: bool,
}

/// What to read next, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// The small sync report; the list only if its revision moved.
    Report(Duration),
    /// The list.
    List(Duration),
}

impl Poll {
    /// How long to wait before it.
    #[must_use]
    pub fn delay(self) -> Duration {
        match self {
            Self::Report(delay) | Self::List(delay) => delay,
        }
    }
}

/// What to read next, and when. `jitter` is a number from 0 to 1 that the caller draws.
#[must_use]
pub fn next_poll(facts: &PollFacts, jitter: f64) -> Poll {
    let kind = if facts.has_report { Poll::Report } else { Poll::List };
    if facts.failures > 0 {
        let delay = backoff(facts.failures, jitter);
        return kind(facts.retry_after.map_or(delay, |asked| asked.max(delay)));
    }
    let delay = match (facts.waiting, facts.has_report) {
        (Some(remaining), true) => remaining.clamp(WAITING / 4, WAITING),
        // Without a report a look proves nothing but that the server is there: once when it should be over.
        (Some(remaining), false) => remaining.clamp(WAITING, IDLE_LIST),
        (None, true) => IDLE_REPORT,
        (None, false) => IDLE_LIST,
    };
    let slower = facts.waiting.is_none() && !facts.is_focused;
    kind(if slower { delay.saturating_mul(UNFOCUSED_FACTOR) } else { delay })
}

/// The wait before try number `failures + 1`: doubling up to a minute, spread over its upper half.
#[must_use]
pub fn backoff(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = BACKOFF_FIRST.saturating_mul(1 << doublings).min(BACKOFF_MOST);
    full.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}
