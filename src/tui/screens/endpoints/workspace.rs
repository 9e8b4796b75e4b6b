//! What the workspace has that a target can name, as far as it tells; asked for when a picker opens.

use crate::api::{Environment, Model, ModelId, PRODUCTION, Secret, SecretId, Target};
use crate::plan::preflight;
use crate::tui::load::Ticket;

/// What is known of the workspace.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// Models, environments and secrets.
    pub known: preflight::Workspace,
    /// The reading under way.
    pub reading: Option<Ticket>,
    /// True once everything was read.
    pub is_whole: bool,
}

impl Workspace {
    /// The name of a model.
    #[must_use]
    pub fn model_name(&self, id: &ModelId) -> Option<&str> {
        self.models().find(|model| model.id == *id).map(|model| model.name.as_str())
    }

    /// The name of a secret, with its id where that is not known.
    #[must_use]
    pub fn secret_label(&self, id: &SecretId) -> String {
        let name = self.secrets().find(|secret| secret.id == *id).map(|secret| secret.name.clone());
        name.unwrap_or_else(|| id.to_string())
    }

    /// All models that are known.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.known.models.iter().flatten()
    }

    /// All secrets that are known.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.known.secrets.iter().flatten()
    }

    /// The targets that the workspace itself has: each model in each of its environments.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        self.models().flat_map(|model| {
            let environments = self.environments(&model.id);
            let is_listed = environments.iter().any(|environment| environment.name == PRODUCTION);
            let is_in_production = environments.is_empty() || (!is_listed && model.production_deployment_id.is_some());
            let production = is_in_production.then(|| Target::baseten(model.id.as_str(), None));
            let named = |environment: &Environment| Target::baseten(model.id.as_str(), Some(&environment.name));
            production.into_iter().chain(environments.iter().map(named))
        })
    }

    /// The environments of a model, as far as they are known.
    #[must_use]
    pub fn environments(&self, id: &ModelId) -> &[Environment] {
        self.known.environments.get(id).map(Vec::as_slice).unwrap_or_default()
    }
}
