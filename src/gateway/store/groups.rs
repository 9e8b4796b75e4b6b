//! Groups: the rows, and the rules that only the rows can judge (is the id free, does the slug exist, does the
//! parent allow so much).
//!
//! A change is told to the request path right behind its commit, by the `after` that every write here takes: groups
//! do not wait for a sync. How groups stand above each other is in [`tree`].

use rusqlite::{Connection, OptionalExtension, params};

use super::audit::{Origin, record};
use super::endpoints::OWN_WORKSPACE;
use super::tree::{self, COLUMNS, Lineages};
use super::writer::Transaction;
use super::{Rows, Seen, Sequence, Store, StoreError, Written};
use crate::api::{
    Group, GroupId, GroupMetadata, GroupModel, GroupTombstone, Hierarchy, LimitEnforcement, Slug, Time, Unknown,
};
use crate::gateway::rules::hierarchy::{DEPTH_MAX, EXCEEDS_PARENT, exceeds};

/// A group to be, checked by everything but the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// Its id.
    pub id: GroupId,
    /// The caller's own id for it.
    pub external_entity_id: String,
    /// Shown to people.
    pub name: Option<String>,
    /// What it may call.
    pub models: Vec<GroupModel>,
    /// The parent's where it is not said.
    pub limit_enforcement: Option<LimitEnforcement>,
    /// A root where it is not said.
    pub parent: Option<GroupId>,
}

/// What of a group is to change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupPatch {
    /// Its new name; the inner `None` takes the name away.
    pub name: Option<Option<String>>,
    /// All that it may call from now on.
    pub models: Option<Vec<GroupModel>>,
    /// The id that the caller believes it has: it cannot be changed.
    pub external_entity_id: Option<String>,
    /// The mode that the caller believes it has: it cannot be changed.
    pub limit_enforcement: Option<LimitEnforcement>,
    /// The parent that the caller believes it has: it cannot be changed.
    pub parent: Option<GroupId>,
}

