//! What the tests share.

#[allow(dead_code, reason = "the runs in a terminal come with the dashboard")]
pub(crate) mod pty;
