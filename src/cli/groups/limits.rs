//! Limits as they are typed and shown: `my-org/glm-5.2=REQUEST/MINUTE:100`.

use crate::api::{
    EffectiveModel, GroupId, GroupModel, LimitType, RateLimit, RateUnit, Slug, Unknown, UsageLimit, UsageUnit,
};

/// A limit that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LimitArg {
    /// What it limits.
    pub(super) slug: Slug,
    kind: LimitType,
    window: Window,
    /// `None` takes it away.
    threshold: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Window {
    Rolling(RateUnit),
    Day(UsageUnit),
}

impl LimitArg {
    /// Reads `SLUG=TYPE/UNIT:N`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let shape = || format!("{text:?} is not SLUG=TYPE/UNIT:N, such as my-org/glm-5.2=REQUEST/MINUTE:100");
        let (slug, limit) = text.split_once('=').ok_or_else(shape)?;
        let (name, number) = limit.rsplit_once(':').ok_or_else(shape)?;
        let (kind, unit) = name.split_once('/').ok_or_else(shape)?;
        let slug = Slug::parse(slug).map_err(|error| error.to_string())?;
        let kind = LimitType::from(kind.to_uppercase().as_str());
        if !kind.is_known() {
            return Err(unknown("type", kind.as_str(), LimitType::KNOWN.iter().map(LimitType::as_str)));
        }
        let unit = unit.to_uppercase();
        let (rate, usage) = (RateUnit::from(unit.as_str()), UsageUnit::from(unit.as_str()));
        let window = if rate.is_known() {
            Window::Rolling(rate)
        } else if usage.is_known() {
            Window::Day(usage)
        } else {
            let known = RateUnit::KNOWN.iter().map(RateUnit::as_str);
            return Err(unknown("unit", &unit, known.chain(UsageUnit::KNOWN.iter().map(UsageUnit::as_str))));
        };
        let threshold = match number {
            "none" => None,
            digits => Some(digits.replace('_', "").parse().map_err(|_| {
                format!("{digits:?} is no threshold; give a number (0 blocks), or `none` to take the limit away")
            })?),
        };
        Ok(Self { slug, kind, window, threshold })
    }

    /// Sets the limit of a granted slug, or takes it away.
    pub(super) fn apply(&self, model: &mut GroupModel) {
        match &self.window {
            Window::Rolling(unit) => {
                // There is at most one rate limit a type, whatever its unit.
                let place = model.rate_limits.iter().position(|limit| limit.kind == self.kind);
                let unknown = place.map(|place| model.rate_limits.remove(place).unknown).unwrap_or_default();
                if let Some(threshold) = self.threshold {
                    let limit = RateLimit { kind: self.kind.clone(), unit: unit.clone(), threshold, unknown };
                    model.rate_limits.insert(place.unwrap_or(model.rate_limits.len()), limit);
                }
            }
            Window::Day(unit) => {
                let place = model.usage_limits.iter().position(|limit| limit.kind == self.kind && limit.unit == *unit);
                let unknown = place.map(|place| model.usage_limits.remove(place).unknown).unwrap_or_default();
                if let Some(threshold) = self.threshold {
                    let limit = UsageLimit { kind: self.kind.clone(), unit: unit.clone(), threshold, unknown };
                    model.usage_limits.insert(place.unwrap_or(model.usage_limits.len()), limit);
                }
            }
        }
    }
}

fn unknown<'a>(what: &str, text: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match crate::near::did_you_mean(text, known.iter().copied()) {
        Some(hint) => format!("there is no limit {what} {text:?}; {hint}"),
        None => format!("there is no limit {what} {text:?}; there are {}", known.join(", ")),
    }
}

/// A slug that is granted without limits.
pub(super) fn granted(slug: Slug) -> GroupModel {
    GroupModel { slug, rate_limits: Vec::new(), usage_limits: Vec::new(), unknown: Unknown::new() }
}

/// What a group declares for a slug, in a cell.
pub(super) fn own(model: &GroupModel) -> String {
    let rate = model.rate_limits.iter().map(|limit| format!("{}/{}:{}", limit.kind, limit.unit, limit.threshold));
    let usage = model.usage_limits.iter().map(|limit| format!("{}/{}:{}", limit.kind, limit.unit, limit.threshold));
    joined(rate.chain(usage))
}

/// What applies to a slug, with the group that it comes from where that is another one.
pub(super) fn effective(model: &EffectiveModel, group: &GroupId) -> String {
    let from = |source: &Option<GroupId>| match source {
        Some(source) if source != group => format!(" from {source}"),
        Some(_) | None => String::new(),
    };
    let rate = model
        .rate_limits
        .iter()
        .map(|limit| format!("{}/{}:{}{}", limit.kind, limit.unit, limit.threshold, from(&limit.source_group)));
    let usage = model
        .usage_limits
        .iter()
        .map(|limit| format!("{}/{}:{}{}", limit.kind, limit.unit, limit.threshold, from(&limit.source_group)));
    joined(rate.chain(usage))
}

fn joined(limits: impl Iterator<Item = String>) -> String {
    let limits: Vec<String> = limits.collect();
    if limits.is_empty() { "-".to_owned() } else { limits.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> GroupModel {
        granted(Slug::parse("my-org/glm").unwrap())
    }

    #[test]
    fn a_limit_is_set_changed_and_taken_away() {
        let mut model = model();
        for text in ["my-org/glm=request/minute:100", "my-org/glm=TOKEN/DAY:10_000", "my-org/glm=REQUEST/SECOND:5"] {
            LimitArg::parse(text).unwrap().apply(&mut model);
        }
        assert_eq!(own(&model), "REQUEST/SECOND:5, TOKEN/DAY:10000");
        LimitArg::parse("my-org/glm=request/minute:none").unwrap().apply(&mut model);
        LimitArg::parse("my-org/glm=token/day:0").unwrap().apply(&mut model);
        assert_eq!(own(&model), "TOKEN/DAY:0");
    }

    #[test]
    fn what_is_mistyped_says_what_was_meant() {
        for (text, said) in [
            ("my-org/glm=REQEST/MINUTE:1", "did you mean REQUEST"),
            ("my-org/glm=REQUEST/MINUT:1", "did you mean MINUTE"),
            ("my-org/glm=REQUEST/MINUTE:-1", "is no threshold"),
            ("my-org/glm", "is not SLUG=TYPE/UNIT:N"),
            ("glm=REQUEST/MINUTE:1", "exactly one slash"),
        ] {
            let error = LimitArg::parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
