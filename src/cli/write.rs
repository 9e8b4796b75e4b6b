//! Every command that writes goes through here: show the plan, ask, run, follow, tell what became of it.
//!
//! A command that says itself exactly what shall be done (`create`, `repoint`, `rename`, `mint`) is done at once; what
//! takes something away, and what a file or the history says (`delete`, `revoke`, `apply`, `undo`), is asked about on
//! a terminal and needs `--yes` without one. A protected context asks for its name to be typed, or `--confirm NAME`.

mod forecast;
mod report;

pub(super) use report::{outcome_value, word as outcome_word};

use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::forecast::Forecast;
use super::Exit;
use super::follow::Follow;
use super::interrupt::{Abandoned, Interrupts};
use super::output::{self, Format, Output};
use super::select::{Mistyped, duration};
use super::session::Session;
use crate::client::{Access, Client};
use crate::plan::history::Entry;
use crate::plan::outcome::{Progress, Report, Step};
use crate::plan::{Change, Plan, PlanId, diff, run};

/// A larger plan's consequences are found out only where a person is asked, or asks.
const FORECAST_CHANGES_MAX: usize = 20;
/// Progress that waits to be shown. More would only be out of date.
const PROGRESS_MAX: usize = 256;

/// The options of every command that writes.
#[derive(Debug, Clone, Default, Args)]
pub struct WriteArgs {
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// The context's name, instead of typing it, to write in a protected context
    #[arg(long, value_name = "CONTEXT")]
    pub confirm: Option<String>,
    /// Wait until what was written is in effect
    #[arg(long)]
    pub follow: bool,
    /// Give up waiting after this time
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = duration)]
    pub timeout: Duration,
}

/// Whether a person is asked before the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The command line itself says what shall be done.
    Never,
    /// It takes something away, or does what stands elsewhere.
    Always,
}

/// What is written, and how.
pub struct Write<'a> {
    /// What shall be done.
    pub plan: &'a Plan,
    /// The options that were given.
    pub args: &'a WriteArgs,
    /// Whether it is asked about.
    pub ask: Ask,
    /// The plan that it undoes.
    pub undoes: Option<PlanId>,
    /// True: what does not depend on a failed change is done all the same.
    pub keeps_going: bool,
    /// True: the old targets come back where the new ones do not answer.
    pub rolls_back: bool,
}

impl<'a> Write<'a> {
    /// The usual way: nothing is undone by it, and it stops at the first failure.
    #[must_use]
    pub fn new(plan: &'a Plan, args: &'a WriteArgs, ask: Ask) -> Self {
        Self { plan, args, ask, undoes: None, keeps_going: false, rolls_back: false }
    }
}

/// Shows a plan, asks, runs it, and tells what became of it.
///
/// # Errors
/// Nobody is there to confirm, or the journal cannot be written. What the server refuses is told, not returned.
pub async fn write(session: &Session, write: &Write<'_>) -> anyhow::Result<Exit> {
    let (plan, out) = (write.plan, &session.out);
    if plan.is_empty() {
        out.say("nothing to do: the server is so already");
        report::nothing(out)?;
        return Ok(Exit::Done);
    }
    if write.args.dry_run {
        let forecast = Forecast::of(session, plan).await;
        show_with(out, plan, Some(&forecast))?;
        out.say("nothing was written (--dry-run)");
        return Ok(Exit::Done);
    }
    for line in preview(plan) {
        out.say(&line);
    }
    // Where nobody listens nothing has to be found out.
    let is_asked = write.ask == Ask::Always && !write.args.yes;
    if is_asked || (!out.is_quiet() && plan.changes().len() <= FORECAST_CHANGES_MAX) {
        for line in Forecast::of(session, plan).await.lines() {
            out.say(&line);
        }
    }
    let client = confirm(session, write)?;
    if write.rolls_back {
        // Said before anything is written: afterwards nothing could be seen, and nothing put back.
        let has_prober = super::follow::prober(session).await?.is_some();
        anyhow::ensure!(has_prober, "--rollback-on-failure needs a probe_key and an inference_url in the context");
    }
    let report = run_with_progress(session, &client, write, None).await?;
    tell(session, &client, write, &report).await
}

/// Goes on with a plan whose program died: what is done stays, what is in doubt is settled by reading.
///
/// # Errors
/// As [`write()`].
pub async fn resume(session: &Session, entry: &Entry, write: &Write<'_>) -> anyhow::Result<Exit> {
    if write.args.dry_run {
        show(&session.out, write.plan)?;
        session.out.say("nothing was written (--dry-run)");
        return Ok(Exit::Done);
    }
    session.out.say(&format!("going on with {}: {}", entry.id.short(), entry.title));
    let client = confirm(session, write)?;
    let report = run_with_progress(session, &client, write, Some(&entry.id)).await?;
    tell(session, &client, write, &report).await
}

/// Says what was done, and follows it where that was asked for.
async fn tell(session: &Session, client: &Client, write: &Write<'_>, report: &Report) -> anyhow::Result<Exit> {
    let (plan, out) = (write.plan, &session.out);
    report::complain(plan, report);
    let exit = report::exit(report);
    // A minted key is in this report and nowhere else: nothing may come between it and its reader.
    if !report.keys.is_empty() || (!write.args.follow && !write.rolls_back) {
        report::tell(out, plan, report, &[])?;
        return Ok(exit);
    }
    let what = Follow { client, plan, report, timeout: write.args.timeout, rolls_back: write.rolls_back };
    let followed = super::follow::follow(session, &what).await?;
    let report = Report { rolled_back: followed.is_rolled_back, ..report.clone() };
    report::tell(out, plan, &report, &followed.ends)?;
    Ok(if exit == Exit::Done { followed.exit } else { exit })
}

