//! What a key does: the key map says which action it is, this hands it to the part that owns it.

use crossterm::event::KeyEvent;

use super::{Availability, Model, Tab, available, edited, open, palette, poll, proposals, tabs, trail, trial};
use crate::tui::effect::Effect;
use crate::tui::keymap::{self, Action, Place};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::contexts::Contexts;
use crate::tui::overlays::help::Help;
use crate::tui::overlays::leave::Leave;
use crate::tui::overlays::notices::Tone;
use crate::tui::overlays::reader::{Reader, ReaderLine};
use crate::tui::overlays::tour::Tour;
use crate::tui::screens::welcome::{Choice, Focus, Welcome};
use crate::tui::text;
use crate::tui::theme::Role;

/// How many keys wait for the answer of a write; further ones are dropped.
const HELD_MAX: usize = 16;

/// A key was pressed.
pub(super) fn press(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    let place = model.place();
    let Some(action) = model.shared.keymap.resolve(place, key) else {
        return if place.takes_text() { edit(model, key) } else { Vec::new() };
    };
    let writes = keymap::binding(action).is_some_and(|binding| binding.writes);
    if model.shared.is_writing && (writes || !model.held.is_empty()) {
        if model.held.len() < HELD_MAX {
            model.held.push(*key);
        }
        return Vec::new();
    }
    want(model, action)
}

/// Does an action, or says why it cannot be done. While a write is under way nothing that writes is begun.
pub(super) fn want(model: &mut Model, action: Action) -> Vec<Effect> {
    let writes = keymap::binding(action).is_some_and(|binding| binding.writes);
    if model.shared.is_writing && writes {
        return Vec::new();
    }
    if let Availability::No(reason) = available(model, action) {
        model.shared.notices.say(model.shared.now, Tone::Plain, reason);
        return Vec::new();
    }
    act(model, action)
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(effects) = everywhere(model, action) {
        return effects;
    }
    if model.overlays.last().is_some() {
        return act_on_overlay(model, action);
    }
    if action == Action::TryIt && model.welcome.is_none() {
        return trial::open(model);
    }
    if let Some(effects) = trail::act(model, action) {
        return effects;
    }
    if action == Action::SeedDemo && model.welcome.is_none() {
        return proposals::seek_demo(model);
    }
    if let Some(aim) = proposals::aim(model, action) {
        return proposals::seek(model, aim);
    }
    if model.welcome.is_some() {
        return act_on_welcome(model, action);
    }
    if action == Action::EditAsText && model.tab == Tab::Endpoints {
        return edited::open(model);
    }
    match model.tab {
        Tab::Endpoints => model.endpoints.act(action, &mut model.shared),
        Tab::Board | Tab::Groups | Tab::Traffic | Tab::History | Tab::Gateway => {
            tabs::act(model, action).unwrap_or_default()
        }
    }
}

fn everywhere(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let none = Some(Vec::new());
    match action {
        Action::Quit => Some(quit(model)),
        Action::Suspend => Some(vec![Effect::Suspend]),
        Action::Redraw => Some(vec![Effect::Redraw]),
        Action::Mouse => {
            model.is_mouse_released = !model.is_mouse_released;
            let said = if model.is_mouse_released {
                "the mouse selects text now"
            } else {
                "the mouse presses what it points at"
            };
            model.shared.notices.say(model.shared.now, Tone::Plain, said);
            Some(vec![Effect::Mouse(!model.is_mouse_released)])
        }
        Action::Help => {
            if !matches!(model.overlays.last(), Some(Overlay::Help(_))) {
                let help = Help::new(model.place());
                model.overlays.push(Overlay::Help(help));
            }
            none
        }
        Action::Tour => {
            if !matches!(model.overlays.last(), Some(Overlay::Tour(_))) {
                model.overlays.push(Overlay::Tour(Tour::default()));
            }
            none
        }
        Action::Palette => {
            palette::open(model);
            none
        }
        Action::Notices => {
            let past = past_notices(model);
            model.overlays.push(Overlay::Reader(past));
            none
        }
        Action::SwitchContext => {
            if !matches!(model.overlays.last(), Some(Overlay::Contexts(_))) {
                let contexts = Contexts::new(&model.shared);
                model.overlays.push(Overlay::Contexts(contexts));
            }
            none
        }
        Action::Log => Some(vec![Effect::ReadLog]),
        Action::ReadAgain => {
            let mut effects = poll::look_now(model);
            effects.extend(tabs::read_again(model));
            Some(effects)
        }
        Action::Tab1 | Action::Tab2 | Action::Tab3 | Action::Tab4 | Action::Tab5 | Action::Tab6 => {
            let tab = Tab::ALL.into_iter().find(|tab| tab.action() == action)?;
            if model.welcome.is_none() {
                model.overlays.clear();
                return Some(tabs::show(model, tab));
            }
            none
        }
        _ => None,
    }
}

fn quit(model: &mut Model) -> Vec<Effect> {
    // Pressed again, it is meant.
    let is_asked = matches!(model.overlays.last(), Some(Overlay::Leave(_)));
    if model.has_typed && !is_asked && !model.is_leaving {
        model.overlays.push(Overlay::Leave(Leave::default()));
        return Vec::new();
    }
    if model.shared.is_writing && !model.is_leaving {
        model.is_leaving = true;
        let said = "a write is under way: quitting once its answer is there\nhint: press again to quit at once";
        model.shared.notices.say(model.shared.now, Tone::Bad, said);
        return Vec::new();
    }
    vec![Effect::Quit]
}

