//! The detail of one endpoint: what it routes to, when it was written, whether that is in effect.
//!
//! ```text
//! ╭ my-org/glm-5.2 ────────────────────────────────╮
//! │ Routes to    BASETEN 3kZ9xqd  glm-5.2-fp8       │
//! │ Environment  production                         │
//! │                                                 │
//! │ Sync         ◐ waiting for the gateway          │
//! │              ━━━━━━━━━────── 41 s               │
//! │ 13:30:02     written                            │
//! ╰─────────────────────────────────────────────────╯
//! ```

use std::sync::Arc;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::rows::Row;
use super::table::state_role;
use super::{Endpoints, Pane};
use crate::api::{Target, TargetField};
use crate::sync::{self, SyncState};
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

const LABEL: usize = 13;
/// How many other slugs of the same target are named.
const SIBLINGS_SHOWN: usize = 4;

/// Draws the pane.
pub fn draw(screen: &Endpoints, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let Some(row) = screen.list.row(&screen.rows) else {
        layout::pane(shared, area, false, Line::default(), Line::default(), frame);
        return;
    };
    let columns = usize::from(area.width.saturating_sub(6));
    let title = shared.span(Role::Strong, text::cut(row.slug.as_str(), columns).into_owned()).into();
    let has_focus = screen.pane == Pane::Detail;
    let inner = layout::inset(layout::pane(shared, area, has_focus, title, Line::default(), frame), 1);
    let lines = lines(screen, shared, row, usize::from(inner.width));
    let offset = screen.detail_offset.min(lines.len().saturating_sub(1));
    for (line, place) in lines.into_iter().skip(offset).zip(layout::rows(inner)) {
        frame.render_widget(line, place);
    }
}

/// Everything that there is to say, a line each.
#[must_use]
pub fn lines(screen: &Endpoints, shared: &Shared, row: &Row, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (index, target) in row.targets.all.iter().enumerate() {
        if index > 0 {
            lines.push(Line::default());
        }
        lines.extend(target_lines(screen, shared, target, columns));
    }
    if row.targets.all.is_empty() {
        lines.push(labelled(shared, "Routes to", Role::Danger, "nothing: the server answered no target", columns));
    }
    lines.push(Line::default());
    lines.push(labelled(shared, "Id", Role::Muted, row.id.as_str(), columns));
    if let Some(region) = row.region() {
        lines.push(labelled(shared, "Region", Role::Text, region.as_str(), columns));
    }
    for (label, time) in [("Created", row.created_at), ("Updated", row.updated_at)] {
        let date = text::date(time);
        let ago = format!("  {}", text::ago(shared.server_now(), time));
        let has_room = LABEL + text::width(&date) + text::width(&ago) <= columns;
        let mut line = vec![shared.span(Role::Muted, text::fit(label, LABEL)), shared.span(Role::Text, date)];
        if has_room {
            line.push(shared.span(Role::Muted, ago));
        }
        lines.push(Line::from(line));
    }
    for (name, value) in row.unknown().into_iter().flatten() {
        lines.push(labelled(shared, name, Role::Muted, &value.to_string(), columns));
    }
    lines.push(Line::default());
    lines.extend(sync_lines(screen, shared, row, columns));
    lines.extend(screen.callers.lines(&row.id, &row.slug, shared, LABEL, columns));
    lines.extend(sibling_lines(screen, shared, row, columns));
    lines
}

fn labelled(shared: &Shared, label: &str, role: Role, value: &str, columns: usize) -> Line<'static> {
    Line::from(vec![
        shared.span(Role::Muted, format!("{} ", text::fit(label, LABEL - 1))),
        shared.span(role, text::cut(value, columns.saturating_sub(LABEL)).into_owned()),
    ])
}

fn target_lines(screen: &Endpoints, shared: &Shared, target: &Target, columns: usize) -> Vec<Line<'static>> {
    let mut head = vec![
        shared.span(Role::Muted, text::fit("Routes to", LABEL)),
        shared.span(Role::Accent, text::clean(target.provider.as_str()).into_owned()),
    ];
    let main = target.model_id.as_ref().map(crate::api::ModelId::as_str).or(target.target_model.as_deref());
    if let Some(main) = main {
        head.push(shared.span(Role::Strong, format!(" {}", text::cut(main, columns.saturating_sub(LABEL + 8)))));
    }
    if let Some(name) = target.model_id.as_ref().and_then(|model| screen.workspace.model_name(model)) {
        head.push(shared.span(Role::Muted, format!("  {}", text::clean(name))));
    }
    let mut lines = vec![Line::from(head)];
    if let Some(environment) = target.environment() {
        lines.push(labelled(shared, "Environment", Role::Text, environment, columns));
    }
    for field in TargetField::ALL {
        let line = match field {
            TargetField::ModelId | TargetField::EnvironmentName => None,
            TargetField::TargetModel => target
                .target_model
                .as_deref()
                .filter(|_| target.model_id.is_some())
                .map(|model| ("Sent as", model.to_owned())),
            TargetField::SecretId => {
                target.secret_id.as_ref().map(|secret| ("Secret", screen.workspace.secret_label(secret)))
            }
            TargetField::BaseUrl => target.base_url.clone().map(|url| ("Base URL", url)),
            TargetField::VertexConfig => target
                .vertex_config
                .as_ref()
                .map(|config| ("Vertex", format!("{} in {}", config.project_id, config.location))),
        };
        lines.extend(line.map(|(label, value)| labelled(shared, label, Role::Text, &value, columns)));
    }
    for (name, value) in &target.unknown {
        lines.push(labelled(shared, name, Role::Muted, &value.to_string(), columns));
    }
    lines
}

