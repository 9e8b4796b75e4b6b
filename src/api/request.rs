//! Requests that passed the data plane. Only a gateway of ours tells of them one by one.

use serde::{Deserialize, Serialize};

use super::{EndpointId, EventTokens, GroupId, KeyPrefix, Slug, Target, Time};

/// One request, as `GET /repoint/v1/requests` tells it when it has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestReport {
    /// The `X-Baseten-Request-Id` of its answer.
    pub request_id: String,
    /// When it ended.
    pub time: Time,
    /// The path that was called.
    pub path: String,
    /// The answer's status; 499 where the caller went before there was one.
    pub status: u16,
    /// `complete`, `caller_gone`, `upstream_cut`, `upstream_error`, `upstream_failed`, `limited` or `refused`.
    pub outcome: String,
    /// What the caller named.
    pub slug: Slug,
    /// The endpoint that it reached. Absent where there is no such slug, or the caller may not call it.
    pub endpoint_id: Option<EndpointId>,
    /// Where it was sent.
    pub target: Option<Target>,
    /// The revision that served it.
    pub revision: u64,
    /// The caller's group.
    pub group_id: Option<GroupId>,
    /// The customer's id of that group.
    pub external_entity_id: Option<String>,
    /// The public part of the caller's key.
    pub api_key_prefix: Option<KeyPrefix>,
    /// What it used.
    pub tokens: EventTokens,
    /// True where the upstream did not tell its usage, or not all of it.
    pub tokens_are_estimated: bool,
    /// True for a stream.
    pub is_stream: bool,
    /// From the first byte of the request to the end.
    pub latency_ms: f64,
    /// Until the upstream's answer began.
    pub upstream_ms: Option<f64>,
    /// Until the first byte of the answer's body.
    pub first_byte_ms: Option<f64>,
    /// The limit that was reached, such as `TOKEN per MINUTE of grp1`.
    pub limit: Option<String>,
}

/// The body of `GET /repoint/v1/requests`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestReports {
    /// Oldest first.
    pub requests: Vec<RequestReport>,
    /// Those that ended before are no longer kept, whatever their slug. Absent where all since the start are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
}
