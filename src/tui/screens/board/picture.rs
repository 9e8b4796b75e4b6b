//! Draws the board: only the rows that are seen, and the wires between them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::nets::{Grouping, Net};
use super::{Board, Carrying};
use crate::sync::SyncState;
use crate::tui::draw::wires::{self, Carried, Grid, Pin, Routing};
use crate::tui::layout;
use crate::tui::screens::endpoints::Endpoints;
use crate::tui::screens::endpoints::list::Sort;
use crate::tui::screens::endpoints::sieve::Sieve;
use crate::tui::screens::endpoints::table;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// Room for wires, between the two lists.
const WIRES_MIN: u16 = 14;
const WIRES_MAX: u16 = 44;

/// Where the three parts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// The slugs, with their border.
    pub slugs: Rect,
    /// The wires; the first and last column are the borders of the lists.
    pub wires: Rect,
    /// The targets, with their border.
    pub targets: Rect,
}

impl Areas {
    /// Divides the body.
    #[must_use]
    pub fn of(body: Rect) -> Self {
        let wires = (body.width * 22 / 100).clamp(WIRES_MIN, WIRES_MAX).min(body.width);
        let lists = body.width - wires;
        let left = lists * 48 / 100;
        let slugs = Rect { width: left, ..body };
        let targets = Rect { x: body.x + left + wires, width: lists - left, ..body };
        let wires = Rect {
            x: slugs.right().saturating_sub(1),
            y: body.y + 1,
            width: wires + 2,
            height: body.height.saturating_sub(2),
        };
        Self { slugs, wires, targets }
    }
}

/// Draws the whole tab.
pub fn draw(board: &Board, endpoints: &Endpoints, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let areas = Areas::of(area);
    let left_focus = board.carrying.is_none();
    let title = title(board, endpoints, shared);
    let right_title = sorted(board, shared);
    let left = layout::pane(shared, areas.slugs, left_focus, title, right_title, frame);
    let (head, counts) = targets_title(board, shared);
    let right = layout::pane(shared, areas.targets, !left_focus, head, counts, frame);
    let top = u16::from(board.is_filter_shown());
    let shift = |rect: Rect| Rect { y: rect.y + top, height: rect.height.saturating_sub(top), ..rect };
    if board.is_filter_shown() {
        draw_filter(board, shared, Rect { height: 1, ..left }, frame);
    }
    if board.list.order.is_empty() {
        table::draw_nothing(endpoints, shared, shift(left), frame);
        return;
    }
    draw_slugs(board, endpoints, shared, shift(left), frame);
    let grid = match &board.carrying {
        Some(carrying) => {
            draw_bay(board, shared, carrying, shift(right), frame);
            carried(board, endpoints, carrying, shift(areas.wires))
        }
        None => draw_targets(board, endpoints, shared, shift(right), shift(areas.wires), frame),
    };
    if let Some(grid) = grid {
        grid.draw(shared.theme, shift(areas.wires), frame.buffer_mut());
    }
}

fn title(board: &Board, endpoints: &Endpoints, shared: &Shared) -> Line<'static> {
    let (shown, all) = (board.list.order.len(), endpoints.rows.len());
    let count = if shown == all { text::count(all) } else { format!("{} of {}", text::count(shown), text::count(all)) };
    Line::from(vec![shared.span(Role::Strong, "Slugs"), shared.span(Role::Muted, format!("  {count}"))])
}

fn sorted(board: &Board, shared: &Shared) -> Line<'static> {
    if board.list.sort == Sort::Target && !board.list.is_reversed {
        return Line::default();
    }
    let arrow = if board.list.is_reversed { "▾" } else { "▴" };
    shared.span(Role::Muted, format!("by {} {arrow}", board.list.sort.name())).into()
}

