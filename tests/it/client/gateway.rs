//! The real client against the real gateway over HTTP.

use futures_util::TryStreamExt;
use repoint::api::{CreateEndpoint, Endpoint, EndpointId, Slug, Target, UpdateEndpoint, UpsertSecret};
use repoint::client::{AuditQuery, Client, ErrorKind, Seen};
use secrecy::SecretString;
use url::Url;

use crate::support::gateway::TestGateway;

fn client(gateway: &TestGateway) -> Client {
    let mut options = super::options(gateway.management_url());
    options.key = SecretString::from(gateway.key());
    Client::new(options).unwrap()
}

fn create(slug: &str) -> CreateEndpoint {
    let targets = vec![Target::baseten("3kZ9xqd", None)];
    CreateEndpoint { slug: Slug::parse(slug).unwrap(), region: None, targets }
}

fn repoint(target: Target) -> UpdateEndpoint {
    UpdateEndpoint { slug: None, targets: Some(vec![target]) }
}

#[tokio::test]
async fn an_endpoint_lives_and_dies() {
    let gateway = TestGateway::start().await;
    let client = client(&gateway);
    let created = client.create_endpoint(&create("my-org/new")).await.unwrap();
    assert!(created.date.is_some());
    let id = created.body.id.clone();
    let update = repoint(Target::external(repoint::api::Provider::OpenAi, "no-such-secret", "gpt"));
    let error = client.update_endpoint(&id, &update, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.to_string().contains("secret_id"), "{error}");
    let renamed = UpdateEndpoint { slug: Some(Slug::parse("my-org/renamed").unwrap()), targets: None };
    let renamed = client.update_endpoint(&id, &renamed, Some(created.body.updated_at)).await.unwrap();
    assert!(renamed.revision > created.revision);
    let stale = repoint(Target::baseten("3kZ9xqd", Some("staging")));
    let error = client.update_endpoint(&id, &stale, Some(created.body.updated_at)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::PreconditionFailed, "{error}");
    assert!(error.was_not_done());
    assert_eq!(client.endpoint(&id).await.unwrap().body, renamed.body);
    assert_eq!(client.delete_endpoint(&id, None).await.unwrap().body.slug.as_str(), "my-org/renamed");
    let error = client.delete_endpoint(&id, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn every_refusal_of_section_2_has_its_kind_and_its_sentence() {
    let gateway = TestGateway::start().await;
    let client = client(&gateway);
    let taken = client.create_endpoint(&create("my-org/glm-5.2")).await.unwrap_err();
    assert_eq!(taken.kind, ErrorKind::Invalid);
    assert!(taken.to_string().contains("slug"), "{taken}");
    let foreign = client.create_endpoint(&create("their-org/x")).await.unwrap_err();
    assert_eq!(foreign.kind, ErrorKind::Invalid, "{foreign}");
    let cursor = client.endpoints_page(Some("no cursor"), 10).await.unwrap_err();
    assert_eq!(cursor.kind, ErrorKind::Invalid, "{cursor}");
    let gone = client.endpoint(&EndpointId::new("nobody")).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound, "{gone}");
    let nothing = client.update_endpoint(&EndpointId::new("nobody"), &UpdateEndpoint::default(), None).await;
    assert!(matches!(nothing.unwrap_err().kind, ErrorKind::Invalid | ErrorKind::NotFound));
}

#[tokio::test]
async fn wrong_keys_and_workspaces_without_the_gateway_are_told_apart() {
    let gateway = TestGateway::with(|options| options.not_onboarded = true).await;
    let onboarded_not = client(&gateway).endpoints_page(None, 10).await.unwrap_err();
    assert_eq!(onboarded_not.kind, ErrorKind::Forbidden);
    assert!(onboarded_not.hint.unwrap().contains("onboarded"));
    let mut options = super::options(gateway.management_url());
    options.key = SecretString::from("a-key-that-nobody-knows");
    let wrong = Client::new(options).unwrap().me().await.unwrap_err();
    assert_eq!(wrong.kind, ErrorKind::Unauthorized);
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing_while_others_write() {
    let gateway = TestGateway::start().await;
    let client = client(&gateway);
    for number in 0..25 {
        client.create_endpoint(&create(&format!("my-org/row-{number:02}"))).await.unwrap();
    }
    let before: Vec<Endpoint> = all(&client).await;
    let mut seen: Vec<EndpointId> = Vec::new();
    let mut pages = Box::pin(client.endpoints(7));
    let mut doomed = before.iter().rev().map(|endpoint| endpoint.id.clone());
    let mut deleted = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        seen.extend(page.body.items.into_iter().map(|endpoint| endpoint.id));
        // One that was read goes, one that is not read yet goes, one comes.
        client.delete_endpoint(&seen[seen.len() - 1], None).await.unwrap();
        if let Some(last) = doomed.next().filter(|id| !seen.contains(id)) {
            client.delete_endpoint(&last, None).await.unwrap();
            deleted.push(last);
        }
        client.create_endpoint(&create(&format!("my-org/late-{}", seen.len()))).await.unwrap();
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), seen.len(), "no row came twice");
    let stayed: Vec<_> = before.iter().map(|endpoint| &endpoint.id).filter(|id| !deleted.contains(id)).collect();
    assert!(stayed.iter().all(|id| seen.contains(id)), "every row that stayed was read");
}

