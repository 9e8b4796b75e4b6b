//! Draws the tab and what is open for a change.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use secrecy::ExposeSecret;

use super::ask::Ask;
use super::form::{self, Focus, GroupForm};
use super::work::{Minted, NameKey, Work};
use super::{Groups, Pane, detail, tree};
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::load::Failure;
use crate::tui::session::{Connection, Shared};
use crate::tui::text;
use crate::tui::theme::Role;

const LABEL: u16 = 12;

/// Draws the tab.
pub fn draw(screen: &Groups, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let (tree, detail) = screen.areas(area);
    if !tree.is_empty() {
        draw_tree(screen, shared, tree, frame);
    }
    if !detail.is_empty() {
        draw_detail(screen, shared, detail, frame);
    }
    match &screen.work {
        Work::None => {}
        Work::Form(form) => draw_form(form, shared, area, frame),
        Work::Register(register) => register.draw(shared, area, frame),
        Work::NameKey(key) => draw_name_key(key, shared, area, frame),
        Work::Ask(ask) => draw_ask(ask, shared, area, frame),
        Work::Minted(minted) => draw_minted(minted, shared, area, frame),
    }
}

fn draw_tree(screen: &Groups, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let mut title = Line::from(shared.span(Role::Strong, "Groups"));
    let (shown, all) = (screen.rows.len(), screen.groups().len());
    let count = if shown == all { text::count(all) } else { format!("{} of {}", text::count(shown), text::count(all)) };
    if screen.all.get().is_some() {
        title.push_span(shared.span(Role::Muted, format!("  {count}")));
    }
    let right = match (&screen.all.failure, &screen.all.value) {
        (Some(_), Some((_, read_at))) => {
            shared.span(Role::Danger, format!("stale, read {}", text::ago(shared.now, *read_at)))
        }
        _ => Span::raw(""),
    };
    let right = if right.content.is_empty() { Line::default() } else { right.into() };
    let inner = layout::pane(shared, area, screen.pane != Pane::Keys, title, right, frame);
    let mut body = inner;
    if screen.is_filter_shown() {
        let field = (&screen.filter, screen.pane == Pane::Filter);
        body = layout::filter_line(shared, inner, field, "name, customer or slug", frame);
    }
    if screen.rows.is_empty() {
        return draw_nothing(screen, shared, body, frame);
    }
    for (place, row) in (screen.offset..screen.rows.len()).zip(layout::rows(body)) {
        let Some(branch) = screen.rows.get(place) else { continue };
        let Some(group) = screen.groups().get(branch.group) else { continue };
        let is_selected = place == screen.cursor;
        let mark = if is_selected { "▌ " } else { "  " };
        let said = slugs_said(group.models.len());
        let used = 3 + text::width(&branch.prefix) + text::width(&said);
        let room = usize::from(row.width).saturating_sub(used);
        let line = Line::from(vec![
            shared.span(Role::Accent, mark),
            shared.span(Role::Faint, branch.prefix.clone()),
            shared.span(if is_selected { Role::Strong } else { Role::Text }, text::fit(tree::name(group), room)),
            shared.span(Role::Muted, format!(" {said}")),
        ]);
        frame.render_widget(line, row);
        if is_selected {
            frame.buffer_mut().set_style(row, shared.theme.selection(screen.pane != Pane::Keys));
        }
    }
}

fn slugs_said(count: usize) -> String {
    text::counted(count, "slug")
}

fn draw_nothing(screen: &Groups, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let key = |action| shared.keymap.shown(action);
    let mut said: Vec<(Role, String)> = Vec::new();
    if !screen.groups().is_empty() {
        said.push((Role::Strong, "No group matches the filter".to_owned()));
        said.push((
            Role::Muted,
            format!("{} are hidden; Esc clears the filter", text::counted(screen.groups().len(), "group")),
        ));
    } else if let Some(failure) = &screen.all.failure {
        said.extend(layout::failed(shared, "✗ The groups could not be read", failure));
    } else if screen.all.get().is_some() {
        said.push((Role::Strong, "No groups yet".to_owned()));
        said.push((
            Role::Muted,
            "A group says who may call which slug, and how much. Its keys open the gateway.".to_owned(),
        ));
        said.push((Role::Text, format!("{} creates the first one", key(Action::New))));
    } else if shared.connection == Connection::Open {
        said.push((Role::Waiting, "◌ reading the groups …".to_owned()));
    } else {
        said.push((Role::Waiting, "◌ connecting …".to_owned()));
    }
    layout::sentences(shared, said, area, frame);
}

