//! The rate limit of `--management-rate-limit`: a bucket for each key and route.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use axum::http::Method;

use super::known_key::Scope;

/// Buckets that fill with so many tokens a second and hold as many. There is one for each key, method and route
/// of ours, so their number is bounded.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    buckets: Mutex<HashMap<(Scope, Method, String), Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Rate {
    pub(super) fn new(per_second: NonZeroU32) -> Self {
        Self { per_second: f64::from(per_second.get()), buckets: Mutex::default() }
    }

    /// Takes one request; otherwise says after how many seconds one would be taken.
    pub(crate) fn take(&self, scope: Scope, method: &Method, route: &str, now: Instant) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        // Methods that callers make up share one bucket.
        let method = if method.as_str().len() > 7 { Method::TRACE } else { method.clone() };
        let bucket =
            buckets.entry((scope, method, route.to_owned())).or_insert(Bucket { tokens: self.per_second, at: now });
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * self.per_second;
        bucket.tokens = (bucket.tokens + gained).min(self.per_second);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        // At least one token a second flows in, so a second is always enough.
        Err(1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_admits_as_many_as_it_says_and_routes_do_not_share() {
        let rate = Rate::new(NonZeroU32::new(3).unwrap());
        let now = crate::clock::instant();
        let take = |route: &str, now| rate.take(Scope::Manage, &Method::GET, route, now).is_ok();
        let admitted = (0..10).filter(|_| take("/a", now)).count();
        assert_eq!(admitted, 3);
        assert!(take("/b", now));
        assert!(take("/a", now + Duration::from_secs(1)));
    }
}
