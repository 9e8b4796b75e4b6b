//! The data plane: what callers with federated keys reach.
//!
//! A request's life is [`handle`], top to bottom. It sees the store only as a snapshot, keys and groups as
//! [`crate::gateway::access`] has them, and leaves behind one record in the ledger. Bytes pass as they come: bodies
//! are spliced ([`ask`], [`reply`]), never parsed and printed anew, and streams are rewritten event by event
//! ([`sse`]). Each thread has its own connections to upstreams ([`link`]), which are driven by the request that uses
//! them, so that a caller who goes takes the call along.

mod ask;
mod budget;
mod exchange;
mod handle;
mod headers;
mod json;
mod link;
mod models;
mod refusal;
mod relay;
mod reply;
mod serve;
mod settings;
mod sse;
mod wire;
mod worker;

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use settings::Settings;

use crate::gateway::state::Shared;

/// Serves the inference address until `stop` is cancelled and what was under way has ended.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let (settings, providers) = (shared.settings.clone(), shared.providers.clone());
    let ended = CancellationToken::new();
    let ledger = shared.ledger.run(&shared.metrics, &shared.traffic, ended.clone());
    let serving = async {
        if let Err(error) = serve::serve(listener, Arc::clone(&shared), settings, providers, stop).await {
            tracing::error!(%error, "the inference address cannot be served");
        }
        // Only now is it sure that no request comes that would have to be written down.
        ended.cancel();
    };
    tokio::join!(serving, ledger);
}

/// What stands under `/repoint/v1/` on the management address and belongs to the data plane. The management
/// plane has checked the key before a request gets here.
pub fn operator_router(_shared: Arc<Shared>) -> Router {
    Router::new()
}

/// What the data plane has at the root of the management address for everybody, without a key.
pub fn open_router(_shared: Arc<Shared>) -> Router {
    Router::new()
}
