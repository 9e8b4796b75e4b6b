//! Everything about one group: its limits with where they come from and how much of them is used, its keys.

use std::time::Duration;

use ratatui::text::{Line, Span};

use super::{Groups, Pane, tree};
use crate::api::{EffectiveModel, ExplainedLimit, Group, GroupId, GroupModel, LimitType, Time, Usage, UsageOfLimit};
use crate::tui::draw::bars::{self, Fill};
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::wanted::GroupDetail;

const BAR_MIN: usize = 8;
const BAR_MAX: usize = 24;
/// The name of a limit: `uncached input tokens / minute`.
const NAME: usize = 26;
/// The threshold, and what is used of it.
const NUMBER: usize = 12;

/// A limit that applies, whatever its kind.
struct Row {
    name: String,
    threshold: u64,
    source: Option<GroupId>,
    used: Option<Used>,
}

/// How much of a limit is used, as far as the server tells.
struct Used {
    amount: u64,
    resets: Resets,
}

/// When nothing of it is used any longer.
enum Resets {
    At(Time),
    In(Duration),
    /// Nothing was called yet today.
    Idle,
    /// Nothing is used, or it ends with the requests.
    Unsaid,
}

impl Used {
    fn today(usage: &UsageOfLimit) -> Self {
        let resets = usage.reset_at.map_or(Resets::Idle, Resets::At);
        Self { amount: usage.current_usage.unwrap_or(0), resets }
    }

    fn now(limit: &ExplainedLimit) -> Self {
        let wait = limit.resets_in_seconds.filter(|seconds| *seconds > 0.0);
        let resets = wait.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Self { amount: limit.used, resets: resets.map_or(Resets::Unsaid, Resets::In) }
    }
}

/// What a limit counts, in words.
#[must_use]
pub fn limit_name(kind: &LimitType, unit: &str) -> String {
    let what = match kind {
        LimitType::Request => "requests",
        LimitType::Token => "tokens",
        LimitType::ConcurrentRequest => return "requests at the same time".to_owned(),
        LimitType::UncachedInputToken => "uncached input tokens",
        LimitType::OutputToken => "output tokens",
        LimitType::Other(other) => other,
    };
    format!("{what} / {}", unit.to_lowercase())
}

/// The lines of the detail for so many columns with their border.
#[must_use]
pub fn lines(screen: &Groups, group: &Group, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
    let columns = columns.saturating_sub(4);
    let mut lines = head(screen, group, shared, columns);
    lines.push(Line::default());
    if group.models.is_empty() {
        lines.push(shared.span(Role::Waiting, "may call nothing").into());
    }
    let detail = screen.detail_of_selected();
    for model in &group.models {
        lines.push(slug_line(shared, model.slug.as_str()));
        let effective = group.effective_models.iter().find(|effective| effective.slug == model.slug);
        let rows = rows(model, effective, group, detail);
        if rows.is_empty() {
            lines.push(shared.span(Role::Muted, "  no limits").into());
        }
        lines.extend(rows.iter().map(|row| limit_line(screen, group, shared, row, columns)));
    }
    lines.push(Line::default());
    lines.extend(keys(screen, shared, columns));
    lines
}

fn head(screen: &Groups, group: &Group, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
    let label = |label: &str, said: String| {
        Line::from(vec![
            shared.span(Role::Muted, text::fit(label, 12)),
            shared.span(Role::Text, text::cut(&said, columns.saturating_sub(12)).into_owned()),
        ])
    };
    let parent = group.hierarchy.parent_group_id.as_ref();
    let parent = parent.map_or_else(|| "none: it is a root".to_owned(), |id| name_of(screen, id));
    let mode = match group.hierarchy.limit_enforcement.as_str() {
        "INDEPENDENT" => "independent: each group is counted by itself".to_owned(),
        "CASCADING" => "cascading: use counts against every group above too".to_owned(),
        other => other.to_owned(),
    };
    let created = format!("{}   {}", text::date(group.created_at), text::ago(shared.server_now(), group.created_at));
    vec![
        label("Customer", group.metadata.external_entity_id.clone()),
        label("Id", group.id.to_string()),
        label("Parent", parent),
        label("Limits", mode),
        label("Created", created),
    ]
}

