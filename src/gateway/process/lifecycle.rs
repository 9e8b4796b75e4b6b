//! A gateway's life: checked, opened, seeded, synced, served, drained.
//!
//! [`Gateway::start`] returns when both addresses answer; `cli::gateway` is the whole life of a process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::api::Slug;
use crate::gateway::clock::Clock;
use crate::gateway::planes::data;
use crate::gateway::planes::listener::{ServeLimits, serve};
use crate::gateway::planes::management;
use crate::gateway::planes::management::known_key::{KEY_CHARS_MIN, KnownKey, Scope};
use crate::gateway::planes::management::plane::{Plane, Rules};
use crate::gateway::process::options::{DataLocation, Options};
use crate::gateway::records::bookkeeping::{self, Books};
use crate::gateway::records::metrics::Metrics;
use crate::gateway::records::retention::{self, Retention};
use crate::gateway::records::webhook::{Webhook, WebhookError};
use crate::gateway::records::webhook_sender::WebhookSender;
use crate::gateway::routing::sync::Syncer;
use crate::gateway::simulator;
use crate::gateway::state::Shared;
use crate::gateway::store::directory::{Addresses, DATABASE, DataDirectory, DirectoryError, MANAGEMENT_KEY, VAULT_KEY};
use crate::gateway::store::keyfile::{self, KeyFileError};
use crate::gateway::store::vault::Vault;
use crate::gateway::store::{OpenError, Origin, Place, SeedError, Store, StoreError};

/// How long after the start the full check of the database begins.
const CHECK_DELAY: Duration = Duration::from_secs(2);
/// How often a lock that another holds is tried.
const LOCK_TRIES: usize = 4;
/// How long is waited between.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why a gateway did not start. Every text says what to do next.
#[derive(Debug, Error)]
pub enum StartError {
    /// An option is wrong by itself.
    #[error("{0}")]
    Option(String),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}; hint: choose another address, port 0 takes a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The database was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store was not seeded.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// Events cannot be delivered.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// The rows could not be read.
    #[error("cannot read the stored rows: {0}; nothing was changed; hint: restore the database from a copy")]
    Rows(StoreError),
}

/// A gateway that runs.
#[derive(Debug)]
pub struct Gateway {
    addresses: Addresses,
    key: SecretString,
    shared: Arc<Shared>,
    store: Store,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// What goes on until all requests have ended: it stores what they left.
    stop_books: CancellationToken,
    book_tasks: TaskTracker,
    books: Books,
    // Held for its lock, given up last.
    _directory: Option<DataDirectory>,
}

