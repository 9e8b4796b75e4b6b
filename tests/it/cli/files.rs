//! `repoint export`, `plan` and `apply`.

use serde_json::json;

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_is_nothing_to_do() {
    let world = World::new().await;
    world.run(&["groups", "create", "acme", "--grant", "my-org/glm-5.2"]).await.ended(0);
    let text = world.run(&["export"]).await.ended(0).out;
    assert_eq!(world.run(&["export"]).await.ended(0).out, text);
    let path = world.home.path().join("workspace.yaml");
    let path = path.to_str().unwrap();
    world.run(&["export", "--file", path]).await.ended(0).said("endpoints and 8 groups");
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    world.run(&["plan", "-f", path]).await.ended(0).said("nothing to do");
    world.fed(&text, &["plan", "-f", "-", "--prune"]).await.ended(0);
    world.run(&["apply", "-f", path]).await.ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_planned_applied_and_undone() {
    let world = World::new().await;
    let text = world.run(&["export"]).await.ended(0).out;
    let wanted = text.replacen("7qBv2Lm", "5mWc8Hd", 1).replace("my-org/embeddings", "my-org/embeddings-2");
    let path = world.file("w.yaml", &wanted);
    let plan = world.run(&["plan", "-f", &path, "-o", "json"]).await.ended(2).json();
    let actions: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(actions.len(), 2, "{plan}");
    assert!(actions.contains(&"re-point") && actions.contains(&"create"));
    world.run(&["plan", "-f", &path, "--prune"]).await.ended(2).said("3 changes");

    world.run(&["apply", "-f", &path]).await.ended(64).said("nobody is there to confirm");
    world.run(&["apply", "-f", &path, "--dry-run"]).await.ended(0);
    world.run(&["plan", "-f", &path]).await.ended(2);
    let applied = world.run(&["apply", "-f", &path, "--prune", "--yes", "-o", "json"]).await.ended(0).json();
    assert!(applied["changes"].as_array().unwrap().iter().all(|it| it["outcome"] == "done"), "{applied}");
    world.run(&["plan", "-f", &path, "--prune"]).await.ended(0);
    world.run(&["undo", "--yes"]).await.ended(0);
    let original = world.file("o.yaml", &text);
    world.run(&["plan", "-f", &original, "--prune"]).await.ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_is_an_error_and_never_a_change() {
    let world = World::new().await;
    let unknown = world.file("a.yaml", "version: 1\nendpoint: []\n");
    world.run(&["plan", "-f", &unknown]).await.ended(1).said("a.yaml");
    world.run(&["plan", "-f", "/nowhere.yaml"]).await.ended(1).said("cannot read /nowhere.yaml");
    world.run(&["plan"]).await.ended(64).said("-f FILE");
    world.run(&["apply"]).await.ended(64).said("-f FILE");
    world.run(&["apply", "--resume"]).await.ended(1).said("was interrupted");
    world.run(&["apply", "--resume", "--file", &unknown]).await.ended(64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_stops_where_the_server_refuses() {
    let world = World::new().await;
    let text = "version: 1\nendpoints:\n- slug: nobody/x\n  target: {provider: BASETEN, model_id: 3kZ9xqd}\n";
    let path = world.file("w.yaml", text);
    let run = world.run(&["apply", "-f", &path, "--yes", "-o", "json"]).await.ended(1).said("cannot create nobody/x");
    assert_eq!(run.json()["changes"][0]["outcome"], json!("failed"));
}
