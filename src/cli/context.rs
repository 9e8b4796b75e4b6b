//! `repoint context …`: the servers that are configured.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use url::Url;

use super::Exit;
use super::completions::candidates;
use super::output::{Output, Table};
use super::select::{Mistyped, Select};
use crate::config::{
    API_KEY, Config, Context, KeySource, LOCAL, Paths, Server, add_context, remove_context, use_context,
};

/// What is done with contexts.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List the contexts; the one in use is marked
    #[command(after_help = "Examples:\n  repoint context list\n  repoint context list -o json")]
    List,
    /// Add a context to the configuration; keys never stand in it, only where they come from
    #[command(
        after_help = "Examples:\n  repoint context add sandbox --management-url https://api.baseten.co --key-env BASETEN_API_KEY\n  repoint context add prod --management-url https://api.baseten.co --key-command 'pass show baseten' --protected --accent red"
    )]
    Add(Box<Add>),
    /// Use a context where none is named
    #[command(after_help = "Examples:\n  repoint context use sandbox\n  repoint context use local")]
    Use(Name),
    /// Remove a context from the configuration
    #[command(after_help = "Examples:\n  repoint context remove sandbox")]
    Remove(Name),
    /// Show a context, the one in use where none is named
    #[command(after_help = "Examples:\n  repoint context show\n  repoint context show prod -o yaml")]
    Show(Show),
}

