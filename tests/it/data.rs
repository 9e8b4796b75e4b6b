//! The data plane over sockets: the gateway's real one, a scripted upstream behind it, a raw caller before it.

mod answers;
mod caller;
mod checks;
mod hostile;
mod life;
mod limits;
mod links;
mod models;
mod plane;
mod repoints;
mod script;
mod slow;
mod sockets;
mod upstreams;
