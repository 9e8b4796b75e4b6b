//! What the shell is answered when Tab is pressed.

use super::World;

impl World {
    /// What bash would offer after these words.
    async fn complete(&self, words: &[&str]) -> Vec<String> {
        let place = words.len() - 1;
        let mut command = self.program();
        command
            .env("REPOINT_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", place.to_string())
            .env("_CLAP_IFS", "\n")
            .args(["--", "repoint"].iter().chain(&words[1..]));
        let run = self.finish(&mut command).await.ended(0);
        run.out.lines().map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slugs_groups_and_contexts_are_completed() {
    let world = World::new().await;
    let url = world.gateway.management_url().to_owned();
    world.run(&["groups", "create", "acme", "--grant", "my-org/glm-5.2"]).await.ended(0);
    let slugs = world.complete(&["repoint", "--url", &url, "endpoints", "get", "my-org/glm"]).await;
    assert!(slugs.len() > 3 && slugs.iter().all(|slug| slug.starts_with("my-org/glm")), "{slugs:?}");
    assert_eq!(world.complete(&["repoint", "--url", &url, "groups", "get", "ac"]).await, ["acme"]);
    world.configure("");
    assert_eq!(world.complete(&["repoint", "context", "use", "h"]).await, ["here"]);
    assert!(world.complete(&["repoint", "wait", "my-org/kimi"]).await.contains(&"my-org/kimi-k3".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_completes_nothing_and_says_nothing() {
    let world = World::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let slugs = world.complete(&["repoint", "--url", &format!("http://{free}"), "endpoints", "get", "my-org/"]).await;
    assert_eq!(slugs, Vec::<String>::new());
    assert!(world.complete(&["repoint", "endp"]).await.contains(&"endpoints".to_owned()));
}
