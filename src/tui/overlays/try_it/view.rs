//! Draws the pane: what is sent above, what came below, two answers side by side.
//!
//! ```text
//! ╭ Try my-org/glm-5.2 ───────────────────────────────────── through 127.0.0.1:8788 ╮
//! │ ▸ Prompt   Say hello in one sentence.                                           │
//! │   Beside   canary → my-org/glm-5.2-canary                                       │
//! │   Key      ‹ a new key of Acme, revoked after the answer ›                      │
//! │ ─────────────────────────────────────────────────────────────────────────────── │
//! │ my-org/glm-5.2                         │ my-org/glm-5.2-canary                  │
//! │ ● 200  BASETEN 3kZ9xqd/production      │ ● 200  BASETEN 3kZ9xqd/canary          │
//! │ first token 41 ms   23 tokens/s        │ first token 60 ms   21 tokens/s        │
//! ```

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::answer::{Answer, Progress};
use super::{Focus, Stage, TryIt};
use crate::sync::ProbeResult;
use crate::tui::form::Field;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many lines a page is.
pub const PAGE: isize = 8;
const LABEL: u16 = 10;
/// How much of its line the second slug is typed in.
const BESIDE: u16 = 34;

/// Draws it over the whole body.
pub fn draw(try_it: &TryIt, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let slug = text::cut(try_it.endpoint.slug.as_str(), usize::from(area.width) / 2).into_owned();
    let title = Line::from(vec![shared.span(Role::Accent, "Try "), shared.span(Role::Strong, slug)]);
    let inner = layout::inset(layout::popup(shared, area, title, through(shared), frame), 1);
    let lines = try_it.lines();
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let [top, rule, bottom] =
        Layout::vertical([Constraint::Length(count), Constraint::Length(1), Constraint::Min(1)]).areas(inner);
    for (focus, row) in lines.into_iter().zip(layout::rows(top)) {
        draw_line(try_it, focus, shared, row, frame);
    }
    frame.render_widget(shared.span(Role::Border, "─".repeat(usize::from(rule.width))), rule);
    if try_it.stage == Stage::Asking {
        draw_question(try_it, shared, bottom, frame);
    } else if try_it.answers.is_empty() || try_it.failure.is_some() {
        draw_lines(&before(try_it, shared, usize::from(bottom.width)), bottom, frame);
    } else {
        draw_answers(try_it, shared, bottom, frame);
    }
}

/// How many lines of the longest answer do not fit on the screen.
#[must_use]
pub fn hidden(try_it: &TryIt, shared: &Shared) -> usize {
    let body = layout::regions(Rect::new(0, 0, shared.size.0, shared.size.1), false).body;
    let rows = usize::from(body.height).saturating_sub(3 + try_it.lines().len());
    let columns = usize::from(body.width).saturating_sub(4);
    let columns = if try_it.answers.len() > 1 { columns.saturating_sub(3) / 2 } else { columns };
    let heads = try_it.answers.iter().map(|answer| head(try_it, answer, shared, columns).len());
    let seen = rows.saturating_sub(2 + heads.max().unwrap_or(0));
    let spoken = try_it.answers.iter().map(|answer| spoken(answer, shared, columns).len());
    spoken.max().unwrap_or(0).saturating_sub(seen)
}

/// Where the call goes, at the right of the title.
fn through(shared: &Shared) -> Line<'static> {
    let address = shared.open_context().map(|context| context.inference_url.as_str()).unwrap_or_default();
    let host = address.trim_start_matches("https://").trim_start_matches("http://");
    if host.is_empty() {
        return Line::default();
    }
    Line::from(shared.span(Role::Muted, format!("through {}", text::cut(host, 40))))
}

fn draw_line(try_it: &TryIt, focus: Focus, shared: &Shared, row: Rect, frame: &mut Frame<'_>) {
    let has_focus = try_it.stage == Stage::Editing && try_it.focus == focus;
    let (name, field, placeholder) = match focus {
        Focus::Prompt => ("Prompt", Some(&try_it.prompt), "what to say"),
        Focus::Beside => ("Beside", Some(&try_it.beside), "a second slug, to compare"),
        Focus::Key => ("Key", None, ""),
        Focus::Typed => ("", Some(&try_it.typed), "type or paste a federated key"),
    };
    let (role, mark) = if has_focus { (Role::Accent, "▸ ") } else { (Role::Muted, "  ") };
    let label = text::fit(name, usize::from(LABEL) - 2);
    frame.render_widget(Line::from(vec![shared.span(Role::Accent, mark), shared.span(role, label)]), row);
    let value = Rect { x: row.x + LABEL, width: row.width.saturating_sub(LABEL), ..row };
    let Some(field) = field else { return draw_choice(try_it, shared, has_focus, value, frame) };
    let note = note(try_it, focus, field, shared);
    let typed = match &note {
        None => value.width,
        Some(_) => BESIDE.min(value.width / 2),
    };
    field.draw(shared, Rect { width: typed, ..value }, has_focus, placeholder, frame);
    if let Some(note) = note {
        let place = Rect { x: value.x + typed + 1, width: value.width.saturating_sub(typed + 1), ..value };
        let cut = text::cut(&note.content, usize::from(place.width)).into_owned();
        frame.render_widget(Span::styled(cut, note.style), place);
    }
}

