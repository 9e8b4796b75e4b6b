//! What answers on the gateway's two addresses.
//!
//! ```text
//!   operators ──▶ listener ──▶ management ──▶ store, records, routing::sync
//!   callers   ──▶ data ──▶ rules ──▶ routing::snapshot ──▶ upstreams
//! ```
//!
//! The planes never use each other: a write reaches callers through the snapshot and through [`super::rules::access`].
//! [`error`] turns what went wrong for an operator into a status; the data plane has refusals of its own, in the
//! dialects of its callers.

mod caller_stream;
pub mod data;
pub mod error;
mod linger;
pub mod listener;
pub(crate) mod management;
mod request_rules;
