//! How fast an answer came.

use std::time::Duration;

/// The times of one answer, from the moment that its request was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// Until its first text. Only of an answer that came as it was made.
    pub first_token: Option<Duration>,
    /// Until its end, or until now where it is not over.
    pub total: Duration,
}

impl Pace {
    /// Tokens a second after the first one. `None` where it did not come as it was made, or was too short to tell.
    #[must_use]
    pub fn tokens_per_second(&self, output_tokens: u64) -> Option<u64> {
        let spent = self.total.checked_sub(self.first_token?)?.as_micros();
        if spent == 0 || output_tokens < 2 {
            return None;
        }
        u64::try_from(u128::from(output_tokens - 1) * 1_000_000 / spent).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_for_the_first_token_does_not_slow_the_others() {
        let pace = Pace { first_token: Some(Duration::from_secs(1)), total: Duration::from_secs(3) };
        assert_eq!(pace.tokens_per_second(21), Some(10));
        assert_eq!(pace.tokens_per_second(1), None);
        assert_eq!(Pace { first_token: None, ..pace }.tokens_per_second(21), None);
    }
}
