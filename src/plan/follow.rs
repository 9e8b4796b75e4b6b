//! Follows what a plan has written until it is in effect: by the gateway's own sync report where it has one, else by a
//! call through the data plane where a key is named for that, else by the sync interval. Where a probe fails the old
//! target can be put back, which is a plan of its own, guarded and journaled.

mod probe;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::change::{Change, Subject};
use super::history::{Entry, JournalLine};
use super::journal::{Journal, JournalError};
use super::outcome::{Done, Failure, Outcome, PlanId, Progress, Proof, Report, Sighting};
use super::{Plan, run, survey, undo};
use crate::api::{SyncReport, Time};
use crate::client::Client;
use crate::clock;
use crate::sync::{INTERVAL_DEFAULT, ProbeResult, ServerClock};
pub use probe::Prober;

/// Between two looks at the sync report, at most.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks, at least: a report that says "now" must not be asked without pause.
const LOOK_MIN: Duration = Duration::from_millis(20);
/// Without a time that was set it is given up after so many intervals, and this long: no wait is without an end.
const INTERVALS_MAX: u32 = 3;
const GRACE: Duration = Duration::from_secs(30);
/// So many probes are made in a sync interval, at least.
const PROBES_AN_INTERVAL: u32 = 4;
/// How many probes in a row must fail, once the change should be in effect, before it counts as not serving.
const PROBE_FAILURES_MAX: u32 = 3;

/// How changes are followed.
#[derive(Debug, Clone)]
pub struct Options {
    /// Gives up after this time. `None`: after a few sync intervals.
    pub timeout: Option<Duration>,
    /// How often the gateway takes changes over, where it does not tell.
    pub interval: Duration,
    /// Between two probes.
    pub probe_pause: Duration,
    /// Calls through the data plane. `None`: it is not allowed to.
    pub prober: Option<Prober>,
}

impl Default for Options {
    fn default() -> Self {
        Self { timeout: None, interval: INTERVAL_DEFAULT, probe_pause: Duration::from_secs(5), prober: None }
    }
}

/// Waits until each written change is in effect. Answers how each ended; `None` for one that was not written.
///
/// # Errors
/// A journal that can't be written.
pub async fn follow(
    client: &Client,
    journal: &Journal,
    plan: &Plan,
    report: &Report,
    options: &Options,
    cancel: &CancellationToken,
    progress: &mpsc::Sender<Progress>,
) -> Result<Vec<Option<Sighting>>, JournalError> {
    let mut watch = Watch::new(client, plan, report, options, progress);
    loop {
        // Who waits no longer does not wait for the answer to a last look either.
        let pause = tokio::select! {
            pause = watch.look() => Some(pause),
            () = cancel.cancelled() => None,
        };
        note(journal, &report.id, &mut watch).await?;
        let Some(pause) = pause.filter(|_| !watch.open.is_empty()) else { break };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cancel.cancelled() => break,
        }
    }
    Ok(watch.ends)
}

async fn note(journal: &Journal, plan: &PlanId, watch: &mut Watch<'_>) -> Result<(), JournalError> {
    for (index, sighting) in std::mem::take(&mut watch.fresh_ends) {
        let line = JournalLine::Seen { plan: plan.clone(), index, at: clock::now(), sighting };
        let journal = journal.clone();
        tokio::task::spawn_blocking(move || journal.add(&line)).await.map_err(|_| JournalError::Stopped)??;
    }
    Ok(())
}

/// A change that is not in effect yet.
struct Open<'a> {
    index: usize,
    change: &'a Change,
    done: &'a Done,
    probe_failures: u32,
    is_applied: bool,
    last: Option<Sighting>,
}

struct Watch<'a> {
    client: &'a Client,
    options: &'a Options,
    progress: &'a mpsc::Sender<Progress>,
    started: Instant,
    clock: ServerClock,
    open: Vec<Open<'a>>,
    ends: Vec<Option<Sighting>>,
    fresh_ends: Vec<(usize, Sighting)>,
}

