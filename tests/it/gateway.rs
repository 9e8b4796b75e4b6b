//! The bundled gateway over real HTTP.

mod audit;
mod auth;
mod calls;
mod canaries;
mod connections;
mod crash;
mod drain;
mod endpoints;
mod events;
mod grants;
mod groups;
mod keys;
mod paging;
mod process;
mod program;
mod retention;
mod service;
mod status;
mod storage;
mod sync;
mod upstream_tls;
mod workspace;
