//! The audit log: who changed what, as `GET /v1/audit_logs` tells it.

use serde::{Deserialize, Serialize};

use super::{Page, Time, Unknown};

/// The event types of the published specification (Baseten's Python client 0.13.1). Strict clients fail on any other,
/// so `GET /v1/audit_logs` holds these alone; what else the bundled gateway writes down is under `/repoint/v1/audit`.
pub const PUBLISHED_EVENT_TYPES: [&str; 53] = [
    "API_KEY_CREATED",
    "API_KEY_DELETED",
    "CHAINLET_AUTOSCALING_SETTINGS_CHANGED",
    "CHAINLET_INSTANCE_TYPE_CHANGED",
    "CHAIN_DELETED",
    "CHAIN_DEPLOYED",
    "CHAIN_DEPLOYMENT_ACTIVATED",
    "CHAIN_DEPLOYMENT_DEACTIVATED",
    "CHAIN_DEPLOYMENT_DELETED",
    "CHAIN_DEPLOYMENT_PROMOTED",
    "CHAIN_ENVIRONMENT_CREATED",
    "CHAIN_ENVIRONMENT_UPDATED",
    "DIRECTORY_GROUP_ROLE_UPDATED",
    "ENVIRONMENT_CREATED",
    "ENVIRONMENT_DELETED",
    "ENVIRONMENT_UPDATED",
    "GATEWAY_ENDPOINT_CREATED",
    "GATEWAY_ENDPOINT_DELETED",
    "GATEWAY_ENDPOINT_UPDATED",
    "MODEL_DELETED",
    "MODEL_DEPLOYED",
    "MODEL_DEPLOYMENT_ACTIVATED",
    "MODEL_DEPLOYMENT_AUTOSCALING_SETTINGS_CHANGED",
    "MODEL_DEPLOYMENT_DEACTIVATED",
    "MODEL_DEPLOYMENT_DELETED",
    "MODEL_DEPLOYMENT_INSTANCE_TYPE_CHANGED",
    "MODEL_DEPLOYMENT_PROMOTED",
    "MODEL_DEPLOYMENT_REQUEST_BACKPRESSURE_SETTINGS_CHANGED",
    "MODEL_DEPLOYMENT_RETRIED",
    "MODEL_PROMOTION_CONTROL_ACTION",
    "MODEL_RENAMED",
    "PROVIDER_CONNECTION_CREATED",
    "PROVIDER_CONNECTION_DELETED",
    "PROVIDER_CONNECTION_UPDATED",
    "REPLICA_TERMINATED",
    "REQUIRE_GROUP_BASED_ADMINS_ENABLED",
    "SECRET_DELETED",
    "SECRET_UPDATED",
    "SSH_CERTIFICATE_SIGNED",
    "USER_INVITED",
    "USER_JOINED_ORGANIZATION",
    "USER_REMOVED",
    "USER_ROLE_UPDATED",
    "USER_TEAM_ROLE_UPDATED",
    "VOLUME_DELETED",
    "VOLUME_TAG_DELETED",
    "VOLUME_TAG_SET",
    "VOLUME_UPDATED",
    "VOLUME_VERSION_DELETED",
    "VOLUME_VERSION_RESTORED",
    "WEBHOOK_SIGNING_SECRET_CREATED",
    "WEBHOOK_SIGNING_SECRET_DELETED",
    "WEBHOOK_SIGNING_SECRET_ROTATED",
];

/// A page of the audit log, newest first unless asked otherwise.
pub type AuditLogs = Page<AuditEntry>;

/// One change that somebody made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The entry's own id.
    pub id: String,
    /// When it was done.
    pub created: Time,
    /// What was done, such as `GATEWAY_ENDPOINT_UPDATED`.
    pub event_type: String,
    /// To what it was done.
    pub event_data: AuditEvent,
    /// `UI`, `API`, `MCP`, `SYSTEM` or `OTHER`, where known.
    #[serde(default)]
    pub source: Option<String>,
    /// Who did it.
    pub actor: AuditActor,
    /// The program that asked for it, where known.
    #[serde(default)]
    pub client_name: Option<String>,
    /// That program's version, where known.
    #[serde(default)]
    pub client_version: Option<String>,
    /// Groups what one run of that program did, where known.
    #[serde(default)]
    pub client_session_id: Option<String>,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// To what something was done. Which fields are there depends on `event_type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// The same as the entry's.
    pub event_type: String,
    /// The endpoint (`GATEWAY_ENDPOINT_*`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_endpoint_id: Option<String>,
    /// Its slug (`GATEWAY_ENDPOINT_*`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Its slug before, null where it was not renamed (`GATEWAY_ENDPOINT_UPDATED` only), and other events' fields.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditActor {
    /// `USER`, `API_KEY`, `BASETEN_USER`, `BASETEN_SYSTEM` or `TOMBSTONE_USER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of a user.
    #[serde(default)]
    pub email: Option<String>,
    /// The public part of an API key.
    #[serde(default)]
    pub api_key_prefix: Option<String>,
    /// An API key's name.
    #[serde(default)]
    pub api_key_name: Option<String>,
}
