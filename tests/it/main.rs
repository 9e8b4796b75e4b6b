//! The integration tests: one program, so that the crate is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by a panic, also in the functions that tests share"
)]

mod architecture;
mod cli;
mod client;
mod config;
mod data;
mod docs;
mod entry;
mod gateway;
mod packaging;
mod pictures;
mod plan;
mod screens;
mod supervisor;
mod support;
mod terminal;
mod tui;
mod webhook;