async fn all(client: &Client) -> Vec<Endpoint> {
    let pages: Vec<_> = client.endpoints(1000).try_collect().await.unwrap();
    pages.into_iter().flat_map(|page| page.body.items).collect()
}

#[tokio::test]
async fn the_workspace_is_read_and_secrets_are_written() {
    let gateway = TestGateway::start().await;
    let client = client(&gateway);
    let models = client.models().await.unwrap().body.models;
    assert!(models.len() >= 6);
    assert!(!client.environments(&models[0].id).await.unwrap().body.environments.is_empty());
    assert!(!client.deployments(&models[0].id).await.unwrap().body.deployments.is_empty());
    let upsert = UpsertSecret { name: "new one".to_owned(), value: "very secret".to_owned() };
    let made = client.upsert_secret(&upsert).await.unwrap().body;
    let again = client.upsert_secret(&upsert).await.unwrap().body;
    assert_eq!(made.id, again.id, "a rotation keeps the id");
    assert!(client.secrets().await.unwrap().body.secrets.iter().any(|secret| secret.id == made.id));
    assert_eq!(client.delete_secret("new one").await.unwrap().body.name, "new one");
    assert!(client.me().await.unwrap().body.workspace_name.is_some());
}

#[tokio::test]
async fn a_change_is_in_effect_when_the_sync_report_says_so() {
    let gateway = TestGateway::start().await;
    let client = client(&gateway);
    let written = client.create_endpoint(&create("my-org/followed")).await.unwrap().revision.unwrap();
    assert!(client.sync_report().await.unwrap().body.applied_revision < written);
    assert!(client.sync_now().await.unwrap().body.applied_revision >= written);
    assert_eq!(client.is_local_gateway(), Some(true));
}

#[tokio::test]
async fn a_restart_in_the_middle_costs_nothing_that_was_answered() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    let before = client(&gateway);
    let made = before.create_endpoint(&create("my-org/kept")).await.unwrap().body;
    let mut pages = Box::pin(before.endpoints(5));
    assert!(pages.try_next().await.unwrap().is_some());
    gateway.restart().await;
    assert!(matches!(pages.try_next().await.unwrap_err().kind, ErrorKind::Unreachable { .. } | ErrorKind::Lost));
    let after = client(&gateway);
    assert_ne!(Url::parse(gateway.management_url()).unwrap().port(), None);
    assert_eq!(after.endpoint(&made.id).await.unwrap().body, made);
}

#[tokio::test]
async fn requests_are_followed_as_they_end() {
    let mut gateway = TestGateway::start().await;
    let client = client(&gateway);
    let pages: Vec<_> = client.groups(10).try_collect().await.unwrap();
    let group = pages.into_iter().flat_map(|page| page.body.items).find(|group| !group.models.is_empty()).unwrap();
    let key = client.mint_key(&group.id, &repoint::api::CreateKey::default()).await.unwrap().body;
    let slug = group.models[0].slug.clone();
    let call = {
        let body = serde_json::json!({"model": slug, "messages": [{"role": "user", "content": "hi"}]});
        let request = gateway.inference(reqwest::Method::POST, "/v1/chat/completions").json(&body);
        request.header("authorization", format!("Api-Key {}", key.api_key))
    };
    let mut stream = client.follow_requests(10).await.unwrap();
    assert_eq!(stream.next().await.unwrap(), Some(Seen::Live { replayed: 0 }));
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap();
    let Some(Seen::Request(report)) = stream.next().await.unwrap() else { panic!("no request is told") };
    assert_eq!((&report.slug, report.status, report.outcome.as_str()), (&slug, 200, "complete"));
    assert_eq!(report.api_key_prefix, Some(key.prefix.clone()));
    assert!(report.target.is_some() && report.latency_ms > 0.0 && report.first_byte_ms.is_some());
    // Who comes later is told of it first.
    let mut late = client.follow_requests(10).await.unwrap();
    assert_eq!(late.next().await.unwrap(), Some(Seen::Request(report.clone())));
    assert_eq!(late.next().await.unwrap(), Some(Seen::Live { replayed: 1 }));
    assert_eq!(client.requests_of(slug.as_str(), 10).await.unwrap().body.requests, [*report]);
    assert_eq!(client.requests_of("my-org/nothing", 10).await.unwrap().body.requests, []);
    gateway.stop().await;
    assert!(matches!(stream.next().await, Ok(None) | Err(_)));
}

#[tokio::test]
async fn changes_of_groups_are_told_by_a_gateway_of_ours_and_no_other_server_is_blamed_for_having_none() {
    let gateway = TestGateway::start().await;
    let group = serde_json::json!({"metadata": {"external_entity_id": "cust"}, "models": [{"slug": "my-org/glm-5.2"}]});
    assert_eq!(gateway.post("/v1/gateway/groups", &group).await.status, 200);
    let told = client(&gateway).own_audit(&AuditQuery::default()).await.unwrap();
    let types: Vec<_> = told.items.iter().map(|entry| entry.event_type.as_str()).collect();
    assert_eq!(types, ["GATEWAY_GROUP_CREATED"]);
    let other = wiremock::MockServer::start().await;
    for status in [404, 403, 405] {
        other.reset().await;
        let answer = wiremock::ResponseTemplate::new(status);
        wiremock::Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&other).await;
        let client = Client::new(super::options(&other.uri())).unwrap();
        assert!(client.own_audit(&AuditQuery::default()).await.unwrap().items.is_empty(), "{status}");
    }
}
