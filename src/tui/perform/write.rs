//! Runs plans, and reports on them. The only way in which the dashboard changes a server.

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::MakeProber;
use super::server::{Messages, tell};
use crate::client::Client;
use crate::plan::history::Author;
use crate::plan::journal::{Bounds, Journal};
use crate::plan::{self, Plan, PlanId, Report};
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::message::Message;

/// How many steps of a running plan wait to be shown.
const PROGRESS_MAX: usize = 256;

/// How what was written is followed through the data plane.
pub(super) struct Follow {
    /// What calls.
    pub(super) prober: MakeProber,
    /// True where the old targets are put back if the new ones do not answer.
    pub(super) puts_back: bool,
}

/// What is to be done.
pub(super) struct What {
    /// The changes.
    pub(super) plan: Plan,
    /// What of the journal it takes back.
    pub(super) undoes: Option<PlanId>,
    /// How it is followed.
    pub(super) follow: Option<Follow>,
}

/// A plan to be run.
pub(super) struct Job {
    /// Carried by all that is told about it.
    pub(super) ticket: Ticket,
    /// To whom to write.
    pub(super) client: Client,
    /// What.
    pub(super) what: What,
    /// Where the journal is.
    pub(super) journal: PathBuf,
    /// Who does it, for the journal.
    pub(super) author: Author,
}

/// Runs a plan to its end, and follows it where that was asked for.
pub(super) async fn run(job: Job, cancel: CancellationToken, messages: Messages) {
    let ticket = job.ticket;
    let (sender, mut receiver) = mpsc::channel(PROGRESS_MAX);
    let told = messages.clone();
    let telling = async move {
        while let Some(progress) = receiver.recv().await {
            tell(&told, Message::Progress { ticket, progress });
        }
    };
    let running = async move {
        match run_plan(&job, &cancel, &sender).await {
            Ok((journal, report)) => {
                tell(&messages, Message::Report { ticket, answer: Box::new(Ok(report.clone())) });
                if let Some(how) = &job.what.follow {
                    let put_back = follow(&job, how, &journal, &report, &cancel, &sender).await;
                    tell(&messages, Message::FollowEnded { ticket, put_back });
                }
            }
            Err(failure) => tell(&messages, Message::Report { ticket, answer: Box::new(Err(failure)) }),
        }
    };
    futures_util::join!(running, telling);
}

/// Runs it, and answers its report and the journal that it stands in.
pub(super) async fn run_plan(
    job: &Job,
    cancel: &CancellationToken,
    progress: &mpsc::Sender<plan::Progress>,
) -> Result<(Journal, Report), Failure> {
    let failed = |error: plan::journal::JournalError| {
        Failure::new(FailureKind::Other, error.to_string())
            .hint("nothing was written: changes are made only where they can be put into the journal")
    };
    let folder = job.journal.clone();
    let journal = tokio::task::spawn_blocking(move || Journal::open(folder, Bounds::default()))
        .await
        .map_err(|_| Failure::new(FailureKind::Other, "the journal could not be opened"))?
        .map_err(failed)?;
    let options = plan::run::Options { undoes: job.what.undoes.clone(), ..plan::run::Options::new(job.author.clone()) };
    let report = plan::run(&job.client, &journal, &job.what.plan, &options, cancel, progress).await.map_err(failed)?;
    Ok((journal, report))
}

/// Follows what was written until the new targets answer. Tells what became of putting the old ones back.
async fn follow(
    job: &Job,
    how: &Follow,
    journal: &Journal,
    report: &Report,
    cancel: &CancellationToken,
    progress: &mpsc::Sender<plan::Progress>,
) -> Option<Result<(), Failure>> {
    let make = std::sync::Arc::clone(&how.prober);
    let prober = tokio::task::spawn_blocking(move || make()).await.unwrap_or_else(|_| Err("no probe".to_owned()));
    let prober = match prober {
        Ok(prober) => prober,
        Err(said) => return Some(Err(Failure::new(FailureKind::Other, format!("not probed: {said}")))),
    };
    let options = plan::follow::Options { prober: Some(prober), ..plan::follow::Options::default() };
    let ends = plan::follow::follow(&job.client, journal, &job.what.plan, report, &options, cancel, progress).await;
    let ends = match ends {
        Ok(ends) => ends,
        Err(error) => return Some(Err(Failure::new(FailureKind::Other, error.to_string()))),
    };
    if !how.puts_back {
        return None;
    }
    let options = plan::run::Options::new(job.author.clone());
    let rolled = plan::follow::roll_back(&job.client, journal, &report.id, &ends, &options, cancel, progress).await;
    match rolled {
        Ok(None) => None,
        Ok(Some(report)) if report.is_success() => Some(Ok(())),
        Ok(Some(_)) => Some(Err(Failure::new(FailureKind::Conflict, "the old target could not be put back"))),
        Err(error) => Some(Err(Failure::new(FailureKind::Conflict, error.to_string()))),
    }
}
