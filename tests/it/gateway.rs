//! The bundled gateway over real HTTP.

mod audit;
mod auth;
mod endpoints;
mod paging;
mod process;
mod storage;
mod sync;
mod workspace;
