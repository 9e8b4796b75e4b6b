//! The wires of a patch bay: from rows at the left, straight or by way of a shared trunk, to rows at the right.
//!
//! ```text
//!  glm-5.2      ├───┬────────────┤ BASETEN 3kZ9xqd
//!  glm-canary   ├╌ 41 s ╌╌│╌╌╌╮  │
//!  glm-eu       ├───╯     │   │  │
//!  claude       ├─────────│──────┤ ANTHROPIC claude-sonnet
//!  glm-next     ├─────────│───┴──┤ BASETEN 7mP2wqe
//! ```
//!
//! How it stays readable:
//! - A target stands beside one of its own rows ([`Routing::anchor`]), so two wires never need the same piece of a row.
//! - All rows of a target share one trunk; trunks that would overlap have columns of their own.
//! - Where wires cross, one of them is broken: a line that touches another always joins it.
//! - The lit wire is heavy and breaks all others; a waiting one is dashed and carries its countdown.
//!
//! Only what is in view is given to it, so a frame costs the same for 5 rows and for 5,000.

mod carry;
mod grid;
mod routing;

pub use carry::{Carried, carry};
pub use grid::{Grid, lanes_max, paint};
pub use routing::{Pin, Routing, route};

#[cfg(test)]
mod tests;
