//! When a failed request is sent again, and after which pause. Pure: chance is handed in.

use std::time::Duration;

use super::{ClientError, ErrorKind};

/// How often a read is sent at most.
pub(super) const READ_ATTEMPTS_MAX: u32 = 3;
/// How often a write is sent at most where nothing was done.
pub(super) const WRITE_ATTEMPTS_MAX: u32 = 3;
/// No pause is longer, but those that a server asks for.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// The pause after a 429 that names none.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(1);

/// How patient a caller is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// The first pause; it doubles.
    pub(super) pause: Duration,
    /// The longest wait that a 429 may ask for.
    pub(super) rate_limit_wait_max: Duration,
}

/// The pause before the next try; `None` where there is none.
///
/// `chance` in 0..=1 spreads the pause between half and the whole of it, so that clients that failed
/// together do not come back together.
pub(super) fn pause(
    error: &ClientError,
    is_write: bool,
    attempt: u32,
    patience: Patience,
    chance: f64,
) -> Option<Duration> {
    let attempts_max = if is_write { WRITE_ATTEMPTS_MAX } else { READ_ATTEMPTS_MAX };
    if attempt >= attempts_max {
        return None;
    }
    match error.kind {
        // A write answered by 429 was not done; so was nothing where the connection was refused.
        ErrorKind::RateLimited { retry_after } => {
            let wait = retry_after.unwrap_or(RATE_LIMIT_PAUSE);
            (wait <= patience.rate_limit_wait_max).then_some(wait)
        }
        ErrorKind::Unreachable { refused } => (refused || !is_write).then(|| spread(attempt, patience.pause, chance)),
        ErrorKind::Server(status) => (!is_write && status != 501).then(|| spread(attempt, patience.pause, chance)),
        ErrorKind::Lost => (!is_write).then(|| spread(attempt, patience.pause, chance)),
        ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::PreconditionFailed
        | ErrorKind::Status(_)
        | ErrorKind::Timeout
        | ErrorKind::Tls
        | ErrorKind::Malformed
        | ErrorKind::Refused => None,
    }
}

fn spread(attempt: u32, first: Duration, chance: f64) -> Duration {
    let doubled = first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(PAUSE_MAX);
    doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience =
        Patience { pause: Duration::from_millis(100), rate_limit_wait_max: Duration::from_mins(1) };

    fn error(kind: ErrorKind) -> ClientError {
        ClientError::new(kind, "it failed")
    }

    #[test]
    fn a_write_is_sent_again_only_where_nothing_was_done() {
        let again = |kind: ErrorKind| pause(&error(kind), true, 1, PATIENCE, 1.0);
        assert!(again(ErrorKind::Unreachable { refused: true }).is_some());
        assert_eq!(again(ErrorKind::Unreachable { refused: false }), None);
        assert_eq!(again(ErrorKind::Lost), None);
        assert_eq!(again(ErrorKind::Timeout), None);
        assert_eq!(again(ErrorKind::Server(503)), None);
        let wait = Duration::from_secs(37);
        assert_eq!(again(ErrorKind::RateLimited { retry_after: Some(wait) }), Some(wait));
    }

    #[test]
    fn a_wait_that_is_too_long_is_the_callers_to_decide() {
        let kind = ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(61)) };
        assert_eq!(pause(&error(kind), false, 1, PATIENCE, 1.0), None);
    }

    #[test]
    fn pauses_of_reads_double_and_end() {
        let kind = ErrorKind::Server(502);
        assert_eq!(pause(&error(kind.clone()), false, 1, PATIENCE, 1.0), Some(Duration::from_millis(100)));
        assert_eq!(pause(&error(kind.clone()), false, 2, PATIENCE, 1.0), Some(Duration::from_millis(200)));
        assert_eq!(pause(&error(kind.clone()), false, 2, PATIENCE, 0.0), Some(Duration::from_millis(100)));
        assert_eq!(pause(&error(kind), false, READ_ATTEMPTS_MAX, PATIENCE, 1.0), None);
    }
}
