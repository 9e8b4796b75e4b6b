//! One change to a server: what it was made on, and what it shall be.
//!
//! A change holds everything that its preview, its guard, its undo and its line in the history need.
//! It never holds a secret: targets name secrets by id, keys are named by their prefix.

use serde::{Deserialize, Serialize};

use super::content::{EndpointContent, GroupContent, same_models, same_targets};
use crate::api::{Endpoint, EndpointId, Group, GroupId, GroupModel, KeyInfo, Slug, Target};

/// One change, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A new endpoint.
    CreateEndpoint {
        /// What it shall be.
        after: EndpointContent,
    },
    /// A re-point, a rename, or both.
    UpdateEndpoint {
        /// As it was read when the change was made.
        before: Box<Endpoint>,
        /// What it shall be.
        after: EndpointContent,
    },
    /// An endpoint goes, and its slug is free again.
    DeleteEndpoint {
        /// As it was read when the change was made.
        before: Box<Endpoint>,
    },
    /// A new group.
    CreateGroup {
        /// What it shall be.
        after: GroupContent,
    },
    /// Another name, other slugs or other limits.
    UpdateGroup {
        /// As it was read when the change was made.
        before: Box<Group>,
        /// What it shall be.
        after: GroupContent,
    },
    /// A group goes, with all its descendants and their keys.
    DeleteGroup {
        /// As it was read when the change was made.
        before: Box<Group>,
    },
    /// A new key of a group. The key itself is in the answer alone, never in a change.
    MintKey {
        /// Whose key.
        group: GroupId,
        /// Shown to people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A key that no longer opens anything.
    RevokeKey {
        /// Whose key.
        group: GroupId,
        /// The key's public part and name.
        key: KeyInfo,
    },
}

/// What a change is about. Two changes with equal subjects never run at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// An endpoint that exists.
    Endpoint(EndpointId),
    /// An endpoint that does not exist yet.
    NewEndpoint(Slug),
    /// A group that exists.
    Group(GroupId),
    /// A group that does not exist yet, by its `external_entity_id`.
    NewGroup(String),
    /// A group's keys.
    Keys(GroupId),
}

/// What a change does, in the word that the screen and the command line have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Something new.
    Create,
    /// Another target.
    Repoint,
    /// Another slug.
    Rename,
    /// Something else about it, or several things at once.
    Update,
    /// It goes.
    Delete,
    /// A new key.
    Mint,
    /// A key goes.
    Revoke,
}

impl Verb {
    /// The word itself.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Repoint => "re-point",
            Self::Rename => "rename",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Mint => "mint key for",
            Self::Revoke => "revoke key of",
        }
    }
}

impl Change {
    /// A new endpoint.
    #[must_use]
    pub fn create(after: EndpointContent) -> Self {
        Self::CreateEndpoint { after }
    }

    /// Another target for an endpoint. Fields of the old target that this program does not know are kept where
    /// the provider stays.
    #[must_use]
    pub fn repoint(before: &Endpoint, target: Target) -> Self {
        Self::edit(before, None, Some(target))
    }

    /// Another slug for an endpoint.
    #[must_use]
    pub fn rename(before: &Endpoint, slug: Slug) -> Self {
        Self::edit(before, Some(slug), None)
    }

    /// Another slug, another target, or both.
    #[must_use]
    pub fn edit(before: &Endpoint, slug: Option<Slug>, target: Option<Target>) -> Self {
        let mut after = EndpointContent::from(before);
        if let Some(slug) = slug {
            after.slug = slug;
        }
        if let Some(target) = target {
            after.targets = vec![keep_unknown(before.target(), target.normalized())];
        }
        Self::UpdateEndpoint { before: Box::new(before.clone()), after }
    }

