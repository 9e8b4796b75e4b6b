//! `repoint endpoints …`.

use repoint::client::{Client, Options};
use serde_json::{Value, json};

use super::World;
use crate::support::gateway::KEY;

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_columns_json_or_yaml_of_the_same_rows() {
    let world = World::new().await;
    let table = world.run(&["endpoints", "list"]).await.ended(0);
    let head = table.out.lines().next().unwrap().to_owned();
    assert_eq!(head.split_whitespace().collect::<Vec<_>>(), ["SLUG", "ROUTES", "TO", "REGION", "UPDATED", "ID"]);
    let rows = world.run(&["endpoints", "list", "-o", "json"]).await.ended(0).json();
    let rows = rows.as_array().unwrap();
    assert_eq!(table.out.lines().count(), rows.len() + 1);
    for row in rows {
        assert!(table.out.contains(row["slug"].as_str().unwrap()));
        assert!(row["id"].is_string() && row["targets"].is_array() && row["updated_at"].is_string());
    }
    let yaml = world.run(&["endpoints", "list", "-o", "yaml"]).await.ended(0).out;
    assert_eq!(yaml.matches("slug: ").count(), rows.len());
    let some = world.run(&["ep", "list", "STAGING", "-o", "json"]).await.ended(0).json();
    assert_eq!(some.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_named_by_slug_id_or_last_part() {
    let world = World::new().await;
    let by_slug = world.run(&["endpoints", "get", "my-org/glm-5.2", "-o", "json"]).await.ended(0).json();
    let id = by_slug["id"].as_str().unwrap();
    for name in [id, "glm-5.2"] {
        assert_eq!(world.run(&["endpoints", "get", name, "-o", "json"]).await.ended(0).json(), by_slug);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_slug_says_what_was_meant() {
    let world = World::new().await;
    let run = world.run(&["endpoints", "get", "my-org/gml-5.2"]).await.ended(1);
    assert_eq!(run.out, "");
    run.said("there is no endpoint \"my-org/gml-5.2\"").said("hint: did you mean my-org/glm-5.2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_created_re_pointed_renamed_and_deleted() {
    let world = World::new().await;
    let create = ["endpoints", "create", "my-org/new", "--model-id", "3kZ9xqd", "--region", "eu", "-o", "json"];
    let made = world.run(&create).await.ended(0).json();
    let change = &made["changes"][0];
    assert_eq!((&change["outcome"], &change["action"]), (&json!("done"), &json!("create")));
    assert_eq!(change["after"]["region"], "EU");
    let id = change["id"].as_str().unwrap().to_owned();

    world
        .run(&["endpoints", "repoint", "my-org/new", "--model", "7qBv2Lm", "--follow", "--timeout", "0.1s"])
        .await
        .ended(4);
    assert_eq!(world.target_of("my-org/new").await["model_id"], "7qBv2Lm");
    world.run(&["endpoints", "rename", "new", "my-org/newer"]).await.ended(0);
    assert_eq!(world.run(&["ep", "get", &id, "-o", "json"]).await.ended(0).json()["slug"], "my-org/newer");

    let refused = world.run(&["endpoints", "delete", "my-org/newer"]).await.ended(64);
    refused.said("nobody is there to confirm").said("hint: --yes");
    world.run(&["endpoints", "delete", "my-org/newer", "--yes"]).await.ended(0);
    world.run(&["endpoints", "get", "my-org/newer"]).await.ended(1).said("there is no endpoint");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_change_and_writes_nothing() {
    let world = World::new().await;
    let before = world.target_of("my-org/glm-5.2").await;
    let words = ["endpoints", "repoint", "glm-5.2", "--model-id", "7qBv2Lm", "--dry-run"];
    let run = world.run(&words).await.ended(0).said("nothing was written");
    assert!(run.out.contains("- target.model_id: 3kZ9xqd\n  + target.model_id: 7qBv2Lm"), "{}", run.out);
    let json = world.run(&[&words[..], &["-o", "json"]].concat()).await.ended(0).json();
    assert_eq!(json["changes"][0]["action"], "re-point");
    assert_eq!(world.target_of("my-org/glm-5.2").await, before);
    assert_eq!(world.bare(&["history", "-o", "json"]).await.ended(0).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_is_already_is_nothing_to_do() {
    let world = World::new().await;
    let run = world.run(&["endpoints", "repoint", "my-org/glm-5.2", "--model-id", "3kZ9xqd"]).await.ended(0);
    run.said("nothing to do");
    let json = world.run(&["ep", "repoint", "glm-5.2", "--model-id", "3kZ9xqd", "-o", "json"]).await.ended(0).json();
    assert_eq!(json, json!({"plan": null, "changes": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistyped_command_lines_end_with_64() {
    let world = World::new().await;
    for (words, said) in [
        (&["endpoints", "lst"][..], "list"),
        (&["endpoints", "create", "no-slash", "--model-id", "3kZ9xqd"], "exactly one slash"),
        (&["endpoints", "create", "my-org/x"], "no target"),
        (&["endpoints", "create", "my-org/x", "--provider", "openia"], "did you mean OPENAI"),
        (&["endpoints", "create", "my-org/x", "--provider", "openai"], "secret_id is required"),
        (&["endpoints", "create", "my-org/x", "--model-id", "3kZ9xqd", "--region", "mars"], "UNRESTRICTED or EU"),
        (&["endpoints", "list", "-o", "xml"], "xml"),
        (&["wait", "my-org/glm-5.2", "--timeout", "soon"], "is not a time such as"),
    ] {
        let run = world.run(words).await.ended(64).said(said);
        assert_eq!(run.out, "", "{words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn models_and_secrets_are_named_by_id_or_name() {
    let world = World::new().await;
    let run = world.run(&["endpoints", "create", "my-org/x", "--model-id", "3kZ9xqq"]).await.ended(1);
    run.said("there is no model \"3kZ9xqq\"").said("did you mean 3kZ9xqd");
    let secrets = world.gateway.get("/v1/secrets").await.json();
    let secret = &secrets["secrets"][0];
    let name = secret["name"].as_str().unwrap();
    let create =
        ["endpoints", "create", "my-org/x", "--provider", "anthropic", "--secret", name, "--target-model", "m"];
    world.run(&create).await.ended(0);
    assert_eq!(world.target_of("my-org/x").await["secret_id"], secret["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_is_one_sentence_and_a_hint() {
    let world = World::new().await;
    let wrong = world
        .program()
        .env("REPOINT_API_KEY", "wrong-key-0123456789")
        .args(["--url", world.gateway.management_url()])
        .args(["endpoints", "list"])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said.starts_with("error: ") && !said.contains("wrong-key"), "{said}");

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = world.bare(&["--url", &format!("http://{free}"), "endpoints", "list"]).await.ended(1);
    dead.said("connection refused").said("hint: check that the server runs");
    world.bare(&["endpoints", "list"]).await.ended(1).said("no server is named");
    let plain = world.bare(&["--url", "http://gateway.example", "endpoints", "list"]).await.ended(1);
    plain.said("not sent to http://gateway.example/ in the clear");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_says_what_the_server_said() {
    let world = World::new().await;
    let run = world.run(&["endpoints", "create", "other-org/x", "--model-id", "3kZ9xqd"]).await.ended(1);
    run.said("cannot create other-org/x");
    let taken = world.run(&["endpoints", "rename", "glm-5.2", "my-org/kimi-k3"]).await.ended(1);
    taken.said("my-org/kimi-k3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_context_wants_its_name() {
    let world = World::new().await;
    world.configure("protected = true");
    let words = ["endpoints", "repoint", "glm-5.2", "--model-id", "7qBv2Lm"];
    world.bare(&[&words[..], &["--yes"]].concat()).await.ended(64).said("--confirm here");
    world.bare(&[&words[..], &["--confirm", "there"]].concat()).await.ended(1).said("nothing was written");
    world.bare(&[&words[..], &["--confirm", "here"]].concat()).await.ended(0);
    world.configure("read_only = true");
    let words = ["endpoints", "repoint", "glm-5.2", "--model-id", "5mWc8Hd"];
    world.bare(&words).await.ended(1).said("read-only");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_that_a_change_is_shown_as_makes_the_same_change() {
    let world = World::new().await;
    let client = Client::new(Options::new(world.gateway.management_url().parse().unwrap(), KEY.into())).unwrap();
    let list = client.endpoints_page(None, 100).await.unwrap().body.items;
    let before = list.iter().find(|endpoint| endpoint.slug.as_str() == "my-org/glm-5.2").unwrap();
    let other = list.iter().find(|endpoint| endpoint.slug.as_str() == "my-org/claude-opus-5").unwrap();
    let change = repoint::plan::Change::repoint(before, other.targets[0].clone());
    let shown = repoint::plan::command::repoint(&change);
    let words: Vec<&str> = shown.split(' ').skip(1).collect();
    world.run(&words).await.ended(0);
    assert_eq!(world.target_of("my-org/glm-5.2").await, serde_json::to_value(&other.targets[0]).unwrap());
    let noted = world.bare(&["history", "-o", "json"]).await.json();
    let shown: Value = repoint::plan::diff::json(&change);
    assert_eq!(noted[0]["changes"][0]["before"], shown["before"]);
    assert_eq!(noted[0]["changes"][0]["after"], shown["after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_against_a_change_is_said_before_it() {
    let world = World::new().await;
    world.run(&["groups", "create", "acme", "--grant", "my-org/glm-5.2"]).await.ended(0);
    world.run(&["keys", "mint", "acme"]).await.ended(0);
    let words = ["endpoints", "repoint", "glm-5.2", "--model-id", "3kZ9xqd", "--environment", "nowhere", "--dry-run"];
    let run = world.run(&words).await.ended(0);
    run.said("affected: 5 groups, 7 keys").said("warning: my-org/glm-5.2: model 3kZ9xqd has no environment nowhere");
    let json = world.run(&[&words[..], &["-o", "json"]].concat()).await.ended(0).json();
    assert_eq!(json["warnings"].as_array().unwrap().len(), 1, "{json}");
}
