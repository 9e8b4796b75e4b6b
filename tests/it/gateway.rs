//! The bundled gateway over real HTTP.

mod audit;
mod auth;
mod endpoints;

mod sync;
mod workspace;
