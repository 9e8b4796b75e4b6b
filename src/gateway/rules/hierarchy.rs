//! The rules of groups: which limits a group may declare, and which would break its parent's.
//!
//! Pure. Which limits apply to a group is in [`effective_models`](crate::gateway::rules::limit::effective_models). Rules are
//! those of the API's documentation; where it is silent, what is done stands beside the function.

use std::collections::HashSet;

use crate::api::{GroupModel, LimitType, RateLimit, RateUnit, UsageLimit, UsageUnit};

/// How many groups may stand above each other, the root counted.
pub const DEPTH_MAX: usize = 5;
/// The longest name and the longest `external_entity_id`, in characters.
pub const NAME_CHARS_MAX: usize = 255;
/// What a write is answered that would let a child have more than an ancestor.
pub const EXCEEDS_PARENT: &str = "Child group exceeds parent group limit.";

/// What is wrong with the `models` of a group, as a sentence that names the field.
///
/// The shape alone; whether a slug exists is the store's to say.
#[must_use]
pub fn problem_in(models: &[GroupModel]) -> Option<String> {
    let mut slugs = HashSet::new();
    models.iter().enumerate().find_map(|(index, model)| {
        if !slugs.insert(&model.slug) {
            return Some(format!("models[{index}].slug: {} is named twice", model.slug));
        }
        problem_in_rates(&model.rate_limits)
            .or_else(|| problem_in_usages(&model.usage_limits))
            .map(|problem| format!("models[{index}].{problem}"))
    })
}

fn problem_in_rates(limits: &[RateLimit]) -> Option<String> {
    let mut kinds = HashSet::new();
    limits.iter().enumerate().find_map(|(index, limit)| {
        let place = format!("rate_limits[{index}]");
        if !limit.kind.is_known() {
            Some(format!("{place}.type must be one of {}", words(LimitType::KNOWN, LimitType::as_str)))
        } else if !limit.unit.is_known() {
            Some(format!("{place}.unit must be one of {}", words(RateUnit::KNOWN, RateUnit::as_str)))
        } else if !kinds.insert(&limit.kind) {
            Some(format!("{place}: there is another rate limit of type {}", limit.kind))
        } else {
            None
        }
    })
}

fn problem_in_usages(limits: &[UsageLimit]) -> Option<String> {
    let mut kinds = HashSet::new();
    limits.iter().enumerate().find_map(|(index, limit)| {
        let place = format!("usage_limits[{index}]");
        if limit.kind == LimitType::ConcurrentRequest {
            // Requests under way are no amount of a day.
            Some(format!("{place}.type: CONCURRENT_REQUEST can only be a rate limit"))
        } else if !limit.kind.is_known() {
            Some(format!("{place}.type must be one of {}", words(LimitType::KNOWN, LimitType::as_str)))
        } else if !limit.unit.is_known() {
            Some(format!("{place}.unit must be one of {}", words(UsageUnit::KNOWN, UsageUnit::as_str)))
        } else if !kinds.insert((&limit.kind, &limit.unit)) {
            Some(format!("{place}: there is another usage limit of type {} and unit {}", limit.kind, limit.unit))
        } else {
            None
        }
    })
}

fn words<T>(known: &[T], text: impl Fn(&T) -> &str) -> String {
    known.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// `CONCURRENT_REQUEST` ignores its unit.
fn rate_key_of(limit: &RateLimit) -> (&LimitType, Option<&RateUnit>) {
    (&limit.kind, (limit.kind != LimitType::ConcurrentRequest).then_some(&limit.unit))
}

/// True where a threshold of `child` is above that of `ancestor` for the same slug, type and unit.
///
/// Where CASCADING holds, a write is checked with this against every ancestor, and every descendant against it:
/// lowering a parent below its child is refused too.
#[must_use]
pub fn exceeds(child: &[GroupModel], ancestor: &[GroupModel]) -> bool {
    child.iter().any(|model| {
        ancestor.iter().filter(|above| above.slug == model.slug).any(|above| {
            let rates = model.rate_limits.iter().any(|limit| {
                let mut same = above.rate_limits.iter().filter(|other| rate_key_of(other) == rate_key_of(limit));
                same.any(|other| limit.threshold > other.threshold)
            });
            let usages = model.usage_limits.iter().any(|limit| {
                let mut same =
                    above.usage_limits.iter().filter(|other| (&other.kind, &other.unit) == (&limit.kind, &limit.unit));
                same.any(|other| limit.threshold > other.threshold)
            });
            rates || usages
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn models(value: serde_json::Value) -> Vec<GroupModel> {
        serde_json::from_value(value).unwrap()
    }

    fn requests(threshold: u64) -> serde_json::Value {
        json!({"type": "REQUEST", "unit": "MINUTE", "threshold": threshold})
    }

    #[test]
    fn the_unit_of_concurrency_is_ignored() {
        let second = models(json!([{"slug": "a/b", "rate_limits":
            [{"type": "CONCURRENT_REQUEST", "unit": "SECOND", "threshold": 3}]}]));
        let minute = models(json!([{"slug": "a/b", "rate_limits":
            [{"type": "CONCURRENT_REQUEST", "unit": "MINUTE", "threshold": 2}]}]));
        assert!(exceeds(&second, &minute));
        assert!(!exceeds(&minute, &second));
    }

    #[test]
    fn a_child_exceeds_only_for_the_same_slug_type_and_unit() {
        let child = models(json!([{"slug": "a/b", "rate_limits": [requests(5)]}]));
        assert!(exceeds(&child, &models(json!([{"slug": "a/b", "rate_limits": [requests(4)]}]))));
        for ancestor in [
            json!([{"slug": "a/b", "rate_limits": [requests(5)]}]),
            json!([{"slug": "a/c", "rate_limits": [requests(4)]}]),
            json!([{"slug": "a/b", "rate_limits": [{"type": "REQUEST", "unit": "SECOND", "threshold": 4}]}]),
            json!([{"slug": "a/b", "usage_limits": [{"type": "REQUEST", "unit": "DAY", "threshold": 4}]}]),
        ] {
            assert!(!exceeds(&child, &models(ancestor.clone())), "{ancestor}");
        }
    }

    #[test]
    fn every_problem_names_its_place() {
        for (value, expected) in [
            (json!([{"slug": "a/b"}, {"slug": "a/b"}]), "models[1].slug: a/b is named twice"),
            (
                json!([{"slug": "a/b", "rate_limits": [requests(1), requests(2)]}]),
                "models[0].rate_limits[1]: there is another rate limit of type REQUEST",
            ),
            (
                json!([{"slug": "a/b", "usage_limits": [{"type": "CONCURRENT_REQUEST", "unit": "DAY", "threshold": 1}]}]),
                "models[0].usage_limits[0].type: CONCURRENT_REQUEST can only be a rate limit",
            ),
            (
                json!([{"slug": "a/b", "rate_limits": [{"type": "REQUEST", "unit": "DAY", "threshold": 1}]}]),
                "models[0].rate_limits[0].unit must be one of SECOND, MINUTE",
            ),
        ] {
            assert_eq!(problem_in(&models(value)).as_deref(), Some(expected));
        }
        assert_eq!(problem_in(&models(json!([{"slug": "a/b", "rate_limits": [requests(0)]}]))), None);
    }
}
