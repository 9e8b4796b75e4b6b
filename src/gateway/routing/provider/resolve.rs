//! From an endpoint's target to where its requests go.

use std::collections::HashMap;
use std::net::SocketAddr;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::{Base, BaseError, Dialect, Operation, Reach, Scheme};
use crate::api::{ModelId, Provider, SecretId, Target};
use crate::gateway::routing::snapshot::{RoutedSecret, Routes};

/// The workspace secret whose value opens Baseten's shared model API.
const MODEL_API_SECRET: &str = "BASETEN_API_KEY";

/// How an operator bends where targets go. The default sends BASETEN models to the simulator and all others to
/// their hosts.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    /// `--upstream MODEL[/ENVIRONMENT]=URL`.
    pub upstreams: HashMap<(ModelId, Option<String>), Base>,
    /// `--provider-base PROVIDER=URL`.
    pub bases: HashMap<Provider, Base>,
    /// Where simulated models answer. Without one, targets that need it cannot be reached.
    pub simulator: Option<SocketAddr>,
    /// `--allow-private-upstreams`.
    pub private_upstreams_are_allowed: bool,
}

/// Where a target's requests go.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// The server.
    pub base: Base,
    /// What `model` is replaced with on the way up. `None` leaves the slug.
    pub model: Option<String>,
    secret: Option<HeaderValue>,
    provider: Provider,
}

