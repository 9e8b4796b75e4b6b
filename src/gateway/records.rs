//! What requests leave behind, and where it goes.
//!
//! ```text
//!   a request ──▶ ledger ──▶ metrics    counted, for /metrics and the dashboard's figures
//!                   │  └───▶ traffic    the last requests, for who watches
//!                   └──────▶ bookkeeping ──▶ store: usage events, day counts
//!                                               └──▶ webhook_sender ──▶ webhook: the customer's server
//!                                               └──▶ retention: what is too old goes
//! ```
//!
//! No request waits for any of it: the ledger takes a record and returns. Every queue has a bound, and what it loses
//! is counted.

pub mod bookkeeping;
pub mod ledger;
pub mod metrics;
pub mod record;
pub mod retention;
pub mod traffic;
pub mod webhook;
pub(crate) mod webhook_sender;
