//! The lines of the form: what they are called, and what the workspace offers for them.

use super::workspace::Workspace;
use crate::api::{ModelId, Provider, TargetField};

/// The most suggestions that are offered for a field.
pub const SUGGESTIONS_MAX: usize = 200;

/// A line of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The slug.
    Slug,
    /// Where it may be served; only for a new endpoint.
    Region,
    /// Who answers.
    Provider,
    /// A field of the target; `VertexConfig` is its project.
    Target(TargetField),
    /// The location of a `VertexConfig`.
    Location,
}

/// A value that the workspace offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What is put into the field.
    pub value: String,
    /// What is known beside it.
    pub detail: String,
}

impl Entry {
    /// What the line is called.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Slug => "Slug",
            Self::Region => "Region",
            Self::Provider => "Provider",
            Self::Location => "Location",
            Self::Target(TargetField::ModelId) => "Model",
            Self::Target(TargetField::EnvironmentName) => "Environment",
            Self::Target(TargetField::TargetModel) => "Model name",
            Self::Target(TargetField::SecretId) => "Secret",
            Self::Target(TargetField::BaseUrl) => "Base URL",
            Self::Target(TargetField::VertexConfig) => "Project",
        }
    }

    /// What an empty field says about itself.
    #[must_use]
    pub fn placeholder(self, provider: &Provider) -> &'static str {
        match self {
            Self::Slug => "my-org/name",
            Self::Region | Self::Provider => "",
            Self::Location => "us-east5",
            Self::Target(TargetField::ModelId) => "a model of the workspace; ↓ lists them",
            Self::Target(TargetField::EnvironmentName) => "production",
            Self::Target(TargetField::TargetModel) if *provider == Provider::Baseten => "as the slug is, if empty",
            Self::Target(TargetField::TargetModel) => "the model's name at the provider",
            Self::Target(TargetField::SecretId) => "the secret with the provider's key; ↓ lists them",
            Self::Target(TargetField::BaseUrl) => "https://llm.example.com/v1",
            Self::Target(TargetField::VertexConfig) => "the Google Cloud project",
        }
    }

    /// Its name in the server's sentences.
    #[must_use]
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::Slug => "slug",
            Self::Region => "region",
            Self::Provider => "provider",
            Self::Location => "location",
            Self::Target(field) => field.as_str(),
        }
    }
}

/// What the workspace offers for a line, narrowed by what is typed there. `model` is the one that is named.
#[must_use]
pub fn suggestions(entry: Entry, typed: &str, model: &str, workspace: &Workspace) -> Vec<Suggestion> {
    let typed = typed.to_lowercase();
    let all: Vec<Suggestion> = match entry {
        Entry::Target(TargetField::ModelId) => workspace
            .models()
            .map(|model| Suggestion { value: model.id.to_string(), detail: model.name.clone() })
            .collect(),
        Entry::Target(TargetField::EnvironmentName) => workspace
            .environments(&ModelId::new(model))
            .iter()
            .map(|environment| {
                let status = environment.current_deployment.as_ref().map(|deployment| deployment.status.to_string());
                Suggestion {
                    value: environment.name.clone(),
                    detail: status.map_or_else(|| "nothing deployed".to_owned(), |status| status.to_lowercase()),
                }
            })
            .collect(),
        Entry::Target(TargetField::SecretId) => workspace
            .secrets()
            .map(|secret| Suggestion { value: secret.id.to_string(), detail: secret.name.clone() })
            .collect(),
        Entry::Target(_) | Entry::Slug | Entry::Region | Entry::Provider | Entry::Location => Vec::new(),
    };
    let is_exact = all.iter().any(|known| known.value.to_lowercase() == typed);
    let fits = |known: &Suggestion| {
        is_exact || known.value.to_lowercase().contains(&typed) || known.detail.to_lowercase().contains(&typed)
    };
    all.into_iter().filter(fits).take(SUGGESTIONS_MAX).collect()
}
