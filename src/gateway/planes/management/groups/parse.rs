//! The bodies of groups, taken apart so that an error names its place.
//!
//! Fields that are not known pass at the top, as everywhere; within models and limits they are refused, since a
//! limit whose name is misspelled would let everything through.

use serde_json::Value;

use crate::api::{
    GroupId, GroupModel, LimitEnforcement, LimitType, RateLimit, RateUnit, Slug, Unknown, UsageLimit, UsageUnit,
};
use crate::gateway::planes::error::ApiError;
use crate::gateway::planes::management::body::Object;
use crate::gateway::rules::hierarchy::{NAME_CHARS_MAX, problem_in};
use crate::gateway::store::{GroupPatch, NewGroup};

/// The most models of one group.
const MODELS_MAX: usize = 10_000;

pub(super) fn create(mut body: Object, id: GroupId) -> Result<NewGroup, ApiError> {
    let metadata = body.object("metadata")?;
    let mut metadata = body.required("metadata", metadata)?;
    let external_entity_id = metadata.text("external_entity_id")?;
    let external_entity_id = metadata.required("external_entity_id", external_entity_id)?;
    if !(1..=NAME_CHARS_MAX).contains(&external_entity_id.chars().count()) {
        let message = format!("metadata.external_entity_id must have 1 to {NAME_CHARS_MAX} characters");
        return Err(ApiError::invalid(message));
    }
    let name = metadata.text("name")?;
    check_name(name.as_deref())?;
    let models = body.list("models")?;
    let models = models_of(body.required("models", models)?)?;
    if models.is_empty() {
        return Err(ApiError::invalid("models must have at least one entry"));
    }
    let (limit_enforcement, parent) = hierarchy(&mut body)?;
    Ok(NewGroup { id, external_entity_id, name, models, limit_enforcement, parent })
}

pub(super) fn update(mut body: Object) -> Result<GroupPatch, ApiError> {
    let mut patch = GroupPatch::default();
    if let Some(mut metadata) = body.object("metadata")? {
        patch.external_entity_id = metadata.text("external_entity_id")?;
        // A null takes the name away; only what is not there at all leaves it.
        if metadata.has("name") {
            let name = metadata.text("name")?;
            check_name(name.as_deref())?;
            patch.name = Some(name);
        }
    }
    patch.models = body.list("models")?.map(models_of).transpose()?;
    (patch.limit_enforcement, patch.parent) = hierarchy(&mut body)?;
    if patch.name.is_none() && patch.models.is_none() {
        return Err(ApiError::invalid("the body must have metadata.name or models"));
    }
    Ok(patch)
}

fn check_name(name: Option<&str>) -> Result<(), ApiError> {
    if name.is_some_and(|name| name.chars().count() > NAME_CHARS_MAX) {
        return Err(ApiError::invalid(format!("metadata.name must have at most {NAME_CHARS_MAX} characters")));
    }
    Ok(())
}

fn hierarchy(body: &mut Object) -> Result<(Option<LimitEnforcement>, Option<GroupId>), ApiError> {
    let Some(mut hierarchy) = body.object("hierarchy")? else { return Ok((None, None)) };
    let mode = hierarchy.text("limit_enforcement")?.map(|text| LimitEnforcement::from(text.as_str()));
    if mode.as_ref().is_some_and(|mode| !mode.is_known()) {
        return Err(ApiError::invalid("hierarchy.limit_enforcement must be INDEPENDENT or CASCADING"));
    }
    Ok((mode, hierarchy.text("parent_group_id")?.map(GroupId::new)))
}

fn models_of(values: Vec<Value>) -> Result<Vec<GroupModel>, ApiError> {
    if values.len() > MODELS_MAX {
        return Err(ApiError::invalid(format!("models must have at most {MODELS_MAX} entries")));
    }
    let models = values.into_iter().enumerate().map(|(index, value)| model(value, &format!("models[{index}]")));
    let models: Vec<GroupModel> = models.collect::<Result<_, _>>()?;
    match problem_in(&models) {
        Some(problem) => Err(ApiError::Invalid(problem)),
        None => Ok(models),
    }
}