fn draw_detail(screen: &Groups, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let Some(group) = screen.group() else {
        layout::pane(shared, area, false, Line::default(), Line::default(), frame);
        return;
    };
    let name = text::cut(tree::name(group), usize::from(area.width.saturating_sub(24))).into_owned();
    let title = Line::from(shared.span(Role::Strong, name));
    let right = match &screen.detail.value {
        Some(((id, _), read_at)) if *id == group.id => {
            shared.span(Role::Muted, format!("usage {}", text::ago(shared.now, *read_at))).into()
        }
        Some(_) | None => Line::default(),
    };
    let inner = layout::inset(layout::pane(shared, area, screen.pane == Pane::Keys, title, right, frame), 1);
    let lines = detail::lines(screen, group, shared, usize::from(area.width));
    let visible = usize::from(inner.height);
    // The selected key is always seen.
    let from_keys = screen.detail_of_selected().map_or(0, |detail| detail.keys.len().saturating_sub(screen.key));
    let key_line = lines.len().saturating_sub(from_keys.max(1));
    let offset = if screen.pane == Pane::Keys {
        layout::scroll_to(key_line, screen.detail_offset, visible, lines.len())
    } else {
        screen.detail_offset.min(lines.len().saturating_sub(visible))
    };
    let more = lines.len().saturating_sub(offset + visible);
    frame.render_widget(Paragraph::new(lines.into_iter().skip(offset).take(visible).collect::<Vec<_>>()), inner);
    layout::more_below(shared, area, more, frame);
}

pub(super) fn line_at(inner: Rect, row: u16) -> Rect {
    Rect { y: inner.y + row, height: u16::from(row < inner.height), ..inner }
}

fn draw_form(form: &GroupForm, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let rows = u16::try_from(form.grants.len()).unwrap_or(u16::MAX).saturating_add(11);
    let place = layout::centered(area, 96, rows);
    let title = Line::from(shared.span(Role::Strong, text::cut(&form::title(form), 60).into_owned()));
    let inner = layout::inset(layout::popup(shared, place, title, Line::default(), frame), 1);
    let mut row = 0;
    let field_area = |row: u16| {
        let line = line_at(inner, row);
        Rect { x: line.x + LABEL, width: line.width.saturating_sub(LABEL), ..line }
    };
    let label = |said: &str, row: u16, frame: &mut Frame<'_>| {
        frame.render_widget(shared.span(Role::Muted, said.to_owned()), line_at(inner, row));
    };
    label("Customer", row, frame);
    if form.before.is_none() {
        let hint = "your own id of the customer; it cannot be changed later";
        form.external_id.draw(shared, field_area(row), form.focus == Focus::ExternalId, hint, frame);
    } else {
        let id = text::clean(form.external_id.text()).into_owned();
        frame.render_widget(shared.span(Role::Muted, id), field_area(row));
    }
    row += 1;
    label("Name", row, frame);
    form.name.draw(shared, field_area(row), form.focus == Focus::Name, "what people call it", frame);
    row += 1;
    if form.before.is_none() && form.parent.is_none() {
        label("Limits", row, frame);
        let said = if form.is_cascading { "‹ cascading: use counts above too ›" } else { "‹ independent ›" };
        let role = if form.focus == Focus::Mode { Role::Accent } else { Role::Text };
        frame.render_widget(shared.span(role, said), field_area(row));
        row += 1;
    }
    row += 1;
    label("May call    a slug a line, with its limits", row, frame);
    row += 1;
    for (place, grant) in form.grants.iter().enumerate() {
        let hint = "my-org/glm-5.2 request/minute=100 token/day=10M concurrent=5";
        let has_focus = form.focus == Focus::Grant(place);
        frame.render_widget(shared.span(Role::Accent, if has_focus { "▌" } else { " " }), line_at(inner, row));
        let line = line_at(inner, row);
        let field = Rect { x: line.x + 2, width: line.width.saturating_sub(2), ..line };
        let is_first = form.grants.len() == 1;
        grant.draw(shared, field, has_focus, if is_first { hint } else { "one more, or ↵ to save" }, frame);
        row += 1;
    }
    row += 1;
    let problem =
        [&form.external_id, &form.name].into_iter().chain(&form.grants).find_map(|field| field.problem.clone());
    draw_verdict(problem.as_deref(), form.failure.as_ref(), form.writing.is_some(), shared, line_at(inner, row), frame);
    let lost = lost_slugs(form);
    if !lost.is_empty() {
        let said = format!("! loses {} at once, for new requests", lost.join(", "));
        frame.render_widget(
            shared.span(Role::Waiting, text::cut(&said, usize::from(inner.width)).into_owned()),
            line_at(inner, row + 1),
        );
    }
}

/// The slugs that the group may call today and could not after.
fn lost_slugs(form: &GroupForm) -> Vec<String> {
    let named: Vec<&str> = form.grants.iter().filter_map(|line| line.trimmed().split_whitespace().next()).collect();
    let today = form.before.iter().flat_map(|group| &group.models);
    today.map(|model| model.slug.to_string()).filter(|slug| !named.contains(&slug.as_str())).collect()
}

pub(super) fn draw_verdict(
    problem: Option<&str>,
    failure: Option<&Failure>,
    is_writing: bool,
    shared: &Shared,
    row: Rect,
    frame: &mut Frame<'_>,
) {
    let (role, said) = match (is_writing, problem, failure) {
        (true, ..) => (Role::Waiting, "◌ writing …".to_owned()),
        (false, Some(problem), _) => (Role::Danger, format!("✗ {problem}")),
        (false, None, Some(failure)) => {
            let hint = failure.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            (Role::Danger, format!("✗ {}{hint}", failure.message))
        }
        (false, None, None) => return,
    };
    frame.render_widget(shared.span(role, text::cut(&said, usize::from(row.width)).into_owned()), row);
}

