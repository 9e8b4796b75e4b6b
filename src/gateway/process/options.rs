//! How a gateway is to run: everything that a flag or the environment says, as values.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::gateway::planes::data::Settings;
use crate::gateway::routing::provider::Providers;
use url::Url;

use crate::gateway::records::retention::Retention;
use crate::gateway::records::webhook::Schedule;
use crate::gateway::rules::federated_key::PublicKey;

/// Everything that can be chosen about a gateway.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a person gives or not")]
pub struct Options {
    /// Where its rows are.
    pub data: DataLocation,
    /// The management address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The inference address; port 0 takes a free one.
    pub inference_listen: SocketAddr,
    /// Whether an address that other machines reach is allowed.
    pub listen_beyond_loopback: bool,
    /// How often the data plane takes the store's rows.
    pub sync_interval: Duration,
    /// Whether what an earlier run has stored is thrown away at the start.
    pub is_fresh: bool,
    /// What an empty store is filled with.
    pub seed: Seed,
    /// The prefixes that slugs of this workspace may have; at least one.
    pub org_prefixes: Vec<String>,
    /// The management key. `None` takes the one that is kept in the data directory, or makes it.
    pub management_key: Option<SecretString>,
    /// A file that holds a second key, which may read but not write.
    pub management_view_key_file: Option<PathBuf>,
    /// Answers 403 to everything under `/v1/gateway/`, as for a workspace that was never onboarded.
    pub not_onboarded: bool,
    /// Requests a second for each management key and route. `None` sets no limit.
    pub management_rate_limit: Option<NonZeroU32>,
    /// Secrets whose values come with the start and are never stored: name and value.
    pub given_secrets: Vec<(String, SecretString)>,
    /// Allows a `base_url` to name loopback and private addresses.
    pub allow_private_upstreams: bool,
    /// What the data plane may use.
    pub settings: Settings,
    /// Where targets go.
    pub providers: Providers,
    /// Whether `/metrics` counts by customer.
    pub metrics_names: bool,
    /// Who may register keys. `None` refuses every registration.
    pub workspace_public_key: Option<PublicKey>,
    /// Where usage events are delivered to. `None` delivers them nowhere.
    pub webhook_url: Option<Url>,
    /// What deliveries are signed with.
    pub webhook_secret: Option<SecretString>,
    /// When a delivery is tried again and given up.
    pub webhook_schedule: Schedule,
    /// How much is kept of what grows with use.
    pub retention: Retention,
    /// A clock that stands still until it is set through the API.
    pub virtual_clock: bool,
    /// Sockets that somebody else opened, to be used instead of the addresses.
    pub sockets: Sockets,
}

/// Sockets that listen already, as a service manager hands them over.
#[derive(Debug, Clone, Default)]
pub struct Sockets {
    /// Of the management plane.
    pub management: Option<Arc<TcpListener>>,
    /// Of the data plane.
    pub inference: Option<Arc<TcpListener>>,
}

/// Where a gateway's rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataLocation {
    /// Nowhere: they are lost at the end.
    Memory,
    /// In this directory, which is made where it is missing.
    Directory(PathBuf),
}

/// What an empty store is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seed {
    /// Models, environments, secrets and endpoints over all providers.
    Demo,
    /// Models, environments and secrets alone.
    #[default]
    Workspace,
    /// Nothing.
    None,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data: DataLocation::Memory,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)),
            inference_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8788)),
            listen_beyond_loopback: false,
            sync_interval: Duration::from_mins(1),
            is_fresh: false,
            seed: Seed::default(),
            org_prefixes: vec!["my-org".to_owned()],
            management_key: None,
            management_view_key_file: None,
            not_onboarded: false,
            management_rate_limit: None,
            given_secrets: Vec::new(),
            allow_private_upstreams: false,
            settings: Settings::default(),
            providers: Providers::default(),
            metrics_names: false,
            workspace_public_key: None,
            webhook_url: None,
            webhook_secret: None,
            webhook_schedule: Schedule::default(),
            retention: Retention::default(),
            virtual_clock: false,
            sockets: Sockets::default(),
        }
    }
}
