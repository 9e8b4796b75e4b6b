//! A thousand re-points under load: no request fails, no stream breaks, and none mixes two targets.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use repoint::api::Target;

use super::caller::{Caller, chat, chat_stream};
use super::plane::{GLM, Plane};
use super::script::{Conversation, EVENTS, Script, json_answer};

const REPOINTS: u64 = 1_000;
const CALLERS: usize = 4;
const PIECES: usize = 5;

/// Says in each piece of its answer which model was asked for.
async fn answer(mut conversation: Conversation) {
    while let Some(arrived) = conversation.try_request().await {
        let asked = arrived.json();
        let model = asked["model"].as_str().unwrap();
        if asked["stream"] == true {
            conversation.send(EVENTS).await;
            for _ in 0..PIECES {
                let piece = format!(r#"{{"model":"{model}","choices":[{{"delta":{{"content":"<{model}>"}}}}]}}"#);
                conversation.chunk(&format!("data: {piece}\n\n")).await;
                // Others get their turn: a stream lasts over several re-points.
                tokio::task::yield_now().await;
            }
            conversation.chunk("data: [DONE]\n\n").await;
            conversation.send("0\r\n\r\n").await;
        } else {
            let body = format!(r#"{{"model":"{model}","choices":[{{"message":{{"content":"<{model}>"}}}}]}}"#);
            conversation.send(&json_answer(&body)).await;
        }
    }
}

fn target(revision: u64) -> Target {
    let mut target = Target::baseten("m", None);
    target.target_model = Some(format!("r{revision}"));
    target
}

/// Calls once and gives the revision that answered, which every piece of the answer must agree on.
async fn call(caller: &mut Caller, is_stream: bool) -> u64 {
    let request = if is_stream { chat_stream(GLM) } else { chat(GLM) };
    let answer = caller.call(&request).await;
    assert!(answer.status == 200 && answer.is_whole, "{} {}", answer.status, answer.body);
    let label = answer.header("x-repoint-target").unwrap();
    let revision: u64 = label.rsplit(' ').next().unwrap().parse().unwrap();
    let (said, expected) = (format!("<r{revision}>"), if is_stream { PIECES } else { 1 });
    assert_eq!(answer.body.matches(&said).count(), expected, "{label}: {}", answer.body);
    assert_eq!(answer.body.matches("<r").count(), expected, "{label}: {}", answer.body);
    assert!(!is_stream || answer.body.ends_with("data: [DONE]\n\n"));
    revision
}

#[tokio::test]
async fn a_thousand_repoints_under_load_fail_no_request_and_mix_no_answer() {
    let upstream = Script::start().await;
    let address = upstream.address;
    tokio::spawn(async move {
        loop {
            tokio::spawn(answer(upstream.accept().await));
        }
    });
    let plane = Plane::start(address).await;
    plane.serve(1, &[(GLM, target(1))]);
    let (calls, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..CALLERS {
        let (calls, is_over, address) = (Arc::clone(&calls), Arc::clone(&is_over), plane.address);
        callers.spawn(async move {
            let mut caller = Caller::connect(address).await;
            let mut seen = BTreeSet::new();
            let mut last = 0;
            while !is_over.load(Ordering::Relaxed) {
                let revision = call(&mut caller, number % 2 == 0).await;
                assert!(revision >= last, "{revision} answered after {last}");
                last = revision;
                seen.insert(revision);
                calls.fetch_add(1, Ordering::Relaxed);
            }
            seen
        });
    }
    for revision in 2..=REPOINTS {
        let before = calls.load(Ordering::Relaxed);
        plane.serve(revision, &[(GLM, target(revision))]);
        // The load goes on between: half of the re-points come while one call ends, half at once.
        while revision % 2 == 0 && calls.load(Ordering::Relaxed) == before {
            tokio::task::yield_now().await;
        }
    }
    // The next call of everybody is answered by the last.
    let mut caller = Caller::connect(plane.address).await;
    assert_eq!(call(&mut caller, true).await, REPOINTS);
    is_over.store(true, Ordering::Relaxed);
    let seen: BTreeSet<u64> = callers.join_all().await.into_iter().flatten().collect();
    assert!(seen.len() > 100, "only {} of the re-points were met by a call", seen.len());
    assert!(plane.shared.snapshots.in_flight().is_empty());
    let made = usize::try_from(calls.load(Ordering::Relaxed)).unwrap() + 1;
    assert_eq!(plane.stop().await.len(), made, "each call has its event");
}
