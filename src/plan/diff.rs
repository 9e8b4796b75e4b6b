//! What a change changes: as fields for the screen, as lines for people, as JSON for programs.
//!
//! Nothing here shows a secret: values of fields whose names look like one are masked.

use serde_json::{Value, json};

use super::change::Change;
use super::content::{EndpointContent, GroupContent, ParentGroup, sorted};
use crate::api::{GroupModel, KeyInfo, Target, TargetField, Unknown};

/// What stands in the place of a value that may be a secret.
pub const MASK: &str = "[hidden]";

/// One field, before and after. `None` is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDiff {
    /// The field, with the names of the wire: `slug`, `target.model_id`, `models.my-org/glm.rate REQUEST/MINUTE`.
    pub name: String,
    /// What it was.
    pub before: Option<String>,
    /// What it shall be.
    pub after: Option<String>,
}

impl FieldDiff {
    /// True where the change is about this field.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.before != self.after
    }
}

/// What a line of a diff says, for its colour and its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// The change in one line.
    Title,
    /// A field that stays.
    Same,
    /// A field's old value.
    Removed,
    /// A field's new value.
    Added,
    /// A remark: what is dropped, what can't be undone.
    Note,
}

impl LineKind {
    /// The sign at the line's start, so that colour is never the only one.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Title => "",
            Self::Same => "    ",
            Self::Removed => "  - ",
            Self::Added => "  + ",
            Self::Note => "  ! ",
        }
    }
}

/// One line of a diff for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub kind: LineKind,
    /// The text without its sign.
    pub text: String,
}

impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}{}", self.kind.sign(), self.text)
    }
}

/// Every field of both sides, in a stable order, also those that stay.
#[must_use]
pub fn fields(change: &Change) -> Vec<FieldDiff> {
    let (before, after) = versions(change);
    join(&before, &after)
}

/// The change for people: its title, what goes, what comes, and what must be said about it.
#[must_use]
pub fn lines(change: &Change) -> Vec<Line> {
    let mut lines = vec![Line { kind: LineKind::Title, text: change.title() }];
    for field in fields(change).into_iter().filter(FieldDiff::differs) {
        let line = |kind, value: String| Line { kind, text: format!("{}: {value}", field.name) };
        lines.extend(field.before.clone().map(|value| line(LineKind::Removed, value)));
        lines.extend(field.after.clone().map(|value| line(LineKind::Added, value)));
    }
    for target in change.dropped_targets() {
        lines.push(Line { kind: LineKind::Note, text: format!("drops the further target {target}") });
    }
    lines.extend(change.irreversible().map(|text| Line { kind: LineKind::Note, text: text.to_owned() }));
    lines
}

/// The change for programs: `{"action", "kind", "name", "before", "after"}`, the sides as on the wire.
#[must_use]
pub fn json(change: &Change) -> Value {
    let (kind, before, after) = sides(change);
    json!({ "action": change.verb().as_str(), "kind": kind, "name": change.name(), "before": before, "after": after })
}

type Fields = Vec<(String, String)>;

fn versions(change: &Change) -> (Fields, Fields) {
    match change {
        Change::CreateEndpoint { after } => (Fields::new(), endpoint_fields(after)),
        Change::UpdateEndpoint { before, after } => (endpoint_fields(&before.as_ref().into()), endpoint_fields(after)),
        Change::DeleteEndpoint { before } => (endpoint_fields(&before.as_ref().into()), Fields::new()),
        Change::CreateGroup { after } => (Fields::new(), group_fields(after)),
        Change::UpdateGroup { before, after } => (group_fields(&before.as_ref().into()), group_fields(after)),
        Change::DeleteGroup { before } => (group_fields(&before.as_ref().into()), Fields::new()),
        Change::MintKey { name, .. } => {
            (Fields::new(), vec![("key".to_owned(), name.clone().unwrap_or_else(|| "without a name".to_owned()))])
        }
        Change::RevokeKey { key, .. } => (vec![("key".to_owned(), key_text(key))], Fields::new()),
    }
}

fn key_text(key: &KeyInfo) -> String {
    key.name.as_ref().map_or_else(|| key.prefix.to_string(), |name| format!("{} {name}", key.prefix))
}

