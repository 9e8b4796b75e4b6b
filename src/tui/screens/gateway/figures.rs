//! How the gateway is, in figures: what it told last, and the course of the last minutes.

use std::collections::VecDeque;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::api::{GatewayStatus, Time, Totals};
use crate::tui::draw::spark;
use crate::tui::layout;
use crate::tui::load::Load;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many answers are kept: five minutes of them, and as many columns as a wide screen has.
pub const SAMPLES_MAX: usize = 150;
/// Figures a second are of this time, so that they do not jump.
const RATE_SPAN: Duration = Duration::from_secs(6);
/// Events of a longer gap are not drawn as if they had come at once.
const GAP_MAX: Duration = Duration::from_secs(10);
const LABEL: usize = 13;
const VALUE: usize = 16;

/// An answer, and when it came.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    at: Time,
    status: GatewayStatus,
}

/// What is known of how the gateway is.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// What it told last.
    pub status: Load<GatewayStatus>,
    samples: VecDeque<Sample>,
}

/// A line of the pane.
struct Figure {
    label: &'static str,
    course: Vec<u64>,
    role: Role,
    value: String,
}

impl Figures {
    /// Takes an answer.
    pub fn add(&mut self, at: Time, status: GatewayStatus) {
        let was_restarted = self.samples.back().is_some_and(|last| last.status.started_at != status.started_at);
        if was_restarted {
            self.samples.clear();
        }
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample { at, status });
    }

    /// What was counted between two answers, the newest last: per 1000 s, so that little is not nothing.
    fn course(&self, of: fn(&Totals) -> u64) -> Vec<u64> {
        let pairs = self.samples.iter().zip(self.samples.iter().skip(1));
        pairs
            .map(|(before, after)| {
                let took = after.at.since(before.at);
                let count = of(&after.status.totals).saturating_sub(of(&before.status.totals));
                let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
                if took > GAP_MAX { 0 } else { count.saturating_mul(1_000_000) / millis }
            })
            .collect()
    }

    /// What is counted a second, lately.
    fn rate(&self, of: fn(&Totals) -> u64) -> String {
        let Some(newest) = self.samples.back() else { return "—".to_owned() };
        let oldest = self.samples.iter().rev().take_while(|sample| newest.at.since(sample.at) <= RATE_SPAN).last();
        let Some(oldest) = oldest.filter(|oldest| oldest.at < newest.at) else { return "—".to_owned() };
        let count = of(&newest.status.totals).saturating_sub(of(&oldest.status.totals));
        let seconds = newest.at.since(oldest.at).as_secs().max(1);
        format!("{} /s", text::rate(count, seconds))
    }

    fn levels(&self, of: fn(&GatewayStatus) -> u64) -> Vec<u64> {
        self.samples.iter().map(|sample| of(&sample.status)).collect()
    }

    fn all(&self) -> Vec<Figure> {
        let Some((status, _)) = &self.status.value else { return Vec::new() };
        let counted =
            |label, role, of: fn(&Totals) -> u64| Figure { label, role, course: self.course(of), value: self.rate(of) };
        let alarming = |total: u64, role| if total > 0 { role } else { Role::Accent };
        let took = |millis: f64| text::latency(Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default());
        let latency =
            status.latency.map_or_else(|| "—".to_owned(), |it| format!("{} / {}", took(it.p50_ms), took(it.p99_ms)));
        vec![
            counted("Requests", Role::Accent, |totals| totals.requests),
            counted("Errors", alarming(status.totals.errors, Role::Danger), |totals| totals.errors),
            counted("Limits hit", alarming(status.totals.limited, Role::Waiting), |totals| totals.limited),
            counted("Tokens", Role::Accent, |totals| totals.tokens),
            Figure { label: "p50 / p99", role: Role::Muted, course: self.levels(p50_micros), value: latency },
            Figure {
                label: "Streams",
                role: Role::Muted,
                course: self.levels(|status| status.open.streams),
                value: format!("{} open", text::count(usize::try_from(status.open.streams).unwrap_or(usize::MAX))),
            },
            Figure {
                label: "Connections",
                role: Role::Muted,
                course: self.levels(|status| status.open.connections),
                value: format!("{} open", text::count(usize::try_from(status.open.connections).unwrap_or(usize::MAX))),
            },
            Figure {
                label: "Memory",
                role: Role::Muted,
                course: self.levels(|status| status.memory_bytes.unwrap_or(0)),
                value: status.memory_bytes.map_or_else(|| "—".to_owned(), text::bytes),
            },
        ]
    }

    /// Draws the pane.
    pub fn draw(&self, shared: &Shared, area: Rect, has_focus: bool, frame: &mut Frame<'_>) {
        let title = Line::from(shared.span(Role::Strong, "Figures"));
        let inner = layout::pane(shared, area, has_focus, title, self.age(shared), frame);
        let figures = self.all();
        if figures.is_empty() {
            return layout::sentences(shared, self.why_not(shared), inner, frame);
        }
        let inner = layout::inset(inner, 1);
        let columns = usize::from(inner.width).saturating_sub(LABEL + VALUE);
        // Twice as high where there is room for all of them.
        let is_tall = usize::from(inner.height) >= figures.len() * 2;
        let mut lines: Vec<Line<'static>> = Vec::new();
        for figure in figures {
            let label = shared.span(Role::Muted, text::fit(figure.label, LABEL));
            let value = shared.span(Role::Text, text::fit_right(&figure.value, VALUE));
            let mut course =
                spark::bars(shared.theme, &figure.course, columns, if is_tall { 2 } else { 1 }, figure.role);
            let mut last = Line::from(label);
            last.spans.extend(course.pop().map(|line| line.spans).unwrap_or_default());
            last.push_span(value);
            for above in course {
                let mut line = Line::from(Span::raw(" ".repeat(LABEL)));
                line.spans.extend(above.spans);
                lines.push(line);
            }
            lines.push(last);
        }
        for (line, row) in lines.into_iter().zip(layout::rows(inner)) {
            frame.render_widget(line, row);
        }
    }

    /// How far back the figures go, or how old they are while no new ones come.
    fn age(&self, shared: &Shared) -> Line<'static> {
        match (&self.status.failure, &self.status.value, self.samples.front()) {
            (Some(_), Some((_, read_at)), _) => {
                shared.span(Role::Danger, format!("stale, read {}", text::ago(shared.now, *read_at))).into()
            }
            (None, Some(_), Some(first)) => {
                shared.span(Role::Muted, format!("of {}", text::span(shared.now.since(first.at)))).into()
            }
            _ => Line::default(),
        }
    }

    fn why_not(&self, shared: &Shared) -> Vec<(Role, String)> {
        match &self.status.failure {
            Some(failure) => layout::failed(shared, "✗ The figures could not be read", failure),
            None => vec![(Role::Waiting, "◌ asking how it is …".to_owned())],
        }
    }
}

fn p50_micros(status: &GatewayStatus) -> u64 {
    let micros = status.latency.map_or(0.0, |latency| latency.p50_ms * 1e3);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture needs no exact figure")]
    let micros = micros.clamp(0.0, 1e15) as u64;
    micros
}