impl Store {
    /// Groups after `after`, in the order of their creation; only the one with this external id where it is given.
    ///
    /// # Errors
    /// The database fails.
    pub async fn groups_page(
        &self,
        external_entity_id: Option<String>,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Seen<Rows<Group>>, StoreError> {
        self.read(move |connection| page(connection, external_entity_id.as_deref(), after.unwrap_or(0), limit)).await
    }

    /// One group with the limits that apply to it.
    ///
    /// # Errors
    /// There is none of this id, or the database fails.
    pub async fn group(&self, id: GroupId) -> Result<Seen<Group>, StoreError> {
        self.read(move |connection| {
            let group = tree::find(connection, &id)?;
            Lineages::default().complete(connection, group)
        })
        .await
    }

    /// Makes a group.
    ///
    /// # Errors
    /// The external id is taken, a slug or the parent does not exist, the mode is not the parent's, the tree gets
    /// too deep, a limit is above an ancestor's, or the database fails.
    pub async fn create_group(
        &self,
        new: NewGroup,
        origin: Origin,
        after: impl FnOnce(&Group) + Send + 'static,
    ) -> Result<Written<Group>, StoreError> {
        self.write_then(move |transaction| create(transaction, new, &origin), after).await
    }

    /// Changes a group.
    ///
    /// # Errors
    /// There is none of this id, a slug that is new to it does not exist, a limit is above an ancestor's or below a
    /// descendant's, something was to change that cannot, or the database fails.
    pub async fn update_group(
        &self,
        id: GroupId,
        patch: GroupPatch,
        origin: Origin,
        after: impl FnOnce(&Group) + Send + 'static,
    ) -> Result<Written<Group>, StoreError> {
        self.write_then(move |transaction| update(transaction, &id, patch, &origin), after).await
    }

    /// Deletes a group with all below it and their keys, and frees their external ids.
    ///
    /// # Errors
    /// There is none of this id, or the database fails.
    pub async fn delete_group(
        &self,
        id: GroupId,
        origin: Origin,
        after: impl FnOnce(&GroupTombstone) + Send + 'static,
    ) -> Result<Written<GroupTombstone>, StoreError> {
        self.write_then(move |transaction| delete(transaction, &id, &origin), after).await
    }
}

fn page(
    connection: &Connection,
    external_entity_id: Option<&str>,
    after: Sequence,
    limit: usize,
) -> Result<Rows<Group>, StoreError> {
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let (condition, filter) = match external_entity_id {
        Some(id) => ("external_entity_id = ?3", id),
        None => ("?3 = ''", ""),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM groups WHERE {condition} AND sequence > ?1 AND deleted_at IS NULL \
         ORDER BY sequence LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![after, one_more, filter])?;
    let mut groups = Vec::with_capacity(limit.min(1024));
    let mut last = None;
    let mut next = None;
    while let Some(row) = found.next()? {
        if groups.len() == limit {
            next = last;
            break;
        }
        last = Some(row.get(0)?);
        groups.push(tree::group(row)?);
    }
    let mut lineages = Lineages::of(&groups);
    let rows = groups.into_iter().map(|group| lineages.complete(connection, group)).collect::<Result<_, _>>()?;
    Ok(Rows { rows, next })
}

fn create(transaction: &Transaction<'_>, new: NewGroup, origin: &Origin) -> Result<Group, StoreError> {
    let connection = transaction.connection;
    let (group, ancestors) = judge(connection, new, origin.now)?;
    slugs_exist(connection, &group.models, &[])?;
    external_entity_id_is_free(connection, &group.metadata.external_entity_id)?;
    if group.hierarchy.limit_enforcement == LimitEnforcement::Cascading {
        fits_below(&group.models, &ancestors)?;
    }
    insert(connection, &group)?;
    record(transaction, origin, "GATEWAY_GROUP_CREATED", &fields(&group))?;
    Lineages::of(&ancestors).complete(connection, group)
}

/// The group as its row will be, and its ancestors, the parent first.
fn judge(connection: &Connection, new: NewGroup, now: Time) -> Result<(Group, Vec<Group>), StoreError> {
    let ancestors = match &new.parent {
        Some(parent) => tree::lineage(connection, parent)?,
        None => Vec::new(),
    };
    let parents_mode = ancestors.first().map(|parent| parent.hierarchy.limit_enforcement.clone());
    let limit_enforcement = match (new.limit_enforcement, parents_mode) {
        (Some(own), Some(parents)) if own != parents => {
            let message = format!("hierarchy.limit_enforcement must be the parent's, which is {parents}");
            return Err(StoreError::Invalid(message));
        }
        (Some(own), _) => own,
        (None, parents) => parents.unwrap_or(LimitEnforcement::Independent),
    };
    if ancestors.len() >= DEPTH_MAX {
        let message = format!("hierarchy.parent_group_id: at most {DEPTH_MAX} groups may stand above each other");
        return Err(StoreError::Invalid(message));
    }
    let group = Group {
        id: new.id,
        metadata: GroupMetadata { name: new.name, external_entity_id: new.external_entity_id, unknown: Unknown::new() },
        models: new.models,
        effective_models: Vec::new(),
        hierarchy: Hierarchy { limit_enforcement, parent_group_id: new.parent },
        created_at: now,
        unknown: Unknown::new(),
    };
    Ok((group, ancestors))
}

/// Writes the row alone, unchecked.
pub(super) fn insert(connection: &Connection, group: &Group) -> Result<(), StoreError> {
    let sql = "INSERT INTO groups (id, external_entity_id, name, limit_enforcement, parent_id, models, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    connection.prepare_cached(sql)?.execute(params![
        group.id.as_str(),
        group.metadata.external_entity_id,
        group.metadata.name,
        group.hierarchy.limit_enforcement.as_str(),
        group.hierarchy.parent_group_id.as_ref().map(GroupId::as_str),
        tree::models_text(&group.models)?,
        group.created_at.micros(),
    ])?;
    Ok(())
}

fn update(
    transaction: &Transaction<'_>,
    id: &GroupId,
    patch: GroupPatch,
    origin: &Origin,
) -> Result<Group, StoreError> {
    let connection = transaction.connection;
    let mut group = tree::find(connection, id)?;
    stays_the_same(&patch, &group)?;
    if let Some(name) = patch.name {
        group.metadata.name = name;
    }
    if let Some(models) = patch.models {
        // A slug that it has may be gone meanwhile, deleted or renamed: keeping it is no mistake of this write.
        slugs_exist(connection, &models, &group.models)?;
        if group.hierarchy.limit_enforcement == LimitEnforcement::Cascading {
            fits_between(connection, &group, &models)?;
        }
        group.models = models;
    }
    let sql = "UPDATE groups SET name = ?2, models = ?3 WHERE id = ?1";
    let models = tree::models_text(&group.models)?;
    connection.prepare_cached(sql)?.execute(params![id.as_str(), group.metadata.name, models])?;
    record(transaction, origin, "GATEWAY_GROUP_UPDATED", &fields(&group))?;
    Lineages::default().complete(connection, group)
}