/// A client that may write now: in a protected context only after its name was typed or given.
///
/// # Errors
/// Nobody is there to confirm, or something else was typed.
pub fn writer(session: &Session, confirmed: Option<&str>) -> anyhow::Result<Client> {
    match session.client.access() {
        // A read-only context is refused by the client, with its own sentence.
        Access::ReadOnly | Access::ReadWrite => Ok(session.client.clone()),
        Access::Protected => {
            confirm_by_name(&session.context().name, confirmed)?;
            Ok(session.client.confirmed())
        }
    }
}

/// Writes a plan as data: a diff for people, `{"changes": […]}` for programs.
///
/// # Errors
/// Standard output cannot be written.
pub fn show(out: &Output, plan: &Plan) -> anyhow::Result<()> {
    show_with(out, plan, None)
}

fn show_with(out: &Output, plan: &Plan, forecast: Option<&Forecast>) -> anyhow::Result<()> {
    match out.format() {
        Format::Table => {
            let lines = preview(plan).into_iter().map(|line| line + "\n").collect::<String>();
            out.write(&lines)?;
            for line in forecast.map(Forecast::lines).unwrap_or_default() {
                out.say(&line);
            }
            Ok(())
        }
        Format::Json | Format::Yaml => {
            let changes: Vec<_> = plan.changes().iter().map(diff::json).collect();
            let mut value = serde_json::json!({ "changes": changes });
            if let Some(forecast) = forecast {
                forecast.add_to(&mut value);
            }
            out.value(&value)
        }
    }
}

fn preview(plan: &Plan) -> Vec<String> {
    plan.changes()
        .iter()
        .flat_map(diff::lines)
        .map(|line| crate::tui::text::clean(&line.to_string()).into_owned())
        .collect()
}

/// The client that may write, once a person has agreed.
fn confirm(session: &Session, write: &Write<'_>) -> anyhow::Result<Client> {
    // Typing the context's name is the stronger answer: it is not asked twice.
    if write.ask == Ask::Always && !write.args.yes && session.client.access() == Access::ReadWrite {
        ask_yes(write.plan)?;
    }
    writer(session, write.args.confirm.as_deref())
}

fn ask_yes(plan: &Plan) -> anyhow::Result<()> {
    if !Output::can_ask() {
        return Err(usage(
            "nobody is there to confirm this\nhint: --yes does it without asking, --dry-run only shows it",
        ));
    }
    let answer = output::ask(&format!("{}? [y/N] ", crate::tui::text::clean(&plan.title())))?;
    anyhow::ensure!(matches!(answer.trim(), "y" | "Y" | "yes"), "nothing was written");
    Ok(())
}

fn confirm_by_name(context: &str, given: Option<&str>) -> anyhow::Result<()> {
    let typed = match given {
        Some(given) => given.to_owned(),
        None if Output::can_ask() => {
            output::ask(&format!("the context is protected; type its name ({context}) to go on: "))?
        }
        None => {
            let text = format!("the context {context} is protected\nhint: --confirm {context} writes without asking");
            return Err(usage(&text));
        }
    };
    anyhow::ensure!(typed.trim() == context, "{typed:?} is not the context's name; nothing was written");
    Ok(())
}

fn usage(text: &str) -> anyhow::Error {
    Mistyped(text.to_owned()).into()
}

async fn run_with_progress(
    session: &Session,
    client: &Client,
    write: &Write<'_>,
    resumed: Option<&PlanId>,
) -> anyhow::Result<Report> {
    let journal = session.journal()?;
    let options = run::Options {
        keeps_going: write.keeps_going,
        undoes: write.undoes.clone(),
        ..run::Options::new(session.author())
    };
    let cancel = CancellationToken::new();
    let (sender, receiver) = mpsc::channel(PROGRESS_MAX);
    let running = async {
        let report = match resumed {
            Some(id) => run::resume(client, journal, id, &options, &cancel, &sender).await,
            None => run::run(client, journal, write.plan, &options, &cancel, &sender).await,
        };
        drop(sender);
        report
    };
    let running = async { anyhow::Ok(running.await?) };
    let (report, ()) = tokio::try_join!(running, watch(session.out, write.plan, receiver, &cancel))?;
    Ok(report)
}

/// Shows how far the plan is. Ctrl-C stops it between changes, a second one at once.
async fn watch(
    out: Output,
    plan: &Plan,
    mut progress: mpsc::Receiver<Progress>,
    cancel: &CancellationToken,
) -> anyhow::Result<()> {
    let mut interrupts = Interrupts::new()?;
    let mut finished = 0;
    loop {
        let news = tokio::select! {
            news = progress.recv() => news,
            () = interrupts.next() => {
                out.progress_over();
                if cancel.is_cancelled() {
                    return Err(Abandoned.into());
                }
                cancel.cancel();
                output::talk("stopping: what is under way is finished first; Ctrl-C again stops at once");
                continue;
            }
        };
        match news {
            Some(Progress::Item { index, step }) => {
                if matches!(step, Step::Finished(_)) {
                    finished += 1;
                }
                let total = plan.changes().len();
                let name = plan.changes().get(index).map_or("", Change::name);
                out.progress(&format!("{finished}/{total}  {name}  {}", step_text(&step)));
            }
            Some(Progress::Started(_) | Progress::Followed { .. }) => {}
            None => break,
        }
    }
    out.progress_over();
    Ok(())
}

fn step_text(step: &Step) -> String {
    match step {
        Step::Checking => "reading it again".to_owned(),
        Step::Writing => "writing".to_owned(),
        Step::Waiting(duration) => format!("the server asks to wait {} s", duration.as_secs()),
        Step::Settling => "the answer was lost: reading what became of it".to_owned(),
        Step::Finished(_) => String::new(),
    }
}
