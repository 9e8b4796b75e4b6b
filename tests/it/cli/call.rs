//! `repoint call`.

use serde_json::json;

use super::World;

async fn world() -> World {
    let world = World::new().await;
    world.configure("");
    world.bare(&["groups", "create", "acme", "--grant", "my-org/glm-5.2"]).await.ended(0);
    world.gateway.sync().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_is_called_with_a_key_that_is_gone_after() {
    let world = world().await;
    let words = ["call", "my-org/glm-5.2", "Say hello", "--group", "acme"];
    let run = world.bare(&words).await.ended(0).said("200");
    assert!(!run.out.trim().is_empty());
    let json = world.bare(&[&words[..], &["-o", "json"]].concat()).await.ended(0).json();
    assert_eq!((&json["status"], &json["error"]), (&json!(200), &json!(null)));
    assert!(json["target"].as_str().unwrap().contains("3kZ9xqd"), "{json}");
    let streamed = world.bare(&[&words[..], &["--stream", "-o", "json"]].concat()).await.ended(0).json();
    assert_eq!(streamed["text"], json["text"]);
    assert!(streamed["first_token_ms"].is_number());
    assert_eq!(world.bare(&["keys", "list", "acme", "-o", "json"]).await.ended(0).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_says_what_the_gateway_said() {
    let world = world().await;
    let run = world.bare(&["call", "my-org/kimi-k3", "hi", "--group", "acme"]).await.ended(1);
    assert_eq!(run.out, "");
    run.said("error: please check the model you provided (404)");
    world.bare(&["call", "my-org/glm-5.2", "hi"]).await.ended(64).said("no federated key");
    world.bare(&["call", "my-org/glm-5.2", "hi", "--key-env", "NO_SUCH"]).await.ended(1).said("NO_SUCH is not set");
    let dry = world.bare(&["call", "my-org/glm-5.2", "hi", "--dry-run", "-o", "json"]).await.ended(0).json();
    assert_eq!(dry["body"]["messages"][0]["content"], "hi");
    world.run(&["call", "my-org/glm-5.2", "hi", "--group", "acme"]).await.ended(1).said("where its data plane is");
}
