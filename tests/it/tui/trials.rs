//! Trying a slug with the real performer on the real gateway.

use crossterm::event::KeyCode;
use repoint::client::Options;
use repoint::plan::Journal;
use repoint::plan::journal::Bounds;
use repoint::tui::app::Model;
use repoint::tui::overlays::Overlay;
use repoint::tui::overlays::try_it::{Stage, TryIt};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::support::dashboard::Dashboard;
use crate::support::gateway::{KEY, TestGateway, send};

struct Bench {
    gateway: TestGateway,
    dashboard: Dashboard,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let gateway = TestGateway::start().await;
        let folder = tempfile::tempdir().unwrap();
        let options = Options::new(Url::parse(gateway.management_url()).unwrap(), SecretString::from(KEY));
        let dashboard = Dashboard::open(options, gateway.inference_url(), folder.path()).await;
        Self { gateway, dashboard, folder }
    }

    fn pane(model: &Model) -> Option<&TryIt> {
        match model.overlays.last() {
            Some(Overlay::TryIt(try_it)) => Some(try_it),
            _ => None,
        }
    }

    /// Opens the pane on a slug and waits until it is known who may call it.
    async fn open(&mut self, slug: &str) {
        self.dashboard.press(&format!("/{slug}⏎t"));
        let is_ready = |model: &Model| Self::pane(model).is_some_and(|pane| pane.groups.get().is_some());
        self.dashboard.until("the groups are read", is_ready).await;
    }

    async fn over(&mut self) {
        let is_over = |model: &Model| Self::pane(model).is_some_and(|pane| pane.stage == Stage::Editing);
        self.dashboard.until("the trial is over", is_over).await;
    }

    /// What the journal says was done, in order.
    fn journal(&self) -> Vec<String> {
        let entries = Journal::open(self.folder.path(), Bounds::default()).unwrap().read().unwrap().entries;
        entries
            .iter()
            .map(|entry| format!("{} {}", entry.title.split(' ').next().unwrap(), entry.standing().as_str()))
            .collect()
    }

    /// All keys of all groups that were made to try something.
    async fn keys_left(&self) -> Vec<String> {
        let groups = self.gateway.get("/v1/gateway/groups").await.json();
        let mut left = Vec::new();
        for group in groups["items"].as_array().unwrap() {
            let path = format!("/v1/gateway/groups/{}/api_keys", group["id"].as_str().unwrap());
            let keys = self.gateway.get(&path).await.json();
            let names = keys["items"].as_array().unwrap().iter().filter_map(|key| key["name"].as_str());
            left.extend(names.filter(|name| name.contains("try it")).map(str::to_owned));
        }
        left
    }

    /// The last requests, once there are so many.
    async fn requests(&self, count: usize) -> Vec<Value> {
        loop {
            let reply = self.gateway.get("/repoint/v1/requests").await.json();
            let rows = reply["items"].as_array().or(reply["requests"].as_array()).or(reply.as_array());
            let rows = rows.unwrap_or_else(|| panic!("{reply}"));
            if rows.len() >= count {
                return rows.clone();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_streams_in_and_the_key_for_it_is_gone_after() {
    let mut bench = Bench::new().await;
    bench.gateway.sync().await;
    bench.open("my-org/glm-5.2").await;
    bench.dashboard.press("⏎");
    bench.over().await;
    let answer = &Bench::pane(&bench.dashboard.model).unwrap().answers[0];
    assert!(answer.text.contains("simulated") && answer.usage.is_some(), "{answer:?}");
    assert!(answer.head.target.as_deref().unwrap().contains("3kZ9xqd/production"), "{answer:?}");
    assert!(answer.pace.first_token.is_some() && answer.pace.first_token <= Some(answer.pace.total));
    assert_eq!(bench.keys_left().await, Vec::<String>::new());
    assert_eq!(bench.journal(), ["mint done", "revoke done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn esc_stops_the_model_and_still_revokes_the_key() {
    let mut bench = Bench::new().await;
    bench.gateway.sync().await;
    let faults = json!({ "faults": [{ "model": "3kZ9xqd", "kind": "stall", "after_tokens": 3 }] });
    let reply = bench.gateway.request(Method::PUT, "/repoint/v1/faults").body(faults.to_string());
    assert_eq!(send(reply).await.status, 200);
    bench.open("my-org/glm-5.2").await;
    bench.dashboard.press("⏎");
    let has_begun = |model: &Model| Bench::pane(model).is_some_and(|pane| !pane.answers[0].text.is_empty());
    bench.dashboard.until("the first words", has_begun).await;
    bench.dashboard.key(KeyCode::Esc);
    bench.over().await;
    assert_eq!(bench.keys_left().await, Vec::<String>::new());
    assert_eq!(bench.journal(), ["mint done", "revoke done"]);
    // It stalls for ever by itself: that the gateway is through with it is because nobody listened any longer.
    let request = bench.requests(1).await.remove(0);
    assert!(
        request["outcome"].as_str().unwrap().contains("cancel")
            || request["outcome"].as_str().unwrap().contains("gone"),
        "{request}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_the_program_revokes_what_was_minted() {
    let mut bench = Bench::new().await;
    bench.gateway.sync().await;
    let faults = json!({ "faults": [{ "model": "3kZ9xqd", "kind": "stall", "after_tokens": 3 }] });
    let reply = bench.gateway.request(Method::PUT, "/repoint/v1/faults").body(faults.to_string());
    assert_eq!(send(reply).await.status, 200);
    bench.open("my-org/glm-5.2").await;
    bench.dashboard.press("⏎");
    let has_begun = |model: &Model| Bench::pane(model).is_some_and(|pane| !pane.answers[0].text.is_empty());
    bench.dashboard.until("the first words", has_begun).await;
    bench.dashboard.performer.shut_down().await;
    assert_eq!(bench.keys_left().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_slugs_answer_side_by_side_and_a_refusal_says_why() {
    let mut bench = Bench::new().await;
    bench.gateway.sync().await;
    bench.open("my-org/glm-5.2").await;
    bench.dashboard.press("⇥my-org/glm-5.2-canary⏎");
    bench.over().await;
    let answers = &Bench::pane(&bench.dashboard.model).unwrap().answers;
    assert!(answers[0].text.contains("simulated"), "{answers:?}");
    assert_eq!(answers[1].head.status, Some(404), "its group may not call it: {answers:?}");
    assert_eq!(bench.keys_left().await, Vec::<String>::new());
}