fn model(value: Value, path: &str) -> Result<GroupModel, ApiError> {
    let mut object = Object::of_value(value, path)?;
    let slug = object.text("slug")?;
    let slug = object.required("slug", slug)?;
    let slug = Slug::parse(&slug).map_err(|error| ApiError::invalid(format!("{path}: {error}")))?;
    let rate_limits = limits(&mut object, "rate_limits", |limit, kind, unit, threshold| {
        limit.nothing_left()?;
        Ok(RateLimit { kind, unit: RateUnit::from(unit), threshold, unknown: Unknown::new() })
    })?;
    let usage_limits = limits(&mut object, "usage_limits", |limit, kind, unit, threshold| {
        limit.nothing_left()?;
        Ok(UsageLimit { kind, unit: UsageUnit::from(unit), threshold, unknown: Unknown::new() })
    })?;
    object.nothing_left()?;
    Ok(GroupModel { slug, rate_limits, usage_limits, unknown: Unknown::new() })
}

fn limits<T>(
    object: &mut Object,
    field: &str,
    make: impl Fn(&Object, LimitType, &str, u64) -> Result<T, ApiError>,
) -> Result<Vec<T>, ApiError> {
    let path = object.name(field);
    let values = object.list(field)?.unwrap_or_default();
    let limits = values.into_iter().enumerate().map(|(index, value)| {
        let mut limit = Object::of_value(value, &format!("{path}[{index}]"))?;
        let kind = limit.text("type")?;
        let kind = limit.required("type", kind)?;
        let unit = limit.text("unit")?;
        let unit = limit.required("unit", unit)?;
        let threshold = limit.whole_number("threshold")?;
        let threshold = limit.required("threshold", threshold)?;
        make(&limit, LimitType::from(kind.as_str()), &unit, threshold)
    });
    limits.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(body: &Value) -> String {
        match create(Object::parse(body.to_string().as_bytes()).unwrap(), GroupId::new("g")) {
            Err(ApiError::Invalid(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_names_its_place_down_to_the_limit() {
        let with = |models: Value| json!({"metadata": {"external_entity_id": "x"}, "models": models});
        let limit = |limit: Value| with(json!([{"slug": "a/b"}, {"slug": "a/c", "rate_limits": [limit]}]));
        for (body, expected) in [
            (json!({}), "metadata is required"),
            (json!({"metadata": {}}), "metadata.external_entity_id is required"),
            (json!({"metadata": {"external_entity_id": ""}}), "metadata.external_entity_id must have 1 to 255"),
            (with(json!([])), "models must have at least one entry"),
            (with(json!([5])), "models[0] must be an object"),
            (with(json!([{"slug": "nothing"}])), "models[0]: slug must be"),
            (with(json!([{"slug": "a/b", "rate_limit": []}])), "models[0].rate_limit is not a known field"),
            (limit(json!({"unit": "MINUTE", "threshold": 1})), "models[1].rate_limits[0].type is required"),
            (
                limit(json!({"type": "REQUEST", "unit": "MINUTE", "threshold": -1})),
                "models[1].rate_limits[0].threshold must be a whole number of at least 0",
            ),
            (
                limit(json!({"type": "REQUEST", "unit": "MINUTE", "threshold": 1, "burst": 2})),
                "models[1].rate_limits[0].burst is not a known field",
            ),
            (
                limit(json!({"type": "requests", "unit": "MINUTE", "threshold": 1})),
                "models[1].rate_limits[0].type must be one of REQUEST",
            ),
        ] {
            let message = refusal(&body);
            assert!(message.starts_with(expected), "{message:?} is not {expected:?}");
        }
    }

    #[test]
    fn a_name_is_left_taken_away_or_changed() {
        let name = |body: Value| update(Object::parse(body.to_string().as_bytes()).unwrap()).map(|patch| patch.name);
        assert_eq!(name(json!({"metadata": {"name": "n"}})), Ok(Some(Some("n".to_owned()))));
        assert_eq!(name(json!({"metadata": {"name": null}})), Ok(Some(None)));
        assert_eq!(name(json!({"models": []})), Ok(None));
        for empty in [json!({}), json!({"metadata": {}}), json!({"metadata": null, "models": null})] {
            assert!(matches!(name(empty), Err(ApiError::Invalid(_))));
        }
    }
}
