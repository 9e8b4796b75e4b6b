//! The local gateway's process did something: the screen hears of it, and its context is opened again.

use super::{Model, poll};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::GatewayEvent;
use crate::tui::overlays::notices::Tone;
use crate::tui::session::{Connection, ContextKind, Shared};

/// Takes what the process did.
pub(super) fn gateway(model: &mut Model, event: &GatewayEvent) -> Vec<Effect> {
    let now = model.shared.now;
    model.gateway.receive(event, now);
    match event {
        GatewayEvent::Ready { was_running: true, management_url, .. } => {
            model.shared.notices.say(
                now,
                Tone::Plain,
                format!("attached to the gateway that runs at {management_url}"),
            );
        }
        GatewayEvent::Ended { was_asked: false, how } => {
            let restart = model.shared.keymap.shown(Action::GatewayRestart);
            let tab = model.shared.keymap.shown(Action::Tab6);
            let text = format!(
                "the local gateway has ended: {how}\nhint: {tab} shows its log, {restart} there starts it again"
            );
            model.shared.notices.say(now, Tone::Bad, text);
        }
        GatewayEvent::Failed(failure) => model.shared.notices.fail(now, failure),
        GatewayEvent::Starting
        | GatewayEvent::Stopping
        | GatewayEvent::Line(_)
        | GatewayEvent::Ready { was_running: false, .. }
        | GatewayEvent::Ended { was_asked: true, .. } => {}
    }
    match event {
        GatewayEvent::Ready { management_url, .. } if is_local(&model.shared) => ready(model, management_url),
        _ => Vec::new(),
    }
}

/// The local gateway listens. Who hears of it first, the one who opens its context or this, is chance: what is open at
/// that address already stays open.
fn ready(model: &mut Model, address: &str) -> Vec<Effect> {
    let is_there = model.shared.open_context().is_some_and(|context| context.address == address);
    match model.shared.connection {
        Connection::Opening => Vec::new(),
        Connection::Open if is_there => poll::look_now(model),
        Connection::Open | Connection::Closed | Connection::Failed(_) => poll::open_again(model),
    }
}

/// True where the open context is the gateway that this program starts.
#[must_use]
pub fn is_local(shared: &Shared) -> bool {
    shared.open_context().is_some_and(|context| context.kind == ContextKind::Local)
}
