//! What the tests share.

#[allow(dead_code, reason = "each test uses its part")]
pub(crate) mod dashboard;
#[allow(dead_code, reason = "what the data plane's tests use comes with it")]
pub(crate) mod gateway;
#[allow(dead_code, reason = "the benchmarks use the rest")]
pub(crate) mod pty;
pub(crate) mod svg;