/// Why a target's requests cannot be sent. The texts are for callers: they name ids, never values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unroutable {
    /// There is no adapter yet.
    #[error("calls to provider {0} are not supported yet; hint: re-point the endpoint to another provider")]
    NoAdapter(Provider),
    /// The provider has no such route.
    #[error("provider {provider} has no /v1{path}; hint: call a route that the endpoint's target has")]
    NoRoute {
        /// The target's.
        provider: Provider,
        /// The operation's path.
        path: &'static str,
    },
    /// The model was deleted.
    #[error("model {0} of the endpoint's target does not exist any longer")]
    ModelGone(ModelId),
    /// The environment was deleted.
    #[error("environment {environment} of model {model} does not exist any longer")]
    EnvironmentGone {
        /// The model.
        model: ModelId,
        /// The environment.
        environment: String,
    },
    /// Nothing answers there.
    #[error("model {model} has no active deployment in environment {environment}")]
    NotDeployed {
        /// The model.
        model: ModelId,
        /// The environment.
        environment: String,
    },
    /// The secret was deleted.
    #[error("secret {0} of the endpoint's target does not exist any longer")]
    SecretGone(SecretId),
    /// The value cannot stand in a header.
    #[error("secret {0} of the endpoint's target has a value that no header can carry")]
    SecretUnusable(String),
    /// The target lacks what its provider needs.
    #[error("the endpoint's target is not complete: {0}")]
    Incomplete(&'static str),
    /// The address cannot be used.
    #[error("the endpoint's base_url cannot be used: {0}")]
    Base(#[from] BaseError),
    /// A simulated target without a simulator.
    #[error("no simulated models run here; hint: give the model an address with --upstream")]
    NoSimulator,
}

impl Providers {
    /// Where this target's requests of this operation go.
    ///
    /// # Errors
    /// What is missing, by its id.
    pub fn upstream(&self, target: &Target, operation: Operation, routes: &Routes) -> Result<Upstream, Unroutable> {
        let provider = target.provider.clone();
        if matches!(provider, Provider::Vertex | Provider::Other(_)) {
            return Err(Unroutable::NoAdapter(provider));
        }
        if !operation.is_at(&provider) {
            return Err(Unroutable::NoRoute { provider, path: operation.path() });
        }
        if provider == Provider::Baseten {
            return self.baseten(target, routes);
        }
        let secret = secret(target, routes)?;
        let base = match self.bases.get(&provider) {
            Some(base) => base.clone(),
            // Without a key the shared API could only refuse: its simulation says more.
            None if secret.map_or(provider == Provider::BasetenModelApi, |secret| secret.simulated) => {
                self.simulated(&provider.as_str().to_lowercase())?
            }
            None => self.host(target)?,
        };
        let value = secret.map(|secret| header_value(&provider, operation, secret)).transpose()?;
        Ok(Upstream { base, model: target.target_model.clone(), secret: value, provider })
    }

    fn baseten(&self, target: &Target, routes: &Routes) -> Result<Upstream, Unroutable> {
        let model = target.model_id.clone().ok_or(Unroutable::Incomplete("model_id is missing"))?;
        let environment = target.environment().unwrap_or_default().to_owned();
        let known = routes.models.get(&model).ok_or_else(|| Unroutable::ModelGone(model.clone()))?;
        let Some(status) = known.environments.get(&environment) else {
            return Err(Unroutable::EnvironmentGone { model, environment });
        };
        let exact = self.upstreams.get(&(model.clone(), Some(environment.clone())));
        let base = match exact.or_else(|| self.upstreams.get(&(model.clone(), None))) {
            Some(base) => base.clone(),
            None if !status.as_ref().is_some_and(crate::api::DeploymentStatus::answers) => {
                return Err(Unroutable::NotDeployed { model, environment });
            }
            None => self.simulated(&format!("baseten/{model}/{environment}"))?,
        };
        Ok(Upstream { base, model: target.target_model.clone(), secret: None, provider: Provider::Baseten })
    }

    fn simulated(&self, name: &str) -> Result<Base, Unroutable> {
        let address = self.simulator.ok_or(Unroutable::NoSimulator)?;
        Ok(Base {
            scheme: Scheme::Http,
            host: address.ip().to_string(),
            port: address.port(),
            authority: address.to_string(),
            path: format!("/{name}/v1"),
            reach: Reach::Anywhere,
        })
    }

    fn host(&self, target: &Target) -> Result<Base, Unroutable> {
        let reach = if self.private_upstreams_are_allowed { Reach::Anywhere } else { Reach::PublicOnly };
        let url = match &target.provider {
            Provider::OpenAi => "https://api.openai.com/v1",
            Provider::Anthropic => "https://api.anthropic.com/v1",
            Provider::XAi => "https://api.x.ai/v1",
            Provider::BasetenModelApi => "https://inference.baseten.co/v1",
            Provider::OpenAiCompatible => {
                target.base_url.as_deref().ok_or(Unroutable::Incomplete("base_url is missing"))?
            }
            other @ (Provider::Baseten | Provider::Vertex | Provider::Other(_)) => {
                return Err(Unroutable::NoAdapter(other.clone()));
            }
        };
        Ok(Base::parse(url, reach)?)
    }
}

impl Upstream {
    /// The provider's own credentials for this operation: the header and its value, marked as sensitive.
    #[must_use]
    pub fn credentials(&self, operation: Operation) -> Option<(HeaderName, &HeaderValue)> {
        let value = self.secret.as_ref()?;
        let name = if self.provider == Provider::Anthropic && operation.dialect() == Dialect::Anthropic {
            HeaderName::from_static("x-api-key")
        } else {
            AUTHORIZATION
        };
        Some((name, value))
    }
}

fn secret<'a>(target: &Target, routes: &'a Routes) -> Result<Option<&'a RoutedSecret>, Unroutable> {
    match &target.secret_id {
        Some(id) => routes.secrets.get(id).map(Some).ok_or_else(|| Unroutable::SecretGone(id.clone())),
        None if target.provider == Provider::BasetenModelApi => {
            Ok(routes.secrets.values().find(|secret| secret.name == MODEL_API_SECRET))
        }
        None => Err(Unroutable::Incomplete("secret_id is missing")),
    }
}

