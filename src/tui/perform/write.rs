//! Runs plans, and reports on them. The only way in which the dashboard changes a server.

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::server::{Messages, tell};
use crate::client::Client;
use crate::plan::history::Author;
use crate::plan::journal::{Bounds, Journal};
use crate::plan::{self, Plan, PlanId, Report};
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::message::Message;

/// How many steps of a running plan wait to be shown.
const PROGRESS_MAX: usize = 256;

/// A plan to be run.
pub(super) struct Job {
    /// Carried by all that is told about it.
    pub(super) ticket: Ticket,
    /// To whom to write.
    pub(super) client: Client,
    /// What.
    pub(super) plan: Plan,
    /// What of the journal it takes back.
    pub(super) undoes: Option<PlanId>,
    /// Where the journal is.
    pub(super) journal: PathBuf,
    /// Who does it, for the journal.
    pub(super) author: Author,
}

/// Runs a plan to its end.
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
        let answer = run_plan(job, &cancel, &sender).await;
        drop(sender);
        answer
    };
    let (answer, ()) = futures_util::join!(running, telling);
    tell(&messages, Message::Report { ticket, answer: Box::new(answer) });
}

async fn run_plan(
    job: Job,
    cancel: &CancellationToken,
    progress: &mpsc::Sender<plan::Progress>,
) -> Result<Report, Failure> {
    let failed = |error: plan::journal::JournalError| {
        Failure::new(FailureKind::Other, error.to_string())
            .hint("nothing was written: changes are made only where they can be put into the journal")
    };
    let folder = job.journal;
    let journal = tokio::task::spawn_blocking(move || Journal::open(folder, Bounds::default()))
        .await
        .map_err(|_| Failure::new(FailureKind::Other, "the journal could not be opened"))?
        .map_err(failed)?;
    let options = plan::run::Options { undoes: job.undoes, ..plan::run::Options::new(job.author) };
    plan::run(&job.client, &journal, &job.plan, &options, cancel, progress).await.map_err(failed)
}
