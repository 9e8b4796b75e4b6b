//! What a path of the inference address leads to. Pure.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::gateway::routing::provider::{Dialect, Operation};

/// The path of the list of models.
const MODELS: &str = "/v1/models";
/// The routes of Anthropic's protocol: whoever calls one of them, known or not, reads errors in its shape.
const ANTHROPIC_ROUTES: &str = "/v1/messages";

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resource {
    /// A call that names a slug in its body.
    Call(Operation),
    /// The list of models.
    Models,
    /// One model, by its slug.
    Model(String),
}

impl Resource {
    /// What is at this path. A slug's slash may be written as `%2F`, as most clients do, or as it is.
    pub(super) fn at(path: &str) -> Option<Self> {
        if let Some(operation) = Operation::at(path) {
            return Some(Self::Call(operation));
        }
        match path.strip_prefix(MODELS)? {
            "" => Some(Self::Models),
            below => {
                let name = below.strip_prefix('/').filter(|name| !name.is_empty())?;
                let name = percent_decode_str(name).decode_utf8().ok()?;
                Some(Self::Model(name.into_owned()))
            }
        }
    }

    /// The method that it takes. What takes GET takes HEAD too.
    pub(super) fn method(&self) -> Method {
        match self {
            Self::Call(_) => Method::POST,
            Self::Models | Self::Model(_) => Method::GET,
        }
    }

    /// The path as it is written down: without names, so that there are few of them.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Call(operation) => operation.route(),
            Self::Models => MODELS,
            Self::Model(_) => "/v1/models/{slug}",
        }
    }
}

/// The dialect that a caller of this path reads, whatever is there. `/v1/models` is in both: the caller's header
/// `anthropic-version` says which.
pub(super) fn dialect(path: &str, resource: Option<&Resource>, says_anthropic_version: bool) -> Dialect {
    let is_anthropic = match resource {
        Some(Resource::Call(operation)) => return operation.dialect(),
        Some(Resource::Models | Resource::Model(_)) => says_anthropic_version,
        None => says_anthropic_version || path.starts_with(ANTHROPIC_ROUTES),
    };
    if is_anthropic { Dialect::Anthropic } else { Dialect::OpenAi }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_read_with_its_slash_in_either_spelling() {
        let model = |slug: &str| Some(Resource::Model(slug.to_owned()));
        for (path, resource) in [
            ("/v1/models", Some(Resource::Models)),
            ("/v1/models/my-org/glm-5.2", model("my-org/glm-5.2")),
            ("/v1/models/my-org%2Fglm-5.2", model("my-org/glm-5.2")),
            ("/v1/models/my-org%2fglm%2D5%2e2", model("my-org/glm-5.2")),
            ("/v1/models/", None),
            ("/v1/models/%FF", None),
            ("/v1/modelsx", None),
            ("/v1/messages/count_tokens", Some(Resource::Call(Operation::CountTokens))),
            ("/", None),
        ] {
            assert_eq!(Resource::at(path), resource, "{path}");
        }
    }

    #[test]
    fn a_dialect_goes_by_the_route_and_for_models_by_the_header() {
        for (path, says_version, expected) in [
            ("/v1/messages", false, Dialect::Anthropic),
            ("/v1/messages/batches", false, Dialect::Anthropic),
            ("/v1/chat/completions", true, Dialect::OpenAi),
            ("/v1/models", false, Dialect::OpenAi),
            ("/v1/models", true, Dialect::Anthropic),
            ("/v1/models/a/b", true, Dialect::Anthropic),
            ("/", false, Dialect::OpenAi),
        ] {
            assert_eq!(dialect(path, Resource::at(path).as_ref(), says_version), expected, "{path}");
        }
    }
}
