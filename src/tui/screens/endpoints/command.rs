//! A change, or an endpoint, as a `repoint` command and as `curl`: the same thing elsewhere. Keys stay variables.

use serde_json::json;

use crate::api::{Endpoint, Target};
use crate::plan::Change;

/// A text for the shell, quoted where it has to be.
#[must_use]
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,~".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The `repoint` commands that do the same. A change of both name and target is two.
#[must_use]
pub fn commands(change: &Change) -> Vec<String> {
    match change {
        Change::CreateEndpoint { after } => {
            let target = after.targets.first().map(flags).unwrap_or_default();
            let region = after.region.as_ref().map(|region| format!(" --region {}", quoted(region.as_str())));
            vec![format!(
                "repoint endpoints create {}{target}{}",
                quoted(after.slug.as_str()),
                region.unwrap_or_default()
            )]
        }
        Change::UpdateEndpoint { before, after } => {
            let mut commands = Vec::new();
            if before.targets != after.targets {
                let target = after.targets.first().map(flags).unwrap_or_default();
                commands.push(format!("repoint endpoints repoint {}{target}", quoted(before.slug.as_str())));
            }
            if before.slug != after.slug {
                let (old, new) = (quoted(before.slug.as_str()), quoted(after.slug.as_str()));
                commands.push(format!("repoint endpoints rename {old} {new}"));
            }
            commands
        }
        Change::DeleteEndpoint { before } => vec![format!("repoint endpoints delete {}", quoted(before.slug.as_str()))],
        Change::CreateGroup { .. }
        | Change::UpdateGroup { .. }
        | Change::DeleteGroup { .. }
        | Change::MintKey { .. }
        | Change::RevokeKey { .. } => Vec::new(),
    }
}

fn flags(target: &Target) -> String {
    let mut flags = format!(" --provider {}", quoted(target.provider.as_str()));
    let vertex = target.vertex_config.as_ref();
    for (flag, value) in [
        ("model", target.model_id.as_ref().map(crate::api::ModelId::as_str)),
        ("environment", target.environment_name.as_deref()),
        ("target-model", target.target_model.as_deref()),
        ("secret", target.secret_id.as_ref().map(crate::api::SecretId::as_str)),
        ("base-url", target.base_url.as_deref()),
        ("vertex-project", vertex.map(|config| config.project_id.as_str())),
        ("vertex-location", vertex.map(|config| config.location.as_str())),
    ] {
        if let Some(value) = value {
            flags.extend([" --", flag, " ", &quoted(value)]);
        }
    }
    flags
}

/// The `curl` calls that do the same.
#[must_use]
pub fn curls(change: &Change, address: &str) -> Vec<String> {
    let endpoints = format!("{address}/v1/gateway/endpoints");
    match change {
        Change::CreateEndpoint { after } => {
            vec![curl("POST", &endpoints, serde_json::to_string(&after.create_body()).ok())]
        }
        Change::UpdateEndpoint { before, after } => {
            let one = format!("{endpoints}/{}", before.id);
            let mut calls = Vec::new();
            if before.targets != after.targets {
                calls.push(curl("PATCH", &one, Some(json!({ "targets": after.targets }).to_string())));
            }
            if before.slug != after.slug {
                calls.push(curl("PATCH", &one, Some(json!({ "slug": after.slug }).to_string())));
            }
            calls
        }
        Change::DeleteEndpoint { before } => vec![curl("DELETE", &format!("{endpoints}/{}", before.id), None)],
        Change::CreateGroup { .. }
        | Change::UpdateGroup { .. }
        | Change::DeleteGroup { .. }
        | Change::MintKey { .. }
        | Change::RevokeKey { .. } => Vec::new(),
    }
}

/// The `curl` call that reads an endpoint.
#[must_use]
pub fn read_curl(endpoint: &Endpoint, address: &str) -> String {
    curl("GET", &format!("{address}/v1/gateway/endpoints/{}", endpoint.id), None)
}

fn curl(method: &str, url: &str, body: Option<String>) -> String {
    let mut call = format!("curl -sS -X {method} {} -H \"Authorization: Api-Key $REPOINT_API_KEY\"", quoted(url));
    if let Some(body) = body {
        call.extend([" -H 'Content-Type: application/json' -d ", &quoted(&body)]);
    }
    call
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Provider, Slug};
    use crate::plan::EndpointContent;

    #[test]
    fn a_quote_in_a_name_stays_a_quote() {
        assert_eq!(quoted("my-org/glm-5.2"), "my-org/glm-5.2");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_creation_names_every_field() {
        let target = Target::external(Provider::Anthropic, "sec1", "claude-sonnet");
        let change = Change::create(EndpointContent::new(Slug::from_wire("my-org/claude"), target));
        assert_eq!(
            commands(&change),
            ["repoint endpoints create my-org/claude --provider ANTHROPIC --target-model claude-sonnet --secret sec1"]
        );
        let calls = curls(&change, "http://127.0.0.1:8787");
        assert!(calls[0].contains("$REPOINT_API_KEY"), "{calls:?}");
        assert!(calls[0].contains(r#"{"slug":"my-org/claude""#), "{calls:?}");
    }
}
