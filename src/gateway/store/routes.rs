//! The rows as the data plane takes them: everything that a snapshot holds, at one revision.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;
use secrecy::ExposeSecret;

use super::endpoints::{OWN_WORKSPACE, target};
use super::secrets::GivenSecrets;
use super::{Store, StoreError};
use crate::api::{DeploymentStatus, EndpointId, ModelId, SecretId, Slug, Time};
use crate::gateway::snapshot::{Route, RoutedModel, RoutedSecret, Routes};
use crate::gateway::vault::Vault;

impl Store {
    /// A fresh picture of all rows.
    ///
    /// # Errors
    /// The database fails, or a row does not hold what it must.
    pub async fn routes(&self) -> Result<Routes, StoreError> {
        let (vault, given) = (Arc::clone(&self.vault), Arc::clone(&self.given));
        let seen = self.read(move |connection| load(connection, &vault, &given)).await?;
        let mut routes = seen.value;
        routes.revision = seen.revision;
        Ok(routes)
    }
}

fn load(connection: &Connection, vault: &Vault, given: &GivenSecrets) -> Result<Routes, StoreError> {
    let mut routes = Routes::at(0);
    routes.by_slug = endpoints(connection)?;
    routes.models = models(connection)?;
    routes.secrets = secrets(connection, vault, given)?;
    Ok(routes)
}

fn endpoints(connection: &Connection) -> Result<HashMap<Slug, Arc<Route>>, StoreError> {
    let count: i64 = connection.query_row("SELECT count(*) FROM endpoints", [], |row| row.get(0))?;
    let mut by_slug = HashMap::with_capacity(usize::try_from(count).unwrap_or(0));
    let sql = "SELECT id, slug, created_at, provider, model_id, environment_name, target_model, secret_id, base_url,
                   vertex_project_id, vertex_location FROM endpoints WHERE workspace = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([OWN_WORKSPACE])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let text: String = row.get(1)?;
        let slug = Slug::parse(&text)
            .map_err(|error| StoreError::Damaged(format!("endpoint {id} in the database is damaged: {error}")))?;
        let target = target(row, 3)?;
        if !target.provider.is_known() {
            let provider = &target.provider;
            return Err(StoreError::Damaged(format!(
                "endpoint {id} in the database is damaged: its provider is {provider}"
            )));
        }
        let created_at = Time::from_micros(row.get(2)?);
        let route = Route { id: EndpointId::new(id), slug: slug.clone(), target, created_at };
        by_slug.insert(slug, Arc::new(route));
    }
    Ok(by_slug)
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