fn past_notices(model: &Model) -> Reader {
    let mut reader = Reader::new("Notices", "");
    for notice in model.shared.notices.all().rev() {
        let (sign, role) = notice.tone.sign();
        for (index, line) in notice.text.lines().enumerate() {
            let lead = if index == 0 { format!("{}  {sign} ", text::clock(notice.at)) } else { " ".repeat(12) };
            let role = if index == 0 { role } else { Role::Muted };
            reader.lines.push(ReaderLine { role, text: format!("{lead}{line}") });
        }
    }
    if reader.lines.is_empty() {
        reader.lines.push(ReaderLine { role: Role::Muted, text: "nothing was said yet".to_owned() });
    }
    reader
}

fn act_on_overlay(model: &mut Model, action: Action) -> Vec<Effect> {
    if matches!(model.overlays.last(), Some(Overlay::Proposal(_))) {
        return proposals::act(model, action);
    }
    if matches!(model.overlays.last(), Some(Overlay::TryIt(_))) {
        return trial::act(model, action);
    }
    if action == Action::Back {
        model.overlays.pop();
        return Vec::new();
    }
    match model.overlays.last_mut() {
        Some(Overlay::Help(help)) => help.act(action, &model.shared),
        Some(Overlay::Tour(tour)) => {
            if !tour.act(action) {
                model.overlays.pop();
            }
        }
        Some(Overlay::Leave(leave)) if action == Action::Confirm => {
            let is_chosen = leave.is_chosen;
            if is_chosen {
                return quit(model);
            }
            model.overlays.pop();
        }
        Some(Overlay::Leave(leave)) => leave.act(action),
        Some(Overlay::Palette(_)) if action == Action::Confirm => return palette::run(model),
        Some(Overlay::Palette(palette)) => palette.act(action, &model.shared),
        Some(Overlay::Reader(reader)) => return reader.act(action, &model.shared),
        Some(Overlay::Copy(copy)) => {
            if action == Action::Confirm {
                return copy_chosen(model);
            }
            copy.act(action);
        }
        Some(Overlay::Contexts(contexts)) => {
            if action == Action::Confirm {
                let chosen = contexts.cursor;
                model.overlays.pop();
                return switch(model, chosen);
            }
            contexts.act(action, &model.shared);
        }
        Some(Overlay::Proposal(_) | Overlay::TryIt(_)) | None => {}
    }
    Vec::new()
}

fn copy_chosen(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Copy(copy)) = model.overlays.pop() else { return Vec::new() };
    let Some(item) = copy.chosen() else { return Vec::new() };
    model.shared.notices.say(model.shared.now, Tone::Good, format!("copied: {}", item.name));
    vec![Effect::Copy(item.text.clone())]
}

fn switch(model: &mut Model, chosen: usize) -> Vec<Effect> {
    if chosen < model.shared.contexts.len() {
        return open(model, chosen);
    }
    model.welcome = Some(Welcome::form());
    Vec::new()
}

fn act_on_welcome(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(welcome) = &mut model.welcome else { return Vec::new() };
    let is_choosing = welcome.focus == Focus::Choices;
    if let (Action::Confirm, true, Some(Choice::Context(context))) =
        (action, is_choosing, welcome.chosen(&model.shared))
    {
        return open(model, context);
    }
    if action == Action::Back && is_choosing && model.shared.context.is_some() {
        model.welcome = None;
        return Vec::new();
    }
    welcome.act(action, &mut model.shared)
}

fn edit(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    model.has_typed |= is_form(model.place());
    if let Some(overlay) = model.overlays.last_mut() {
        match overlay {
            Overlay::Help(help) => help.edit(key),
            Overlay::Palette(palette) => palette.edit(key),
            Overlay::Proposal(proposal) => proposal.edit(key),
            Overlay::TryIt(_) => trial::edit(model, key),
            Overlay::Reader(_) | Overlay::Contexts(_) | Overlay::Copy(_) | Overlay::Leave(_) | Overlay::Tour(_) => {}
        }
        return Vec::new();
    }
    if let Some(welcome) = &mut model.welcome {
        welcome.edit(key);
        return Vec::new();
    }
    match model.tab {
        Tab::Endpoints => return model.endpoints.edit(key, &model.shared),
        Tab::Board | Tab::Groups | Tab::Traffic | Tab::History | Tab::Gateway => tabs::edit(model, key),
    }
    Vec::new()
}

/// True where what is typed is lost with the form. A target that is looked for is found again at once.
fn is_form(place: Place) -> bool {
    matches!(place, Place::Form | Place::WelcomeForm)
}

/// Pasted text goes to a text field or nowhere, never to actions.
pub(super) fn paste(model: &mut Model, pasted: &str) -> Vec<Effect> {
    if !model.place().takes_text() {
        let said = "nothing was pasted: no text field has the keys";
        model.shared.notices.say(model.shared.now, Tone::Plain, said);
        return Vec::new();
    }
    model.has_typed |= is_form(model.place());
    if let Some(overlay) = model.overlays.last_mut() {
        match overlay {
            Overlay::Help(help) => drop(help.filter.paste(pasted)),
            Overlay::Palette(palette) => palette.paste(pasted),
            Overlay::Proposal(proposal) => drop(proposal.typed.paste(pasted)),
            Overlay::TryIt(_) => trial::paste(model, pasted),
            Overlay::Reader(_) | Overlay::Contexts(_) | Overlay::Copy(_) | Overlay::Leave(_) | Overlay::Tour(_) => {}
        }
    } else if let Some(welcome) = &mut model.welcome {
        welcome.paste(pasted);
    } else {
        match model.tab {
            Tab::Endpoints => model.endpoints.paste(pasted, &model.shared),
            Tab::Board | Tab::Groups | Tab::Traffic | Tab::History | Tab::Gateway => tabs::paste(model, pasted),
        }
    }
    Vec::new()
}
