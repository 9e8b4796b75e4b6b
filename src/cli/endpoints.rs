//! `repoint endpoints …`: see, make, re-point, rename and delete endpoints.

use clap::{Args, Subcommand, ValueEnum};

use super::Exit;
use super::completions::candidates;
use super::output::Table;
use super::resolve::resolve;
use super::select::Mistyped;
use super::session::Session;
use super::target::TargetArgs;
use super::write::{Ask, Write, WriteArgs, write};
use crate::api::{Endpoint, EndpointId, Region, Slug, Target};
use crate::client::ErrorKind;
use crate::clock;
use crate::plan::{Change, EndpointContent, Plan};
use crate::tui::text::ago;

/// What is done with endpoints.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List the endpoints, oldest first
    #[command(
        after_help = "Examples:\n  repoint endpoints list\n  repoint endpoints list glm\n  repoint endpoints list -o json | jq -r '.[].slug'"
    )]
    List(List),
    /// Show one endpoint
    #[command(
        after_help = "Examples:\n  repoint endpoints get my-org/glm-5.2\n  repoint endpoints get glm-5.2 -o yaml"
    )]
    Get(Get),
    /// Create an endpoint
    #[command(
        after_help = "Examples:\n  repoint endpoints create my-org/glm-5.2 --model-id 3kZ9xqd --environment-name staging\n  repoint endpoints create my-org/claude --provider anthropic --secret-id anthropic-prod --target-model claude-sonnet-4-5 --region EU"
    )]
    Create(Create),
    /// Route an endpoint to another target
    #[command(
        after_help = "The endpoint is read right before the write; if somebody else changed it, nothing is written and the exit code is 3.\n\nExamples:\n  repoint endpoints repoint my-org/glm-5.2 --model-id 7mP2wqe\n  repoint endpoints repoint glm-5.2 --model-id glm-5.2-fp4 --environment-name staging --follow\n  repoint endpoints repoint glm-5.2 --model-id 7mP2wqe --dry-run"
    )]
    Repoint(Repoint),
    /// Give an endpoint another slug
    #[command(
        after_help = "Groups go on naming the old slug: grant them the new one.\n\nExamples:\n  repoint endpoints rename my-org/glm-5.2 my-org/glm-5.2-old"
    )]
    Rename(Rename),
    /// Delete endpoints
    #[command(
        after_help = "Examples:\n  repoint endpoints delete my-org/glm-5.2-canary\n  repoint endpoints delete my-org/a my-org/b --yes"
    )]
    Delete(Delete),
}

/// `list`.
#[derive(Debug, Clone, Args)]
pub struct List {
    /// Only those that have this in their slug, target or id
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// How they are sorted
    #[arg(long, value_enum, default_value_t = Sort::Created)]
    sort: Sort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Oldest first.
    Created,
    /// The last changed first.
    Updated,
    /// By slug.
    Slug,
    /// By target.
    Target,
}

/// `get`.
#[derive(Debug, Clone, Args)]
pub struct Get {
    /// The slug or the id
    #[arg(value_name = "ENDPOINT", add = candidates::slugs())]
    name: String,
}

/// `create`.
#[derive(Debug, Clone, Args)]
pub struct Create {
    /// What customers will call: `ORG_PREFIX/NAME`
    #[arg(value_name = "SLUG", value_parser = slug)]
    slug: Slug,
    /// Where requests may be served: UNRESTRICTED or EU; it cannot be changed later
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    write: WriteArgs,
}

/// `repoint`.
#[derive(Debug, Clone, Args)]
pub struct Repoint {
    /// The slug or the id
    #[arg(value_name = "ENDPOINT", add = candidates::slugs())]
    name: String,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    write: WriteArgs,
}

/// `rename`.
#[derive(Debug, Clone, Args)]
pub struct Rename {
    /// The slug or the id
    #[arg(value_name = "ENDPOINT", add = candidates::slugs())]
    name: String,
    /// The new slug
    #[arg(value_name = "NEW_SLUG", value_parser = slug)]
    slug: Slug,
    #[command(flatten)]
    write: WriteArgs,
}

/// `delete`.
#[derive(Debug, Clone, Args)]
pub struct Delete {
    /// Slugs or ids
    #[arg(value_name = "ENDPOINT", required = true, add = candidates::slugs())]
    names: Vec<String>,
    #[command(flatten)]
    write: WriteArgs,
}

fn slug(text: &str) -> Result<Slug, String> {
    Slug::parse(text).map_err(|error| error.to_string())
}

