//! `repoint groups …`: who may call what, and how much.

mod limits;

use clap::{Args, Subcommand};

use super::Exit;
use super::completions::candidates;
use super::output::{Format, Table};
use super::resolve::resolve;
use super::select::Mistyped;
use super::session::Session;
use super::write::{Ask, Write, WriteArgs, write};
use crate::api::{Group, GroupId, GroupModel, LimitEnforcement, Slug, Usage};
use crate::client::ErrorKind;
use crate::clock;
use crate::plan::{Change, GroupContent, ParentGroup, Plan};
use crate::tui::text::ago;
use limits::LimitArg;

const LIMITS_HELP: &str = "Limits are SLUG=TYPE/UNIT:N: TYPE is REQUEST, TOKEN, CONCURRENT_REQUEST, UNCACHED_INPUT_TOKEN or OUTPUT_TOKEN, UNIT is SECOND, MINUTE or DAY, N is a number (0 blocks) or `none` to take the limit away.";

/// What is done with groups.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List the groups, oldest first
    #[command(after_help = "Examples:\n  repoint groups list\n  repoint groups list --slug my-org/glm-5.2 -o json")]
    List(List),
    /// Show one group with its own and its effective limits
    #[command(after_help = "Examples:\n  repoint groups get acme\n  repoint groups get grp1 -o yaml")]
    Get(Get),
    /// Show what a group has used of its daily limits
    #[command(after_help = "Examples:\n  repoint groups usage acme")]
    Usage(Get),
    /// Create a group
    #[command(after_help = format!("{LIMITS_HELP}\n\nExamples:\n  repoint groups create acme --name 'Acme prod' --grant my-org/glm-5.2 --limit my-org/glm-5.2=REQUEST/MINUTE:100\n  repoint groups create acme-eu --parent acme --grant my-org/glm-5.2"))]
    Create(Create),
    /// Change a group's name, slugs or limits
    #[command(after_help = format!("{LIMITS_HELP}\n\nExamples:\n  repoint groups update acme --limit my-org/glm-5.2=TOKEN/DAY:10000000\n  repoint groups update acme --withdraw my-org/old --grant my-org/new --dry-run"))]
    Update(Update),
    /// Delete groups, with all groups below them and their keys
    #[command(after_help = "Examples:\n  repoint groups delete acme-test")]
    Delete(Delete),
}

/// `list`.
#[derive(Debug, Clone, Args)]
pub struct List {
    /// Only those that may call this slug
    #[arg(long, value_name = "SLUG", add = candidates::slugs())]
    slug: Option<String>,
}

/// `get` and `usage`.
#[derive(Debug, Clone, Args)]
pub struct Get {
    /// The group: its id, own id or name
    #[arg(value_name = "GROUP", add = candidates::groups())]
    name: String,
}

/// `create`.
#[derive(Debug, Clone, Args)]
pub struct Create {
    /// Your own id for the customer (`external_entity_id`); it cannot be changed later
    #[arg(value_name = "EXTERNAL_ID")]
    id: String,
    /// What the group is called
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The group above it: its id, own id or name
    #[arg(long, value_name = "GROUP", add = candidates::groups())]
    parent: Option<String>,
    /// INDEPENDENT or CASCADING; the parent's where it is not given
    #[arg(long, value_name = "MODE")]
    limit_enforcement: Option<String>,
    #[command(flatten)]
    models: ModelArgs,
    #[command(flatten)]
    write: WriteArgs,
}

/// `update`.
#[derive(Debug, Clone, Args)]
pub struct Update {
    /// The group: its id, own id or name
    #[arg(value_name = "GROUP", add = candidates::groups())]
    group: String,
    /// Another name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// No name any longer
    #[arg(long, conflicts_with = "name")]
    no_name: bool,
    /// A slug that the group may no longer call; may be given several times
    #[arg(long, value_name = "SLUG", add = candidates::slugs())]
    withdraw: Vec<String>,
    #[command(flatten)]
    models: ModelArgs,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Clone, Args)]
