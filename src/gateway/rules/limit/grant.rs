//! The right to call a slug: what a request is counted on and checked against.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use super::meter::Counts;
use super::{Counted, Limit, Meter, Moment, Span};
use crate::api::{EventTokens, Slug, UsageOfLimit, UsageUnit};

/// A meter and the limits that apply on it.
#[derive(Debug, Clone)]
pub struct Part {
    /// What counts.
    pub meter: Arc<Meter>,
    /// What is checked.
    pub limits: Vec<Limit>,
}

/// The right of a group to call a slug.
#[derive(Debug)]
pub struct Grant {
    /// What may be called.
    pub slug: Slug,
    /// The group's own meter, and with cascading limits its ancestors', root first: the same order for everybody,
    /// so that two requests never wait for each other's locks.
    parts: Vec<Part>,
}

/// Why a request is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Of the limits that were reached, the one that takes longest.
    pub limit: Limit,
    /// When the request would be admitted if nobody else called. `None` where nobody can know.
    pub retry_after: Option<Duration>,
}

/// One limit and how much of it is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headroom {
    /// The limit.
    pub limit: Limit,
    /// What is recorded against it.
    pub used: u64,
    /// When it starts anew, or for a rolling window when it is empty if nothing more happens.
    pub resets_in: Option<Duration>,
    /// When it admits again. `None` where nobody can know, zero where it admits now.
    pub admits_in: Option<Duration>,
}

impl Grant {
    /// A grant that is checked and counted on these parts, root first.
    #[must_use]
    pub fn new(slug: Slug, parts: Vec<Part>) -> Self {
        for part in &parts {
            let mut counts = part.meter.lock();
            part.limits.iter().for_each(|limit| counts.prepare(limit));
        }
        Self { slug, parts }
    }

    /// Checks every limit and, where all admit, counts the request: in one step, under all meters' locks.
    /// A request that is not admitted counts nowhere.
    ///
    /// # Errors
    /// The limit that holds longest, of those that are reached.
    pub fn admit(&self, now: Moment) -> Result<(), Rejection> {
        let mut locked: Vec<MutexGuard<'_, Counts>> = self.parts.iter().map(|part| part.meter.lock()).collect();
        let mut rejection: Option<Rejection> = None;
        for (part, counts) in self.parts.iter().zip(&mut locked) {
            for limit in &part.limits {
                if counts.used(limit, now) < limit.threshold {
                    continue;
                }
                let retry_after = counts.wait(limit, now);
                if rejection.as_ref().is_none_or(|worst| is_longer(retry_after, worst.retry_after)) {
                    rejection = Some(Rejection { limit: limit.clone(), retry_after });
                }
            }
        }
        if let Some(rejection) = rejection {
            return Err(rejection);
        }
        for counts in &mut locked {
            counts.start(now);
        }
        drop(locked);
        self.parts.iter().for_each(|part| part.meter.report());
        Ok(())
    }

    /// Counts the end of an admitted request and charges its tokens. Once a request.
    pub fn settle(&self, tokens: EventTokens, now: Moment) {
        for part in &self.parts {
            part.meter.lock().end(tokens, now);
            part.meter.report();
        }
    }

    /// Every limit that applies and how much of it is left. Spends nothing.
    #[must_use]
    pub fn headroom(&self, now: Moment) -> Vec<Headroom> {
        let mut all = Vec::new();
        for part in &self.parts {
            let mut counts = part.meter.lock();
            for limit in &part.limits {
                let used = counts.used(limit, now);
                let admits_in = if used < limit.threshold { Some(Duration::ZERO) } else { counts.wait(limit, now) };
                let resets_in = match (limit.counted, limit.span) {
                    (Counted::ConcurrentRequest, _) => None,
                    (_, Span::Day) => Some(now.until_midnight()),
                    // A window is empty when it holds less than one.
                    (counted, span) => {
                        let empty = Limit { counted, span, threshold: 1, source: limit.source.clone() };
                        counts.wait(&empty, now)
                    }
                };
                all.push(Headroom { limit: limit.clone(), used, resets_in, admits_in });
            }
        }
        all
    }

