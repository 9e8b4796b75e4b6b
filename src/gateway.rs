//! The bundled gateway: the management API of Baseten's Frontier Gateway and a data plane behind it.
//!
//! Two planes on two addresses, since they share paths. The management plane writes rows to the store; every
//! sync interval the rows become an immutable snapshot, which is all that the data plane ever sees of them:
//!
//! ```text
//!  management ──▶ store ──every interval──▶ snapshot ◀── data ◀── callers
//! ```
//!
//! Where to look: what both planes hold in [`state`], how a write
//! reaches callers in [`snapshot`]. It meets the dashboard only over HTTP.

pub mod access;
pub mod clock;
pub mod data;
pub mod federated_key;
pub mod hierarchy;
pub mod limit;
pub mod options;
pub mod snapshot;
pub mod state;
pub mod webhook;