fn header_value(provider: &Provider, operation: Operation, secret: &RoutedSecret) -> Result<HeaderValue, Unroutable> {
    let scheme = match provider {
        Provider::Anthropic if operation.dialect() == Dialect::Anthropic => "",
        Provider::BasetenModelApi => "Api-Key ",
        Provider::Baseten
        | Provider::Anthropic
        | Provider::OpenAi
        | Provider::XAi
        | Provider::OpenAiCompatible
        | Provider::Vertex
        | Provider::Other(_) => "Bearer ",
    };
    let text = SecretString::from(format!("{scheme}{}", secret.value.expose_secret()));
    let value = HeaderValue::from_str(text.expose_secret());
    let mut value = value.map_err(|_| Unroutable::SecretUnusable(secret.name.clone()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::DeploymentStatus;
    use crate::gateway::routing::snapshot::RoutedModel;

    fn routes() -> Routes {
        let mut routes = Routes::at(1);
        let environments =
            HashMap::from([("production".to_owned(), Some(DeploymentStatus::Active)), ("staging".to_owned(), None)]);
        routes.models.insert(ModelId::from("m"), RoutedModel { name: "GLM".to_owned(), environments });
        for (id, simulated) in [("s", false), ("demo", true)] {
            let value = SecretString::from("value".to_owned());
            routes.secrets.insert(SecretId::from(id), RoutedSecret { name: id.to_owned(), value, simulated });
        }
        routes
    }

    fn providers() -> Providers {
        Providers { simulator: Some("127.0.0.1:9".parse().unwrap()), ..Providers::default() }
    }

    #[test]
    fn each_provider_has_its_host_and_header() {
        let providers = providers();
        for (provider, operation, host, header, value) in [
            (Provider::OpenAi, Operation::Responses, "api.openai.com", "authorization", "Bearer value"),
            (Provider::XAi, Operation::ChatCompletions, "api.x.ai", "authorization", "Bearer value"),
            (Provider::Anthropic, Operation::Messages, "api.anthropic.com", "x-api-key", "value"),
            (Provider::Anthropic, Operation::ChatCompletions, "api.anthropic.com", "authorization", "Bearer value"),
        ] {
            let upstream = providers.upstream(&Target::external(provider, "s", "gpt"), operation, &routes()).unwrap();
            let (name, sent) = upstream.credentials(operation).unwrap();
            assert_eq!((upstream.base.host.as_str(), name.as_str(), sent.to_str().unwrap()), (host, header, value));
            assert!(sent.is_sensitive() && upstream.base.reach == Reach::PublicOnly);
            assert_eq!(upstream.model.as_deref(), Some("gpt"));
        }
    }

    #[test]
    fn baseten_models_go_to_the_simulator_or_where_an_operator_says() {
        let mut providers = providers();
        let target = Target::baseten("m", None);
        let operation = Operation::ChatCompletions;
        let simulated = providers.upstream(&target, operation, &routes()).unwrap();
        assert_eq!(simulated.base.path, "/baseten/m/production/v1");
        let base = Base::parse("http://127.0.0.1:8000", Reach::Anywhere).unwrap();
        providers.upstreams.insert((ModelId::from("m"), None), base.clone());
        assert_eq!(providers.upstream(&target, operation, &routes()).unwrap().base, base);
        let staging = Base::parse("http://127.0.0.1:8001", Reach::Anywhere).unwrap();
        providers.upstreams.insert((ModelId::from("m"), Some("staging".to_owned())), staging.clone());
        let target = Target::baseten("m", Some("staging"));
        assert_eq!(providers.upstream(&target, operation, &routes()).unwrap().base, staging);
    }

    #[test]
    fn a_seeded_secret_leads_to_the_simulator_and_never_out() {
        let target = Target::external(Provider::OpenAi, "demo", "gpt");
        let upstream = providers().upstream(&target, Operation::ChatCompletions, &routes()).unwrap();
        assert_eq!((upstream.base.host.as_str(), upstream.base.path.as_str()), ("127.0.0.1", "/openai/v1"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let check =
            |target: &Target, operation| providers().upstream(target, operation, &routes()).unwrap_err().to_string();
        let chat = Operation::ChatCompletions;
        assert!(check(&Target::baseten("gone", None), chat).contains("model gone"));
        assert!(check(&Target::baseten("m", Some("qa")), chat).contains("environment qa of model m"));
        assert!(check(&Target::baseten("m", Some("staging")), chat).contains("no active deployment"));
        assert!(check(&Target::external(Provider::OpenAi, "gone", "g"), chat).contains("secret gone"));
        assert!(check(&Target::external(Provider::OpenAi, "s", "g"), Operation::Messages).contains("/v1/messages"));
        assert!(
            check(&Target::external(Provider::Anthropic, "s", "g"), Operation::Embeddings).contains("/v1/embeddings")
        );
        assert!(check(&Target::external(Provider::Vertex, "s", "g"), chat).contains("VERTEX"));
    }
}
