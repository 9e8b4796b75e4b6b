//! The gateway's clock: the machine's, or with `--virtual-clock` one that moves only when it is told to.
//!
//! Everything that the gateway writes down or counts by (timestamps, day windows, the sync report) asks this
//! clock, so that a day window can be tested in milliseconds. Time limits on sockets use tokio's timers.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use crate::api::Time;
use crate::gateway::rules::limit::Moment;

/// What steady time is counted from.
static START: LazyLock<Instant> = LazyLock::new(crate::clock::instant);

/// Where the gateway takes the time from.
#[derive(Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    Machine,
    /// Stands still until it is set; microseconds since the start of 1970.
    Virtual(AtomicI64),
}

impl Clock {
    /// A clock that stands at `now` until it is set.
    #[must_use]
    pub fn fixed(now: Time) -> Self {
        Self::Virtual(AtomicI64::new(now.micros()))
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Time {
        match self {
            Self::Machine => crate::clock::now(),
            Self::Virtual(micros) => Time::from_micros(micros.load(Ordering::Acquire)),
        }
    }

    /// What time it is by the calendar and by a clock that never goes back, for limits. A virtual clock is both.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let wall = self.now();
        let steady_micros = match self {
            Self::Machine => u64::try_from(START.elapsed().as_micros()).unwrap_or(u64::MAX),
            Self::Virtual(_) => u64::try_from(wall.micros()).unwrap_or_default(),
        };
        Moment { wall, steady_micros }
    }

    /// Sets a virtual clock. Returns false, and does nothing, where the clock is the machine's.
    pub fn set(&self, now: Time) -> bool {
        match self {
            Self::Machine => false,
            Self::Virtual(micros) => {
                micros.store(now.micros(), Ordering::Release);
                true
            }
        }
    }

    /// True where it is not the machine's time: answers say what time it is here.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.is_virtual() || crate::clock::stands_still()
    }

    /// True for a clock that can be set.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        matches!(self, Self::Virtual(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_clock_stands_until_it_is_set() {
        let clock = Clock::fixed(Time::EPOCH);
        assert_eq!(clock.now(), Time::EPOCH);
        assert!(clock.set(Time::from_micros(7)));
        assert_eq!(clock.now(), Time::from_micros(7));
        assert!(!Clock::Machine.set(Time::EPOCH));
    }
}
