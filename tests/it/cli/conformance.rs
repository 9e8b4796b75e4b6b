//! `repoint conformance`.

use serde_json::Value;

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn our_own_gateway_conforms_and_is_left_as_it_was() {
    let world = World::new().await;
    let before = world.run(&["endpoints", "list", "-o", "json"]).await.ended(0).json();
    let groups_before = world.run(&["groups", "list", "-o", "json"]).await.ended(0).json();
    let run = world.run(&["conformance", "-o", "json"]).await;
    let rows = run.json();
    let differing: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| row["differs"] == true).collect();
    assert!(differing.is_empty(), "{differing:?}");
    // Each was sent, and answered as the contract says: successes with 200, none with a 500.
    for row in rows.as_array().unwrap() {
        let status = row["theirs"]["status"].as_u64().unwrap_or_default();
        assert!(status == 200 || (400..500).contains(&status), "{row}");
    }
    assert_eq!(run.code, 0);
    assert_eq!(world.run(&["endpoints", "list", "-o", "json"]).await.ended(0).json(), before);
    assert_eq!(world.run(&["groups", "list", "-o", "json"]).await.ended(0).json(), groups_before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_differs_is_told_so() {
    let world = World::with(|options| options.not_onboarded = true).await;
    let run = world.run(&["conformance", "--org-prefix", "my-org"]).await.ended(2);
    let line = run.out.lines().find(|line| line.starts_with("create an endpoint ")).unwrap().to_owned();
    assert_eq!(line.split_whitespace().skip(3).collect::<Vec<_>>(), ["403", "200", "status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_operations_can_be_listed_without_a_server() {
    let world = World::new().await;
    let list = world.bare(&["conformance", "--dry-run", "-o", "json"]).await.ended(0).json();
    assert!(list.as_array().unwrap().len() > 40);
}
