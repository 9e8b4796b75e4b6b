//! The command line: what can be typed, and which part of the program does it.
//!
//! Without a subcommand `repoint` opens the dashboard. Every subcommand has a file of its own with its
//! arguments and what it does; only `output` writes to stdout. What writes to a server goes through
//! [`mod@write`], as a plan. What the exit codes mean is in [`exit`].

pub mod apply;
pub mod call;
pub mod clipboard;
pub mod completions;
pub mod conformance;
pub mod context;
pub mod dashboard;
pub mod doctor;
pub mod endpoints;
pub mod exit;
pub mod export;
mod failure;
mod follow;
pub mod gateway;
pub mod groups;
pub mod history;
mod interrupt;
pub mod keymap;
pub mod keys;
mod lean;
pub mod logging;
pub mod look;
pub mod man;
pub mod output;
pub mod plan;
pub mod resolve;
pub mod select;
pub mod session;
pub mod speak;
pub mod status;
pub mod target;
pub mod wait;
pub mod write;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Config, Paths};
pub use exit::Exit;
use logging::Log;
use select::Select;
use session::Session;
use speak::Speak;

const EXAMPLES: &str = "\
Examples:
  repoint                          open the dashboard: the context in use, or the welcome screen
  repoint --local                  start a gateway on this machine and open it
  repoint --local --sync-interval 5s
  REPOINT_API_KEY=… repoint --url https://api.baseten.co
  repoint endpoints list -o json
  repoint endpoints repoint my-org/glm-5.2 --model-id 7mP2wqe --follow";

/// See, re-point and try the endpoints of a language-model gateway from the terminal.
#[derive(Debug, Parser)]
#[command(name = "repoint", version, long_version = crate::version::long(), after_help = after_help(), max_term_width = 100)]
pub struct Cli {
    /// Which server.
    #[command(flatten)]
    pub select: Select,
    /// How to speak.
    #[command(flatten)]
    pub speak: Speak,
    /// What is logged, and where.
    #[command(flatten)]
    pub log: Log,
    /// What to do; the dashboard where it is absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

fn after_help() -> String {
    let codes: Vec<String> = Exit::ALL.iter().map(|exit| format!("{:>5}  {}", exit.code(), exit.meaning())).collect();
    format!("{EXAMPLES}\n\nExit codes:\n{}", codes.join("\n"))
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See, create, re-point, rename and delete endpoints
    #[command(subcommand, visible_alias = "ep")]
    Endpoints(endpoints::Command),
    /// See and change groups: who may call what, and how much
    #[command(subcommand)]
    Groups(groups::Command),
    /// Mint, register, list and revoke the keys of a group
    #[command(subcommand)]
    Keys(keys::Command),
    /// Write the workspace's endpoints and groups as one YAML file
    Export(export::Export),
    /// Show what a file would change
    Plan(plan::PlanArgs),
    /// Make the server what a file says
    Apply(apply::Apply),
    /// Show what was changed from this machine
    History(history::History),
    /// Undo a change, the last one where none is named
    Undo(history::Undo),
    /// See and choose the servers that are configured
    #[command(subcommand)]
    Context(context::Command),
    /// Send a prompt through a slug
    Call(call::Call),
    /// Show what is live, waiting, drifted or not serving
    Status(status::Status),
    /// Wait until slugs are in effect
    Wait(wait::Wait),
    /// The bundled gateway
    #[command(subcommand)]
    Gateway(gateway::Command),
    /// Run the contract's operations against a server and compare the answers
    Conformance(conformance::Conformance),
    /// Check configuration, terminal, network, key, rights and onboarding
    Doctor(doctor::Doctor),
    /// Show which keys do what in the dashboard
    Keymap(keymap::Args),
    /// Print a completion script
    Completions(completions::Completions),
    /// Print or install the manual pages
    Man(man::Man),
}

/// The server alone, of whatever else was typed: for completions, which see half a command line.
#[derive(Debug, Parser)]
#[command(ignore_errors = true, disable_help_flag = true, disable_version_flag = true)]
pub(crate) struct Which {
    #[command(flatten)]
    pub(crate) select: Select,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<OsString>,
}

/// The whole command line, for completions and manual pages.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Does what the arguments (the program's name first) say.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    #[cfg(debug_assertions)]
    if let Some(at) = crate::config::standing_clock() {
        crate::clock::stand_still(at);
    }
    let outcome = if let Some(shell) = crate::config::variable(completions::VARIABLE) {
        completions::answer(&shell, arguments)
    } else {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let whole = || command().try_get_matches_from(&arguments).and_then(|matches| Cli::from_arg_matches(&matches));
        match lean::read(&arguments).map_or_else(whole, Ok) {
            Ok(cli) => dispatch(cli),
            Err(error) => return failure::usage(&error),
        }
    };
    logging::flush();
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => failure::report(&error),
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let Cli { select, speak, log, command } = cli;
    if !matches!(command, None | Some(Command::Gateway(_))) {
        log.start()?;
    }
    match command {
        None => dashboard::run(&select, &log, &Config::load(Paths::find()?)?),
        Some(Command::Gateway(command)) => {
            match &log.log_file {
                Some(_) => log.start()?,
                None => log.to_stderr(),
            }
            gateway::run(command, output::json_line).map(|()| Exit::Done)
        }
        Some(Command::Completions(completions)) => completions::run(&completions),
        Some(Command::Man(man)) => man::run(&man),
        Some(Command::Keymap(args)) => keymap::run(&args, speak.out()),
        Some(Command::History(history)) => history::run(&history, &select, speak.out()),
        Some(Command::Context(command)) => context::run(&command, &select, speak.out()),
        Some(command) => {
            // One thread is enough for a command, and starts sooner than several.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("cannot start the runtime")?;
            runtime.block_on(on_server(&command, &select, speak))
        }
    }
}

async fn on_server(command: &Command, select: &Select, speak: Speak) -> anyhow::Result<Exit> {
    // These two look at what keeps a server from being opened, or open one of their own beside it.
    match command {
        Command::Doctor(doctor) => return doctor::run(doctor, select, speak.out()).await,
        Command::Conformance(conformance) => return conformance::run(conformance, select, speak).await,
        _ => {}
    }
    let session = Session::open(select, speak).await?;
    let exit = match command {
        Command::Endpoints(command) => endpoints::run(&session, command).await,
        Command::Groups(command) => groups::run(&session, command).await,
        Command::Keys(command) => keys::run(&session, command).await,
        Command::Export(export) => export::run(&session, export).await,
        Command::Plan(plan) => plan::run(&session, plan).await,
        Command::Apply(apply) => apply::run(&session, apply).await,
        Command::Undo(undo) => history::undo(&session, undo).await,
        Command::Call(call) => call::run(&session, call).await,
        Command::Status(status) => status::run(&session, status).await,
        Command::Wait(wait) => wait::run(&session, wait).await,
        Command::History(_)
        | Command::Context(_)
        | Command::Gateway(_)
        | Command::Conformance(_)
        | Command::Doctor(_)
        | Command::Completions(_)
        | Command::Keymap(_)
        | Command::Man(_) => Ok(Exit::Done),
    };
    session.close().await;
    exit
}
