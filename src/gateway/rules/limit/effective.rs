//! Which limits apply to a group: its own and its ancestors', by its mode.

use crate::api::{
    EffectiveModel, EffectiveRateLimit, EffectiveUsageLimit, Group, GroupModel, LimitEnforcement, LimitType,
};

/// The slugs that the first group of the chain may call, with the limits that apply to each and their sources.
///
/// The chain is the group itself, its parent, and so on to the root. INDEPENDENT: each type and unit comes from the
/// closest group that declares it. CASCADING: all of them apply, the group's own first.
#[must_use]
pub fn effective_models(chain: &[&Group]) -> Vec<EffectiveModel> {
    let Some((group, _)) = chain.split_first() else { return Vec::new() };
    let is_cascading = group.hierarchy.limit_enforcement == LimitEnforcement::Cascading;
    group.models.iter().map(|model| effective_model(model, chain, is_cascading)).collect()
}

fn effective_model(model: &GroupModel, chain: &[&Group], is_cascading: bool) -> EffectiveModel {
    let mut effective = EffectiveModel { slug: model.slug.clone(), rate_limits: Vec::new(), usage_limits: Vec::new() };
    for group in chain {
        let Some(declaring) = group.models.iter().find(|candidate| candidate.slug == model.slug) else { continue };
        for limit in &declaring.rate_limits {
            // A limit on requests under way has no window: its unit says nothing.
            let has_window = limit.kind != LimitType::ConcurrentRequest;
            let same =
                |taken: &EffectiveRateLimit| taken.kind == limit.kind && (taken.unit == limit.unit || !has_window);
            let is_taken = effective.rate_limits.iter().any(same);
            if is_cascading || !is_taken {
                effective.rate_limits.push(EffectiveRateLimit {
                    kind: limit.kind.clone(),
                    unit: limit.unit.clone(),
                    threshold: limit.threshold,
                    source_group: Some(group.id.clone()),
                });
            }
        }
        for limit in &declaring.usage_limits {
            let is_taken =
                effective.usage_limits.iter().any(|taken| taken.kind == limit.kind && taken.unit == limit.unit);
            if is_cascading || !is_taken {
                effective.usage_limits.push(EffectiveUsageLimit {
                    kind: limit.kind.clone(),
                    unit: limit.unit.clone(),
                    threshold: limit.threshold,
                    source_group: Some(group.id.clone()),
                });
            }
        }
    }
    effective
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn group(id: &str, mode: &str, models: &serde_json::Value) -> Group {
        serde_json::from_value(json!({"id": id, "metadata": {"external_entity_id": id}, "models": models,
            "hierarchy": {"limit_enforcement": mode}, "created_at": "2026-06-17T12:00:00Z"}))
        .unwrap()
    }

    fn requests(threshold: u64) -> serde_json::Value {
        json!({"type": "REQUEST", "unit": "MINUTE", "threshold": threshold})
    }

    fn thresholds(chain: &[&Group]) -> Vec<(u64, String)> {
        let models = effective_models(chain);
        let limits = models.iter().flat_map(|model| &model.rate_limits);
        limits.map(|limit| (limit.threshold, limit.source_group.as_ref().unwrap().to_string())).collect()
    }

    #[test]
    fn an_independent_group_takes_each_limit_from_the_closest_that_declares_it() {
        let token = json!({"type": "TOKEN", "unit": "MINUTE", "threshold": 9});
        let child = group("child", "INDEPENDENT", &json!([{"slug": "a/b", "rate_limits": [requests(5)]}]));
        let models = json!([{"slug": "a/b", "rate_limits": [requests(7), token]}, {"slug": "a/c"}]);
        let parent = group("parent", "INDEPENDENT", &models);
        assert_eq!(thresholds(&[&child, &parent]), [(5, "child".to_owned()), (9, "parent".to_owned())]);
    }

    #[test]
    fn in_a_cascade_all_limits_apply() {
        let child = group("child", "CASCADING", &json!([{"slug": "a/b", "rate_limits": [requests(5)]}]));
        let parent = group("parent", "CASCADING", &json!([{"slug": "a/b", "rate_limits": [requests(7)]}]));
        assert_eq!(thresholds(&[&child, &parent]), [(5, "child".to_owned()), (7, "parent".to_owned())]);
    }

    #[test]
    fn access_does_not_inherit() {
        let child = group("child", "CASCADING", &json!([]));
        let parent = group("parent", "CASCADING", &json!([{"slug": "a/b"}]));
        assert!(effective_models(&[&child, &parent]).is_empty());
    }
}
