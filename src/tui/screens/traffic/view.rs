//! Draws the tab: the chart, the slugs with their figures, and what keeps the requests from being seen. The requests
//! themselves are in [`super::table`].

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Panel, Traffic, table};
use crate::api::Slug;
use crate::tui::draw::chart::{self, Chart};
use crate::tui::draw::spark;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::traffic::{Counts, Course, TABLE_SECONDS, Window, second};

/// A column of figures.
const FIGURE: usize = 7;
const HEADINGS: [&str; 6] = ["REQ/S", "TOK/S", "ERRORS", "P50", "P99", "TTFT"];
const SPARK_MAX: usize = 30;

/// Draws the tab.
pub fn draw(screen: &Traffic, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let areas = screen.areas(area);
    if !areas.chart.is_empty() {
        draw_chart(screen, shared, areas.chart, frame);
    }
    if !areas.slugs.is_empty() {
        draw_slugs(screen, shared, areas.slugs, frame);
    }
    table::draw(screen, shared, areas.requests, frame);
}

fn draw_chart(screen: &Traffic, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let window = screen.figures();
    let (from, until, seconds) = window.rate_span(shared.server_now());
    let lately = window.total.sum(from, until);
    let (name, said) = match screen.panel {
        Panel::Rate | Panel::Slugs => {
            let errors = if lately.errors > 0 {
                format!("  • {} errors", text::rate(lately.errors, seconds))
            } else {
                String::new()
            };
            ("Requests a second", format!("{} now{errors}", text::rate(lately.requests, seconds)))
        }
        Panel::Latency => {
            let minute = minute(window, &window.total, shared);
            ("Latency", format!("p50 {}  • p99 {}", took(&minute, 500), took(&minute, 990)))
        }
        Panel::Tokens => ("Tokens a second", format!("{} now", text::rate(lately.tokens, seconds))),
    };
    let title = Line::from(shared.span(Role::Strong, name));
    let right = if screen.source.is_some() { shared.span(Role::Muted, said).into() } else { Line::default() };
    let inner = layout::inset(layout::pane(shared, area, false, title, right, frame), 1);
    // More columns than the axis leaves are cut by the chart.
    let first = (until - i64::from(inner.width)).max(window.known_from.min(until));
    let whole = |of: fn(&Counts) -> u64| window.total.values(first, until, |counts| counts.map_or(0, of));
    let errors = |counts: Option<&Counts>| counts.map(|counts| counts.errors).filter(|errors| *errors > 0);
    let bars = match screen.panel {
        Panel::Rate | Panel::Slugs => whole(|counts| counts.requests),
        Panel::Latency => window.total.values(first, until, |counts| micros(counts, 500).unwrap_or(0)),
        Panel::Tokens => whole(|counts| counts.tokens),
    };
    let marks = match screen.panel {
        Panel::Rate | Panel::Slugs => window.total.values(first, until, errors),
        Panel::Latency => window.total.values(first, until, |counts| micros(counts, 990)),
        Panel::Tokens => Vec::new(),
    };
    let value = if screen.panel == Panel::Latency { latency } else { plain };
    let ago = format!("{} s ago", chart_columns(inner).min(bars.len()));
    let chart = Chart { bars: &bars, marks: &marks, value, from: &ago, until: "now" };
    chart::draw(shared.theme, &chart, inner, frame.buffer_mut());
}

/// About as many columns as the chart has beside its axis.
fn chart_columns(inner: Rect) -> usize {
    usize::from(inner.width.saturating_sub(6))
}

/// A rate that fits into its column however great it is.
fn rate(count: u64, seconds: u64) -> String {
    match count / seconds.max(1) {
        0..10_000 => text::rate(count, seconds),
        many => plain(many),
    }
}