/// What stands beside a field: what is wrong with it, or whom it names.
fn note(try_it: &TryIt, focus: Focus, field: &Field, shared: &Shared) -> Option<Span<'static>> {
    if let Some(problem) = &field.problem {
        return Some(shared.span(Role::Danger, format!("✗ {problem}")));
    }
    match &try_it.second {
        _ if focus != Focus::Beside || field.trimmed().is_empty() => None,
        Some(second) => Some(shared.span(Role::Muted, format!("→ {}", second.slug))),
        None => Some(shared.span(Role::Waiting, "? nothing, or several, are called so")),
    }
}

fn draw_choice(try_it: &TryIt, shared: &Shared, has_focus: bool, area: Rect, frame: &mut Frame<'_>) {
    let Some(choice) = try_it.choice() else {
        return frame.render_widget(shared.span(Role::Waiting, "◌ reading who may call it …"), area);
    };
    let side = |sign: &'static str| shared.span(if has_focus { Role::Accent } else { Role::Faint }, sign);
    let role = if has_focus { Role::Strong } else { Role::Text };
    let name = text::cut(&choice.text(), usize::from(area.width).saturating_sub(4)).into_owned();
    frame.render_widget(Line::from(vec![side("‹ "), shared.span(role, name), side(" ›")]), area);
}

fn draw_question(try_it: &TryIt, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let said = format!(
        "This context is protected, and a key of {} will be minted and revoked. Type {} to do it:",
        try_it.word(),
        try_it.word()
    );
    let mut rows = layout::rows(area);
    for line in text::wrap(&said, usize::from(area.width)) {
        let Some(row) = rows.next() else { return };
        frame.render_widget(shared.span(Role::Waiting, line), row);
    }
    let Some(row) = rows.next() else { return };
    let field = Rect { x: row.x + 2, width: row.width.saturating_sub(2), ..row };
    frame.render_widget(shared.span(Role::Accent, "▸ "), row);
    try_it.confirmation.draw(shared, field, true, try_it.word(), frame);
}

/// What is said before anything came.
fn before(try_it: &TryIt, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |role: Role, said: &str| {
        lines.extend(text::wrap(said, columns).into_iter().map(|line| Line::from(shared.span(role, line))));
    };
    let context = shared.open_context();
    if let Some(failure) = &try_it.failure {
        say(Role::Danger, &format!("✗ {}", failure.message));
        if let Some(hint) = &failure.hint {
            say(Role::Muted, &format!("hint: {hint}"));
        }
        return lines;
    }
    if context.is_none_or(|context| context.inference_url.is_empty()) {
        let name = context.map(|context| context.name.as_str()).unwrap_or_default();
        say(Role::Danger, "✗ this context does not say where its data plane is");
        say(Role::Muted, &format!("hint: set inference_url in [contexts.{name}] of the configuration"));
        return lines;
    }
    if let Some(failure) = &try_it.groups.failure {
        say(Role::Waiting, &format!("! who may call it is not known: {}", failure.message));
    } else if try_it.groups.get().is_some() && try_it.choices.len() == 1 {
        say(Role::Waiting, "! no group may call it yet: grant it in Groups, or type a key that may");
    }
    say(
        Role::Muted,
        "The answer comes here, with who gave it and how fast. The call counts like any other: it takes tokens, and stands in the traffic.",
    );
    lines
}

fn draw_answers(try_it: &TryIt, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let [first, rule, second] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let left = Rect { width: first.width.saturating_sub(1), ..first };
    let right = layout::inset(second, 1);
    let places: &[Rect] = if try_it.answers.len() > 1 { &[left, right] } else { &[area] };
    if try_it.answers.len() > 1 {
        for row in layout::rows(rule) {
            frame.render_widget(shared.span(Role::Border, "│"), row);
        }
    }
    // Both texts begin in the same row.
    let tallest = try_it.answers.iter().zip(places).map(|(answer, place)| {
        let head = head(try_it, answer, shared, usize::from(place.width));
        u16::try_from(head.len() + 2).unwrap_or(u16::MAX)
    });
    let top = tallest.max().unwrap_or(0).min(area.height);
    for (answer, place) in try_it.answers.iter().zip(places) {
        draw_answer(try_it, answer, top, shared, *place, frame);
    }
}

