//! The audit log: who changed what, as `GET /v1/audit_logs` tells it.

use serde::{Deserialize, Serialize};

use super::{Page, Time, Unknown};

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
