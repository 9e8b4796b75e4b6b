//! The Gateway tab: the local gateway that this program starts, how it is, and what it says.
//!
//! ```text
//! ╭ Local gateway ────────────────────────────╮╭ Log  128 ───────────────────────────────╮
//! │ State        ● running, started here       ││ 13:30:02  listening on 127.0.0.1:8787   │
//! │ Process      4711, for 2 min               ││ 13:31:02  synced revision 12            │
//! │ Management   http://127.0.0.1:8787         ││                                         │
//! │ Sync         ━━━━━━━───── next in 41 s     ││                                         │
//! ╰───────────────────────────────────────────╯╰─────────────────────────────────────────╯
//! ```

use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::endpoints::detail;
use crate::api::{SyncReport, Time};
use crate::tui::app::is_local;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout::{self, Breadth};
use crate::tui::message::GatewayEvent;
use crate::tui::overlays::notices::Tone;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many lines of the gateway's log are kept.
pub const LOG_LINES_MAX: usize = 500;

const LABEL: usize = 13;

/// How the process is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Process {
    /// None was started.
    #[default]
    None,
    /// It was asked to start.
    Starting,
    /// It listens.
    Running {
        /// Where the management API is.
        management_url: String,
        /// Where requests go.
        inference_url: String,
        /// Its process.
        pid: u32,
        /// True where it ran already.
        was_running: bool,
        /// When it was found ready.
        since: Time,
    },
    /// It was asked to end.
    Stopping,
    /// It has ended.
    Ended {
        /// True where this program asked it to.
        was_asked: bool,
        /// How, in words.
        how: String,
    },
}

/// What is known of the local gateway.
#[derive(Debug, Clone, Default)]
pub struct Gateway {
    /// How the process is.
    pub process: Process,
    /// The last lines of its log.
    pub log: VecDeque<String>,
    /// How many lines the log is scrolled back from its end.
    pub scrolled_back: usize,
}

impl Gateway {
    /// Takes what the process did.
    pub fn receive(&mut self, event: &GatewayEvent, now: Time) {
        match event {
            GatewayEvent::Starting => self.process = Process::Starting,
            GatewayEvent::Stopping => self.process = Process::Stopping,
            GatewayEvent::Ready { management_url, inference_url, pid, was_running } => {
                self.process = Process::Running {
                    management_url: management_url.clone(),
                    inference_url: inference_url.clone(),
                    pid: *pid,
                    was_running: *was_running,
                    since: now,
                };
            }
            GatewayEvent::Line(line) => {
                if self.log.len() == LOG_LINES_MAX {
                    self.log.pop_front();
                }
                self.log.push_back(line.clone());
                // Who reads further up keeps what they read.
                if self.scrolled_back > 0 {
                    self.scrolled_back = (self.scrolled_back + 1).min(self.log.len());
                }
            }
            GatewayEvent::Ended { was_asked, how } => {
                self.process = Process::Ended { was_asked: *was_asked, how: how.clone() };
            }
            GatewayEvent::Failed(failure) => {
                self.process = Process::Ended { was_asked: false, how: failure.message.clone() };
            }
        }
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        let last = self.log.len().saturating_sub(1);
        let page = usize::from(shared.size.1.saturating_sub(6));
        self.scrolled_back = match action {
            Action::Up => self.scrolled_back + 1,
            Action::Down => self.scrolled_back.saturating_sub(1),
            Action::PageUp => self.scrolled_back + page,
            Action::PageDown => self.scrolled_back.saturating_sub(page),
            Action::HalfUp => self.scrolled_back + page / 2,
            Action::HalfDown => self.scrolled_back.saturating_sub(page / 2),
            Action::Top => last,
            Action::Bottom => 0,
            Action::GatewayStop => return vec![Effect::StopGateway],
            Action::GatewayRestart | Action::GatewayStart => return vec![Effect::RestartGateway],
            Action::Copy => {
                let Process::Running { inference_url, .. } = &self.process else { return Vec::new() };
                let said = "copied: the environment of a program that calls it; put in a key of a group";
                shared.notices.say(shared.now, Tone::Good, said);
                return vec![Effect::Copy(environment(inference_url))];
            }
            Action::SyncNow => {
                let ticket = shared.ticket();
                shared.sync.ask(ticket);
                return vec![Effect::SyncNow { ticket }];
            }
            _ => self.scrolled_back,
        }
        .min(last);
        Vec::new()
    }

