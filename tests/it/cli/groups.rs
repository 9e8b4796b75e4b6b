//! `repoint groups …` and `repoint keys …`.

use serde_json::json;

use super::World;

const GRANT: [&str; 4] = ["--grant", "my-org/glm-5.2", "--limit", "my-org/glm-5.2=request/minute:100"];

async fn with_group() -> World {
    grouped(World::new().await).await
}

async fn grouped(world: World) -> World {
    let create = [&["groups", "create", "acme", "--name", "Acme prod"][..], &GRANT].concat();
    world.run(&create).await.ended(0);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_created_limited_and_deleted() {
    let world = with_group().await;
    let group = world.run(&["groups", "get", "acme", "-o", "json"]).await.ended(0).json();
    let limit = json!({"type": "REQUEST", "unit": "MINUTE", "threshold": 100});
    assert_eq!(group["models"][0]["rate_limits"], json!([limit]));
    let update = [
        "groups",
        "update",
        "Acme prod",
        "--limit",
        "my-org/glm-5.2=TOKEN/DAY:5000",
        "--limit",
        "my-org/glm-5.2=REQUEST/MINUTE:none",
    ];
    world.run(&update).await.ended(0);
    let group = world.run(&["groups", "get", "acme", "-o", "json"]).await.ended(0).json();
    assert_eq!(group["models"][0]["rate_limits"], json!([]));
    assert_eq!(group["models"][0]["usage_limits"][0]["threshold"], 5000);
    let usage = world.run(&["groups", "usage", "acme"]).await.ended(0).out;
    assert!(usage.contains("TOKEN/DAY") && usage.contains("5000"), "{usage}");
    world.run(&["groups", "delete", "acme"]).await.ended(64);
    world.run(&["groups", "delete", "acme", "--yes"]).await.ended(0);
    world.run(&["groups", "get", "acme"]).await.ended(1).said("there is no group");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_stands_below_its_parent() {
    let world = with_group().await;
    world.run(&["groups", "create", "acme-eu", "--parent", "acme", "--grant", "my-org/glm-5.2"]).await.ended(0);
    let parent = world.run(&["groups", "get", "acme", "-o", "json"]).await.json();
    let child = world.run(&["groups", "get", "acme-eu", "-o", "json"]).await.json();
    assert_eq!(child["hierarchy"]["parent_group_id"], parent["id"]);
    let table = world.run(&["groups", "get", "acme-eu"]).await.ended(0).out;
    assert!(table.contains(&format!("REQUEST/MINUTE:100 from {}", parent["id"].as_str().unwrap())), "{table}");
    let list = world.run(&["groups", "list", "--slug", "my-org/glm-5.2", "-o", "json"]).await.ended(0).json();
    let ids: Vec<&str> =
        list.as_array().unwrap().iter().map(|it| it["metadata"]["external_entity_id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"acme") && ids.contains(&"acme-eu"), "{ids:?}");
    assert!(!ids.contains(&"cust_initech"), "its models are others: {ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minted_key_is_alone_on_standard_output_and_nowhere_else() {
    let world = with_group().await;
    let minted = world.run(&["keys", "mint", "acme", "--name", "ci", "--quiet"]).await.ended(0);
    let key = minted.out.trim_end().to_owned();
    assert!(key.starts_with("sky_") && !key.contains(char::is_whitespace), "{key}");
    assert_eq!(minted.err, "");
    let secret = key.split('.').nth(1).unwrap();
    let mut folders = vec![world.home.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                assert!(!text.contains(secret), "{}", path.display());
            }
        }
    }
    let prefix = key.split('.').next().unwrap();
    let list = world.run(&["keys", "list", "acme", "-o", "json"]).await.ended(0).json();
    assert_eq!(list, json!([{"prefix": prefix, "name": "ci"}]));
    world.run(&["keys", "revoke", "acme", "ic", "--yes"]).await.ended(1).said("there is no key \"ic\"");
    world.run(&["keys", "revoke", "acme", "ci", "--yes"]).await.ended(0);
    assert_eq!(world.run(&["keys", "list", "acme", "-o", "json"]).await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_are_mistyped_say_what_was_meant() {
    let world = with_group().await;
    for (limit, said) in [
        ("my-org/glm-5.2=REQEST/MINUTE:1", "did you mean REQUEST"),
        ("my-org/kimi-k3=REQUEST/MINUTE:1", "add --grant my-org/kimi-k3"),
    ] {
        world.run(&["groups", "update", "acme", "--limit", limit]).await.ended(64).said(said);
    }
    world.run(&["groups", "update", "acme", "--withdraw", "my-org/kimi-k3"]).await.ended(64).said("anyway");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_key_needs_its_signature() {
    let world = with_group().await;
    let body = world.file("body.json", r#"{"key":"abcdefghijklmnopqrstuvwxyz0123456789"}"#);
    let run = world.run(&["keys", "register", "acme", "--body", &body, "--signature", "AAAA"]).await.ended(1);
    run.said("Must configure a public key before registering API keys");
    world.run(&["keys", "register", "acme", "--body", &body]).await.ended(64);
    let run =
        world.run(&["keys", "register", "acme", "--body", &body, "--signature", "AAAA", "--dry-run"]).await.ended(0);
    assert!(!run.err.contains("qrstuvwxyz"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_key_calls_what_its_group_may_call() {
    use ring::signature::KeyPair as _;
    let pair = ring::signature::Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
    let signer = ring::signature::Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
    let public: [u8; 32] = signer.public_key().as_ref().try_into().unwrap();
    let public = repoint::gateway::rules::federated_key::PublicKey::from_bytes(public);
    let world = grouped(World::with(|options| options.workspace_public_key = Some(public)).await).await;
    let private = world.home.path().join("workspace.pk8");
    std::fs::write(&private, pair.as_ref()).unwrap();
    let private = private.to_str().unwrap();
    let key = "customer-key-abcdefghijklmnopqrstuvwxyz0123456789";
    let register = ["keys", "register", "acme", "--key-file", "-", "--name", "theirs", "--sign-with", private];
    let run = world.fed(&format!("{key}\n"), &[&register[..], &["-o", "json"]].concat()).await.ended(0);
    assert_eq!(run.json()["prefix"], "customer-key-abc");
    assert!(!run.err.contains("xyz0123"), "{}", run.err);
    let list = world.run(&["keys", "list", "acme", "-o", "json"]).await.ended(0).json();
    assert_eq!(list, json!([{"prefix": "customer-key-abc", "name": "theirs"}]));
    world.gateway.sync().await;
    world.configure("");
    let call = ["call", "glm-5.2", "hi", "--key-env", "CUSTOMER_KEY"];
    let run = world.finish(world.program().env("CUSTOMER_KEY", key).args(call)).await.ended(0);
    assert!(run.out.contains("simulated"), "{run:?}");

    let body = world.file("body.json", r#"{"key":"abcdefghijklmnopqrstuvwxyz0123456789"}"#);
    let signature = base64(signer.sign(&std::fs::read(&body).unwrap()).as_ref());
    let sent = ["keys", "register", "acme", "--body", &body, "--signature", &signature];
    world.run(&sent).await.ended(0);
    let other = base64(&[7; 64]);
    let wrong = [&sent[..6], &[other.as_str()]].concat();
    world.run(&wrong).await.ended(1).said("Signature verification failed");
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_group_s_change_touches_is_the_group_and_what_is_below_it() {
    let world = with_group().await;
    world.run(&["groups", "create", "acme-eu", "--parent", "acme", "--grant", "my-org/glm-5.2"]).await.ended(0);
    world.run(&["keys", "mint", "acme"]).await.ended(0);
    let renamed = world.run(&["groups", "update", "acme", "--name", "Other"]).await.ended(0);
    assert!(!renamed.err.contains("affected"), "a name is nobody's limit: {}", renamed.err);
    world.run(&["groups", "delete", "acme", "--dry-run"]).await.ended(0).said("affected: 2 groups, 1 key\n");
}
