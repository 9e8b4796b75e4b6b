//! What a person sees and presses on the tabs beside the list of endpoints, and on what opens over them.

mod anything;
mod board;
mod callers;
mod gateway;
mod groups;
mod history;
mod marks;
mod probes;
pub(crate) mod stage;
mod traffic;
mod trail;
