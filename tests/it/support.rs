//! What the tests share.

#[allow(dead_code, reason = "what the data plane's tests use comes with it")]
pub(crate) mod gateway;
#[allow(dead_code, reason = "the runs in a terminal come with the dashboard")]
pub(crate) mod pty;
