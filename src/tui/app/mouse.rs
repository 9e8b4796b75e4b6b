//! The mouse selects, scrolls, drags wires, and presses what looks pressable. Where things are is asked of the layout,
//! so that drawing need not remember anything.
//!
//! Buttons stand in popups of many kinds; they are found by how they look in the picture of the screen, which nothing
//! else has. A second press soon after the first, on the same row, opens what is there.

use std::time::Duration;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};

use super::{Model, Tab, keys, tabs};
use crate::api::Time;
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Place, TABLE};
use crate::tui::overlays::Overlay;
use crate::tui::screens::board::picture::Areas;
use crate::tui::theme::Role;
use crate::tui::view;

/// How many rows a turn of the wheel scrolls.
const WHEEL_ROWS: usize = 3;
/// Two presses that are further apart are two presses.
const DOUBLE_PRESS: Duration = Duration::from_millis(500);

/// What the mouse did before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pointer {
    /// The last press, and when it was.
    pressed: Option<(Time, Position)>,
    /// True while a wire of the board hangs at it.
    is_dragging: bool,
}

/// The mouse did something.
pub(super) fn act(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollUp => wheel(model, Action::Up),
        MouseEventKind::ScrollDown => wheel(model, Action::Down),
        MouseEventKind::Down(MouseButton::Left) => press(model, at),
        MouseEventKind::Drag(MouseButton::Left) => drag(model, at),
        MouseEventKind::Up(MouseButton::Left) => release(model, at),
        MouseEventKind::Down(_)
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

fn press(model: &mut Model, at: Position) -> Vec<Effect> {
    let now = model.shared.now;
    let before = model.pointer.pressed.replace((now, at));
    let is_double = before.is_some_and(|(then, place)| place.y == at.y && now.since(then) <= DOUBLE_PRESS);
    if is_double {
        // A third press is a first one again.
        model.pointer.pressed = None;
    }
    let regions = model.regions();
    if regions.bottom.contains(at) {
        let action = view::action_at(model, regions.bottom.width, at.x - regions.bottom.x);
        return action.map(|action| keys::want(model, action)).unwrap_or_default();
    }
    if let Some(effects) = press_button(model, at) {
        return effects;
    }
    if !model.overlays.is_empty() {
        return press_overlay(model, regions.body, at, is_double);
    }
    if model.welcome.is_some() {
        return press_welcome(model, regions.body, at, is_double);
    }
    if regions.tabs.contains(at) {
        return tab_at(regions.tabs, model, at.x).map(|tab| tabs::show(model, tab)).unwrap_or_default();
    }
    press_body(model, regions.body, at, is_double)
}

/// Presses the button that is there: moves the focus to it, then chooses it.
fn press_button(model: &mut Model, at: Position) -> Option<Vec<Effect>> {
    let place = model.place();
    if !matches!(place, Place::Confirm | Place::Question | Place::Minted | Place::PlanOver) {
        return None;
    }
    let buttons = buttons(model, &view::picture(model)?, at.y);
    let pressed = buttons.iter().position(|(left, right, _)| (*left..=*right).contains(&at.x))?;
    if place == Place::Minted {
        return Some(keys::want(model, Action::Copy));
    }
    let focused = buttons.iter().position(|(.., has_focus)| *has_focus)?;
    let step = if pressed > focused { Action::Right } else { Action::Left };
    let mut effects = Vec::new();
    for _ in 0..pressed.abs_diff(focused) {
        effects.extend(keys::want(model, step));
    }
    effects.extend(keys::want(model, Action::Confirm));
    Some(effects)
}

/// The buttons of a row: first and last column, and whether it has the focus.
fn buttons(model: &Model, picture: &Buffer, row: u16) -> Vec<(u16, u16, bool)> {
    let looks = |cell: &Cell, role: Role| {
        let style = model.shared.theme.style(role);
        (cell.fg, cell.bg) == (style.fg.unwrap_or_default(), style.bg.unwrap_or_default())
            && cell.modifier == style.add_modifier
    };
    let mut buttons: Vec<(u16, u16, bool)> = Vec::new();
    for column in picture.area.left()..picture.area.right() {
        let Some(cell) = picture.cell((column, row)) else { continue };
        let (has_focus, is_idle) = (looks(cell, Role::Button), looks(cell, Role::ButtonIdle));
        match buttons.last_mut() {
            Some((_, right, focus)) if *right + 1 == column && *focus == has_focus && (has_focus || is_idle) => {
                *right = column;
            }
            _ if has_focus || is_idle => buttons.push((column, column, has_focus)),
            _ => {}
        }
    }
    buttons
}

fn press_overlay(model: &mut Model, body: Rect, at: Position, is_double: bool) -> Vec<Effect> {
    let is_there = match model.overlays.last_mut() {
        Some(Overlay::Palette(palette)) => palette.press(&model.shared, at),
        Some(Overlay::Contexts(contexts)) => contexts.press(&model.shared, body, at),
        Some(Overlay::Copy(copy)) => copy.press(body, at),
        Some(_) | None => false,
    };
    if is_there && is_double { keys::want(model, Action::Confirm) } else { Vec::new() }
}

fn press_welcome(model: &mut Model, body: Rect, at: Position, is_double: bool) -> Vec<Effect> {
    let is_there = model.welcome.as_mut().is_some_and(|welcome| welcome.press(&model.shared, body, at));
    if is_there && is_double { keys::want(model, Action::Confirm) } else { Vec::new() }
}

fn press_body(model: &mut Model, body: Rect, at: Position, is_double: bool) -> Vec<Effect> {
    let place = model.place();
    if let Some(effects) = tabs::press(model, body, at.x, at.y) {
        return if is_double && effects.is_empty() && place == model.place() { open(model) } else { effects };
    }
    if model.tab != Tab::Endpoints || !model.endpoints.work.is_none() {
        return Vec::new();
    }
    if let Some(sort) = model.endpoints.sort_at(at.x, at.y, &model.shared) {
        return model.endpoints.sort_by(sort, &model.shared);
    }
    let Some(row) = model.endpoints.row_at(at.x, at.y) else { return Vec::new() };
    let was_selected = model.endpoints.list.cursor == row;
    model.endpoints.press_row(row);
    if is_double && was_selected { open(model) } else { Vec::new() }
}

/// Opens what is selected, where there is something to open.
fn open(model: &mut Model) -> Vec<Effect> {
    let place = model.place();
    let opens = TABLE.iter().any(|row| row.action == Action::Open && row.works_in(place));
    if opens { keys::want(model, Action::Open) } else { Vec::new() }
}

/// A wire of the board follows the mouse from its slug.
fn drag(model: &mut Model, at: Position) -> Vec<Effect> {
    if model.tab != Tab::Board || model.welcome.is_some() || !model.overlays.is_empty() {
        return Vec::new();
    }
    let body = model.regions().body;
    let areas = Areas::of(body);
    let began = model.pointer.pressed.is_some_and(|(_, from)| areas.slugs.contains(from));
    let mut effects = Vec::new();
    if began && model.board.carrying.is_none() && !areas.slugs.contains(at) {
        effects = keys::want(model, Action::Repoint);
        model.pointer.is_dragging = model.board.carrying.is_some();
        model.pointer.pressed = None;
    }
    if model.pointer.is_dragging {
        model.board.press(body, at, &model.endpoints);
    }
    effects
}

/// The wire is plugged in where it is let go of over a target, else it stays where it was.
fn release(model: &mut Model, at: Position) -> Vec<Effect> {
    if !std::mem::take(&mut model.pointer.is_dragging) || model.place() != Place::BoardCarry {
        return Vec::new();
    }
    let is_over_target = Areas::of(model.regions().body).targets.contains(at);
    keys::want(model, if is_over_target { Action::Confirm } else { Action::Back })
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
