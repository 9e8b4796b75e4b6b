//! Targets as they are typed: a flag a field, models and secrets by id or by name.

use clap::Args;

use super::resolve::{Named, resolve};
use super::select::Mistyped;
use super::session::Session;
use crate::api::{Model, ModelId, Provider, Secret, SecretId, Target, Unknown, VertexConfig};
use crate::client::ErrorKind;

/// What a slug shall route to.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// `BASETEN`, `ANTHROPIC`, `OPENAI`, `XAI`, `OPENAI_COMPATIBLE`, `VERTEX` or `BASETEN_MODEL_API`; the first where a
    /// model is named
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<String>,
    /// The workspace's model, by its id or name (BASETEN)
    #[arg(long, visible_alias = "model", value_name = "MODEL")]
    model_id: Option<String>,
    /// The model's environment; production where none is named (BASETEN)
    #[arg(long, visible_alias = "environment", value_name = "NAME")]
    environment_name: Option<String>,
    /// The model's name at the provider
    #[arg(long, value_name = "NAME")]
    target_model: Option<String>,
    /// The workspace's secret that holds the provider's key, by its id or name
    #[arg(long, visible_alias = "secret", value_name = "SECRET")]
    secret_id: Option<String>,
    /// The upstream's address: https, without a port (`OPENAI_COMPATIBLE`)
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The Google Cloud project (VERTEX)
    #[arg(long, value_name = "PROJECT", requires = "vertex_location")]
    vertex_project: Option<String>,
    /// The region, such as us-east5 (VERTEX)
    #[arg(long, value_name = "LOCATION", requires = "vertex_project")]
    vertex_location: Option<String>,
    /// A whole target as JSON, for what the flags cannot say
    #[arg(long, value_name = "JSON", value_parser = json_target, conflicts_with_all = ["provider", "model_id", "environment_name", "target_model", "secret_id", "base_url", "vertex_project"])]
    target: Vec<Target>,
}

fn json_target(text: &str) -> Result<Target, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl TargetArgs {
    /// The targets, their names looked up in the workspace where that may be read.
    ///
    /// # Errors
    /// A field that is missing or belongs to another provider, or a name that the workspace does not have.
    pub async fn targets(&self, session: &Session) -> anyhow::Result<Vec<Target>> {
        if !self.target.is_empty() {
            return Ok(self.target.clone());
        }
        let mut target = self.as_typed()?;
        let problems: Vec<String> = target.problems().into_iter().map(|problem| problem.message).collect();
        if !problems.is_empty() {
            return Err(Mistyped(problems.join("; ")).into());
        }
        if let Some(model) = &target.model_id {
            target.model_id = Some(model_id(session, model.as_str()).await?);
        }
        if let Some(secret) = &target.secret_id {
            target.secret_id = Some(secret_id(session, secret.as_str()).await?);
        }
        Ok(vec![target])
    }

    fn as_typed(&self) -> Result<Target, Mistyped> {
        let provider = match &self.provider {
            Some(name) => provider(name)?,
            None if self.model_id.is_some() => Provider::Baseten,
            None => {
                return Err(Mistyped("no target\nhint: --model-id MODEL, or --provider with its fields".to_owned()));
            }
        };
        let mut target = Target::new(provider);
        target.model_id = self.model_id.as_deref().map(ModelId::from);
        target.environment_name.clone_from(&self.environment_name);
        target.target_model.clone_from(&self.target_model);
        target.secret_id = self.secret_id.as_deref().map(SecretId::from);
        target.base_url.clone_from(&self.base_url);
        target.vertex_config = self
            .vertex_project
            .clone()
            .zip(self.vertex_location.clone())
            .map(|(project_id, location)| VertexConfig { project_id, location, unknown: Unknown::new() });
        Ok(target.normalized())
    }
}

/// A provider by its name, in any case and with dashes. Unknown ones go through: a newer server may know them.
fn provider(name: &str) -> Result<Provider, Mistyped> {
    let wire = name.to_uppercase().replace('-', "_");
    let provider = Provider::from(wire.as_str());
    if provider.is_known() {
        return Ok(provider);
    }
    match crate::near::did_you_mean(&wire, Provider::KNOWN.iter().map(Provider::as_str)) {
        Some(hint) => Err(Mistyped(format!("there is no provider {name:?}\nhint: {hint}"))),
        None => Ok(provider),
    }
}

impl Named for Model {
    const KIND: &'static str = "model";
    const LISTED_BY: &'static str = "GET /v1/models";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<&str> {
        vec![&self.name]
    }
}

impl Named for Secret {
    const KIND: &'static str = "secret";
    const LISTED_BY: &'static str = "GET /v1/secrets";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<&str> {
        vec![&self.name]
    }
}

async fn model_id(session: &Session, name: &str) -> anyhow::Result<ModelId> {
    match session.client.models().await {
        Ok(answer) => Ok(resolve(&answer.body.models, name)?.id.clone()),
        // A workspace may refuse its lists: then it is an id, and the server's to check.
        Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) => Ok(ModelId::new(name)),
        Err(error) => Err(error.into()),
    }
}

async fn secret_id(session: &Session, name: &str) -> anyhow::Result<SecretId> {
    match session.client.secrets().await {
        Ok(answer) => Ok(resolve(&answer.body.secrets, name)?.id.clone()),
        Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) => Ok(SecretId::new(name)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_alone_means_a_deployment_of_the_workspace() {
        let args = TargetArgs {
            model_id: Some("3kZ9xqd".to_owned()),
            environment_name: Some("production".to_owned()),
            ..TargetArgs::default()
        };
        assert_eq!(args.as_typed().unwrap(), Target::baseten("3kZ9xqd", None));
    }

    #[test]
    fn providers_are_named_in_any_case() {
        assert_eq!(provider("openai-compatible").unwrap(), Provider::OpenAiCompatible);
        let text = provider("openia").unwrap_err().to_string();
        assert!(text.contains("did you mean OPENAI"), "{text}");
        assert_eq!(provider("groq").unwrap(), Provider::Other("GROQ".to_owned()));
    }
}
