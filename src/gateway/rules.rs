//! Who may call what, and how much. No I/O, and no clock: the time is passed in.
//!
//! ```text
//!   federated_key ──▶ access: key → group → grant ──▶ limit: admitted, or refused with the time to come back
//!                        ▲                              │
//!                     hierarchy: parents, children      └──▶ explain: the same question, spending nothing
//! ```

pub mod access;
pub mod explain;
pub mod federated_key;
pub mod hierarchy;
pub mod limit;
