//! What stands on the server and in the configuration, for the shell to complete. Never starts a gateway, never waits
//! long, never says anything.

use std::ffi::{OsStr, OsString};
use std::sync::OnceLock;
use std::time::Duration;

use clap::Parser;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use futures_util::TryStreamExt;

use crate::api::PAGE_LIMIT_MAX;
use crate::cli::Which;
use crate::client::Client;
use crate::config::{Config, LOCAL, Paths};
use crate::connect;
use crate::supervisor;

/// A person who presses Tab does not wait longer.
const PATIENCE: Duration = Duration::from_millis(1500);
/// No more pages are read.
const PAGES_MAX: usize = 10;

/// The words of the command line that is completed: they say which server.
static WORDS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Keeps the words for the completers, which the shell's library calls without them.
pub(super) fn remember(words: &[OsString]) {
    WORDS.get_or_init(|| words.to_vec());
}

/// Completes slugs.
#[must_use]
pub fn slugs() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| fitting(typed, slugs_of_server()))
}

/// Completes groups by their own ids.
#[must_use]
pub fn groups() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| fitting(typed, groups_of_server()))
}

/// Completes contexts.
#[must_use]
pub fn contexts() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| fitting(typed, contexts_of_file()))
}

type Candidate = (String, Option<String>);

fn fitting(typed: &OsStr, candidates: Option<Vec<Candidate>>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let fits = |(name, _): &Candidate| name.starts_with(typed.as_ref());
    let candidate = |(name, help): Candidate| CompletionCandidate::new(name).help(help.map(Into::into));
    candidates.unwrap_or_default().into_iter().filter(fits).map(candidate).collect()
}

fn contexts_of_file() -> Option<Vec<Candidate>> {
    let config = Config::load(Paths::find().ok()?).ok()?;
    let address = |context: &crate::config::Context| context.management_url().map(ToString::to_string);
    Some(config.contexts.iter().map(|context| (context.name.clone(), address(context))).collect())
}

fn slugs_of_server() -> Option<Vec<Candidate>> {
    ask(async |client| {
        let pages: Vec<_> =
            futures_util::StreamExt::take(client.endpoints(PAGE_LIMIT_MAX), PAGES_MAX).try_collect().await.ok()?;
        let endpoints = pages.into_iter().flat_map(|page| page.body.items);
        Some(endpoints.map(|it| (it.slug.to_string(), it.target().map(ToString::to_string))).collect())
    })
}

fn groups_of_server() -> Option<Vec<Candidate>> {
    ask(async |client| {
        let pages: Vec<_> =
            futures_util::StreamExt::take(client.groups(PAGE_LIMIT_MAX), PAGES_MAX).try_collect().await.ok()?;
        let groups = pages.into_iter().flat_map(|page| page.body.items);
        Some(groups.map(|it| (it.metadata.external_entity_id, it.metadata.name)).collect())
    })
}

fn ask(read: impl AsyncFnOnce(Client) -> Option<Vec<Candidate>>) -> Option<Vec<Candidate>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let reading = async {
            let client = client().await?;
            read(client).await
        };
        tokio::time::timeout(PATIENCE, reading).await.ok().flatten()
    })
}

/// The server that the words name. A local gateway is asked only where it runs.
async fn client() -> Option<Client> {
    let select = Which::try_parse_from(WORDS.get()?).ok()?.select;
    let config = Config::load(Paths::find().ok()?).ok()?;
    let context = select.chosen(&config).ok()?;
    if context.name == LOCAL {
        let running = supervisor::find(&connect::launch(&config, None)).await?;
        return Some(connect::local(&running, None).ok()?.client);
    }
    Some(connect::remote(&context, None).await.ok()?.client)
}
