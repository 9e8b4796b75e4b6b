//! The tabs beside the list of endpoints: what reaches them, and the way from one to another.

use crossterm::event::KeyEvent;

use ratatui::layout::{Position, Rect};

use super::{Availability, Model, Tab};
use crate::api::{EndpointId, Target};
use crate::plan::Report;
use crate::tui::effect::{Effect, Timer};
use crate::tui::keymap::Action;
use crate::tui::load::{Failure, Ticket};
use crate::tui::overlays::notices::Tone;
use crate::tui::screens::board::Wish;
use crate::tui::screens::endpoints::Pane;
use crate::tui::screens::endpoints::work::Work;
use crate::tui::screens::gateway::switchboard::Model as Simulated;
use crate::tui::session::Connection;
use crate::tui::traffic::News;
use crate::tui::wanted::{Found, Wanted};

/// A tab was opened: it reads what it has not.
pub(super) fn show(model: &mut Model, tab: Tab) -> Vec<Effect> {
    model.tab = tab;
    if model.shared.connection != Connection::Open {
        return Vec::new();
    }
    match tab {
        Tab::Groups => model.groups.read(&mut model.shared),
        Tab::History => model.history.read(&mut model.shared),
        // It is watched as long as it is looked at: see `settle`.
        Tab::Endpoints | Tab::Board | Tab::Traffic | Tab::Gateway => Vec::new(),
    }
}

/// An address and a key were typed: it is said whose key it is, and what it may read.
pub(super) fn ask_rights(model: &mut Model) -> Effect {
    let ticket = model.shared.ticket();
    model.asking_rights = Some(ticket);
    Effect::Read { ticket, wanted: Wanted::Rights }
}

/// Everything of the open tab is to be read again.
pub(super) fn read_again(model: &mut Model) -> Vec<Effect> {
    if model.tab == Tab::Endpoints {
        model.endpoints.callers.expire();
    }
    if model.tab == Tab::Gateway {
        return model.gateway.read(&mut model.shared);
    }
    if model.tab == Tab::Traffic && model.traffic.watch.is_some() {
        return model.traffic.read(&mut model.shared);
    }
    show(model, model.tab)
}

/// Does what a key asks for. `None` where the open tab is none of these.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    match model.tab {
        Tab::Board => Some(act_on_board(model, action)),
        Tab::Groups => Some(model.groups.act(action, &mut model.shared)),
        Tab::Traffic => Some(model.traffic.act(action, &mut model.shared)),
        Tab::History => Some(model.history.act(action, &mut model.shared)),
        Tab::Gateway => Some(model.gateway.act(action, &mut model.shared)),
        Tab::Endpoints => None,
    }
}

fn act_on_board(model: &mut Model, action: Action) -> Vec<Effect> {
    match model.board.act(action, &model.endpoints, &model.shared) {
        Some(Wish::Show(id)) => {
            model.endpoints.reveal(&id, &model.shared);
            model.endpoints.pane = Pane::Detail;
            show(model, Tab::Endpoints)
        }
        Some(Wish::Repoint(id, target)) => repoint(model, &id, &target),
        None => Vec::new(),
    }
}

/// A wire was plugged in elsewhere: the one confirmation of a re-point opens on that target.
fn repoint(model: &mut Model, id: &EndpointId, target: &Target) -> Vec<Effect> {
    model.endpoints.reveal(id, &model.shared);
    model.tab = Tab::Endpoints;
    let mut effects = model.endpoints.act(Action::Repoint, &mut model.shared);
    let wanted = target.clone().normalized();
    if let Work::Repoint(repoint) = &mut model.endpoints.work
        && let Some(place) = repoint.shown.iter().position(|candidate| candidate.target.clone().normalized() == wanted)
    {
        repoint.move_to(place);
        effects.extend(model.endpoints.act(Action::Confirm, &mut model.shared));
    }
    effects
}

/// Whether an action of these tabs can be done now. `None` where the rest of the program knows.
pub(super) fn available(model: &Model, action: Action) -> Option<Availability> {
    if model.tab == Tab::Traffic && model.overlays.is_empty() && matches!(action, Action::Open | Action::Copy) {
        return Some(match model.traffic.request() {
            Some(_) => Availability::Yes,
            None => Availability::No("no request is selected"),
        });
    }
    if model.tab == Tab::History && action == Action::Undo && model.overlays.is_empty() && model.welcome.is_none() {
        return Some(match model.history.aim() {
            Some(_) => Availability::Yes,
            None => Availability::No("only what was done from this machine can be taken back"),
        });
    }
    if model.tab != Tab::Groups || !model.groups.work.is_none() || !model.overlays.is_empty() || model.welcome.is_some()
    {
        return None;
    }
    let need = |is_there: bool, said: &'static str| if is_there { Availability::Yes } else { Availability::No(said) };
    match action {
        Action::Edit | Action::Delete | Action::MintKey | Action::RegisterKey | Action::NewChild | Action::Open => {
            Some(need(model.groups.group().is_some(), "no group is selected"))
        }
        Action::RevokeKey | Action::Copy => Some(need(model.groups.selected_key().is_some(), "no key is selected")),
        _ => None,
    }
}

/// The mouse pressed into the body. `None` where the open tab is none of these.
pub(super) fn press(model: &mut Model, body: Rect, column: u16, row: u16) -> Option<Vec<Effect>> {
    match model.tab {
        Tab::Board => {
            model.board.press(body, Position::new(column, row), &model.endpoints);
            Some(Vec::new())
        }
        Tab::Groups => Some(model.groups.press(Position::new(column, row))),
        Tab::Traffic => {
            model.traffic.press(Position::new(column, row));
            Some(Vec::new())
        }
        Tab::History => {
            model.history.press(Position::new(column, row));
            Some(Vec::new())
        }
        Tab::Gateway => {
            model.gateway.press(Position::new(column, row));
            Some(Vec::new())
        }
        Tab::Endpoints => None,
    }
}