/// Does it.
///
/// # Errors
/// The server's, a name that names nothing, a command line that cannot be meant so.
pub async fn run(session: &Session, command: &Command) -> anyhow::Result<Exit> {
    match command {
        Command::List(list) => run_list(session, list).await,
        Command::Get(get) => {
            session.out.value(&find(session, &get.name).await?)?;
            Ok(Exit::Done)
        }
        Command::Create(create) => {
            let region = create.region.as_deref().map(region).transpose()?;
            let targets = create.target.targets(session).await?;
            let after = EndpointContent { slug: create.slug.clone(), region, targets };
            let plan = Plan::from(Change::create(after));
            write(session, &Write::new(&plan, &create.write, Ask::Never)).await
        }
        Command::Repoint(repoint) => {
            let targets = repoint.target.targets(session).await?;
            let before = find(session, &repoint.name).await?;
            let plan = Plan::from(routed(&before, targets));
            write(session, &Write::new(&plan, &repoint.write, Ask::Never)).await
        }
        Command::Rename(rename) => {
            let before = find(session, &rename.name).await?;
            let plan = Plan::from(Change::rename(&before, rename.slug.clone()));
            write(session, &Write::new(&plan, &rename.write, Ask::Never)).await
        }
        Command::Delete(delete) => {
            let endpoints = session.endpoints().await?;
            let mut changes = Vec::new();
            for name in &delete.names {
                changes.push(Change::delete(resolve(&endpoints, name)?));
            }
            changes.dedup();
            let plan = Plan::new(changes);
            write(session, &Write::new(&plan, &delete.write, Ask::Always)).await
        }
    }
}

/// One target keeps what this program does not know of the old one; several are taken as they are.
fn routed(before: &Endpoint, mut targets: Vec<Target>) -> Change {
    match targets.pop() {
        Some(only) if targets.is_empty() => Change::repoint(before, only),
        last => {
            targets.extend(last);
            let after = EndpointContent { targets, ..EndpointContent::from(before) };
            Change::UpdateEndpoint { before: Box::new(before.clone()), after }
        }
    }
}

fn region(text: &str) -> Result<Region, Mistyped> {
    let region = Region::from(text.to_uppercase().as_str());
    if region.is_known() {
        return Ok(region);
    }
    Err(Mistyped(format!("there is no region {text:?}\nhint: UNRESTRICTED or EU")))
}

/// The endpoint that is called so: by its id in one request, else out of the list.
///
/// # Errors
/// The server's; nothing, or several, are called so.
pub async fn find(session: &Session, name: &str) -> anyhow::Result<Endpoint> {
    // An id has no slash; a slug always has one.
    if !name.contains('/') {
        match session.client.endpoint(&EndpointId::new(name)).await {
            Ok(answer) => return Ok(answer.body),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Refused) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(resolve(&session.endpoints().await?, name)?.clone())
}

async fn run_list(session: &Session, list: &List) -> anyhow::Result<Exit> {
    let mut endpoints = session.endpoints().await?;
    if let Some(filter) = &list.filter {
        let filter = filter.to_lowercase();
        endpoints.retain(|endpoint| {
            let texts = [endpoint.slug.to_string(), targets(endpoint), endpoint.id.to_string()];
            texts.iter().any(|text| text.to_lowercase().contains(&filter))
        });
    }
    match list.sort {
        Sort::Created => {}
        Sort::Updated => endpoints.sort_by(|a, b| b.updated_at.cmp(&a.updated_at).then_with(|| a.slug.cmp(&b.slug))),
        Sort::Slug => endpoints.sort_by(|a, b| a.slug.cmp(&b.slug)),
        Sort::Target => endpoints.sort_by_key(|endpoint| (targets(endpoint), endpoint.slug.clone())),
    }
    let mut table = Table::new(&["SLUG", "ROUTES TO", "REGION", "UPDATED", "ID"]);
    let now = clock::now();
    for endpoint in &endpoints {
        table.push([
            endpoint.slug.to_string(),
            targets(endpoint),
            endpoint.region.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            ago(now, endpoint.updated_at),
            endpoint.id.to_string(),
        ]);
    }
    session.out.list(&table, &endpoints)?;
    if endpoints.is_empty() {
        session.out.say(if list.filter.is_some() { "no endpoint is like that" } else { "there are no endpoints yet" });
    }
    Ok(Exit::Done)
}

/// All targets of an endpoint in one cell.
#[must_use]
pub fn targets(endpoint: &Endpoint) -> String {
    let names: Vec<String> = endpoint.targets.iter().map(ToString::to_string).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
