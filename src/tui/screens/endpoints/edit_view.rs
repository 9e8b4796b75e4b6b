//! Draws the form.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::edit::Edit;
use super::fields::Entry;
use super::workspace::Workspace;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

const LABEL: u16 = 14;
/// How many suggestions are seen at once.
const SUGGESTIONS_SHOWN: usize = 6;

/// Draws the pane.
pub fn draw(edit: &Edit, workspace: &Workspace, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let title = match &edit.before {
        None => Line::from(shared.span(Role::Accent, "New endpoint")),
        Some(before) => Line::from(vec![
            shared.span(Role::Accent, "Edit "),
            shared.span(Role::Strong, text::cut(before.slug.as_str(), usize::from(area.width) / 2).into_owned()),
        ]),
    };
    let inner = layout::popup(shared, area, title, Line::default(), frame);
    if area.width < 84 {
        let [top, rule, bottom] =
            Layout::vertical([Constraint::Min(8), Constraint::Length(1), Constraint::Length(6)]).areas(inner);
        draw_fields(edit, workspace, shared, layout::inset(top, 1), frame);
        frame.render_widget(shared.span(Role::Border, "─".repeat(usize::from(rule.width))), rule);
        draw_review(edit, workspace, shared, layout::inset(bottom, 1), frame);
        return;
    }
    let [left, rule, right] =
        Layout::horizontal([Constraint::Percentage(56), Constraint::Length(1), Constraint::Min(36)]).areas(inner);
    draw_fields(edit, workspace, shared, layout::inset(left, 1), frame);
    for row in layout::rows(rule) {
        frame.render_widget(shared.span(Role::Border, "│"), row);
    }
    draw_review(edit, workspace, shared, layout::inset(right, 1), frame);
}

fn draw_fields(edit: &Edit, workspace: &Workspace, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let mut rows = layout::rows(area);
    for entry in edit.entries() {
        let Some(row) = rows.next() else { return };
        let has_focus = entry == edit.focus && edit.review.is_editing();
        draw_field(edit, entry, shared, row, has_focus, frame);
        if let Some(problem) = edit.field(entry).and_then(|field| field.problem.as_ref()) {
            for line in text::wrap(&format!("✗ {problem}"), usize::from(area.width.saturating_sub(LABEL))) {
                let Some(row) = rows.next() else { return };
                let row = Rect { x: row.x + LABEL, width: row.width.saturating_sub(LABEL), ..row };
                frame.render_widget(shared.span(Role::Danger, line), row);
            }
        }
        if has_focus {
            let suggestions = edit.suggestions(workspace);
            let chosen = edit.suggested.unwrap_or(0);
            let offset = layout::scroll_to(chosen, 0, SUGGESTIONS_SHOWN, suggestions.len());
            for (place, suggestion) in suggestions.iter().enumerate().skip(offset).take(SUGGESTIONS_SHOWN) {
                let Some(row) = rows.next() else { return };
                let is_chosen = edit.suggested == Some(place);
                let row = Rect { x: row.x + LABEL, width: row.width.saturating_sub(LABEL), ..row };
                let value = text::fit(&suggestion.value, usize::from(row.width) / 3);
                let line = Line::from(vec![
                    shared.span(Role::Accent, if is_chosen { "▌ " } else { "  " }),
                    shared.span(if is_chosen { Role::Strong } else { Role::Muted }, value),
                    Span::raw("  "),
                    shared.span(Role::Muted, text::cut(&suggestion.detail, usize::from(row.width) / 2).into_owned()),
                ]);
                frame.render_widget(line, row);
                if is_chosen {
                    frame.buffer_mut().set_style(row, shared.theme.selection(true));
                }
            }
        }
    }
}

fn draw_field(edit: &Edit, entry: Entry, shared: &Shared, row: Rect, has_focus: bool, frame: &mut Frame<'_>) {
    let (role, mark) = if has_focus { (Role::Accent, "▸ ") } else { (Role::Muted, "  ") };
    let label = text::fit(entry.label(), usize::from(LABEL) - 2);
    frame.render_widget(Line::from(vec![shared.span(Role::Accent, mark), shared.span(role, label)]), row);
    let value = Rect { x: row.x + LABEL, width: row.width.saturating_sub(LABEL), ..row };
    let chosen = match entry {
        Entry::Provider => edit.provider.as_str(),
        Entry::Region => edit.region.as_str(),
        Entry::Slug | Entry::Target(_) | Entry::Location => {
            if let Some(field) = edit.field(entry) {
                field.draw(shared, value, has_focus, entry.placeholder(&edit.provider), frame);
            }
            return;
        }
    };
    let side = |sign: &'static str| shared.span(if has_focus { Role::Accent } else { Role::Faint }, sign);
    let name = text::cut(chosen, usize::from(value.width).saturating_sub(4)).into_owned();
    let line =
        Line::from(vec![side("‹ "), shared.span(if has_focus { Role::Strong } else { Role::Text }, name), side(" ›")]);
    frame.render_widget(line, value);
}

fn draw_review(edit: &Edit, workspace: &Workspace, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width);
    let mut lines: Vec<Line<'static>> = Vec::new();
    match edit.made() {
        Some(change) => {
            for line in crate::plan::diff::lines(&change) {
                let role = match line.kind {
                    crate::plan::diff::LineKind::Title => Role::Strong,
                    crate::plan::diff::LineKind::Same => Role::Muted,
                    crate::plan::diff::LineKind::Removed => Role::Danger,
                    crate::plan::diff::LineKind::Added => Role::Ok,
                    crate::plan::diff::LineKind::Note => Role::Waiting,
                };
                for wrapped in text::wrap(&line.to_string(), columns) {
                    lines.push(shared.span(role, wrapped).into());
                }
            }
        }
        None if edit.before.is_some() => lines.push(shared.span(Role::Muted, "nothing differs yet").into()),
        None => lines.push(shared.span(Role::Muted, "fill in what is asked for").into()),
    }
    lines.push(Line::default());
    lines.extend(edit.review.lines(shared, &edit.findings(workspace), columns));
    let last = area.height.saturating_sub(1);
    for (line, row) in lines.into_iter().zip(layout::rows(Rect { height: last, ..area })) {
        frame.render_widget(line, row);
    }
    let verb = if edit.before.is_some() { "save" } else { "create" };
    let verdict = Rect { y: area.y + last, height: 1.min(area.height), ..area };
    edit.review.draw_verdict(shared, verb, &edit.confirmed_slug(), verdict, frame);
}
