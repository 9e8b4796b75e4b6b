//! The tabs, a file each, and the welcome screen that is there before any gateway is.

pub mod board;
pub mod endpoints;
pub mod gateway;
pub mod groups;
pub mod history;
pub mod traffic;
pub mod welcome;