fn targets_title(board: &Board, shared: &Shared) -> (Line<'static>, Line<'static>) {
    let (name, count) = match (board.carrying.is_some(), board.grouping()) {
        (true, _) => ("Carry to", board.nets.bay.len()),
        (false, Grouping::Target) => ("Targets", board.nets.nets.len()),
        (false, Grouping::Provider) => ("Providers", board.nets.nets.len()),
    };
    let mut title = Line::from(shared.span(Role::Strong, name));
    title.push_span(shared.span(Role::Muted, format!("  {}", text::count(count))));
    let unused = board.nets.unused().count();
    let right = if unused > 0 {
        shared.span(Role::Muted, format!("{} unused", text::count(unused))).into()
    } else {
        Line::default()
    };
    (title, right)
}

fn draw_filter(board: &Board, shared: &Shared, row: Rect, frame: &mut Frame<'_>) {
    let hint = "slug: provider: target: state:";
    layout::filter_line(shared, row, (&board.list.filter, board.is_filtering), hint, frame);
}

fn draw_slugs(board: &Board, endpoints: &Endpoints, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let width = usize::from(area.width);
    let mut sieve = Sieve::new(&board.list.query, shared.server_now());
    for (place, row_area) in (board.list.offset..board.list.order.len()).zip(layout::rows(area)) {
        let Some(row) = board.list.order.get(place).and_then(|index| endpoints.rows.get(*index)) else { continue };
        let is_selected = place == board.list.cursor;
        let state = endpoints.state(shared, row);
        let mark = if is_selected {
            "▌ "
        } else if endpoints.is_fresh(row) {
            "• "
        } else {
            "  "
        };
        let mut spans = vec![shared.span(Role::Accent, mark)];
        let matched = sieve.slug_indices(row.slug.as_str());
        spans.extend(table::slug_spans(shared, row.slug.as_str(), width.saturating_sub(4), is_selected, &matched));
        spans.push(Span::raw(" "));
        spans.push(shared.span(table::state_role(&state), state.glyph()));
        frame.render_widget(Line::from(spans), row_area);
        if is_selected {
            frame.buffer_mut().set_style(row_area, shared.theme.selection(board.carrying.is_none()));
        }
    }
}

/// The wires of the rows in view, and the targets that they lead to; below them, as room allows, what has no wire here.
fn draw_targets(
    board: &Board,
    endpoints: &Endpoints,
    shared: &Shared,
    area: Rect,
    wires_area: Rect,
    frame: &mut Frame<'_>,
) -> Option<Grid> {
    let pins = pins(board, endpoints, shared, usize::from(area.height));
    let columns = usize::from(wires_area.width);
    let offset = i64::try_from(board.list.offset).ok()?;
    let home = |net: usize| {
        let home = board.nets.nets.get(net).map_or(0, |net| net.home);
        i64::try_from(home).unwrap_or(i64::MAX).saturating_sub(offset)
    };
    let routing = wires::route(&pins, home, wires::lanes_max(columns));
    let lit = board.list.cursor.checked_sub(board.list.offset).filter(|row| *row < pins.len());
    let lit_net = lit.and_then(|row| pins.get(row)?.as_ref()).map(|pin| pin.net);
    for (row, number) in routing.anchors() {
        let Some(net) = board.nets.nets.get(number) else { continue };
        let row = layout::rows(area).nth(row);
        if let Some(row) = row {
            let count = text::count(net.slugs);
            draw_target(shared, net, &count, lit_net == Some(number), row, frame);
        }
    }
    draw_idle(board, shared, &routing, area, frame);
    let label = |net: usize| board.nets.nets.get(net).map_or_else(String::new, short);
    Some(wires::paint(&pins, &routing, lit, columns, label))
}

fn short(net: &Net) -> String {
    if net.label.is_empty() { net.provider.clone() } else { net.label.clone() }
}

fn pins(board: &Board, endpoints: &Endpoints, shared: &Shared, rows: usize) -> Vec<Option<Pin>> {
    let shown = board.list.order.iter().skip(board.list.offset).take(rows);
    shown
        .map(|index| {
            let row = endpoints.rows.get(*index)?;
            let net = board.nets.net(&row.targets)?;
            let (is_waiting, note) = match endpoints.state(shared, row) {
                SyncState::Waiting { remaining } => (true, crate::sync::countdown(remaining)),
                SyncState::Live
                | SyncState::Verified
                | SyncState::Drifted
                | SyncState::NotServing { .. }
                | SyncState::Unknown => (false, String::new()),
            };
            Some(Pin { net, is_waiting, note })
        })
        .collect()
}

