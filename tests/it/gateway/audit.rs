//! `/v1/audit_logs`: rows are written with what they tell of.

use repoint::api::{AuditEntry, AuditLogs, Endpoint, PUBLISHED_EVENT_TYPES};
use reqwest::Method;
use serde_json::json;

use crate::support::gateway::{TestGateway, send};

#[tokio::test]
async fn every_write_leaves_one_row_with_who_and_what() {
    let gateway = TestGateway::start().await;
    let made = gateway.endpoint("my-org/a").await;
    let path = format!("/v1/gateway/endpoints/{}", made.id);
    let renamed = gateway.request(Method::PATCH, &path).header("user-agent", "repoint/9.9 (x)");
    send(renamed.body(r#"{"slug":"my-org/b"}"#)).await.body::<Endpoint>();
    gateway.patch(&path, &json!({"slug": "my-org/glm-5.2"})).await.is_error(400, "VALIDATION_ERROR", "");
    gateway.delete(&path).await;
    let log: AuditLogs = gateway.get("/v1/audit_logs?event_type_groups=GATEWAY&sources=API").await.body();
    let told: Vec<_> =
        log.items.iter().map(|entry| (entry.event_type.as_str(), entry.event_data.slug.as_deref().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("GATEWAY_ENDPOINT_DELETED", "my-org/b"),
            ("GATEWAY_ENDPOINT_UPDATED", "my-org/b"),
            ("GATEWAY_ENDPOINT_CREATED", "my-org/a"),
        ]
    );
    let update = &log.items[1];
    assert_eq!(update.event_data.unknown["previous_slug"], "my-org/a");
    assert_eq!(update.event_data.gateway_endpoint_id.as_deref(), Some(made.id.as_str()));
    assert_eq!(update.actor.kind, "API_KEY");
    assert_eq!((update.client_name.as_deref(), update.client_version.as_deref()), (Some("repoint"), Some("9.9")));
}

#[tokio::test]
async fn an_update_that_is_no_rename_has_a_null_previous_slug() {
    let gateway = TestGateway::start().await;
    let made = gateway.endpoint("my-org/a").await;
    let body = json!({"targets": [{"provider": "BASETEN", "model_id": "7qBv2Lm"}]});
    gateway.patch(&format!("/v1/gateway/endpoints/{}", made.id), &body).await;
    let entry = gateway.get("/v1/audit_logs?limit=1").await.json()["items"][0].clone();
    assert_eq!(entry["event_data"]["event_type"], "GATEWAY_ENDPOINT_UPDATED");
    assert!(entry["event_data"].as_object().unwrap().contains_key("previous_slug"));
    assert!(entry["event_data"]["previous_slug"].is_null());
}

#[tokio::test]
async fn the_log_pages_both_ways_without_a_gap() {
    let gateway = TestGateway::start().await;
    for number in 0..7 {
        gateway.endpoint(&format!("my-org/n{number}")).await;
    }
    let mut both = Vec::new();
    for direction in ["DESC", "ASC"] {
        let mut entries: Vec<AuditEntry> = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/audit_logs?direction={direction}&limit=3&cursor={cursor}");
            let page: AuditLogs = gateway.get(&path).await.body();
            entries.extend(page.items);
            match page.pagination.cursor {
                Some(next) if page.pagination.has_more => cursor = next,
                _ => break,
            }
        }
        both.push(entries);
    }
    both[1].reverse();
    assert_eq!(both[0].len(), 14 + 7);
    assert_eq!(both[0], both[1]);
}

#[tokio::test]
async fn the_log_is_searched_and_filtered() {
    let gateway = TestGateway::start().await;
    gateway.post("/v1/secrets", &json!({"name": "zebra", "value": "s3cr3t-value"})).await;
    let count = async |query: &str| {
        let reply = gateway.get(&format!("/v1/audit_logs?limit=200&{query}")).await;
        assert!(!reply.text.contains("s3cr3t"), "{}", reply.text);
        reply.body::<AuditLogs>().items.len()
    };
    assert_eq!(count("search=ZEBRA").await, 1);
    assert_eq!(count("event_type_groups=SECRETS").await, 1);
    assert_eq!(count("event_type_groups=SECRETS&event_type_groups=GATEWAY").await, 15);
    assert_eq!(count("event_type_groups=SSH").await, 0);
    assert_eq!(count("user_ids=u1").await, 0);
    assert_eq!(count("sources=SYSTEM").await, 14);
    assert_eq!(count("end_epoch_millis=0").await, 0);
    assert_eq!(count("start_epoch_millis=0").await, 15);
    for bad in ["limit=201", "direction=UP", "event_type_groups=X", "sources=X", "cursor=zz", "start_epoch_millis=x"] {
        gateway.get(&format!("/v1/audit_logs?{bad}")).await.is_error(400, "VALIDATION_ERROR", "");
    }
}

#[tokio::test]
async fn the_published_log_has_published_types_alone_and_the_rest_is_told_beside_it() {
    let gateway = TestGateway::start().await;
    let group = json!({"metadata": {"external_entity_id": "cust"}, "models": [{"slug": "my-org/glm-5.2"}]});
    let group = gateway.post("/v1/gateway/groups", &group).await.json();
    let path = format!("/v1/gateway/groups/{}", group["id"].as_str().unwrap());
    gateway.post(&format!("{path}/api_keys"), &json!({})).await;
    gateway.post("/v1/secrets", &json!({"name": "zebra", "value": "s3cr3t-value"})).await;
    gateway.patch(&path, &json!({"models": []})).await;
    gateway.delete(&path).await;
    let types = async |path: &str| {
        let log: AuditLogs = gateway.get(path).await.body();
        log.items.into_iter().map(|entry| entry.event_type).collect::<Vec<_>>()
    };
    let published = types("/v1/audit_logs?limit=200&sources=API").await;
    assert!(published.iter().all(|kind| PUBLISHED_EVENT_TYPES.contains(&kind.as_str())), "{published:?}");
    assert!(["SECRET_UPDATED", "API_KEY_CREATED"].iter().all(|kind| published.iter().any(|told| told == kind)));
    let own = types("/repoint/v1/audit?direction=ASC&limit=2").await;
    assert_eq!(own, ["GATEWAY_GROUP_CREATED", "GATEWAY_GROUP_UPDATED"]);
    assert_eq!(types("/repoint/v1/audit").await.len(), 3);
    // A cursor of the one is none of the other's.
    let cursor =
        gateway.get("/repoint/v1/audit?limit=1").await.json()["pagination"]["cursor"].as_str().unwrap().to_owned();
    gateway.get(&format!("/v1/audit_logs?cursor={cursor}")).await.is_error(400, "VALIDATION_ERROR", "cursor");
    assert_eq!(types(&format!("/repoint/v1/audit?limit=1&cursor={cursor}")).await, ["GATEWAY_GROUP_UPDATED"]);
}
