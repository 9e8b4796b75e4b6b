//! How often in a row one connection has presented a key that opens nothing.
//!
//! A rejected key costs little, but a flood of them takes turns from those whose key is good. So whoever goes on and
//! on with bad keys gets its answers late: that bounds what one connection can ask for, and costs nobody else a turn.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Bad keys in a row that are answered at once: a program that was just given a wrong key tries a few times.
const FREE: u32 = 16;
/// How long each further answer is held back.
const WAIT: Duration = Duration::from_millis(10);

/// The bad keys of one connection, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Strikes(AtomicU32);

impl Strikes {
    /// A good key: what was before is forgotten.
    pub(super) fn forgive(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// A bad key. Says how long its answer is held back.
    pub(super) fn count(&self) -> Option<Duration> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        if before == u32::MAX {
            self.0.store(before, Ordering::Relaxed);
        }
        (before >= FREE).then_some(WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bad_keys_are_free_and_a_good_one_makes_up_for_them() {
        let strikes = Strikes::default();
        for _ in 0..2 {
            assert!((0..FREE).all(|_| strikes.count().is_none()));
            assert_eq!((strikes.count(), strikes.count()), (Some(WAIT), Some(WAIT)));
            strikes.forgive();
        }
    }
}
