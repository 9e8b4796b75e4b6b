//! Limits as callers meet them, on a clock that stands until it is moved.

use std::time::Duration;

use repoint::api::Time;
use repoint::gateway::clock::Clock;
use serde_json::{Value, json};

use super::caller::{Answer, Caller, chat, chat_stream};
use super::plane::{GLM, Plane, settings};
use super::script::{EVENTS, Script, completion};

fn rate(kind: &str, unit: &str, threshold: u64) -> Value {
    json!([{"slug": GLM, "rate_limits": [{"type": kind, "unit": unit, "threshold": threshold}]}])
}

async fn plane_at(seconds: u64) -> Plane {
    let upstream = Script::start().await.always(|_| completion());
    let start = Time::EPOCH.plus(Duration::from_secs(seconds));
    Plane::start_with(upstream, settings(), |shared| shared.clock = Clock::fixed(start)).await
}

fn advance(plane: &Plane, seconds: u64) {
    plane.shared.clock.set(plane.shared.clock.now().plus(Duration::from_secs(seconds)));
}

fn retry_after(answer: &Answer) -> Option<u64> {
    answer.header("retry-after").map(|seconds| seconds.parse().unwrap())
}

#[tokio::test]
async fn a_caller_that_waits_as_told_gets_through_and_one_second_earlier_does_not() {
    let plane = plane_at(0).await;
    plane.grant(&rate("REQUEST", "MINUTE", 2));
    let mut caller = Caller::connect(plane.address).await;
    assert_eq!(caller.call(&chat(GLM)).await.status, 200);
    advance(&plane, 10);
    assert_eq!(caller.call(&chat(GLM)).await.status, 200);
    let refused = caller.call(&chat(GLM)).await;
    assert_eq!((refused.status, retry_after(&refused)), (429, Some(50)));
    assert_eq!((refused.header("retry-after-ms"), refused.header("x-should-retry")), (Some("50000"), None));
    assert_eq!(refused.json()["error"], "over the limit of 2 REQUEST per MINUTE of group grp");
    advance(&plane, 49);
    assert_eq!(retry_after(&caller.call(&chat(GLM)).await), Some(1));
    advance(&plane, 1);
    assert_eq!(caller.call(&chat(GLM)).await.status, 200);
    assert_eq!(caller.call(&chat(GLM)).await.status, 429);
    let outcomes: Vec<_> = plane.recorded(6).await.iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, ["complete", "complete", "limited", "limited", "complete", "limited"]);
}

#[tokio::test]
async fn tokens_are_admitted_on_what_is_recorded_and_charged_with_the_real_usage() {
    for (kind, used) in [("TOKEN", 18), ("UNCACHED_INPUT_TOKEN", 7), ("OUTPUT_TOKEN", 7)] {
        let plane = plane_at(0).await;
        // One below what a call uses is admitted once; with one more it is admitted twice.
        for (threshold, admitted) in [(used, 1), (used + 1, 2)] {
            plane.grant(&rate(kind, "MINUTE", threshold));
            let mut caller = Caller::connect(plane.address).await;
            for _ in 0..admitted {
                assert_eq!(caller.call(&chat(GLM)).await.status, 200, "{kind} {threshold}");
            }
            assert_eq!(caller.call(&chat(GLM)).await.status, 429, "{kind} {threshold}");
            advance(&plane, 60);
        }
    }
}

#[tokio::test]
async fn a_days_limit_lasts_to_midnight_utc() {
    let plane = plane_at(86_400 - 30).await;
    plane.grant(&json!([{"slug": GLM, "usage_limits": [{"type": "REQUEST", "unit": "DAY", "threshold": 1}]}]));
    let mut caller = Caller::connect(plane.address).await;
    assert_eq!(caller.call(&chat(GLM)).await.status, 200);
    assert_eq!(retry_after(&caller.call(&chat(GLM)).await), Some(30));
    advance(&plane, 30);
    assert_eq!(caller.call(&chat(GLM)).await.status, 200);
    // A wait that is longer than a program shall be told is told to whoever reads the message.
    let refused = caller.call(&chat(GLM)).await;
    assert_eq!((refused.status, retry_after(&refused), refused.header("retry-after-ms")), (429, None, None));
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    let said = "over the limit of 1 REQUEST per DAY of group grp; it resets at 1970-01-03T00:00:00.000000Z";
    assert_eq!(refused.json()["error"], said);
}

#[tokio::test]
async fn a_threshold_of_zero_blocks_and_never_reaches_the_upstream() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    plane.grant(&rate("TOKEN", "SECOND", 0));
    let refused = Caller::connect(plane.address).await.call(&chat(GLM)).await;
    assert_eq!((refused.status, retry_after(&refused)), (429, None));
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_stream_counts_as_under_way_until_it_ends_or_its_caller_goes() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    plane.grant(&rate("CONCURRENT_REQUEST", "MINUTE", 1));
    let mut other = Caller::connect(plane.address).await;
    for goes in [false, true] {
        let mut caller = Caller::connect(plane.address).await;
        caller.send(chat_stream(GLM)).await;
        let (_, mut connection) = upstream.answer_once(EVENTS).await;
        caller.head().await;
        assert_eq!(other.call(&chat(GLM)).await.status, 429);
        if goes {
            drop(caller);
            connection.closed().await;
        } else {
            connection.chunk("data: [DONE]\n\n").await;
            caller.chunk().await.unwrap();
        }
        other.send(chat(GLM)).await;
        let (_, _connection) = upstream.answer_once(&completion()).await;
        assert_eq!(other.answer().await.status, 200);
    }
}

#[tokio::test]
async fn of_32_racing_callers_on_a_limit_exactly_that_many_are_admitted() {
    let plane = plane_at(0).await;
    plane.grant(&rate("REQUEST", "MINUTE", 100));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let address = plane.address;
        callers.spawn(async move {
            let mut caller = Caller::connect(address).await;
            let mut admitted = 0;
            for _ in 0..10 {
                admitted += u32::from(caller.call(&chat(GLM)).await.status == 200);
            }
            admitted
        });
    }
    assert_eq!(callers.join_all().await.into_iter().sum::<u32>(), 100);
}
