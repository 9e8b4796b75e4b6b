//! A change as the `repoint` command and as the `curl` calls that do the same. The key is a variable, never its value.

use serde_json::{Value, json};
use url::Url;

use super::change::Change;
use super::content::{EndpointContent, GroupContent, ParentGroup, same_models, same_targets};
use super::diff::masked;
use crate::api::{Endpoint, GroupModel, ModelId, SecretId, Target, TargetField};

/// The variable that holds the management key in what is shown.
pub const KEY_VARIABLE: &str = "$REPOINT_API_KEY";

/// The change as one `repoint` command, or as two where name and target change.
#[must_use]
pub fn repoint(change: &Change) -> String {
    let words = match change {
        Change::CreateEndpoint { after } => vec![create_words(after)],
        Change::UpdateEndpoint { before, after } => {
            let mut commands = Vec::new();
            if before.slug != after.slug {
                commands.push(words(&["endpoints", "rename", before.slug.as_str(), after.slug.as_str()]));
            }
            if !same_targets(&before.targets, &after.targets) {
                let mut command = words(&["endpoints", "repoint", after.slug.as_str()]);
                command.extend(target_words(&after.targets));
                commands.push(command);
            }
            commands
        }
        Change::DeleteEndpoint { before } => vec![words(&["endpoints", "delete", before.slug.as_str()])],
        Change::CreateGroup { after } => vec![group_words("create", &after.external_entity_id, after, None)],
        Change::UpdateGroup { before, after } => {
            vec![group_words("update", before.id.as_str(), after, Some(&before.as_ref().into()))]
        }
        Change::DeleteGroup { before } => vec![words(&["groups", "delete", before.id.as_str()])],
        Change::MintKey { group, name } => {
            let mut command = words(&["keys", "mint", group.as_str()]);
            command.extend(name.iter().flat_map(|name| ["--name".to_owned(), name.clone()]));
            vec![command]
        }
        Change::RevokeKey { group, key } => vec![words(&["keys", "revoke", group.as_str(), key.prefix.as_str()])],
    };
    words.iter().map(|words| line("repoint", words)).collect::<Vec<_>>().join("\n")
}

/// The change as `curl` calls to this server, one a line.
#[must_use]
pub fn curl(change: &Change, management_url: &Url) -> String {
    let requests = requests(change);
    let lines = requests.iter().map(|(method, path, body)| {
        let mut words = vec!["-sS".to_owned(), "-X".to_owned(), (*method).to_owned(), address(management_url, path)];
        if let Some(body) = body {
            words.extend(["-H".to_owned(), "Content-Type: application/json".to_owned()]);
            words.extend(["-d".to_owned(), masked("", body).to_string()]);
        }
        curl_with_key(&words)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The `repoint` command that reads an endpoint.
#[must_use]
pub fn read(endpoint: &Endpoint) -> String {
    line("repoint", &words(&["endpoints", "get", endpoint.slug.as_str()]))
}

/// The `curl` call that reads an endpoint.
#[must_use]
pub fn read_curl(endpoint: &Endpoint, management_url: &Url) -> String {
    let address = address(management_url, &["endpoints", endpoint.id.as_str()]);
    curl_with_key(&words(&["-sS", &address]))
}

/// A `curl` call with the key that is in the variable.
#[must_use]
pub fn curl_with_key(words: &[impl AsRef<str>]) -> String {
    // Double quotes: the shell must put the variable's value in.
    format!("{} -H \"Authorization: Api-Key {KEY_VARIABLE}\"", line("curl", words))
}

type Request<'a> = (&'static str, Vec<&'a str>, Option<Value>);

/// The requests of a change: method, path below `/v1/gateway`, body.
fn requests(change: &Change) -> Vec<Request<'_>> {
    match change {
        Change::CreateEndpoint { after } => vec![("POST", vec!["endpoints"], Some(json!(after.create_body())))],
        Change::UpdateEndpoint { before, after } => {
            let path = vec!["endpoints", before.id.as_str()];
            let mut requests = Vec::new();
            if before.slug != after.slug {
                requests.push(("PATCH", path.clone(), Some(json!({ "slug": after.slug }))));
            }
            if !same_targets(&before.targets, &after.targets) {
                requests.push(("PATCH", path, Some(json!({ "targets": after.targets }))));
            }
            requests
        }
        Change::DeleteEndpoint { before } => vec![("DELETE", vec!["endpoints", before.id.as_str()], None)],
        Change::CreateGroup { after } => {
            let parent = match &after.parent {
                Some(ParentGroup::Id(id)) => Some(id.clone()),
                Some(ParentGroup::ExternalEntityId(_)) | None => None,
            };
            vec![("POST", vec!["groups"], Some(json!(after.create_body(parent))))]
        }
        Change::UpdateGroup { before, after } => {
            let mut body = serde_json::Map::new();
            if before.metadata.name != after.name {
                body.insert("metadata".to_owned(), json!({ "name": after.name }));
            }
            if !same_models(&before.models, &after.models) {
                body.insert("models".to_owned(), json!(after.models));
            }
            vec![("PATCH", vec!["groups", before.id.as_str()], Some(Value::Object(body)))]
        }
        Change::DeleteGroup { before } => vec![("DELETE", vec!["groups", before.id.as_str()], None)],
        Change::MintKey { group, name } => {
            let body = name.as_ref().map_or_else(|| json!({}), |name| json!({ "name": name }));
            vec![("POST", vec!["groups", group.as_str(), "api_keys"], Some(body))]
        }
        Change::RevokeKey { group, key } => {
            vec![("DELETE", vec!["groups", group.as_str(), "api_keys", key.prefix.as_str()], None)]
        }
    }
}

fn address(management_url: &Url, path: &[&str]) -> String {
    let mut url = management_url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["v1", "gateway"]).extend(path);
    }
    url.to_string()
}