impl<'a> Watch<'a> {
    fn new(
        client: &'a Client,
        plan: &'a Plan,
        report: &'a Report,
        options: &'a Options,
        progress: &'a mpsc::Sender<Progress>,
    ) -> Self {
        let mut open: Vec<Open<'a>> = Vec::new();
        for (index, (change, outcome)) in plan.changes().iter().zip(&report.outcomes).enumerate() {
            if let Outcome::Done(done) = outcome {
                open.push(Open { index, change, done, probe_failures: 0, is_applied: false, last: None });
            }
        }
        Self {
            client,
            options,
            progress,
            started: clock::instant(),
            clock: ServerClock::default(),
            open,
            ends: vec![None; plan.changes().len()],
            fresh_ends: Vec::new(),
        }
    }

    /// Looks once at everything that is open. Answers when to look again.
    async fn look(&mut self) -> Duration {
        let report = self.report().await;
        let now = self.clock.now(clock::now());
        let interval = report
            .as_ref()
            .map_or(self.options.interval, |report| Duration::from_secs_f64(report.interval_seconds.max(0.0)));
        let limit =
            self.options.timeout.unwrap_or_else(|| interval.saturating_mul(INTERVALS_MAX).saturating_add(GRACE));
        let is_over = self.started.elapsed() >= limit;
        let mut still_open = Vec::new();
        let mut pause = LOOK;
        for mut open in std::mem::take(&mut self.open) {
            let (sighting, is_end) = self.see(&mut open, report.as_ref(), now, interval).await;
            let (sighting, is_end) = if !is_end && is_over {
                (Sighting::GaveUp { after_ms: millis(now.since(open.done.at)) }, true)
            } else {
                (sighting, is_end)
            };
            if open.last.as_ref() != Some(&sighting) {
                let told = Progress::Followed { index: open.index, sighting: sighting.clone() };
                drop(self.progress.try_send(told));
            }
            if is_end {
                if let Some(slot) = self.ends.get_mut(open.index) {
                    *slot = Some(sighting.clone());
                }
                self.fresh_ends.push((open.index, sighting));
            } else {
                pause = pause.min(self.next_look(&open, report.as_ref(), now, interval));
                open.last = Some(sighting);
                still_open.push(open);
            }
        }
        self.open = still_open;
        pause.min(limit.saturating_sub(self.started.elapsed())).max(LOOK_MIN)
    }

    async fn report(&mut self) -> Option<SyncReport> {
        let sent = clock::now();
        let answer = self.client.sync_report().await.ok()?;
        if let Some(date) = answer.date {
            self.clock = self.clock.observe(date, sent, clock::now());
        }
        Some(answer.body)
    }

    /// True where the gateway has a report and does not answer it now: then time proves nothing.
    fn is_silent(&self, report: Option<&SyncReport>) -> bool {
        report.is_none() && self.client.is_local_gateway() == Some(true)
    }

    /// When a change should be seen in effect, if it is not yet.
    fn next_look(&self, open: &Open<'_>, report: Option<&SyncReport>, now: Time, interval: Duration) -> Duration {
        if self.options.prober.is_some() && (report.is_none() || open.is_applied) {
            // A gateway that syncs often is not called less often than it changes.
            return self.options.probe_pause.min(interval / PROBES_AN_INTERVAL);
        }
        match report {
            Some(report) => report.next_sync_at.since(now).clamp(LOOK_MIN, LOOK),
            None if self.is_silent(report) => LOOK,
            None => open.done.at.plus(interval).since(now),
        }
    }