/// Types into the field that has the keys.
pub(super) fn edit(model: &mut Model, key: &KeyEvent) {
    match model.tab {
        Tab::Board => model.board.edit(key, &model.endpoints, &model.shared),
        Tab::Groups => model.groups.edit(key),
        Tab::Traffic => model.traffic.edit(key, &model.shared),
        Tab::History => model.history.edit(key),
        Tab::Gateway => model.gateway.edit(key),
        Tab::Endpoints => {}
    }
}

/// Takes what was pasted into the field that has the keys.
pub(super) fn paste(model: &mut Model, pasted: &str) {
    match model.tab {
        Tab::Board => model.board.paste(pasted, &model.endpoints, &model.shared),
        Tab::Groups => model.groups.paste(pasted),
        Tab::Traffic => model.traffic.paste(pasted, &model.shared),
        Tab::History => model.history.paste(pasted),
        Tab::Gateway => model.gateway.paste(pasted),
        Tab::Endpoints => {}
    }
}

/// Something that was asked for came.
pub(super) fn found(model: &mut Model, ticket: Ticket, found: &Result<Found, Failure>) -> Vec<Effect> {
    if model.asking_rights == Some(ticket) {
        model.asking_rights = None;
        if let Ok(Found::Rights(rights)) = found {
            let tone = if rights.endpoints.is_ok() { Tone::Good } else { Tone::Bad };
            model.shared.notices.say(model.shared.now, tone, rights.said());
        }
        return Vec::new();
    }
    if let Some(effects) = super::proposals::found(model, ticket, found) {
        return effects;
    }
    if let Some(effects) = super::trial::found(model, ticket, found) {
        return effects;
    }
    if model.endpoints.callers.receive(ticket, found, &model.shared) {
        return Vec::new();
    }
    if let Some(effects) = model.gateway.take(ticket, found, &model.shared) {
        know_models(model);
        return effects;
    }
    let history = model.history.receive(ticket, found, &model.shared);
    history.or_else(|| model.groups.receive(ticket, found, &mut model.shared)).unwrap_or_default()
}

/// Requests have passed, or can no longer be seen.
pub(super) fn news(model: &mut Model, ticket: Ticket, news: News) -> Vec<Effect> {
    model.traffic.receive(ticket, news, &model.shared);
    Vec::new()
}

/// A plan has ended, whoever ran it: what the open tab tells of changes is read again.
pub(super) fn written(model: &mut Model) -> Vec<Effect> {
    if model.tab == Tab::History { model.history.read(&mut model.shared) } else { Vec::new() }
}

/// A plan has ended. `None` where none of these tabs ran it.
pub(super) fn report(model: &mut Model, ticket: Ticket, answer: &Result<Report, Failure>) -> Option<Vec<Effect>> {
    model.groups.report(ticket, answer, &mut model.shared)
}

/// A timer ran out. Nothing is read for a tab that is not open.
pub(super) fn due(model: &mut Model, timer: Timer) -> Vec<Effect> {
    if timer == Timer::Callers {
        return model.endpoints.read_callers(model.tab == Tab::Endpoints, &mut model.shared);
    }
    if model.shared.connection != Connection::Open {
        return Vec::new();
    }
    match (timer, model.tab) {
        (Timer::GroupDetail, Tab::Groups) if model.shared.has_focus => model.groups.read_detail(&mut model.shared),
        (Timer::GatewayFigures, Tab::Gateway) => model.gateway.read(&mut model.shared),
        (Timer::History, Tab::History) if model.shared.has_focus => model.history.read(&mut model.shared),
        _ => Vec::new(),
    }
}

/// The context is another one, or none.
pub(super) fn forget(model: &mut Model) {
    model.board.forget();
    model.groups.forget();
    model.traffic.forget();
    model.gateway.forget();
    super::trail::forget(model);
    model.history.forget();
    model.seeking = None;
}

/// A message was taken: what is drawn follows, and what is not looked at is watched no longer.
pub(super) fn settle(model: &mut Model) -> Vec<Effect> {
    if model.tab == Tab::Board {
        model.board.follow(&model.endpoints, &model.shared);
    }
    super::trail::follow(model);
    let is_seen = model.shared.has_focus && model.welcome.is_none() && model.shared.connection == Connection::Open;
    let mut effects = model.traffic.follow(is_seen && model.tab == Tab::Traffic, &mut model.shared);
    effects.extend(model.endpoints.follow_callers(is_seen && model.tab == Tab::Endpoints, &model.shared));
    effects.extend(model.gateway.follow(is_seen && model.tab == Tab::Gateway, &mut model.shared));
    effects
}

/// The models that a simulator may stand for: those of the workspace, and those that endpoints name elsewhere.
fn know_models(model: &mut Model) {
    let workspace = &model.endpoints.workspace;
    let own = workspace.models().map(|known| Simulated { id: known.id.to_string(), name: Some(known.name.clone()) });
    let targets = model.endpoints.rows.targets().flat_map(|targets| &targets.all);
    let named = targets.filter_map(|target| {
        let id = target.model_id.as_ref().map(ToString::to_string).or_else(|| target.target_model.clone())?;
        let name = target.model_id.as_ref().and_then(|id| workspace.model_name(id)).map(str::to_owned);
        Some(Simulated { id, name })
    });
    let all: Vec<Simulated> = own.chain(named).collect();
    model.gateway.know(all.into_iter());
}
