//! From what a file wants and what a server has to the plan between them.
//!
//! Endpoints are found by id where the file gives one, else by slug; groups by their `external_entity_id`. What the
//! file does not name stays, unless it shall be pruned.

use std::collections::{HashMap, HashSet};

use super::Plan;
use super::change::Change;
use super::content::{EndpointContent, GroupContent, ParentGroup, same_models, same_targets};
use super::document::{Document, EndpointPart, GroupPart};
use crate::api::{Endpoint, EndpointId, Group, GroupId, GroupModel, Region, Slug};

/// Why no plan leads to what a file wants: one sentence for each thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl std::fmt::Display for Problems {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// What a server has.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// All endpoints.
    pub endpoints: &'a [Endpoint],
    /// All groups. `None`: they were not read, which a file that names groups does not allow.
    pub groups: Option<&'a [Group]>,
}

/// The plan that makes the server what the file wants; with `prunes`, what the file does not name is deleted.
///
/// # Errors
/// Every problem of the file, not only the first.
pub fn plan(document: &Document, server: &Server<'_>, prunes: bool) -> Result<Plan, Problems> {
    let mut problems = Vec::new();
    let mut changes = Vec::new();
    if let Some(parts) = &document.endpoints {
        endpoint_changes(parts, server.endpoints, prunes, &mut changes, &mut problems);
    }
    if let Some(parts) = &document.groups {
        match server.groups {
            Some(groups) => group_changes(parts, groups, prunes, &mut changes, &mut problems),
            None => problems.push("the file names groups, and the server's groups could not be read".to_owned()),
        }
    }
    if problems.is_empty() { Ok(Plan::new(changes)) } else { Err(Problems(problems)) }
}

fn endpoint_changes(
    parts: &[EndpointPart],
    endpoints: &[Endpoint],
    prunes: bool,
    changes: &mut Vec<Change>,
    problems: &mut Vec<String>,
) {
    let by_slug: HashMap<&Slug, &Endpoint> = endpoints.iter().map(|endpoint| (&endpoint.slug, endpoint)).collect();
    let by_id: HashMap<&EndpointId, &Endpoint> = endpoints.iter().map(|endpoint| (&endpoint.id, endpoint)).collect();
    let mut slugs: HashSet<&Slug> = HashSet::with_capacity(parts.len());
    let mut named: HashSet<&EndpointId> = HashSet::with_capacity(parts.len());
    for part in parts {
        if !slugs.insert(&part.slug) {
            problems.push(format!("{}: the file names this slug twice", part.slug));
            continue;
        }
        let current = match find(part, &by_id, &by_slug) {
            Ok(current) => current,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if let Some(current) = current
            && !named.insert(&current.id)
        {
            problems.push(format!("{}: the file names the endpoint {} twice", part.slug, current.id));
            continue;
        }
        match endpoint_change(part, current) {
            Ok(change) => changes.extend(change),
            Err(problem) => problems.push(format!("{}: {problem}", part.slug)),
        }
    }
    if prunes {
        changes.extend(endpoints.iter().filter(|endpoint| !named.contains(&endpoint.id)).map(Change::delete));
    }
}

fn find<'a>(
    part: &EndpointPart,
    by_id: &HashMap<&EndpointId, &'a Endpoint>,
    by_slug: &HashMap<&Slug, &'a Endpoint>,
) -> Result<Option<&'a Endpoint>, String> {
    let Some(id) = &part.id else { return Ok(by_slug.get(&part.slug).copied()) };
    match by_id.get(id) {
        Some(endpoint) => Ok(Some(endpoint)),
        None => Err(format!("{}: the server has no endpoint with the id {id}", part.slug)),
    }
}

fn endpoint_change(part: &EndpointPart, current: Option<&Endpoint>) -> Result<Option<Change>, String> {
    let targets = part.all_targets();
    if targets.is_empty() {
        return Err("it has no target".to_owned());
    }
    let Some(current) = current else {
        Slug::parse(part.slug.as_str()).map_err(|error| error.to_string())?;
        let content = EndpointContent { slug: part.slug.clone(), region: part.region.clone(), targets };
        return Ok(Some(Change::create(content)));
    };
    let region = |region: &Option<Region>| region.clone().unwrap_or(Region::Unrestricted);
    if region(&part.region) != region(&current.region) {
        return Err(format!(
            "its region is {} and cannot be changed to {}; delete it and create it anew",
            region(&current.region),
            region(&part.region)
        ));
    }
    let is_renamed = part.slug != current.slug;
    if is_renamed {
        Slug::parse(part.slug.as_str()).map_err(|error| error.to_string())?;
    }
    let is_repointed = !same_targets(&current.targets, &targets);
    if !is_renamed && !is_repointed {
        return Ok(None);
    }
    let slug = is_renamed.then(|| part.slug.clone());
    let mut targets = targets;
    let change = match (is_repointed, targets.len()) {
        (false, _) => Change::edit(current, slug, None),
        (true, 1) => Change::edit(current, slug, targets.pop()),
        (true, _) => Change::UpdateEndpoint {
            before: Box::new(current.clone()),
            after: EndpointContent { slug: part.slug.clone(), region: current.region.clone(), targets },
        },
    };
    // Fields that the file leaves out and this program does not know are kept, so that nothing may be left.
    Ok((!change.is_empty()).then_some(change))
}

