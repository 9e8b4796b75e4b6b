//! The bundled gateway: the management API of Baseten's Frontier Gateway and a data plane behind it.
//!
//! Two planes on two addresses, since they share paths. The management plane writes rows to the store; every
//! sync interval the rows become an immutable snapshot, which is all that the data plane ever sees of them:
//!
//! ```text
//!  management ──▶ store ──every interval──▶ snapshot ◀── data ◀── callers
//! ```
//!
//! Where to look: the start and the end of it in [`lifecycle`], what both planes hold in [`state`], how a
//! write reaches callers in [`snapshot`]. It meets the dashboard only over HTTP.

pub mod access;
pub mod auth;
mod beside;
pub mod bookkeeping;
pub mod clock;
mod courier;
pub mod data;
pub mod directory;
pub mod error;
pub mod explain;
pub mod federated_key;
pub mod hierarchy;
pub mod keyfile;
pub mod ledger;
pub mod lifecycle;
pub mod limit;
mod management;
pub mod metrics;
pub mod options;
pub mod provider;
pub mod retention;
pub mod serve;
pub mod simulator;
pub mod snapshot;
pub mod state;
pub mod store;
pub mod sync;
pub mod traffic;
pub mod vault;
mod watched;
pub mod webhook;

pub use directory::Addresses;
pub use lifecycle::{Gateway, StartError};
pub use options::{DataLocation, Options, Seed};
