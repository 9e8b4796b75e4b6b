//! What an empty store is filled with. The rows themselves are data files in `assets/seed`.

mod groups;

use std::sync::Arc;

use rusqlite::{Connection, params};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::audit::{Origin, record};
use super::endpoints::{self, NewEndpoint, OWN_WORKSPACE};
use super::secrets::{self, TEAM};
use super::writer::Transaction;
use super::{Store, StoreError};
use crate::api::{EndpointId, Region, SecretId, Slug, SlugError, Target, Time};
use crate::gateway::process::options::Seed;
use crate::gateway::store::vault::Vault;
use groups::{GroupSeed, minutes_before};

const WORKSPACE: &str = include_str!("../../../assets/seed/workspace.json");
const DEMO: &str = include_str!("../../../assets/seed/demo.json");
/// The number of the workspace next door.
const NEIGHBOUR_WORKSPACE: i64 = 1;
const DAY_MINUTES: u64 = 24 * 60;

/// Why a store was not seeded.
#[derive(Debug, Error)]
pub enum SeedError {
    /// A data file in this program is wrong.
    #[error("a seed file of this program is wrong: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A seeded slug is none.
    #[error("cannot seed endpoints: {0}; hint: check --org-prefix")]
    Slug(#[from] SlugError),
    /// The store failed.
    #[error("cannot seed the store: {0}")]
    Store(#[from] StoreError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkspaceSeed {
    models: Vec<ModelSeed>,
    secrets: Vec<SecretSeed>,
    neighbours: Vec<EndpointSeed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelSeed {
    id: String,
    name: String,
    instance_type_name: String,
    created_days_ago: u64,
    deployments: Vec<DeploymentSeed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeploymentSeed {
    id: String,
    name: String,
    environment: Option<String>,
    status: String,
    replicas: i64,
    created_days_ago: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretSeed {
    id: String,
    name: String,
    created_days_ago: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoSeed {
    endpoints: Vec<EndpointSeed>,
    endpoints_after_first_sync: Vec<EndpointSeed>,
    groups: Vec<GroupSeed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointSeed {
    id: String,
    /// The whole slug, of a neighbour.
    #[serde(default)]
    slug: Option<String>,
    /// What follows our own prefix.
    #[serde(default)]
    name: String,
    #[serde(default)]
    region: Option<String>,
    target: Target,
    #[serde(default)]
    created_minutes_ago: u64,
    #[serde(default)]
    updated_minutes_ago: u64,
}

impl EndpointSeed {
    fn endpoint(self, org_prefix: &str) -> Result<NewEndpoint, SlugError> {
        let slug = self.slug.unwrap_or_else(|| format!("{org_prefix}/{}", self.name));
        Ok(NewEndpoint {
            id: EndpointId::new(self.id),
            slug: Slug::parse(&slug)?,
            region: self.region.as_deref().map_or(Region::Unrestricted, Region::from),
            target: self.target.normalized(),
        })
    }
}

/// What a seed left for after the first sync.
pub(crate) type Late = Vec<NewEndpoint>;

impl Store {
    /// Fills the store where it has no rows at all. Gives what is to be written after the first sync.
    pub(crate) async fn seed(&self, seed: Seed, org_prefix: &str, now: Time) -> Result<Late, SeedError> {
        if self.read(is_used).await.map_err(SeedError::Store)?.value {
            return Ok(Vec::new());
        }
        let mut late = Vec::new();
        let mut groups = Vec::new();
        let (workspace, demo) = match seed {
            Seed::None => return Ok(late),
            Seed::Workspace => (serde_json::from_str::<WorkspaceSeed>(WORKSPACE)?, Vec::new()),
            Seed::Demo => {
                let demo = serde_json::from_str::<DemoSeed>(DEMO)?;
                late = endpoints_of(demo.endpoints_after_first_sync, org_prefix)?;
                let seeded = demo.groups.into_iter().map(|seed| seed.group(org_prefix, now));
                groups = seeded.collect::<Result<_, _>>()?;
                (serde_json::from_str::<WorkspaceSeed>(WORKSPACE)?, demo.endpoints)
            }
        };
        let times: Vec<_> = demo.iter().map(|seed| (seed.created_minutes_ago, seed.updated_minutes_ago)).collect();
        let demo = endpoints_of(demo, org_prefix)?.into_iter().zip(times).collect();
        let vault = Arc::clone(&self.vault);
        self.write(move |transaction| {
            fill(transaction, &vault, workspace, demo, now)?;
            groups::fill(transaction, &groups)
        })
        .await?;
        Ok(late)
    }
}

/// The demo's endpoints and groups, as a file that `repoint apply` takes has them.
///
/// # Errors
/// A data file in this program is wrong, or the prefix is none.
pub fn demo(org_prefix: &str) -> Result<Value, SeedError> {
    let demo = serde_json::from_str::<DemoSeed>(DEMO)?;
    let all = demo.endpoints.into_iter().chain(demo.endpoints_after_first_sync).collect();
    let endpoints: Vec<Value> = endpoints_of(all, org_prefix)?
        .iter()
        .map(|new| json!({"slug": new.slug, "region": new.region, "target": new.target}))
        .collect();
    Ok(json!({"version": 1, "endpoints": endpoints, "groups": groups::parts(demo.groups, org_prefix)?}))
}

fn endpoints_of(seeds: Vec<EndpointSeed>, org_prefix: &str) -> Result<Vec<NewEndpoint>, SlugError> {
    seeds.into_iter().map(|seed| seed.endpoint(org_prefix)).collect()
}

/// Whether anything was ever written.
fn is_used(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM models) OR EXISTS (SELECT 1 FROM secrets)
                   OR EXISTS (SELECT 1 FROM endpoints) OR EXISTS (SELECT 1 FROM audit)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

fn fill(
    transaction: &Transaction<'_>,
    vault: &Vault,
    workspace: WorkspaceSeed,
    demo: Vec<(NewEndpoint, (u64, u64))>,
    now: Time,
) -> Result<(), StoreError> {
    for model in &workspace.models {
        insert_model(transaction, model, now)?;
    }
    for secret in &workspace.secrets {
        let created = minutes_before(now, secret.created_days_ago * DAY_MINUTES);
        let id = SecretId::new(secret.id.clone());
        secrets::upsert(transaction, vault, &id, &secret.name, secrets::Value::Simulated, created)?;
    }
    for seed in workspace.neighbours {
        let (created, updated) = (seed.created_minutes_ago, seed.updated_minutes_ago);
        let new = seed.endpoint("").map_err(|error| StoreError::Invalid(error.to_string()))?;
        let (created, updated) = (minutes_before(now, created), minutes_before(now, updated));
        endpoints::insert(transaction, NEIGHBOUR_WORKSPACE, &new, created, updated)?;
    }
    for (new, (created, updated)) in demo {
        let (created, updated) = (minutes_before(now, created), minutes_before(now, updated));
        endpoints::insert(transaction, OWN_WORKSPACE, &new, created, updated)?;
        let fields = [("gateway_endpoint_id", Some(new.id.as_str())), ("slug", Some(new.slug.as_str()))];
        record(transaction, &Origin::system(created), "GATEWAY_ENDPOINT_CREATED", &fields)?;
    }
    Ok(())
}

fn insert_model(transaction: &Transaction<'_>, model: &ModelSeed, now: Time) -> Result<(), StoreError> {
    let connection = transaction.connection;
    let created = minutes_before(now, model.created_days_ago * DAY_MINUTES).micros();
    let sql = "INSERT INTO models (id, name, instance_type_name, team_name, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![model.id, model.name, model.instance_type_name, TEAM, created])?;
    for deployment in &model.deployments {
        let deployed = minutes_before(now, deployment.created_days_ago * DAY_MINUTES).micros();
        let sql = "INSERT INTO deployments (id, model_id, name, status, environment, is_development,
                       active_replica_count, created_at) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)";
        connection.prepare_cached(sql)?.execute(params![
            deployment.id,
            model.id,
            deployment.name,
            deployment.status,
            deployment.environment,
            deployment.replicas,
            deployed
        ])?;
        if let Some(environment) = &deployment.environment {
            let sql = "INSERT INTO environments (model_id, name, deployment_id, created_at) VALUES (?1, ?2, ?3, ?4)";
            connection.prepare_cached(sql)?.execute(params![model.id, environment, deployment.id, created])?;
        }
    }
    Ok(())
}
