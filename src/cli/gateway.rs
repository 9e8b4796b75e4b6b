//! `repoint gateway run`: the bundled gateway as a process of its own.
//!
//! One line of JSON on stdout when it is ready, the log on stderr. It drains on SIGTERM and SIGINT; with
//! `--exit-with-parent` it ends when its standard input closes, without a drain.

mod data_plane;
mod health;
mod service;

use std::io::Read;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use url::Url;

use super::select::long_duration;
use crate::config::{self, Paths};
use crate::gateway::records::retention::{Bound, Retention};
use crate::gateway::records::webhook::Schedule;
use crate::gateway::rules::federated_key::PublicKey;
use crate::gateway::{Addresses, DataLocation, Gateway, Options, Seed};

/// `repoint gateway …`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Run the bundled gateway in the foreground
    ///
    /// When it is ready it prints one line of JSON with its addresses and its process id. The management key is taken
    /// from the variable `REPOINT_GATEWAY_KEY`; without it, it is made at the first start and kept in the file
    /// `management.key` in the data directory.
    #[command(
        after_help = "Examples:\n  repoint gateway run --seed demo --sync-interval 5s\n  REPOINT_GATEWAY_KEY=… repoint gateway run --data :memory: --listen 127.0.0.1:0"
    )]
    Run(Box<Run>),
    /// Check that a gateway answers: exit code 0 if it does, 1 if not
    ///
    /// Needs no key. Meant for health checks of containers and service managers.
    #[command(
        after_help = "Examples:\n  repoint gateway health\n  repoint gateway health --address 127.0.0.1:9000 --timeout 500ms"
    )]
    Health(health::Health),
}

/// The flags of `repoint gateway run`.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a person gives or not")]
pub struct Run {
    /// Directory for the rows, or :memory:
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address of the management plane; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// Address of the data plane; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8788")]
    inference_listen: SocketAddr,
    /// Allow addresses that other machines can reach
    #[arg(long)]
    listen_beyond_loopback: bool,
    /// How often written endpoints reach the data plane, such as 60s, 500ms or 2m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = long_duration)]
    sync_interval: Duration,
    /// What an empty store is filled with
    #[arg(long, value_enum, default_value_t = SeedName::Workspace)]
    seed: SeedName,
    /// Throw away what is stored in the data directory, but for its management key, and begin anew
    #[arg(long)]
    fresh: bool,
    /// A prefix that slugs may have; may be given several times
    #[arg(long, value_name = "PREFIX", default_value = "my-org")]
    org_prefix: Vec<String>,
    /// File (mode 0600) with a second management key, which may read but not write
    #[arg(long, value_name = "FILE")]
    management_view_key_file: Option<PathBuf>,
    /// Answer 403 to everything under /v1/gateway/, as for a workspace without the gateway
    #[arg(long)]
    not_onboarded: bool,
    /// Requests a second for each management key and route
    #[arg(long, value_name = "N")]
    management_rate_limit: Option<NonZeroU32>,
    /// Take a secret's value from a variable at each start, and never store it; may be given several times
    #[arg(long, value_name = "NAME=env:VARIABLE", value_parser = given_secret)]
    secret: Vec<(String, String)>,
    /// Allow a target's `base_url` to reach loopback and private addresses
    #[arg(long)]
    allow_private_upstreams: bool,
    /// Key that registrations of federated keys must be signed with: Ed25519, as base64 or a file (PEM or base64)
    #[arg(long, value_name = "KEY|FILE")]
    workspace_public_key: Option<String>,
    /// Address that usage events are delivered to, signed with the variable `REPOINT_WEBHOOK_SECRET`
    #[arg(long, value_name = "URL")]
    webhook_url: Option<Url>,
    /// Keep at most so many usage events
    #[arg(long, value_name = "N", default_value_t = Retention::default().events.rows_max)]
    events_max: u64,
    /// Keep usage events for so long, such as 30d
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = long_duration)]
    events_age: Duration,
    /// Keep at most so many entries of the audit log
    #[arg(long, value_name = "N", default_value_t = Retention::default().audit.rows_max)]
    audit_max: u64,
    /// Keep entries of the audit log for so long
    #[arg(long, value_name = "TIME", default_value = "365d", value_parser = long_duration)]
    audit_age: Duration,
    /// Keep at most so many deliveries that the webhook did not take
    #[arg(long, value_name = "N", default_value_t = Retention::default().dead_letters.rows_max)]
    dead_letters_max: u64,
    /// Keep deliveries that the webhook did not take for so long
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = long_duration)]
    dead_letters_age: Duration,
    /// Let time stand still until it is set through /repoint/v1/clock
    #[arg(long)]
    virtual_clock: bool,
    #[command(flatten)]
    data_plane: data_plane::DataPlane,
    /// End when standard input closes
    #[arg(long)]
    exit_with_parent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SeedName {
    /// Models, environments, secrets and about 14 endpoints
    Demo,
    /// Models, environments and secrets
    Workspace,
    /// Nothing
    None,
}

