//! What an upstream's protocol needs: its address, the path of an operation, the header that takes its key. Pure.
//!
//! [`Providers::upstream`] turns an endpoint's target into an [`Upstream`] that a request can be sent to, or says
//! why it cannot. No dialect is translated into another: a route that a target does not have is an error that says
//! so. Which addresses may be connected to is in [`address`].

pub mod address;
mod base;
mod operation;
mod resolve;

pub use base::{Base, BaseError, Reach, Scheme};
pub use operation::{Dialect, Operation};
pub use resolve::{Providers, Unroutable, Upstream};
