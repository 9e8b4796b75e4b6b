//! `repoint context …` and `repoint doctor`.

use serde_json::json;

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_context_is_added_used_shown_and_removed() {
    let world = World::new().await;
    let url = world.gateway.management_url().to_owned();
    let add = ["context", "add", "sandbox", "--management-url", &url, "--org-prefix", "my-org", "--accent", "green"];
    let dry = world.bare(&[&add[..], &["--dry-run", "-o", "json"]].concat()).await.ended(0).json();
    assert_eq!(dry["name"], "sandbox");
    let file = world.home.path().join(".config/repoint/config.toml");
    assert!(!file.exists());
    world.bare(&add).await.ended(0);
    world.bare(&add).await.ended(1).said("there is a context \"sandbox\" already");
    world.bare(&["context", "use", "sandbx"]).await.ended(1).said("did you mean sandbox");
    world.bare(&["context", "use", "sandbox"]).await.ended(0);
    let shown = world.bare(&["context", "show", "-o", "json"]).await.ended(0).json();
    assert_eq!((&shown["current"], &shown["key"]), (&json!(true), &json!("variable REPOINT_API_KEY")));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains(crate::support::gateway::KEY), "{text}");
    world.bare(&["endpoints", "list"]).await.ended(0);
    let list = world.bare(&["context", "list"]).await.ended(0).out;
    assert!(list.contains("▸  sandbox"), "{list}");
    world.bare(&["context", "remove", "sandbox"]).await.ended(0);
    world.bare(&["endpoints", "list"]).await.ended(1).said("no server is named");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosted_key_goes_to_the_hosted_api_alone() {
    let world = World::new().await;
    let url = world.gateway.management_url().to_owned();
    let add = ["context", "add", "x", "--management-url", &url, "--key-env", "BASETEN_API_KEY"];
    world.bare(&add).await.ended(1).said("BASETEN_API_KEY goes only to https://api.baseten.co");
    let hosted = [
        "context",
        "add",
        "h",
        "--management-url",
        "https://api.baseten.co",
        "--key-env",
        "BASETEN_API_KEY",
        "--dry-run",
        "-o",
        "json",
    ];
    assert_eq!(world.bare(&hosted).await.ended(0).json()["protected"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_names_its_line() {
    let world = World::new().await;
    world.configure("protcted = true");
    let run = world.bare(&["context", "list"]).await.ended(1);
    run.said("config.toml:7").said("did you mean protected");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_is_wrong_and_what_to_do() {
    let world = World::new().await;
    world.configure("");
    let verdict = async |world: &World, check: &str| {
        let run = world.bare(&["doctor", "-o", "json"]).await;
        let checks = run.json();
        let found = checks.as_array().unwrap().iter().find(|it| it["check"] == check).cloned();
        (run.code, found.unwrap_or_default())
    };
    let (code, network) = verdict(&world, "network").await;
    assert_eq!((code, &network["verdict"]), (0, &json!("good")), "{network}");
    assert_eq!(verdict(&world, "rights").await.1["verdict"], "good");
    assert_eq!(verdict(&world, "sync").await.1["verdict"], "good");
    let closed = World::with(|options| options.not_onboarded = true).await;
    closed.configure("");
    let (code, rights) = verdict(&closed, "rights").await;
    assert_eq!((code, &rights["verdict"]), (1, &json!("bad")));
    assert!(rights["hint"].as_str().unwrap().contains("not onboarded"), "{rights}");
    world.bare(&["doctor", "--offline"]).await.ended(0);
}
