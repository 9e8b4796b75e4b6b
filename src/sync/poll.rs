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

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: PollFacts =
        PollFacts { waiting: None, has_report: true, failures: 0, retry_after: None, is_focused: true };

    #[test]
    fn idle_is_slow_and_waiting_is_fast() {
        assert_eq!(next_poll(&IDLE, 0.5), Poll::Report(Duration::from_secs(5)));
        let waiting = PollFacts { waiting: Some(Duration::from_secs(40)), ..IDLE };
        assert_eq!(next_poll(&waiting, 0.5), Poll::Report(Duration::from_secs(1)));
        let hosted = PollFacts { has_report: false, ..IDLE };
        assert_eq!(next_poll(&hosted, 0.5), Poll::List(Duration::from_mins(1)));
        let waiting = PollFacts { waiting: Some(Duration::from_secs(40)), ..hosted };
        assert_eq!(next_poll(&waiting, 0.5), Poll::List(Duration::from_secs(40)), "nothing would show before");
    }

    #[test]
    fn unfocused_is_slower_unless_something_waits() {
        let unfocused = PollFacts { is_focused: false, ..IDLE };
        assert_eq!(next_poll(&unfocused, 0.5).delay(), Duration::from_secs(20));
        let waiting = PollFacts { waiting: Some(Duration::from_secs(9)), ..unfocused };
        assert_eq!(next_poll(&waiting, 0.5).delay(), Duration::from_secs(1));
    }

    #[test]
    fn failures_back_off_to_a_minute_and_a_429_is_honoured() {
        let delay = |failures, jitter| next_poll(&PollFacts { failures, ..IDLE }, jitter).delay();
        assert_eq!([1, 2, 3, 7, 99].map(|failures| delay(failures, 1.0).as_secs()), [1, 2, 4, 60, 60]);
        assert_eq!(delay(1, 0.0), Duration::from_millis(500));
        let limited = PollFacts { failures: 1, retry_after: Some(Duration::from_secs(37)), ..IDLE };
        assert_eq!(next_poll(&limited, 1.0).delay(), Duration::from_secs(37));
    }
}
