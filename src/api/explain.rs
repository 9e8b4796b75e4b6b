//! Would a call be admitted now, and how much is left of each limit (`POST /repoint/v1/explain`)?

use serde::{Deserialize, Serialize};

use super::{GroupId, KeyPrefix, LimitType, Slug};

/// What is asked: for a key by its public part, or for a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The public part of a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_prefix: Option<KeyPrefix>,
    /// Or a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// What would be called.
    pub slug: Slug,
    /// How many tokens the call would use. They decide nothing, since tokens are charged at the end; `fits` compares.
    #[serde(default)]
    pub tokens: u64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Whether a request would be admitted now.
    pub admitted: bool,
    /// Why, as a sentence.
    pub reason: String,
    /// When it would be admitted if nobody else called. Null where it would be now, or where nobody can know.
    pub retry_after_seconds: Option<f64>,
    /// The group that was asked about. Null where there is none.
    pub group_id: Option<GroupId>,
    /// What would be called.
    pub slug: Slug,
    /// Every limit that applies.
    pub limits: Vec<ExplainedLimit>,
}

/// One limit and what is left of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedLimit {
    /// What is counted.
    #[serde(rename = "type")]
    pub kind: LimitType,
    /// `SECOND`, `MINUTE` or `DAY`.
    pub unit: String,
    /// The group that declares it.
    pub source_group: GroupId,
    /// It admits while less than this is recorded.
    pub threshold: u64,
    /// What is recorded.
    pub used: u64,
    /// What is left.
    pub left: u64,
    /// Whether it admits a request now.
    pub admits: bool,
    /// Whether what is left is enough for the tokens that were asked about.
    pub fits: bool,
    /// When it admits again. Null where nobody can know.
    pub admits_in_seconds: Option<f64>,
    /// When nothing is recorded any longer, if nobody calls. Null for requests under way.
    pub resets_in_seconds: Option<f64>,
}
