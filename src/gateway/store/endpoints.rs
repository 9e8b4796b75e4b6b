//! Endpoints: the rows, and the rules that only the rows can judge (is the slug free, does the secret exist).

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::audit::{Origin, record};
use super::writer::Transaction;
use super::{Rows, Seen, Sequence, Store, StoreError, Written};
use crate::api::{
    Endpoint, EndpointId, EndpointTombstone, ModelId, PRODUCTION, Provider, Region, SecretId, Slug, Target, Time,
    Unknown, VertexConfig,
};

/// The number of this workspace; rows with another belong to a neighbour.
pub(super) const OWN_WORKSPACE: i64 = 0;
/// What an endpoint's row is read from, in the order of [`endpoint`].
const COLUMNS: &str = "sequence, id, workspace, slug, region, provider, model_id, environment_name, target_model, \
                       secret_id, base_url, vertex_project_id, vertex_location, created_at, updated_at";

/// An endpoint to be, checked by everything but the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// Its id.
    pub id: EndpointId,
    /// What callers will name.
    pub slug: Slug,
    /// Where it may be served.
    pub region: Region,
    /// Where it routes.
    pub target: Target,
}

/// What of an endpoint is to change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Its new name.
    pub slug: Option<Slug>,
    /// Its new target.
    pub target: Option<Target>,
    /// The region that the caller believes it has: it cannot be changed.
    pub region: Option<Region>,
}

/// A change and the state that it was made on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patch {
    /// What is to change.
    pub change: Change,
    /// `If-Match`: only where the endpoint was last written then.
    pub if_match: Option<Time>,
}

impl Store {
    /// Rows of this workspace after `after`, in the order of their creation.
    ///
    /// # Errors
    /// The database fails.
    pub async fn endpoints_page(
        &self,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Seen<Rows<Endpoint>>, StoreError> {
        self.read(move |connection| page(connection, after.unwrap_or(0), limit)).await
    }

    /// One endpoint.
    ///
    /// # Errors
    /// There is none of this id, it is a neighbour's, or the database fails.
    pub async fn endpoint(&self, id: EndpointId) -> Result<Seen<Endpoint>, StoreError> {
        self.read(move |connection| find(connection, &id)).await
    }

    /// Makes an endpoint.
    ///
    /// # Errors
    /// The slug is taken, the target names what does not exist, or the database fails.
    pub async fn create_endpoint(&self, new: NewEndpoint, origin: Origin) -> Result<Written<Endpoint>, StoreError> {
        self.write(move |transaction| create(transaction, &new, &origin)).await
    }

    /// Changes an endpoint. `updated_at` moves, also where nothing else does.
    ///
    /// # Errors
    /// As for [`Store::endpoint`] and [`Store::create_endpoint`]; it has moved since `if_match`.
    pub async fn update_endpoint(
        &self,
        id: EndpointId,
        patch: Patch,
        origin: Origin,
    ) -> Result<Written<Endpoint>, StoreError> {
        self.write(move |transaction| update(transaction, &id, patch, &origin)).await
    }

    /// Deletes an endpoint and frees its slug.
    ///
    /// # Errors
    /// As for [`Store::endpoint`]; it has moved since `if_match`.
    pub async fn delete_endpoint(
        &self,
        id: EndpointId,
        if_match: Option<Time>,
        origin: Origin,
    ) -> Result<Written<EndpointTombstone>, StoreError> {
        self.write(move |transaction| delete(transaction, &id, if_match, &origin)).await
    }
}

fn page(connection: &Connection, after: Sequence, limit: usize) -> Result<Rows<Endpoint>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM endpoints WHERE sequence > ?1 AND workspace = ?2 ORDER BY sequence LIMIT ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = statement.query(params![after, OWN_WORKSPACE, one_more])?;
    let mut rows = Vec::with_capacity(limit.min(1024));
    let mut last = None;
    while let Some(row) = found.next()? {
        if rows.len() == limit {
            return Ok(Rows { rows, next: last });
        }
        last = Some(row.get(0)?);
        rows.push(endpoint(row)?);
    }
    Ok(Rows { rows, next: None })
}

/// The endpoint, where this workspace may touch it.
fn find(connection: &Connection, id: &EndpointId) -> Result<Endpoint, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM endpoints WHERE id = ?1"))?;
    let mut found = statement.query([id.as_str()])?;
    let Some(row) = found.next()? else {
        return Err(StoreError::NotFound(format!("endpoint {id} does not exist")));
    };
    if row.get::<_, i64>(2)? != OWN_WORKSPACE {
        return Err(StoreError::Forbidden(format!("endpoint {id} belongs to another workspace")));
    }
    endpoint(row)
}

