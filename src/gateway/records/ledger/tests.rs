use super::*;
use crate::api::{EndpointId, EventTokens, Group, GroupId, KeyPrefix, Slug, Target, Time};
use crate::gateway::records::record::{Outcome, RequestId};
use crate::gateway::routing::snapshot::Route;
use crate::gateway::rules::access::{Access, Key, KeyDigest, KeyRow};

fn key() -> Arc<Key> {
    let access = Access::default();
    let group: Group = serde_json::from_value(serde_json::json!({
        "id": "g", "metadata": {"name": null, "external_entity_id": "customer"}, "models": [],
        "hierarchy": {"limit_enforcement": "INDEPENDENT", "parent_group_id": null}, "created_at": "2026-06-17T12:00:00Z",
    }))
    .unwrap();
    let row = KeyRow { digest: KeyDigest::of(b"k"), prefix: KeyPrefix::from("sky_x"), group: GroupId::from("g") };
    access.load([group], [row]);
    access.find(b"k").unwrap()
}

fn route() -> Arc<Route> {
    let target = Target::baseten("m", None).into();
    Arc::new(Route { id: EndpointId::new("ep"), slug: Slug::from_wire("my-org/glm"), target, created_at: Time::EPOCH })
}

fn record(number: u128, status: u16, outcome: Outcome) -> Record {
    Record {
        id: RequestId(uuid::Uuid::from_u128(number)),
        ended_at: Time::EPOCH,
        path: "/v1/chat/completions",
        status,
        outcome,
        model: "my-org/glm".to_owned(),
        route: Some(route()),
        revision: 1,
        key: Some(key()),
        upstream_has_it: true,
        tokens: EventTokens { input_tokens: 1, output_tokens: 2, cached_input_tokens: 0 },
        tokens_are_estimated: false,
        is_stream: false,
        latency: Duration::from_millis(3),
        upstream: None,
        first_byte: None,
    }
}

#[test]
fn only_what_was_served_has_an_event() {
    let event = record(7, 200, Outcome::Complete).event().unwrap();
    assert_eq!(event.request_id, format!("{:032x}", 7));
    assert_eq!((event.model_slug, event.external_entity_id.as_str()), (Slug::from_wire("my-org/glm"), "customer"));
    assert_eq!((event.tokens_are_estimated, event.outcome), (false, None));
    assert_eq!(record(7, 200, Outcome::CallerGone).event().unwrap().outcome.as_deref(), Some("caller_gone"));
    assert_eq!(record(7, 200, Outcome::UpstreamError).event().unwrap().outcome.as_deref(), Some("upstream_error"));
    let estimated = Record { tokens_are_estimated: true, ..record(7, 200, Outcome::Complete) };
    assert!(estimated.event().unwrap().tokens_are_estimated);
    // Who went before the answer began is served once the upstream has the request.
    assert!(record(7, 499, Outcome::CallerGone).event().is_some());
    assert!(Record { upstream_has_it: false, ..record(7, 499, Outcome::CallerGone) }.event().is_none());
    assert!(record(7, 500, Outcome::Complete).event().is_none());
    assert!(record(7, 404, Outcome::Refused).event().is_none());
    let list_of_models = Record { route: None, ..record(7, 200, Outcome::Complete) };
    assert!(list_of_models.event().is_none());
}

#[tokio::test]
async fn every_event_reaches_a_sink_that_fails_at_first_once_and_in_order() {
    let ledger = Ledger::default();
    let (metrics, traffic) = (Metrics::default(), Traffic::default());
    let kept: Arc<Mutex<Vec<String>>> = Arc::default();
    let tries = Arc::new(AtomicU64::new(0));
    let (kept_by_sink, tries_of_sink, stop) = (Arc::clone(&kept), Arc::clone(&tries), CancellationToken::new());
    let sink: EventSink = Arc::new(move |batch| {
        let is_first = tries_of_sink.fetch_add(1, Ordering::Relaxed) == 0;
        let kept = Arc::clone(&kept_by_sink);
        Box::pin(async move {
            if is_first {
                return Err("down".to_owned());
            }
            kept.lock().unwrap().extend(batch.events().map(|event| event.request_id));
            Ok(())
        })
    });
    (0..2_500).for_each(|number| ledger.push(record(number, 200, Outcome::Complete)));
    stop.cancel();
    ledger.deliver_to(sink);
    ledger.run(&metrics, &traffic, 10_000, stop).await;
    let expected: Vec<String> = (0..2_500).map(|number| format!("{number:032x}")).collect();
    assert_eq!(*kept.lock().unwrap(), expected);
    assert_eq!(ledger.lost(), (0, 0));
}

#[tokio::test]
async fn events_that_nobody_takes_have_a_bound_and_the_oldest_go() {
    let ledger = Ledger::default();
    let kept: Arc<Mutex<Vec<u128>>> = Arc::default();
    let kept_by_sink = Arc::clone(&kept);
    ledger.deliver_to(Arc::new(move |batch| {
        let ids = batch.events().map(|event| u128::from_str_radix(&event.request_id, 16).unwrap());
        kept_by_sink.lock().unwrap().extend(ids);
        Box::pin(std::future::ready(Ok(())))
    }));
    (0..10).for_each(|number| ledger.push(record(number, 200, Outcome::Complete)));
    let stop = CancellationToken::new();
    stop.cancel();
    ledger.run(&Metrics::default(), &Traffic::default(), 4, stop).await;
    assert_eq!((kept.lock().unwrap().as_slice(), ledger.lost()), ([6, 7, 8, 9].as_slice(), (0, 6)));
}

#[test]
fn a_queue_that_nobody_takes_drops_the_oldest_and_counts() {
    let ledger = Ledger::default();
    let key = key();
    for number in 0..RECORDS_MAX as u128 + 5 {
        ledger.push(Record { key: Some(Arc::clone(&key)), ..record_without_key(number) });
    }
    assert_eq!(ledger.lost(), (5, 0));
    assert_eq!(ledger.queue.lock().unwrap().front().unwrap().id.0.as_u128(), 5);
}

fn record_without_key(number: u128) -> Record {
    Record {
        id: RequestId(uuid::Uuid::from_u128(number)),
        ended_at: Time::EPOCH,
        path: "/v1/embeddings",
        status: 200,
        outcome: Outcome::Complete,
        model: String::new(),
        route: None,
        revision: 1,
        key: None,
        tokens: EventTokens::default(),
        upstream_has_it: false,
        tokens_are_estimated: false,
        is_stream: false,
        latency: Duration::ZERO,
        upstream: None,
        first_byte: None,
    }
}
