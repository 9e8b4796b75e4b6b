//! Targets: what a slug routes to. A flat object; which fields it takes depends on its provider.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ModelId, SecretId, Unknown, open_enum};

open_enum!(
    /// Who answers the requests of a target.
    Provider {
        /// A deployment of the workspace.
        Baseten = "BASETEN",
        /// Anthropic's API.
        Anthropic = "ANTHROPIC",
        /// `OpenAI`'s API.
        OpenAi = "OPENAI",
        /// xAI's API.
        XAi = "XAI",
        /// Any server that speaks `OpenAI`'s protocol, under a `base_url`.
        OpenAiCompatible = "OPENAI_COMPATIBLE",
        /// Google's Vertex AI.
        Vertex = "VERTEX",
        /// Baseten's shared model API.
        BasetenModelApi = "BASETEN_MODEL_API",
    }
);

/// A field of a target, by its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TargetField {
    /// `model_id`: a workspace model.
    ModelId,
    /// `environment_name`: an environment of that model; absent means production.
    EnvironmentName,
    /// `target_model`: the model's name at the upstream.
    TargetModel,
    /// `secret_id`: the workspace secret that holds the provider's key.
    SecretId,
    /// `base_url`: https, without a port.
    BaseUrl,
    /// `vertex_config`: project and location.
    VertexConfig,
}

impl TargetField {
    /// Every field, in the order in which a form asks for them.
    pub const ALL: [Self; 6] =
        [Self::ModelId, Self::EnvironmentName, Self::BaseUrl, Self::VertexConfig, Self::SecretId, Self::TargetModel];

    /// The field's name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ModelId => "model_id",
            Self::EnvironmentName => "environment_name",
            Self::TargetModel => "target_model",
            Self::SecretId => "secret_id",
            Self::BaseUrl => "base_url",
            Self::VertexConfig => "vertex_config",
        }
    }
}

impl Provider {
    /// The fields that a target of this provider must have. Nothing is known of an unknown provider.
    #[must_use]
    pub fn required(&self) -> &'static [TargetField] {
        use TargetField as F;
        match self {
            Self::Baseten => &[F::ModelId],
            Self::Anthropic | Self::OpenAi | Self::XAi => &[F::SecretId, F::TargetModel],
            Self::OpenAiCompatible => &[F::BaseUrl, F::SecretId, F::TargetModel],
            Self::Vertex => &[F::VertexConfig, F::SecretId, F::TargetModel],
            Self::BasetenModelApi => &[F::TargetModel],
            Self::Other(_) => &[],
        }
    }

    /// The fields that a target of this provider may have beside the required ones.
    #[must_use]
    pub fn optional(&self) -> &'static [TargetField] {
        match self {
            Self::Baseten => &[TargetField::EnvironmentName, TargetField::TargetModel],
            Self::Other(_) => &TargetField::ALL,
            Self::Anthropic
            | Self::OpenAi
            | Self::XAi
            | Self::OpenAiCompatible
            | Self::Vertex
            | Self::BasetenModelApi => &[],
        }
    }

    /// True where the provider takes the field, required or not.
    #[must_use]
    pub fn takes(&self, field: TargetField) -> bool {
        self.required().contains(&field) || self.optional().contains(&field)
    }
}

/// Where on Vertex AI a model runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VertexConfig {
    /// The Google Cloud project.
    pub project_id: String,
    /// The region, such as `us-east5`.
    pub location: String,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What a slug routes to. Fields that the provider does not take are `None`; nulls are not written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Who answers.
    pub provider: Provider,
    /// The workspace model (BASETEN).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<ModelId>,
    /// The model's environment (BASETEN). Absent means production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_name: Option<String>,
    /// The model's name at the upstream; replaces the slug on the way up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_model: Option<String>,
    /// The workspace secret with the provider's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_id: Option<SecretId>,
    /// The upstream's address (`OPENAI_COMPATIBLE`): https, no port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Project and location (VERTEX).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vertex_config: Option<VertexConfig>,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What is wrong with a target, and with which of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetProblem {
    /// The field to mend.
    pub field: TargetField,
    /// What is wrong with it, as a sentence that names the field.
    pub message: String,
}

