//! The bundled gateway over real HTTP.

mod audit;
mod auth;
mod calls;
mod endpoints;
mod events;
mod grants;
mod groups;
mod keys;
mod paging;
mod process;
mod retention;
mod storage;
mod sync;
mod workspace;
