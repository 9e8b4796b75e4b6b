//! What a workspace has that a target can name: models, their environments and deployments, secrets.
//!
//! Only the fields that Repoint shows or checks are named; all others are kept as they came.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ModelId, SecretId, Time, Unknown, open_enum};

open_enum!(
    /// Whether a deployment can answer.
    DeploymentStatus {
        /// Its image is being built.
        Building = "BUILDING",
        /// It is being rolled out.
        Deploying = "DEPLOYING",
        /// The rollout failed.
        DeployFailed = "DEPLOY_FAILED",
        /// Its weights are being loaded.
        LoadingModel = "LOADING_MODEL",
        /// It answers.
        Active = "ACTIVE",
        /// It runs and does not answer well.
        Unhealthy = "UNHEALTHY",
        /// The build failed.
        BuildFailed = "BUILD_FAILED",
        /// The build was stopped.
        BuildStopped = "BUILD_STOPPED",
        /// It is being switched off.
        Deactivating = "DEACTIVATING",
        /// It is switched off.
        Inactive = "INACTIVE",
        /// It stopped with an error.
        Failed = "FAILED",
        /// It answers and is being changed.
        Updating = "UPDATING",
        /// It has no replica until somebody calls it.
        ScaledToZero = "SCALED_TO_ZERO",
        /// Its first replica starts.
        WakingUp = "WAKING_UP",
    }
);

impl DeploymentStatus {
    /// True where a call would be answered, if only after a cold start.
    #[must_use]
    pub fn answers(&self) -> bool {
        matches!(self, Self::Active | Self::Updating | Self::ScaledToZero | Self::WakingUp)
    }
}

/// What `GET /v1/models` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Models {
    /// All of them: this list has no pages.
    pub models: Vec<Model>,
}

/// A model of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// What a target's `model_id` takes.
    pub id: ModelId,
    /// Shown to people.
    pub name: String,
    /// When it was created.
    pub created_at: Time,
    /// Null where nothing is in production.
    #[serde(default)]
    pub production_deployment_id: Option<String>,
    /// Fields that Repoint does not use.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What `GET /v1/models/{id}/environments` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environments {
    /// All of the model's environments.
    pub environments: Vec<Environment>,
}

/// A model's environment: a name that stays while deployments come and go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// What a target's `environment_name` takes.
    pub name: String,
    /// The model that it belongs to.
    pub model_id: ModelId,
    /// When it was created.
    pub created_at: Time,
    /// What answers there now.
    #[serde(default)]
    pub current_deployment: Option<Deployment>,
    /// Fields that Repoint does not use.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What `GET /v1/models/{id}/deployments` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployments {
    /// All of the model's deployments.
    pub deployments: Vec<Deployment>,
}

/// A version of a model that runs, or once did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The deployment's id. A target does not take it: targets name environments.
    pub id: String,
    /// Shown to people.
    pub name: String,
    /// The model that it belongs to.
    pub model_id: ModelId,
    /// When it was created.
    pub created_at: Time,
    /// Whether it is the model's production deployment.
    pub is_production: bool,
    /// Whether it can answer.
    pub status: DeploymentStatus,
    /// How many replicas run.
    #[serde(default)]
    pub active_replica_count: u64,
    /// The environment that it stands in.
    #[serde(default)]
    pub environment: Option<String>,
    /// Fields that Repoint does not use.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What `GET /v1/secrets` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// All of them, without their values.
    pub secrets: Vec<Secret>,
}

/// A secret of the workspace. Its value is never answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// What a target's `secret_id` takes. It stays when the value is rotated.
    pub id: SecretId,
    /// When it was created.
    pub created_at: Time,
    /// Shown to people, and the key of an upsert.
    pub name: String,
    /// The team that it belongs to.
    #[serde(default)]
    pub team_name: String,
    /// Fields that Repoint does not use.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// The body of `POST /v1/secrets`. Its `Debug` hides the value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpsertSecret {
    /// A new name, or the one whose value is to be rotated.
    pub name: String,
    /// The secret itself.
    pub value: String,
}

impl fmt::Debug for UpsertSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UpsertSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What `DELETE /v1/secrets/{name}` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretTombstone {
    /// The name that is free again.
    pub name: String,
}

/// Who a management key belongs to, as `GET /v1/users/me` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Opaque.
    pub user_id: String,
    /// The user's address.
    #[serde(default)]
    pub email: Option<String>,
    /// Shown to people.
    #[serde(default)]
    pub name: Option<String>,
    /// The workspace that the key opens.
    #[serde(default)]
    pub workspace_name: Option<String>,
    /// Fields that Repoint does not use.
    #[serde(flatten)]
    pub unknown: Unknown,
}
