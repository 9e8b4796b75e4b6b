//! What a plan would do to others, before it is done: who may call what it touches, and what speaks against it.

use serde_json::{Value, json};

use crate::api::Target;
use crate::cli::session::Session;
use crate::plan::{Change, Impact, Plan, preflight, survey};

/// No more warnings are shown; the server says the rest.
const WARNINGS_MAX: usize = 20;

/// What was found out.
#[derive(Debug, Clone, Default)]
pub(super) struct Forecast {
    /// `3 groups, 7 keys, 12 req/s right now`; `None` where it is not known, or nobody can be touched.
    affected: Option<String>,
    warnings: Vec<String>,
}

impl Forecast {
    /// Asks the server. What it refuses to tell stays unknown.
    pub(super) async fn of(session: &Session, plan: &Plan) -> Self {
        let is_felt = |change: &Change| Impact::root(change).is_some() || !Impact::slugs_in_use(change).is_empty();
        let is_felt = plan.changes().iter().any(is_felt);
        let targets: Vec<&Target> = plan.changes().iter().flat_map(new_targets).collect();
        let (impact, workspace) = tokio::join!(
            survey::impact_of_changes(&session.client, plan.changes()),
            survey::workspace(&session.client, &targets)
        );
        let affected = impact.ok().filter(|_| is_felt).map(|impact| impact.summary());
        let warnings = plan
            .changes()
            .iter()
            .flat_map(|change| {
                let findings = preflight::check(change, &workspace, []);
                findings.into_iter().map(move |finding| format!("{}: {finding}", change.name()))
            })
            .collect();
        Self { affected, warnings }
    }

    /// For people, below the diff.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.affected.iter().map(|text| format!("affected: {text}")).collect();
        lines.extend(self.warnings.iter().take(WARNINGS_MAX).map(|text| format!("warning: {text}")));
        if self.warnings.len() > WARNINGS_MAX {
            lines.push(format!("warning: {} more", self.warnings.len() - WARNINGS_MAX));
        }
        lines
    }

    /// For programs, beside the changes.
    pub(super) fn add_to(&self, value: &mut Value) {
        if let Some(fields) = value.as_object_mut() {
            fields.insert("affected".to_owned(), json!(self.affected));
            fields.insert("warnings".to_owned(), json!(self.warnings));
        }
    }
}

fn new_targets(change: &Change) -> &[Target] {
    match change {
        Change::CreateEndpoint { after } | Change::UpdateEndpoint { after, .. } => &after.targets,
        Change::DeleteEndpoint { .. }
        | Change::CreateGroup { .. }
        | Change::UpdateGroup { .. }
        | Change::DeleteGroup { .. }
        | Change::MintKey { .. }
        | Change::RevokeKey { .. } => &[],
    }
}
