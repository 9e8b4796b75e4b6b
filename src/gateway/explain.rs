//! Would this key be admitted now, and which limit would refuse it? Asked by an operator; spends nothing.
//!
//! ```json
//! {"api_key_prefix": "sky_sCqhBwEy4kPd", "slug": "my-org/glm-5.2", "tokens": 5000}
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::{GroupId, KeyPrefix, LimitType, Slug};
use crate::gateway::access::Access;
use crate::gateway::limit::{Counted, Headroom, Moment};

/// What is asked: for a key by its public part, or for a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The public part of a key.
    #[serde(default)]
    pub api_key_prefix: Option<KeyPrefix>,
    /// Or a group.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// What would be called.
    pub slug: Slug,
    /// How many tokens the call would use. They decide nothing, since tokens are charged at the end; `fits` compares.
    #[serde(default)]
    pub tokens: u64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedLimit {
    /// What is counted.
    #[serde(rename = "type")]
    pub kind: LimitType,
    /// `SECOND`, `MINUTE` or `DAY`.
    pub unit: &'static str,
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

/// Answers a question. `is_known` says whether a slug is served.
///
/// # Errors
/// A question that names neither a key nor a group, or both.
pub fn explain(
    question: &Question,
    access: &Access,
    is_known: impl Fn(&str) -> bool,
    now: Moment,
) -> Result<Explanation, String> {
    let group = match (&question.api_key_prefix, &question.group_id) {
        (Some(prefix), None) => access.find_by_prefix(prefix).map(|key| std::sync::Arc::clone(&key.group)),
        (None, Some(id)) => access.group(id),
        (Some(_), Some(_)) | (None, None) => return Err("give either api_key_prefix or group_id".to_owned()),
    };
    let refused = |reason: String, group_id: Option<GroupId>| Explanation {
        admitted: false,
        reason,
        retry_after_seconds: None,
        group_id,
        slug: question.slug.clone(),
        limits: Vec::new(),
    };
    let Some(group) = group else {
        let what = if question.group_id.is_some() { "the group" } else { "the key" };
        return Ok(refused(format!("{what} does not exist"), None));
    };
    let id = Some(group.id.clone());
    let Some(grant) = group.grant(question.slug.as_str()) else {
        return Ok(refused(format!("group {} may not call {}", group.id, question.slug), id));
    };
    if !is_known(question.slug.as_str()) {
        return Ok(refused(format!("{} is granted, but no endpoint has that slug", question.slug), id));
    }
    let rooms = grant.headroom(now);
    let worst = rooms.iter().filter(|room| room.used >= room.limit.threshold).max_by_key(|room| {
        // Nobody knowing is longer than any wait.
        room.admits_in.unwrap_or(Duration::MAX)
    });
    Ok(Explanation {
        admitted: worst.is_none(),
        reason: worst.map_or_else(
            || if rooms.is_empty() { "no limit applies".to_owned() } else { "every limit admits".to_owned() },
            |room| format!("{} of {} are used", room.used, room.limit),
        ),
        retry_after_seconds: worst.and_then(|room| room.admits_in).map(|wait| wait.as_secs_f64()),
        group_id: id,
        slug: question.slug.clone(),
        limits: rooms.iter().map(|room| explained(room, question.tokens)).collect(),
    })
}

fn explained(room: &Headroom, tokens: u64) -> ExplainedLimit {
    let limit = &room.limit;
    let left = limit.threshold.saturating_sub(room.used);
    let needed = match limit.counted {
        Counted::Request | Counted::ConcurrentRequest => 1,
        Counted::Token | Counted::UncachedInputToken | Counted::OutputToken => tokens.max(1),
    };
    ExplainedLimit {
        kind: limit.counted.kind(),
        unit: limit.span.as_str(),
        source_group: limit.source.clone(),
        threshold: limit.threshold,
        used: room.used,
        left,
        admits: left > 0,
        fits: left >= needed,
        admits_in_seconds: room.admits_in.map(|wait| wait.as_secs_f64()),
        resets_in_seconds: room.resets_in.map(|wait| wait.as_secs_f64()),
    }
}
