//! The arithmetic against a model that is too simple to be wrong: a list of everything that ever happened.

use std::sync::{Arc, Weak};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::api::Slug;

/// Everything that was counted: when (in milliseconds), what, how much.
#[derive(Default)]
struct Simple {
    events: Vec<(u64, Counted, u64)>,
    under_way: u64,
}

impl Simple {
    fn used(&self, limit: &Limit, now: u64) -> u64 {
        let counts = |at: u64| match limit.span {
            Span::Second => at + 1_000 > now,
            Span::Minute => at + 60_000 > now,
            Span::Day => at / 86_400_000 == now / 86_400_000,
        };
        if limit.counted == Counted::ConcurrentRequest {
            return self.under_way;
        }
        self.events
            .iter()
            .filter(|(at, kind, _)| *kind == limit.counted && counts(*at))
            .map(|(_, _, amount)| amount)
            .sum()
    }

    fn admits(&self, limits: &[Limit], now: u64) -> bool {
        limits.iter().all(|limit| self.used(limit, now) < limit.threshold)
    }

    fn start(&mut self, now: u64) {
        self.events.push((now, Counted::Request, 1));
        self.under_way += 1;
    }

    fn end(&mut self, tokens: EventTokens, now: u64) {
        for counted in [Counted::Token, Counted::UncachedInputToken, Counted::OutputToken] {
            self.events.push((now, counted, counted.amount(tokens)));
        }
        self.under_way -= 1;
    }
}

fn moment(millis: u64) -> Moment {
    Moment { wall: Time::from_micros(i64::try_from(millis).unwrap() * 1_000), steady_micros: millis * 1_000 }
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Start,
    End(EventTokens),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![0..20_u64, 900..1_100_u64, 59_000..61_000_u64, 40_000_000..90_000_000_u64];
    let tokens = (0..20_u64, 0..20_u64, 0..10_u64).prop_map(|(input, output, cached)| EventTokens {
        input_tokens: input + cached,
        output_tokens: output,
        cached_input_tokens: cached,
    });
    let step = prop_oneof![
        3 => wait.prop_map(Step::Wait),
        4 => Just(Step::Start),
        3 => tokens.prop_map(Step::End),
    ];
    proptest::collection::vec(step, 1..80)
}

fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let counted = prop::sample::select(vec![
        Counted::Request,
        Counted::Token,
        Counted::UncachedInputToken,
        Counted::OutputToken,
        Counted::ConcurrentRequest,
    ]);
    let span = prop::sample::select(vec![Span::Second, Span::Minute, Span::Day]);
    let limit = (counted, span, 0..40_u64).prop_map(|(counted, span, threshold)| Limit {
        counted,
        span,
        threshold,
        source: GroupId::from("g"),
    });
    proptest::collection::vec(limit, 0..4)
}

fn grant(limits: &[Limit]) -> Grant {
    let slug = Slug::from_wire("a/b");
    let meter = Arc::new(Meter::new(GroupId::from("g"), slug.clone(), Weak::new()));
    Grant::new(slug, vec![Part { meter, limits: limits.to_vec() }])
}

proptest! {
    #[test]
    fn limits_admit_exactly_what_the_simple_model_admits(limits in limits(), steps in steps()) {
        let (grant, mut simple) = (grant(&limits), Simple::default());
        let mut now = 0;
        for step in steps {
            match step {
                Step::Wait(millis) => now += millis,
                Step::End(tokens) if simple.under_way > 0 => {
                    grant.settle(tokens, moment(now));
                    simple.end(tokens, now);
                }
                Step::End(_) => {}
                Step::Start => {
                    let admitted = grant.admit(moment(now));
                    prop_assert_eq!(admitted.is_ok(), simple.admits(&limits, now));
                    match admitted {
                        Ok(()) => simple.start(now),
                        Err(Rejection { retry_after: Some(wait), .. }) => {
                            // True to the millisecond: admitted then, and not before.
                            let then = now + u64::try_from(wait.as_millis()).unwrap();
                            prop_assert!(wait > Duration::ZERO && simple.admits(&limits, then));
                            prop_assert!(!simple.admits(&limits, then - 1));
                        }
                        Err(Rejection { limit, retry_after: None }) => {
                            prop_assert!(limit.threshold == 0 || limit.counted == Counted::ConcurrentRequest);
                        }
                    }
                }
            }
            for (room, limit) in grant.headroom(moment(now)).iter().zip(&limits) {
                prop_assert_eq!(room.used, simple.used(limit, now));
            }
        }
    }
}