fn create_words(after: &EndpointContent) -> Vec<String> {
    let mut command = words(&["endpoints", "create", after.slug.as_str()]);
    command.extend(after.region.iter().flat_map(|region| ["--region".to_owned(), region.to_string()]));
    command.extend(target_words(&after.targets));
    command
}

/// The flags that say a target: one a field, or the target as JSON where flags can't say all of it.
fn target_words(targets: &[Target]) -> Vec<String> {
    let [target] = targets else {
        return targets.iter().flat_map(|target| ["--target".to_owned(), target_json(target)]).collect();
    };
    let has_more =
        !target.unknown.is_empty() || target.vertex_config.as_ref().is_some_and(|config| !config.unknown.is_empty());
    if has_more || !target.provider.is_known() {
        return vec!["--target".to_owned(), target_json(target)];
    }
    let mut flags = vec!["--provider".to_owned(), target.provider.to_string()];
    for field in TargetField::ALL {
        let values: Vec<(&str, Option<&str>)> = match field {
            TargetField::ModelId => vec![("--model-id", target.model_id.as_ref().map(ModelId::as_str))],
            TargetField::EnvironmentName => vec![("--environment-name", target.environment_name.as_deref())],
            TargetField::TargetModel => vec![("--target-model", target.target_model.as_deref())],
            TargetField::SecretId => vec![("--secret-id", target.secret_id.as_ref().map(SecretId::as_str))],
            TargetField::BaseUrl => vec![("--base-url", target.base_url.as_deref())],
            TargetField::VertexConfig => {
                let config = target.vertex_config.as_ref();
                vec![
                    ("--vertex-project", config.map(|config| config.project_id.as_str())),
                    ("--vertex-location", config.map(|config| config.location.as_str())),
                ]
            }
        };
        for (flag, value) in values {
            flags.extend(value.iter().flat_map(|value| [flag.to_owned(), (*value).to_owned()]));
        }
    }
    flags
}

fn target_json(target: &Target) -> String {
    masked("", &json!(target)).to_string()
}

fn group_words(verb: &str, name: &str, after: &GroupContent, before: Option<&GroupContent>) -> Vec<String> {
    let mut command = words(&["groups", verb, name]);
    if before.is_none_or(|before| before.name != after.name) {
        command.extend(after.name.iter().flat_map(|name| ["--name".to_owned(), name.clone()]));
        if before.is_some() && after.name.is_none() {
            command.push("--no-name".to_owned());
        }
    }
    if before.is_none() {
        let parent = after.parent.as_ref().map(|parent| match parent {
            ParentGroup::Id(id) => id.to_string(),
            ParentGroup::ExternalEntityId(entity) => entity.clone(),
        });
        command.extend(parent.into_iter().flat_map(|parent| ["--parent".to_owned(), parent]));
        let mode = after.limit_enforcement.iter();
        command.extend(mode.flat_map(|mode| ["--limit-enforcement".to_owned(), mode.to_string()]));
    }
    if before.is_none_or(|before| !same_models(&before.models, &after.models)) {
        command.extend(["--models".to_owned(), models_json(&after.models)]);
    }
    command
}

fn models_json(models: &[GroupModel]) -> String {
    masked("", &json!(models)).to_string()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A command line that a POSIX shell reads back word by word.
#[must_use]
pub fn line(program: &str, words: &[impl AsRef<str>]) -> String {
    let mut line = program.to_owned();
    for word in words {
        line.push(' ');
        line.push_str(&quoted(word.as_ref()));
    }
    line
}

/// A word as a POSIX shell reads it back unchanged.
fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '=' | '@' | '%' | '+'));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{EndpointId, Provider, Slug, Time, Unknown};

    fn endpoint() -> Endpoint {
        Endpoint {
            id: EndpointId::new("ep/1"),
            slug: Slug::from_wire("my-org/glm-5.2"),
            region: None,
            targets: vec![Target::baseten("3kZ9xqd", None)],
            created_at: Time::EPOCH,
            updated_at: Time::EPOCH,
            unknown: Unknown::new(),
        }
    }

    #[test]
    fn an_edit_is_two_commands_and_the_key_is_a_variable() {
        let target = Target::external(Provider::Anthropic, "sec_1", "claude's best");
        let change = Change::edit(&endpoint(), Some(Slug::from_wire("my-org/new")), Some(target));
        assert_eq!(
            repoint(&change),
            "repoint endpoints rename my-org/glm-5.2 my-org/new\n\
             repoint endpoints repoint my-org/new --provider ANTHROPIC --secret-id sec_1 --target-model 'claude'\\''s best'"
        );
        let curl = curl(&change, &Url::parse("http://127.0.0.1:8787/").unwrap());
        assert_eq!(
            curl.lines().next().unwrap(),
            "curl -sS -X PATCH http://127.0.0.1:8787/v1/gateway/endpoints/ep%2F1 -H 'Content-Type: application/json' \
             -d '{\"slug\":\"my-org/new\"}' -H \"Authorization: Api-Key $REPOINT_API_KEY\""
        );
    }

    #[test]
    fn what_flags_cannot_say_goes_as_json_without_secrets() {
        let mut target = Target::baseten("7mP2wqe", Some("staging"));
        target.unknown.insert("auth_token".to_owned(), json!("hunter2"));
        let text = repoint(&Change::repoint(&endpoint(), target));
        assert!(text.contains("--target '{\"provider\":\"BASETEN\""), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b; rm $X"), "'a b; rm $X'");
        assert_eq!(quoted("my-org/glm"), "my-org/glm");
    }
}
