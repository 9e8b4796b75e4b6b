//! Draws the picker of a re-point.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::candidates::Candidate;
use super::repoint::{Repoint, Scope};
use super::workspace::Workspace;
use crate::api::{Provider, Target};
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// The most columns that an id and a name take; longer ones are cut.
const MAIN_MAX: usize = 12;
const NAME_MAX: usize = 24;

/// A row of the list: a provider's name, or a candidate by its place.
enum Entry {
    Heading(String),
    Candidate(usize),
}

/// Draws the pane.
pub fn draw(repoint: &Repoint, workspace: &Workspace, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width.saturating_sub(16));
    let title = Line::from(vec![
        shared.span(Role::Accent, "Re-point "),
        shared.span(Role::Strong, text::cut(&subject(repoint), columns).into_owned()),
    ]);
    let inner = layout::popup(shared, area, title, Line::default(), frame);
    if area.width < 84 {
        let [top, rule, bottom] =
            Layout::vertical([Constraint::Min(5), Constraint::Length(1), Constraint::Length(9)]).areas(inner);
        draw_picker(repoint, workspace, shared, layout::inset(top, 1), frame);
        frame.render_widget(shared.span(Role::Border, "─".repeat(usize::from(rule.width))), rule);
        draw_change(repoint, workspace, shared, layout::inset(bottom, 1), frame);
        return;
    }
    let [left, rule, right] =
        Layout::horizontal([Constraint::Percentage(45), Constraint::Length(1), Constraint::Min(40)]).areas(inner);
    draw_picker(repoint, workspace, shared, layout::inset(left, 1), frame);
    for row in layout::rows(rule) {
        frame.render_widget(shared.span(Role::Border, "│"), row);
    }
    draw_change(repoint, workspace, shared, layout::inset(right, 1), frame);
}

/// What is re-pointed, in the title.
fn subject(repoint: &Repoint) -> String {
    let count = text::counted(repoint.others.len() + 1, "endpoint");
    match &repoint.scope {
        Scope::Model(model) => format!("everything on {model}: {count}"),
        Scope::Marked => count,
        Scope::One => repoint.before.slug.to_string(),
    }
}

/// How many candidates a page has, in a pane of this size.
#[must_use]
pub fn page(area: Rect) -> usize {
    let rows = if area.width < 84 { area.height.saturating_sub(13) } else { area.height.saturating_sub(4) };
    usize::from(rows.max(1))
}

fn draw_picker(repoint: &Repoint, workspace: &Workspace, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let [field, list] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(area);
    frame.render_widget(shared.span(Role::Accent, "Target ▸ "), field);
    let input = Rect { x: field.x + 9, width: field.width.saturating_sub(9), ..field };
    repoint.typed.draw(shared, input, repoint.review.is_editing(), "type to find a target", frame);
    if repoint.shown.is_empty() {
        let said = if workspace.reading.is_some() {
            "◌ reading models, environments, secrets …"
        } else {
            "no target matches"
        };
        frame.render_widget(shared.span(Role::Muted, said), Rect { height: 1.min(list.height), ..list });
        return;
    }
    let entries = entries(&repoint.shown);
    let at = entries.iter().position(|entry| matches!(entry, Entry::Candidate(place) if *place == repoint.cursor));
    let at = at.unwrap_or(0);
    let visible = usize::from(list.height);
    // The heading above the first candidate stays in sight.
    let offset = layout::scroll_to(at.saturating_add(1).min(entries.len() - 1), 0, visible, entries.len());
    let widths = widths(&repoint.shown);
    for (entry, row) in entries.iter().skip(offset).zip(layout::rows(list)) {
        match entry {
            Entry::Heading(provider) => {
                let said = format!("  {}", text::cut(provider, usize::from(row.width).saturating_sub(2)));
                frame.render_widget(shared.span(Role::Muted, said), row);
            }
            Entry::Candidate(place) => draw_candidate(repoint, *place, widths, shared, row, frame),
        }
    }
}

fn entries(shown: &[Candidate]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut last: Option<(&str, bool)> = None;
    for (place, candidate) in shown.iter().enumerate() {
        let heading = (candidate.provider.as_str(), candidate.is_typed);
        if last != Some(heading) {
            let typed = if candidate.is_typed { "  as typed" } else { "" };
            entries.push(Entry::Heading(format!("{}{typed}", candidate.provider)));
            last = Some(heading);
        }
        entries.push(Entry::Candidate(place));
    }
    entries
}

/// The widths of id and name of workspace models, so that they stand beneath each other.
fn widths(shown: &[Candidate]) -> (usize, usize) {
    let named = || shown.iter().filter(|candidate| !candidate.name.is_empty());
    let widest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0);
    let main = widest(&mut named().map(|candidate| text::width(&candidate.main)));
    let name = widest(&mut named().map(|candidate| text::width(&candidate.name)));
    (main.min(MAIN_MAX), name.min(NAME_MAX))
}

