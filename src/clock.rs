//! The only caller of the machine's clock. Everything else is handed the time, so that tests can fix it.

use std::sync::OnceLock;
use std::time::Instant;

use crate::api::Time;

/// Where the wall clock of this process stands, if it does.
static STANDS_AT: OnceLock<Time> = OnceLock::new();

/// Stops the wall clock of this process for good, so that pictures taken of it are the same each time.
pub fn stand_still(at: Time) {
    // Whoever was first has stopped it.
    let _ = STANDS_AT.set(at);
}

/// True where the wall clock of this process was stopped.
#[must_use]
pub fn stands_still() -> bool {
    STANDS_AT.get().is_some()
}

/// The wall clock, cut to whole microseconds, which is what goes over the wire.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the clock")]
pub fn now() -> Time {
    STANDS_AT.get().copied().unwrap_or_else(|| Time::from_timestamp(jiff::Timestamp::now()))
}

/// The monotonic clock, for measuring how long something took.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the clock")]
pub fn instant() -> Instant {
    Instant::now()
}
