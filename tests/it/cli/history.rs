//! `repoint history` and `repoint undo`.

use serde_json::json;

use super::World;

const REPOINT: [&str; 5] = ["endpoints", "repoint", "my-org/glm-5.2", "--model-id", "7qBv2Lm"];

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_undone_and_done_again() {
    let world = World::new().await;
    let before = world.target_of("my-org/glm-5.2").await;
    world.run(&REPOINT).await.ended(0);
    let after = world.target_of("my-org/glm-5.2").await;
    assert_ne!(before, after);
    world.run(&["undo"]).await.ended(64).said("--yes");
    world.run(&["undo", "--yes"]).await.ended(0).said("undoing");
    assert_eq!(world.target_of("my-org/glm-5.2").await, before);
    world.run(&["undo", "--yes"]).await.ended(1).said("there is nothing to undo");

    let history = world.bare(&["history", "-o", "json"]).await.ended(0).json();
    assert_eq!(history.as_array().unwrap().len(), 2);
    assert_eq!((&history[0]["standing"], &history[1]["standing"]), (&json!("done"), &json!("undone")));
    assert_eq!(history[0]["undoes"], history[1]["id"]);
    assert!(history[0]["who"].as_str().unwrap().starts_with("tester@"));
    let id = history[0]["id"].as_str().unwrap();
    world.run(&["undo", &id[id.len() - 8..], "--yes"]).await.ended(0);
    assert_eq!(world.target_of("my-org/glm-5.2").await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_is_refused_where_somebody_has_written_since() {
    let world = World::new().await;
    let id = world.run(&["ep", "get", "my-org/glm-5.2", "-o", "json"]).await.json()["id"].as_str().unwrap().to_owned();
    world.run(&REPOINT).await.ended(0);
    let body = json!({"targets": [{"provider": "BASETEN", "model_id": "5mWc8Hd"}]});
    world.gateway.patch(&format!("/v1/gateway/endpoints/{id}"), &body).await;
    world.run(&["undo", "--yes"]).await.ended(1).said("somebody changed the endpoint since");
    assert_eq!(world.target_of("my-org/glm-5.2").await["model_id"], "5mWc8Hd");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_shown_by_the_end_of_its_id() {
    let world = World::new().await;
    world.run(&REPOINT).await.ended(0);
    let table = world.bare(&["history"]).await.ended(0).out;
    let short = table.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let shown = world.bare(&["history", &short]).await.ended(0).out;
    assert!(shown.contains("+ target.model_id: 7qBv2Lm") && shown.contains("standing"), "{shown}");
    world.bare(&["history", "ffffffff-no"]).await.ended(1).said("the history has no entry");
    world.bare(&["history", "--local"]).await.ended(0);
}
