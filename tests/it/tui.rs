//! The dashboard as values: what messages do to it, and what it shows.

mod changes;
mod figures;
mod keys;
mod palette;
mod pictures;
mod polling;
pub(crate) mod setting;
mod trials;
mod try_it;
mod typing;
