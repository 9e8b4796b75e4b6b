//! `repoint wait SLUG…`: until what was last written to them is in effect.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::Exit;
use super::completions::candidates;
use super::interrupt::Interrupts;
use super::output::Table;
use super::resolve::resolve;
use super::select::duration;
use super::session::Session;
use super::status::{Look, Observed};
use crate::api::EndpointId;
use crate::clock;
use crate::sync::SyncState;

/// Between two looks, at most.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks, at least.
const LOOK_MIN: Duration = Duration::from_millis(50);

/// `repoint wait`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exits with 0 when all are in effect, with 4 when they are not in time, with 1 when one is not serving.\n\nExamples:\n  repoint wait my-org/glm-5.2\n  repoint endpoints repoint glm-5.2 --model-id 7mP2wqe && repoint wait glm-5.2 --timeout 2m && ./canary.sh"
)]
pub struct Wait {
    /// Slugs or ids
    #[arg(value_name = "ENDPOINT", required = true, add = candidates::slugs())]
    names: Vec<String>,
    /// Give up after this time
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = duration)]
    timeout: Duration,
}

/// Waits.
///
/// # Errors
/// A name that names nothing, or a server that is lost for good.
pub async fn run(session: &Session, wait: &Wait) -> anyhow::Result<Exit> {
    let mut interrupts = Interrupts::new()?;
    tokio::select! {
        exit = until_in_effect(session, wait) => exit,
        () = interrupts.next() => {
            session.out.progress_over();
            super::output::talk("not waiting any longer; what was written stays written");
            Ok(Exit::Interrupted)
        }
    }
}

async fn until_in_effect(session: &Session, wait: &Wait) -> anyhow::Result<Exit> {
    let started = clock::instant();
    let mut look = Look::new(session)?;
    let mut observed = look.observe().await?;
    let mut ids: Vec<EndpointId> = Vec::new();
    for name in &wait.names {
        ids.push(resolve(&observed.endpoints(), name)?.id.clone());
    }
    let exit = loop {
        observed.rows.retain(|row| ids.contains(&row.endpoint.id));
        anyhow::ensure!(
            observed.rows.len() >= ids.iter().collect::<std::collections::HashSet<_>>().len(),
            "an endpoint was deleted while it was waited for"
        );
        if let Some(failed) = observed.rows.iter().find(|row| matches!(row.state, SyncState::NotServing { .. })) {
            session.out.progress_over();
            super::output::talk(&format!("{}: {}", failed.endpoint.slug, failed.sentence()));
            break Exit::Failed;
        }
        let open: Vec<_> = observed.rows.iter().filter(|row| !row.is_in_effect()).collect();
        let Some(first) = open.first() else { break Exit::Done };
        if started.elapsed() >= wait.timeout {
            session.out.progress_over();
            super::output::talk(&format!("{}: {}; given up", first.endpoint.slug, first.sentence()));
            break Exit::NotInTime;
        }
        session.out.progress(&format!(
            "{} of {} in effect; {}: {}",
            observed.rows.len() - open.len(),
            observed.rows.len(),
            first.endpoint.slug,
            first.sentence()
        ));
        let left = wait.timeout.saturating_sub(started.elapsed());
        tokio::time::sleep(first.remaining().clamp(LOOK_MIN, LOOK).min(left.max(LOOK_MIN))).await;
        // A server that is away for a moment is no end of waiting.
        observed = look.observe_patiently(observed).await?;
    };
    session.out.progress_over();
    tell(session, &observed)?;
    Ok(exit)
}

fn tell(session: &Session, observed: &Observed) -> anyhow::Result<()> {
    let mut table = Table::plain(3);
    for row in &observed.rows {
        table.push([row.state.glyph().to_owned(), row.endpoint.slug.to_string(), row.sentence()]);
    }
    let rows: Vec<_> = observed.rows.iter().map(|row| row.value(observed.now)).collect();
    session.out.list(&table, &json!(rows))
}