struct ModelArgs {
    /// A slug that the group may call; may be given several times
    #[arg(long, value_name = "SLUG", value_parser = slug, add = candidates::slugs())]
    grant: Vec<Slug>,
    /// A limit of a granted slug; may be given several times
    #[arg(long, value_name = "SLUG=TYPE/UNIT:N", value_parser = LimitArg::parse)]
    limit: Vec<LimitArg>,
    /// All slugs that the group may call, with their limits, as JSON: what is absent loses access
    #[arg(long, value_name = "JSON", value_parser = json_models, conflicts_with = "grant")]
    models: Option<ModelsArg>,
}

/// Whole models that were typed as JSON.
#[derive(Debug, Clone)]
struct ModelsArg(Vec<GroupModel>);

fn json_models(text: &str) -> Result<ModelsArg, String> {
    serde_json::from_str(text).map(ModelsArg).map_err(|error| error.to_string())
}

/// `delete`.
#[derive(Debug, Clone, Args)]
pub struct Delete {
    /// The groups: ids, own ids or names
    #[arg(value_name = "GROUP", required = true, add = candidates::groups())]
    groups: Vec<String>,
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
        Command::Get(get) => run_get(session, get).await,
        Command::Usage(get) => {
            let group = find(session, &get.name).await?;
            let usage = session.client.group_usage(&group.id).await?.body;
            session.out.list(&usage_table(&usage), &usage)?;
            Ok(Exit::Done)
        }
        Command::Create(create) => run_create(session, create).await,
        Command::Update(update) => run_update(session, update).await,
        Command::Delete(delete) => {
            let groups = session.groups().await?;
            let mut changes = Vec::new();
            for name in &delete.groups {
                changes.push(Change::DeleteGroup { before: Box::new(resolve(&groups, name)?.clone()) });
            }
            let plan = Plan::new(changes);
            write(session, &Write::new(&plan, &delete.write, Ask::Always)).await
        }
    }
}

/// The group that is called so: by its id or own id in one request, else out of the list.
///
/// # Errors
/// The server's; nothing, or several, are called so.
pub async fn find(session: &Session, name: &str) -> anyhow::Result<Group> {
    match session.client.group(&GroupId::new(name)).await {
        Ok(answer) => return Ok(answer.body),
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Refused) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(resolve(&session.groups().await?, name)?.clone())
}

async fn run_list(session: &Session, list: &List) -> anyhow::Result<Exit> {
    let mut groups = session.groups().await?;
    if let Some(wanted) = &list.slug {
        groups.retain(|group| group.models.iter().any(|model| model.slug.as_str() == wanted));
    }
    let mut table = Table::new(&["GROUP", "NAME", "PARENT", ">SLUGS", "LIMITS", "CREATED", "ID"]);
    let now = clock::now();
    for group in &groups {
        table.push([
            group.metadata.external_entity_id.clone(),
            group.metadata.name.clone().unwrap_or_default(),
            group.hierarchy.parent_group_id.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            group.models.len().to_string(),
            group.hierarchy.limit_enforcement.to_string().to_lowercase(),
            ago(now, group.created_at),
            group.id.to_string(),
        ]);
    }
    session.out.list(&table, &groups)?;
    if groups.is_empty() {
        session.out.say(if list.slug.is_some() { "no group may call it" } else { "there are no groups yet" });
    }
    Ok(Exit::Done)
}

async fn run_get(session: &Session, get: &Get) -> anyhow::Result<Exit> {
    let group = find(session, &get.name).await?;
    if session.out.format() != Format::Table {
        session.out.value(&group)?;
        return Ok(Exit::Done);
    }
    let mut facts = Table::plain(2);
    let mut fact = |name: &str, value: String| facts.push([name.to_owned(), value]);
    fact("id", group.id.to_string());
    fact("external_entity_id", group.metadata.external_entity_id.clone());
    fact("name", group.metadata.name.clone().unwrap_or_else(|| "-".to_owned()));
    fact("parent", group.hierarchy.parent_group_id.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string));
    fact("limit_enforcement", group.hierarchy.limit_enforcement.to_string());
    fact("created_at", group.created_at.to_string());
    let mut models = Table::new(&["SLUG", "OWN LIMITS", "EFFECTIVE LIMITS"]);
    for model in &group.models {
        let effective = group.effective_models.iter().find(|effective| effective.slug == model.slug);
        models.push([
            model.slug.to_string(),
            limits::own(model),
            effective.map_or_else(|| "-".to_owned(), |model| limits::effective(model, &group.id)),
        ]);
    }
    session.out.table(&facts)?;
    session.out.write("\n")?;
    session.out.table(&models)?;
    Ok(Exit::Done)
}

