//! Which limits apply to a group: its own and its ancestors', by its mode.

use super::{Counted, Limit, Span};
use crate::api::{
    EffectiveModel, EffectiveRateLimit, EffectiveUsageLimit, Group, GroupId, GroupModel, LimitEnforcement, LimitType,
};

/// The limits that a model declares itself, without those of types and units that this program does not know.
#[must_use]
pub fn declared(model: &GroupModel, source: &GroupId) -> Vec<Limit> {
    let rates = model
        .rate_limits
        .iter()
        .filter_map(|limit| Some((Counted::of(&limit.kind)?, Span::of_rate(&limit.unit)?, limit.threshold)));
    let usages = model
        .usage_limits
        .iter()
        .filter_map(|limit| Some((Counted::of(&limit.kind)?, Span::of_usage(&limit.unit)?, limit.threshold)));
    rates
        .chain(usages)
        .map(|(counted, span, threshold)| Limit { counted, span, threshold, source: source.clone() })
        .collect()
}

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
