//! Repoint: see, re-point and try the endpoints of a language-model gateway from the terminal.
//!
//! One binary holds two programs that share only the vocabulary in [`api`] and meet only over HTTP:
//!
//! ```text
//!  keys ─▶ keymap ─▶ Message ─▶ update(&mut Model) ─▶ Effect ─▶ perform ─▶ client ══HTTP══▶ gateway::management ─▶ store
//!                       ▲                                            │                                            │ revision + 1
//!  screen ◀─ view(&Model)                                            ▼                                            ▼ every 60 s
//!                       └──────────────── Message ◀──────────── answer                        callers ══HTTP══▶ gateway::data ◀─ snapshot
//! ```
//!
//! Where to look first: what goes over the wire is in [`api`]; what a change is, in `plan`; whether a
//! change has taken effect, in `sync`; what a person sees, in `tui`; the local gateway, in `gateway`.
//! A test (`tests/it/architecture.rs`) reads the sources and fails where one module uses another that it must not.

pub mod api;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod connect;
pub mod gateway;
pub mod near;
pub mod plan;
pub mod supervisor;
pub mod sync;
pub mod tui;
pub mod version;
