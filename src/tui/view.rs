//! The whole screen.
//!
//! ```text
//!  repoint   sandbox ▸ 127.0.0.1:8787 ●                 12 endpoints   read 3 s ago   next sync 41 s
//!  1 Endpoints   6 Gateway
//! ╭──────────────────────────────────────────────────────────────────────────────────────────────╮
//! │ the open tab, or the welcome screen; overlays and notices over it                              │
//! ╰──────────────────────────────────────────────────────────────────────────────────────────────╯
//!  ↵ focus   r re-point   n new   e edit   d delete   / filter                              ? help
//! ```

mod bottom;

use std::time::Duration;

use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use ratatui::{Frame, Terminal};

pub use bottom::action_at;

use super::app::{Model, Tab};
use super::layout::{self, Breadth};
use super::load::FailureKind;
use super::screens::{groups, history, traffic};
use super::session::{Connection, ContextKind, Shared};
use super::text;
use super::theme::Role;
use super::theme::signs::Signs;

/// What was read so recently is as fresh as it gets: the time between two polls, and a little for the answer.
const FRESH: Duration = Duration::from_secs(6);

/// The screen as it would be drawn now; `None` where there is no room for any.
#[must_use]
pub fn picture(model: &Model) -> Option<Buffer> {
    let (columns, rows) = model.shared.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).ok()?;
    terminal.draw(|frame| draw(model, frame)).ok()?;
    Some(terminal.backend().buffer().clone())
}

/// Draws everything.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    if layout::is_too_small((area.width, area.height)) {
        draw_too_small(&model.shared, area, frame);
        return;
    }
    let regions = model.regions();
    draw_header(model, regions.header, frame);
    if model.welcome.is_none() {
        draw_tabs(model, regions.tabs, frame);
    }
    if !regions.banner.is_empty() {
        draw_banner(model, regions.banner, frame);
    }
    match (&model.welcome, model.tab) {
        (Some(welcome), _) => welcome.draw(&model.shared, regions.body, frame),
        (None, Tab::Endpoints) => model.endpoints.draw(&model.shared, regions.body, frame),
        (None, Tab::Groups) => groups::view::draw(&model.groups, &model.shared, regions.body, frame),
        (None, Tab::Traffic) => traffic::view::draw(&model.traffic, &model.shared, regions.body, frame),
        (None, Tab::History) => history::view::draw(&model.history, &model.shared, regions.body, frame),
        (None, Tab::Board) => model.board.draw(&model.endpoints, &model.shared, regions.body, frame),
        (None, Tab::Gateway) => model.gateway.draw(&model.shared, regions.body, frame),
    }
    for overlay in &model.overlays {
        overlay.draw(&model.shared, regions.body, frame);
    }
    // Notices never cover what is being edited or read.
    if model.overlays.is_empty() && model.place().is_browsing() {
        model.shared.notices.draw(&model.shared, regions.body, frame);
    } else {
        model.shared.notices.draw_line(&model.shared, regions.tabs, frame);
    }
    bottom::draw(model, regions.bottom, frame);
    model.shared.theme.signs.apply(frame.buffer_mut());
}

fn draw_too_small(shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let lines = vec![
        Line::from(shared.span(Role::Strong, "a little more room, please")).centered(),
        Line::from(shared.span(
            Role::Muted,
            format!("{}x{} here, {}x{} needed", area.width, area.height, layout::COLUMNS_MIN, layout::ROWS_MIN),
        ))
        .centered(),
    ];
    let middle = Rect { y: area.y + area.height.saturating_sub(2) / 2, height: area.height.min(2), ..area };
    frame.render_widget(Paragraph::new(lines), middle);
}

fn draw_header(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let shared = &model.shared;
    let mut left =
        Line::from(vec![Span::raw(" "), shared.span(Role::Accent, "re"), shared.span(Role::Strong, "point")]);
    if let Some(context) = shared.open_context().filter(|_| model.welcome.is_none()) {
        left.push_span(Span::raw("   "));
        let role = if context.is_protected { Role::Alarm } else { Role::Strong };
        let name = text::cut(&context.name, 24).into_owned();
        left.push_span(shared.span(role, if context.is_protected { format!(" {name} ") } else { name }));
        if context.is_protected || context.is_read_only {
            let word = if context.is_read_only { " read-only" } else { " protected" };
            left.push_span(shared.span(Role::Danger, word));
        }
        left.push_span(shared.span(Role::Faint, " ▸ "));
        let is_roomy = Breadth::of(area.width) != Breadth::Narrow;
        let kind = if context.kind == ContextKind::Local && is_roomy { "local gateway " } else { "" };
        let address = context.address.trim_start_matches("https://").trim_start_matches("http://");
        left.push_span(shared.span(Role::Muted, format!("{kind}{}", text::cut(address, 40))));
        left.push_span(Span::raw(" "));
        left.push_span(connection_sign(model));
    }
    let mut right: Vec<Vec<Span<'_>>> = Vec::new();
    if model.welcome.is_none() {
        right = freshness(model);
    }
    let room = usize::from(area.width).saturating_sub(left.width() + 3);
    let right = fitted(right, room);
    frame.render_widget(left, area);
    frame.render_widget(right.right_aligned(), area);
}