fn name_of(screen: &Groups, id: &GroupId) -> String {
    screen
        .groups()
        .iter()
        .find(|group| group.id == *id)
        .map_or_else(|| id.to_string(), |group| tree::name(group).to_owned())
}

fn slug_line(shared: &Shared, slug: &str) -> Line<'static> {
    let slug = text::clean(slug).into_owned();
    match slug.split_once('/') {
        Some((organisation, name)) => Line::from(vec![
            shared.span(Role::Muted, format!("{organisation}/")),
            shared.span(Role::Strong, name.to_owned()),
        ]),
        None => shared.span(Role::Strong, slug).into(),
    }
}

/// The limits that apply; where the server does not tell these, the group's own.
fn rows(
    model: &GroupModel,
    effective: Option<&EffectiveModel>,
    group: &Group,
    detail: Option<&GroupDetail>,
) -> Vec<Row> {
    let usage: Option<&Usage> = detail.and_then(|detail| detail.usage.as_ref());
    let now = detail.and_then(|detail| detail.now.get(&model.slug)).map(Vec::as_slice).unwrap_or_default();
    // Requests under way have no unit that means anything.
    let used_now = |kind: &LimitType, unit: &str, source: Option<&GroupId>| {
        let is_it = |limit: &&ExplainedLimit| {
            limit.kind == *kind
                && (limit.unit == unit || *kind == LimitType::ConcurrentRequest)
                && source.is_none_or(|source| limit.source_group == *source)
        };
        now.iter().find(is_it).map(Used::now)
    };
    let used = |kind: &LimitType, unit: &str, threshold: u64| {
        let of_slug = usage?.usage.get(&model.slug)?;
        let is_it =
            |usage: &&UsageOfLimit| usage.kind == *kind && usage.unit.as_str() == unit && usage.threshold == threshold;
        of_slug.iter().find(is_it).map(Used::today)
    };
    let Some(effective) = effective else {
        let own = Some(group.id.clone());
        let rates = model.rate_limits.iter().map(|limit| (&limit.kind, limit.unit.as_str(), limit.threshold));
        let days = model.usage_limits.iter().map(|limit| (&limit.kind, limit.unit.as_str(), limit.threshold));
        let row = |(kind, unit, threshold): (&LimitType, &str, u64)| Row {
            name: limit_name(kind, unit),
            threshold,
            source: own.clone(),
            used: used(kind, unit, threshold).or_else(|| used_now(kind, unit, own.as_ref())),
        };
        return rates.chain(days).map(row).collect();
    };
    let rates = effective.rate_limits.iter().map(|limit| Row {
        name: limit_name(&limit.kind, limit.unit.as_str()),
        threshold: limit.threshold,
        source: limit.source_group.clone(),
        used: used_now(&limit.kind, limit.unit.as_str(), limit.source_group.as_ref()),
    });
    let days = effective.usage_limits.iter().map(|limit| Row {
        name: limit_name(&limit.kind, limit.unit.as_str()),
        threshold: limit.threshold,
        source: limit.source_group.clone(),
        used: used(&limit.kind, limit.unit.as_str(), limit.threshold),
    });
    rates.chain(days).collect()
}

