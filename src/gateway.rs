//! The bundled gateway: the management API of Baseten's Frontier Gateway and a data plane behind it.
//!
//! Two planes on two addresses, since they share paths. The management plane writes rows to the store; every
//! sync interval the rows become an immutable snapshot, which is all that the data plane ever sees of them:
//!
//! ```text
//!   management ──▶ store ──every interval──▶ routing::snapshot ◀── data ◀── callers
//!       │            ▲                                              │ │
//!       │ keys,      │ usage events, day counts                     │ └──▶ upstreams, simulator
//!       ▼ groups     │                                              ▼
//!     rules ◀────────┼────────── admits, charges ──────────────── data
//!                    └──── records ◀── one record a request ────────┘
//! ```
//!
//! A wing each, in the order in which a change and a request pass through them:
//!
//! - [`process`]: a gateway's life, from its options to its end;
//! - [`planes`]: what answers on the two addresses;
//! - [`store`]: what lies on disk, and the only SQL;
//! - [`routing`]: how stored endpoints become what requests are routed by;
//! - [`rules`]: who may call what, and how much; pure;
//! - [`usage`]: what upstreams tell of the tokens that they used, and what is estimated; pure;
//! - [`records`]: what requests leave behind;
//! - [`simulator`]: models for trying it, with faults to switch on.
//!
//! [`state`] holds what the planes share; it is a list of values and decides nothing. The gateway meets the dashboard
//! only over HTTP.

mod background;
pub mod clock;
mod json;
pub mod planes;
pub mod process;
pub mod records;
pub mod routing;
pub mod rules;
pub mod simulator;
pub mod state;
pub mod store;
pub mod usage;

pub use process::lifecycle::{Gateway, StartError};
pub use process::options::{DataLocation, Options, Seed, Sockets};
pub use store::directory::Addresses;
