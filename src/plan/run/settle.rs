//! A write whose answer was lost: was it done? Told by reading, with pauses, since it may still be under way.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, pin_mut};

use super::Job;
use super::lookup::{endpoint, found, group_by_entity};
use crate::api::{Endpoint, PAGE_LIMIT_MAX, Time};
use crate::client::{ClientError, ErrorKind};
use crate::clock;
use crate::plan::change::Change;
use crate::plan::content::{EndpointContent, GroupContent};
use crate::plan::guard::{Verdict, compare_endpoint, compare_group};
use crate::plan::outcome::{Done, Failure, Record};

/// How many reads that show nothing prove it, where the server can't be at it any more.
const READS_THAT_PROVE: usize = 2;
/// What the server's clock, told in whole seconds, and ours may differ by.
const CLOCK_DOUBT: Duration = Duration::from_secs(3);

/// What reading says about a write in doubt.
pub(super) enum Settled {
    /// It was done.
    Done(Done),
    /// It was not, and will not be.
    NotDone,
    /// It can't be told.
    Unclear(Failure),
}

/// What one read says.
enum Reading {
    Done(Record, Option<Time>, Option<u64>),
    NotDone,
    /// Neither what was before nor what was wanted: somebody else wrote too.
    Neither(&'static str),
}

/// Settles a write that this program has just sent.
pub(super) async fn settle(job: &Job<'_>, change: &Change, error: &ClientError, sent_at: Instant) -> Settled {
    // A server that was too slow may still be at it; one whose answer came, or broke, is not.
    let reads = if error.kind == ErrorKind::Timeout { job.options.settle_pauses.len() } else { READS_THAT_PROVE };
    read_until_told(job, change, reads, Some(sent_at), &error.to_string()).await
}

/// Settles a write of a program that died.
pub(super) async fn after_a_crash(job: &Job<'_>, change: &Change) -> Settled {
    read_until_told(job, change, READS_THAT_PROVE, None, "the program ended in the middle of the write").await
}

async fn read_until_told(job: &Job<'_>, change: &Change, reads: usize, sent_at: Option<Instant>, why: &str) -> Settled {
    let mut shown_nothing = 0;
    let mut last_error = None;
    for pause in &job.options.settle_pauses {
        tokio::time::sleep(*pause).await;
        match read(job, change, sent_at).await {
            Ok(Reading::Done(after, at, revision)) => {
                let at = at.unwrap_or_else(clock::now);
                return Settled::Done(Done { after, at, revision, settled_by_reading: true });
            }
            Ok(Reading::Neither(sentence)) => {
                return Settled::Unclear(Failure {
                    message: format!("{why}; {sentence}"),
                    hint: Some(LOOK.to_owned()),
                });
            }
            Ok(Reading::NotDone) => {
                shown_nothing += 1;
                if shown_nothing >= reads {
                    return Settled::NotDone;
                }
            }
            Err(error) => last_error = Some(error),
        }
    }
    match last_error {
        Some(error) => Settled::Unclear(Failure {
            message: format!("{why}, and it could not be read whether it was written: {error}"),
            hint: Some("once the server answers again, `repoint apply --resume` goes on".to_owned()),
        }),
        None => Settled::NotDone,
    }
}

const LOOK: &str = "look at it before you write again";

async fn read(job: &Job<'_>, change: &Change, sent_at: Option<Instant>) -> Result<Reading, ClientError> {
    match change {
        Change::CreateEndpoint { after } => created_endpoint(job, after, sent_at).await,
        Change::UpdateEndpoint { before, .. } | Change::DeleteEndpoint { before } => {
            let (current, _) = endpoint(job, before).await?;
            Ok(match (compare_endpoint(change, current.as_ref()), current) {
                (Verdict::AlreadySo, Some(endpoint)) => {
                    let at = endpoint.updated_at;
                    Reading::Done(Record::Endpoint(Box::new(endpoint)), Some(at), None)
                }
                (Verdict::AlreadySo, None) => Reading::Done(Record::Gone, None, None),
                (Verdict::Clear { .. }, _) => Reading::NotDone,
                (Verdict::Conflict(_), _) => Reading::Neither("somebody else wrote to it meanwhile"),
            })
        }
        Change::CreateGroup { after } => Ok(match group_by_entity(job, &after.external_entity_id).await? {
            Some(group) if GroupContent::from(&group).is_same_as(after) => {
                let at = group.created_at;
                Reading::Done(Record::Group(Box::new(group)), Some(at), None)
            }
            Some(_) => Reading::Neither("somebody else created a group with this id"),
            None => Reading::NotDone,
        }),
        Change::UpdateGroup { before, .. } | Change::DeleteGroup { before } => {
            let current = found(job.client.group(&before.id).await.map(|answer| answer.body))?;
            Ok(match (compare_group(change, current.as_ref()), current) {
                (Verdict::AlreadySo, Some(group)) => Reading::Done(Record::Group(Box::new(group)), None, None),
                (Verdict::AlreadySo, None) => Reading::Done(Record::Gone, None, None),
                (Verdict::Clear { .. }, _) => Reading::NotDone,
                (Verdict::Conflict(_), _) => Reading::Neither("somebody else wrote to it meanwhile"),
            })
        }
        Change::RevokeKey { group, key } => {
            let current = found(job.client.key(group, &key.prefix).await.map(|answer| answer.body))?;
            Ok(current.map_or(Reading::Done(Record::Gone, None, None), |_| Reading::NotDone))
        }
        // The key itself was in the answer alone: one that was minted is of no use to anybody.
        Change::MintKey { .. } => Ok(Reading::Neither("a key that nobody has seen may have been minted")),
    }
}

/// There is no way to ask for one slug, so that the list is read to where it stands.
async fn created_endpoint(
    job: &Job<'_>,
    after: &EndpointContent,
    sent_at: Option<Instant>,
) -> Result<Reading, ClientError> {
    let pages = job.client.endpoints(PAGE_LIMIT_MAX);
    pin_mut!(pages);
    while let Some(page) = pages.next().await {
        let page = page?;
        let date = page.date;
        if let Some(endpoint) = page.body.items.into_iter().find(|endpoint| endpoint.slug == after.slug) {
            return Ok(told_by(endpoint, after, date, sent_at));
        }
    }
    Ok(Reading::NotDone)
}

/// One with the same slug and content is ours if it is no older than our request.
fn told_by(endpoint: Endpoint, after: &EndpointContent, date: Option<Time>, sent_at: Option<Instant>) -> Reading {
    if !EndpointContent::from(&endpoint).is_same_as(after) {
        return Reading::Neither("another endpoint has the slug");
    }
    let earliest = date.zip(sent_at).map(|(date, sent_at)| date.minus(sent_at.elapsed() + CLOCK_DOUBT));
    if earliest.is_some_and(|earliest| endpoint.created_at < earliest) {
        return Reading::Neither("an older endpoint has the slug and routes the same way");
    }
    let at = endpoint.updated_at;
    Reading::Done(Record::Endpoint(Box::new(endpoint)), Some(at), None)
}