fn connection_sign(model: &Model) -> Span<'static> {
    let shared = &model.shared;
    let has_answered = model.endpoints.was_read() || shared.sync_report().is_some();
    match (&shared.connection, &shared.failure) {
        (Connection::Open, None) if !has_answered => shared.span(Role::Waiting, "◌ connecting"),
        (Connection::Open, None) if shared.theme.signs == Signs::Words => shared.span(Role::Ok, "connected"),
        (Connection::Open, None) => shared.span(Role::Ok, "●"),
        (Connection::Open, Some(failure)) => shared.span(Role::Danger, trouble(failure.kind)),
        (Connection::Opening, _) => shared.span(Role::Waiting, "◌ connecting"),
        (Connection::Failed(_), _) => shared.span(Role::Danger, "✗ not connected"),
        (Connection::Closed, _) => shared.span(Role::Muted, "○"),
    }
}

fn trouble(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Unreachable => "✗ away",
        FailureKind::Tls => "✗ not secure",
        FailureKind::Unauthorized => "✗ key refused",
        FailureKind::Forbidden => "✗ not allowed",
        FailureKind::RateLimited => "✗ asked too often",
        FailureKind::NotFound
        | FailureKind::Invalid
        | FailureKind::Conflict
        | FailureKind::Server
        | FailureKind::Other => "✗ failing",
    }
}

/// What the server told, and how old it is; what matters most comes last, as it is the last to be left out.
fn freshness(model: &Model) -> Vec<Vec<Span<'static>>> {
    let shared = &model.shared;
    let is_narrow = Breadth::of(shared.size.0) == Breadth::Narrow;
    let mut parts = Vec::new();
    if model.endpoints.was_read() && !is_narrow {
        let said = text::counted(model.endpoints.rows.len(), "endpoint");
        parts.push(vec![shared.span(Role::Muted, said)]);
    }
    if let Some(read_at) = shared.read_at {
        // As fresh as polling keeps it: a figure that goes from 0 to 5 and back says nothing and costs a frame each time.
        let age = if shared.now.since(read_at) <= FRESH { "now".to_owned() } else { text::ago(shared.now, read_at) };
        let said = format!("read {age}");
        parts.push(vec![if shared.is_stale() {
            shared.span(Role::Danger, format!("stale, {said}"))
        } else {
            shared.span(Role::Muted, said)
        }]);
    }
    if let Some(remaining) = shared.until_next_sync() {
        let role = if model.waiting().is_some() { Role::Waiting } else { Role::Muted };
        parts.push(vec![shared.span(Role::Muted, "next sync "), shared.span(role, crate::sync::countdown(remaining))]);
    }
    parts
}

/// As many parts, counted from the last, as fit into the columns.
fn fitted(parts: Vec<Vec<Span<'static>>>, room: usize) -> Line<'static> {
    let mut used = 1;
    let mut kept: Vec<Vec<Span<'static>>> = Vec::new();
    for part in parts.into_iter().rev() {
        let width: usize = part.iter().map(Span::width).sum::<usize>() + 3;
        if used + width > room {
            break;
        }
        used += width;
        kept.push(part);
    }
    let mut line = Line::default();
    for part in kept.into_iter().rev() {
        line.push_span(Span::raw("   "));
        line.spans.extend(part);
    }
    line.push_span(Span::raw(" "));
    line
}

fn draw_tabs(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let shared = &model.shared;
    let mut line = Line::from(Span::raw(" "));
    for tab in Tab::ALL {
        let key = shared.keymap.shown(tab.action());
        if tab == model.tab {
            line.push_span(shared.span(Role::Accent, format!("{key} ")));
            let style = shared.theme.style(Role::Strong).add_modifier(ratatui::style::Modifier::UNDERLINED);
            line.push_span(Span::styled(tab.title(), style));
        } else {
            line.push_span(shared.span(Role::Faint, format!("{key} ")));
            line.push_span(shared.span(Role::Muted, tab.title()));
        }
        line.push_span(Span::raw("   "));
    }
    frame.render_widget(line, area);
}

fn draw_banner(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    let shared = &model.shared;
    let Some(failure) = model.banner() else { return };
    let next = shared.next_try.map(|next| format!("   next try in {}", crate::sync::countdown(next.since(shared.now))));
    let next = next.unwrap_or_default();
    let room = usize::from(area.width).saturating_sub(text::width(&next) + 4);
    let said = format!(" ✗ {}{next}", text::cut(&failure.message, room));
    frame.render_widget(shared.span(Role::Banner, text::fit(&said, usize::from(area.width))), area);
}
