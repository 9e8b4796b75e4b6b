//! `repoint` without a subcommand: the dashboard.
//!
//! Nothing is waited for before the first paint: the configuration is one file, keys are read and servers
//! called afterwards.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ratatui::style::Color;
use tokio::runtime::Handle;

use super::logging::Log;
use super::select::Select;
use super::{Exit, clipboard, keymap, look, output};
use crate::client::{ClientError, ErrorKind, InferenceOptions};
use crate::config::{self, Config, ConfigError, Context, Server};
use crate::connect;
use crate::plan::follow::Prober;
use crate::tui::perform::{How, MakeProber, ProbeKey};
use crate::tui::screens::endpoints::filter::{Query, Saved};
use crate::tui::session::{ContextInfo, ContextKind};
use crate::tui::{self, Look, Open, Start, StartContext};

/// Opens the dashboard on the context that is named, or the welcome screen.
///
/// # Errors
/// The context is unknown, or the terminal went away.
pub fn run(select: &Select, log: &Log, config: &Config) -> anyhow::Result<Exit> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        output::talk("error: the dashboard needs a terminal");
        output::talk("hint: repoint --help lists what works without one");
        return Ok(Exit::Differs);
    }
    let named = select.named(config)?;
    let unlogged = log.to_file(&config.paths.log_file).err();
    let notice = unlogged.map(|error| format!("no log is kept: {}: {error}", config.paths.log_file.display()));
    let mut start = start(config, named, select.sync_interval, notice);
    start.keymap = keymap::of(config)?;
    start.filters = filters(config)?;
    start.look = look::of(config)?;
    let ended_well = tui::run(start).context("the terminal went away")? == std::process::ExitCode::SUCCESS;
    Ok(if ended_well { Exit::Done } else { Exit::Failed })
}

fn start(config: &Config, named: Option<Context>, sync_interval: Option<Duration>, notice: Option<String>) -> Start {
    let mut contexts = config.contexts.clone();
    let open = named.map_or(Open::Welcome, |named| {
        let known = contexts.iter().position(|context| context.name == named.name && context.server == named.server);
        Open::Context(known.unwrap_or_else(|| {
            contexts.push(named);
            contexts.len() - 1
        }))
    });
    Start {
        contexts: contexts.into_iter().map(|context| start_context(config, context, sync_interval)).collect(),
        open,
        look: Look::default(),
        takes_mouse: config.settings.mouse.unwrap_or(true),
        keymap: tui::keymap::Keymap::default(),
        filters: Saved::new(),
        notice,
        clipboard: clipboard::of_environment(),
        crashes: config.paths.log_file.parent().unwrap_or(Path::new(".")).to_owned(),
        journal: config.paths.journal.clone(),
        editor: config::editor(),
        who: config::author(),
    }
}

fn start_context(config: &Config, context: Context, sync_interval: Option<Duration>) -> StartContext {
    let (kind, how) = match &context.server {
        Server::Local => (ContextKind::Local, How::Local(Box::new(connect::launch(config, sync_interval)))),
        Server::Remote { .. } => {
            let kind = if context.is_hosted() { ContextKind::Hosted } else { ContextKind::Remote };
            (kind, how(context.clone()))
        }
    };
    let prober = prober(&context);
    let inference_url = match &context.server {
        Server::Remote { inference_url: Some(url), .. } => url.as_str().trim_end_matches('/').to_owned(),
        Server::Remote { inference_url: None, .. } | Server::Local => String::new(),
    };
    let probe_key = context.probe_key.clone().map(probe_key);
    let address = context.management_url().map_or("", url::Url::as_str).trim_end_matches('/').to_owned();
    let info = ContextInfo {
        name: context.name,
        address,
        inference_url,
        kind,
        is_protected: context.is_protected,
        is_read_only: context.is_read_only,
        can_probe: prober.is_some(),
        accent: context
            .accent
            .as_deref()
            .and_then(config::accent)
            .map(|[red, green, blue]| Color::Rgb(red, green, blue)),
    };
    StartContext { info, how, prober, probe_key }
}

/// What calls through the context's data plane, where it names a key and an address for that.
fn prober(context: &Context) -> Option<MakeProber> {
    let source = context.probe_key.clone()?;
    let Server::Remote { inference_url, .. } = &context.server else { return None };
    let url = inference_url.clone()?;
    let context = context.clone();
    Some(Arc::new(move || {
        let failed = |error: ConfigError| format!("the probe key: {error}");
        let key = Handle::current().block_on(source.read()).map_err(failed)?;
        let extra_certificates = connect::certificates(&context).map_err(failed)?;
        let options = InferenceOptions { extra_certificates, ..InferenceOptions::new(url.clone(), key) };
        Prober::new(options).map_err(|error| error.message)
    }))
}

/// Called by the dashboard on a thread that may wait, within its runtime.
fn how(context: Context) -> How {
    How::Address(Arc::new(move || Handle::current().block_on(connect::options(&context)).map_err(refused)))
}

/// Called like [`how`].
fn probe_key(source: config::KeySource) -> ProbeKey {
    Arc::new(move || Handle::current().block_on(source.read()).map_err(refused))
}

fn refused(error: config::ConfigError) -> ClientError {
    let refused = ClientError::new(ErrorKind::Refused, error.message);
    match error.hint {
        Some(hint) => refused.with_hint(hint),
        None => refused,
    }
}

/// The filters that are saved.
///
/// # Errors
/// One of them cannot be understood; the error says which line it stands on.
pub fn filters(config: &Config) -> Result<Saved, ConfigError> {
    let none = Saved::new();
    for filter in &config.filters {
        let is_name = !filter.name.is_empty() && !filter.name.contains(char::is_whitespace);
        let problem = match Query::parse(&filter.text, &none).problem {
            _ if !is_name => Some("a name is one word: it is typed as @name".to_owned()),
            _ if filter.text.split_whitespace().any(|word| word.starts_with('@')) => {
                Some("a saved filter names no other".to_owned())
            }
            problem => problem,
        };
        if let Some(problem) = problem {
            let wrong = format!("the filter {:?} cannot be used", filter.name);
            return Err(ConfigError::in_file(&config.paths.config_file, Some(filter.line), wrong).with_hint(problem));
        }
    }
    Ok(config.filters.iter().map(|filter| (filter.name.clone(), filter.text.clone())).collect())
}
