//! The dashboard: what a person sees and presses.
//!
//! ```text
//!  keys ─▶ keymap ─▶ Message ─▶ app::update(&mut Model) ─▶ Effect ─▶ perform ─▶ client, plan, supervisor
//!                        ▲                                              │
//!  screen ◀─ view::draw(&Model)                                         ▼
//!                        └───────────────── Message ◀────────────── answer
//! ```
//!
//! [`app::update`] does no I/O and asks no clock; [`view::draw`] changes nothing. Only [`perform`] sees the client
//! and the local gateway's process, only [`runtime`] sees the terminal. So everything a person can do is tested
//! without either.
//!
//! # How to add a tab
//!
//! 1. A file in `screens/` with a struct that has `act(&mut self, Action, &mut Shared) -> Vec<Effect>`,
//!    `draw(&self, &Shared, Rect, &mut Frame)` and, where it has text fields or panes, `place(&self) -> Place`.
//! 2. A variant of [`app::Tab`] (its title and its key stand there), a field of [`app::Model`], and an arm in
//!    each `match` over the tab in `app.rs` and `view.rs`: the compiler lists them.
//! 3. Its keys: rows in `keymap/table.rs` with a [`keymap::Place`] of its own.
//! 4. What it asks for: a variant of [`effect::Effect`] with an arm in `perform.rs`, and a variant of
//!    [`message::Message`] with its answer, handed to the screen in `app.rs`. Every request carries a
//!    [`load::Ticket`] from [`session::Shared::ticket`]; keep what came in a [`load::Load`].
//!
//! # How to add an overlay
//!
//! A file in `overlays/` with `act` and `draw` alike, and a variant of [`overlays::Overlay`]. The topmost overlay
//! has the keys; [`app::Model::place`] says so by itself.

pub mod app;
pub mod draw;
pub mod effect;
pub mod faults;
pub mod form;
pub mod keymap;
pub mod layout;
pub mod load;
pub mod message;
pub mod overlays;
pub mod perform;
pub mod runtime;
pub mod screens;
pub mod session;
pub mod text;
pub mod theme;
pub mod traffic;
pub mod trial;
pub mod view;
pub mod wanted;

pub use perform::clipboard::Clipboard;
pub use perform::{Connect, How, Look, Open, Start, StartContext, ThemeFile};
pub use runtime::run;