/// What was given at the creation stays for good. Saying it again is no harm.
fn stays_the_same(patch: &GroupPatch, group: &Group) -> Result<(), StoreError> {
    fn differs<T: PartialEq>(said: Option<&T>, is: Option<&T>) -> bool {
        said.is_some() && said != is
    }
    let fixed = |field: &str| Err(StoreError::Invalid(format!("{field} cannot be changed after creation")));
    if differs(patch.external_entity_id.as_ref(), Some(&group.metadata.external_entity_id)) {
        return fixed("metadata.external_entity_id");
    }
    if differs(patch.limit_enforcement.as_ref(), Some(&group.hierarchy.limit_enforcement)) {
        return fixed("hierarchy.limit_enforcement");
    }
    if differs(patch.parent.as_ref(), group.hierarchy.parent_group_id.as_ref()) {
        return fixed("hierarchy.parent_group_id");
    }
    Ok(())
}

fn delete(transaction: &Transaction<'_>, id: &GroupId, origin: &Origin) -> Result<GroupTombstone, StoreError> {
    let connection = transaction.connection;
    let root = tree::find(connection, id)?;
    for group in tree::subtree(connection, id)? {
        let mut statement = connection.prepare_cached("UPDATE groups SET deleted_at = ?2 WHERE id = ?1")?;
        statement.execute(params![group.id.as_str(), origin.now.micros()])?;
        connection.prepare_cached("DELETE FROM api_keys WHERE group_id = ?1")?.execute([group.id.as_str()])?;
        connection.prepare_cached("DELETE FROM day_usage WHERE group_id = ?1")?.execute([group.id.as_str()])?;
        record(transaction, origin, "GATEWAY_GROUP_DELETED", &fields(&group))?;
    }
    Ok(GroupTombstone { id: root.id, metadata: root.metadata, deleted_at: origin.now })
}

fn fields(group: &Group) -> [(&'static str, Option<&str>); 2] {
    [
        ("gateway_group_id", Some(group.id.as_str())),
        ("external_entity_id", Some(group.metadata.external_entity_id.as_str())),
    ]
}

fn external_entity_id_is_free(connection: &Connection, external_entity_id: &str) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM groups WHERE external_entity_id = ?1 AND deleted_at IS NULL";
    let holder = connection.prepare_cached(sql)?.query_row([external_entity_id], |_| Ok(())).optional()?;
    match holder {
        Some(()) => {
            Err(StoreError::Invalid(format!("metadata.external_entity_id {external_entity_id} is already in use")))
        }
        None => Ok(()),
    }
}

/// Every slug is an endpoint of this workspace, or one that the group has already.
fn slugs_exist(connection: &Connection, models: &[GroupModel], had: &[GroupModel]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM endpoints WHERE slug = ?1 AND workspace = ?2")?;
    for (index, GroupModel { slug, .. }) in models.iter().enumerate() {
        let is_had = had.iter().any(|model| model.slug == *slug);
        if !is_had && !statement.exists(params![Slug::as_str(slug), OWN_WORKSPACE])? {
            return Err(StoreError::Invalid(format!("models[{index}].slug {slug} does not exist")));
        }
    }
    Ok(())
}

fn fits_below(models: &[GroupModel], ancestors: &[Group]) -> Result<(), StoreError> {
    fits(!ancestors.iter().any(|ancestor| exceeds(models, &ancestor.models)))
}

/// Neither above an ancestor nor below a descendant.
fn fits_between(connection: &Connection, group: &Group, models: &[GroupModel]) -> Result<(), StoreError> {
    if let Some(parent) = &group.hierarchy.parent_group_id {
        fits_below(models, &tree::lineage(connection, parent)?)?;
    }
    let below = tree::subtree(connection, &group.id)?;
    let mut descendants = below.iter().filter(|other| other.id != group.id);
    fits(!descendants.any(|descendant| exceeds(&descendant.models, models)))
}

fn fits(fits: bool) -> Result<(), StoreError> {
    if fits { Ok(()) } else { Err(StoreError::Invalid(EXCEEDS_PARENT.to_owned())) }
}
