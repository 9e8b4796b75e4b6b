//! How stored endpoints become what requests are routed by.
//!
//! ```text
//!   store ──▶ sync, every interval ──▶ snapshot: slug → target ──▶ provider: target → address, path, credentials
//! ```
//!
//! A request keeps the snapshot it began with to its end. [`provider`] is pure; where a target's secret comes from is
//! decided by the sync, not by the request.

pub mod provider;
pub mod snapshot;
pub mod sync;