fn usage_table(usage: &Usage) -> Table {
    let mut table = Table::new(&["SLUG", "LIMIT", ">USED", ">OF", ">SHARE", "RESET"]);
    let now = clock::now();
    for (slug, limits) in &usage.usage {
        for limit in limits {
            let used = limit.current_usage.unwrap_or(0);
            let share = if limit.threshold > 0 {
                format!("{} %", u128::from(used) * 100 / u128::from(limit.threshold))
            } else {
                "blocked".to_owned()
            };
            table.push([
                slug.to_string(),
                format!("{}/{}", limit.kind, limit.unit),
                used.to_string(),
                limit.threshold.to_string(),
                share,
                limit.reset_at.map_or_else(|| "-".to_owned(), |at| ago(now, at)),
            ]);
        }
    }
    table
}

async fn run_create(session: &Session, create: &Create) -> anyhow::Result<Exit> {
    let parent = match &create.parent {
        Some(name) => Some(find(session, name).await?),
        None => None,
    };
    let mode = create.limit_enforcement.as_deref().map(mode).transpose()?;
    let after = GroupContent {
        external_entity_id: create.id.clone(),
        name: create.name.clone(),
        models: create.models.apply(Vec::new(), &[])?,
        limit_enforcement: mode.or_else(|| parent.as_ref().map(|group| group.hierarchy.limit_enforcement.clone())),
        parent: parent.map(|group| ParentGroup::Id(group.id)),
    };
    if after.models.is_empty() {
        return Err(Mistyped("a new group must be granted a slug\nhint: --grant SLUG".to_owned()).into());
    }
    let plan = Plan::from(Change::CreateGroup { after });
    write(session, &Write::new(&plan, &create.write, Ask::Never)).await
}

async fn run_update(session: &Session, update: &Update) -> anyhow::Result<Exit> {
    let before = find(session, &update.group).await?;
    let mut after = GroupContent::from(&before);
    if let Some(name) = &update.name {
        after.name = Some(name.clone());
    }
    if update.no_name {
        after.name = None;
    }
    after.models = update.models.apply(after.models, &update.withdraw)?;
    let plan = Plan::from(Change::UpdateGroup { before: Box::new(before), after });
    write(session, &Write::new(&plan, &update.write, Ask::Never)).await
}

fn mode(text: &str) -> Result<LimitEnforcement, Mistyped> {
    let mode = LimitEnforcement::from(text.to_uppercase().as_str());
    if mode.is_known() { Ok(mode) } else { Err(Mistyped(format!("{text:?} is not INDEPENDENT or CASCADING"))) }
}

impl ModelArgs {
    /// The models with what was granted, withdrawn and limited.
    fn apply(&self, models: Vec<GroupModel>, withdraw: &[String]) -> Result<Vec<GroupModel>, Mistyped> {
        let mut models = self.models.as_ref().map_or(models, |given| given.0.clone());
        for name in withdraw {
            let count = models.len();
            models.retain(|model| model.slug.as_str() != name);
            if models.len() == count {
                return Err(Mistyped(format!("the group may not call {name} anyway")));
            }
        }
        for slug in &self.grant {
            if models.iter().all(|model| model.slug != *slug) {
                models.push(limits::granted(slug.clone()));
            }
        }
        for limit in &self.limit {
            let Some(model) = models.iter_mut().find(|model| model.slug == limit.slug) else {
                let text = format!("the group may not call {0}\nhint: add --grant {0}", limit.slug);
                return Err(Mistyped(text));
            };
            limit.apply(model);
        }
        Ok(models)
    }
}