fn join(before: &Fields, after: &Fields) -> Vec<FieldDiff> {
    let value = |fields: &Fields, name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, v)| v.clone());
    let new = after.iter().filter(|(name, _)| before.iter().all(|(field, _)| field != name));
    before
        .iter()
        .chain(new)
        .map(|(name, _)| FieldDiff { name: name.clone(), before: value(before, name), after: value(after, name) })
        .collect()
}

pub(super) fn endpoint_fields(content: &EndpointContent) -> Fields {
    let mut fields = vec![("slug".to_owned(), content.slug.to_string())];
    fields.extend(content.region.as_ref().map(|region| ("region".to_owned(), region.to_string())));
    for (index, target) in content.targets.iter().enumerate() {
        let place = if index == 0 { "target".to_owned() } else { format!("target {}", index + 1) };
        fields.extend(target_fields(target).into_iter().map(|(name, value)| (format!("{place}.{name}"), value)));
    }
    fields
}

/// A target's fields by their names on the wire; production is named where it is meant.
pub(super) fn target_fields(target: &Target) -> Fields {
    let mut fields = vec![("provider".to_owned(), target.provider.to_string())];
    for field in TargetField::ALL {
        let value = match field {
            TargetField::ModelId => target.model_id.as_ref().map(ToString::to_string),
            TargetField::EnvironmentName => target.environment().map(str::to_owned),
            TargetField::TargetModel => target.target_model.clone(),
            TargetField::SecretId => target.secret_id.as_ref().map(ToString::to_string),
            TargetField::BaseUrl => target.base_url.as_deref().map(without_credentials),
            TargetField::VertexConfig => {
                target.vertex_config.as_ref().map(|config| format!("{} in {}", config.project_id, config.location))
            }
        };
        fields.extend(value.map(|value| (field.as_str().to_owned(), value)));
    }
    fields.extend(unknown_fields(&target.unknown));
    fields
}

fn unknown_fields(unknown: &Unknown) -> Fields {
    unknown.iter().map(|(name, value)| (name.clone(), masked(name, value).to_string())).collect()
}

/// The value, or a mask where its field's name looks like a secret's.
pub(super) fn masked(name: &str, value: &Value) -> Value {
    let lower = name.to_ascii_lowercase();
    let is_reference = lower.ends_with("_id") || lower.ends_with("_name");
    let looks_secret = ["secret", "password", "token", "credential", "authorization", "api_key", "apikey", "private"]
        .iter()
        .any(|word| lower.contains(word));
    // A number or a yes is no secret: `max_tokens` may be shown.
    let can_hold_one = matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_));
    if looks_secret && !is_reference && can_hold_one {
        return Value::from(MASK);
    }
    match value {
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), masked(name, value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| masked("", item)).collect()),
        Value::String(text) if text.contains("://") => Value::from(without_credentials(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// A URL without the user name and password that somebody may have put into it.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{scheme}://{MASK}{}", rest.get(at..).unwrap_or_default()),
        None => text.to_owned(),
    }
}

pub(super) fn group_fields(content: &GroupContent) -> Fields {
    let mut fields = vec![("external_entity_id".to_owned(), content.external_entity_id.clone())];
    fields.extend(content.name.clone().map(|name| ("name".to_owned(), name)));
    fields.extend(content.limit_enforcement.as_ref().map(|mode| ("limit_enforcement".to_owned(), mode.to_string())));
    fields.extend(content.parent.as_ref().map(|parent| {
        let text = match parent {
            ParentGroup::Id(id) => id.to_string(),
            ParentGroup::ExternalEntityId(entity) => entity.clone(),
        };
        ("parent".to_owned(), text)
    }));
    for model in sorted(&content.models) {
        fields.extend(model_fields(&model));
    }
    fields
}

fn model_fields(model: &GroupModel) -> Fields {
    let mut fields = vec![(format!("models.{}", model.slug), "granted".to_owned())];
    for limit in &model.rate_limits {
        let name = format!("models.{}.rate {}/{}", model.slug, limit.kind, limit.unit);
        fields.push((name, limit.threshold.to_string()));
    }
    for limit in &model.usage_limits {
        let name = format!("models.{}.usage {}/{}", model.slug, limit.kind, limit.unit);
        fields.push((name, limit.threshold.to_string()));
    }
    fields
}

