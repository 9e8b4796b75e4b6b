//! Targets as they are sent: exactly one, only fields that its provider takes, in their one spelling.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::Value;
use url::{Host, Url};

use super::body::Object;
use super::plane::Rules;
use crate::api::{ModelId, Provider, SecretId, Target, Unknown, VertexConfig};
use crate::gateway::planes::error::ApiError;

/// The longest text in a target, in characters.
const TEXT_CHARS_MAX: usize = 2048;

/// The one target of `targets`.
pub(super) fn parse(targets: Vec<Value>, rules: &Rules) -> Result<Target, ApiError> {
    let mut targets = targets.into_iter();
    let (Some(only), None) = (targets.next(), targets.next()) else {
        return Err(ApiError::invalid("targets must have exactly one target"));
    };
    let mut object = Object::of_value(only, "targets[0]")?;
    let provider = object.text("provider")?;
    let provider = Provider::from(object.required("provider", provider)?.as_str());
    if !provider.is_known() {
        let known: Vec<_> = Provider::KNOWN.iter().map(Provider::as_str).collect();
        return Err(ApiError::invalid(format!("targets[0].provider must be one of {}", known.join(", "))));
    }
    let mut target = Target::new(provider);
    target.model_id = text(&mut object, "model_id")?.map(ModelId::new);
    target.environment_name = text(&mut object, "environment_name")?;
    target.target_model = text(&mut object, "target_model")?;
    target.secret_id = text(&mut object, "secret_id")?.map(SecretId::new);
    target.base_url = text(&mut object, "base_url")?;
    target.vertex_config = object.object("vertex_config")?.map(vertex).transpose()?;
    // A misspelt `environment_name` would route to production in silence.
    object.nothing_left()?;
    if let Some(problem) = target.problems().into_iter().next() {
        return Err(ApiError::invalid(format!("targets[0].{}", problem.message)));
    }
    if let Some(url) = &target.base_url
        && !rules.allow_private_upstreams
    {
        refuse_private(url)?;
    }
    Ok(target.normalized())
}

fn text(object: &mut Object, field: &str) -> Result<Option<String>, ApiError> {
    let text = object.text(field)?;
    match &text {
        Some(long) if long.chars().count() > TEXT_CHARS_MAX => {
            let name = object.name(field);
            Err(ApiError::invalid(format!("{name} must have at most {TEXT_CHARS_MAX} characters")))
        }
        _ => Ok(text),
    }
}

fn vertex(mut object: Object) -> Result<VertexConfig, ApiError> {
    let project_id = text(&mut object, "project_id")?;
    let location = text(&mut object, "location")?;
    object.nothing_left()?;
    Ok(VertexConfig {
        project_id: object.required("project_id", project_id)?,
        location: object.required("location", location)?,
        unknown: Unknown::new(),
    })
}

/// Refuses what is plainly an address of this machine or its network. What a name resolves to is checked where it
/// is connected to.
fn refuse_private(base_url: &str) -> Result<(), ApiError> {
    let private = match Url::parse(base_url).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => is_private(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_private(IpAddr::V6(address)),
        None => false,
    };
    if private {
        return Err(ApiError::invalid("targets[0].base_url must not name a loopback, link-local or private address"));
    }
    Ok(())
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast()
                || first == 0
                // Carrier-grade NAT, 100.64.0.0/10.
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_private(IpAddr::V4(mapped)),
            None => is_private_v6(address),
        },
    }
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(target: Value) -> Result<Target, ApiError> {
        parse(
            vec![target],
            &Rules { org_prefixes: Vec::new(), workspace_public_key: None, allow_private_upstreams: false },
        )
    }

    #[test]
    fn production_and_nulls_become_absent() {
        let target = json!({"provider":"BASETEN","model_id":"m","environment_name":"production","secret_id":null});
        assert_eq!(parsed(target).unwrap(), Target::baseten("m", None));
    }

    #[test]
    fn a_misspelt_field_is_refused_by_name() {
        let target = json!({"provider":"BASETEN","model_id":"m","enviroment_name":"staging"});
        let error = parsed(target).unwrap_err();
        assert_eq!(error, ApiError::invalid("targets[0].enviroment_name is not a known field"));
    }

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "127.1",
            "0x7f000001",
            "10.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[fe80::1]",
            "[fd00::1]",
            "0.0.0.0",
        ] {
            let target = json!({"provider":"OPENAI_COMPATIBLE","base_url":format!("https://{host}/v1"),
                                "secret_id":"s","target_model":"m"});
            assert!(matches!(parsed(target), Err(ApiError::Invalid(text)) if text.contains("base_url")), "{host}");
        }
    }
}
