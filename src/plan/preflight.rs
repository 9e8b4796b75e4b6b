//! Would the new target answer? Checked against what the workspace tells, before anything is written.
//! It warns and never forbids: a workspace may hide things, and the person may know better.

use std::collections::HashMap;

use super::change::Change;
use super::content::same_targets;
use crate::api::{Deployment, Endpoint, EndpointId, Environment, Model, ModelId, Provider, Secret, Slug, Target};

/// What the workspace told, as far as it did. `None` and a missing entry mean: not known, so nothing is said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workspace {
    /// All models.
    pub models: Option<Vec<Model>>,
    /// Environments by model.
    pub environments: HashMap<ModelId, Vec<Environment>>,
    /// Deployments by model.
    pub deployments: HashMap<ModelId, Vec<Deployment>>,
    /// All secrets, without their values.
    pub secrets: Option<Vec<Secret>>,
}

/// Something that a person should know before confirming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A field is missing, not allowed, or malformed: the server will refuse it.
    Malformed(String),
    /// There is no such model in the workspace.
    NoModel(ModelId),
    /// The model has no such environment.
    NoEnvironment {
        /// The model.
        model: ModelId,
        /// The environment that it does not have.
        environment: String,
    },
    /// Nothing is deployed there.
    NotDeployed {
        /// The model.
        model: ModelId,
        /// The environment.
        environment: String,
    },
    /// What is deployed there does not answer now.
    NotActive {
        /// The model.
        model: ModelId,
        /// The environment.
        environment: String,
        /// The deployment's status as the server wrote it.
        status: String,
    },
    /// It answers only after a cold start.
    ColdStart {
        /// The model.
        model: ModelId,
        /// The environment.
        environment: String,
    },
    /// There is no such secret in the workspace.
    NoSecret(String),
    /// Callers of the old target may speak a dialect that the new one does not.
    Dialect {
        /// What callers of the old target can use.
        loses: Vec<Dialect>,
    },
    /// The target's provider has no adapter in every gateway.
    NotServed(Provider),
    /// Another endpoint has this slug.
    SlugTaken(Slug),
}

/// A family of routes of the data plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// `/v1/chat/completions`.
    ChatCompletions,
    /// `/v1/completions`, `/v1/embeddings`, `/v1/responses`.
    OpenAi,
    /// `/v1/messages`.
    Messages,
}

impl Dialect {
    /// The routes, as a caller knows them.
    #[must_use]
    pub fn routes(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::OpenAi => "/v1/completions, /v1/embeddings and /v1/responses",
            Self::Messages => "/v1/messages",
        }
    }

    /// Those that a provider can answer (section 5). `None` for a provider that this program does not know.
    #[must_use]
    pub fn of(provider: &Provider) -> Option<&'static [Self]> {
        match provider {
            Provider::Baseten => Some(&[Self::ChatCompletions, Self::OpenAi, Self::Messages]),
            Provider::Anthropic => Some(&[Self::ChatCompletions, Self::Messages]),
            Provider::OpenAi | Provider::XAi | Provider::OpenAiCompatible | Provider::BasetenModelApi => {
                Some(&[Self::ChatCompletions, Self::OpenAi])
            }
            Provider::Vertex | Provider::Other(_) => None,
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(message) => formatter.write_str(message),
            Self::NoModel(model) => write!(formatter, "the workspace has no model {model}"),
            Self::NoEnvironment { model, environment } => {
                write!(formatter, "model {model} has no environment {environment}")
            }
            Self::NotDeployed { model, environment } => {
                write!(formatter, "nothing is deployed in {environment} of model {model}")
            }
            Self::NotActive { model, environment, status } => {
                write!(formatter, "the deployment in {environment} of model {model} is {status}")
            }
            Self::ColdStart { model, environment } => {
                write!(
                    formatter,
                    "{environment} of model {model} is scaled to zero: the first calls wait for a cold start"
                )
            }
            Self::NoSecret(secret) => write!(formatter, "the workspace has no secret {secret}"),
            Self::Dialect { loses } => {
                let routes: Vec<&str> = loses.iter().map(|dialect| dialect.routes()).collect();
                write!(formatter, "callers that use {} get a 400 from the new target", routes.join(", "))
            }
            Self::NotServed(provider) => write!(formatter, "the local gateway answers 501 for {provider} targets"),
            Self::SlugTaken(slug) => write!(formatter, "another endpoint already has the slug {slug}"),
        }
    }
}

