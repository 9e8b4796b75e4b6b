//! Runs a plan: in order, independent changes beside each other, each read again right before its write, with a line
//! in the journal before and after it. It stops at the first failure unless told otherwise, and says exactly what was
//! done. A write whose answer was lost is settled by reading; it is never sent blindly again.
//!
//! One change is in `item`, the requests in `send`, doubt in `settle`, what this plan itself wrote in `wrote`.

mod item;
mod lookup;
mod send;
mod settle;
mod wrote;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Plan;
use super::change::Change;
use super::history::{Author, JournalLine};
use super::journal::{Journal, JournalError, Running};
use super::outcome::{Failure, Outcome, PlanId, Progress, Report, Step};
use crate::api::MintedKey;
use crate::client::{Client, ClientError};
use crate::clock;
use wrote::Wrote;

/// How many independent changes are under way at the same time, unless told otherwise.
pub const PARALLEL: usize = 8;
/// The pauses between the reads that settle a write whose answer was lost.
pub const SETTLE_PAUSES: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// How long all waits that a server asks for (429) may be together, for one change.
pub const RATE_LIMIT_WAIT_MAX: Duration = Duration::from_mins(10);

/// How a plan is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Who runs it, and against what: for the journal.
    pub author: Author,
    /// See [`PARALLEL`]; at least 1.
    pub parallel: usize,
    /// True: what does not depend on a change that failed is done all the same.
    pub keeps_going: bool,
    /// The plan that this one undoes.
    pub undoes: Option<PlanId>,
    /// See [`SETTLE_PAUSES`].
    pub settle_pauses: Vec<Duration>,
    /// See [`RATE_LIMIT_WAIT_MAX`].
    pub rate_limit_wait_max: Duration,
}

impl Options {
    /// The usual way.
    #[must_use]
    pub fn new(author: Author) -> Self {
        Self {
            author,
            parallel: PARALLEL,
            keeps_going: false,
            undoes: None,
            settle_pauses: SETTLE_PAUSES.to_vec(),
            rate_limit_wait_max: RATE_LIMIT_WAIT_MAX,
        }
    }
}

/// Runs a plan from its start.
///
/// `cancel` stops it between changes: what is under way is finished. What does not fit into `progress` is dropped: a
/// listener that is slow, or gone, stops nothing, and the report has it all.
///
/// # Errors
/// A journal that can't be written: then nothing was sent. What fails later is in the report.
pub async fn run(
    client: &Client,
    journal: &Journal,
    plan: &Plan,
    options: &Options,
    cancel: &CancellationToken,
    progress: &mpsc::Sender<Progress>,
) -> Result<Report, JournalError> {
    let (journal, noted, author) = (journal.clone(), plan.clone(), options.author.clone());
    let undoes = options.undoes.clone();
    let running = blocking(move || journal.begin(&noted, &author, undoes.as_ref())).await?;
    let start = plan.changes().iter().map(|_| Start::Fresh).collect();
    go(client, running, plan, start, options, cancel, progress).await
}

/// Goes on with a plan whose program died: what is done stays, what is in doubt is settled by reading, and the rest is
/// run as it was planned, guarded as ever.
///
/// # Errors
/// A journal that can't be read or written, no such plan, or one that another program runs.
pub async fn resume(
    client: &Client,
    journal: &Journal,
    id: &PlanId,
    options: &Options,
    cancel: &CancellationToken,
    progress: &mpsc::Sender<Progress>,
) -> Result<Report, JournalError> {
    let (journal, wanted) = (journal.clone(), id.clone());
    let (running, entry) = blocking(move || journal.take_up(&wanted)).await?;
    let start = entry
        .items
        .iter()
        .map(|item| match &item.outcome {
            Some(outcome) if outcome.is_success() => Start::Over(outcome.clone()),
            _ if item.is_in_doubt() => Start::InDoubt,
            Some(_) | None => Start::Fresh,
        })
        .collect();
    go(client, running, &entry.plan(), start, options, cancel, progress).await
}

/// Where a change stands when a plan begins or is taken up again.
enum Start {
    /// Nothing was sent.
    Fresh,
    /// Something was sent, and nobody knows what became of it.
    InDoubt,
    /// It is done.
    Over(Outcome),
}

/// What all changes of a running plan share.
struct Job<'a> {
    client: &'a Client,
    running: Arc<Running>,
    options: &'a Options,
    cancel: &'a CancellationToken,
    progress: &'a mpsc::Sender<Progress>,
    wrote: Mutex<Wrote>,
    keys: Mutex<Vec<(usize, MintedKey)>>,
}

