//! Plans against the real gateway: `If-Match`, revisions, groups whose slugs must exist, sync.

use std::time::Duration;

use repoint::api::{Endpoint, Slug, Target};
use repoint::client::{Client, Options};
use repoint::plan::desired::{self, Server};
use repoint::plan::document::Document;
use repoint::plan::follow;
use repoint::plan::history::Author;
use repoint::plan::journal::Bounds;
use repoint::plan::{Change, Journal, Outcome, Plan, Proof, Report, Sighting, bulk, run as engine, survey, undo};
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::gateway::TestGateway;

struct Bench {
    gateway: TestGateway,
    client: Client,
    journal: Journal,
    options: engine::Options,
    cancel: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let gateway = TestGateway::start().await;
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), Bounds::default()).unwrap();
        let url = url::Url::parse(gateway.management_url()).unwrap();
        let client = Client::new(Options::new(url, SecretString::from(gateway.key()))).unwrap();
        let author =
            Author { who: "ada@desk".to_owned(), context: "local".to_owned(), server: "the gateway".to_owned() };
        let mut options = engine::Options::new(author);
        options.settle_pauses = vec![Duration::ZERO; 4];
        Self { gateway, client, journal, options, cancel: CancellationToken::new(), _folder: folder }
    }

    async fn run(&self, plan: &Plan) -> Report {
        let (sender, _receiver) = mpsc::channel(16);
        engine::run(&self.client, &self.journal, plan, &self.options, &self.cancel, &sender).await.unwrap()
    }

    async fn state(&self) -> (Vec<Endpoint>, Vec<repoint::api::Group>) {
        let endpoints = self.client.endpoints_page(None, 1000).await.unwrap().body.items;
        let groups = self.client.groups_page(None, 1000, None).await.unwrap().body.items;
        (endpoints, groups)
    }

    async fn plan(&self, document: &Document) -> Plan {
        let (endpoints, groups) = self.state().await;
        desired::plan(document, &Server { endpoints: &endpoints, groups: Some(&groups) }, true).unwrap()
    }

    async fn group(&self, entity: &str, slug: &Slug) {
        let body = json!({ "metadata": { "external_entity_id": entity, "name": null },
                           "models": [{ "slug": slug, "rate_limits": [{ "type": "REQUEST", "unit": "MINUTE",
                           "threshold": 7 }] }] });
        let reply = self.gateway.post("/v1/gateway/groups", &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

#[tokio::test]
async fn a_repoint_is_guarded_by_if_match_and_verified_by_the_sync_report() {
    let bench = Bench::new().await;
    let before = bench.gateway.endpoint("my-org/watched").await;
    let plan = Plan::from(Change::repoint(&before, Target::baseten("7qBv2Lm", None)));
    let report = bench.run(&plan).await;
    let Outcome::Done(done) = &report.outcomes[0] else { panic!("{report:?}") };
    assert!(done.revision.is_some(), "ours tells the revision of a write");
    bench.gateway.sync().await;
    let (sender, _receiver) = mpsc::channel(16);
    let options = follow::Options::default();
    let ends = follow::follow(&bench.client, &bench.journal, &plan, &report, &options, &bench.cancel, &sender);
    let ends = ends.await.unwrap();
    assert!(matches!(&ends[0], Some(Sighting::InEffect { proof: Proof::SyncReport, .. })), "{ends:?}");

    let again = bench.run(&Plan::from(Change::repoint(&before, Target::baseten("5mWc8Hd", None)))).await;
    assert!(matches!(&again.outcomes[0], Outcome::Conflict(_)), "{again:?}");
}

#[tokio::test]
async fn a_rename_goes_with_its_grants_and_back() {
    let bench = Bench::new().await;
    let before = bench.gateway.endpoint("my-org/granted").await;
    bench.group("cust_1", &before.slug).await;
    let (_, groups) = bench.state().await;
    let plan = bulk::rename_with_grants(&before, &slug("my-org/renamed"), &groups);
    assert_eq!(plan.changes().len(), 2);
    let report = bench.run(&plan).await;
    assert!(report.is_success(), "{report:?}");
    let (_, groups) = bench.state().await;
    let granted = &groups.iter().find(|group| group.metadata.external_entity_id == "cust_1").unwrap().models[0];
    assert_eq!((granted.slug.as_str(), granted.rate_limits[0].threshold), ("my-org/renamed", 7));

    let entry = bench.journal.read().unwrap().entries.pop().unwrap();
    let current = survey::current(&bench.client, &undo::needs(&entry)).await.unwrap();
    let undone = bench.run(&undo::plan(&entry, &current).unwrap()).await;
    assert!(undone.is_success(), "{undone:?}");
    let (endpoints, groups) = bench.state().await;
    assert!(endpoints.iter().any(|endpoint| endpoint.id == before.id && endpoint.slug == before.slug));
    assert_eq!(groups.last().unwrap().models[0].slug, before.slug);
}

#[tokio::test]
async fn what_replaces_a_rename_creates_grants_and_deletes_in_this_order() {
    let bench = Bench::new().await;
    let before = bench.gateway.endpoint("my-org/kept").await;
    bench.group("cust_1", &before.slug).await;
    let (_, groups) = bench.state().await;
    let plan = bulk::replace_instead_of_rename(&before, &slug("my-org/instead"), &groups);
    let verbs: Vec<_> = plan.changes().iter().map(|change| change.verb().as_str()).collect();
    assert_eq!(verbs, ["create", "update", "delete"]);
    assert_eq!(plan.dependencies(), [vec![], vec![0], vec![1]], "each waits for the one before");
    let report = bench.run(&plan).await;
    assert!(report.is_success(), "{report:?}");
}

#[tokio::test]
async fn an_export_applied_to_what_was_changed_since_brings_it_back() {
    let bench = Bench::new().await;
    let first = bench.gateway.endpoint("my-org/one").await;
    let second = bench.gateway.endpoint("my-org/two").await;
    bench.group("cust_1", &first.slug).await;
    let (endpoints, groups) = bench.state().await;
    let document = Document::parse(&Document::export(&endpoints, Some(&groups)).to_yaml().unwrap()).unwrap();
    assert!(bench.plan(&document).await.is_empty());

    let changes = Plan::new([
        Change::repoint(&first, Target::baseten("7qBv2Lm", None)),
        Change::delete(&second),
        Change::create(repoint::plan::EndpointContent::new(slug("my-org/three"), Target::baseten("3kZ9xqd", None))),
    ]);
    assert!(bench.run(&changes).await.is_success());
    let plan = bench.plan(&document).await;
    assert_eq!(plan.changes().len(), 3, "{plan:?}");
    let report = bench.run(&plan).await;
    assert!(report.is_success(), "{report:?}");
    assert!(bench.plan(&document).await.is_empty());
    let (endpoints, groups) = bench.state().await;
    assert_eq!(Document::export(&endpoints, Some(&groups)), document, "ids and times are not in it");
}

#[tokio::test]
async fn impact_counts_groups_and_keys_and_preflight_sees_what_is_missing() {
    let bench = Bench::new().await;
    let before = bench.gateway.endpoint("my-org/called").await;
    bench.group("cust_1", &before.slug).await;
    let (_, groups) = bench.state().await;
    let group = &groups.last().unwrap().id;
    let minted = bench.run(&Plan::from(Change::MintKey { group: group.clone(), name: None })).await;
    assert_eq!(minted.keys.len(), 1);
    let change = Change::repoint(&before, Target::baseten("nowhere", None));
    let impact = survey::impact(&bench.client, &change).await.unwrap();
    assert!(impact.summary().starts_with("1 group, 1 key"), "{}", impact.summary());
    let target = Target::baseten("nowhere", None);
    let workspace = survey::workspace(&bench.client, &[&target]).await;
    let findings: Vec<String> =
        repoint::plan::preflight::check(&change, &workspace, [&before]).iter().map(ToString::to_string).collect();
    assert_eq!(findings, ["the workspace has no model nowhere"]);
}
