//! Groups: who may call which slug, and how much.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{GroupId, LimitType, RateLimit, RateUnit, Slug, Time, Unknown, UsageLimit, UsageUnit, open_enum};

open_enum!(
    /// How the limits of a group and of its ancestors work together.
    LimitEnforcement {
        /// The closest group that declares a limit sets it; each group is counted by itself.
        Independent = "INDEPENDENT",
        /// Usage counts against the group and every ancestor, and all limits apply.
        Cascading = "CASCADING",
    }
);

/// A group as a server answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Stays for the group's whole life.
    pub id: GroupId,
    /// Its name and the caller's own id for it.
    pub metadata: GroupMetadata,
    /// The slugs that it may call, with the limits that it declares itself.
    pub models: Vec<GroupModel>,
    /// The same slugs with the limits that apply, each with the group that it comes from.
    #[serde(default)]
    pub effective_models: Vec<EffectiveModel>,
    /// Its parent and mode.
    pub hierarchy: Hierarchy,
    /// When it was created.
    pub created_at: Time,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A group's name and the caller's own id for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMetadata {
    /// Shown to people; at most 255 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// The caller's id for the customer: 1 to 255 characters, unique, cannot be changed.
    pub external_entity_id: String,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A slug that a group may call, with the limits that the group declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupModel {
    /// What may be called.
    pub slug: Slug,
    /// At most one a type.
    #[serde(default)]
    pub rate_limits: Vec<RateLimit>,
    /// At most one a type and unit.
    #[serde(default)]
    pub usage_limits: Vec<UsageLimit>,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A slug that a group may call, with the limits that apply to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveModel {
    /// What may be called.
    pub slug: Slug,
    /// Those of the group and of its ancestors, by the group's mode.
    #[serde(default)]
    pub rate_limits: Vec<EffectiveRateLimit>,
    /// Those of the group and of its ancestors, by the group's mode.
    #[serde(default)]
    pub usage_limits: Vec<EffectiveUsageLimit>,
}

/// A rate limit that applies, and the group that declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveRateLimit {
    /// What is counted.
    #[serde(rename = "type")]
    pub kind: LimitType,
    /// The window.
    pub unit: RateUnit,
    /// The most that is admitted.
    pub threshold: u64,
    /// The group that declares it.
    #[serde(default)]
    pub source_group: Option<GroupId>,
}

/// A usage limit that applies, and the group that declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveUsageLimit {
    /// What is counted.
    #[serde(rename = "type")]
    pub kind: LimitType,
    /// The window.
    pub unit: UsageUnit,
    /// The most that is admitted.
    pub threshold: u64,
    /// The group that declares it.
    #[serde(default)]
    pub source_group: Option<GroupId>,
}

/// A group's place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hierarchy {
    /// Cannot be changed; a child has its parent's.
    pub limit_enforcement: LimitEnforcement,
    /// `None` for a root.
    #[serde(default)]
    pub parent_group_id: Option<GroupId>,
}

/// The body of `POST /v1/gateway/groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateGroup {
    /// The name and the caller's own id.
    pub metadata: GroupMetadata,
    /// At least one.
    pub models: Vec<GroupModel>,
    /// A root with INDEPENDENT limits where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hierarchy: Option<CreateHierarchy>,
}

/// Where a new group shall stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateHierarchy {
    /// The parent's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_enforcement: Option<LimitEnforcement>,
    /// A root where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_group_id: Option<GroupId>,
}

/// The body of `PATCH /v1/gateway/groups/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateGroup {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<UpdateGroupMetadata>,
    /// The whole set: what is absent loses access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<GroupModel>>,
}

/// A group's new name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateGroupMetadata {
    /// At most 255 characters.
    #[serde(default)]
    pub name: Option<String>,
}

/// What `DELETE /v1/gateway/groups/{id}` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTombstone {
    /// The id that is gone.
    pub id: GroupId,
    /// What it was called.
    pub metadata: GroupMetadata,
    /// When it went, with all its descendants and their keys.
    pub deleted_at: Time,
}

/// What `GET /v1/gateway/groups/{id}/usage` answers: only slugs with usage limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The group's `external_entity_id`.
    pub customer_id: String,
    /// By slug.
    pub usage: BTreeMap<Slug, Vec<UsageOfLimit>>,
}

/// How much of one usage limit is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageOfLimit {
    /// What is counted.
    #[serde(rename = "type")]
    pub kind: LimitType,
    /// The window.
    pub unit: UsageUnit,
    /// The most that is admitted.
    pub threshold: u64,
    /// Null before the first request.
    pub current_usage: Option<u64>,
    /// The next midnight UTC; null before the first request.
    pub reset_at: Option<Time>,
}
