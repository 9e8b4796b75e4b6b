//! What the gateway forgets, and that it forgets nothing else.

use std::time::Duration;

use repoint::api::{AuditLogs, Endpoint, Event, EventTokens, KeyPrefix, Page, Slug, Time, Unknown};

use crate::support::gateway::TestGateway;

fn event(number: u64, timestamp: Time) -> Event {
    Event {
        kind: "API_BILLING_USAGE".to_owned(),
        idempotency_key: format!("event-{number}"),
        timestamp,
        request_id: format!("request-{number}"),
        model_slug: Slug::parse("my-org/glm-5.2").unwrap(),
        external_entity_id: "customer".to_owned(),
        api_key_prefix: KeyPrefix::new("sky_000000000000"),
        tokens: EventTokens::default(),
        tokens_are_estimated: false,
        outcome: None,
        unknown: Unknown::new(),
    }
}

async fn audit(gateway: &TestGateway) -> AuditLogs {
    gateway.get("/v1/audit_logs?limit=200").await.body()
}

async fn events(gateway: &TestGateway) -> Page<Event> {
    gateway.get("/v1/gateway/events?start_time=1970-01-01T00:00:00Z&limit=1000").await.body()
}

#[tokio::test]
async fn the_newest_rows_of_the_audit_log_stay() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    gateway.endpoint("my-org/last-but-one").await;
    gateway.endpoint("my-org/last").await;
    let before = gateway.get("/v1/gateway/endpoints").await;
    gateway.restart_with(|options| options.retention.audit.rows_max = 2).await;
    // Every look is a round trip; old rows go right after the start.
    let mut log = audit(&gateway).await;
    while log.items.len() > 2 {
        log = audit(&gateway).await;
    }
    let slugs: Vec<_> = log.items.iter().filter_map(|entry| entry.event_data.slug.as_deref()).collect();
    assert_eq!(slugs, ["my-org/last", "my-org/last-but-one"]);
    let after = gateway.get("/v1/gateway/endpoints").await;
    assert_eq!((after.revision(), &after.text), (before.revision(), &before.text), "nothing else has moved");
    assert_eq!(after.body::<Page<Endpoint>>().items.len(), 16);
}

#[tokio::test]
async fn events_go_when_they_are_too_old() {
    let mut gateway = TestGateway::on_disk(|options| options.retention.events.age_max = Duration::MAX).await;
    let now = gateway.gateway().shared().clock.now();
    // More than one piece of old ones.
    let old = (0..2_500).map(|number| event(number, now.minus(Duration::from_hours(2))));
    let new = (2_500..2_503).map(|number| event(number, now));
    gateway.gateway().books().keep_events(old.chain(new).collect::<Vec<_>>()).await.unwrap();
    assert!(events(&gateway).await.pagination.has_more);
    gateway.restart_with(|options| options.retention.events.age_max = Duration::from_hours(1)).await;
    let mut page = events(&gateway).await;
    while page.items.len() > 3 {
        page = events(&gateway).await;
    }
    let keys: Vec<_> = page.items.iter().map(|event| event.idempotency_key.as_str()).collect();
    assert_eq!(keys, ["event-2500", "event-2501", "event-2502"]);
}
