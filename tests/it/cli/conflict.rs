//! Somebody else writes between the read and the write; a program dies in the middle.

use repoint::api::{Endpoint, EndpointId, Slug, Target, Time, Unknown};
use repoint::plan::history::Author;
use repoint::plan::journal::Bounds;
use repoint::plan::{Change, Journal, Plan};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::World;

fn endpoint(model: &str, updated_at: &str) -> Value {
    json!({
        "id": "ep1", "slug": "my-org/a", "region": "UNRESTRICTED",
        "targets": [{"provider": "BASETEN", "model_id": model}],
        "created_at": "2026-06-17T12:00:00Z", "updated_at": updated_at,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_somebody_else_stops_the_write_and_shows_three_versions() {
    let world = World::new().await;
    let server = MockServer::start().await;
    let list = json!({"items": [endpoint("old", "2026-06-17T12:00:00Z")], "pagination": {"has_more": false}});
    let endpoints = "/v1/gateway/endpoints";
    Mock::given(method("GET"))
        .and(path(endpoints))
        .respond_with(ResponseTemplate::new(200).set_body_json(list))
        .mount(&server)
        .await;
    let theirs = endpoint("theirs", "2026-06-18T12:00:00Z");
    let now = ResponseTemplate::new(200).set_body_json(theirs);
    Mock::given(method("GET")).and(path(format!("{endpoints}/ep1"))).respond_with(now).mount(&server).await;
    Mock::given(method("PATCH")).respond_with(ResponseTemplate::new(500)).expect(0).mount(&server).await;

    let target = r#"{"provider":"BASETEN","model_id":"mine"}"#;
    let words = ["--url", &server.uri(), "endpoints", "repoint", "my-org/a", "--target", target, "-o", "json"];
    let run = world.bare(&words).await.ended(3);
    assert_eq!(run.json()["changes"][0]["outcome"], "conflict");
    run.said("nothing of it was written").said("ON THE SERVER").said("theirs").said("mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_program_died_is_finished() {
    let world = World::new().await;
    let url = format!("{}/", world.gateway.management_url());
    let before: Endpoint =
        serde_json::from_value(world.run(&["ep", "get", "my-org/glm-5.2", "-o", "json"]).await.ended(0).json())
            .unwrap();
    let new = Endpoint {
        id: EndpointId::new("unused"),
        slug: Slug::parse("my-org/unused").unwrap(),
        region: None,
        targets: vec![Target::baseten("5mWc8Hd", None)],
        created_at: Time::EPOCH,
        updated_at: Time::EPOCH,
        unknown: Unknown::new(),
    };
    let plan = Plan::new([Change::repoint(&before, Target::baseten("7qBv2Lm", None)), Change::create((&new).into())]);
    let journal = Journal::open(world.home.path().join(".local/state/repoint/journal"), Bounds::default()).unwrap();
    let author = Author { who: "tester@here".to_owned(), context: "127.0.0.1".to_owned(), server: url };
    drop(journal.begin(&plan, &author, None).unwrap());

    let open = world.bare(&["history", "-o", "json"]).await.ended(0).json();
    assert_eq!(open[0]["standing"], "not finished");
    world.run(&["apply", "--resume", "--dry-run"]).await.ended(0);
    world.run(&["apply", "--resume", "--yes"]).await.ended(0).said("going on with");
    assert_eq!(world.target_of("my-org/glm-5.2").await["model_id"], "7qBv2Lm");
    assert_eq!(world.target_of("my-org/unused").await["model_id"], "5mWc8Hd");
    world.run(&["apply", "--resume", "--yes"]).await.ended(1).said("was interrupted");
    world.run(&["undo", "--yes"]).await.ended(0);
}