/// The environment that an absent `environment_name` means.
pub const PRODUCTION: &str = "production";

impl Target {
    /// A target of this provider without any field.
    #[must_use]
    pub fn new(provider: Provider) -> Self {
        Self {
            provider,
            model_id: None,
            environment_name: None,
            target_model: None,
            secret_id: None,
            base_url: None,
            vertex_config: None,
            unknown: Unknown::new(),
        }
    }

    /// A deployment of the workspace; production where no environment is named.
    #[must_use]
    pub fn baseten(model_id: impl Into<String>, environment: Option<&str>) -> Self {
        let mut target = Self::new(Provider::Baseten);
        target.model_id = Some(ModelId::new(model_id));
        target.environment_name = environment.filter(|name| *name != PRODUCTION).map(str::to_owned);
        target
    }

    /// A provider that takes a secret and a model's name.
    #[must_use]
    pub fn external(provider: Provider, secret_id: impl Into<String>, target_model: impl Into<String>) -> Self {
        let mut target = Self::new(provider);
        target.secret_id = Some(SecretId::new(secret_id));
        target.target_model = Some(target_model.into());
        target
    }

    /// The environment that is called: `production` where none is named. `None` for other providers than BASETEN.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        (self.provider == Provider::Baseten).then(|| self.environment_name.as_deref().unwrap_or(PRODUCTION))
    }

    /// The same target in its one spelling: `production` and empty texts become absent.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        let drop_empty = |text: &mut Option<String>| {
            if text.as_deref().is_some_and(str::is_empty) {
                *text = None;
            }
        };
        drop_empty(&mut self.environment_name);
        drop_empty(&mut self.target_model);
        drop_empty(&mut self.base_url);
        if self.provider == Provider::Baseten && self.environment_name.as_deref() == Some(PRODUCTION) {
            self.environment_name = None;
        }
        self
    }

    /// True where the field has a value.
    #[must_use]
    pub fn has(&self, field: TargetField) -> bool {
        match field {
            TargetField::ModelId => self.model_id.is_some(),
            TargetField::EnvironmentName => self.environment_name.is_some(),
            TargetField::TargetModel => self.target_model.is_some(),
            TargetField::SecretId => self.secret_id.is_some(),
            TargetField::BaseUrl => self.base_url.is_some(),
            TargetField::VertexConfig => self.vertex_config.is_some(),
        }
    }

    /// Everything that is wrong with the target by itself, in the order of [`TargetField::ALL`].
    ///
    /// Whether a model, an environment or a secret exists is for the server to say.
    #[must_use]
    pub fn problems(&self) -> Vec<TargetProblem> {
        let provider = &self.provider;
        let mut problems = Vec::new();
        for field in TargetField::ALL {
            let name = field.as_str();
            let message = if provider.required().contains(&field) && !self.has(field) {
                Some(format!("{name} is required for provider {provider}"))
            } else if self.has(field) && !provider.takes(field) {
                Some(format!("{name} is not allowed for provider {provider}"))
            } else {
                self.malformed(field)
            };
            problems.extend(message.map(|message| TargetProblem { field, message }));
        }
        problems
    }

    fn malformed(&self, field: TargetField) -> Option<String> {
        match field {
            TargetField::ModelId => empty(field, self.model_id.as_ref().map(ModelId::as_str)),
            TargetField::SecretId => empty(field, self.secret_id.as_ref().map(SecretId::as_str)),
            TargetField::TargetModel => empty(field, self.target_model.as_deref()),
            TargetField::EnvironmentName => empty(field, self.environment_name.as_deref()),
            TargetField::BaseUrl => self.base_url.as_deref().and_then(malformed_base_url),
            TargetField::VertexConfig => self.vertex_config.as_ref().and_then(|config| {
                empty_text("vertex_config.project_id", &config.project_id)
                    .or_else(|| empty_text("vertex_config.location", &config.location))
            }),
        }
    }

    /// What the target is called in a line: model and environment, or the model's name at the provider.
    #[must_use]
    pub fn label(&self) -> String {
        match (&self.model_id, &self.target_model) {
            (Some(model), _) => match self.environment_name.as_deref() {
                Some(environment) => format!("{model} {environment}"),
                None => model.to_string(),
            },
            (None, Some(name)) => name.clone(),
            (None, None) => self.base_url.clone().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.label();
        if label.is_empty() {
            write!(formatter, "{}", self.provider)
        } else {
            write!(formatter, "{} {label}", self.provider)
        }
    }
}

