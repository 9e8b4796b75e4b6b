//! The data plane: what callers with federated keys reach.
//!
//! A request's life is [`handle`], top to bottom. It sees the store only as a snapshot, keys and groups as
//! [`crate::gateway::rules::access`] has them, and leaves behind one record in the ledger. Bytes pass as they come: bodies
//! are spliced ([`ask`], [`reply`]), never parsed and printed anew, and streams are rewritten event by event
//! ([`sse`]). Each thread has its own connections to upstreams ([`link`], which speaks [`http1`]); they are driven by
//! the request that uses them, so that a caller who goes takes the call along. Callers are strangers and are left to
//! hyper, in HTTP/1.1 or HTTP/2 ([`connection`]); what their requests' bodies are worth is [`arriving`]'s.

mod answering;
mod arriving;
mod ask;
mod budget;
mod caller;
mod connection;
mod count;
mod dial;
mod exchange;
mod handle;
mod headers;
mod heard;
mod held;
mod http1;
mod link;
mod models;
mod operator;
mod receive;
mod refusal;
mod relay;
mod reply;
mod resource;
mod send;
mod serve;
pub mod settings;
mod sse;
mod strikes;
mod unpack;
mod unpack_stream;
mod usage_refused;
mod wire;
mod worker;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use operator::{open_router, operator_router};
pub use settings::Settings;

use crate::gateway::state::Shared;

/// Serves the inference address until `stop` is cancelled and what was under way has ended.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let (ended, stopping) = (CancellationToken::new(), stop.clone());
    let ledger = shared.ledger.run(&shared.metrics, &shared.traffic, shared.settings.events_waiting_max, ended.clone());
    let serving = async {
        if let Err(error) = serve::serve(listener, &shared, stop).await {
            tracing::error!(%error, "the inference address cannot be served");
        }
        // Only now is it sure that no request comes that would have to be written down.
        ended.cancel();
    };
    let followers = async {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = ended.cancelled() => {}
        }
        shared.traffic.end();
    };
    tokio::join!(serving, ledger, followers);
}