impl Gateway {
    /// Starts a gateway. When this returns, both addresses answer.
    ///
    /// # Errors
    /// Whatever keeps it from starting; nothing is left running then.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        check(&options)?;
        let directory = match &options.data {
            DataLocation::Memory => None,
            DataLocation::Directory(path) => Some(lock(path).await?),
        };
        if let Some(directory) = directory.as_ref().filter(|_| options.is_fresh) {
            directory.throw_away()?;
            tracing::info!("what was stored was thrown away");
        }
        let webhook = webhook(&options)?;
        let key = management_key(&options, directory.as_ref())?;
        let keys = known_keys(&options, &key)?;
        let management = listen(options.sockets.management.as_deref(), options.listen).await?;
        let inference = listen(options.sockets.inference.as_deref(), options.inference_listen).await?;
        let models = listen(None, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let store = open_store(directory.as_ref())?.with_given(options.given_secrets.iter().cloned().collect());
        let shared = Arc::new(shared(&options, &models));
        let syncer = Arc::new(Syncer::new(store.clone(), Arc::clone(&shared), options.sync_interval));
        fill(&store, &syncer, &shared, &options).await?;
        let webhook_sender = webhook_sender(&store, &shared, webhook).await?;
        let addresses = Addresses {
            management_url: url_of(&management)?,
            inference_url: url_of(&inference)?,
            pid: std::process::id(),
        };
        if let Some(directory) = &directory {
            directory.announce(&addresses)?;
        }
        let plane = Arc::new(Plane {
            shared: Arc::clone(&shared),
            store: store.clone(),
            syncer: Arc::clone(&syncer),
            keys,
            webhook_sender,
            rules: Rules {
                workspace_public_key: options.workspace_public_key,
                org_prefixes: options.org_prefixes.clone(),
                allow_private_upstreams: options.allow_private_upstreams,
            },
            not_onboarded: options.not_onboarded,
            rate: Plane::rate_of(options.management_rate_limit),
            started_at: shared.clock.now(),
            directory: match options.data {
                DataLocation::Memory => None,
                DataLocation::Directory(path) => Some(path),
            },
        });
        let gateway = Self {
            addresses,
            key,
            shared,
            store: store.clone(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            stop_books: CancellationToken::new(),
            book_tasks: TaskTracker::new(),
            books: Books::new(store, plane.webhook_sender.clone()),
            _directory: directory,
        };
        gateway.shared.ledger.deliver_to(gateway.books.sink());
        gateway.spawn(&plane, syncer, management);
        gateway.spawn_data(inference, models);
        gateway.spawn_books(plane.webhook_sender.clone(), options.retention);
        Ok(gateway)
    }

    fn spawn(&self, plane: &Arc<Plane>, syncer: Arc<Syncer>, management: TcpListener) {
        let operator = data::operator_router(Arc::clone(&self.shared));
        let open = data::open_router(Arc::clone(&self.shared));
        let service = management::router(plane, operator, open).map_request(management::without_trailing_slash);
        let drain_timeout = self.shared.settings.drain_timeout;
        let limits = ServeLimits { drain_timeout, ..ServeLimits::default() };
        self.tasks.spawn(serve(management, service, limits, self.stop.clone()));
        let stop = self.stop.clone();
        self.tasks.spawn(async move { syncer.run(stop).await });
        let (store, shared, stop) = (self.store.clone(), Arc::clone(&self.shared), self.stop.clone());
        self.tasks.spawn(async move {
            let check = async {
                // Whoever waits for the start, or for the first answers, goes first.
                tokio::time::sleep(CHECK_DELAY).await;
                store.check().await
            };
            tokio::select! {
                outcome = check => if let Err(error) = outcome {
                    tracing::error!(%error, "the full check of the database failed");
                    shared.sync.damaged(error.to_string());
                },
                () = stop.cancelled() => {}
            }
        });
    }

    /// The data plane, and the simulated models: they answer until the last request has ended.
    fn spawn_data(&self, inference: TcpListener, models: TcpListener) {
        let ended = CancellationToken::new();
        self.tasks.spawn(simulator::serve(models, Arc::clone(&self.shared), ended.clone()));
        let serving = data::serve(inference, Arc::clone(&self.shared), self.stop.clone());
        self.tasks.spawn(async move {
            // Also where serving panics.
            let _ended = ended.drop_guard();
            serving.await;
        });
    }

    fn spawn_books(&self, webhook_sender: Option<Arc<WebhookSender>>, retention: Retention) {
        let (store, shared, stop) = (self.store.clone(), Arc::clone(&self.shared), self.stop.clone());
        self.book_tasks.spawn(retention::run(store, shared, retention, stop));
        let access = Arc::clone(&self.shared.access);
        self.book_tasks.spawn(bookkeeping::keep_usage(self.store.clone(), access, self.stop_books.clone()));
        if let Some(webhook_sender) = webhook_sender {
            let stop = self.stop.clone();
            self.book_tasks.spawn(async move { webhook_sender.run(stop).await });
        }
    }

    /// Where it is reached.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The management key.
    #[must_use]
    pub fn key(&self) -> &SecretString {
        &self.key
    }

    /// What both planes hold.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// What takes the data plane's usage events.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Takes no more connections, lets requests under way finish, and closes the store.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.stop_books.cancel();
        self.book_tasks.close();
        self.book_tasks.wait().await;
        self.store.close().await;
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.cancel();
        self.stop_books.cancel();
    }
}

/// What is wrong with the options by themselves.
fn check(options: &Options) -> Result<(), StartError> {
    for address in [options.listen, options.inference_listen] {
        if !address.ip().is_loopback() && !options.listen_beyond_loopback {
            return Err(StartError::Option(format!(
                "{address} can be reached from other machines; hint: --listen-beyond-loopback allows it"
            )));
        }
    }
    if options.data == DataLocation::Memory && options.management_key.is_none() {
        let message = "a store in memory keeps no key; hint: give one in REPOINT_GATEWAY_KEY";
        return Err(StartError::Option(message.to_owned()));
    }
    if options.sync_interval < Duration::from_millis(10) {
        return Err(StartError::Option("the sync interval must be at least 10ms".to_owned()));
    }
    if options.org_prefixes.is_empty() {
        return Err(StartError::Option("at least one --org-prefix is needed".to_owned()));
    }
    for prefix in &options.org_prefixes {
        if Slug::parse(&format!("{prefix}/x")).is_err() {
            return Err(StartError::Option(format!(
                "org prefix {prefix:?} is not valid; hint: letters, digits, '.', '_', '~' and '-' are allowed"
            )));
        }
    }
    Ok(())
}

/// Whoever asks whether the directory is in use holds its lock for a moment, which is no reason to give up.
async fn lock(path: &Path) -> Result<DataDirectory, DirectoryError> {
    for _ in 1..LOCK_TRIES {
        match DataDirectory::lock(path) {
            Err(DirectoryError::Locked { .. }) => tokio::time::sleep(LOCK_PAUSE).await,
            other => return other,
        }
    }
    DataDirectory::lock(path)
}