    /// Draws the tab.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let (facts, log) = match Breadth::of(area.width) {
            Breadth::Narrow => {
                let [facts, log] = Layout::vertical([Constraint::Length(12), Constraint::Min(4)]).areas(area);
                (facts, log)
            }
            Breadth::Medium | Breadth::Wide => {
                let [facts, log] = Layout::horizontal([Constraint::Length(66), Constraint::Min(40)]).areas(area);
                (facts, log)
            }
        };
        let title = Line::from(shared.span(Role::Strong, "Local gateway"));
        let inner = layout::inset(layout::pane(shared, facts, false, title, Line::default(), frame), 1);
        let is_tall = inner.height > 11;
        let lines = self.facts(shared, usize::from(inner.width), is_tall);
        for (line, row) in lines.into_iter().zip(layout::rows(inner)) {
            frame.render_widget(line, row);
        }
        self.draw_log(shared, log, frame);
    }

    fn facts(&self, shared: &Shared, columns: usize, is_tall: bool) -> Vec<Line<'static>> {
        let fact = |label: &str, role: Role, said: &str| {
            Line::from(vec![
                shared.span(Role::Muted, text::fit(label, LABEL)),
                shared.span(role, text::cut(said, columns.saturating_sub(LABEL)).into_owned()),
            ])
        };
        let gap = || is_tall.then(Line::default);
        let (role, state) = self.state();
        let mut lines = vec![fact("State", role, &state)];
        if let Process::Running { management_url, inference_url, pid, since, .. } = &self.process {
            let age = text::span(shared.now.since(*since));
            lines.push(fact("Process", Role::Text, &format!("pid {pid}, seen for {age}")));
            lines.extend(gap());
            lines.push(fact("Management", Role::Text, management_url));
            lines.push(fact("Inference", Role::Text, inference_url));
            lines.extend(gap());
            if let Some(report) = shared.sync_report().filter(|_| is_local(shared)) {
                lines.extend(sync_lines(shared, report, columns, &fact));
                lines.extend(gap());
            }
            lines.push(fact("To call it", Role::Muted, "the OpenAI way, with a key of a group"));
            lines.push(fact("", Role::Accent, &format!("export OPENAI_BASE_URL={inference_url}/v1")));
        } else {
            let start = shared.keymap.shown(Action::GatewayStart);
            lines.push(Line::default());
            lines.push(fact("", Role::Text, &format!("{start} starts it. Its data is kept on this machine.")));
        }
        lines
    }

    fn state(&self) -> (Role, String) {
        match &self.process {
            Process::None => (Role::Muted, "○ not started".to_owned()),
            Process::Starting => (Role::Waiting, "◌ starting …".to_owned()),
            Process::Running { was_running: true, .. } => (Role::Ok, "● running, started elsewhere".to_owned()),
            Process::Running { was_running: false, .. } => (Role::Ok, "● running, ends with this program".to_owned()),
            Process::Stopping => (Role::Waiting, "◌ stopping: answering what is under way …".to_owned()),
            Process::Ended { was_asked: true, .. } => (Role::Muted, "○ stopped".to_owned()),
            Process::Ended { was_asked: false, how } => (Role::Danger, format!("✗ {how}")),
        }
    }

    fn draw_log(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let title = Line::from(vec![
            shared.span(Role::Strong, "Log"),
            shared.span(Role::Muted, format!("  {}", text::counted(self.log.len(), "line"))),
        ]);
        let right = if self.scrolled_back == 0 {
            Line::default()
        } else {
            shared.span(Role::Waiting, format!("{} below", text::counted(self.scrolled_back, "line"))).into()
        };
        let inner = layout::inset(layout::pane(shared, area, true, title, right, frame), 1);
        if self.log.is_empty() {
            let first = Rect { height: 1.min(inner.height), ..inner };
            frame.render_widget(shared.span(Role::Muted, "nothing was said yet"), first);
            return;
        }
        let columns = usize::from(inner.width);
        let mut rows: Vec<Line<'static>> = Vec::new();
        for line in self.log.iter().rev().skip(self.scrolled_back) {
            let role = level_role(line);
            for wrapped in text::wrap(line, columns).into_iter().rev() {
                rows.push(shared.span(role, wrapped).into());
            }
            if rows.len() >= usize::from(inner.height) {
                break;
            }
        }
        rows.truncate(usize::from(inner.height));
        for (line, row) in rows.into_iter().rev().zip(layout::rows(inner)) {
            frame.render_widget(line, row);
        }
    }
}

/// The lines that make a program or an SDK call the gateway. The key is for the person to put in: the management key
/// opens nothing there, and must not get into a shell's history.
fn environment(inference_url: &str) -> String {
    format!(
        "export OPENAI_BASE_URL={inference_url}/v1\nexport OPENAI_API_KEY=key-of-a-group\n\
         export ANTHROPIC_BASE_URL={inference_url}\nexport ANTHROPIC_AUTH_TOKEN=key-of-a-group\n"
    )
}

fn sync_lines(
    shared: &Shared,
    report: &SyncReport,
    columns: usize,
    fact: &dyn Fn(&str, Role, &str) -> Line<'static>,
) -> Vec<Line<'static>> {
    let remaining = shared.until_next_sync().unwrap_or_default();
    let mut bar = vec![shared.span(Role::Muted, text::fit("Next sync", LABEL))];
    bar.extend(detail::progress(shared, remaining, columns.saturating_sub(LABEL + 8).min(24)));
    let interval = text::seconds(shared.sync_interval());
    let last = text::ago(shared.server_now(), report.last_sync_at);
    let behind = report.revision.saturating_sub(report.applied_revision);
    let mut served = vec![
        shared.span(Role::Muted, text::fit("Serves", LABEL)),
        shared.span(Role::Text, format!("revision {} of {}", report.applied_revision, report.revision)),
        Span::raw("  "),
    ];
    served.push(if behind == 0 {
        shared.span(Role::Ok, "✓ up to date")
    } else {
        shared.span(Role::Waiting, format!("◐ {} behind", text::counted(usize::try_from(behind).unwrap_or(0), "write")))
    });
    let under_way: u64 = report.in_flight.values().sum();
    vec![
        Line::from(bar),
        fact("", Role::Muted, &format!("every {interval}, last {last}")),
        Line::from(served),
        fact("Under way", Role::Text, &text::counted(usize::try_from(under_way).unwrap_or(usize::MAX), "request")),
    ]
}

/// How a line of the log looks, by the level that it names.
fn level_role(line: &str) -> Role {
    let names = |level: &str| line.split_whitespace().take(4).any(|word| word.trim_end_matches(':') == level);
    if names("ERROR") || names("error") {
        Role::Danger
    } else if names("WARN") || names("warning") {
        Role::Waiting
    } else {
        Role::Muted
    }
}