fn draw_target(shared: &Shared, net: &Net, count: &str, is_lit: bool, row: Rect, frame: &mut Frame<'_>) {
    let width = usize::from(row.width);
    let count_width = text::width(count) + 1;
    let mut spans = vec![Span::raw(" ")];
    let room = width.saturating_sub(count_width + 2);
    if net.label.is_empty() {
        spans.push(shared.span(if is_lit { Role::Strong } else { Role::Text }, text::fit(&net.provider, room)));
    } else {
        spans.extend(table::target_spans(shared, &net.provider, &net.label, room));
        if is_lit && let Some(label) = spans.last_mut() {
            label.style = shared.theme.style(Role::Strong);
        }
    }
    let role = if net.slugs > 1 { Role::Accent } else { Role::Muted };
    spans.push(shared.span(role, text::fit_right(count, count_width)));
    frame.render_widget(Line::from(spans), row);
    if is_lit {
        frame.buffer_mut().set_style(row, shared.theme.selection(false));
    }
}

/// Targets without a wire in view, under the last one that has one: first those that nobody uses.
fn draw_idle(board: &Board, shared: &Shared, routing: &Routing, area: Rect, frame: &mut Frame<'_>) {
    let first = routing.anchors().last().map_or(0, |(row, _)| row + 1);
    let room = usize::from(area.height).saturating_sub(first + 1);
    let elsewhere = board.nets.nets.iter().enumerate().filter(|(number, _)| routing.anchor(*number).is_none());
    let idle: Vec<(&Net, String)> = board
        .nets
        .unused()
        .map(|net| (net, "unused".to_owned()))
        .chain(elsewhere.map(|(_, net)| (net, format!("{} not in view", text::count(net.slugs)))))
        .collect();
    let shown = if idle.len() > room { room.saturating_sub(1) } else { idle.len() };
    let mut rows = layout::rows(area).skip(first + 1);
    for ((net, said), row) in idle.iter().take(shown).zip(rows.by_ref()) {
        let width = usize::from(row.width).saturating_sub(2);
        let said_width = text::width(said) + 1;
        let name = if net.label.is_empty() { net.provider.clone() } else { format!("{} {}", net.provider, net.label) };
        let line =
            format!(" {}{}", text::fit(&name, width.saturating_sub(said_width)), text::fit_right(said, said_width));
        frame.render_widget(shared.span(Role::Faint, line), row);
    }
    if let Some(row) = rows.next().filter(|_| idle.len() > shown && room > 0) {
        let more = format!(" … {} more without a wire here", text::count(idle.len() - shown));
        frame.render_widget(shared.span(Role::Faint, more), row);
    }
}

/// All targets, for the wire that is being carried.
fn draw_bay(board: &Board, shared: &Shared, carrying: &Carrying, area: Rect, frame: &mut Frame<'_>) {
    for ((place, net), row) in board.nets.bay.iter().enumerate().skip(carrying.offset).zip(layout::rows(area)) {
        let is_held = place == carrying.over;
        let count = if net.slugs == 0 { "unused".to_owned() } else { text::count(net.slugs) };
        draw_target(shared, net, &count, is_held, row, frame);
        if is_held {
            frame.buffer_mut().set_style(row, shared.theme.selection(true));
        }
    }
}

fn carried(board: &Board, endpoints: &Endpoints, carrying: &Carrying, area: Rect) -> Option<Grid> {
    let from = board.list.cursor.checked_sub(board.list.offset)?;
    let row = endpoints.rows.by_id(&carrying.id)?;
    let offset = i64::try_from(carrying.offset).ok()?;
    let old = board.nets.bay_place(&row.targets).and_then(|place| Some(i64::try_from(place).ok()? - offset));
    let carried = Carried { from, old, new: carrying.over.checked_sub(carrying.offset)? };
    Some(wires::carry(carried, usize::from(area.width), usize::from(area.height)))
}
