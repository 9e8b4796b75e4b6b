//! Draws the history: the lines, and all that is told of the selected one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{History, line};
use crate::api::AuditEntry;
use crate::plan::diff::{self, LineKind};
use crate::plan::history::{Entry, Item};
use crate::plan::{Outcome, Proof, Sighting};
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::overlays::reader::ReaderLine;
use crate::tui::session::{Connection, Shared};
use crate::tui::text;
use crate::tui::theme::Role;

const LABEL: usize = 11;
const WHEN: usize = 13;
const WHO_MAX: usize = 24;

/// Draws the tab.
pub fn draw(screen: &History, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let (list, detail) = screen.areas(area);
    draw_list(screen, shared, list, frame);
    if !detail.is_empty() {
        draw_detail(screen, shared, detail, frame);
    }
}

fn draw_list(screen: &History, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let mut title = Line::from(shared.span(Role::Strong, "History"));
    if screen.past.get().is_some() {
        title.push_span(shared.span(Role::Muted, format!("  {}", text::count(screen.lines.len()))));
    }
    let inner = layout::pane(shared, area, true, title, right(screen, shared), frame);
    let mut body = inner;
    if screen.is_filter_shown() {
        body = layout::filter_line(shared, inner, (&screen.filter, screen.is_filtering), "who or what", frame);
    }
    if screen.lines.is_empty() {
        return draw_nothing(screen, shared, body, frame);
    }
    let widest = screen.lines.iter().map(|line| text::width(&line.who)).max().unwrap_or(0);
    let who_room = widest.min(WHO_MAX).min(usize::from(body.width) / 4);
    for (place, row) in (screen.offset..screen.lines.len()).zip(layout::rows(body)) {
        let Some(line) = screen.lines.get(place) else { continue };
        let is_selected = place == screen.cursor;
        let (sign, role, _) = line.sign;
        let effect = line.in_effect.as_ref().map(|after| format!(" in {after}")).unwrap_or_default();
        let room = usize::from(row.width).saturating_sub(2 + 2 + WHEN + who_room + 2 + text::width(&effect) + 1);
        let drawn = Line::from(vec![
            shared.span(Role::Accent, if is_selected { "▌ " } else { "  " }),
            shared.span(role, format!("{sign} ")),
            shared.span(Role::Muted, text::fit(&text::ago(shared.now, line.at), WHEN)),
            shared.span(Role::Muted, text::fit(&line.who, who_room)),
            Span::raw("  "),
            shared.span(if is_selected { Role::Strong } else { Role::Text }, text::fit(&line.what, room)),
            shared.span(Role::Muted, effect),
        ]);
        frame.render_widget(drawn, row);
        if is_selected {
            frame.buffer_mut().set_style(row, shared.theme.selection(true));
        }
    }
}

/// What is wrong with what is shown, where something is.
fn right(screen: &History, shared: &Shared) -> Line<'static> {
    match (&screen.past.failure, &screen.past.value) {
        (Some(_), Some((_, read_at))) => {
            shared.span(Role::Danger, format!("stale, read {}", text::ago(shared.now, *read_at))).into()
        }
        (None, Some((past, _))) if past.audit.is_err() => {
            shared.span(Role::Waiting, "! the server's own log cannot be read").into()
        }
        (None, Some((past, _))) if past.unreadable > 0 => {
            shared.span(Role::Waiting, format!("! {} unreadable", text::counted(past.unreadable, "line"))).into()
        }
        _ => Line::default(),
    }
}

fn draw_nothing(screen: &History, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let mut said: Vec<(Role, String)> = Vec::new();
    if !screen.filter.text().is_empty() && screen.past.get().is_some() {
        said.push((Role::Strong, "Nothing matches the filter".to_owned()));
        said.push((Role::Muted, "Esc clears it".to_owned()));
    } else if let Some(failure) = &screen.past.failure {
        said.extend(layout::failed(shared, "✗ The history could not be read", failure));
    } else if screen.past.get().is_some() {
        said.push((Role::Strong, "Nothing was changed yet".to_owned()));
        said.push((Role::Muted, "Every change from here is kept, with the way back.".to_owned()));
    } else if shared.connection == Connection::Open {
        said.push((Role::Waiting, "◌ reading the history …".to_owned()));
    } else {
        said.push((Role::Waiting, "◌ connecting …".to_owned()));
    }
    layout::sentences(shared, said, area, frame);
}

fn draw_detail(screen: &History, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let what = screen.line().map(|line| line.what.clone()).unwrap_or_default();
    let room = usize::from(area.width.saturating_sub(6));
    let title = Line::from(shared.span(Role::Strong, text::cut(&what, room).into_owned()));
    let inner = layout::inset(layout::pane(shared, area, false, title, Line::default(), frame), 1);
    let columns = usize::from(inner.width);
    let lines = told(screen, shared, columns);
    let wrapped = lines.into_iter().flat_map(|line| {
        text::wrap(&line.text, columns).into_iter().map(move |text| (line.role, text)).collect::<Vec<_>>()
    });
    for ((role, said), row) in wrapped.zip(layout::rows(inner)) {
        frame.render_widget(shared.span(role, said), row);
    }
}

/// All that is told of the selected line.
#[must_use]
pub fn told(screen: &History, shared: &Shared, columns: usize) -> Vec<ReaderLine> {
    match (screen.entry(), screen.row()) {
        (Some(entry), _) => of_entry(entry, shared),
        (None, Some(row)) => of_row(row, columns),
        (None, None) => Vec::new(),
    }
}

