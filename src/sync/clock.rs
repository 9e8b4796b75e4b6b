//! The server's clock, as far as its answers tell: `Date` has whole seconds, so each answer narrows the truth down.

use std::time::Duration;

use crate::api::Time;

/// A local clock that moved this much more or less than the monotonic one has been set.
const JUMP: Duration = Duration::from_secs(2);

/// How far the server's clock is from the local one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerClock {
    /// Server minus local, in microseconds: at least and at most. `None` until an answer told it.
    bounds: Option<(i64, i64)>,
}

impl ServerClock {
    /// Learns from an answer: what its `Date` said, and the local times between which it was made.
    #[must_use]
    pub fn observe(self, date: Time, sent: Time, received: Time) -> Self {
        // A date of 12:00:00 was written at 12:00:00.0 to 12:00:00.999999.
        let latest_date = date.micros().saturating_add(999_999);
        let least = date.micros().saturating_sub(received.micros().max(sent.micros()));
        let most = latest_date.saturating_sub(sent.micros());
        let bounds = match self.bounds {
            Some((low, high)) if low.max(least) <= high.min(most) => (low.max(least), high.min(most)),
            // The first answer, or one of the clocks was set: what was known before no longer holds.
            Some(_) | None => (least, most),
        };
        Self { bounds: Some(bounds) }
    }

    /// The server's time at this local time. The local one until an answer told better.
    #[must_use]
    pub fn now(&self, local: Time) -> Time {
        match self.bounds {
            // Within a second of the truth: a correction by less than the doubt would only flicker.
            Some((low, high)) if low > 0 || high < 0 => {
                let middle = low.saturating_add(high.saturating_sub(low) / 2);
                Time::from_micros(local.micros().saturating_add(middle))
            }
            Some(_) | None => local,
        }
    }

    /// Forgets what was learned when the local clock was set, told by comparing how far it moved with the
    /// monotonic clock. True means: look again now.
    #[must_use]
    pub fn after_tick(self, before: Time, now: Time, elapsed: Duration) -> (Self, bool) {
        let moved = now.micros().saturating_sub(before.micros());
        let expected = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        let jump = moved.saturating_sub(expected);
        if jump.unsigned_abs() <= u64::try_from(JUMP.as_micros()).unwrap_or(u64::MAX) {
            return (self, false);
        }
        // The server did not jump: what was known holds, shifted by as much as the local clock was set. After a
        // suspend the monotonic clock stood still and this is wrong, until the next answer, which comes at once.
        let bounds = self.bounds.map(|(low, high)| (low.saturating_sub(jump), high.saturating_sub(jump)));
        (Self { bounds }, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(millis: u64) -> Time {
        Time::EPOCH.plus(Duration::from_secs(1_000_000) + Duration::from_millis(millis))
    }

    /// What a server that is `ahead` of us says at our time, cut to whole seconds as `Date` is.
    fn date(millis: u64, ahead: u64) -> Time {
        let seconds = local(millis + ahead).micros().div_euclid(1_000_000);
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn answers_narrow_the_difference_down() {
        let ahead = 7_300;
        let mut clock = ServerClock::default();
        for millis in [0, 450, 1_730, 2_910, 4_650] {
            clock = clock.observe(date(millis + 5, ahead), local(millis), local(millis + 10));
        }
        let error = clock.now(local(5_000)).micros() - local(5_000 + ahead).micros();
        assert!(error.abs() < 200_000, "{error} µs off");
    }

    #[test]
    fn a_difference_within_the_doubt_is_not_corrected() {
        let clock = ServerClock::default().observe(date(500, 0), local(500), local(510));
        assert_eq!(clock.now(local(600)), local(600));
    }

    #[test]
    fn a_local_clock_that_was_set_back_by_an_hour_changes_nothing() {
        let clock = ServerClock::default().observe(date(0, 0), local(0), local(10));
        let hour = 3_600_000;
        let (clock, is_jump) = clock.after_tick(local(hour), local(1_000), Duration::from_secs(1));
        assert!(is_jump);
        let now = clock.now(local(1_000));
        assert!(now.since(local(hour)) <= Duration::from_secs(2) && now >= local(hour), "{now}");
        assert!(!clock.after_tick(local(1_000), local(2_100), Duration::from_secs(1)).1);
    }

    #[test]
    fn what_contradicts_starts_anew() {
        let clock = ServerClock::default().observe(date(0, 0), local(0), local(10));
        let clock = clock.observe(date(100, 50_000), local(100), local(110));
        let error = clock.now(local(200)).micros() - local(50_200).micros();
        assert!(error.abs() <= 1_000_000, "{error} µs off");
    }
}