fn draw_answer(try_it: &TryIt, answer: &Answer, top: u16, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width);
    let mut lines = vec![Line::from(shared.span(Role::Strong, text::cut(answer.slug.as_str(), columns).into_owned()))];
    lines.extend(head(try_it, answer, shared, columns));
    draw_lines(&lines, Rect { height: top, ..area }, frame);
    let body = Rect { y: area.y + top, height: area.height - top, ..area };
    let said = spoken(answer, shared, columns);
    let hidden = said.len().saturating_sub(usize::from(body.height));
    let offset = match try_it.offset {
        None => hidden,
        Some(offset) => offset.min(hidden),
    };
    draw_lines(said.get(offset..).unwrap_or_default(), body, frame);
    if offset < hidden && body.height > 0 {
        let last = Rect { y: body.bottom() - 1, height: 1, ..body };
        frame.render_widget(shared.span(Role::Faint, text::fit("↓ more", columns)), last);
    }
}

/// What is known of an answer beside its text: who gave it, how fast, for how many tokens.
fn head(try_it: &TryIt, answer: &Answer, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |role: Role, said: &str| {
        lines.extend(text::wrap(said, columns).into_iter().map(|line| Line::from(shared.span(role, line))));
    };
    let status = answer.head.status.map(|status| format!("{status}  ")).unwrap_or_default();
    let by = match answer.told() {
        ProbeResult::New | ProbeResult::Old { .. } => {
            answer.head.target.as_deref().and_then(target).unwrap_or_default()
        }
        ProbeResult::Untold | ProbeResult::Failed { .. } => "",
    };
    match &answer.progress {
        Progress::Asked => match &try_it.minted {
            Some(prefix) => say(Role::Waiting, &format!("◌ asked with the new key {prefix}")),
            None => say(Role::Waiting, "◌ asked"),
        },
        Progress::Speaking => say(Role::Waiting, &format!("◐ {status}{by}")),
        Progress::Whole => say(Role::Ok, &format!("● {status}{by}")),
        Progress::Stopped => say(Role::Waiting, &format!("○ {status}stopped from here {by}")),
        Progress::Failed(_) => say(Role::Danger, &format!("✗ {status}{by}")),
    }
    let has_answered = matches!(answer.progress, Progress::Speaking | Progress::Whole);
    match (answer.told(), &answer.wanted) {
        (ProbeResult::Old { .. }, Some(wanted)) if has_answered => {
            say(Role::Waiting, &format!("≠ the endpoint names {wanted}: not in effect yet"));
        }
        (ProbeResult::Untold, _) if has_answered => say(Role::Muted, "this server does not tell which target answered"),
        _ => {}
    }
    for figures in figures(answer, columns) {
        say(Role::Text, &figures);
    }
    if let Some(id) = &answer.head.request_id {
        say(Role::Faint, &format!("request {id}"));
    }
    lines
}

/// The target in `<endpoint id> <target> <revision>`.
fn target(header: &str) -> Option<&str> {
    header.split_once(' ')?.1.rsplit_once(' ').map(|(target, _)| target)
}

/// `first token 41 ms   23 tokens/s   1 in, 23 out   1.2 s in all`, as far as it is known, none of them broken.
fn figures(answer: &Answer, columns: usize) -> Vec<String> {
    let mut parts = Vec::new();
    parts.extend(answer.pace.first_token.map(|after| format!("first token {}", brief(after))));
    if let Some((input, output)) = answer.usage {
        let rate = if answer.is_over() { answer.pace.tokens_per_second(output) } else { None };
        parts.extend(rate.map(|rate| format!("{rate} tokens/s")));
        parts.push(format!("{input} tokens in, {output} out"));
    }
    if answer.is_over() && !answer.pace.total.is_zero() {
        parts.push(format!("{} in all", brief(answer.pace.total)));
    }
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if text::width(line) + 3 + text::width(&part) <= columns => line.extend(["   ", &part]),
            _ => lines.push(part),
        }
    }
    lines
}

fn brief(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        millis @ 1000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => text::span(duration),
    }
}

fn spoken(answer: &Answer, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
    let line = |role: Role, said: String| Line::from(shared.span(role, said));
    let mut lines: Vec<Line<'static>> = Vec::new();
    if !answer.text.is_empty() {
        lines.extend(text::wrap(&answer.text, columns).into_iter().map(|said| line(Role::Text, said)));
    }
    if answer.is_cut {
        lines.push(line(Role::Muted, "… the rest is not kept".to_owned()));
    }
    if let Progress::Failed(failure) = &answer.progress {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(text::wrap(&failure.message, columns).into_iter().map(|said| line(Role::Danger, said)));
        for hint in failure.hint.iter().flat_map(|hint| text::wrap(&format!("hint: {hint}"), columns)) {
            lines.push(line(Role::Muted, hint));
        }
    } else if answer.progress == Progress::Whole && answer.text.is_empty() {
        lines.push(line(Role::Muted, "it said nothing".to_owned()));
    }
    lines
}

fn draw_lines(lines: &[Line<'static>], area: Rect, frame: &mut Frame<'_>) {
    for (line, row) in lines.iter().zip(layout::rows(area)) {
        frame.render_widget(line, row);
    }
}