fn draw_candidate(
    repoint: &Repoint,
    place: usize,
    widths: (usize, usize),
    shared: &Shared,
    row: Rect,
    frame: &mut Frame<'_>,
) {
    let Some(candidate) = repoint.shown.get(place) else { return };
    let is_selected = place == repoint.cursor && repoint.chosen().is_some();
    let is_current = repoint.is_current(&candidate.target);
    let main_role = if is_current {
        Role::Faint
    } else if is_selected {
        Role::Strong
    } else {
        Role::Text
    };
    let mut columns = usize::from(row.width).saturating_sub(4);
    let is_named = !candidate.name.is_empty();
    let main = if is_named {
        text::fit(&candidate.main, widths.0.min(columns))
    } else {
        text::cut(&candidate.main, columns).into_owned()
    };
    columns = columns.saturating_sub(text::width(&main) + 2);
    let mut spans =
        vec![shared.span(Role::Accent, if is_selected { "▌   " } else { "    " }), shared.span(main_role, main)];
    let (remark_role, remark) = if is_current {
        (Role::Muted, "now".to_owned())
    } else if candidate.remark.is_empty() {
        (Role::Muted, String::new())
    } else {
        (Role::Waiting, "!".to_owned())
    };
    let room = columns.saturating_sub(text::width(&remark) + 1);
    spans.push(Span::raw("  "));
    let detail_role = if is_current { Role::Faint } else { Role::Muted };
    let beside = if is_named {
        format!("{}  {}", text::fit(&candidate.name, widths.1), candidate.detail)
    } else {
        candidate.detail.clone()
    };
    spans.push(shared.span(detail_role, text::fit(&beside, room)));
    spans.push(Span::raw(" "));
    spans.push(shared.span(remark_role, remark));
    frame.render_widget(Line::from(spans), row);
    if is_selected {
        frame.buffer_mut().set_style(row, shared.theme.selection(repoint.review.is_editing()));
    }
}

fn draw_change(repoint: &Repoint, workspace: &Workspace, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width);
    let mut lines = wires(repoint, workspace, shared, columns);
    lines.push(Line::default());
    lines.extend(repoint.review.lines(shared, &repoint.findings(workspace), columns));
    for dropped in repoint.change().iter().flat_map(crate::plan::Change::dropped_targets) {
        lines.push(Line::from(shared.span(Role::Danger, format!("! drops    {}", text::clean(&dropped.to_string())))));
    }
    let last = area.height.saturating_sub(1);
    let body = Rect { height: last, ..area };
    for (line, row) in lines.into_iter().zip(layout::rows(body)) {
        frame.render_widget(line, row);
    }
    let verdict = Rect { y: area.y + last, height: 1.min(area.height), ..area };
    repoint.review.draw_verdict(shared, "re-point", repoint.before.slug.as_str(), verdict, frame);
}

/// The slug with its old wire cut and its new one drawn.
#[must_use]
pub fn wires(repoint: &Repoint, workspace: &Workspace, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
    if !repoint.others.is_empty() {
        return bundle(repoint, workspace, shared, columns);
    }
    let slug = text::cut(repoint.before.slug.as_str(), columns * 2 / 5).into_owned();
    let lead = text::width(&slug);
    let room = columns.saturating_sub(lead + 13);
    let now = repoint.before.target().map(|target| target_text(target, workspace)).unwrap_or_default();
    let old = Line::from(vec![
        shared.span(Role::Strong, slug),
        shared.span(Role::Accent, " ──┬"),
        shared.span(Role::Danger, "─╳ "),
        shared.span(Role::Muted, text::fit(&now, room)),
        shared.span(Role::Danger, "  now"),
    ]);
    let (role, new) = match repoint.chosen() {
        Some(candidate) => (Role::Strong, target_text(&candidate.target, workspace)),
        None => (Role::Faint, "choose a target".to_owned()),
    };
    let new = Line::from(vec![
        Span::raw(" ".repeat(lead)),
        shared.span(Role::Accent, "   └─▶ "),
        shared.span(role, text::fit(&new, room)),
        shared.span(Role::Ok, "  new"),
    ]);
    vec![old, new]
}

/// Several slugs, each with what it routes to now, and the one end of all of them.
fn bundle(repoint: &Repoint, workspace: &Workspace, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
    const SHOWN: usize = 4;
    let all = || std::iter::once(&repoint.before).chain(&repoint.others);
    let widest = all().take(SHOWN).map(|endpoint| text::width(endpoint.slug.as_str())).max().unwrap_or(0);
    let lead = widest.min(columns * 2 / 5);
    let room = columns.saturating_sub(lead + 6);
    let mut lines: Vec<Line<'static>> = all()
        .take(SHOWN)
        .map(|endpoint| {
            let now = endpoint.target().map(|target| target_text(target, workspace)).unwrap_or_default();
            Line::from(vec![
                shared.span(Role::Strong, text::fit(endpoint.slug.as_str(), lead)),
                shared.span(Role::Accent, " ─┤ "),
                shared.span(Role::Muted, text::fit(&now, room)),
            ])
        })
        .collect();
    let hidden = (repoint.others.len() + 1).saturating_sub(SHOWN);
    if hidden > 0 {
        let said = text::fit(&format!("and {} more", text::count(hidden)), lead);
        lines.push(Line::from(vec![shared.span(Role::Muted, said), shared.span(Role::Accent, " ─┤")]));
    }
    let (role, new) = match (repoint.chosen(), &repoint.scope) {
        (Some(candidate), Scope::Model(_)) => (
            Role::Strong,
            format!("{}, each in its environment", format!("{} {}", candidate.main, candidate.name).trim()),
        ),
        (Some(candidate), Scope::One | Scope::Marked) => (Role::Strong, target_text(&candidate.target, workspace)),
        (None, _) => (Role::Faint, "choose a target".to_owned()),
    };
    lines.push(Line::from(vec![
        Span::raw(" ".repeat(lead)),
        shared.span(Role::Accent, "  └▶ "),
        shared.span(role, text::fit(&new, room)),
    ]));
    lines
}

fn target_text(target: &Target, workspace: &Workspace) -> String {
    let mut said = target.to_string();
    if target.provider == Provider::Baseten {
        let name = target.model_id.as_ref().and_then(|model| workspace.model_name(model));
        let environment = target.environment().filter(|_| target.environment_name.is_none());
        for part in environment.into_iter().chain(name) {
            said.push_str("  ");
            said.push_str(part);
        }
    }
    said
}
