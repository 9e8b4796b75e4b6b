//! Draws the list: only the rows that are seen.

use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use super::columns::{self, Column, GAP, MARK};
use super::list::Sort;
use super::rows::Row;
use super::sieve::Sieve;
use super::{Endpoints, Pane};
use crate::sync::SyncState;
use crate::tui::layout;
use crate::tui::session::{Connection, Shared};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::theme::signs::Signs;

/// How a state looks.
#[must_use]
pub fn state_role(state: &SyncState) -> Role {
    match state {
        SyncState::Live | SyncState::Verified => Role::Ok,
        SyncState::Waiting { .. } => Role::Waiting,
        SyncState::Drifted => Role::Drifted,
        SyncState::NotServing { .. } => Role::Danger,
        SyncState::Unknown => Role::Muted,
    }
}

/// A state with its sign; in words alone where there are no signs.
#[must_use]
pub fn state_text(shared: &Shared, state: &SyncState) -> String {
    match (shared.theme.signs, state) {
        (Signs::Words, SyncState::Waiting { .. }) => format!("{} {}", state.word(), state.text()),
        (Signs::Words, _) => state.text(),
        (Signs::All | Signs::Ascii, _) => format!("{} {}", state.glyph(), state.text()),
    }
}

/// Draws the pane with the list.
pub fn draw(screen: &Endpoints, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let has_focus = screen.has_list_focus();
    let inner = layout::pane(shared, area, has_focus, title(screen, shared), right_title(screen, shared), frame);
    let mut top = inner;
    if screen.is_filter_shown() {
        draw_filter(screen, shared, Rect { height: 1, ..inner }, frame);
        top = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    }
    if screen.rows.is_empty() || screen.list.order.is_empty() {
        draw_nothing(screen, shared, top, frame);
        return;
    }
    let columns = columns::fitted(&shared.columns, usize::from(top.width), screen.list.widest + 1);
    frame.render_widget(head(screen, shared, &columns), Rect { height: top.height.min(1), ..top });
    let body = Rect { y: top.y + 1, height: top.height.saturating_sub(1), ..top };
    let mut sieve = Sieve::new(&screen.list.query, shared.server_now());
    for (place, area) in (screen.list.offset..screen.list.order.len()).zip(layout::rows(body)) {
        let Some(row) = screen.list.order.get(place).and_then(|index| screen.rows.get(*index)) else { continue };
        let is_selected = place == screen.list.cursor;
        let matched = sieve.slug_indices(row.slug.as_str());
        frame.render_widget(line(screen, shared, row, &columns, is_selected, &matched), area);
        if is_selected {
            if shared.theme.signs == Signs::Words && has_focus {
                // What a screen reader reads out is the line of the cursor.
                frame.set_cursor_position((area.x, area.y));
            }
            frame.buffer_mut().set_style(area, shared.theme.selection(has_focus));
        }
    }
}

fn title(screen: &Endpoints, shared: &Shared) -> Line<'static> {
    let mut line = Line::from(shared.span(Role::Strong, "Endpoints"));
    let (shown, all) = (screen.list.order.len(), screen.rows.len());
    if all == 0 && !screen.was_read() {
        return line;
    }
    let count = if shown == all { text::count(all) } else { format!("{} of {}", text::count(shown), text::count(all)) };
    line.push_span(shared.span(Role::Muted, format!("  {count}")));
    if !screen.marks.is_empty() {
        line.push_span(shared.span(Role::Accent, format!("  + {} marked", text::count(screen.marks.count()))));
    }
    line
}

fn right_title(screen: &Endpoints, shared: &Shared) -> Line<'static> {
    if screen.is_first_reading() && !screen.rows.is_empty() {
        return shared.span(Role::Waiting, format!("reading … {}", text::count(screen.rows.len()))).into();
    }
    if screen.list.sort == Sort::default() && !screen.list.is_reversed {
        return Line::default();
    }
    let arrow = if screen.list.is_reversed { "▾" } else { "▴" };
    shared.span(Role::Muted, format!("by {} {arrow}", screen.list.sort.name())).into()
}

fn draw_filter(screen: &Endpoints, shared: &Shared, row: Rect, frame: &mut Frame<'_>) {
    frame.render_widget(shared.span(Role::Accent, "/ "), row);
    let field = Rect { x: row.x + 2, width: row.width.saturating_sub(2), ..row };
    let saved = shared.saved_filters.keys().map(|name| format!(" @{name}"));
    let hint = format!("slug: provider: target: state: age:<1h narrow it{}", saved.collect::<String>());
    screen.list.filter.draw(shared, field, screen.pane == Pane::Filter, &hint, frame);
    if let Some(problem) = &screen.list.filter.problem {
        let room = field.width.saturating_sub(u16::try_from(text::width(screen.list.filter.text())).unwrap_or(0));
        let said = text::cut(problem, usize::from(room.saturating_sub(3))).into_owned();
        frame.render_widget(Line::from(shared.span(Role::Danger, said)).right_aligned(), field);
    }
}

fn head(screen: &Endpoints, shared: &Shared, columns: &[(Column, usize)]) -> Line<'static> {
    let arrow = if screen.list.is_reversed { "▾" } else { "▴" };
    let mut line = Line::from(Span::raw(" ".repeat(MARK)));
    for (index, (column, width)) in columns.iter().enumerate() {
        let is_sorted = screen.list.sort == column.sort();
        let title = if is_sorted { format!("{} {arrow}", column.title()) } else { column.title().to_owned() };
        if index > 0 {
            line.push_span(Span::raw(" ".repeat(GAP)));
        }
        line.push_span(shared.span(if is_sorted { Role::Accent } else { Role::Muted }, text::fit(&title, *width)));
    }
    line
}

