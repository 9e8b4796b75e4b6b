//! One request's way through the phases of the data plane, to be read.

use std::time::Duration;

use crate::api::RequestReport;
use crate::tui::overlays::reader::{Reader, ReaderLine};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::traffic::{Passed, duration};

const LABEL: usize = 11;
const BAR: usize = 32;

/// The request, as a text to read.
#[must_use]
pub fn reader(passed: &Passed) -> Reader {
    let mut lines = facts(passed);
    lines.push(line(Role::Text, ""));
    match passed {
        Passed::Report(report) => lines.extend(phases(report)),
        Passed::Event(_) => lines.push(line(
            Role::Muted,
            "This server tells what is billed of a request, and neither its status nor its times.",
        )),
    }
    Reader { title: "Request".to_owned(), lines, offset: 0 }
}

fn line(role: Role, text: &str) -> ReaderLine {
    ReaderLine { role, text: text::clean(text).into_owned() }
}

fn fact(role: Role, label: &str, said: &str) -> ReaderLine {
    line(role, &format!("{} {said}", text::fit(label, LABEL)))
}

fn facts(passed: &Passed) -> Vec<ReaderLine> {
    let tokens = passed.tokens();
    let mut lines = vec![
        fact(Role::Muted, "Request", passed.id()),
        fact(Role::Text, "Ended", &text::date(passed.time())),
        fact(Role::Strong, "Slug", passed.slug().as_str()),
    ];
    if let Passed::Report(report) = passed {
        let way = if report.is_stream { ", streamed" } else { "" };
        lines.push(fact(Role::Text, "Called", &format!("{}{way}", report.path)));
    }
    let caller = match (passed.group(), passed.key()) {
        (Some(group), Some(key)) => format!("{group}, key {key}"),
        (_, Some(key)) => format!("key {key}"),
        _ => "nobody that is known".to_owned(),
    };
    lines.push(fact(Role::Text, "Caller", &caller));
    if let Passed::Report(report) = passed {
        let role = if passed.is_error() { Role::Danger } else { Role::Ok };
        let sign = if passed.is_error() { "✗" } else { "✓" };
        lines.push(fact(role, "Status", &format!("{sign} {}  {}", report.status, outcome(&report.outcome))));
        if let Some(target) = passed.target() {
            lines.push(fact(Role::Text, "Target", &format!("{target}, as of revision {}", report.revision)));
        }
    }
    let cached = if tokens.cached_input_tokens > 0 {
        format!(" ({} of them cached)", tokens.cached_input_tokens)
    } else {
        String::new()
    };
    let said = format!("{} in{cached}, {} out", tokens.input_tokens, tokens.output_tokens);
    lines.push(fact(Role::Text, "Tokens", &if passed.is_estimated() { format!("{said}, estimated") } else { said }));
    lines
}

/// What an outcome means.
fn outcome(word: &str) -> &str {
    match word {
        "complete" => "the answer went to the caller whole",
        "caller_gone" => "the caller went away",
        "upstream_cut" => "the upstream broke off after its answer had begun",
        "upstream_error" => "the upstream told of an error, or ended its answer before it was over",
        "upstream_failed" => "the upstream did not answer",
        "limited" => "a limit was reached",
        "refused" => "refused before the upstream was asked",
        other => other,
    }
}

/// The phases that the request has passed, each with its share of the time, and where it ended.
fn phases(report: &RequestReport) -> Vec<ReaderLine> {
    let whole = duration(report.latency_ms).unwrap_or_default();
    let upstream = report.upstream_ms.and_then(duration);
    let first_byte = report.first_byte_ms.and_then(duration);
    let mut lines = Vec::new();
    let mut phase = |sign: &str, role: Role, name: &str, span: Option<(Duration, Duration)>, said: &str| {
        let (bar, took) = match span {
            Some((from, until)) => (bar(from, until, whole), text::latency(until.saturating_sub(from))),
            None => (" ".repeat(BAR), String::new()),
        };
        lines.push(line(role, &format!("{sign} {} {bar} {} {said}", text::fit(name, 8), text::fit_right(&took, 8))));
    };
    let zero = Duration::ZERO;
    if report.api_key_prefix.is_none() {
        phase("✗", Role::Danger, "key", Some((zero, whole)), "no key, or none that is good");
        return lines;
    }
    phase("✓", Role::Ok, "key", None, "the key is good");
    if report.endpoint_id.is_none() {
        phase("✗", Role::Danger, "route", Some((zero, whole)), "no such slug, or the key may not call it");
        return lines;
    }
    phase("✓", Role::Ok, "route", None, "the slug leads to the target");
    if report.outcome == "limited" {
        let limit = report.limit.as_deref().unwrap_or("a limit");
        phase("✗", Role::Danger, "admit", Some((zero, whole)), &format!("over {limit}"));
        return lines;
    }
    if report.outcome == "refused" {
        phase("✗", Role::Danger, "admit", Some((zero, whole)), "refused before the upstream was asked");
        return lines;
    }
    phase("✓", Role::Ok, "admit", None, "within its limits");
    let Some(upstream) = upstream else {
        phase("✗", Role::Danger, "send", Some((zero, whole)), outcome(&report.outcome));
        return lines;
    };
    phase("✓", Role::Ok, "send", Some((zero, upstream)), "until the upstream's answer began");
    let begun = first_byte.unwrap_or(upstream).max(upstream);
    if first_byte.is_some() {
        let said = if report.is_stream { "until the first token" } else { "until the first byte" };
        phase("✓", Role::Ok, "wait", Some((upstream, begun)), said);
    }
    match report.outcome.as_str() {
        "complete" => phase("✓", Role::Ok, "relay", Some((begun, whole)), "until the end of the answer"),
        ended => phase("✗", Role::Danger, "relay", Some((begun, whole)), outcome(ended)),
    }
    phase("✓", Role::Ok, "settle", None, &format!("charged and told; {} in all", text::latency(whole)));
    lines
}

/// Where a part of the time lies within the whole.
fn bar(from: Duration, until: Duration, whole: Duration) -> String {
    let column = |at: Duration| {
        let columns = at.as_micros() * BAR as u128 / whole.as_micros().max(1);
        usize::try_from(columns).unwrap_or(BAR).min(BAR)
    };
    let from = column(from).min(BAR - 1);
    // What took any time at all is seen.
    let until = column(until).max(from + 1);
    format!("{}{}{}", "·".repeat(from), "━".repeat(until - from), "·".repeat(BAR - until))
}
