//! `repoint status [--watch]`: what is live, what waits for its sync, what somebody else changed.

mod look;

use std::collections::BTreeMap;
use std::convert::Infallible;

use clap::Args;
use serde_json::json;

use super::Exit;
use super::completions::candidates;
use super::endpoints::targets;
use super::interrupt::Interrupts;
use super::output::{self, Format, Table};
use super::resolve::resolve;
use super::session::Session;
use crate::api::EndpointId;
use crate::sync::{PollFacts, next_poll};
use crate::tui::text::{self, ago, clock};
pub use look::{Look, Observed, Row};

/// The longest word for a state.
const STATE: usize = "not serving".len();

/// `repoint status`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "States: ● live (by time), ◐ waiting for the sync, ✓ verified (seen in effect), ≠ drifted (changed by somebody else since), ✗ not serving, ? unknown.\nWith --watch a line is added for every change; with -o json each line is an object.\n\nExamples:\n  repoint status\n  repoint status my-org/glm-5.2 --watch\n  repoint status -o json | jq '.endpoints[] | select(.state==\"waiting\")'"
)]
pub struct Status {
    /// Slugs or ids; all where none is named
    #[arg(value_name = "ENDPOINT", add = candidates::slugs())]
    names: Vec<String>,
    /// Go on, and tell every change
    #[arg(short, long)]
    watch: bool,
}

/// Tells it.
///
/// # Errors
/// The server's, or a name that names nothing.
pub async fn run(session: &Session, status: &Status) -> anyhow::Result<Exit> {
    let mut look = Look::new(session)?;
    let mut observed = look.observe().await?;
    let endpoints = observed.endpoints();
    let mut ids = Vec::new();
    for name in &status.names {
        ids.push(resolve(&endpoints, name)?.id.clone());
    }
    observed.keep(&ids);
    if !status.watch {
        tell(session, &observed)?;
        return Ok(Exit::Done);
    }
    let mut interrupts = Interrupts::new()?;
    tokio::select! {
        failed = watch(session, look, observed, &ids) => failed.map(|never| match never {}),
        // The usual way to end it.
        () = interrupts.next() => Ok(Exit::Done),
    }
}

fn tell(session: &Session, observed: &Observed) -> anyhow::Result<()> {
    let mut table = Table::new(&["STATE", "SLUG", "ROUTES TO", "UPDATED"]);
    for row in &observed.rows {
        table.push([
            format!("{} {}", row.state.glyph(), row.state.text()),
            row.endpoint.slug.to_string(),
            targets(&row.endpoint),
            ago(observed.now, row.endpoint.updated_at),
        ]);
    }
    let rows: Vec<_> = observed.rows.iter().map(|row| row.value(observed.now)).collect();
    session.out.list(&table, &json!({ "at": observed.now, "sync": observed.report, "endpoints": rows }))?;
    session.out.say(&summary(observed));
    Ok(())
}

/// `12 endpoints: 10 live, 1 waiting, 1 drifted; next sync in 41 s`.
fn summary(observed: &Observed) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &observed.rows {
        *counts.entry(row.state.word()).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let mut text = crate::tui::text::counted(observed.rows.len(), "endpoint");
    if !counts.is_empty() {
        text = format!("{text}: {}", counts.join(", "));
    }
    match &observed.report {
        Some(report) => format!("{text}; next sync {}", ago(observed.now, report.next_sync_at)),
        None => text,
    }
}

/// Looks again and again, until Ctrl-C. Lines are only ever added, so that a log and a screen reader can follow.
async fn watch(
    session: &Session,
    mut look: Look<'_>,
    mut observed: Observed,
    ids: &[EndpointId],
) -> anyhow::Result<Infallible> {
    let mut told: BTreeMap<EndpointId, (String, String, String)> = BTreeMap::new();
    let mut failures = 0;
    session.out.say("watching; Ctrl-C ends it");
    loop {
        tell_changes(session, &observed, &mut told)?;
        let waiting = observed.rows.iter().filter(|row| !row.is_in_effect()).map(Row::remaining).min();
        let has_report = observed.report.is_some();
        let facts = PollFacts { waiting, has_report, failures, retry_after: None, is_focused: true };
        tokio::time::sleep(next_poll(&facts, 0.5).delay()).await;
        match look.observe().await {
            Ok(mut fresh) => {
                if failures > 0 {
                    output::talk("the server answers again");
                }
                failures = 0;
                fresh.keep(ids);
                observed = fresh;
            }
            Err(error) if error.is_outage() => {
                if failures == 0 {
                    output::talk(&format!("the server is away: {error}; trying again"));
                }
                failures += 1;
                observed = look.aged(observed);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn tell_changes(
    session: &Session,
    observed: &Observed,
    told: &mut BTreeMap<EndpointId, (String, String, String)>,
) -> anyhow::Result<()> {
    let mut seen = BTreeMap::new();
    let longest = observed.rows.iter().map(|row| text::width(row.endpoint.slug.as_str())).max().unwrap_or(0);
    for row in &observed.rows {
        let now = (row.endpoint.slug.to_string(), row.state.word().to_owned(), targets(&row.endpoint));
        if told.get(&row.endpoint.id) != Some(&now) {
            let line = match session.out.format() {
                Format::Table => {
                    let (state, slug) = (text::fit(&now.1, STATE), text::fit(&now.0, longest));
                    format!("{}  {} {state}  {slug}  {}", clock(observed.now), row.state.glyph(), now.2)
                }
                Format::Json | Format::Yaml => serde_json::to_string(&row.value(observed.now))?,
            };
            session.out.line(&line)?;
        }
        seen.insert(row.endpoint.id.clone(), now);
    }
    for (id, (slug, _, _)) in told.iter().filter(|(id, _)| !seen.contains_key(*id)) {
        let line = match session.out.format() {
            Format::Table => format!("{}  gone  {slug}", clock(observed.now)),
            Format::Json | Format::Yaml => {
                serde_json::to_string(&json!({ "at": observed.now, "id": id, "slug": slug, "state": "gone" }))?
            }
        };
        session.out.line(&line)?;
    }
    *told = seen;
    Ok(())
}