    /// An endpoint goes.
    #[must_use]
    pub fn delete(before: &Endpoint) -> Self {
        Self::DeleteEndpoint { before: Box::new(before.clone()) }
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::CreateEndpoint { after } => Subject::NewEndpoint(after.slug.clone()),
            Self::UpdateEndpoint { before, .. } | Self::DeleteEndpoint { before } => {
                Subject::Endpoint(before.id.clone())
            }
            Self::CreateGroup { after } => Subject::NewGroup(after.external_entity_id.clone()),
            Self::UpdateGroup { before, .. } | Self::DeleteGroup { before } => Subject::Group(before.id.clone()),
            Self::MintKey { group, .. } | Self::RevokeKey { group, .. } => Subject::Keys(group.clone()),
        }
    }

    /// What it does.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Self::CreateEndpoint { .. } | Self::CreateGroup { .. } => Verb::Create,
            Self::UpdateEndpoint { before, after } => {
                match (before.slug != after.slug, !same_targets(&before.targets, &after.targets)) {
                    (true, false) => Verb::Rename,
                    (false, true) => Verb::Repoint,
                    (true, true) | (false, false) => Verb::Update,
                }
            }
            Self::UpdateGroup { before, after } => {
                if before.metadata.name != after.name && same_models(&before.models, &after.models) {
                    Verb::Rename
                } else {
                    Verb::Update
                }
            }
            Self::DeleteEndpoint { .. } | Self::DeleteGroup { .. } => Verb::Delete,
            Self::MintKey { .. } => Verb::Mint,
            Self::RevokeKey { .. } => Verb::Revoke,
        }
    }

    /// What its subject is called by people: the slug before the change, the group's name or own id.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::CreateEndpoint { after } => after.slug.as_str(),
            Self::UpdateEndpoint { before, .. } | Self::DeleteEndpoint { before } => before.slug.as_str(),
            Self::CreateGroup { after } => after.name.as_deref().unwrap_or(&after.external_entity_id),
            Self::UpdateGroup { before, .. } | Self::DeleteGroup { before } => {
                before.metadata.name.as_deref().unwrap_or(&before.metadata.external_entity_id)
            }
            Self::MintKey { group, .. } | Self::RevokeKey { group, .. } => group.as_str(),
        }
    }

    /// One line: `re-point my-org/glm-5.2 to BASETEN 7mP2wqe`.
    #[must_use]
    pub fn title(&self) -> String {
        let mut title = format!("{} {}", self.verb().as_str(), self.name());
        match self {
            Self::UpdateEndpoint { before, after } => {
                if before.slug != after.slug {
                    title.push_str(" to ");
                    title.push_str(after.slug.as_str());
                }
                if !same_targets(&before.targets, &after.targets) {
                    title.push_str(if before.slug == after.slug { " to " } else { ", routed to " });
                    title.push_str(&target_names(&after.targets));
                }
            }
            Self::CreateEndpoint { after } => {
                title.push_str(" routed to ");
                title.push_str(&target_names(&after.targets));
            }
            Self::RevokeKey { key, .. } => {
                title.push_str(": ");
                title.push_str(key.prefix.as_str());
            }
            Self::DeleteEndpoint { .. }
            | Self::CreateGroup { .. }
            | Self::UpdateGroup { .. }
            | Self::DeleteGroup { .. }
            | Self::MintKey { .. } => {}
        }
        title
    }

    /// True where the server already is what the change wants.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::UpdateEndpoint { before, after } => EndpointContent::from(before.as_ref()).is_same_as(after),
            Self::UpdateGroup { before, after } => GroupContent::from(before.as_ref()).is_same_as(after),
            Self::CreateEndpoint { .. }
            | Self::DeleteEndpoint { .. }
            | Self::CreateGroup { .. }
            | Self::DeleteGroup { .. }
            | Self::MintKey { .. }
            | Self::RevokeKey { .. } => false,
        }
    }

    /// The slugs whose callers notice it: those that it makes, changes, or takes away.
    #[must_use]
    pub fn slugs(&self) -> Vec<&Slug> {
        let mut slugs: Vec<&Slug> = match self {
            Self::CreateEndpoint { after } => vec![&after.slug],
            Self::UpdateEndpoint { before, after } => vec![&before.slug, &after.slug],
            Self::DeleteEndpoint { before } => vec![&before.slug],
            Self::CreateGroup { after } => model_slugs(&after.models),
            Self::UpdateGroup { before, after } => {
                let mut slugs = model_slugs(&before.models);
                slugs.extend(model_slugs(&after.models));
                slugs
            }
            Self::DeleteGroup { before } => model_slugs(&before.models),
            Self::MintKey { .. } | Self::RevokeKey { .. } => Vec::new(),
        };
        slugs.sort();
        slugs.dedup();
        slugs
    }

    /// Targets of an endpoint with several that the change would drop, to be named in its confirmation. The
    /// first one is replaced, as every re-point does, and not among them.
    #[must_use]
    pub fn dropped_targets(&self) -> Vec<&Target> {
        match self {
            Self::UpdateEndpoint { before, after } => {
                before.targets.iter().skip(1).filter(|target| !after.targets.contains(target)).collect()
            }
            Self::CreateEndpoint { .. }
            | Self::DeleteEndpoint { .. }
            | Self::CreateGroup { .. }
            | Self::UpdateGroup { .. }
            | Self::DeleteGroup { .. }
            | Self::MintKey { .. }
            | Self::RevokeKey { .. } => Vec::new(),
        }
    }

    /// What of it can never be brought back, as a sentence for its confirmation. `None` where undo brings back all.
    #[must_use]
    pub fn irreversible(&self) -> Option<&'static str> {
        match self {
            Self::DeleteGroup { .. } => Some(
                "the keys of the group and of all groups below it stop working for good; undo makes a group without keys",
            ),
            Self::RevokeKey { .. } => Some("a revoked key cannot be brought back; its holder needs a new one"),
            Self::DeleteEndpoint { .. } => Some("undo makes an endpoint with another id"),
            Self::CreateEndpoint { .. }
            | Self::UpdateEndpoint { .. }
            | Self::CreateGroup { .. }
            | Self::UpdateGroup { .. }
            | Self::MintKey { .. } => None,
        }
    }
}

fn model_slugs(models: &[GroupModel]) -> Vec<&Slug> {
    models.iter().map(|model| &model.slug).collect()
}

fn target_names(targets: &[Target]) -> String {
    let names: Vec<String> = targets.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// The new target with what only the old one has and this program does not know, where the provider stays.
fn keep_unknown(old: Option<&Target>, mut new: Target) -> Target {
    let Some(old) = old.filter(|old| old.provider == new.provider) else { return new };
    for (name, value) in &old.unknown {
        new.unknown.entry(name.clone()).or_insert_with(|| value.clone());
    }
    if let (Some(old), Some(new)) = (&old.vertex_config, &mut new.vertex_config) {
        for (name, value) in &old.unknown {
            new.unknown.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    new
}
