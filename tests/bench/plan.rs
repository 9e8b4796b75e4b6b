//! What planning and applying cost: `cargo bench --bench plan`.
//!
//! Planning is timed by itself: 10,000 endpoints on the server against a file of 10,000, all the same and all
//! different (at most 200 ms wanted, reading the file not counted and shown apart). Applying is timed against the
//! real gateway on a disk: 1,000 changes through the engine, guard, journal and all, beside 1,000 bare `PATCH`es one
//! after the other on one connection (at least a third of their rate wanted). Both take turns, three times.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails by a panic")]
#![allow(clippy::print_stdout, reason = "printing is what a benchmark is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::time::{Duration, Instant};

use repoint::api::{Endpoint, EndpointId, Slug, Target, Time, Unknown};
use repoint::client::{Client, Options};
use repoint::gateway::{DataLocation, Gateway, Options as GatewayOptions, Seed};
use repoint::plan::desired::{self, Server};
use repoint::plan::document::Document;
use repoint::plan::history::Author;
use repoint::plan::journal::Bounds;
use repoint::plan::{Change, Journal, Plan, run as engine};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const PLANNED: usize = 10_000;
const APPLIED: usize = 1_000;
const ROUNDS: usize = 3;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    planning();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(applying());
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

fn endpoint(number: usize, model: &str) -> Endpoint {
    Endpoint {
        id: EndpointId::new(format!("endpoint-{number}")),
        slug: Slug::from_wire(format!("my-org/model-{number:06}")),
        region: None,
        targets: vec![Target::baseten(format!("{model}{}", number % 7), None)],
        created_at: Time::EPOCH,
        updated_at: Time::EPOCH,
        unknown: Unknown::new(),
    }
}

fn planning() {
    let endpoints: Vec<Endpoint> = (0..PLANNED).map(|number| endpoint(number, "old")).collect();
    let others: Vec<Endpoint> = (0..PLANNED).map(|number| endpoint(number, "new")).collect();
    let server = Server { endpoints: &endpoints, groups: None };
    for (name, wanted) in [("all the same", &endpoints), ("all different", &others)] {
        let text = Document::export(wanted, None).to_yaml().expect("YAML");
        let mut best = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            let (document, reading) = timed(|| Document::parse(&text).expect("a document"));
            let (plan, planning) = timed(|| desired::plan(&document, &server, true).expect("a plan"));
            let changes = if name == "all the same" { 0 } else { PLANNED };
            assert_eq!(plan.changes().len(), changes);
            best = (best.0.min(reading), best.1.min(planning));
        }
        println!(
            "plan of {PLANNED} against {PLANNED}, {name}: {:.1} ms (reading the YAML beside it: {:.1} ms); wanted: 200 ms",
            millis(best.1),
            millis(best.0)
        );
    }
}

async fn applying() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut options = GatewayOptions {
        data: DataLocation::Directory(folder.path().join("data")),
        listen: ([127, 0, 0, 1], 0).into(),
        inference_listen: ([127, 0, 0, 1], 0).into(),
        seed: Seed::Workspace,
        ..GatewayOptions::default()
    };
    options.management_key = None;
    let gateway = Gateway::start(options).await.expect("the gateway starts");
    let url = url::Url::parse(&gateway.addresses().management_url).expect("an address");
    let key = gateway.key().expose_secret().to_owned();
    let client = Client::new(Options::new(url.clone(), SecretString::from(key.clone()))).expect("a client");
    let journal = Journal::open(folder.path().join("journal"), Bounds::default()).expect("a journal");
    let creates = (0..APPLIED).map(|number| {
        let content = repoint::plan::EndpointContent {
            targets: vec![Target::baseten("3kZ9xqd", None)],
            ..(&endpoint(number, "old")).into()
        };
        Change::create(content)
    });
    apply(&client, &journal, &Plan::new(creates)).await;
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let models = if round % 2 == 0 { ["7qBv2Lm", "3kZ9xqd"] } else { ["3kZ9xqd", "7qBv2Lm"] };
        let bare = bare_patches(&client, &url, &key, models[0]).await;
        let endpoints = all(&client).await;
        let plan = Plan::new(endpoints.iter().map(|one| Change::repoint(one, Target::baseten(models[1], None))));
        assert_eq!(plan.changes().len(), APPLIED);
        let applied = apply(&client, &journal, &plan).await;
        println!("apply of {APPLIED}: {applied:.0}/s; bare PATCH on one connection: {bare:.0}/s");
        ratios.push(applied / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!("apply at {:.2} of the bare rate (median of {ROUNDS}); wanted: 0.33", ratios[ROUNDS / 2]);
    gateway.stop().await;
}

async fn all(client: &Client) -> Vec<Endpoint> {
    client.endpoints_page(None, 1000).await.expect("the list").body.items
}

async fn apply(client: &Client, journal: &Journal, plan: &Plan) -> f64 {
    let author = Author { who: "bench".to_owned(), context: "bench".to_owned(), server: "local".to_owned() };
    let options = engine::Options::new(author);
    let (sender, _receiver) = mpsc::channel(16);
    let start = Instant::now();
    let report =
        engine::run(client, journal, plan, &options, &CancellationToken::new(), &sender).await.expect("a journal");
    let elapsed = start.elapsed();
    assert!(report.is_success(), "{:?}", report.outcomes.iter().find(|outcome| !outcome.is_success()));
    rate(plan.changes().len(), elapsed)
}

async fn bare_patches(client: &Client, url: &url::Url, key: &str, model: &str) -> f64 {
    let endpoints = all(client).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let body = serde_json::json!({ "targets": [{ "provider": "BASETEN", "model_id": model }] }).to_string();
    let start = Instant::now();
    for endpoint in &endpoints {
        let url = url.join(&format!("/v1/gateway/endpoints/{}", endpoint.id)).expect("an address");
        let request = http.patch(url).header("authorization", format!("Api-Key {key}")).body(body.clone());
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("a body");
    }
    rate(endpoints.len(), start.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
