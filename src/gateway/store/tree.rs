//! Groups as they stand above each other: a group's ancestors, all below it, and the limits that follow from them.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::StoreError;
use crate::api::{Group, GroupId, GroupMetadata, GroupModel, Hierarchy, LimitEnforcement, Time, Unknown};
use crate::gateway::rules::hierarchy::DEPTH_MAX;
use crate::gateway::rules::limit::effective_models;

/// What a group's row is read from, in the order of [`group`].
pub(super) const COLUMNS: &str =
    "sequence, id, external_entity_id, name, limit_enforcement, parent_id, models, created_at";

/// The living group.
pub(super) fn find(connection: &Connection, id: &GroupId) -> Result<Group, StoreError> {
    look_up(connection, id)?.ok_or_else(|| StoreError::NotFound(format!("group {id} does not exist")))
}

fn look_up(connection: &Connection, id: &GroupId) -> Result<Option<Group>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM groups WHERE id = ?1 AND deleted_at IS NULL");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([id.as_str()])?;
    found.next()?.map(group).transpose()
}

/// The group and its ancestors: itself first, the root last.
pub(super) fn lineage(connection: &Connection, id: &GroupId) -> Result<Vec<Group>, StoreError> {
    let mut lineage = vec![find(connection, id)?];
    while let Some(parent) = lineage.last().and_then(|group| group.hierarchy.parent_group_id.clone()) {
        if lineage.len() > DEPTH_MAX {
            return Err(damaged(id, "it stands too deep"));
        }
        lineage.push(look_up(connection, &parent)?.ok_or_else(|| damaged(id, "its parent is missing"))?);
    }
    Ok(lineage)
}

/// The group and all below it.
pub(super) fn subtree(connection: &Connection, root: &GroupId) -> Result<Vec<Group>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE below (below_id) AS (
             SELECT ?1 UNION SELECT groups.id FROM groups JOIN below ON groups.parent_id = below_id
                             WHERE groups.deleted_at IS NULL)
         SELECT {COLUMNS} FROM below JOIN groups ON groups.id = below_id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([root.as_str()])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        groups.push(group(row)?);
    }
    Ok(groups)
}

/// A row of [`COLUMNS`] as a group, without the limits that apply to it.
pub(super) fn group(row: &Row<'_>) -> Result<Group, StoreError> {
    let id = GroupId::new(row.get::<_, String>(1)?);
    let models = row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?;
    let models: Vec<GroupModel> =
        serde_json::from_str(models).map_err(|error| damaged(&id, &format!("its models: {error}")))?;
    let mode = LimitEnforcement::from(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?);
    if !mode.is_known() {
        return Err(damaged(&id, &format!("its mode is {mode}")));
    }
    Ok(Group {
        id,
        metadata: GroupMetadata { name: row.get(3)?, external_entity_id: row.get(2)?, unknown: Unknown::new() },
        models,
        effective_models: Vec::new(),
        hierarchy: Hierarchy {
            limit_enforcement: mode,
            parent_group_id: row.get::<_, Option<String>>(5)?.map(GroupId::new),
        },
        created_at: Time::from_micros(row.get(7)?),
        unknown: Unknown::new(),
    })
}

/// What a group declares, as its row keeps it.
pub(super) fn models_text(models: &[GroupModel]) -> Result<String, StoreError> {
    serde_json::to_string(models).map_err(|_| StoreError::Internal("a group's models could not be written"))
}

fn damaged(id: &GroupId, what: &str) -> StoreError {
    StoreError::Damaged(format!("group {id} in the database is damaged: {what}"))
}

/// Groups that were read already, so that a page of siblings reads their parent once.
#[derive(Debug, Default)]
pub(super) struct Lineages(HashMap<GroupId, Group>);

impl Lineages {
    /// Knows these.
    pub(super) fn of(groups: &[Group]) -> Self {
        Self(groups.iter().map(|group| (group.id.clone(), group.clone())).collect())
    }

    /// The group with the limits that apply to it.
    pub(super) fn complete(&mut self, connection: &Connection, mut group: Group) -> Result<Group, StoreError> {
        let mut above = Vec::new();
        let mut next = group.hierarchy.parent_group_id.clone();
        while let Some(id) = next {
            if above.len() > DEPTH_MAX {
                return Err(damaged(&group.id, "it stands too deep"));
            }
            if !self.0.contains_key(&id) {
                let found = look_up(connection, &id)?.ok_or_else(|| damaged(&group.id, "its parent is missing"))?;
                self.0.insert(id.clone(), found);
            }
            next = self.0.get(&id).and_then(|parent| parent.hierarchy.parent_group_id.clone());
            above.push(id);
        }
        let mut chain = vec![&group];
        chain.extend(above.iter().filter_map(|id| self.0.get(id)));
        group.effective_models = effective_models(&chain);
        Ok(group)
    }
}
