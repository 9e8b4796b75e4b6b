//! A rolling window: how much was recorded in the last second or minute.

use std::collections::VecDeque;
use std::time::Duration;

/// What is recorded within one millisecond shares an entry, which bounds a window to 60,001 entries.
const SLOT_MICROS: u64 = 1_000;

/// A sliding log of amounts. It is exact to the millisecond and errs only towards keeping an amount longer: what is
/// recorded counts for at least the window's length, so no window of that length ever holds more than the limit.
#[derive(Debug, Clone)]
pub struct Window {
    length_micros: u64,
    /// When each entry stops counting, ascending, and how much it is.
    entries: VecDeque<(u64, u64)>,
    sum: u64,
}

impl Window {
    /// An empty window of this length.
    #[must_use]
    pub fn new(length: Duration) -> Self {
        let length_micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        Self { length_micros, entries: VecDeque::new(), sum: 0 }
    }

    /// Records an amount. Where the time went back, it counts as recorded at the latest time seen.
    pub fn record(&mut self, now_micros: u64, amount: u64) {
        self.expire(now_micros);
        if amount == 0 {
            return;
        }
        let slot_end = now_micros.div_ceil(SLOT_MICROS).saturating_mul(SLOT_MICROS);
        let expires = slot_end.saturating_add(self.length_micros);
        self.sum = self.sum.saturating_add(amount);
        match self.entries.back_mut() {
            Some((last, total)) if *last >= expires => *total = total.saturating_add(amount),
            _ => self.entries.push_back((expires, amount)),
        }
    }

    /// How much the window holds.
    pub fn sum(&mut self, now_micros: u64) -> u64 {
        self.expire(now_micros);
        self.sum
    }

    /// How long until the window holds less than `threshold`, if nothing more is recorded. Zero where it does now,
    /// `None` where it never will: nothing is less than 0.
    pub fn wait_below(&mut self, now_micros: u64, threshold: u64) -> Option<Duration> {
        self.expire(now_micros);
        if threshold == 0 {
            return None;
        }
        let mut left = self.sum;
        let mut wait = 0;
        for (expires, amount) in &self.entries {
            if left < threshold {
                break;
            }
            left = left.saturating_sub(*amount);
            wait = expires.saturating_sub(now_micros);
        }
        Some(Duration::from_micros(wait))
    }

    /// True where nothing in it counts any longer.
    pub fn is_empty(&mut self, now_micros: u64) -> bool {
        self.sum(now_micros) == 0
    }

    /// How many entries it holds, for tests of its bound.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    fn expire(&mut self, now_micros: u64) {
        while let Some((expires, amount)) = self.entries.front()
            && *expires <= now_micros
        {
            self.sum = self.sum.saturating_sub(*amount);
            self.entries.pop_front();
        }
        if self.entries.is_empty() {
            // A sum that saturated has lost count; an empty window has none.
            self.sum = 0;
            if self.entries.capacity() > 1024 {
                self.entries.shrink_to(64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn an_amount_counts_for_the_windows_length() {
        let mut window = Window::new(Duration::from_secs(1));
        window.record(5_000, 2);
        assert_eq!(window.sum(SECOND + 4_999), 2);
        assert_eq!(window.sum(SECOND + 5_000), 0);
    }

    #[test]
    fn the_wait_is_until_enough_has_left() {
        let mut window = Window::new(Duration::from_mins(1));
        window.record(0, 1);
        window.record(10 * SECOND, 5);
        assert_eq!(window.wait_below(20 * SECOND, 6), Some(Duration::from_secs(40)));
        assert_eq!(window.wait_below(20 * SECOND, 7), Some(Duration::ZERO));
        assert_eq!(window.wait_below(20 * SECOND, 5), Some(Duration::from_secs(50)));
        assert_eq!(window.wait_below(20 * SECOND, 0), None);
    }

    #[test]
    fn entries_are_bounded_however_many_are_recorded() {
        let mut window = Window::new(Duration::from_secs(1));
        for micros in 0..200_000_u64 {
            window.record(micros * 10, 1);
        }
        assert!(window.entries() <= 1_001, "{}", window.entries());
        // What was recorded at exactly one second has just left.
        assert_eq!(window.sum(2 * SECOND), 99_999);
    }

    #[test]
    fn a_clock_that_goes_back_keeps_what_was_recorded() {
        let mut window = Window::new(Duration::from_secs(1));
        window.record(5 * SECOND, 1);
        window.record(4 * SECOND, 1);
        assert_eq!(window.sum(4 * SECOND), 2);
        assert_eq!(window.sum(6 * SECOND), 0);
    }
}