fn sides(change: &Change) -> (&'static str, Value, Value) {
    let endpoint = |content: &EndpointContent| to_json(content);
    let group = |content: &GroupContent| to_json(content);
    match change {
        Change::CreateEndpoint { after } => ("endpoint", Value::Null, endpoint(after)),
        Change::UpdateEndpoint { before, after } => ("endpoint", endpoint(&before.as_ref().into()), endpoint(after)),
        Change::DeleteEndpoint { before } => ("endpoint", endpoint(&before.as_ref().into()), Value::Null),
        Change::CreateGroup { after } => ("group", Value::Null, group(after)),
        Change::UpdateGroup { before, after } => ("group", group(&before.as_ref().into()), group(after)),
        Change::DeleteGroup { before } => ("group", group(&before.as_ref().into()), Value::Null),
        Change::MintKey { name, .. } => ("key", Value::Null, json!({ "name": name })),
        Change::RevokeKey { key, .. } => ("key", to_json(key), Value::Null),
    }
}

/// The value as JSON, with what may be a secret masked.
fn to_json<T: serde::Serialize>(value: &T) -> Value {
    masked("", &serde_json::to_value(value).unwrap_or(Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Endpoint, EndpointId, Provider, Slug, Time};

    fn endpoint(target: Target) -> Endpoint {
        Endpoint {
            id: EndpointId::new("ep1"),
            slug: Slug::from_wire("my-org/glm"),
            region: None,
            targets: vec![target],
            created_at: Time::EPOCH,
            updated_at: Time::EPOCH,
            unknown: Unknown::new(),
        }
    }

    fn texts(change: &Change) -> Vec<String> {
        lines(change).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_diff_says_what_goes_and_what_comes() {
        let before = endpoint(Target::baseten("3kZ9xqd", None));
        let change = Change::repoint(&before, Target::baseten("7mP2wqe", Some("staging")));
        assert_eq!(
            texts(&change),
            [
                "re-point my-org/glm to BASETEN 7mP2wqe staging",
                "  - target.model_id: 3kZ9xqd",
                "  + target.model_id: 7mP2wqe",
                "  - target.environment_name: production",
                "  + target.environment_name: staging",
            ]
        );
    }

    #[test]
    fn further_targets_that_would_be_dropped_are_named() {
        let mut before = endpoint(Target::baseten("a", None));
        before.targets.push(Target::baseten("b", None));
        let change = Change::repoint(&before, Target::baseten("c", None));
        assert!(texts(&change).contains(&"  ! drops the further target BASETEN b".to_owned()), "{:?}", texts(&change));
    }

    #[test]
    fn what_nobody_knows_stays_with_the_provider_and_goes_with_it() {
        let mut old = Target::baseten("a", None);
        old.unknown.insert("speed".to_owned(), json!(1));
        let before = endpoint(old);
        let target = |change: &Change| match change {
            Change::UpdateEndpoint { after, .. } => after.targets[0].clone(),
            other => panic!("{other:?}"),
        };
        let stays = Change::repoint(&before, Target::baseten("b", None));
        assert_eq!(target(&stays).unknown.get("speed"), Some(&json!(1)));
        let goes = Change::repoint(&before, Target::external(Provider::XAi, "s", "grok"));
        assert!(target(&goes).unknown.is_empty());
    }

    #[test]
    fn nothing_that_may_be_a_secret_is_shown() {
        let mut target = Target::external(Provider::OpenAiCompatible, "sec_1", "m");
        target.base_url = Some("https://user:canary@llm.example/v1".to_owned());
        target.unknown.insert("api_key".to_owned(), json!("canary"));
        target.unknown.insert("auth".to_owned(), json!({ "bearer_token": "canary", "max_tokens": 7 }));
        let change = Change::delete(&endpoint(target));
        let shown = format!("{}\n{}", texts(&change).join("\n"), json(&change));
        assert!(shown.contains("sec_1") && shown.contains(MASK) && shown.contains("\"max_tokens\":7"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
