//! The mouse selects, scrolls, and presses what looks pressable. Where things are is asked of the layout, so that
//! drawing need not remember anything.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{Model, Tab, keys};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;

/// How many rows a turn of the wheel scrolls.
const WHEEL_ROWS: usize = 3;

/// The mouse did something.
pub(super) fn act(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    match event.kind {
        MouseEventKind::ScrollUp => wheel(model, Action::Up),
        MouseEventKind::ScrollDown => wheel(model, Action::Down),
        MouseEventKind::Down(MouseButton::Left) => press(model, event.column, event.row),
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => Vec::new(),
    }
}

fn wheel(model: &mut Model, action: Action) -> Vec<Effect> {
    (0..WHEEL_ROWS).flat_map(|_| keys::act(model, action)).collect()
}

fn press(model: &mut Model, column: u16, row: u16) -> Vec<Effect> {
    if model.welcome.is_some() || !model.overlays.is_empty() {
        return Vec::new();
    }
    let regions = model.regions();
    if regions.tabs.contains(Position::new(column, row)) {
        if let Some(tab) = tab_at(regions.tabs, model, column) {
            return super::tabs::show(model, tab);
        }
        return Vec::new();
    }
    if let Some(effects) = super::tabs::press(model, regions.body, column, row) {
        return effects;
    }
    if model.tab != Tab::Endpoints || !model.endpoints.work.is_none() {
        return Vec::new();
    }
    let Some(place) = model.endpoints.row_at(column, row) else { return Vec::new() };
    if model.endpoints.list.cursor == place && model.endpoints.has_list_focus() {
        // A second press on the same row opens it.
        return keys::act(model, Action::Open);
    }
    model.endpoints.press_row(place);
    Vec::new()
}

/// The tab whose title is at the column.
fn tab_at(area: Rect, model: &Model, column: u16) -> Option<Tab> {
    let mut left = usize::from(area.x) + 1;
    Tab::ALL.into_iter().find(|tab| {
        let width = model.shared.keymap.shown(tab.action()).chars().count() + 1 + tab.title().chars().count();
        let is_there = (left..left + width).contains(&usize::from(column));
        left += width + 3;
        is_there
    })
}
