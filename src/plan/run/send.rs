//! The write itself: which request a change is, and what its answer says.

use crate::api::{CreateKey, GroupId, KeyInfo, MintedKey, Time, UpdateEndpoint, UpdateGroup, UpdateGroupMetadata};
use crate::client::{Answer, Client, ClientError};
use crate::clock;
use crate::plan::change::Change;
use crate::plan::content::{same_models, same_targets};
use crate::plan::outcome::{Done, Outcome, Record};

/// A write that was answered.
pub(super) struct Sent {
    /// What became of it.
    pub(super) outcome: Outcome,
    /// A minted key, which no record holds.
    pub(super) key: Option<MintedKey>,
}

/// Sends the one request that the change is.
pub(super) async fn send(
    client: &Client,
    change: &Change,
    if_match: Option<Time>,
    parent: Option<GroupId>,
) -> Result<Sent, ClientError> {
    match change {
        Change::CreateEndpoint { after } => {
            let answer = client.create_endpoint(&after.create_body()).await?;
            let at = answer.body.updated_at;
            Ok(done(answer, Some(at), |endpoint| Record::Endpoint(Box::new(endpoint))))
        }
        Change::UpdateEndpoint { before, after } => {
            let update = UpdateEndpoint {
                slug: (before.slug != after.slug).then(|| after.slug.clone()),
                targets: (!same_targets(&before.targets, &after.targets)).then(|| after.targets.clone()),
            };
            let answer = client.update_endpoint(&before.id, &update, if_match).await?;
            if answer.body.slug != after.slug {
                let outcome = Outcome::RenameRefused { kept: answer.body.slug, wanted: after.slug.clone() };
                return Ok(Sent { outcome, key: None });
            }
            let at = answer.body.updated_at;
            Ok(done(answer, Some(at), |endpoint| Record::Endpoint(Box::new(endpoint))))
        }
        Change::DeleteEndpoint { before } => {
            Ok(done(client.delete_endpoint(&before.id, if_match).await?, None, |_| Record::Gone))
        }
        Change::CreateGroup { after } => {
            let answer = client.create_group(&after.create_body(parent)).await?;
            let at = answer.body.created_at;
            Ok(done(answer, Some(at), |group| Record::Group(Box::new(group))))
        }
        Change::UpdateGroup { before, after } => {
            let update = UpdateGroup {
                metadata: (before.metadata.name != after.name)
                    .then(|| UpdateGroupMetadata { name: after.name.clone() }),
                models: (!same_models(&before.models, &after.models)).then(|| after.models.clone()),
            };
            let answer = client.update_group(&before.id, &update).await?;
            Ok(done(answer, None, |group| Record::Group(Box::new(group))))
        }
        Change::DeleteGroup { before } => Ok(done(client.delete_group(&before.id).await?, None, |_| Record::Gone)),
        Change::MintKey { group, name } => {
            let answer = client.mint_key(group, &CreateKey { name: name.clone() }).await?;
            let key = answer.body.clone();
            let mut sent = done(answer, None, |key| Record::Key(KeyInfo { prefix: key.prefix, name: key.name }));
            sent.key = Some(key);
            Ok(sent)
        }
        Change::RevokeKey { group, key } => {
            Ok(done(client.revoke_key(group, &key.prefix).await?, None, |_| Record::Gone))
        }
    }
}

fn done<T>(answer: Answer<T>, at: Option<Time>, record: impl FnOnce(T) -> Record) -> Sent {
    let at = at.or(answer.date).unwrap_or_else(clock::now);
    let done = Done { after: record(answer.body), at, revision: answer.revision, settled_by_reading: false };
    Sent { outcome: Outcome::Done(done), key: None }
}
