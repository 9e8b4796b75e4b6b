//! The targets that a slug can be pointed at: those of the workspace, those that other slugs use, and what was typed.

use std::collections::HashSet;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::rows::Rows;
use super::workspace::Workspace;
use crate::api::{ModelId, Provider, SecretId, Target};

/// The most that are offered at once; more are found by typing.
pub const CANDIDATES_MAX: usize = 5000;

/// A target that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What it is.
    pub target: Target,
    /// The provider, as a heading.
    pub provider: String,
    /// The model's id or name at the provider.
    pub main: String,
    /// The workspace's name for it, where it has one.
    pub name: String,
    /// What is known beside it: the environment, the secret.
    pub detail: String,
    /// Why it may not answer; empty where nothing speaks against it.
    pub remark: String,
    /// True where it stands for what was typed.
    pub is_typed: bool,
}

/// Leaves one candidate a model of the workspace: what is chosen is the model alone.
pub fn keep_models(candidates: &mut Vec<Candidate>) {
    let mut seen: HashSet<ModelId> = HashSet::new();
    candidates.retain_mut(|candidate| {
        candidate.detail.clear();
        candidate.target.model_id.as_ref().is_some_and(|model| seen.insert(model.clone()))
    });
}

/// Everything that can be chosen, by provider, then in the order of the workspace.
#[must_use]
pub fn all(workspace: &Workspace, rows: &Rows) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut seen: HashSet<Target> = HashSet::new();
    let mut add = |target: Target| {
        if found.len() < CANDIDATES_MAX && seen.insert(target.clone().normalized()) {
            found.push(candidate(target, workspace, false));
        }
    };
    workspace.targets().for_each(&mut add);
    let mut used: Vec<&Target> = rows.targets().flat_map(|targets| targets.all.iter()).collect();
    used.sort_by_cached_key(ToString::to_string);
    for target in used {
        add(target.clone());
    }
    let rank = |candidate: &Candidate| Provider::KNOWN.iter().position(|known| *known == candidate.target.provider);
    found.sort_by_key(|candidate| rank(candidate).unwrap_or(usize::MAX));
    found
}

fn candidate(target: Target, workspace: &Workspace, is_typed: bool) -> Candidate {
    let mut details: Vec<String> = Vec::new();
    let mut name = String::new();
    if let Some(model) = &target.model_id {
        workspace.model_name(model).unwrap_or_default().clone_into(&mut name);
        details.extend(target.environment().map(str::to_owned));
        details.extend(target.target_model.as_ref().map(|name| format!("as {name}")));
    }
    details.extend(target.secret_id.as_ref().map(|secret| format!("secret {}", workspace.secret_label(secret))));
    details.extend(target.base_url.clone());
    details.extend(target.vertex_config.as_ref().map(|config| format!("{} {}", config.project_id, config.location)));
    let remark = crate::plan::preflight::check_target(&target, &workspace.known);
    Candidate {
        provider: target.provider.to_string(),
        main: target
            .model_id
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| target.target_model.clone())
            .unwrap_or_default(),
        name,
        detail: details.join("  "),
        remark: remark.first().map(ToString::to_string).unwrap_or_default(),
        is_typed,
        target,
    }
}

/// The candidates that match what was typed, best first within their provider, and after them what the text itself
/// can mean.
#[must_use]
pub fn matching(all: &[Candidate], typed: &str, workspace: &Workspace) -> Vec<Candidate> {
    if typed.trim().is_empty() {
        return all.to_vec();
    }
    let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut letters = Vec::new();
    let mut scored: Vec<(u32, usize)> = Vec::new();
    for (index, candidate) in all.iter().enumerate() {
        let text = format!("{} {} {} {}", candidate.main, candidate.name, candidate.detail, candidate.provider);
        let score = pattern.score(Utf32Str::new(&text, &mut letters), &mut matcher);
        scored.extend(score.map(|score| (score, index)));
    }
    scored.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    let mut found: Vec<Candidate> = scored.iter().filter_map(|(_, index)| all.get(*index).cloned()).collect();
    // The providers stand in the order of their best match.
    let mut order: Vec<String> = Vec::new();
    for candidate in &found {
        if !order.contains(&candidate.provider) {
            order.push(candidate.provider.clone());
        }
    }
    found.sort_by_key(|candidate| order.iter().position(|provider| *provider == candidate.provider));
    found.extend(typed_candidates(all, typed.trim(), workspace));
    found
}

/// What a text can mean that no list has: a model, or a model's name at a provider whose secret is known.
fn typed_candidates(all: &[Candidate], typed: &str, workspace: &Workspace) -> Vec<Candidate> {
    let mut words = typed.splitn(2, ['/', ' ']);
    let (model, environment) = (words.next().unwrap_or_default(), words.next().map(str::trim));
    let mut targets = Vec::new();
    if !model.is_empty() && !typed.contains(':') {
        targets.push(Target::baseten(model, environment.filter(|name| !name.is_empty())));
    }
    let mut pairs: Vec<(Provider, SecretId)> = Vec::new();
    for candidate in all {
        let target = &candidate.target;
        if let (Some(secret), true) = (&target.secret_id, takes_only_a_name(&target.provider)) {
            let pair = (target.provider.clone(), secret.clone());
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
    }
    targets.extend(pairs.into_iter().map(|(provider, secret)| Target::external(provider, secret.as_str(), typed)));
    let mut shared = Target::new(Provider::BasetenModelApi);
    shared.target_model = Some(typed.to_owned());
    targets.push(shared);
    targets
        .into_iter()
        .filter(|target| !all.iter().any(|known| known.target == *target))
        .map(|target| candidate(target, workspace, true))
        .collect()
}

fn takes_only_a_name(provider: &Provider) -> bool {
    matches!(provider, Provider::Anthropic | Provider::OpenAi | Provider::XAi)
}