fn fact(lines: &mut Vec<ReaderLine>, role: Role, label: &str, said: &str) {
    lines.push(ReaderLine { role, text: format!("{}{said}", text::fit(label, LABEL)) });
}

fn of_entry(entry: &Entry, shared: &Shared) -> Vec<ReaderLine> {
    let mut lines = Vec::new();
    let (_, role, standing) = line::sign(entry.standing());
    fact(&mut lines, role, "Standing", standing);
    fact(&mut lines, Role::Text, "When", &format!("{}   {}", text::date(entry.at), text::ago(shared.now, entry.at)));
    fact(&mut lines, Role::Text, "Who", &entry.author.who);
    fact(&mut lines, Role::Text, "Context", &entry.author.context);
    if let Some(after) = entry.in_effect_after() {
        fact(&mut lines, Role::Text, "In effect", &format!("{} after it was written", text::span(after)));
    }
    if let Some(undoes) = &entry.undoes {
        fact(&mut lines, Role::Text, "Undoes", undoes.short());
    }
    if let Some(by) = &entry.undone_by {
        fact(&mut lines, Role::Text, "Undone by", by.short());
    }
    fact(&mut lines, Role::Muted, "Id", entry.id.as_str());
    for said in entry.irreversible() {
        fact(&mut lines, Role::Waiting, "! No way back", said);
    }
    let undo = shared.keymap.shown(Action::Undo);
    if entry.undone_by.is_none() && entry.items.iter().any(|item| item.done().is_some()) {
        let said = if entry.undoes.is_some() { "does it again" } else { "takes it back" };
        lines
            .push(ReaderLine { role: Role::Muted, text: format!("{undo} {said}, after showing what it would change") });
    }
    for item in &entry.items {
        lines.push(ReaderLine { role: Role::Text, text: String::new() });
        of_item(item, &mut lines);
    }
    lines
}

fn of_item(item: &Item, lines: &mut Vec<ReaderLine>) {
    for line in diff::lines(&item.change) {
        let role = match line.kind {
            LineKind::Title => Role::Strong,
            LineKind::Same => Role::Muted,
            LineKind::Removed => Role::Danger,
            LineKind::Added => Role::Ok,
            LineKind::Note => Role::Waiting,
        };
        lines.push(ReaderLine { role, text: line.to_string() });
    }
    let (role, said) = match &item.outcome {
        Some(Outcome::Done(done)) => {
            let how = if done.settled_by_reading { "written; its answer was lost" } else { "written" };
            (Role::Muted, how.to_owned())
        }
        Some(Outcome::AlreadySo) => (Role::Muted, "was so already".to_owned()),
        Some(Outcome::Conflict(conflict)) => (Role::Drifted, format!("not written: {}", conflict.summary())),
        Some(Outcome::RenameRefused { kept, .. }) => (Role::Danger, format!("the server kept the slug {kept}")),
        Some(Outcome::Failed(failure)) => (Role::Danger, format!("not written: {}", failure.message)),
        Some(Outcome::Unsettled(failure)) => (Role::Danger, format!("not known: {}", failure.message)),
        None if item.is_in_doubt() => (Role::Danger, "in doubt: its answer never came".to_owned()),
        Some(Outcome::NotTried) | None => (Role::Waiting, "not tried".to_owned()),
    };
    lines.push(ReaderLine { role, text: format!("    {said}{}", seen(item.sighting.as_ref())) });
}

fn seen(sighting: Option<&Sighting>) -> String {
    match sighting {
        Some(Sighting::InEffect { after_ms, proof }) => {
            let after = text::span(std::time::Duration::from_millis(*after_ms));
            let how = match proof {
                Proof::SyncReport => "by the gateway's own report",
                Proof::Probe => "by a probe",
                Proof::Interval => "by the interval",
            };
            format!(", in effect after {after} {how}")
        }
        Some(Sighting::ProbeFailed { reason }) => format!(", the probe failed: {reason}"),
        Some(Sighting::GaveUp { .. }) => ", not seen in effect in time".to_owned(),
        Some(Sighting::Waiting { .. } | Sighting::StillOld { .. }) | None => String::new(),
    }
}

fn of_row(row: &AuditEntry, columns: usize) -> Vec<ReaderLine> {
    let mut lines = Vec::new();
    let actor = &row.actor;
    fact(&mut lines, Role::Text, "Event", &row.event_type);
    fact(&mut lines, Role::Text, "When", &text::date(row.created));
    let who = [&actor.email, &actor.api_key_name, &actor.api_key_prefix];
    let who: Vec<&str> = who.into_iter().flatten().map(String::as_str).collect();
    fact(&mut lines, Role::Text, "Who", &format!("{} {}", actor.kind, who.join(" ")));
    let program = [&row.client_name, &row.client_version].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    if !program.is_empty() {
        fact(&mut lines, Role::Text, "Program", &program);
    }
    if let Some(source) = &row.source {
        fact(&mut lines, Role::Text, "Source", source);
    }
    fact(&mut lines, Role::Muted, "Id", &row.id);
    let data = serde_json::to_string_pretty(&row.event_data).unwrap_or_default();
    lines.push(ReaderLine { role: Role::Text, text: String::new() });
    lines
        .extend(data.lines().map(|line| ReaderLine { role: Role::Muted, text: text::cut(line, columns).into_owned() }));
    lines.push(ReaderLine { role: Role::Text, text: String::new() });
    let said = "Not done from this machine: the server's log does not tell what was there before, so nothing here takes it back.";
    lines.push(ReaderLine { role: Role::Muted, text: said.to_owned() });
    lines
}
