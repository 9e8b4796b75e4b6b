//! A workspace's endpoints and groups as one YAML file: what `repoint export` writes and `repoint apply` reads.
//!
//! The order is stable (slugs, `external_entity_id`s, limits), so that two exports can be compared line by line. Ids
//! are left out, so that a file fits any workspace; the editor's file has them, so that a slug can be renamed in it.
//! A part that is absent (`groups`, say) is not managed by the file, and nothing of it is ever deleted.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::content::sorted;
use crate::api::{
    Endpoint, EndpointId, Group, GroupId, GroupModel, LimitEnforcement, RateLimit, Region, Slug, Target, UsageLimit,
};

/// The version of the format.
pub const VERSION: u32 = 1;
/// No longer file is read.
pub const FILE_BYTES_MAX: usize = 64 << 20;

const HEADER: &str = "# Endpoints and groups as `repoint export` wrote them. Change this file, then\n\
                      # `repoint plan -f FILE` shows what would change and `repoint apply -f FILE` does it.\n";

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// See [`VERSION`].
    pub version: u32,
    /// All endpoints. Absent: the file says nothing about endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Vec<EndpointPart>>,
    /// All groups. Absent: the file says nothing about groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<GroupPart>>,
}

/// An endpoint in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointPart {
    /// Where it is given, the endpoint is found by it, and another slug is a rename.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EndpointId>,
    /// What customers call.
    pub slug: Slug,
    /// `UNRESTRICTED` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// What it routes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// In the place of `target` where a server has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<Target>>,
}

/// A group in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPart {
    /// The caller's id for the customer: what the group is found by.
    pub external_entity_id: String,
    /// Shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The parent's `external_entity_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// How its limits work with those of its ancestors; the parent's, or INDEPENDENT, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_enforcement: Option<LimitEnforcement>,
    /// The slugs that it may call.
    #[serde(default)]
    pub models: Vec<ModelPart>,
}

/// A slug that a group may call, in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPart {
    /// What may be called.
    pub slug: Slug,
    /// At most one a type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rate_limits: Vec<RateLimit>,
    /// At most one a type and unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usage_limits: Vec<UsageLimit>,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: crate::api::Unknown,
}

/// Why a text is no such file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// It is longer than [`FILE_BYTES_MAX`].
    #[error("the file has more than {FILE_BYTES_MAX} bytes")]
    TooLong,
    /// It is not YAML, or not of this format. The sentence tells the line.
    #[error("{0}")]
    Malformed(String),
    /// It is of another version.
    #[error("the file has version {0}, this program reads version {VERSION}; hint: use a newer repoint")]
    Version(u32),
    /// It can't be written as YAML.
    #[error("cannot write it as YAML: {0}")]
    Unwritable(String),
}

impl Document {
    /// The whole workspace, to be written to a file. `None`: the groups were not read, and the file is silent on them.
    #[must_use]
    pub fn export(endpoints: &[Endpoint], groups: Option<&[Group]>) -> Self {
        let mut parts: Vec<EndpointPart> = endpoints.iter().map(endpoint_part).collect();
        parts.sort_by(|a, b| a.slug.cmp(&b.slug));
        Self { version: VERSION, endpoints: Some(parts), groups: groups.map(group_parts) }
    }

    /// A selection, to be edited: with ids, so that slugs can be changed, in the order in which it was selected.
    #[must_use]
    pub fn edit(endpoints: &[Endpoint]) -> Self {
        let with_id = |endpoint: &Endpoint| EndpointPart { id: Some(endpoint.id.clone()), ..endpoint_part(endpoint) };
        Self { version: VERSION, endpoints: Some(endpoints.iter().map(with_id).collect()), groups: None }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(DocumentError::TooLong);
        }
        let options = serde_saphyr::options! {
            strict_booleans: true,
            budget: serde_saphyr::budget! { max_events: 40_000_000, max_nodes: 20_000_000 },
        };
        let document: Self = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| DocumentError::Malformed(error.to_string()))?;
        if document.version == VERSION { Ok(document) } else { Err(DocumentError::Version(document.version)) }
    }

    /// The file's text.
    ///
    /// # Errors
    /// Something in it that YAML can't say.
    pub fn to_yaml(&self) -> Result<String, DocumentError> {
        let text = serde_saphyr::to_string(self).map_err(|error| DocumentError::Unwritable(error.to_string()))?;
        Ok(format!("{HEADER}{text}"))
    }
}

impl EndpointPart {
    /// Its targets, under whichever name they stand.
    #[must_use]
    pub fn all_targets(&self) -> Vec<Target> {
        self.target.iter().chain(self.targets.iter().flatten()).map(|target| target.clone().normalized()).collect()
    }
}

impl From<&ModelPart> for GroupModel {
    fn from(part: &ModelPart) -> Self {
        Self {
            slug: part.slug.clone(),
            rate_limits: part.rate_limits.clone(),
            usage_limits: part.usage_limits.clone(),
            unknown: part.unknown.clone(),
        }
    }
}

fn endpoint_part(endpoint: &Endpoint) -> EndpointPart {
    let (target, targets) = match endpoint.targets.as_slice() {
        [target] => (Some(target.clone()), None),
        several => (None, Some(several.to_vec())),
    };
    // What is the same everywhere would only be noise.
    let region = endpoint.region.clone().filter(|region| *region != Region::Unrestricted);
    EndpointPart { id: None, slug: endpoint.slug.clone(), region, target, targets }
}

fn group_parts(groups: &[Group]) -> Vec<GroupPart> {
    let names: HashMap<&GroupId, &str> =
        groups.iter().map(|group| (&group.id, group.metadata.external_entity_id.as_str())).collect();
    let mut parts: Vec<GroupPart> = groups
        .iter()
        .map(|group| GroupPart {
            external_entity_id: group.metadata.external_entity_id.clone(),
            name: group.metadata.name.clone(),
            // A parent that was not read stands by its id; no other workspace has it.
            parent: group
                .hierarchy
                .parent_group_id
                .as_ref()
                .map(|id| names.get(id).map_or_else(|| id.to_string(), |name| (*name).to_owned())),
            limit_enforcement: Some(group.hierarchy.limit_enforcement.clone()),
            models: sorted(&group.models).into_iter().map(model_part).collect(),
        })
        .collect();
    parts.sort_by(|a, b| a.external_entity_id.cmp(&b.external_entity_id));
    parts
}

fn model_part(model: GroupModel) -> ModelPart {
    let GroupModel { slug, rate_limits, usage_limits, unknown } = model;
    ModelPart { slug, rate_limits, usage_limits, unknown }
}
