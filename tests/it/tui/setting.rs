//! What the tests of the Endpoints tab share: a workspace, and plans that end as a test wants.

use repoint::api::{Endpoint, Models, Secrets};
use repoint::plan::preflight::Workspace;
use repoint::plan::{Done, Impact, Outcome, Plan, PlanId, Record, Report};
use repoint::tui::effect::Effect;
use repoint::tui::load::Ticket;
use repoint::tui::message::Message;

use crate::screens::stage::{Stage, dozen, now};

/// A dozen endpoints, read, and the workspace that their targets name.
pub(crate) fn at(columns: u16, rows: u16) -> Stage {
    let mut stage = Stage::with((columns, rows), dozen());
    stage.answer_workspace();
    stage
}

pub(crate) fn workspace() -> Workspace {
    let models: Models = serde_json::from_str(
        r#"{"models": [
            {"id": "3kZ9xqd", "name": "glm-5.2-fp8", "created_at": "2026-01-01T00:00:00Z", "production_deployment_id": "d1"},
            {"id": "7mP2wqe", "name": "glm-5.2-fp4", "created_at": "2026-01-01T00:00:00Z", "production_deployment_id": "d2"},
            {"id": "5eM1bed", "name": "bge-m4-embed", "created_at": "2026-01-01T00:00:00Z", "production_deployment_id": "d3"}
        ]}"#,
    )
    .unwrap();
    let secrets: Secrets = serde_json::from_str(
        r#"{"secrets": [{"id": "sec1", "created_at": "2026-01-01T00:00:00Z", "name": "provider-prod", "team_name": ""}]}"#,
    )
    .unwrap();
    let environments = |model: &str, staging: &str| {
        serde_json::from_value(serde_json::json!([
            {"name": "production", "model_id": model, "created_at": "2026-01-01T00:00:00Z", "current_deployment": deployment(model, "ACTIVE")},
            {"name": "staging", "model_id": model, "created_at": "2026-01-01T00:00:00Z", "current_deployment": deployment(model, staging)}
        ]))
        .unwrap()
    };
    let ids = [("3kZ9xqd", "ACTIVE"), ("7mP2wqe", "INACTIVE"), ("5eM1bed", "SCALED_TO_ZERO")];
    Workspace {
        environments: ids.into_iter().map(|(id, staging)| (id.into(), environments(id, staging))).collect(),
        models: Some(models.models),
        secrets: Some(secrets.secrets),
        ..Workspace::default()
    }
}

fn deployment(model: &str, status: &str) -> serde_json::Value {
    serde_json::json!({"id": format!("{model}-{status}"), "name": "v1", "model_id": model,
        "created_at": "2026-01-01T00:00:00Z", "is_production": false, "status": status})
}

impl Stage {
    pub(crate) fn answer_workspace(&mut self) {
        let Some(ticket) = self.model.endpoints.workspace.reading else { panic!("no workspace was asked for") };
        self.tell(Message::Workspace { ticket, workspace: Box::new(workspace()), is_whole: true });
    }

    /// Answers the count of those who are affected with nobody.
    pub(crate) fn answer_impact(&mut self) {
        let asked = self.model.endpoints.work.review_mut().and_then(|review| review.impact.waiting);
        let Some(ticket) = asked else { panic!("no impact was asked for") };
        self.tell(Message::Impact { ticket, answer: Ok(Impact::default()) });
    }

    /// The plan that the last message asked to run.
    pub(crate) fn plan(&self) -> Option<(Ticket, Plan)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Run { ticket, plan, .. } => Some((*ticket, plan.clone())),
            _ => None,
        })
    }

    /// Ends the plan that the last message asked to run.
    pub(crate) fn end_plan(&mut self, outcomes: Vec<Outcome>) {
        let Some((ticket, _)) = self.plan() else { panic!("no plan was run: {:?}", self.effects) };
        let report = Report {
            id: PlanId::new("plan-1"),
            outcomes,
            cancelled: false,
            keys: Vec::new(),
            journal_failure: None,
            rolled_back: false,
        };
        self.tell(Message::Report { ticket, answer: Box::new(Ok(report)) });
    }
}

/// An endpoint that was written just now, as revision 8.
pub(crate) fn written(endpoint: Endpoint) -> Outcome {
    let endpoint = Endpoint { updated_at: now(), ..endpoint };
    Outcome::Done(Done {
        after: Record::Endpoint(Box::new(endpoint)),
        at: now(),
        revision: Some(8),
        settled_by_reading: false,
    })
}
