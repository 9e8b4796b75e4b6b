//! `--rollback-on-failure` from end to end: a new target that does not answer, and the old one back.

use std::time::Duration;

use repoint::gateway::Seed;
use serde_json::json;

use super::World;

/// A gateway that syncs often, with a group whose key the context names for probes.
async fn world() -> World {
    let world = World::with(|options| {
        options.sync_interval = Duration::from_millis(200);
        options.seed = Seed::Demo;
    })
    .await;
    world.run(&["groups", "create", "probes", "--grant", "my-org/glm-5.2"]).await.ended(0);
    let key = world.run(&["keys", "mint", "probes", "--quiet"]).await.ended(0).out;
    let path = world.file("probe.key", key.trim());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    world.configure(&format!("probe_key = {{ file = \"{path}\" }}"));
    world
}

async fn breaks(world: &World, model: &str) {
    let faults = json!({ "faults": [{ "model": model, "kind": "status", "status": 503 }] });
    let reply = world.gateway.request(reqwest::Method::PUT, "/repoint/v1/faults").body(faults.to_string());
    assert_eq!(crate::support::gateway::send(reply).await.status, 200);
}

async fn wanted(world: &World) -> String {
    let text = world.bare(&["export"]).await.ended(0).out;
    let at = text.find("my-org/glm-5.2\n").unwrap();
    let (before, after) = text.split_at(at);
    world.file("wanted.yaml", &format!("{before}{}", after.replacen("3kZ9xqd", "7qBv2Lm", 1)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_does_not_answer_is_taken_back_and_the_journal_tells_both() {
    let world = world().await;
    let file = wanted(&world).await;
    breaks(&world, "7qBv2Lm").await;
    let run = world.bare(&["apply", "-f", &file, "--yes", "--rollback-on-failure", "-o", "json"]).await.ended(1);
    let run = run.said("not serving").said("(503)").said("the old one was put back");
    let told = run.json();
    assert_eq!((&told["rolled_back"], &told["changes"][0]["outcome"]), (&json!(true), &json!("done")), "{told}");
    assert_eq!(told["changes"][0]["followed"]["seen"], "probe_failed");
    assert_eq!(world.target_of("my-org/glm-5.2").await["model_id"], "3kZ9xqd");
    let history = world.bare(&["history", "-c", "here", "-n", "2", "-o", "json"]).await.ended(0).json();
    assert_eq!((&history[1]["standing"], &history[0]["undoes"]), (&json!("undone"), &history[1]["id"]), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_answers_stays() {
    let world = world().await;
    let file = wanted(&world).await;
    let run = world.bare(&["apply", "-f", &file, "--yes", "--rollback-on-failure", "-o", "json"]).await.ended(0);
    assert_eq!(run.json()["changes"][0]["followed"]["proof"], "probe", "{run:?}");
    assert_eq!(world.target_of("my-org/glm-5.2").await["model_id"], "7qBv2Lm");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_call_the_slug_says_nothing_about_its_target() {
    let world = world().await;
    let create = ["endpoints", "create", "my-org/new", "--model-id", "7qBv2Lm", "--follow", "-o", "json"];
    let told = world.bare(&create).await.ended(0).json();
    assert_eq!(told["changes"][0]["followed"]["proof"], "sync_report", "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_asks_the_data_plane_with_the_probe_key() {
    let world = world().await;
    let told = async || {
        let checks = world.bare(&["doctor", "-o", "json"]).await.json();
        checks.as_array().unwrap().iter().find(|it| it["check"] == "data plane").cloned().unwrap()
    };
    let good = told().await;
    assert_eq!(good["verdict"], "good", "{good}");
    assert!(good["text"].as_str().unwrap().ends_with("the probe key may call 1 slug"), "{good}");
    let prefix = world.bare(&["keys", "list", "probes", "-o", "json"]).await.json()[0]["prefix"].clone();
    world.bare(&["keys", "revoke", "probes", prefix.as_str().unwrap(), "--yes"]).await.ended(0);
    let bad = told().await;
    assert_eq!(bad["verdict"], "bad", "{bad}");
    assert!(bad["hint"].as_str().unwrap().contains("revoked"), "{bad}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_probe_key_nothing_is_written() {
    let world = World::new().await;
    world.configure("");
    let file = wanted(&world).await;
    world.bare(&["apply", "-f", &file, "--yes", "--rollback-on-failure"]).await.ended(1).said("needs a probe_key");
    assert_eq!(world.target_of("my-org/glm-5.2").await["model_id"], "3kZ9xqd");
}
