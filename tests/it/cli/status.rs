//! `repoint status` and `repoint wait`.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::World;

const REPOINT: [&str; 5] = ["endpoints", "repoint", "my-org/glm-5.2", "--model-id", "7qBv2Lm"];

#[tokio::test(flavor = "multi_thread")]
async fn a_change_waits_and_is_verified_after_the_sync() {
    let world = World::new().await;
    let state = async || {
        let status = world.run(&["status", "my-org/glm-5.2", "-o", "json"]).await.ended(0).json();
        status["endpoints"][0].clone()
    };
    assert_eq!(state().await["state"], "live");
    world.run(&REPOINT).await.ended(0);
    let waiting = state().await;
    assert_eq!((waiting["state"].as_str(), waiting["in_effect"].as_bool()), (Some("waiting"), Some(false)));
    world.run(&["wait", "my-org/glm-5.2", "--timeout", "100ms"]).await.ended(4).said("given up");
    world.gateway.sync().await;
    assert_eq!(state().await["state"], "verified");
    world.run(&["wait", "my-org/glm-5.2", "glm-5.2-air"]).await.ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_when_the_gateway_syncs() {
    let world = World::with(|options| options.sync_interval = Duration::from_millis(300)).await;
    world.run(&REPOINT).await.ended(0);
    world.run(&["wait", "my-org/glm-5.2", "--timeout", "60s"]).await.ended(0);
    let follow = ["endpoints", "repoint", "my-org/glm-5.2", "--model-id", "3kZ9xqd", "--follow", "-o", "json"];
    let json = world.run(&follow).await.ended(0).json();
    assert_eq!(json["changes"][0]["followed"]["seen"], "in_effect");
    assert_eq!(json["changes"][0]["followed"]["proof"], "sync_report");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_changed_has_drifted() {
    let world = World::new().await;
    world.run(&REPOINT).await.ended(0);
    let id = world.run(&["ep", "get", "my-org/glm-5.2", "-o", "json"]).await.json()["id"].as_str().unwrap().to_owned();
    let body = serde_json::json!({"targets": [{"provider": "BASETEN", "model_id": "5mWc8Hd"}]});
    world.gateway.patch(&format!("/v1/gateway/endpoints/{id}"), &body).await;
    world.gateway.sync().await;
    let status = world.run(&["status", "my-org/glm-5.2", "-o", "json"]).await.ended(0).json();
    assert_eq!(status["endpoints"][0]["state"], "drifted");
    assert_eq!(status["endpoints"][0]["in_effect"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_adds_a_line_for_every_change() {
    let world = World::with(|options| options.sync_interval = Duration::from_millis(500)).await;
    let words = ["--url", world.gateway.management_url(), "status", "my-org/glm-5.2", "--watch", "-o", "json"];
    let mut child = world.program().args(words).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || -> Value { serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap() };
    assert_eq!(next().await["state"], "live");
    world.run(&REPOINT).await.ended(0);
    // What is seen first depends on when it looks; in the end it is in effect, and routed anew.
    let changed = loop {
        let line = next().await;
        if line["in_effect"] == true {
            break line;
        }
        assert_eq!(line["state"], "waiting");
    };
    assert_eq!(changed["targets"][0]["model_id"], "7qBv2Lm");
    // Another program of this machine writes: that is no drift, once its journal tells of it.
    world.run(&["endpoints", "repoint", "my-org/glm-5.2", "--model-id", "5mWc8Hd"]).await.ended(0);
    let again = loop {
        let line = next().await;
        if line["in_effect"] == true && line["targets"][0]["model_id"] == "5mWc8Hd" && line["state"] != "drifted" {
            break line;
        }
    };
    assert_eq!(again["state"], "verified", "{again}");
    crate::support::pty::kill("-INT", child.id().unwrap());
    assert!(child.wait().await.unwrap().success(), "Ctrl-C is how it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_without_a_name_cannot_be_waited_for() {
    let world = World::new().await;
    world.run(&["wait", "my-org/glm-52"]).await.ended(1).said("did you mean my-org/glm-5.2");
    world.run(&["wait"]).await.ended(64);
}