    /// What can be said of a change now, and whether that is the end of it.
    async fn see(
        &self,
        open: &mut Open<'_>,
        report: Option<&SyncReport>,
        now: Time,
        interval: Duration,
    ) -> (Sighting, bool) {
        let in_effect = |proof| (Sighting::InEffect { after_ms: millis(now.since(open.done.at)), proof }, true);
        if !waits_for_sync(open.change) {
            return in_effect(if report.is_some() { Proof::SyncReport } else { Proof::Interval });
        }
        if self.is_silent(report) {
            return (Sighting::Waiting { remaining_seconds: None }, false);
        }
        let due = open.done.at.plus(interval);
        let proof = match (open.done.revision, report) {
            (Some(revision), Some(report)) => (report.applied_revision >= revision).then_some(Proof::SyncReport),
            _ => (now >= due).then_some(Proof::Interval),
        };
        open.is_applied = proof.is_some();
        let result = match &self.options.prober {
            Some(prober) if proof.is_some() || report.is_none() => prober.probe(open.change, open.done).await,
            Some(_) | None => None,
        };
        match (result, proof) {
            (Some(ProbeResult::New), _) => in_effect(Proof::Probe),
            (None | Some(ProbeResult::Untold), Some(proof)) => in_effect(proof),
            (Some(ProbeResult::Old { target }), _) => (Sighting::StillOld { target }, false),
            (Some(ProbeResult::Failed { reason }), proof) => {
                open.probe_failures = if proof.is_some() { open.probe_failures + 1 } else { 0 };
                (Sighting::ProbeFailed { reason }, open.probe_failures >= PROBE_FAILURES_MAX)
            }
            (None | Some(ProbeResult::Untold), None) => {
                let next = report.map_or(due, |report| report.next_sync_at);
                (Sighting::Waiting { remaining_seconds: Some(next.since(now).as_secs()) }, false)
            }
        }
    }
}

/// Endpoints take effect at the next sync; groups and keys act at once.
fn waits_for_sync(change: &Change) -> bool {
    match change {
        Change::CreateEndpoint { .. } | Change::UpdateEndpoint { .. } | Change::DeleteEndpoint { .. } => true,
        Change::CreateGroup { .. }
        | Change::UpdateGroup { .. }
        | Change::DeleteGroup { .. }
        | Change::MintKey { .. }
        | Change::RevokeKey { .. } => false,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Why the old targets could not be put back.
#[derive(Debug, thiserror::Error)]
pub enum RollBackError {
    /// The journal can't be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The server can't be read.
    #[error("cannot put the old target back: {}", .0.message)]
    Server(Failure),
    /// Somebody has written since, or it can't be undone.
    #[error("cannot put the old target back: {0}")]
    Refused(#[from] undo::Refusal),
}

/// Puts back what was before the changes whose probes failed. `None` where none did.
///
/// # Errors
/// See [`RollBackError`]: nothing was written then.
pub async fn roll_back(
    client: &Client,
    journal: &Journal,
    id: &PlanId,
    sightings: &[Option<Sighting>],
    options: &run::Options,
    cancel: &CancellationToken,
    progress: &mpsc::Sender<Progress>,
) -> Result<Option<Report>, RollBackError> {
    let (reader, wanted) = (journal.clone(), id.clone());
    let entry =
        tokio::task::spawn_blocking(move || reader.entry(&wanted)).await.map_err(|_| JournalError::Stopped)??;
    let Some(failed) = failed_part(entry, sightings) else { return Ok(None) };
    let current = survey::current(client, &undo::needs(&failed.entry)).await;
    let current = current.map_err(|error| RollBackError::Server(Failure::from(&error)))?;
    let plan = undo::plan(&failed.entry, &current)?;
    let options = run::Options { undoes: failed.is_all.then(|| id.clone()), ..options.clone() };
    Ok(Some(run::run(client, journal, &plan, &options, cancel, progress).await?))
}

struct FailedPart {
    entry: Entry,
    is_all: bool,
}

/// The part of an entry whose probes failed, with all that it did to the same subjects.
fn failed_part(mut entry: Entry, sightings: &[Option<Sighting>]) -> Option<FailedPart> {
    let failed: BTreeSet<Subject> = entry
        .items
        .iter()
        .zip(sightings)
        .filter(|(_, sighting)| matches!(sighting, Some(Sighting::ProbeFailed { .. })))
        .map(|(item, _)| item.change.subject())
        .collect();
    if failed.is_empty() {
        return None;
    }
    let written = entry.items.iter().filter(|item| item.done().is_some()).count();
    entry.items.retain(|item| failed.contains(&item.change.subject()));
    let is_all = entry.items.iter().filter(|item| item.done().is_some()).count() == written;
    Some(FailedPart { entry, is_all })
}