/// Checks a change against what is known. No finding does not mean that it will work, only that nothing speaks
/// against it.
#[must_use]
pub fn check<'a>(
    change: &Change,
    workspace: &Workspace,
    endpoints: impl IntoIterator<Item = &'a Endpoint>,
) -> Vec<Finding> {
    let (before, after) = match change {
        Change::CreateEndpoint { after } => (None, after),
        Change::UpdateEndpoint { before, after } => (Some(before.as_ref()), after),
        Change::DeleteEndpoint { .. }
        | Change::CreateGroup { .. }
        | Change::UpdateGroup { .. }
        | Change::DeleteGroup { .. }
        | Change::MintKey { .. }
        | Change::RevokeKey { .. } => return Vec::new(),
    };
    let mut findings = Vec::new();
    let own: Option<&EndpointId> = before.map(|endpoint| &endpoint.id);
    if before.is_none_or(|before| before.slug != after.slug)
        && endpoints.into_iter().any(|other| other.slug == after.slug && Some(&other.id) != own)
    {
        findings.push(Finding::SlugTaken(after.slug.clone()));
    }
    if before.is_none_or(|before| !same_targets(&before.targets, &after.targets)) {
        for target in &after.targets {
            findings.extend(check_target(target, workspace));
            findings.extend(before.and_then(Endpoint::target).and_then(|old| lost_dialects(old, target)));
        }
    }
    findings
}

/// What speaks against a target by itself, for the rows of a picker.
#[must_use]
pub fn check_target(target: &Target, workspace: &Workspace) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        target.problems().into_iter().map(|problem| Finding::Malformed(problem.message)).collect();
    if let Some(model) = &target.model_id {
        findings.extend(check_model(model, target.environment(), workspace));
    }
    if let (Some(secret), Some(secrets)) = (&target.secret_id, &workspace.secrets)
        && secrets.iter().all(|known| known.id != *secret)
    {
        findings.push(Finding::NoSecret(secret.to_string()));
    }
    if target.provider == Provider::Vertex {
        findings.push(Finding::NotServed(Provider::Vertex));
    }
    findings
}

fn check_model(model: &ModelId, environment: Option<&str>, workspace: &Workspace) -> Option<Finding> {
    let known = workspace.models.as_ref()?;
    let Some(row) = known.iter().find(|known| known.id == *model) else {
        return Some(Finding::NoModel(model.clone()));
    };
    let environment = environment?;
    let names = || (model.clone(), environment.to_owned());
    let deployment = if let Some(environments) = workspace.environments.get(model) {
        match environments.iter().find(|known| known.name == environment) {
            Some(found) => found.current_deployment.as_ref(),
            None if environment == crate::api::PRODUCTION => None,
            None => {
                let (model, environment) = names();
                return Some(Finding::NoEnvironment { model, environment });
            }
        }
    } else {
        None
    };
    let deployment = deployment.or_else(|| deployed_in(environment, row, workspace.deployments.get(model)?));
    let Some(deployment) = deployment else {
        let is_known = workspace.environments.contains_key(model) || workspace.deployments.contains_key(model);
        let (model, environment) = names();
        return is_known.then_some(Finding::NotDeployed { model, environment });
    };
    let (model, environment) = names();
    if !deployment.status.answers() {
        return Some(Finding::NotActive { model, environment, status: deployment.status.to_string() });
    }
    (deployment.status == crate::api::DeploymentStatus::ScaledToZero)
        .then_some(Finding::ColdStart { model, environment })
}

fn deployed_in<'a>(environment: &str, model: &Model, deployments: &'a [Deployment]) -> Option<&'a Deployment> {
    let is_production = environment == crate::api::PRODUCTION;
    deployments.iter().find(|deployment| {
        deployment.environment.as_deref() == Some(environment)
            || (is_production
                && (deployment.is_production || model.production_deployment_id.as_ref() == Some(&deployment.id)))
    })
}

fn lost_dialects(old: &Target, new: &Target) -> Option<Finding> {
    let (old, new) = (Dialect::of(&old.provider)?, Dialect::of(&new.provider)?);
    let loses: Vec<Dialect> = old.iter().filter(|dialect| !new.contains(dialect)).copied().collect();
    (!loses.is_empty()).then_some(Finding::Dialect { loses })
}