fn management_key(options: &Options, directory: Option<&DataDirectory>) -> Result<SecretString, StartError> {
    let key = match (&options.management_key, directory) {
        (Some(key), _) => key.clone(),
        (None, Some(directory)) => keyfile::management_key(&directory.file(MANAGEMENT_KEY))?,
        (None, None) => return Err(StartError::Option("a store in memory keeps no key".to_owned())),
    };
    usable(&key, "the management key")?;
    Ok(key)
}

fn usable(key: &SecretString, what: &str) -> Result<(), StartError> {
    let text = key.expose_secret();
    if text.chars().count() < KEY_CHARS_MIN {
        return Err(StartError::Option(format!("{what} must have at least {KEY_CHARS_MIN} characters")));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(StartError::Option(format!("{what} must be of printable ASCII characters without spaces")));
    }
    Ok(())
}

fn known_keys(options: &Options, key: &SecretString) -> Result<Vec<KnownKey>, StartError> {
    let mut keys = vec![KnownKey::new(key, Scope::Manage)];
    if let Some(path) = &options.management_view_key_file {
        let view = keyfile::read(path)?;
        usable(&view, "the view key")?;
        if view.expose_secret() == key.expose_secret() {
            return Err(StartError::Option("the view key must not be the management key".to_owned()));
        }
        keys.push(KnownKey::new(&view, Scope::View));
    }
    Ok(keys)
}

/// The webhook, where one is wanted.
fn webhook(options: &Options) -> Result<Option<Webhook>, StartError> {
    let Some(url) = &options.webhook_url else { return Ok(None) };
    let secret = options.webhook_secret.clone().unwrap_or_default();
    Ok(Some(Webhook::new(url.clone(), &secret, options.webhook_schedule)?))
}

async fn webhook_sender(
    store: &Store,
    shared: &Arc<Shared>,
    webhook: Option<Webhook>,
) -> Result<Option<Arc<WebhookSender>>, StartError> {
    let Some(webhook) = webhook else { return Ok(None) };
    let webhook_sender =
        WebhookSender::new(store.clone(), Arc::clone(shared), webhook).await.map_err(StartError::Rows)?;
    Ok(Some(Arc::new(webhook_sender)))
}

/// What both planes hold, empty as yet; `models` is where the simulator answers.
fn shared(options: &Options, models: &TcpListener) -> Shared {
    let mut providers = options.providers.clone();
    providers.simulator = models.local_addr().ok();
    let metrics = Metrics::new(options.metrics_names);
    Shared { clock: clock(options), settings: options.settings.clone(), providers, metrics, ..Shared::default() }
}

fn clock(options: &Options) -> Clock {
    if options.virtual_clock { Clock::fixed(crate::clock::now()) } else { Clock::Machine }
}

/// The socket that was handed over, else a new one at the address.
async fn listen(socket: Option<&std::net::TcpListener>, address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = match socket {
        Some(socket) => socket.try_clone().and_then(|socket| {
            socket.set_nonblocking(true)?;
            TcpListener::from_std(socket)
        }),
        None => TcpListener::bind(address).await,
    };
    listener.map_err(|source| StartError::Listen { address, source })
}

fn url_of(listener: &TcpListener) -> Result<String, StartError> {
    let unknown = |source| StartError::Listen { address: SocketAddr::from(([0, 0, 0, 0], 0)), source };
    Ok(format!("http://{}", listener.local_addr().map_err(unknown)?))
}

fn open_store(directory: Option<&DataDirectory>) -> Result<Store, StartError> {
    let (place, vault) = match directory {
        None => (Place::Memory, Vault::in_memory()?),
        Some(directory) => (Place::File(directory.file(DATABASE)), Vault::from_file(&directory.file(VAULT_KEY))?),
    };
    Ok(Store::open(&place, vault)?)
}

/// Seeds an empty store and takes the first sync. What the demo writes after it waits for the next one.
async fn fill(store: &Store, syncer: &Syncer, shared: &Shared, options: &Options) -> Result<(), StartError> {
    let org_prefix = options.org_prefixes.first().map_or("", String::as_str);
    let late = store.seed(options.seed, org_prefix, shared.clock.now()).await?;
    store.declare_given(shared.clock.now()).await.map_err(StartError::Rows)?;
    let (routes, access) = tokio::join!(syncer.now(), store.load_access(Arc::clone(&shared.access)));
    routes.and(access).map_err(StartError::Rows)?;
    for endpoint in late {
        store.create_endpoint(endpoint, Origin::system(shared.clock.now())).await.map_err(SeedError::Store)?;
    }
    Ok(())
}
