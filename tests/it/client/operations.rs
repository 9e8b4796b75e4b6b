//! What goes over the wire, operation by operation.

use std::time::Duration;

use futures_util::TryStreamExt;
use repoint::api::{
    CreateEndpoint, CreateGroup, CreateKey, EndpointId, GroupId, GroupMetadata, KeyPrefix, ModelId, Slug, Target, Time,
    Unknown, UpdateEndpoint, UpdateGroup, UpsertSecret,
};
use repoint::client::{AuditQuery, EventsQuery};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{ENDPOINT, KEY, client};

fn endpoint() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(ENDPOINT, "application/json")
}

#[tokio::test]
async fn the_key_goes_into_the_header_and_the_answers_headers_come_back() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v1/gateway/endpoints/abc123"))
        .and(header("authorization", format!("Api-Key {KEY}")))
        .respond_with(
            endpoint().insert_header("x-repoint-revision", "42").insert_header("date", "Sun, 22 Nov 2026 13:30:02 GMT"),
        )
        .mount(&server)
        .await;
    let answer = client(&server).endpoint(&EndpointId::new("abc123")).await.unwrap();
    assert_eq!(answer.revision, Some(42));
    assert_eq!(answer.date, Some(Time::parse("2026-11-22T13:30:02Z").unwrap()));
    assert_eq!(answer.body.slug.as_str(), "my-org/glm-5.2");
}

#[tokio::test]
async fn what_is_not_known_survives_a_read_and_a_write() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(endpoint()).mount(&server).await;
    Mock::given(method("PATCH"))
        .and(path("/v1/gateway/endpoints/abc123"))
        .and(header("content-type", "application/json"))
        .and(header("if-match", "2026-06-17T12:00:00.000123Z"))
        .and(body_json(json!({"targets": [{"provider": "GROQ", "target_model": "new", "speed": {"tier": 1}}]})))
        .respond_with(endpoint())
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server);
    let read = client.endpoint(&EndpointId::new("abc123")).await.unwrap().body;
    let mut targets = read.targets.clone();
    targets[0].target_model = Some("new".to_owned());
    let update = UpdateEndpoint { slug: None, targets: Some(targets) };
    let written = client.update_endpoint(&read.id, &update, Some(read.updated_at)).await.unwrap().body;
    let sent: Value = serde_json::from_str(ENDPOINT).unwrap();
    assert_eq!(serde_json::to_value(&written).unwrap()["owner"], sent["owner"]);
    assert_eq!(serde_json::to_value(&written).unwrap()["region"], "MARS");
}

