//! What a plan writes: the part of an endpoint or a group that a person decides, without ids and times.

use serde::{Deserialize, Serialize};

use crate::api::{
    CreateEndpoint, CreateGroup, CreateHierarchy, Endpoint, Group, GroupId, GroupMetadata, GroupModel,
    LimitEnforcement, Region, Slug, Target, Unknown,
};

/// What is decided about an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointContent {
    /// What customers call.
    pub slug: Slug,
    /// Set at creation, never changed. `None` where the server does not tell, and for the server's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// What it routes to: exactly one, unless a server answers several.
    pub targets: Vec<Target>,
}

impl EndpointContent {
    /// A new endpoint with one target.
    #[must_use]
    pub fn new(slug: Slug, target: Target) -> Self {
        Self { slug, region: None, targets: vec![target] }
    }

    /// The body that creates it.
    #[must_use]
    pub fn create_body(&self) -> CreateEndpoint {
        CreateEndpoint { slug: self.slug.clone(), region: self.region.clone(), targets: self.targets.clone() }
    }

    /// True where both say the same, whatever spelling a server chose: an absent region is `UNRESTRICTED`, an
    /// absent environment is production.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.slug == other.slug && self.has_region_of(other) && same_targets(&self.targets, &other.targets)
    }

    /// True where both may be served in the same places.
    #[must_use]
    pub fn has_region_of(&self, other: &Self) -> bool {
        let region = |content: &Self| content.region.clone().unwrap_or(Region::Unrestricted);
        region(self) == region(other)
    }
}

impl From<&Endpoint> for EndpointContent {
    fn from(endpoint: &Endpoint) -> Self {
        Self { slug: endpoint.slug.clone(), region: endpoint.region.clone(), targets: endpoint.targets.clone() }
    }
}

/// True where both lists route the same way, whatever spelling was chosen for production.
#[must_use]
pub fn same_targets(left: &[Target], right: &[Target]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| a.clone().normalized() == b.clone().normalized())
}

/// Which group is the parent: one that exists, or one that the same plan creates first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParentGroup {
    /// By its id.
    Id(GroupId),
    /// By its `external_entity_id`, looked up when the plan runs.
    ExternalEntityId(String),
}

/// What is decided about a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupContent {
    /// The caller's id for the customer. It cannot be changed.
    pub external_entity_id: String,
    /// Shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The slugs that it may call, with their limits.
    pub models: Vec<GroupModel>,
    /// How its limits work with those of its ancestors. It cannot be changed; the parent's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_enforcement: Option<LimitEnforcement>,
    /// Where it stands in the tree. It cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentGroup>,
}

impl GroupContent {
    /// The body that creates it under a parent that has been looked up.
    #[must_use]
    pub fn create_body(&self, parent: Option<GroupId>) -> CreateGroup {
        let hierarchy = (self.limit_enforcement.is_some() || parent.is_some())
            .then(|| CreateHierarchy { limit_enforcement: self.limit_enforcement.clone(), parent_group_id: parent });
        let metadata = GroupMetadata {
            name: self.name.clone(),
            external_entity_id: self.external_entity_id.clone(),
            unknown: Unknown::new(),
        };
        CreateGroup { metadata, models: self.models.clone(), hierarchy }
    }

    /// True where both have the same name and grant the same, in whatever order.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.external_entity_id == other.external_entity_id
            && self.name == other.name
            && same_models(&self.models, &other.models)
    }
}

impl From<&Group> for GroupContent {
    fn from(group: &Group) -> Self {
        Self {
            external_entity_id: group.metadata.external_entity_id.clone(),
            name: group.metadata.name.clone(),
            models: group.models.clone(),
            limit_enforcement: Some(group.hierarchy.limit_enforcement.clone()),
            parent: group.hierarchy.parent_group_id.clone().map(ParentGroup::Id),
        }
    }
}

/// True where both grant the same slugs with the same limits, in whatever order.
#[must_use]
pub fn same_models(left: &[GroupModel], right: &[GroupModel]) -> bool {
    sorted(left) == sorted(right)
}

/// The models by slug, and the limits of each by what they count: the order of files and of comparisons.
#[must_use]
pub fn sorted(models: &[GroupModel]) -> Vec<GroupModel> {
    let mut sorted = models.to_vec();
    for model in &mut sorted {
        model.rate_limits.sort_by(|a, b| (&a.kind, &a.unit).cmp(&(&b.kind, &b.unit)));
        model.usage_limits.sort_by(|a, b| (&a.kind, &a.unit).cmp(&(&b.kind, &b.unit)));
    }
    sorted.sort_by(|a, b| a.slug.cmp(&b.slug));
    sorted
}
