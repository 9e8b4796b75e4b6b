//! The way through the tabs: from a thing to what belongs to it in one key, and back again.
//!
//! Whoever opens another tab, however, leaves a [`Spot`]: the tab, and what was selected or asked for in it. `[` goes
//! back to it and `]` forward again, like the pages of a browser. What is selected is kept by its id.

use super::{Availability, Model, Tab, tabs};
use crate::api::{EndpointId, GroupId, Slug};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::overlays::notices::Tone;

/// How many spots are kept.
const SPOTS_MAX: usize = 50;
/// How many slugs of a group are named.
const NAMED_MAX: usize = 5;

/// Where somebody was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Spot {
    tab: Tab,
    /// What was selected, by its id.
    selected: Option<String>,
    /// What was asked for, in the tabs whose question is what they show.
    filter: String,
}

/// Where somebody was before, and went back from.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    back: Vec<Spot>,
    forward: Vec<Spot>,
    here: Spot,
}

/// The context is another one: what was looked at is not in it.
pub(super) fn forget(model: &mut Model) {
    model.trail = Trail::default();
}

/// A message was taken: who has opened another tab can come back.
pub(super) fn follow(model: &mut Model) {
    let here = spot(model);
    let trail = &mut model.trail;
    if here.tab != trail.here.tab {
        trail.forward.clear();
        trail.back.push(std::mem::take(&mut trail.here));
        trail.back.drain(..trail.back.len().saturating_sub(SPOTS_MAX));
    }
    trail.here = here;
}

fn spot(model: &Model) -> Spot {
    let (selected, filter) = match model.tab {
        Tab::Endpoints => (model.endpoints.list.selected.as_ref().map(ToString::to_string), ""),
        Tab::Board => (model.board.selected(&model.endpoints).map(|row| row.id.to_string()), ""),
        Tab::Groups => (model.groups.selected.as_ref().map(ToString::to_string), model.groups.filter.text()),
        Tab::Traffic => (None, model.traffic.filter.text()),
        Tab::History => (None, model.history.filter.text()),
        Tab::Gateway => (None, ""),
    };
    Spot { tab: model.tab, selected, filter: filter.to_owned() }
}

/// Does what a key asks for. `None` where it is not about the way.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::GoBack => {
            let spot = model.trail.back.pop()?;
            let here = std::mem::take(&mut model.trail.here);
            model.trail.forward.push(here);
            Some(stand(model, &spot))
        }
        Action::GoForward => {
            let spot = model.trail.forward.pop()?;
            let here = std::mem::take(&mut model.trail.here);
            model.trail.back.push(here);
            Some(stand(model, &spot))
        }
        Action::ToGroups => {
            let (_, slug) = endpoint(model)?;
            model.groups.show_slug(slug.as_str());
            Some(tabs::show(model, Tab::Groups))
        }
        Action::ToTraffic => {
            let asked = traffic_of(model)?;
            model.traffic.show(&asked, &model.shared);
            Some(tabs::show(model, Tab::Traffic))
        }
        Action::ToHistory => {
            let (_, slug) = endpoint(model)?;
            model.history.show(slug.as_str());
            Some(tabs::show(model, Tab::History))
        }
        Action::ToEndpoints => {
            let id = endpoints_of(model)?;
            model.endpoints.reveal(&id, &model.shared);
            Some(tabs::show(model, Tab::Endpoints))
        }
        _ => None,
    }
}

/// Goes to where somebody was.
fn stand(model: &mut Model, spot: &Spot) -> Vec<Effect> {
    match (spot.tab, &spot.selected) {
        (Tab::Endpoints, Some(id)) => model.endpoints.reveal(&EndpointId::new(id), &model.shared),
        (Tab::Board, Some(id)) => model.board.select(&EndpointId::new(id), &model.endpoints),
        (Tab::Groups, selected) => {
            model.groups.show(&spot.filter);
            if let Some(id) = selected {
                model.groups.select(&GroupId::new(id));
            }
        }
        (Tab::Traffic, _) => model.traffic.show(&spot.filter, &model.shared),
        (Tab::History, _) => model.history.show(&spot.filter),
        (Tab::Endpoints | Tab::Board, None) | (Tab::Gateway, _) => {}
    }
    model.trail.here.tab = spot.tab;
    tabs::show(model, spot.tab)
}

/// The endpoint that is selected.
fn endpoint(model: &Model) -> Option<(EndpointId, Slug)> {
    let row = match model.tab {
        Tab::Endpoints => model.endpoints.list.row(&model.endpoints.rows),
        Tab::Board => model.board.selected(&model.endpoints),
        Tab::Traffic => model.endpoints.rows.by_slug(model.traffic.request()?.slug().as_str()),
        Tab::Groups | Tab::History | Tab::Gateway => None,
    };
    row.map(|row| (row.id.clone(), row.slug.clone()))
}

/// What to ask of the traffic, to see that of what is selected.
fn traffic_of(model: &Model) -> Option<String> {
    if model.tab != Tab::Groups {
        return endpoint(model).map(|(_, slug)| format!("slug:{slug}"));
    }
    match model.groups.selected_key().filter(|_| model.groups.pane == crate::tui::screens::groups::Pane::Keys) {
        Some(key) => Some(format!("key:{}", key.prefix)),
        None => model.groups.group().map(|group| format!("group:{}", group.metadata.external_entity_id)),
    }
}

/// The endpoint to show of what is selected. A group may call several: they are named.
fn endpoints_of(model: &mut Model) -> Option<EndpointId> {
    if model.tab != Tab::Groups {
        return endpoint(model).map(|(id, _)| id);
    }
    let slugs: Vec<&str> = model.groups.group()?.models.iter().map(|model| model.slug.as_str()).collect();
    let rows = &model.endpoints.rows;
    let id = slugs.iter().find_map(|slug| rows.by_slug(slug)).map(|row| row.id.clone())?;
    if slugs.len() > 1 {
        let more =
            if slugs.len() > NAMED_MAX { format!(" and {} more", slugs.len() - NAMED_MAX) } else { String::new() };
        let named = slugs.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        model.shared.notices.say(model.shared.now, Tone::Plain, format!("the group may call {named}{more}"));
    }
    Some(id)
}

/// Whether there is a way. `None` where the rest of the program knows.
pub(super) fn available(model: &Model, action: Action) -> Option<Availability> {
    let need = |is_there: bool, said: &'static str| if is_there { Availability::Yes } else { Availability::No(said) };
    match action {
        Action::GoBack => Some(need(!model.trail.back.is_empty(), "there is nothing to go back to")),
        Action::GoForward => Some(need(!model.trail.forward.is_empty(), "there is nothing to go forward to")),
        Action::ToGroups | Action::ToHistory => Some(need(endpoint(model).is_some(), "no endpoint is selected")),
        Action::ToTraffic => Some(need(traffic_of(model).is_some(), "nothing is selected")),
        Action::ToEndpoints if model.tab == Tab::Groups => {
            let may_call = model.groups.group().is_some_and(|group| !group.models.is_empty());
            Some(need(may_call, "the group may call nothing"))
        }
        Action::ToEndpoints => Some(need(endpoint(model).is_some(), "there is no such endpoint")),
        _ => None,
    }
}
