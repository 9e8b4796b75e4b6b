//! Trying a slug: opening the pane on what is selected, and what a trial tells.

use crossterm::event::KeyEvent;

use super::{Model, Tab};
use crate::api::Endpoint;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::load::{Failure, Ticket};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::notices::Tone;
use crate::tui::overlays::try_it::TryIt;
use crate::tui::screens::endpoints::rows::{Row, Rows};
use crate::tui::trial::TrialEvent;
use crate::tui::wanted::Found;

/// Opens the pane on the selected endpoint of the list or of the board.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let list = if model.tab == Tab::Board { &model.board.list } else { &model.endpoints.list };
    let Some(endpoint) = list.row(&model.endpoints.rows).map(Row::endpoint) else { return Vec::new() };
    let (try_it, effects) = TryIt::new(endpoint, &model.tried, &mut model.shared);
    model.overlays.push(Overlay::TryIt(Box::new(try_it)));
    effects
}

/// Does what a key asks for.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Overlay::TryIt(try_it)) = model.overlays.last_mut() else { return Vec::new() };
    let reply = try_it.act(action, &mut model.shared);
    if reply.is_over {
        model.tried = try_it.remembered();
        model.overlays.pop();
    }
    reply.effects
}

/// Types into it.
pub(super) fn edit(model: &mut Model, key: &KeyEvent) {
    if let Some(Overlay::TryIt(try_it)) = model.overlays.last_mut()
        && try_it.edit(key)
    {
        look_up(model);
    }
}

/// Takes what was pasted.
pub(super) fn paste(model: &mut Model, pasted: &str) {
    if let Some(Overlay::TryIt(try_it)) = model.overlays.last_mut()
        && try_it.paste(pasted)
    {
        look_up(model);
    }
}

/// Finds the endpoint that the second line names.
fn look_up(model: &mut Model) {
    let Some(Overlay::TryIt(try_it)) = model.overlays.last_mut() else { return };
    let second = named(&model.endpoints.rows, try_it.beside.trimmed(), &try_it.endpoint);
    try_it.set_second(second, &model.shared);
}

/// The slug itself, else the only other one that ends with the text, else the only one that holds it.
fn named(rows: &Rows, text: &str, except: &Endpoint) -> Option<Endpoint> {
    if text.is_empty() {
        return None;
    }
    if let Some(row) = rows.by_slug(text) {
        return Some(row.endpoint());
    }
    let only = |wanted: &dyn Fn(&str) -> bool| {
        let mut found = rows.all().iter().filter(|row| row.id != except.id && wanted(row.slug.as_str()));
        let first = found.next()?;
        found.next().is_none().then(|| first.endpoint())
    };
    only(&|slug| slug.split_once('/').is_some_and(|(_, name)| name == text))
        .or_else(|| only(&|slug| slug.contains(text)))
}

/// Groups were read. `None` where it was not for this.
pub(super) fn found(model: &mut Model, ticket: Ticket, found: &Result<Found, Failure>) -> Option<Vec<Effect>> {
    let shared = &mut model.shared;
    model.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::TryIt(try_it) => try_it.receive_groups(ticket, found, shared),
        _ => None,
    })
}

/// A trial tells something. A key that is left behind is said whether or not its pane is still open.
pub(super) fn event(model: &mut Model, ticket: Ticket, event: TrialEvent) -> Vec<Effect> {
    if let TrialEvent::Revoked { prefix, failure: Some(failure) } = &event {
        let said = format!(
            "the key {prefix} that was minted to try a slug is still there: {}\nhint: revoke it in Groups",
            failure.message
        );
        model.shared.notices.say(model.shared.now, Tone::Bad, said);
    }
    let open = model.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::TryIt(try_it) => Some(try_it),
        _ => None,
    });
    if let Some(try_it) = open {
        try_it.receive(ticket, event);
    }
    Vec::new()
}