impl Job<'_> {
    fn tell(&self, index: usize, step: Step) {
        // Nobody may listen, or too slowly; the plan goes on, and its report has it all.
        drop(self.progress.try_send(Progress::Item { index, step }));
    }

    async fn note(&self, line: JournalLine) -> Result<(), JournalError> {
        let running = Arc::clone(&self.running);
        blocking(move || running.add(&line)).await
    }

    fn wrote(&self) -> std::sync::MutexGuard<'_, Wrote> {
        self.wrote.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn go(
    client: &Client,
    running: Running,
    plan: &Plan,
    start: Vec<Start>,
    options: &Options,
    cancel: &CancellationToken,
    progress: &mpsc::Sender<Progress>,
) -> Result<Report, JournalError> {
    let id = running.id().clone();
    drop(progress.try_send(Progress::Started(id.clone())));
    let job = Job {
        client,
        running: Arc::new(running),
        options,
        cancel,
        progress,
        wrote: Mutex::default(),
        keys: Mutex::default(),
    };
    let mut board = Board::new(plan, &start, &job);
    let mut under_way = FuturesUnordered::new();
    let mut journal_failure = None;
    loop {
        while under_way.len() < options.parallel.max(1) && !cancel.is_cancelled() {
            let Some(index) = board.next() else { break };
            let Some(change) = plan.changes().get(index) else { break };
            let is_in_doubt = matches!(start.get(index), Some(Start::InDoubt));
            let job = &job;
            under_way.push(async move { (index, item::run(job, index, change, is_in_doubt).await) });
        }
        let Some((index, outcome)) = under_way.next().await else { break };
        let line = JournalLine::Outcome { plan: id.clone(), index, at: clock::now(), result: outcome.clone() };
        if let Err(error) = job.note(line).await {
            // What can't be noted must not go on: a later crash could not tell what was done.
            journal_failure = Some(Failure { message: error.to_string(), hint: None });
            board.stop();
        }
        job.tell(index, Step::Finished(outcome.clone()));
        board.finish(index, outcome, options.keeps_going);
    }
    let cancelled = cancel.is_cancelled() && board.is_unfinished();
    let running = Arc::clone(&job.running);
    if let Err(error) = blocking(move || running.finish(cancelled)).await {
        journal_failure.get_or_insert(Failure { message: error.to_string(), hint: None });
    }
    let keys = std::mem::take(&mut *job.keys.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Report { id, outcomes: board.outcomes(), cancelled, keys, journal_failure, rolled_back: false })
}

/// Which changes are over, which may begin, and which wait.
struct Board {
    outcomes: Vec<Option<Outcome>>,
    followers: Vec<Vec<usize>>,
    waits: Vec<usize>,
    ready: BinaryHeap<Reverse<usize>>,
    is_stopped: bool,
}

impl Board {
    fn new(plan: &Plan, start: &[Start], job: &Job<'_>) -> Self {
        let dependencies = plan.dependencies();
        let mut followers = vec![Vec::new(); dependencies.len()];
        let mut waits = vec![0; dependencies.len()];
        for (index, earlier) in dependencies.iter().enumerate() {
            // What waits for something after it waits in a circle; the plan's order stands then.
            for earlier in earlier.iter().filter(|earlier| **earlier < index) {
                if let (Some(list), Some(count)) = (followers.get_mut(*earlier), waits.get_mut(index)) {
                    list.push(index);
                    *count += 1;
                }
            }
        }
        let ready =
            waits.iter().enumerate().filter(|(_, count)| **count == 0).map(|(index, _)| Reverse(index)).collect();
        let mut board = Self { outcomes: vec![None; dependencies.len()], followers, waits, ready, is_stopped: false };
        for (index, (start, change)) in start.iter().zip(plan.changes()).enumerate() {
            if let Start::Over(outcome) = start {
                job.wrote().remember(change, outcome);
                board.finish(index, outcome.clone(), true);
            }
        }
        board
    }

    /// The first change that may begin.
    fn next(&mut self) -> Option<usize> {
        while !self.is_stopped {
            let Reverse(index) = self.ready.pop()?;
            if self.outcomes.get(index).is_some_and(Option::is_none) {
                return Some(index);
            }
        }
        None
    }

    fn finish(&mut self, index: usize, outcome: Outcome, keeps_going: bool) {
        let is_success = outcome.is_success();
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
        if !is_success {
            // What depends on it never becomes ready.
            self.is_stopped |= !keeps_going;
            return;
        }
        for follower in self.followers.get(index).into_iter().flatten() {
            if let Some(count) = self.waits.get_mut(*follower) {
                *count -= 1;
                if *count == 0 {
                    self.ready.push(Reverse(*follower));
                }
            }
        }
    }

    fn stop(&mut self) {
        self.is_stopped = true;
    }

    fn is_unfinished(&self) -> bool {
        self.outcomes.iter().any(Option::is_none)
    }

    fn outcomes(self) -> Vec<Outcome> {
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::NotTried)).collect()
    }
}

/// Files are read and written beside the threads that answer keys.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, JournalError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| JournalError::Stopped)?
}

impl From<&ClientError> for Failure {
    fn from(error: &ClientError) -> Self {
        Self { message: error.message.clone(), hint: error.hint.clone() }
    }
}

/// What a change is made on, once this plan itself has written to its subject.
fn on_what_was_written(job: &Job<'_>, change: &Change) -> Change {
    job.wrote().on_top(change)
}
