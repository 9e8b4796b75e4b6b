//! Draws a plan: what it touches, its changes with how far each is, and what the next key does.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Proposal, Stage};
use crate::plan::diff::LineKind;
use crate::plan::{Outcome, Step};
use crate::tui::layout;
use crate::tui::screens::endpoints::review::after_lines;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many lines a page is; what is seen at once is never less on the smallest terminal.
pub const PAGE: usize = 8;
const LABEL: usize = 12;
const COLUMNS_MAX: u16 = 100;

/// Draws it in the middle.
pub fn draw(proposal: &Proposal, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let columns = area.width.saturating_sub(4).min(COLUMNS_MAX);
    let room = usize::from(columns.saturating_sub(4));
    let head = head(proposal, shared, room);
    let changes: usize =
        proposal.lines.len() + proposal.steps.iter().map(|step| more_lines(step.as_ref())).sum::<usize>();
    let rows = u16::try_from(head.len() + changes + 5).unwrap_or(u16::MAX);
    let place = layout::centered(area, columns, rows.min(area.height));
    let title = Line::from(shared.span(Role::Strong, text::cut(&proposal.title, room.saturating_sub(16)).into_owned()));
    let inner = layout::inset(layout::popup(shared, place, title, far(proposal, shared), frame), 1);
    let mut rows = layout::rows(Rect { height: inner.height.saturating_sub(2), ..inner });
    for (line, row) in head.into_iter().zip(rows.by_ref()) {
        frame.render_widget(line, row);
    }
    let body: Vec<Rect> = rows.skip(1).collect();
    let offset = proposal.offset.min(proposal.lines.len().saturating_sub(1));
    // What fits is shown whole: scrolling starts where it does not.
    let offset = if changes <= body.len() { 0 } else { offset };
    let mut shown = (offset..proposal.lines.len()).flat_map(|index| change_lines(proposal, shared, index, room));
    for row in &body {
        let Some(line) = shown.next() else { break };
        frame.render_widget(line, *row);
    }
    if shown.next().is_some()
        && let Some(row) = body.last()
    {
        let more = shared.span(Role::Faint, text::fit("  ↓ more", room));
        frame.render_widget(more, *row);
    }
    let verdict = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
    draw_verdict(proposal, shared, verdict, frame);
}

/// How many changes are over, at the right of the title.
fn far(proposal: &Proposal, shared: &Shared) -> Line<'static> {
    if proposal.stage == Stage::Asking {
        return Line::default();
    }
    let over =
        proposal.steps.iter().filter(|step| matches!(step, Some(Step::Finished(outcome)) if outcome.is_success()));
    shared
        .span(Role::Muted, format!("{} of {} done", text::count(over.count()), text::count(proposal.steps.len())))
        .into()
}

fn head(proposal: &Proposal, shared: &Shared, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |label: &str, role: Role, said: &str| {
        for (index, line) in text::wrap(said, room.saturating_sub(LABEL)).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            lines.push(Line::from(vec![shared.span(Role::Muted, text::fit(label, LABEL)), shared.span(role, line)]));
        }
    };
    for (index, remark) in proposal.remarks.iter().enumerate() {
        say(if index == 0 { "Change" } else { "" }, Role::Text, remark);
    }
    match (&proposal.impact.value, &proposal.impact.failure) {
        (Some((impact, _)), _) => say("Affected", Role::Text, &impact.summary()),
        (None, Some(failure)) => say("Affected", Role::Muted, &format!("not known: {}", failure.message)),
        (None, None) if proposal.impact.waiting.is_some() => say("Affected", Role::Waiting, "◌ counting …"),
        (None, None) => say("Affected", Role::Muted, "nobody may call it yet"),
    }
    say("In effect", Role::Text, &format!("within {} of the write", text::seconds(shared.sync_interval())));
    let before = if proposal.plan.changes().len() == 1 {
        "read again; stops if somebody changed it"
    } else {
        "each is read again; the plan stops where somebody changed it"
    };
    say("Before", Role::Text, before);
    if shared.can_probe() {
        let [first, second] = after_lines(proposal.after);
        say("After", Role::Text, first);
        say("", Role::Text, second);
    }
    for finding in &proposal.findings {
        say("! Warning", Role::Waiting, finding);
    }
    if let Some(failure) = &proposal.failure {
        say("✗ Failed", Role::Danger, &failure.message);
        if let Some(hint) = &failure.hint {
            say("", Role::Muted, &format!("hint: {hint}"));
        }
    }
    lines
}

/// How many lines tell why a change was not made.
fn more_lines(step: Option<&Step>) -> usize {
    match step {
        Some(Step::Finished(Outcome::Conflict(conflict))) => {
            conflict.rows().iter().filter(|row| row.theirs_differs() || row.mine_differs()).count()
        }
        Some(Step::Finished(Outcome::Failed(failure) | Outcome::Unsettled(failure))) => {
            1 + usize::from(failure.hint.is_some())
        }
        Some(Step::Finished(Outcome::RenameRefused { .. })) => 1,
        _ => 0,
    }
}

