//! Models, environments and deployments: what the pickers offer. Nothing here is written but by a seed.
//!
//! Answers have every field that the published specification requires, so that official clients can read them;
//! what Repoint has no row for has one fixed value.

use rusqlite::{Connection, Row, params};
use serde_json::{Value, json};

use super::{Store, StoreError};
use crate::api::{Deployment, DeploymentStatus, Environment, Model, ModelId, PRODUCTION, Time, Unknown};

impl Store {
    /// All models, the oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn models(&self) -> Result<Vec<Model>, StoreError> {
        Ok(self.read(|connection| models(connection, None)).await?.value)
    }

    /// One model.
    ///
    /// # Errors
    /// There is none of this id, or the database fails.
    pub async fn model(&self, id: ModelId) -> Result<Model, StoreError> {
        let seen = self.read(move |connection| {
            let missing = || StoreError::NotFound(format!("model {id} does not exist"));
            models(connection, Some(&id))?.pop().ok_or_else(missing)
        });
        Ok(seen.await?.value)
    }

    /// A model's environments.
    ///
    /// # Errors
    /// There is no such model, or the database fails.
    pub async fn environments(&self, model: ModelId) -> Result<Vec<Environment>, StoreError> {
        let seen = self.read(move |connection| {
            models(connection, Some(&model))?
                .pop()
                .ok_or_else(|| StoreError::NotFound(format!("model {model} does not exist")))?;
            environments(connection, &model)
        });
        Ok(seen.await?.value)
    }

    /// A model's deployments.
    ///
    /// # Errors
    /// There is no such model, or the database fails.
    pub async fn deployments(&self, model: ModelId) -> Result<Vec<Deployment>, StoreError> {
        let seen = self.read(move |connection| {
            models(connection, Some(&model))?
                .pop()
                .ok_or_else(|| StoreError::NotFound(format!("model {model} does not exist")))?;
            deployments(connection, &model)
        });
        Ok(seen.await?.value)
    }
}

fn models(connection: &Connection, only: Option<&ModelId>) -> Result<Vec<Model>, StoreError> {
    let sql = "SELECT id, name, created_at, instance_type_name, team_name,
                   (SELECT count(*) FROM deployments WHERE model_id = models.id),
                   (SELECT deployment_id FROM environments WHERE model_id = models.id AND name = ?2),
                   (SELECT id FROM deployments WHERE model_id = models.id AND is_development = 1)
               FROM models WHERE ?1 IS NULL OR id = ?1 ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![only.map(ModelId::as_str), PRODUCTION], |row| {
        let mut unknown = Unknown::new();
        unknown.insert("deployments_count".to_owned(), Value::from(row.get::<_, i64>(5)?));
        unknown.insert("development_deployment_id".to_owned(), Value::from(row.get::<_, Option<String>>(7)?));
        unknown.insert("instance_type_name".to_owned(), Value::from(row.get::<_, String>(3)?));
        unknown.insert("team_name".to_owned(), Value::from(row.get::<_, String>(4)?));
        Ok(Model {
            id: ModelId::new(row.get::<_, String>(0)?),
            name: row.get(1)?,
            created_at: Time::from_micros(row.get(2)?),
            production_deployment_id: row.get(6)?,
            unknown,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn deployments(connection: &Connection, model: &ModelId) -> Result<Vec<Deployment>, StoreError> {
    let sql = "SELECT deployments.id, deployments.name, deployments.model_id, deployments.created_at, status,
                   active_replica_count, environment, is_development, instance_type_name
               FROM deployments JOIN models ON models.id = deployments.model_id
               WHERE deployments.model_id = ?1 ORDER BY deployments.sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([model.as_str()], deployment)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn deployment(row: &Row<'_>) -> Result<Deployment, rusqlite::Error> {
    let environment: Option<String> = row.get(6)?;
    let mut unknown = Unknown::new();
    unknown.insert("is_development".to_owned(), Value::from(row.get::<_, bool>(7)?));
    unknown.insert("autoscaling_settings".to_owned(), autoscaling());
    unknown.insert("instance_type_name".to_owned(), Value::from(row.get::<_, String>(8)?));
    unknown.insert("request_backpressure_settings".to_owned(), json!({"policy": null}));
    unknown.insert("labels".to_owned(), Value::Null);
    Ok(Deployment {
        id: row.get(0)?,
        name: row.get(1)?,
        model_id: ModelId::new(row.get::<_, String>(2)?),
        created_at: Time::from_micros(row.get(3)?),
        is_production: environment.as_deref() == Some(PRODUCTION),
        status: DeploymentStatus::from(row.get::<_, String>(4)?.as_str()),
        active_replica_count: u64::from(row.get::<_, u32>(5)?),
        environment,
        unknown,
    })
}

fn environments(connection: &Connection, model: &ModelId) -> Result<Vec<Environment>, StoreError> {
    let deployments = deployments(connection, model)?;
    let sql = "SELECT environments.name, environments.created_at, deployment_id, instance_type_name
               FROM environments JOIN models ON models.id = model_id WHERE model_id = ?1 ORDER BY environments.sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([model.as_str()], |row| {
        let current: Option<String> = row.get(2)?;
        let instance: String = row.get(3)?;
        let mut unknown = Unknown::new();
        unknown.insert("candidate_deployment".to_owned(), Value::Null);
        unknown.insert("autoscaling_settings".to_owned(), autoscaling());
        unknown.insert("promotion_settings".to_owned(), json!({"redeploy_on_promotion": false}));
        unknown.insert("instance_type".to_owned(), instance_type(&instance));
        unknown.insert("request_backpressure_settings".to_owned(), json!({"policy": null}));
        Ok(Environment {
            name: row.get(0)?,
            model_id: model.clone(),
            created_at: Time::from_micros(row.get(1)?),
            current_deployment: deployments.iter().find(|deployment| Some(&deployment.id) == current.as_ref()).cloned(),
            unknown,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn autoscaling() -> Value {
    json!({
        "min_replica": 0,
        "max_replica": 4,
        "autoscaling_window": 60,
        "scale_down_delay": 900,
        "concurrency_target": 16,
        "target_utilization_percentage": 70,
    })
}

/// The name is `GPU` or `GPUxCOUNT`, such as `H100x8`.
fn instance_type(name: &str) -> Value {
    let (gpu, count) = name.rsplit_once('x').unwrap_or((name, "1"));
    let count: u64 = count.parse().unwrap_or(1);
    json!({
        "id": name,
        "name": name,
        "memory_limit_mib": count * 131_072,
        "millicpu_limit": count * 13_000,
        "gpu_count": count,
        "gpu_type": gpu,
        "gpu_memory_limit_mib": 81_920,
    })
}
