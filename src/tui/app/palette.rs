//! The palette: which actions there are where it was opened, and running one of them there.

use super::{Availability, Model, available, keys};
use crate::tui::effect::Effect;
use crate::tui::keymap::{self, Action, Binding, Place, TABLE};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::notices::Tone;
use crate::tui::overlays::palette::{Entry, Palette};

/// How many names of actions that were run are remembered.
const RECENT_MAX: usize = 8;

/// Opens it over whatever has the keys.
pub(super) fn open(model: &mut Model) {
    if matches!(model.overlays.last(), Some(Overlay::Palette(_))) {
        return;
    }
    let palette = Palette::new(entries(model), &model.recent_actions);
    model.overlays.push(Overlay::Palette(palette));
}

/// Runs what is chosen in the place where the palette was opened.
pub(super) fn run(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Palette(palette)) = model.overlays.last() else { return Vec::new() };
    let Some(entry) = palette.chosen().cloned() else { return Vec::new() };
    model.overlays.pop();
    // It may have become impossible while the palette was open, or possible.
    let place = model.place();
    let reason = row(entry.name, place).map_or(entry.reason, |binding| why_not(model, binding, place).flatten());
    if let Some(reason) = reason {
        let said = format!("{}: {reason}", entry.name);
        model.shared.notices.say(model.shared.now, Tone::Plain, said);
        return Vec::new();
    }
    model.recent_actions.retain(|name| *name != entry.name);
    model.recent_actions.insert(0, entry.name);
    model.recent_actions.truncate(RECENT_MAX);
    keys::act(model, entry.action)
}

/// Every name of the table once, with what it does in the open place.
fn entries(model: &Model) -> Vec<Entry> {
    let place = model.place();
    let mut names: Vec<&'static str> = Vec::new();
    for binding in TABLE {
        if !names.contains(&binding.name) && !matches!(binding.action, Action::Palette | Action::Complete) {
            names.push(binding.name);
        }
    }
    let entry = |name| {
        let binding = row(name, place)?;
        let mut keys = model.shared.keymap.keys_in(name, place);
        if keys.is_empty() {
            keys.extend_from_slice(binding.keys);
        }
        Some(Entry {
            action: binding.action,
            name,
            help: binding.help,
            section: binding.section,
            keys: keys.iter().map(|key| model.shared.keymap.label(*key)).collect::<Vec<_>>().join(" "),
            reason: why_not(model, binding, place)?,
        })
    };
    names.into_iter().filter_map(entry).collect()
}

/// The row of a name that counts in a place: its own, else one that works everywhere, else one of another place.
fn row(name: &str, place: Place) -> Option<&'static Binding> {
    let rows = || TABLE.iter().filter(|binding| binding.name == name);
    let own = rows().find(|binding| !binding.places.is_empty() && binding.works_in(place));
    own.or_else(|| rows().find(|binding| binding.works_in(place))).or_else(|| rows().next())
}

/// Why an action cannot be run; `None` outside where it is not worth mentioning.
#[expect(clippy::option_option, reason = "hidden, possible and impossible are three things")]
fn why_not(model: &Model, binding: &'static Binding, place: Place) -> Option<Option<String>> {
    if !binding.works_in(place) {
        let home = binding.places.first().map_or("", |place| place.words());
        return Some(Some(format!("works in {home}")));
    }
    let leaves = binding.places.is_empty() && place.holds_draft();
    if leaves && model.shared.keymap.keys_in(binding.name, place).iter().all(|key| key.is_printable()) {
        return Some(Some("not while something is being changed".to_owned()));
    }
    if model.shared.is_writing && keymap::binding(binding.action).is_some_and(|binding| binding.writes) {
        return Some(Some("a write is under way".to_owned()));
    }
    match available(model, binding.action) {
        Availability::Yes => Some(None),
        Availability::No(reason) => Some(Some(reason.to_owned())),
        Availability::Hidden => None,
    }
}