fn line<'a>(
    screen: &Endpoints,
    shared: &Shared,
    row: &'a Row,
    columns: &[(Column, usize)],
    is_selected: bool,
    matched: &[u32],
) -> Line<'a> {
    let mark = match (is_selected, screen.marks.has(&row.id)) {
        (true, true) => "╋ ",
        (true, false) => "▌ ",
        (false, true) => "+ ",
        (false, false) if screen.is_fresh(row) => "• ",
        (false, false) => "  ",
    };
    let has_provider = columns.iter().any(|(column, _)| *column == Column::Provider);
    let mut spans = vec![shared.span(Role::Accent, mark)];
    let moved = screen.moved(row).unwrap_or_default();
    for (index, (column, width)) in columns.iter().copied().enumerate() {
        let first = spans.len();
        if index > 0 {
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        match column {
            Column::Slug => spans.extend(slug_spans(shared, row.slug.as_str(), width, is_selected, matched)),
            Column::Target if has_provider => spans.push(shared.span(Role::Text, text::fit(&row.targets.label, width))),
            Column::Target => {
                spans.extend(target_spans(shared, &row.targets.provider, &row.targets.label, width));
            }
            Column::Provider => spans.push(shared.span(Role::Muted, text::fit(&row.targets.provider, width))),
            Column::Sync => {
                let state = screen.state(shared, row);
                let said = text::fit(&state_text(shared, &state), width);
                spans.push(shared.span(state_role(&state), said));
            }
            Column::Changed => {
                let changed = text::ago(shared.server_now(), row.updated_at);
                spans.push(shared.span(Role::Muted, text::fit(&changed, width)));
            }
            Column::Created => {
                let created = text::ago(shared.server_now(), row.created_at);
                spans.push(shared.span(Role::Muted, text::fit(&created, width)));
            }
            Column::Id => spans.push(shared.span(Role::Muted, text::fit(row.id.as_str(), width))),
        }
        let has_moved = match column {
            Column::Slug => moved.slug,
            Column::Target | Column::Provider => moved.target,
            Column::Sync | Column::Changed | Column::Created | Column::Id => false,
        };
        if has_moved {
            let style = shared.theme.style(Role::Moved);
            // The gap before the cell is no part of it.
            spans.iter_mut().skip(first + usize::from(index > 0)).for_each(|span| span.style = style);
        }
    }
    Line::from(spans)
}

/// Provider and target on exactly `width` columns; the provider's name gives way first.
#[must_use]
pub fn target_spans(shared: &Shared, provider: &str, label: &str, width: usize) -> Vec<Span<'static>> {
    let provider_width = text::width(provider).min(width.saturating_sub(10).clamp(6, 18)).min(width);
    let provider = text::cut(provider, provider_width).into_owned();
    let used = text::width(&provider) + 1;
    vec![
        shared.span(Role::Muted, format!("{provider} ")),
        shared.span(Role::Text, text::fit(label, width.saturating_sub(used))),
    ]
}

/// A slug on exactly `width` columns, the letters that a filter matched standing out.
#[must_use]
pub fn slug_spans(shared: &Shared, slug: &str, width: usize, is_selected: bool, matched: &[u32]) -> Vec<Span<'static>> {
    let plain = if is_selected { Role::Strong } else { Role::Text };
    let fitted = text::fit(slug, width);
    if matched.is_empty() {
        // The organisation is the same nearly everywhere, so it steps back.
        return match fitted.split_once('/') {
            Some((organisation, name)) => {
                vec![shared.span(Role::Muted, format!("{organisation}/")), shared.span(plain, name.to_owned())]
            }
            None => vec![shared.span(plain, fitted)],
        };
    }
    let matched: BTreeSet<usize> = matched.iter().filter_map(|index| usize::try_from(*index).ok()).collect();
    fitted
        .graphemes(true)
        .enumerate()
        .map(|(index, letter)| {
            let role = if matched.contains(&index) { Role::Match } else { plain };
            shared.span(role, letter.to_owned())
        })
        .collect()
}

/// Three different screens for: being read, failed, and really nothing there; and one for a filter that finds nothing.
pub fn draw_nothing(screen: &Endpoints, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let mut said: Vec<(Role, String)> = Vec::new();
    let mut say = |role: Role, sentence: &str| said.push((role, sentence.to_owned()));
    let key = |action| shared.keymap.shown(action);
    if !screen.rows.is_empty() {
        say(Role::Strong, "No endpoint matches the filter");
        say(
            Role::Muted,
            &format!("{} are hidden; Esc clears the filter", text::counted(screen.rows.len(), "endpoint")),
        );
    } else if let Some(failure) = screen.failure(shared) {
        say(Role::Danger, "✗ The endpoints could not be read");
        say(Role::Text, &failure.message);
        if let Some(hint) = &failure.hint {
            say(Role::Muted, &format!("hint: {hint}"));
        }
        let now = format!("{} tries again now", key(crate::tui::keymap::Action::ReadAgain));
        let said = match shared.next_try {
            Some(at) => format!("next try in {}; {now}", crate::sync::countdown(at.since(shared.now))),
            None => now,
        };
        say(Role::Muted, &said);
    } else if screen.was_read() {
        say(Role::Strong, "No endpoints yet");
        say(Role::Muted, "An endpoint is a name that customers call, and the model that answers.");
        say(Role::Text, &format!("{} creates the first one", key(crate::tui::keymap::Action::New)));
    } else if shared.connection == Connection::Opening {
        say(Role::Waiting, "◌ connecting …");
    } else {
        say(Role::Waiting, "◌ reading the endpoints …");
    }
    layout::sentences(shared, said, area, frame);
}
