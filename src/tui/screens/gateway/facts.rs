//! What is known of the process: its state, its addresses, its sync, what it keeps, how to call it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Gateway, Process};
use crate::api::{GatewayStatus, SyncReport};
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::screens::endpoints::detail;
use crate::tui::session::{ContextKind, Shared};
use crate::tui::text;
use crate::tui::theme::Role;

const LABEL: usize = 13;

/// The rows that all facts take with air between them, borders included.
pub const ROWS: u16 = 20;

/// Draws the pane.
pub fn draw(screen: &Gateway, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let is_local = shared.open_context().is_none_or(|context| context.kind == ContextKind::Local);
    let title = Line::from(shared.span(Role::Strong, if is_local { "Local gateway" } else { "Gateway" }));
    let inner = layout::inset(layout::pane(shared, area, false, title, Line::default(), frame), 1);
    let is_tall = inner.height + 2 >= ROWS;
    let mut page = Page { shared, columns: usize::from(inner.width), is_tall, lines: Vec::new() };
    if is_local {
        local(screen, &mut page);
    } else {
        page.fact("Address", Role::Text, &shared.open_context().map(|it| it.address.clone()).unwrap_or_default());
    }
    if let Some(status) = screen.figures.status.get() {
        kept(status, is_local, &mut page);
    }
    if let (true, Process::Running { inference_url, .. }) = (is_local, &screen.process) {
        page.gap();
        page.fact("To call it", Role::Muted, "the OpenAI way, with a key of a group");
        page.line(Role::Accent, &format!("export OPENAI_BASE_URL={inference_url}/v1"));
    }
    for (line, row) in page.lines.into_iter().zip(layout::rows(inner)) {
        frame.render_widget(line, row);
    }
}

/// The lines of the pane, as they are made.
struct Page<'a> {
    shared: &'a Shared,
    columns: usize,
    is_tall: bool,
    lines: Vec<Line<'static>>,
}

impl Page<'_> {
    /// A labelled line; what does not fit goes on beneath.
    fn fact(&mut self, label: &str, role: Role, said: &str) {
        let room = self.columns.saturating_sub(LABEL);
        for (index, part) in text::wrap(&text::clean(said), room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.lines.push(Line::from(vec![
                self.shared.span(Role::Muted, text::fit(label, LABEL)),
                self.shared.span(role, part),
            ]));
        }
    }

    fn line(&mut self, role: Role, said: &str) {
        self.lines.push(self.shared.span(role, text::cut(said, self.columns).into_owned()).into());
    }

    /// Air, where there is room for it.
    fn gap(&mut self) {
        if self.is_tall && !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
    }
}

fn local(screen: &Gateway, page: &mut Page<'_>) {
    let shared = page.shared;
    let (role, state) = screen.process.said();
    page.fact("State", role, &state);
    let Process::Running { management_url, inference_url, pid, since, .. } = &screen.process else {
        let start = shared.keymap.shown(Action::GatewayStart);
        page.lines.push(Line::default());
        page.fact("", Role::Text, &format!("{start} starts it. Its data is kept on this machine."));
        return;
    };
    let age = text::span(shared.now.since(*since));
    page.fact("Process", Role::Text, &format!("pid {pid}, seen for {age}"));
    page.gap();
    page.fact("Management", Role::Text, management_url);
    page.fact("Inference", Role::Text, inference_url);
    page.gap();
    if let Some(report) = shared.sync_report().filter(|_| crate::tui::app::is_local(shared)) {
        sync(report, page);
    }
}

fn sync(report: &SyncReport, page: &mut Page<'_>) {
    let shared = page.shared;
    let remaining = shared.until_next_sync().unwrap_or_default();
    let mut bar = vec![shared.span(Role::Muted, text::fit("Next sync", LABEL))];
    bar.extend(detail::progress(shared, remaining, page.columns.saturating_sub(LABEL + 8).min(24)));
    page.lines.push(Line::from(bar));
    let interval = text::seconds(shared.sync_interval());
    let last = text::ago(shared.server_now(), report.last_sync_at);
    page.fact("", Role::Muted, &format!("every {interval}, last {last}"));
    let behind = report.revision.saturating_sub(report.applied_revision);
    let (role, said) = if behind == 0 {
        (Role::Ok, "✓ up to date".to_owned())
    } else {
        (Role::Waiting, format!("◐ {} behind", text::counted(usize::try_from(behind).unwrap_or(0), "write")))
    };
    page.lines.push(Line::from(vec![
        shared.span(Role::Muted, text::fit("Serves", LABEL)),
        shared.span(Role::Text, format!("revision {} of {}", report.applied_revision, report.revision)),
        Span::raw("  "),
        shared.span(role, said),
    ]));
}

/// What the gateway tells about itself.
fn kept(status: &GatewayStatus, is_local: bool, page: &mut Page<'_>) {
    let shared = page.shared;
    let count = |count: u64, noun| text::counted(usize::try_from(count).unwrap_or(usize::MAX), noun);
    let under_way = count(status.open.requests, "request");
    page.fact("Under way", Role::Text, &under_way);
    page.gap();
    if !is_local {
        let age = text::ago(shared.server_now(), status.started_at);
        page.fact("Started", Role::Text, &format!("{age}, version {}", text::clean(&status.version)));
    }
    let store = &status.store;
    page.fact(
        "Store",
        Role::Text,
        &format!(
            "{}: {}, {}, {}, {}",
            text::bytes(store.bytes),
            count(store.endpoints, "endpoint"),
            count(store.groups, "group"),
            count(store.keys, "key"),
            count(store.events, "event")
        ),
    );
    let place = store.directory.as_deref().unwrap_or("in memory: lost at the end");
    let room = page.columns.saturating_sub(LABEL);
    page.fact("", Role::Muted, &text::cut_front(place, room));
    if store.dead_letters > 0 {
        page.fact("Webhook", Role::Danger, &format!("✗ {} not taken", count(store.dead_letters, "delivery")));
    }
    if status.totals.lost > 0 {
        page.fact("Lost", Role::Danger, &format!("✗ {} that nobody took in time", count(status.totals.lost, "record")));
    }
    for problem in &status.problems {
        page.fact("Problem", Role::Danger, &format!("✗ {problem}"));
    }
}
