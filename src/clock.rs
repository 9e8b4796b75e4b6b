//! The only caller of the machine's clock. Everything else is handed the time, so that tests can fix it.

use std::time::Instant;

use crate::api::Time;

/// The wall clock, cut to whole microseconds, which is what goes over the wire.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the clock")]
pub fn now() -> Time {
    Time::from_timestamp(jiff::Timestamp::now())
}

/// The monotonic clock, for measuring how long something took.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the clock")]
pub fn instant() -> Instant {
    Instant::now()
}
