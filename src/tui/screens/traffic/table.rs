//! Draws the requests, and what keeps them from being seen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Traffic;
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::{Connection, Shared};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::traffic::{Passed, Source};

const MARK: usize = 2;
const TIME: usize = 10;
const STATUS: usize = 7;
const TOKENS: usize = 13;
const TOOK: usize = 8;

/// How wide the columns are whose width depends on the room; 0 leaves one out.
struct Columns {
    slug: usize,
    target: usize,
    group: usize,
    key: usize,
}

impl Columns {
    fn of(width: u16) -> Self {
        let room = usize::from(width).saturating_sub(MARK + TIME + STATUS + TOKENS + 2 * TOOK + 1);
        if room < 56 {
            return Self { slug: room, target: 0, group: 0, key: 0 };
        }
        let (key, group) = (room / 5, room / 6);
        let target = room * 3 / 10;
        let (key, group, target) = (key.min(18), group.min(24), target.min(44));
        Self { slug: room - target - group - key, target, group, key }
    }
}

/// Draws the pane.
pub(super) fn draw(screen: &Traffic, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let mut title = Line::from(shared.span(Role::Strong, "Requests"));
    if screen.source.is_some() {
        let shown =
            if screen.terms().is_empty() { String::new() } else { format!("{} of ", text::count(screen.rows.len())) };
        let seen = text::count(usize::try_from(screen.seen).unwrap_or(usize::MAX));
        title.push_span(shared.span(Role::Muted, format!("  {shown}{seen}")));
    }
    if screen.stride > 1 {
        title.push_span(shared.span(Role::Waiting, format!("  1 of {} shown, all counted", screen.stride)));
    }
    if screen.missed > 0 {
        let missed = text::count(usize::try_from(screen.missed).unwrap_or(usize::MAX));
        title.push_span(shared.span(Role::Waiting, format!("  {missed} missed")));
    }
    let inner = layout::pane(shared, area, true, title, state(screen, shared), frame);
    let mut body = inner;
    if screen.is_filter_shown() {
        let hint = "words, slug: group: key: status:4xx status:error";
        body = layout::filter_line(shared, inner, (&screen.filter, screen.is_filtering), hint, frame);
    }
    if screen.rows.is_empty() {
        return draw_nothing(screen, shared, body, frame);
    }
    let columns = Columns::of(body.width);
    let heading = Rect { height: 1.min(body.height), ..body };
    frame.render_widget(shared.span(Role::Faint, headings(&columns)), heading);
    let body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
    for (place, row) in (screen.offset..screen.rows.len()).zip(layout::rows(body)) {
        let Some(passed) = screen.rows.get(place) else { continue };
        let is_selected = place == screen.cursor;
        frame.render_widget(line(passed, is_selected, &columns, shared), row);
        if is_selected {
            frame.buffer_mut().set_style(row, shared.theme.selection(!screen.is_filtering));
        }
    }
}

/// How the news comes, and what is wrong with it.
fn state(screen: &Traffic, shared: &Shared) -> Line<'static> {
    if screen.failure.is_some() {
        let next = screen.next_try.map(|next| crate::sync::countdown(next.since(shared.now))).unwrap_or_default();
        let since = screen.heard_at.map(|at| format!(", heard {}", text::ago(shared.now, at))).unwrap_or_default();
        return shared.span(Role::Danger, format!("✗ broken off{since}, next try in {next}")).into();
    }
    if screen.is_paused() {
        let newer = text::count(usize::try_from(screen.newer).unwrap_or(usize::MAX));
        let key = shared.keymap.shown(Action::Pause);
        return shared.span(Role::Waiting, format!("‖ paused, {newer} newer; {key} goes on")).into();
    }
    match screen.source {
        None => Line::default(),
        Some(Source::Live) => shared.span(Role::Ok, "● live").into(),
        Some(Source::Polled { every }) => {
            let read = screen.heard_at.map(|at| text::ago(shared.now, at)).unwrap_or_default();
            let said = format!("served requests alone, asked every {}, read {read}", text::seconds(every));
            shared.span(Role::Waiting, said).into()
        }
    }
}

fn headings(columns: &Columns) -> String {
    let mut said = " ".repeat(MARK);
    said.push_str(&text::fit("TIME", TIME));
    for (name, width) in
        [("SLUG", columns.slug), ("TARGET", columns.target), ("GROUP", columns.group), ("KEY", columns.key)]
    {
        said.push_str(&text::fit(name, width));
    }
    said.push_str(&text::fit("STATUS", STATUS));
    said.push_str(&text::fit_right("TOKENS", TOKENS));
    said.push_str(&text::fit_right("LATENCY", TOOK));
    said.push_str(&text::fit_right("TTFT", TOOK));
    said
}

fn line(passed: &Passed, is_selected: bool, columns: &Columns, shared: &Shared) -> Line<'static> {
    let is_error = passed.is_error();
    let cell = |said: &str, width: usize| match width {
        0 => String::new(),
        _ => format!("{} ", text::fit(said, width - 1)),
    };
    let status = match passed.status() {
        Some(status) => format!("{} {status}", if is_error { "✗" } else { "✓" }),
        None => "✓ 2xx".to_owned(),
    };
    let tokens = passed.tokens();
    let tokens = format!("{} → {}", tokens.input_tokens, tokens.output_tokens);
    let took = |took: Option<std::time::Duration>| took.map_or_else(|| "—".to_owned(), text::latency);
    let mut spans = vec![
        shared.span(Role::Accent, if is_selected { "▌ " } else { "  " }),
        shared.span(Role::Muted, text::fit(&text::clock(passed.time()), TIME)),
        shared.span(if is_selected { Role::Strong } else { Role::Text }, cell(passed.slug().as_str(), columns.slug)),
    ];
    if columns.target > 0 {
        let target = passed.target().unwrap_or_else(|| "—".to_owned());
        spans.push(shared.span(Role::Muted, cell(&target, columns.target)));
        spans.push(shared.span(Role::Text, cell(passed.group().unwrap_or("—"), columns.group)));
        let key = passed.key().map_or("—", crate::api::KeyPrefix::as_str);
        spans.push(shared.span(Role::Muted, cell(key, columns.key)));
    }
    spans.push(shared.span(if is_error { Role::Danger } else { Role::Ok }, text::fit(&status, STATUS)));
    spans.push(shared.span(Role::Muted, text::fit_right(&tokens, TOKENS)));
    spans.push(shared.span(Role::Text, text::fit_right(&took(passed.latency()), TOOK)));
    spans.push(shared.span(Role::Muted, text::fit_right(&took(passed.first_byte()), TOOK)));
    Line::from(spans)
}

fn draw_nothing(screen: &Traffic, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let mut said: Vec<(Role, String)> = Vec::new();
    if !screen.terms().is_empty() && screen.seen > 0 {
        said.push((Role::Strong, "No request matches the filter".to_owned()));
        said.push((Role::Muted, "Esc clears it".to_owned()));
    } else if let Some(failure) = &screen.failure {
        said.extend(layout::failed(shared, "✗ The requests cannot be followed", failure));
    } else if screen.source.is_some() {
        said.push((Role::Strong, "No requests yet".to_owned()));
        said.push((Role::Muted, "Whoever calls a slug is seen here as soon as the answer has ended.".to_owned()));
    } else if shared.connection == Connection::Open {
        said.push((Role::Waiting, "◌ asking for the requests …".to_owned()));
    } else {
        said.push((Role::Waiting, "◌ connecting …".to_owned()));
    }
    layout::sentences(shared, said, area, frame);
}
