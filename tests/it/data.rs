//! The data plane over sockets: the gateway's real one, a scripted upstream behind it, a raw caller before it.

mod answers;
mod caller;
mod checks;
mod life;
mod plane;
mod script;
