//! Usage events: one a request that was served.

use serde::{Deserialize, Serialize};

use super::{KeyPrefix, Slug, Time, Unknown};

/// One served request, as `GET /v1/gateway/events` and the webhook tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// `API_BILLING_USAGE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For the receiver to drop what it has seen: delivery is at least once.
    pub idempotency_key: String,
    /// When the request ended.
    pub timestamp: Time,
    /// The `X-Baseten-Request-Id` of its answer.
    pub request_id: String,
    /// What was called.
    pub model_slug: Slug,
    /// The calling group's own id.
    pub external_entity_id: String,
    /// The public part of the key.
    pub api_key_prefix: KeyPrefix,
    /// What it used.
    pub tokens: EventTokens,
    /// True where the upstream did not tell its usage, or not all of it. Only a gateway of ours tells; absent where it is
    /// not so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tokens_are_estimated: bool,
    /// How the request ended, where its answer did not come to a good end: `caller_gone`, `upstream_cut` or
    /// `upstream_error`. Only a gateway of ours tells; absent where all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// The tokens of one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventTokens {
    /// Cached and uncached prompt tokens.
    pub input_tokens: u64,
    /// Completion tokens.
    pub output_tokens: u64,
    /// Prompt tokens that a cache answered.
    pub cached_input_tokens: u64,
}