    /// The usage limits that apply and what the day has used of each.
    #[must_use]
    pub fn usage(&self, now: Moment) -> Vec<UsageOfLimit> {
        let by_day = self.parts.iter().flat_map(|part| part.limits.iter().map(move |limit| (part, limit)));
        by_day
            .filter(|(_, limit)| limit.span == Span::Day && limit.counted != Counted::ConcurrentRequest)
            .map(|(part, limit)| {
                let used = part.meter.used_today(limit.counted, now);
                UsageOfLimit {
                    kind: limit.counted.kind(),
                    unit: UsageUnit::Day,
                    threshold: limit.threshold,
                    current_usage: used,
                    reset_at: used.map(|_| now.midnight()),
                }
            })
            .collect()
    }
}

/// Nobody knowing is longer than any wait.
fn is_longer(wait: Option<Duration>, than: Option<Duration>) -> bool {
    match (wait, than) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(wait), Some(than)) => wait > than,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{GroupId, Time};
    use std::sync::Weak;

    fn at(seconds: u64) -> Moment {
        let wall = Time::from_micros(i64::try_from(seconds * 1_000_000).unwrap());
        Moment { wall, steady_micros: seconds * 1_000_000 }
    }

    fn limit(counted: Counted, span: Span, threshold: u64) -> Limit {
        Limit { counted, span, threshold, source: GroupId::from("g") }
    }

    fn grant(limits: Vec<Limit>) -> Grant {
        let slug = Slug::from_wire("my-org/glm");
        let meter = Arc::new(Meter::new(GroupId::from("g"), slug.clone(), Weak::new()));
        Grant::new(slug, vec![Part { meter, limits }])
    }

    fn tokens(input: u64, output: u64) -> EventTokens {
        EventTokens { input_tokens: input, output_tokens: output, cached_input_tokens: 0 }
    }

    #[test]
    fn a_limit_of_two_admits_two_a_minute() {
        let grant = grant(vec![limit(Counted::Request, Span::Minute, 2)]);
        assert!(grant.admit(at(0)).is_ok() && grant.admit(at(10)).is_ok());
        let rejection = grant.admit(at(20)).unwrap_err();
        assert_eq!(rejection.retry_after, Some(Duration::from_secs(40)));
        assert!(grant.admit(at(60)).is_ok());
    }

    #[test]
    fn tokens_are_charged_at_the_end() {
        let grant = grant(vec![limit(Counted::Token, Span::Minute, 100)]);
        assert!(grant.admit(at(0)).is_ok());
        grant.settle(tokens(60, 60), at(5));
        let rejection = grant.admit(at(6)).unwrap_err();
        assert_eq!(rejection.retry_after, Some(Duration::from_secs(59)));
    }

    #[test]
    fn a_days_limit_starts_anew_at_midnight() {
        let grant = grant(vec![limit(Counted::Request, Span::Day, 1)]);
        assert!(grant.admit(at(86_390)).is_ok());
        assert_eq!(grant.admit(at(86_391)).unwrap_err().retry_after, Some(Duration::from_secs(9)));
        assert!(grant.admit(at(86_400)).is_ok());
    }

    #[test]
    fn requests_under_way_count_until_they_end() {
        let grant = grant(vec![limit(Counted::ConcurrentRequest, Span::Second, 1)]);
        assert!(grant.admit(at(0)).is_ok());
        assert_eq!(grant.admit(at(100)).unwrap_err().retry_after, None);
        grant.settle(EventTokens::default(), at(100));
        assert!(grant.admit(at(100)).is_ok());
    }

    #[test]
    fn a_threshold_of_zero_blocks_for_good() {
        for counted in [Counted::Request, Counted::Token, Counted::OutputToken, Counted::ConcurrentRequest] {
            let grant = grant(vec![limit(counted, Span::Minute, 0)]);
            assert_eq!(grant.admit(at(0)).unwrap_err().retry_after, None);
        }
    }

    #[test]
    fn a_rejected_request_counts_nowhere() {
        let grant = grant(vec![limit(Counted::Request, Span::Minute, 5), limit(Counted::OutputToken, Span::Minute, 0)]);
        assert!(grant.admit(at(0)).is_err());
        assert_eq!(grant.headroom(at(0)).iter().map(|room| room.used).collect::<Vec<_>>(), [0, 0]);
    }

    #[test]
    fn the_longest_wait_is_told() {
        let grant = grant(vec![limit(Counted::Request, Span::Day, 1), limit(Counted::Request, Span::Second, 1)]);
        assert!(grant.admit(at(0)).is_ok());
        let rejection = grant.admit(at(0)).unwrap_err();
        assert_eq!((rejection.limit.span, rejection.retry_after), (Span::Day, Some(Duration::from_hours(24))));
    }
}
