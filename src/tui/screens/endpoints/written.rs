//! What became of a plan: the rows take what the server answered, and the change is followed until it is in effect.

use std::time::Duration;

use super::Endpoints;
use super::work::Work;
use crate::api::{EndpointId, Time};
use crate::plan::history::JournalLine;
use crate::plan::{self, Change, Done, Outcome, PlanId, Proof, Record, Report, Sighting};
use crate::sync::{self, Probe, ProbeResult, Written};
use crate::tui::effect::Effect;
use crate::tui::load::{Failure, FailureKind};
use crate::tui::overlays::notices::Tone;
use crate::tui::session::Shared;

/// How many probes of a change are kept.
const PROBES_MAX: usize = 20;

/// A change that was written from here, and is followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    /// The write.
    pub written: Written,
    /// Its place in the journal.
    pub noted: (PlanId, usize),
    /// What calls through the data plane showed, oldest first.
    pub probes: Vec<Probe>,
    /// True while calls through the data plane tell, and nothing else does.
    pub is_probed: bool,
    /// When it was seen in effect.
    pub in_effect: Option<Time>,
}

impl Endpoints {
    /// Takes the report of the plan that is open.
    pub fn receive_report(
        &mut self,
        change: &Change,
        answer: Result<Report, Failure>,
        shared: &mut Shared,
    ) -> Vec<Effect> {
        let report = match answer {
            Ok(report) => report,
            Err(failure) => {
                self.work.fail(failure);
                return Vec::new();
            }
        };
        let mut verdict = None;
        for (place, outcome) in report.outcomes.into_iter().enumerate() {
            match outcome {
                Outcome::Done(done) => self.take(change, &done, (report.id.clone(), place)),
                Outcome::AlreadySo | Outcome::NotTried => {}
                other => verdict = verdict.or(Some(other)),
            }
        }
        self.refresh(shared, true);
        let Some(outcome) = verdict else {
            self.work = Work::None;
            let title = change.title();
            let said = if matches!(change, Change::DeleteEndpoint { .. }) {
                format!("done: {title}")
            } else {
                let wait = shared.until_next_sync().unwrap_or_else(|| shared.sync_interval());
                if wait.is_zero() {
                    format!("done: {title}\nin effect with the next sync, any moment now")
                } else {
                    format!("done: {title}\nin effect within {}", sync::countdown(wait))
                }
            };
            shared.notices.say(shared.now, Tone::Good, said);
            return read_afterwards(shared);
        };
        self.judge(change, outcome, shared)
    }

    fn judge(&mut self, change: &Change, outcome: Outcome, shared: &mut Shared) -> Vec<Effect> {
        match outcome {
            Outcome::Conflict(conflict) => self.work.conflict(*conflict, change.clone()),
            Outcome::Failed(failure) => self.work.fail(plain(failure, true)),
            Outcome::Unsettled(failure) => {
                self.work = Work::None;
                shared.notices.fail(shared.now, &plain(failure, false));
            }
            Outcome::RenameRefused { kept, wanted } => {
                self.work = Work::None;
                let failure = Failure::new(
                    FailureKind::Invalid,
                    format!("the server kept the slug {kept}; it does not rename to {wanted}"),
                );
                let hint = "create an endpoint with the new slug, grant it to the groups, then delete the old one";
                shared.notices.fail(shared.now, &failure.hint(hint));
            }
            Outcome::Done(_) | Outcome::AlreadySo | Outcome::NotTried => self.work = Work::None,
        }
        read_afterwards(shared)
    }

    /// Takes what several changes became that belong to one plan. Answers how many were written.
    pub fn take_all(&mut self, changes: &[Change], report: &Report, shared: &Shared) -> usize {
        let mut count = 0;
        for (place, (change, outcome)) in changes.iter().zip(&report.outcomes).enumerate() {
            if let Outcome::Done(done) = outcome {
                self.take(change, done, (report.id.clone(), place));
                count += 1;
            }
        }
        self.refresh(shared, true);
        count
    }

    fn take(&mut self, change: &Change, done: &Done, noted: (PlanId, usize)) {
        match &done.after {
            Record::Endpoint(endpoint) => {
                let written = Written { at: done.at, revision: done.revision, updated_at: endpoint.updated_at };
                self.written.insert(
                    endpoint.id.clone(),
                    Followed { written, noted, probes: Vec::new(), is_probed: false, in_effect: None },
                );
                self.list.selected = Some(endpoint.id.clone());
                self.rows.put(endpoint.as_ref().clone());
            }
            Record::Gone => {
                if let Some(id) = subject(change) {
                    self.rows.remove(id);
                    self.written.remove(id);
                }
            }
            Record::Group(_) | Record::Key(_) => {}
        }
    }

