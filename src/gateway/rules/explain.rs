//! Would this key be admitted now, and which limit would refuse it? Asked by an operator; spends nothing.
//!
//! ```json
//! {"api_key_prefix": "sky_sCqhBwEy4kPd", "slug": "my-org/glm-5.2", "tokens": 5000}
//! ```

use std::time::Duration;

use crate::api::{ExplainedLimit, Explanation, GroupId, Question};
use crate::gateway::rules::access::Access;
use crate::gateway::rules::limit::{Counted, Headroom, Moment};

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
        unit: limit.span.as_str().to_owned(),
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