fn sync_lines(screen: &Endpoints, shared: &Shared, row: &Row, columns: usize) -> Vec<Line<'static>> {
    let state = screen.state(shared, row);
    let role = state_role(&state);
    let said = match &state {
        SyncState::Live => "live".to_owned(),
        SyncState::Waiting { .. } => "waiting for the gateway".to_owned(),
        SyncState::Verified => "verified: the gateway serves it".to_owned(),
        SyncState::Drifted => "drifted: somebody else changed it since".to_owned(),
        SyncState::NotServing { reason } => format!("not serving: {reason}"),
        SyncState::Unknown => "unknown: the server was not reached since".to_owned(),
    };
    let mut lines = Vec::new();
    told(&mut lines, shared, ("Sync", role), &format!("{} {said}", state.glyph()), columns);
    if let SyncState::Waiting { remaining } = state {
        let mut line = Line::from(Span::raw(" ".repeat(LABEL)));
        line.spans.extend(progress(shared, remaining, columns.saturating_sub(LABEL + 8).min(24)));
        lines.push(line);
    }
    if let Some(follow) = screen.written.get(&row.id) {
        for entry in sync::timeline(&follow.written, &follow.probes, follow.in_effect) {
            told(&mut lines, shared, (&text::clock(entry.at), Role::Text), &entry.text(), columns);
        }
    }
    lines
}

/// A sentence under its label, on as many lines as it takes: a reason must not be cut.
fn told(lines: &mut Vec<Line<'static>>, shared: &Shared, label: (&str, Role), said: &str, columns: usize) {
    for (index, part) in text::wrap(said, columns.saturating_sub(LABEL)).into_iter().enumerate() {
        let label = (if index == 0 { label.0 } else { "" }, label.1);
        lines.push(Line::from(vec![shared.span(Role::Muted, text::fit(label.0, LABEL)), shared.span(label.1, part)]));
    }
}

/// A bar that fills until the sync, and the time that is left.
#[must_use]
pub fn progress(shared: &Shared, remaining: Duration, columns: usize) -> Vec<Span<'static>> {
    let interval = shared.sync_interval().as_millis().max(1);
    let passed = interval.saturating_sub(remaining.as_millis());
    let filled = usize::try_from(passed * columns as u128 / interval).unwrap_or(columns).min(columns);
    vec![
        shared.span(Role::Waiting, "━".repeat(filled)),
        shared.span(Role::Faint, "─".repeat(columns - filled)),
        shared.span(Role::Waiting, format!(" {}", sync::countdown(remaining))),
    ]
}

/// Which other slugs lead to the same target.
fn sibling_lines(screen: &Endpoints, shared: &Shared, row: &Row, columns: usize) -> Vec<Line<'static>> {
    let same = |other: &&Row| Arc::ptr_eq(&other.targets, &row.targets) && other.id != row.id;
    // The first few by name, in one walk: sorting 25,000 names for these takes longer than the rest of a frame.
    let mut first: Vec<&str> = Vec::with_capacity(SIBLINGS_SHOWN + 1);
    let mut count = 0;
    for sibling in screen.rows.all().iter().filter(same) {
        count += 1;
        let slug = sibling.slug.as_str();
        if first.len() < SIBLINGS_SHOWN || first.last().is_some_and(|last| slug < *last) {
            first.insert(first.partition_point(|other| *other < slug), slug);
            first.truncate(SIBLINGS_SHOWN);
        }
    }
    if first.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::default()];
    for (index, slug) in first.iter().enumerate() {
        let label = if index == 0 { "Same target" } else { "" };
        lines.push(labelled(shared, label, Role::Text, slug, columns));
    }
    if count > SIBLINGS_SHOWN {
        let more = format!("and {} more", text::count(count - SIBLINGS_SHOWN));
        lines.push(labelled(shared, "", Role::Muted, &more, columns));
    }
    lines
}
