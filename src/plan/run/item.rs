//! One change of a running plan: read again, compare, note, write, note.

use std::time::Duration;

use super::lookup::{endpoint, found, group_by_entity};
use super::send::{Sent, send};
use super::settle::{self, Settled};
use super::{Job, on_what_was_written};
use crate::api::{GroupId, Time};
use crate::client::{ClientError, ErrorKind};
use crate::clock;
use crate::plan::change::Change;
use crate::plan::content::{GroupContent, ParentGroup};
use crate::plan::guard::{Verdict, compare_endpoint, compare_group};
use crate::plan::history::JournalLine;
use crate::plan::outcome::{Failure, Outcome, Step};

/// The wait after a 429 that names none.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(1);

/// Does the change, or says why not. Whatever it answers is true of the server as far as it can be known.
pub(super) async fn run(job: &Job<'_>, index: usize, change: &Change, is_in_doubt: bool) -> Outcome {
    let outcome = match attempt(job, index, change, is_in_doubt).await {
        Ok(outcome) => outcome,
        Err(failure) => Outcome::Failed(failure),
    };
    job.wrote().remember(change, &outcome);
    outcome
}

async fn attempt(job: &Job<'_>, index: usize, planned: &Change, is_in_doubt: bool) -> Result<Outcome, Failure> {
    let change = on_what_was_written(job, planned);
    if is_in_doubt {
        job.tell(index, Step::Settling);
        match settle::after_a_crash(job, &change).await {
            Settled::Done(done) => return Ok(Outcome::Done(done)),
            Settled::NotDone => {}
            Settled::Unclear(failure) => return Ok(Outcome::Unsettled(failure)),
        }
    }
    job.tell(index, Step::Checking);
    let if_match = match guard(job, &change).await.map_err(|error| Failure::from(&error))? {
        Verdict::Clear { if_match } => if_match,
        Verdict::AlreadySo => return Ok(Outcome::AlreadySo),
        Verdict::Conflict(conflict) => return Ok(Outcome::Conflict(conflict)),
    };
    let parent = parent(job, &change).await.map_err(|error| Failure::from(&error))?;
    let writing = JournalLine::Writing { plan: job.running.id().clone(), index, at: clock::now() };
    job.note(writing).await.map_err(|error| Failure { message: error.to_string(), hint: None })?;
    job.tell(index, Step::Writing);
    let sent_at = clock::instant();
    match write(job, index, &change, if_match, parent).await {
        Ok(sent) => {
            if let Some(key) = sent.key {
                job.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, key));
            }
            Ok(sent.outcome)
        }
        Err(error) if error.kind == ErrorKind::PreconditionFailed => moved_under_us(job, &change, &error).await,
        Err(error) if error.was_not_done() => Err(Failure::from(&error)),
        Err(error) => {
            job.tell(index, Step::Settling);
            Ok(match settle::settle(job, &change, &error, sent_at).await {
                Settled::Done(done) => Outcome::Done(done),
                Settled::NotDone => Outcome::Failed(Failure {
                    message: format!("{error}; reading shows that it was not written"),
                    hint: Some("run it again".to_owned()),
                }),
                Settled::Unclear(failure) => Outcome::Unsettled(failure),
            })
        }
    }
}

/// Reads the subject again and compares it with what the change was made on.
async fn guard(job: &Job<'_>, change: &Change) -> Result<Verdict, ClientError> {
    match change {
        Change::UpdateEndpoint { before, .. } | Change::DeleteEndpoint { before } => {
            let (current, is_ours) = endpoint(job, before).await?;
            let verdict = compare_endpoint(change, current.as_ref());
            if let (Verdict::AlreadySo, Some(current)) = (&verdict, &current) {
                job.wrote().saw_endpoint(current);
            }
            Ok(match verdict {
                // Other servers know no `If-Match`; what they would make of it is anybody's guess.
                Verdict::Clear { if_match } => Verdict::Clear { if_match: if_match.filter(|_| is_ours) },
                Verdict::AlreadySo | Verdict::Conflict(_) => verdict,
            })
        }
        Change::UpdateGroup { before, .. } | Change::DeleteGroup { before } => {
            let current = found(job.client.group(&before.id).await.map(|answer| answer.body))?;
            let verdict = compare_group(change, current.as_ref());
            if let (Verdict::AlreadySo, Some(current)) = (&verdict, &current) {
                job.wrote().saw_group(current);
            }
            Ok(verdict)
        }
        Change::CreateGroup { after } => {
            let Some(current) = group_by_entity(job, &after.external_entity_id).await? else {
                return Ok(Verdict::Clear { if_match: None });
            };
            // The one that is there may be as wanted; else the server's own sentence tells it.
            if GroupContent::from(&current).is_same_as(after) {
                job.wrote().saw_group(&current);
                return Ok(Verdict::AlreadySo);
            }
            Ok(Verdict::Clear { if_match: None })
        }
        Change::RevokeKey { group, key } => {
            let current = found(job.client.key(group, &key.prefix).await.map(|answer| answer.body))?;
            Ok(current.map_or(Verdict::AlreadySo, |_| Verdict::Clear { if_match: None }))
        }
        Change::CreateEndpoint { .. } | Change::MintKey { .. } => Ok(Verdict::Clear { if_match: None }),
    }
}

/// The parent of a group that is to be created: this plan may have created it a moment ago.
async fn parent(job: &Job<'_>, change: &Change) -> Result<Option<GroupId>, ClientError> {
    let Change::CreateGroup { after } = change else { return Ok(None) };
    match &after.parent {
        None => Ok(None),
        Some(ParentGroup::Id(id)) => Ok(Some(id.clone())),
        Some(ParentGroup::ExternalEntityId(entity)) => {
            let known = job.wrote().group_id(entity);
            if known.is_some() {
                return Ok(known);
            }
            match group_by_entity(job, entity).await? {
                Some(group) => Ok(Some(group.id)),
                None => {
                    Err(ClientError::new(ErrorKind::NotFound, format!("there is no group {entity} to be the parent"))
                        .with_hint("create the parent first"))
                }
            }
        }
    }
}

/// Sends it, and again after each wait that the server asks for: a write that was answered by 429 was not done.
async fn write(
    job: &Job<'_>,
    index: usize,
    change: &Change,
    if_match: Option<Time>,
    parent: Option<GroupId>,
) -> Result<Sent, ClientError> {
    let mut waited = Duration::ZERO;
    loop {
        let error = match send(job.client, change, if_match, parent.clone()).await {
            Ok(sent) => return Ok(sent),
            Err(error) => error,
        };
        let ErrorKind::RateLimited { retry_after } = error.kind else { return Err(error) };
        let wait = retry_after.unwrap_or(RATE_LIMIT_PAUSE).max(Duration::from_millis(1));
        waited = waited.saturating_add(wait);
        if waited > job.options.rate_limit_wait_max {
            return Err(error);
        }
        job.tell(index, Step::Waiting(wait));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = job.cancel.cancelled() => return Err(error),
        }
    }
}

/// A 412: somebody wrote between our read and our write. What they wrote is read for the three columns.
async fn moved_under_us(job: &Job<'_>, change: &Change, error: &ClientError) -> Result<Outcome, Failure> {
    match guard(job, change).await.map_err(|error| Failure::from(&error))? {
        Verdict::Conflict(conflict) => Ok(Outcome::Conflict(conflict)),
        Verdict::AlreadySo => Ok(Outcome::AlreadySo),
        // The server says that it moved, and reading does not show how.
        Verdict::Clear { .. } => Err(Failure::from(error)),
    }
}