/// The lines that an index stands for: a line of a diff, with what became of the change under its last.
fn change_lines(proposal: &Proposal, shared: &Shared, index: usize, room: usize) -> Vec<Line<'static>> {
    let Some((place, line)) = proposal.lines.get(index) else { return Vec::new() };
    let step = proposal.steps.get(*place).and_then(Option::as_ref);
    let mut lines = Vec::new();
    match line.kind {
        LineKind::Title => {
            let (sign, role, word) = standing(step);
            let room = room.saturating_sub(2 + text::width(word));
            let mut title = Line::from(vec![
                shared.span(role, format!("{sign} ")),
                shared.span(Role::Strong, text::fit(&line.text, room)),
            ]);
            title.push_span(shared.span(role, word));
            lines.push(title);
        }
        kind => lines.push(diff_line(shared, kind, &line.text, room)),
    }
    let is_last = proposal.lines.get(index + 1).is_none_or(|(next, _)| next != place);
    if is_last && let Some(Step::Finished(outcome)) = step {
        lines.extend(outcome_lines(shared, outcome, room));
    }
    lines
}

/// A line of a diff in its colour.
#[must_use]
pub fn diff_line(shared: &Shared, kind: LineKind, said: &str, room: usize) -> Line<'static> {
    let role = match kind {
        LineKind::Title => Role::Strong,
        LineKind::Same => Role::Muted,
        LineKind::Removed => Role::Danger,
        LineKind::Added => Role::Ok,
        LineKind::Note => Role::Waiting,
    };
    shared.span(role, text::cut(&format!("{}{said}", kind.sign()), room).into_owned()).into()
}

fn standing(step: Option<&Step>) -> (&'static str, Role, &'static str) {
    match step {
        None => ("·", Role::Muted, ""),
        Some(Step::Checking) => ("◌", Role::Waiting, " reading it again"),
        Some(Step::Writing) => ("◌", Role::Waiting, " writing"),
        Some(Step::Waiting(_)) => ("◌", Role::Waiting, " the server asks to wait"),
        Some(Step::Settling) => ("◌", Role::Waiting, " the answer was lost; reading"),
        Some(Step::Finished(outcome)) => match outcome {
            Outcome::Done(_) => ("✓", Role::Ok, " done"),
            Outcome::AlreadySo => ("✓", Role::Muted, " was so already"),
            Outcome::Conflict(_) => ("≠", Role::Drifted, " not done: changed meanwhile"),
            Outcome::RenameRefused { .. } => ("✗", Role::Danger, " not done: kept its slug"),
            Outcome::Failed(_) => ("✗", Role::Danger, " not done"),
            Outcome::Unsettled(_) => ("?", Role::Danger, " not known"),
            Outcome::NotTried => ("·", Role::Waiting, " not tried"),
        },
    }
}

fn outcome_lines(shared: &Shared, outcome: &Outcome, room: usize) -> Vec<Line<'static>> {
    let say = |role, said: String| Line::from(shared.span(role, text::cut(&format!("    {said}"), room).into_owned()));
    match outcome {
        Outcome::Conflict(conflict) => conflict
            .rows()
            .into_iter()
            .filter(|row| row.theirs_differs() || row.mine_differs())
            .map(|row| {
                say(
                    Role::Drifted,
                    format!("{}: was {}, is {} now, wanted {}", row.name, row.base, row.theirs, row.mine),
                )
            })
            .collect(),
        Outcome::Failed(failure) | Outcome::Unsettled(failure) => {
            let hint = failure.hint.iter().map(|hint| say(Role::Muted, format!("hint: {hint}")));
            std::iter::once(say(Role::Danger, failure.message.clone())).chain(hint).collect()
        }
        Outcome::RenameRefused { kept, .. } => {
            vec![say(Role::Danger, format!("the server kept the slug {kept}; it does not rename"))]
        }
        Outcome::Done(_) | Outcome::AlreadySo | Outcome::NotTried => Vec::new(),
    }
}

fn draw_verdict(proposal: &Proposal, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width);
    let button = |label: String, other: &'static str| {
        Line::from(vec![
            shared.span(Role::Button, format!(" ↵ {label} ")),
            Span::raw("  "),
            shared.span(Role::Muted, other),
        ])
    };
    match &proposal.stage {
        Stage::Asking if shared.is_protected() => {
            let ask = format!(" type {} to {} ▸ ", text::cut(proposal.word(shared), columns / 2), proposal.verb);
            let width = u16::try_from(text::width(&ask)).unwrap_or(area.width).min(area.width);
            frame.render_widget(shared.span(Role::Alarm, ask), area);
            let field = Rect { x: area.x + width + 1, width: area.width.saturating_sub(width + 1), ..area };
            proposal.typed.draw(shared, field, true, "", frame);
        }
        Stage::Asking => frame.render_widget(button(proposal.verb.clone(), "Esc leave everything as it is"), area),
        Stage::Running(_, false) => {
            frame.render_widget(shared.span(Role::Waiting, "◌ at work …   Esc stops before the next change"), area);
        }
        Stage::Running(_, true) => {
            frame.render_widget(shared.span(Role::Waiting, "◌ stopping; what is under way is finished …"), area);
        }
        Stage::Over => {
            let rest = proposal.rest().len();
            if rest == 0 {
                frame.render_widget(button("close".to_owned(), ""), area);
            } else {
                frame.render_widget(
                    button(format!("go on with the other {}", text::count(rest)), "Esc leave it so"),
                    area,
                );
            }
        }
    }
}