    /// Something was seen of a change that is followed through the data plane.
    pub fn see(&mut self, noted: &(PlanId, usize), sighting: &Sighting, shared: &mut Shared) {
        let now = shared.server_now();
        let found = self.written.iter_mut().find(|(_, followed)| followed.noted == *noted);
        let Some((id, followed)) = found else { return };
        followed.is_probed = true;
        let result = match sighting {
            Sighting::Waiting { .. } | Sighting::GaveUp { .. } => None,
            Sighting::StillOld { target } => Some(ProbeResult::Old { target: target.clone() }),
            Sighting::ProbeFailed { reason } => Some(ProbeResult::Failed { reason: reason.clone() }),
            Sighting::InEffect { proof: Proof::Probe, .. } => Some(ProbeResult::New),
            Sighting::InEffect { .. } => Some(ProbeResult::Untold),
        };
        if let Some(result) = result {
            followed.probes.push(Probe { at: now, result });
            let surplus = followed.probes.len().saturating_sub(PROBES_MAX);
            followed.probes.drain(..surplus);
        }
        let slug = self.rows.by_id(id).map(|row| row.slug.to_string()).unwrap_or_default();
        match sighting {
            Sighting::InEffect { after_ms, .. } => {
                followed.in_effect = Some(now);
                let after = crate::tui::text::span(Duration::from_millis(*after_ms));
                let said = format!("{slug} is in effect, {after} after it was written");
                shared.notices.say(shared.now, Tone::Good, said);
            }
            Sighting::GaveUp { .. } => {
                followed.is_probed = false;
                let said = format!("{slug}: the new target was not seen to answer in time");
                shared.notices.say(shared.now, Tone::Bad, said);
            }
            Sighting::Waiting { .. } | Sighting::StillOld { .. } | Sighting::ProbeFailed { .. } => {}
        }
    }

    /// Looks which followed changes have come into effect, and says so once.
    pub fn follow(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let mut effects = Vec::new();
        let now = shared.server_now();
        let report = shared.sync_report().cloned();
        let interval = shared.sync_interval();
        for (id, followed) in
            self.written.iter_mut().filter(|(_, followed)| followed.in_effect.is_none() && !followed.is_probed)
        {
            let is_verified = sync::is_verified(&followed.written, report.as_ref(), None);
            let is_due = report.is_none() && now >= followed.written.at.plus(interval);
            if !is_verified && !is_due {
                continue;
            }
            followed.in_effect = Some(now);
            effects.push(note(followed, is_verified, now));
            let Some(row) = self.rows.by_id(id) else { continue };
            let after = crate::tui::text::span(now.since(followed.written.at));
            let said = if is_verified {
                format!("✓ {} is in effect, {after} after it was written", row.slug)
            } else {
                format!("{} counts as live: the interval has passed", row.slug)
            };
            shared.notices.say(shared.now, Tone::Good, said.trim_start_matches("✓ "));
        }
        effects
    }
}

/// What was seen goes into the journal, so that the history can tell it later.
fn note(followed: &Followed, is_verified: bool, now: Time) -> Effect {
    let (plan, index) = followed.noted.clone();
    let after_ms = u64::try_from(now.since(followed.written.at).as_millis()).unwrap_or(u64::MAX);
    let proof = if is_verified { Proof::SyncReport } else { Proof::Interval };
    let sighting = Sighting::InEffect { after_ms, proof };
    Effect::Note(Box::new(JournalLine::Seen { plan, index, at: now, sighting }))
}

/// The rows are the answers' own by now; the sync report tells when they are in effect.
fn read_afterwards(shared: &mut Shared) -> Vec<Effect> {
    let ticket = shared.ticket();
    shared.sync.ask(ticket);
    vec![Effect::ReadSync { ticket }]
}

fn subject(change: &Change) -> Option<&EndpointId> {
    match change {
        Change::UpdateEndpoint { before, .. } | Change::DeleteEndpoint { before } => Some(&before.id),
        Change::CreateEndpoint { .. }
        | Change::CreateGroup { .. }
        | Change::UpdateGroup { .. }
        | Change::DeleteGroup { .. }
        | Change::MintKey { .. }
        | Change::RevokeKey { .. } => None,
    }
}

fn plain(failure: plan::Failure, was_not_done: bool) -> Failure {
    let mut plain = Failure::new(FailureKind::Invalid, failure.message);
    plain.hint = failure.hint;
    plain.was_not_done = was_not_done;
    plain
}