fn empty(field: TargetField, text: Option<&str>) -> Option<String> {
    text.and_then(|text| empty_text(field.as_str(), text))
}

fn empty_text(name: &str, text: &str) -> Option<String> {
    if text.trim().is_empty() {
        Some(format!("{name} must not be empty"))
    } else if text.chars().any(char::is_control) {
        Some(format!("{name} must not contain control characters"))
    } else {
        None
    }
}

fn malformed_base_url(text: &str) -> Option<String> {
    let Ok(url) = url::Url::parse(text) else {
        return Some("base_url must be a URL, such as https://llm.example.com/v1".to_owned());
    };
    if url.scheme() != "https" {
        return Some("base_url must start with https://".to_owned());
    }
    // `Url` drops a port that is the scheme's own, so the text itself is looked at too.
    let authority = text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    let host_end = authority.rfind(']').unwrap_or(0);
    if url.port().is_some() || authority.get(host_end..).is_some_and(|tail| tail.contains(':')) {
        return Some("base_url must not have a port".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
        return Some("base_url must not have a user name or password".to_owned());
    }
    (url.query().is_some() || url.fragment().is_some()).then(|| "base_url must not have a query or fragment".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_and_providers_survive_a_round_trip() {
        let text = r#"{"provider":"GROQ","target_model":"m","speed":{"tier":1}}"#;
        let target: Target = serde_json::from_str(text).unwrap();
        assert_eq!(target.provider, Provider::Other("GROQ".to_owned()));
        assert_eq!(serde_json::to_string(&target).unwrap(), text);
        assert!(target.problems().is_empty());
    }

    #[test]
    fn every_problem_names_its_field() {
        let mut target = Target::baseten("3kZ9xqd", None);
        target.secret_id = Some(SecretId::new("s"));
        let messages: Vec<_> = target.problems().into_iter().map(|problem| problem.message).collect();
        assert_eq!(messages, ["secret_id is not allowed for provider BASETEN"]);
        let missing = Target::new(Provider::OpenAi).problems();
        assert_eq!(
            missing.iter().map(|p| p.field).collect::<Vec<_>>(),
            [TargetField::SecretId, TargetField::TargetModel]
        );
    }

    #[test]
    fn base_url_is_https_without_port() {
        assert_eq!(malformed_base_url("https://llm.example.com/v1"), None);
        for bad in [
            "http://llm.example.com",
            "https://llm.example.com:443/v1",
            "https://[::1]:8080",
            "https://a@b.example",
            "https://b.example/?x=1",
            "llm.example.com",
        ] {
            assert!(malformed_base_url(bad).is_some_and(|message| message.contains("base_url")), "{bad}");
        }
    }

    #[test]
    fn production_is_the_absent_environment() {
        let mut target = Target::baseten("m", Some("production"));
        assert_eq!(target.environment_name, None);
        target.environment_name = Some("production".to_owned());
        assert_eq!(target.normalized(), Target::baseten("m", None));
        assert_eq!(Target::baseten("m", None).environment(), Some("production"));
    }
}
