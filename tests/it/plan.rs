//! Plans against a server that does what a script says.

mod crash;
mod desired;
mod follow;
mod gateway;
mod interrupt;
mod journal;
mod kill;
mod run;
mod same;
mod server;
mod undo;
mod world;

use std::time::Duration;

use repoint::api::{Endpoint, EndpointId, Region, Slug, Target, Time, Unknown};
use repoint::client::{Client, Options};
use repoint::plan::history::{Author, Entry};
use repoint::plan::journal::Bounds;
use repoint::plan::{Journal, Plan, Progress, Report, run as engine};
use secrecy::SecretString;
use server::Server;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use world::World;

fn endpoint(number: usize) -> Endpoint {
    let at = Time::parse("2026-06-17T12:00:00Z").unwrap();
    Endpoint {
        id: EndpointId::new(format!("id{number:05}")),
        slug: slug(number),
        region: Some(Region::Unrestricted),
        targets: vec![Target::baseten("old", None)],
        created_at: at,
        updated_at: at,
        unknown: Unknown::new(),
    }
}

fn slug(number: usize) -> Slug {
    Slug::parse(&format!("my-org/model-{number:05}")).unwrap()
}

fn new_target() -> Target {
    Target::baseten("new", Some("staging"))
}

/// Re-points endpoints 0 to `count`.
fn repoint_all(count: usize) -> Plan {
    Plan::new((0..count).map(|number| repoint::plan::Change::repoint(&endpoint(number), new_target())))
}

fn world(count: usize) -> World {
    World::with((0..count).map(endpoint).collect())
}

fn author(server: &Server) -> Author {
    Author { who: "ada@desk".to_owned(), context: "test".to_owned(), server: server.url.to_string() }
}

/// One bench of a test: a server, a client, a journal.
struct Bench {
    server: Server,
    client: Client,
    journal: Journal,
    options: engine::Options,
    cancel: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new(world: World) -> Self {
        let server = Server::start(world).await;
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path().join("journal"), Bounds::default()).unwrap();
        let mut options = engine::Options::new(author(&server));
        options.settle_pauses = vec![Duration::ZERO; 4];
        let client = client(&server);
        Self { server, client, journal, options, cancel: CancellationToken::new(), _folder: folder }
    }

    async fn run(&self, plan: &Plan) -> Report {
        self.run_and_tell(plan).await.0
    }

    async fn run_and_tell(&self, plan: &Plan) -> (Report, Vec<Progress>) {
        let (sender, mut receiver) = mpsc::channel(16);
        let told = tokio::spawn(async move {
            let mut told = Vec::new();
            while let Some(progress) = receiver.recv().await {
                told.push(progress);
            }
            told
        });
        let report =
            engine::run(&self.client, &self.journal, plan, &self.options, &self.cancel, &sender).await.unwrap();
        drop(sender);
        (report, told.await.unwrap())
    }

    async fn resume(&self, id: &repoint::plan::PlanId) -> Report {
        let (sender, _receiver) = mpsc::channel(16);
        engine::resume(&self.client, &self.journal, id, &self.options, &self.cancel, &sender).await.unwrap()
    }

    fn entries(&self) -> Vec<Entry> {
        let history = self.journal.read().unwrap();
        assert_eq!(history.unreadable, 0, "every line that is written can be read");
        history.entries
    }

    fn last_entry(&self) -> Entry {
        self.entries().pop().unwrap()
    }

    /// The plan whose program was killed, once the last of it is gone.
    async fn interrupted(&self) -> Entry {
        let found = async {
            loop {
                if let Some(entry) = self.journal.interrupted().unwrap().pop() {
                    return entry;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found).await.expect("the journal knows the plan")
    }

    /// The server comes back under another address, with what it had.
    async fn restart_server(&mut self) {
        let world = self.server.die();
        self.server = Server::again(world).await;
        self.client = client(&self.server);
    }
}

fn client(server: &Server) -> Client {
    let mut options = Options::new(server.url.clone(), SecretString::from("canary-management-key"));
    options.call_timeout = Duration::from_secs(2);
    options.retry_pause = Duration::from_millis(1);
    Client::new(options).unwrap()
}
