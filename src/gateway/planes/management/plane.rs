//! What every route of the management plane holds.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use super::known_key::KnownKey;
use super::rate::Rate;
use crate::api::Time;
use crate::gateway::records::webhook_sender::WebhookSender;
use crate::gateway::routing::sync::Syncer;
use crate::gateway::rules::federated_key::PublicKey;
use crate::gateway::state::Shared;
use crate::gateway::store::Store;

/// What every route holds.
#[derive(Debug)]
pub(crate) struct Plane {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Store,
    pub(crate) syncer: Arc<Syncer>,
    pub(crate) keys: Vec<KnownKey>,
    /// Where there is a webhook.
    pub(crate) webhook_sender: Option<Arc<WebhookSender>>,
    pub(crate) rules: Rules,
    pub(crate) not_onboarded: bool,
    pub(crate) rate: Option<Rate>,
    pub(crate) started_at: Time,
    /// Where the rows are; nowhere for a store in memory.
    pub(crate) directory: Option<PathBuf>,
}

/// What requests are checked against beside the rows.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The prefixes that slugs may have.
    pub(crate) org_prefixes: Vec<String>,
    /// Who may register keys; nobody where there is none.
    pub(crate) workspace_public_key: Option<PublicKey>,
    /// Whether a `base_url` may name a loopback or private address.
    pub(crate) allow_private_upstreams: bool,
}

impl Plane {
    pub(crate) fn rate_of(per_second: Option<NonZeroU32>) -> Option<Rate> {
        per_second.map(Rate::new)
    }
}