impl Run {
    fn options(self) -> anyhow::Result<Options> {
        let data = match self.data {
            Some(path) if path.as_os_str() == ":memory:" => DataLocation::Memory,
            Some(path) => DataLocation::Directory(path),
            None => DataLocation::Directory(
                Paths::find().context("there is no home directory; hint: give --data DIR")?.gateway_data,
            ),
        };
        Ok(Options {
            data,
            listen: self.listen,
            inference_listen: self.inference_listen,
            listen_beyond_loopback: self.listen_beyond_loopback,
            sync_interval: self.sync_interval,
            is_fresh: self.fresh,
            seed: match self.seed {
                SeedName::Demo => Seed::Demo,
                SeedName::Workspace => Seed::Workspace,
                SeedName::None => Seed::None,
            },
            org_prefixes: self.org_prefix,
            management_key: config::gateway_key()?,
            management_view_key_file: self.management_view_key_file,
            not_onboarded: self.not_onboarded,
            management_rate_limit: self.management_rate_limit,
            given_secrets: self.secret.into_iter().map(resolve).collect::<anyhow::Result<_>>()?,
            settings: self.data_plane.settings(),
            providers: self.data_plane.providers(self.allow_private_upstreams),
            metrics_names: self.data_plane.metrics_names,
            allow_private_upstreams: self.allow_private_upstreams,
            workspace_public_key: self.workspace_public_key.as_deref().map(public_key).transpose()?,
            webhook_secret: if self.webhook_url.is_some() { config::webhook_secret()? } else { None },
            webhook_url: self.webhook_url,
            webhook_schedule: Schedule::default(),
            retention: Retention {
                events: Bound { rows_max: self.events_max, age_max: self.events_age },
                audit: Bound { rows_max: self.audit_max, age_max: self.audit_age },
                dead_letters: Bound { rows_max: self.dead_letters_max, age_max: self.dead_letters_age },
            },
            virtual_clock: self.virtual_clock,
            sockets: service::sockets()?,
        })
    }
}

/// Runs the gateway to its end. `ready` gets the line that says where it is reached.
///
/// # Errors
/// It does not start, or the line cannot be written.
pub fn run(command: Command, ready: impl FnOnce(&Addresses) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let run = match command {
        Command::Run(run) => run,
        Command::Health(health) => return health::run(&health),
    };
    // Before anything else: a parent that is gone already must not leave an orphan that is still starting.
    let parent = run.exit_with_parent.then(parent_gone);
    let options = run.options()?;
    // The management plane's threads. Requests have threads of their own, and what takes long has too: each more here
    // would be memory and nothing else.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((cores - 1).clamp(1, 2))
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = live(options, ready) => outcome,
            () = closed(parent) => {
                tracing::info!("standard input closed, ending");
                Ok(())
            }
        }
    });
    // Whatever still runs is not waited for: the drain, where there was one, is over.
    runtime.shutdown_background();
    outcome
}

async fn live(options: Options, ready: impl FnOnce(&Addresses) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let gateway = Gateway::start(options).await?;
    ready(gateway.addresses())?;
    let addresses = gateway.addresses();
    service::ready(&addresses.management_url, &addresses.inference_url);
    tracing::info!(management = addresses.management_url, inference = addresses.inference_url, "ready");
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM, draining"),
        _ = interrupt.recv() => tracing::info!("SIGINT, draining"),
        () = service::watchdog() => {}
    }
    service::stopping();
    gateway.stop().await;
    tracing::info!("ended");
    Ok(())
}

/// Ends when standard input closes; never where nobody asked for that.
async fn closed(parent: Option<oneshot::Receiver<()>>) {
    match parent {
        // An error means that the watching thread is gone, which it is only after it has seen the end.
        Some(gone) => drop(gone.await),
        None => std::future::pending().await,
    }
}

/// Reads standard input to its end on a thread of its own: tokio's would keep the process from ending.
fn parent_gone() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut buffer = [0; 256];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        // The gateway may have ended first.
        let _ = sender.send(());
    });
    receiver
}

/// `NAME=env:VARIABLE`.
fn given_secret(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').and_then(|(name, source)| Some((name, source.strip_prefix("env:")?)));
    match parts {
        Some((name, variable)) if !name.is_empty() && !variable.is_empty() => {
            Ok((name.to_owned(), variable.to_owned()))
        }
        // What was typed is not repeated: it may be the secret itself.
        _ => Err("a secret is given as NAME=env:VARIABLE, never by its value".to_owned()),
    }
}

fn resolve((name, variable): (String, String)) -> anyhow::Result<(String, SecretString)> {
    let value = config::variable(&variable)
        .with_context(|| format!("--secret {name}: variable {variable} is not set; hint: export {variable}=…"))?;
    Ok((name, SecretString::from(value)))
}

/// The key itself, or a file that holds it.
fn public_key(text: &str) -> anyhow::Result<PublicKey> {
    if let Some(key) = PublicKey::parse(text) {
        return Ok(key);
    }
    let file = std::fs::read_to_string(text).with_context(|| {
        format!("--workspace-public-key {text} is no Ed25519 key and no file; hint: openssl pkey -pubout writes one")
    })?;
    PublicKey::parse(&file).with_context(|| format!("{text} holds no Ed25519 public key; hint: PEM or base64"))
}