/// A context by its name.
#[derive(Debug, Clone, Args)]
pub struct Name {
    /// The context
    #[arg(value_name = "NAME", add = candidates::contexts())]
    name: String,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// `show`.
#[derive(Debug, Clone, Args)]
pub struct Show {
    /// The context
    #[arg(value_name = "NAME", add = candidates::contexts())]
    name: Option<String>,
}

/// `add`.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a person gives or not")]
pub struct Add {
    /// What it is called
    #[arg(value_name = "NAME")]
    name: String,
    /// The management address, without /v1
    #[arg(long, value_name = "URL")]
    management_url: Url,
    /// The inference address, without /v1
    #[arg(long, value_name = "URL")]
    inference_url: Option<Url>,
    #[command(flatten)]
    key: KeyArgs,
    /// A variable with a federated key, for probes and `repoint call`
    #[arg(long, value_name = "VARIABLE")]
    probe_key_env: Option<String>,
    /// A prefix that its slugs may have; may be given several times
    #[arg(long, value_name = "PREFIX")]
    org_prefix: Vec<String>,
    /// What is changed must be confirmed by typing; hosted contexts are so by themselves
    #[arg(long, overrides_with = "unprotected")]
    protected: bool,
    /// Nothing has to be typed, even for a hosted context
    #[arg(long)]
    unprotected: bool,
    /// Nothing may be changed
    #[arg(long)]
    read_only: bool,
    /// The colour of the dashboard's frame
    #[arg(long, value_name = "COLOUR")]
    accent: Option<String>,
    /// Certificates (PEM) to trust beside the machine's own
    #[arg(long, value_name = "FILE")]
    certificates: Option<std::path::PathBuf>,
    /// Use it from now on where none is named
    #[arg(long)]
    r#use: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
#[expect(clippy::struct_field_names, reason = "they are the names of the flags")]
struct KeyArgs {
    /// The variable that holds the management key; `REPOINT_API_KEY` where nothing is said
    #[arg(long, value_name = "VARIABLE")]
    key_env: Option<String>,
    /// A command that prints the key, such as a password manager's; split at blanks, no shell
    #[arg(long, value_name = "COMMAND")]
    key_command: Option<String>,
    /// The entry of the system's keyring
    #[arg(long, value_name = "ENTRY")]
    key_keyring: Option<String>,
    /// A file of mode 0600
    #[arg(long, value_name = "FILE")]
    key_file: Option<std::path::PathBuf>,
}

impl KeyArgs {
    fn source(&self) -> Result<KeySource, Mistyped> {
        if let Some(command) = &self.key_command {
            let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            if words.is_empty() {
                return Err(Mistyped("--key-command is empty".to_owned()));
            }
            return Ok(KeySource::Command(words));
        }
        Ok(match (&self.key_keyring, &self.key_file, &self.key_env) {
            (Some(entry), _, _) => KeySource::Keyring(entry.clone()),
            (None, Some(path), _) => KeySource::File(path.clone()),
            (None, None, Some(name)) => KeySource::Variable(name.clone()),
            (None, None, None) => KeySource::Variable(API_KEY.to_owned()),
        })
    }
}

/// Does it. No server is asked.
///
/// # Errors
/// The configuration is wrong or cannot be written, or there is no such context.
pub fn run(command: &Command, select: &Select, out: Output) -> anyhow::Result<Exit> {
    let paths = Paths::find()?;
    // A name that is taken, or a file that is wrong, is found before anything is written.
    let config = Config::load(paths.clone())?;
    match command {
        Command::List => list(&config, out)?,
        Command::Show(show) => {
            let context = match &show.name {
                Some(name) => config.context(name)?.clone(),
                None => select.chosen(&config)?,
            };
            out.value(&value(&context, &config))?;
        }
        Command::Add(add) => {
            let context = add.context()?;
            if config.contexts.iter().any(|known| known.name == context.name && known.name == LOCAL) {
                return Err(Mistyped("the name local is taken by the local gateway".to_owned()).into());
            }
            if add.dry_run {
                out.value(&value(&context, &config))?;
            } else {
                add_context(&paths.config_file, &context)?;
                out.say(&format!("added {} to {}", context.name, paths.config_file.display()));
                if add.r#use {
                    use_context(&paths.config_file, &context.name)?;
                }
            }
        }
        Command::Use(name) => {
            config.context(&name.name)?;
            if !name.dry_run {
                use_context(&paths.config_file, &name.name)?;
            }
            out.say(&format!("{} is used where no other context is named", name.name));
        }
        Command::Remove(name) => {
            config.context(&name.name)?;
            if !name.dry_run {
                remove_context(&paths.config_file, &name.name)?;
            }
            out.say(&format!("removed {}", name.name));
        }
    }
    Ok(Exit::Done)
}

impl Add {
    fn context(&self) -> anyhow::Result<Context> {
        let key = self.key.source()?;
        key.may_go_to(&self.management_url)?;
        let mut context = Context::of_url(self.management_url.clone(), key);
        context.name.clone_from(&self.name);
        if let (Some(url), Server::Remote { inference_url, .. }) = (&self.inference_url, &mut context.server) {
            *inference_url = Some(url.clone());
        }
        context.is_protected = (context.is_protected || self.protected) && !self.unprotected;
        context.is_read_only = self.read_only;
        context.org_prefixes.clone_from(&self.org_prefix);
        context.accent.clone_from(&self.accent);
        context.certificates.clone_from(&self.certificates);
        context.probe_key = self.probe_key_env.clone().map(KeySource::Variable);
        Ok(context)
    }
}

fn list(config: &Config, out: Output) -> anyhow::Result<()> {
    let mut table = Table::new(&["", "CONTEXT", "SERVER", "KEY", "CARE"]);
    for context in &config.contexts {
        let mark = if config.current.as_ref() == Some(&context.name) { "▸" } else { "" };
        let care = match (context.is_read_only, context.is_protected) {
            (true, _) => "read-only",
            (false, true) => "protected",
            (false, false) => "",
        };
        table.push([mark.to_owned(), context.name.clone(), address(context), context.key.to_string(), care.to_owned()]);
    }
    let values: Vec<Value> = config.contexts.iter().map(|context| value(context, config)).collect();
    out.list(&table, &values)
}

fn address(context: &Context) -> String {
    context.management_url().map_or_else(|| "the local gateway".to_owned(), ToString::to_string)
}

/// A context for programs: where its key comes from, never the key.
fn value(context: &Context, config: &Config) -> Value {
    let inference_url = match &context.server {
        Server::Local => None,
        Server::Remote { inference_url, .. } => inference_url.as_ref(),
    };
    json!({
        "name": context.name,
        "current": config.current.as_ref() == Some(&context.name),
        "management_url": context.management_url().map(Url::as_str),
        "inference_url": inference_url.map(Url::as_str),
        "key": context.key.to_string(),
        "probe_key": context.probe_key.as_ref().map(ToString::to_string),
        "org_prefixes": context.org_prefixes,
        "protected": context.is_protected,
        "read_only": context.is_read_only,
        "accent": context.accent,
        "certificates": context.certificates,
    })
}