fn group_changes(
    parts: &[GroupPart],
    groups: &[Group],
    prunes: bool,
    changes: &mut Vec<Change>,
    problems: &mut Vec<String>,
) {
    let by_entity: HashMap<&str, &Group> =
        groups.iter().map(|group| (group.metadata.external_entity_id.as_str(), group)).collect();
    let mut named: HashSet<&str> = HashSet::with_capacity(parts.len());
    for part in parts {
        if !named.insert(part.external_entity_id.as_str()) {
            problems.push(format!("{}: the file names this group twice", part.external_entity_id));
            continue;
        }
        let change = match by_entity.get(part.external_entity_id.as_str()) {
            Some(current) => group_update(part, current, &by_entity),
            None => group_create(part, &by_entity, parts),
        };
        match change {
            Ok(change) => changes.extend(change),
            Err(problem) => problems.push(format!("{}: {problem}", part.external_entity_id)),
        }
    }
    if prunes {
        let gone: Vec<&Group> =
            groups.iter().filter(|group| !named.contains(group.metadata.external_entity_id.as_str())).collect();
        changes.extend(gone.into_iter().map(|group| Change::DeleteGroup { before: Box::new(group.clone()) }));
        check_pruned(parts, groups, &named, problems);
    }
}

/// A group that goes takes its descendants with it: none of them may be one that the file keeps.
fn check_pruned(parts: &[GroupPart], groups: &[Group], named: &HashSet<&str>, problems: &mut Vec<String>) {
    let by_id: HashMap<&GroupId, &Group> = groups.iter().map(|group| (&group.id, group)).collect();
    let kept: HashSet<&str> = parts.iter().map(|part| part.external_entity_id.as_str()).collect();
    for group in groups.iter().filter(|group| kept.contains(group.metadata.external_entity_id.as_str())) {
        let parent = group.hierarchy.parent_group_id.as_ref().and_then(|id| by_id.get(id));
        if let Some(parent) = parent.filter(|parent| !named.contains(parent.metadata.external_entity_id.as_str())) {
            problems.push(format!(
                "{}: its parent {} is not in the file, and pruning that would delete both",
                group.metadata.external_entity_id, parent.metadata.external_entity_id
            ));
        }
    }
}

fn models(part: &GroupPart) -> Result<Vec<GroupModel>, String> {
    let models: Vec<GroupModel> = part.models.iter().map(GroupModel::from).collect();
    let mut slugs = HashSet::new();
    match models.iter().find(|model| !slugs.insert(&model.slug)) {
        Some(model) => Err(format!("it names {} twice", model.slug)),
        None => Ok(models),
    }
}

fn group_update(
    part: &GroupPart,
    current: &Group,
    by_entity: &HashMap<&str, &Group>,
) -> Result<Option<Change>, String> {
    let models = models(part)?;
    let parent = part.parent.as_deref().map(|parent| by_entity.get(parent).map_or(parent, |group| group.id.as_str()));
    if parent != current.hierarchy.parent_group_id.as_ref().map(GroupId::as_str) {
        return Err("its parent cannot be changed; delete it and create it anew".to_owned());
    }
    if let Some(mode) = &part.limit_enforcement
        && *mode != current.hierarchy.limit_enforcement
    {
        return Err(format!(
            "its limit_enforcement is {} and cannot be changed to {mode}",
            current.hierarchy.limit_enforcement
        ));
    }
    if part.name == current.metadata.name && same_models(&models, &current.models) {
        return Ok(None);
    }
    let after = GroupContent { name: part.name.clone(), models, ..GroupContent::from(current) };
    Ok(Some(Change::UpdateGroup { before: Box::new(current.clone()), after }))
}

fn group_create(
    part: &GroupPart,
    by_entity: &HashMap<&str, &Group>,
    parts: &[GroupPart],
) -> Result<Option<Change>, String> {
    let parent = match part.parent.as_deref() {
        None => None,
        Some(parent) => Some(match by_entity.get(parent) {
            Some(group) => ParentGroup::Id(group.id.clone()),
            None if parts.iter().any(|other| other.external_entity_id == parent) => {
                ParentGroup::ExternalEntityId(parent.to_owned())
            }
            None => return Err(format!("its parent {parent} is neither in the file nor on the server")),
        }),
    };
    let after = GroupContent {
        external_entity_id: part.external_entity_id.clone(),
        name: part.name.clone(),
        models: models(part)?,
        limit_enforcement: part.limit_enforcement.clone(),
        parent,
    };
    Ok(Some(Change::CreateGroup { after }))
}
