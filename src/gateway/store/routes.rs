//! The rows as the data plane takes them: everything that a snapshot holds, at one revision.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use secrecy::ExposeSecret;

use super::endpoints::{OWN_WORKSPACE, target};
use super::secrets::GivenSecrets;
use super::{Sequence, Store, StoreError};
use crate::api::{DeploymentStatus, EndpointId, ModelId, SecretId, Slug, Target, Time};
use crate::gateway::snapshot::{Route, RoutedModel, RoutedSecret, Routes};
use crate::gateway::vault::Vault;

/// From so many rows on they are read by two threads: a start waits for it.
const SPLIT_ROWS: i64 = 10_000;

impl Store {
    /// A fresh picture of all rows, taken beside the requests that are served: nobody waits for it.
    ///
    /// # Errors
    /// The database fails, or a row does not hold what it must.
    pub async fn routes_beside(&self) -> Result<Routes, StoreError> {
        let (vault, given) = (Arc::clone(&self.vault), Arc::clone(&self.given));
        let seen =
            self.readers.read_beside(move |connection| all(connection, 0..Sequence::MAX, &vault, &given)).await?;
        let mut routes = seen.value;
        routes.revision = seen.revision;
        Ok(routes)
    }

    /// A fresh picture of all rows, as fast as can be: a start waits for it.
    ///
    /// # Errors
    /// The database fails, or a row does not hold what it must.
    pub async fn routes(&self) -> Result<Routes, StoreError> {
        let last = self.read(|connection| Ok(last_sequence(connection)?)).await?;
        if last.value >= SPLIT_ROWS {
            let middle = last.value / 2;
            let (first, second) = tokio::join!(
                self.routes_of(0, middle),
                self.read(move |connection| endpoints(connection, middle, Sequence::MAX))
            );
            let (mut routes, second) = (first?, second?);
            // A write between the two would tear the picture; it is taken again whole then.
            if routes.revision == second.revision {
                routes.by_slug.reserve(second.value.len());
                routes.by_slug.extend(by_slug(second.value));
                return Ok(routes);
            }
        }
        self.routes_of(0, Sequence::MAX).await
    }

    /// Everything, but of the endpoints only those with these numbers.
    async fn routes_of(&self, after: Sequence, until: Sequence) -> Result<Routes, StoreError> {
        let (vault, given) = (Arc::clone(&self.vault), Arc::clone(&self.given));
        let seen = self.read(move |connection| all(connection, after..until, &vault, &given)).await?;
        let mut routes = seen.value;
        routes.revision = seen.revision;
        Ok(routes)
    }
}

/// Everything, but of the endpoints only those with these numbers, and no revision yet.
fn all(
    connection: &Connection,
    numbers: Range<Sequence>,
    vault: &Vault,
    given: &GivenSecrets,
) -> Result<Routes, StoreError> {
    let mut routes = Routes::at(0);
    let endpoints = endpoints(connection, numbers.start, numbers.end)?;
    // Room for both halves, so that the map is not built twice.
    routes.by_slug.reserve(if numbers.end == Sequence::MAX { endpoints.len() } else { 2 * endpoints.len() });
    routes.by_slug.extend(by_slug(endpoints));
    routes.models = models(connection)?;
    routes.secrets = secrets(connection, vault, given)?;
    Ok(routes)
}

fn last_sequence(connection: &Connection) -> Result<Sequence, rusqlite::Error> {
    connection.query_row("SELECT coalesce(max(sequence), 0) FROM endpoints", [], |row| row.get(0))
}

fn by_slug(routes: Vec<Arc<Route>>) -> impl Iterator<Item = (Slug, Arc<Route>)> {
    routes.into_iter().map(|route| (route.slug.clone(), route))
}