fn guard(current: &Endpoint, if_match: Option<Time>) -> Result<(), StoreError> {
    match if_match {
        Some(expected) if expected != current.updated_at => Err(StoreError::Moved { updated_at: current.updated_at }),
        _ => Ok(()),
    }
}

pub(super) fn create(
    transaction: &Transaction<'_>,
    new: &NewEndpoint,
    origin: &Origin,
) -> Result<Endpoint, StoreError> {
    slug_is_free(transaction.connection, &new.slug, None)?;
    target_exists(transaction.connection, &new.target)?;
    let endpoint = Endpoint {
        id: new.id.clone(),
        slug: new.slug.clone(),
        region: Some(new.region.clone()),
        targets: vec![new.target.clone()],
        created_at: origin.now,
        updated_at: origin.now,
        unknown: Unknown::new(),
    };
    insert(transaction, OWN_WORKSPACE, new, origin.now, origin.now)?;
    let fields = [("gateway_endpoint_id", Some(new.id.as_str())), ("slug", Some(new.slug.as_str()))];
    record(transaction, origin, "GATEWAY_ENDPOINT_CREATED", &fields)?;
    Ok(endpoint)
}

/// Writes the row alone, unchecked.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    workspace: i64,
    new: &NewEndpoint,
    created_at: Time,
    updated_at: Time,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO endpoints (id, workspace, slug, region, provider, model_id, environment_name, target_model,
                   secret_id, base_url, vertex_project_id, vertex_location, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let target = &new.target;
    transaction.touch(&new.slug);
    transaction.connection.prepare_cached(sql)?.execute(params![
        new.id.as_str(),
        workspace,
        new.slug.as_str(),
        new.region.as_str(),
        target.provider.as_str(),
        target.model_id.as_ref().map(ModelId::as_str),
        target.environment_name,
        target.target_model,
        target.secret_id.as_ref().map(SecretId::as_str),
        target.base_url,
        target.vertex_config.as_ref().map(|config| &config.project_id),
        target.vertex_config.as_ref().map(|config| &config.location),
        created_at.micros(),
        updated_at.micros(),
    ])?;
    Ok(())
}

fn update(
    transaction: &Transaction<'_>,
    id: &EndpointId,
    patch: Patch,
    origin: &Origin,
) -> Result<Endpoint, StoreError> {
    let connection = transaction.connection;
    let mut endpoint = find(connection, id)?;
    guard(&endpoint, patch.if_match)?;
    if patch.change.region.is_some() && patch.change.region != endpoint.region {
        return Err(StoreError::Invalid("region cannot be changed after creation".to_owned()));
    }
    let mut previous = None;
    if let Some(slug) = patch.change.slug {
        slug_is_free(connection, &slug, Some(id))?;
        if slug != endpoint.slug {
            previous = Some(std::mem::replace(&mut endpoint.slug, slug));
        }
    }
    if let Some(target) = patch.change.target {
        target_exists(connection, &target)?;
        endpoint.targets = vec![target];
    }
    let just_after = Time::from_micros(endpoint.updated_at.micros().saturating_add(1));
    endpoint.updated_at = origin.now.max(just_after);
    overwrite(connection, &endpoint)?;
    [Some(&endpoint.slug), previous.as_ref()].into_iter().flatten().for_each(|slug| transaction.touch(slug));
    let fields = [
        ("gateway_endpoint_id", Some(id.as_str())),
        ("slug", Some(endpoint.slug.as_str())),
        ("previous_slug", previous.as_ref().map(Slug::as_str)),
    ];
    record(transaction, origin, "GATEWAY_ENDPOINT_UPDATED", &fields)?;
    Ok(endpoint)
}