#[tokio::test]
async fn pages_are_handed_on_as_they_come_and_followed_to_the_end() {
    let server = MockServer::start().await;
    let page = |has_more: bool, cursor: Option<&str>| {
        let items: Vec<Value> = vec![serde_json::from_str(ENDPOINT).unwrap()];
        ResponseTemplate::new(200)
            .set_body_json(json!({"items": items, "pagination": {"has_more": has_more, "cursor": cursor}}))
    };
    Mock::given(query_param("limit", "7"))
        .and(query_param_is_missing("cursor"))
        .respond_with(page(true, Some("a+b/c=")))
        .mount(&server)
        .await;
    Mock::given(query_param("cursor", "a+b/c=")).respond_with(page(false, None)).mount(&server).await;
    let pages: Vec<_> = client(&server).endpoints(7).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.body.items.len()).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn a_dropped_stream_reads_no_further_page() {
    let server = MockServer::start().await;
    let body = json!({"items": [], "pagination": {"has_more": true, "cursor": "next"}});
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    let client = client(&server);
    let mut pages = Box::pin(client.groups(10));
    assert!(pages.try_next().await.unwrap().is_some());
    drop(pages);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

/// Does every operation and notes what was sent. The answers do not matter here: `{}` is malformed for all.
async fn sent() -> Vec<String> {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .mount(&server)
        .await;
    let client = client(&server);
    let (group, prefix, model) = (GroupId::new("g/1"), KeyPrefix::new("sky_a"), ModelId::new("m"));
    let endpoint = EndpointId::new("e");
    let create = CreateEndpoint {
        slug: Slug::parse("my-org/a").unwrap(),
        region: None,
        targets: vec![Target::baseten("m", Some("staging"))],
    };
    let metadata = GroupMetadata { name: None, external_entity_id: "c".to_owned(), unknown: Unknown::new() };
    let group_create = CreateGroup { metadata, models: Vec::new(), hierarchy: None };
    drop(client.create_endpoint(&create).await);
    drop(client.delete_endpoint(&endpoint, None).await);
    drop(client.groups_page(None, 5, Some("cust 42")).await);
    drop(client.group(&group).await);
    drop(client.create_group(&group_create).await);
    drop(client.update_group(&group, &UpdateGroup::default()).await);
    drop(client.delete_group(&group).await);
    drop(client.group_usage(&group).await);
    drop(client.keys_page(&group, Some("c"), 5).await);
    drop(client.mint_key(&group, &CreateKey::default()).await);
    drop(client.register_key(&group, br#"{"key": "x"}"#.to_vec(), "c2lnbmF0dXJl").await);
    drop(client.key(&group, &prefix).await);
    drop(client.revoke_key(&group, &prefix).await);
    drop(client.models().await);
    drop(client.environments(&model).await);
    drop(client.deployments(&model).await);
    drop(client.secrets().await);
    drop(client.upsert_secret(&UpsertSecret { name: "n".to_owned(), value: "v".to_owned() }).await);
    drop(client.delete_secret("a b").await);
    drop(client.me().await);
    let start = Time::parse("2026-11-22T00:00:00Z").unwrap();
    let event_type_groups = vec!["GATEWAY".to_owned(), "SECRETS".to_owned()];
    drop(client.audit_logs(&AuditQuery { start: Some(start), event_type_groups, ..AuditQuery::default() }).await);
    drop(client.own_audit(&AuditQuery { limit: Some(9), ..AuditQuery::default() }).await);
    let keys = vec!["k1".to_owned(), "k2".to_owned()];
    drop(client.events(&EventsQuery { start: Some(start), api_keys: keys, ..EventsQuery::default() }).await);
    drop(client.sync_report().await);
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(line).collect()
}

fn line(request: &Request) -> String {
    let query = request.url.query().map_or(String::new(), |query| format!("?{query}"));
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {}{query} {body}", request.method, request.url.path()).trim_end().to_owned()
}

#[tokio::test]
async fn every_operation_sends_what_the_contract_says() {
    insta::assert_snapshot!(sent().await.join("\n"));
}

#[tokio::test]
async fn the_sync_report_is_asked_for_once_where_it_is_not_there() {
    let server = MockServer::start().await;
    Mock::given(path("/repoint/v1/sync")).respond_with(ResponseTemplate::new(404)).expect(1).mount(&server).await;
    let client = client(&server);
    assert_eq!(client.is_local_gateway(), None);
    for _ in 0..3 {
        assert_eq!(client.clone().sync_report().await.unwrap_err().status(), Some(404));
    }
    assert!(client.sync_now().await.is_err());
    assert_eq!(client.is_local_gateway(), Some(false));
}

#[tokio::test]
async fn an_outage_says_nothing_about_the_sync_report() {
    let server = MockServer::start().await;
    Mock::given(path("/repoint/v1/sync"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(3)
        .mount(&server)
        .await;
    let report = json!({"interval_seconds": 60, "revision": 3, "applied_revision": 2,
        "last_sync_at": "2026-11-22T00:00:00Z", "next_sync_at": "2026-11-22T00:01:00Z"});
    Mock::given(path("/repoint/v1/sync"))
        .respond_with(ResponseTemplate::new(200).set_body_json(report))
        .mount(&server)
        .await;
    let client = client(&server);
    assert!(client.sync_report().await.is_err());
    assert_eq!(client.sync_report().await.unwrap().body.applied_revision, 2);
    assert_eq!(client.is_local_gateway(), Some(true));
    assert!(client.log().entries().iter().all(|entry| entry.took < Duration::from_secs(5)));
}