fn endpoints(connection: &Connection, after: Sequence, until: Sequence) -> Result<Vec<Arc<Route>>, StoreError> {
    let mut routes = Vec::new();
    let mut targets = Targets::default();
    let sql = "SELECT id, slug, created_at, provider, model_id, environment_name, target_model, secret_id, base_url,
                   vertex_project_id, vertex_location
               FROM endpoints WHERE workspace = ?1 AND sequence > ?2 AND sequence <= ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([OWN_WORKSPACE, after, until])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let slug: String = row.get(1)?;
        Slug::check(&slug)
            .map_err(|error| StoreError::Damaged(format!("endpoint {id} in the database is damaged: {error}")))?;
        let target = targets.of(row)?;
        if !target.provider.is_known() {
            let provider = &target.provider;
            return Err(StoreError::Damaged(format!(
                "endpoint {id} in the database is damaged: its provider is {provider}"
            )));
        }
        let created_at = Time::from_micros(row.get(2)?);
        routes.push(Arc::new(Route { id: EndpointId::new(id), slug: Slug::from_wire(slug), target, created_at }));
    }
    Ok(routes)
}

/// The targets of the rows so far. Most endpoints of a large store share a few: each is built and held once, which
/// halves the time of a start.
#[derive(Default)]
struct Targets {
    known: HashMap<Vec<u8>, Arc<Target>>,
    key: Vec<u8>,
}

/// The first column of a target in a row of [`endpoints`], and how many it has.
const TARGET_COLUMNS: (usize, usize) = (3, 8);
/// The most targets that are looked for again.
const TARGETS_MAX: usize = 4096;

impl Targets {
    fn of(&mut self, row: &Row<'_>) -> Result<Arc<Target>, StoreError> {
        let (first, count) = TARGET_COLUMNS;
        self.key.clear();
        for column in first..first + count {
            // The length stands before the text, so that no two rows share a key by chance.
            if let ValueRef::Text(text) = row.get_ref(column)? {
                self.key.push(1);
                self.key.extend(text.len().to_le_bytes());
                self.key.extend(text);
            } else {
                self.key.push(0);
            }
        }
        if let Some(target) = self.known.get(&self.key) {
            return Ok(Arc::clone(target));
        }
        let target = Arc::new(target(row, first)?);
        if self.known.len() < TARGETS_MAX {
            self.known.insert(self.key.clone(), Arc::clone(&target));
        }
        Ok(target)
    }
}

fn models(connection: &Connection) -> Result<HashMap<ModelId, RoutedModel>, StoreError> {
    let mut models = HashMap::new();
    let mut statement = connection.prepare_cached("SELECT id, name FROM models")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let model = RoutedModel { name: row.get(1)?, environments: HashMap::new() };
        models.insert(ModelId::new(row.get::<_, String>(0)?), model);
    }
    let sql = "SELECT environments.model_id, environments.name, deployments.status FROM environments
               LEFT JOIN deployments ON deployments.id = environments.deployment_id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let status: Option<String> = row.get(2)?;
        if let Some(model) = models.get_mut(row.get::<_, String>(0)?.as_str()) {
            model.environments.insert(row.get(1)?, status.as_deref().map(DeploymentStatus::from));
        }
    }
    Ok(models)
}

fn secrets(
    connection: &Connection,
    vault: &Vault,
    given: &GivenSecrets,
) -> Result<HashMap<SecretId, RoutedSecret>, StoreError> {
    let mut secrets = HashMap::new();
    let mut statement = connection.prepare_cached("SELECT id, name, sealed, simulated FROM secrets")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let name: String = row.get(1)?;
        if let Some(value) = given.get(&name) {
            let secret = RoutedSecret { name, value: value.clone(), simulated: false };
            secrets.insert(SecretId::new(id), secret);
            continue;
        }
        let value = vault.open(&id, row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?);
        let value = value.map_err(|error| StoreError::Damaged(error.to_string()))?;
        // Empty: it was given at an earlier start, and is not at this one.
        if !value.expose_secret().is_empty() {
            secrets.insert(SecretId::new(id), RoutedSecret { name, value, simulated: row.get(3)? });
        }
    }
    Ok(secrets)
}