fn limit_line(screen: &Groups, group: &Group, shared: &Shared, row: &Row, columns: usize) -> Line<'static> {
    let source = match &row.source {
        Some(id) if *id == group.id => shared.span(Role::Muted, "own"),
        Some(id) => shared.span(Role::Accent, format!("from {}", text::cut(&name_of(screen, id), 20))),
        None => Span::raw(""),
    };
    let name = NAME.min(columns.saturating_sub(NUMBER + 12));
    let number = text::fit_right(&count(row.threshold), NUMBER);
    let mut spans = vec![Span::raw("  "), shared.span(Role::Text, text::fit(&row.name, name))];
    if let Some(used) = &row.used {
        let fill = Fill { used: used.amount, limit: row.threshold };
        let said = format!(" {} of {}", rounded(fill.used), rounded(fill.limit));
        let reset = match used.resets {
            Resets::At(reset) => format!("   {}", resets(reset, shared.server_now())),
            Resets::In(wait) => format!("   resets in {}", text::span(wait)),
            Resets::Idle => "   not called today".to_owned(),
            Resets::Unsaid => String::new(),
        };
        let taken = 2 + name + 8 + text::width(&said) + source.width() + 3;
        let bar = columns.saturating_sub(taken + text::width(&reset));
        let (bar, reset) = if bar < BAR_MIN { (columns.saturating_sub(taken), String::new()) } else { (bar, reset) };
        if bar >= 4 {
            spans.extend(bars::bar(shared.theme, fill, bar.min(BAR_MAX)));
        }
        spans.push(shared.span(fill.role(), text::fit_right(&fill.text(), 8)));
        spans.push(shared.span(Role::Muted, said));
        spans.push(shared.span(Role::Muted, reset));
    } else if row.threshold == 0 {
        spans.push(shared.span(Role::Danger, text::fit_right("blocked", NUMBER)));
    } else {
        spans.push(shared.span(Role::Strong, number));
    }
    spans.push(Span::raw("   "));
    spans.push(source);
    Line::from(spans)
}

fn resets(reset: Time, now: Time) -> String {
    format!("resets in {}", text::span(reset.since(now)))
}

fn count(number: u64) -> String {
    usize::try_from(number).map_or_else(|_| number.to_string(), text::count)
}

/// A number in three digits or so: `8.2M`.
#[must_use]
pub fn rounded(number: u64) -> String {
    for (scale, sign) in [(1_000_000_000_000, 'T'), (1_000_000_000, 'G'), (1_000_000, 'M'), (1_000, 'k')] {
        if number >= scale {
            let tenths = number / (scale / 10);
            return match (tenths / 10, tenths % 10) {
                (whole @ 100.., _) | (whole, 0) => format!("{whole}{sign}"),
                (whole, tenth) => format!("{whole}.{tenth}{sign}"),
            };
        }
    }
    number.to_string()
}

fn keys(screen: &Groups, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
    let mut title = Line::from(shared.span(Role::Strong, "Keys"));
    let Some(detail) = screen.detail_of_selected() else {
        let said = match &screen.detail.failure {
            Some(failure) => shared.span(Role::Danger, format!("  could not be read: {}", failure.message)),
            None => shared.span(Role::Waiting, "  ◌ reading …"),
        };
        title.push_span(said);
        return vec![title];
    };
    title.push_span(shared.span(Role::Muted, format!("  {}", text::count(detail.keys.len()))));
    if let Some(failure) = &screen.detail.failure {
        title.push_span(shared.span(Role::Danger, format!("   stale: {}", failure.message)));
    }
    let mut lines = vec![title];
    for (place, key) in detail.keys.iter().enumerate() {
        let is_selected = screen.pane == Pane::Keys && place == screen.key;
        let mark = if is_selected { "▌ " } else { "  " };
        let name = key.name.as_deref().unwrap_or("");
        let mut line = Line::from(vec![
            shared.span(Role::Accent, mark),
            shared.span(if is_selected { Role::Strong } else { Role::Text }, text::fit(key.prefix.as_str(), 20)),
            shared.span(Role::Muted, text::fit(name, columns.saturating_sub(22))),
        ]);
        if is_selected {
            line = line.patch_style(shared.theme.selection(true));
        }
        lines.push(line);
    }
    if detail.keys.is_empty() {
        lines.push(shared.span(Role::Muted, "  none: nobody can call with this group yet").into());
    }
    lines
}
