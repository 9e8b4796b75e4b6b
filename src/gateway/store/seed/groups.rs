//! The demo's groups. Their keys are made and thrown away, so that none opens anything: whoever wants to call mints
//! one. A key that is known from a program's text would be everybody's.

use ring::rand::SystemRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use std::time::Duration;

use crate::api::{
    Group, GroupId, GroupMetadata, GroupModel, Hierarchy, LimitEnforcement, RateLimit, Slug, SlugError, Time, Unknown,
    UsageLimit,
};
use crate::gateway::rules::federated_key;
use crate::gateway::store::writer::Transaction;
use crate::gateway::store::{NewKey, StoreError, groups, keys};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupSeed {
    id: String,
    external_entity_id: String,
    name: String,
    limit_enforcement: LimitEnforcement,
    #[serde(default)]
    parent: Option<String>,
    models: Vec<ModelSeed>,
    #[serde(default)]
    keys: Vec<String>,
    created_minutes_ago: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelSeed {
    /// What follows our own prefix.
    name: String,
    #[serde(default)]
    rate_limits: Vec<RateLimit>,
    #[serde(default)]
    usage_limits: Vec<UsageLimit>,
}

/// A group as its row will be, and the names of its keys.
pub(super) type Seeded = (Group, Vec<String>);

impl GroupSeed {
    pub(super) fn group(self, org_prefix: &str, now: Time) -> Result<Seeded, SlugError> {
        let models = self.models.into_iter().map(|seed| {
            Ok(GroupModel {
                slug: Slug::parse(&format!("{org_prefix}/{}", seed.name))?,
                rate_limits: seed.rate_limits,
                usage_limits: seed.usage_limits,
                unknown: Unknown::new(),
            })
        });
        let metadata = GroupMetadata {
            name: Some(self.name),
            external_entity_id: self.external_entity_id,
            unknown: Unknown::new(),
        };
        let group = Group {
            id: GroupId::new(self.id),
            metadata,
            models: models.collect::<Result<_, _>>()?,
            effective_models: Vec::new(),
            hierarchy: Hierarchy {
                limit_enforcement: self.limit_enforcement,
                parent_group_id: self.parent.map(GroupId::new),
            },
            created_at: minutes_before(now, self.created_minutes_ago),
            unknown: Unknown::new(),
        };
        Ok((group, self.keys))
    }
}

/// The groups as a file has them, where a parent is named by its customer's id.
pub(super) fn parts(seeds: Vec<GroupSeed>, org_prefix: &str) -> Result<Vec<Value>, SlugError> {
    let names: Vec<(String, String)> =
        seeds.iter().map(|seed| (seed.id.clone(), seed.external_entity_id.clone())).collect();
    let name_of = |id: &str| names.iter().find(|(known, _)| known == id).map(|(_, name)| name.clone());
    seeds
        .into_iter()
        .map(|seed| {
            let parent = seed.parent.as_deref().and_then(name_of);
            let (Group { metadata, models, hierarchy, .. }, _) = seed.group(org_prefix, Time::EPOCH)?;
            Ok(json!({
                "external_entity_id": metadata.external_entity_id,
                "name": metadata.name,
                "parent": parent,
                "limit_enforcement": hierarchy.limit_enforcement,
                "models": models,
            }))
        })
        .collect()
}

pub(super) fn fill(transaction: &Transaction<'_>, seeded: &[Seeded]) -> Result<(), StoreError> {
    let random = SystemRandom::new();
    for (group, names) in seeded {
        groups::insert(transaction.connection, group)?;
        for name in names {
            let minted =
                federated_key::mint(&random).map_err(|_| StoreError::Internal("the system gives no random bytes"))?;
            let (id, name) = (group.id.clone(), Some(name.clone()));
            let new = NewKey { group: id, prefix: minted.prefix, digest: minted.digest, name };
            keys::insert(transaction.connection, &new, group.created_at)?;
        }
    }
    Ok(())
}

/// How long ago the demo says that something was made.
pub(super) fn minutes_before(now: Time, minutes: u64) -> Time {
    now.minus(Duration::from_mins(minutes))
}