fn micros(counts: Option<&Counts>, of_thousand: u64) -> Option<u64> {
    let took = counts?.latency.quantile(of_thousand)?;
    Some(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
}

fn latency(micros: u64) -> String {
    text::latency(Duration::from_micros(micros))
}

fn plain(value: u64) -> String {
    match value {
        0..10_000 => value.to_string(),
        10_000..10_000_000 => format!("{}k", value / 1_000),
        _ => format!("{}M", value / 1_000_000),
    }
}

/// What passed within the last minute, as far as it is known.
fn minute(window: &Window, course: &Course, shared: &Shared) -> Counts {
    let until = second(shared.server_now()) + 1;
    course.sum((until - TABLE_SECONDS).max(window.known_from), until)
}

fn took(counts: &Counts, of_thousand: u64) -> String {
    counts.latency.quantile(of_thousand).map_or_else(|| "—".to_owned(), text::latency)
}

fn draw_slugs(screen: &Traffic, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let window = screen.figures();
    let until = second(shared.server_now()) + 1;
    let from = until - TABLE_SECONDS;
    let mut slugs: Vec<(&Slug, &Course, u64)> = window
        .slugs
        .iter()
        .filter(|(slug, _)| screen.terms().admits_slug(slug.as_str()))
        .map(|(slug, course)| (slug, course, course.requests(from, until)))
        .filter(|(.., requests)| *requests > 0)
        .collect();
    // By how much they are called, but so roughly that rows of about the same traffic do not change places for ever.
    slugs.sort_by_key(|(slug, _, requests)| (std::cmp::Reverse(requests.checked_ilog2()), *slug));
    let count = if screen.source.is_some() { format!("  {}", text::count(slugs.len())) } else { String::new() };
    let title = Line::from(vec![shared.span(Role::Strong, "Slugs"), shared.span(Role::Muted, count)]);
    let said = if screen.narrowed.is_some() { "of the requests below" } else { "called within a minute" };
    let inner =
        layout::inset(layout::pane(shared, area, false, title, shared.span(Role::Muted, said).into(), frame), 1);
    let room = usize::from(inner.width).saturating_sub(FIGURE * HEADINGS.len());
    let spark = (room / 3).min(SPARK_MAX);
    let name = room.saturating_sub(spark + 1);
    let mut heading = vec![shared.span(Role::Faint, text::fit("SLUG", name + 1 + spark))];
    heading.extend(HEADINGS.map(|heading| shared.span(Role::Faint, text::fit_right(heading, FIGURE))));
    let row = |called: &str, role: Role, course: &Course| {
        let mut line = Line::from(shared.span(role, text::fit(&text::cut_front(called, name), name + 1)));
        line.spans.extend(course_line(window, course, spark, shared).spans);
        line.spans.extend(figures(window, course, shared));
        line
    };
    let mut lines = vec![Line::from(heading)];
    let room = usize::from(inner.height).saturating_sub(2);
    if screen.terms().is_empty() || screen.narrowed.is_some() {
        lines.push(row("all", Role::Strong, &window.total));
    }
    let more = slugs.len().saturating_sub(room);
    lines.extend(slugs.iter().take(room).map(|(slug, course, _)| row(slug.as_str(), Role::Text, course)));
    for (line, place) in lines.into_iter().zip(layout::rows(inner)) {
        frame.render_widget(line, place);
    }
    layout::more_below(shared, area, more, frame);
}

fn course_line(window: &Window, course: &Course, columns: usize, shared: &Shared) -> Line<'static> {
    let until = second(shared.server_now());
    let first = (until - i64::try_from(columns).unwrap_or(0)).max(window.known_from.min(until));
    let values = course.values(first, until, |counts| counts.map_or(0, |counts| counts.requests));
    spark::sparkline(shared.theme, &values, columns, Role::Accent)
}

fn figures(window: &Window, course: &Course, shared: &Shared) -> Vec<Span<'static>> {
    let (from, until, seconds) = window.rate_span(shared.server_now());
    let lately = course.sum(from, until);
    let minute = minute(window, course, shared);
    let ttft = minute.first_byte.quantile(500).map_or_else(|| "—".to_owned(), text::latency);
    // Usage events tell neither times nor statuses.
    let errors = if minute.latency.quantile(500).is_some() {
        text::percent(minute.errors, minute.requests)
    } else {
        "—".to_owned()
    };
    let errors_role = if minute.errors > 0 { Role::Danger } else { Role::Muted };
    [
        (Role::Text, rate(lately.requests, seconds)),
        (Role::Text, rate(lately.tokens, seconds)),
        (errors_role, errors),
        (Role::Text, took(&minute, 500)),
        (Role::Text, took(&minute, 990)),
        (Role::Text, ttft),
    ]
    .into_iter()
    .map(|(role, said)| shared.span(role, text::fit_right(&said, FIGURE)))
    .collect()
}