fn draw_name_key(key: &NameKey, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let place = layout::centered(area, 76, 9);
    let title = format!("Mint a key for {}", text::cut(tree::name(&key.group), 40));
    let inner =
        layout::inset(layout::popup(shared, place, shared.span(Role::Strong, title).into(), Line::default(), frame), 1);
    frame.render_widget(shared.span(Role::Muted, "Name"), line_at(inner, 1));
    let line = line_at(inner, 1);
    let field = Rect { x: line.x + LABEL, width: line.width.saturating_sub(LABEL), ..line };
    key.name.draw(shared, field, true, "who or what will hold it; may stay empty", frame);
    let said = format!("It may call {} at once. The key is shown this once.", slugs_said(key.group.models.len()));
    frame.render_widget(shared.span(Role::Text, said), line_at(inner, 3));
    draw_verdict(None, key.failure.as_ref(), key.writing.is_some(), shared, line_at(inner, 5), frame);
}

fn draw_ask(ask: &Ask, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let columns = 84.min(area.width);
    let width = usize::from(columns.saturating_sub(4));
    let mut lines: Vec<Line<'static>> = Vec::new();
    let keys = match (ask.keys, ask.counting) {
        (Some(keys), _) => Some(format!("{} stop working.", text::counted(keys, "key"))),
        (None, Some(_)) => Some("◌ counting the keys that stop working …".to_owned()),
        (None, None) => None,
    };
    for said in ask.consequences.iter().chain(&keys) {
        for (index, line) in text::wrap(said, width.saturating_sub(2)).into_iter().enumerate() {
            let lead = if index == 0 { "· " } else { "  " };
            lines.push(Line::from(vec![shared.span(Role::Danger, lead), shared.span(Role::Text, line)]));
        }
    }
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(6);
    let place = layout::centered(area, columns, rows);
    let title = shared.span(Role::Strong, text::cut(&ask.title, width.saturating_sub(4)).into_owned());
    let inner = layout::inset(layout::popup(shared, place, title.into(), Line::default(), frame), 1);
    let after = u16::try_from(lines.len()).unwrap_or(0) + 2;
    frame
        .render_widget(Paragraph::new(lines), Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner });
    let row = line_at(inner, after);
    if ask.writing.is_some() || ask.failure.is_some() {
        draw_verdict(None, ask.failure.as_ref(), ask.writing.is_some(), shared, line_at(inner, after + 1), frame);
    }
    if ask.writing.is_some() {
        return;
    }
    if shared.is_protected() {
        let said = format!(" type {} to {} ▸ ", text::cut(&ask.name, width / 2), ask.verb);
        let used = u16::try_from(text::width(&said)).unwrap_or(row.width).min(row.width);
        frame.render_widget(shared.span(Role::Alarm, said), row);
        let field = Rect { x: row.x + used + 1, width: row.width.saturating_sub(used + 1), ..row };
        ask.typed.draw(shared, field, true, "", frame);
        return;
    }
    let line = Line::from(vec![
        layout::button(shared, "cancel", !ask.is_chosen),
        Span::raw("   "),
        layout::button(shared, ask.verb, ask.is_chosen),
    ]);
    frame.render_widget(line, row);
}

fn draw_minted(minted: &Minted, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let key = minted.key.expose_secret();
    let columns = u16::try_from(text::width(key)).unwrap_or(u16::MAX).saturating_add(6).clamp(64, area.width.max(64));
    let columns = columns.min(area.width);
    let width = usize::from(columns.saturating_sub(4));
    let wrapped = text::wrap(key, width);
    let rows = u16::try_from(wrapped.len()).unwrap_or(1).saturating_add(8);
    let place = layout::centered(area, columns, rows);
    let named = minted.name.as_ref().map(|name| format!(" “{}”", text::cut(name, 24))).unwrap_or_default();
    let title = format!("A new key{named} of {}", text::cut(&minted.group, 32));
    let inner =
        layout::inset(layout::popup(shared, place, shared.span(Role::Strong, title).into(), Line::default(), frame), 1);
    let mut lines = vec![Line::default()];
    lines.extend(wrapped.into_iter().map(|line| Line::from(shared.span(Role::Accent, line))));
    lines.push(Line::default());
    lines.push(shared.span(Role::Waiting, "It is shown this once, here, and is kept nowhere.").into());
    lines.push(Line::default());
    let copy = shared.keymap.shown(Action::Copy);
    let said = if minted.was_copied {
        shared.span(Role::Ok, "✓ copied")
    } else {
        shared.span(Role::Button, format!(" {copy} copies it "))
    };
    lines.push(Line::from(vec![said, shared.span(Role::Muted, "   Esc closes")]));
    frame.render_widget(Paragraph::new(lines), inner);
}