fn overwrite(connection: &Connection, endpoint: &Endpoint) -> Result<(), StoreError> {
    let sql = "UPDATE endpoints SET slug = ?2, provider = ?3, model_id = ?4, environment_name = ?5, target_model = ?6,
                   secret_id = ?7, base_url = ?8, vertex_project_id = ?9, vertex_location = ?10, updated_at = ?11
               WHERE id = ?1";
    let target = endpoint.target().ok_or(StoreError::Internal("an endpoint lost its target"))?;
    connection.prepare_cached(sql)?.execute(params![
        endpoint.id.as_str(),
        endpoint.slug.as_str(),
        target.provider.as_str(),
        target.model_id.as_ref().map(ModelId::as_str),
        target.environment_name,
        target.target_model,
        target.secret_id.as_ref().map(SecretId::as_str),
        target.base_url,
        target.vertex_config.as_ref().map(|config| &config.project_id),
        target.vertex_config.as_ref().map(|config| &config.location),
        endpoint.updated_at.micros(),
    ])?;
    Ok(())
}

fn delete(
    transaction: &Transaction<'_>,
    id: &EndpointId,
    if_match: Option<Time>,
    origin: &Origin,
) -> Result<EndpointTombstone, StoreError> {
    let endpoint = find(transaction.connection, id)?;
    guard(&endpoint, if_match)?;
    transaction.connection.prepare_cached("DELETE FROM endpoints WHERE id = ?1")?.execute([id.as_str()])?;
    transaction.touch(&endpoint.slug);
    let fields = [("gateway_endpoint_id", Some(id.as_str())), ("slug", Some(endpoint.slug.as_str()))];
    record(transaction, origin, "GATEWAY_ENDPOINT_DELETED", &fields)?;
    Ok(EndpointTombstone { id: endpoint.id, slug: endpoint.slug })
}

fn slug_is_free(connection: &Connection, slug: &Slug, but_of: Option<&EndpointId>) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM endpoints WHERE slug = ?1")?;
    let holder: Option<String> = statement.query_row([slug.as_str()], |row| row.get(0)).optional()?;
    match holder {
        Some(holder) if but_of.map(EndpointId::as_str) != Some(&holder) => {
            Err(StoreError::Invalid(format!("slug {slug} is already in use")))
        }
        _ => Ok(()),
    }
}

fn target_exists(connection: &Connection, target: &Target) -> Result<(), StoreError> {
    let exists = |sql: &str, key: &[&str]| -> Result<bool, StoreError> {
        Ok(connection.prepare_cached(sql)?.exists(rusqlite::params_from_iter(key))?)
    };
    if let Some(secret) = &target.secret_id
        && !exists("SELECT 1 FROM secrets WHERE id = ?1", &[secret.as_str()])?
    {
        return Err(StoreError::Invalid(format!("secret_id {secret} does not exist in this workspace")));
    }
    if let Some(model) = &target.model_id {
        if !exists("SELECT 1 FROM models WHERE id = ?1", &[model.as_str()])? {
            return Err(StoreError::Invalid(format!("model_id {model} does not exist in this workspace")));
        }
        let name = target.environment_name.as_deref().unwrap_or(PRODUCTION);
        if !exists("SELECT 1 FROM environments WHERE model_id = ?1 AND name = ?2", &[model.as_str(), name])? {
            return Err(StoreError::Invalid(format!("environment_name {name} does not exist for model {model}")));
        }
    }
    Ok(())
}

/// A row of [`COLUMNS`] as an endpoint.
fn endpoint(row: &Row<'_>) -> Result<Endpoint, StoreError> {
    Ok(Endpoint {
        id: EndpointId::new(row.get::<_, String>(1)?),
        slug: Slug::from_wire(row.get::<_, String>(3)?),
        region: Some(Region::from(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)),
        targets: vec![target(row, 5)?],
        created_at: Time::from_micros(row.get(13)?),
        updated_at: Time::from_micros(row.get(14)?),
        unknown: Unknown::new(),
    })
}

/// The target in a row, whose eight columns begin at `first`.
pub(super) fn target(row: &Row<'_>, first: usize) -> Result<Target, StoreError> {
    let provider = Provider::from(row.get_ref(first)?.as_str().map_err(rusqlite::Error::from)?);
    let mut target = Target::new(provider);
    target.model_id = row.get::<_, Option<String>>(first + 1)?.map(ModelId::new);
    target.environment_name = row.get(first + 2)?;
    target.target_model = row.get(first + 3)?;
    target.secret_id = row.get::<_, Option<String>>(first + 4)?.map(SecretId::new);
    target.base_url = row.get(first + 5)?;
    let project: Option<String> = row.get(first + 6)?;
    let location: Option<String> = row.get(first + 7)?;
    target.vertex_config = project.zip(location).map(|(project_id, location)| VertexConfig {
        project_id,
        location,
        unknown: Unknown::new(),
    });
    Ok(target)
}
