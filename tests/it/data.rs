//! The data plane over sockets: the gateway's real one, a scripted upstream behind it, a raw caller before it.

mod answers;
mod caller;
mod checks;
mod clients;
mod endings;
mod hostile;
mod http2;
mod life;
mod limits;
mod links;
mod models;
mod packed;
mod plane;
mod refused;
mod repoints;
mod script;
mod slow;
mod sockets;
mod upstreams;
mod usage;
