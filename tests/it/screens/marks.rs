use repoint::api::{Endpoint, Target};
use repoint::plan::{Change, Plan};
use repoint::tui::effect::Effect;
use repoint::tui::load::{Failure, FailureKind, Ticket};
use repoint::tui::message::Message;
use repoint::tui::overlays::Overlay;

use super::stage::{SIZES, Stage, dozen, endpoint};

fn select(stage: &mut Stage, slug: &str) {
    stage.press(&format!("/{slug}<enter>"));
    assert_eq!(stage.model.endpoints.list.order.len(), 1, "{}", stage.text());
}

fn shown_plan(stage: &Stage) -> Plan {
    match stage.model.overlays.last() {
        Some(Overlay::Proposal(proposal)) => proposal.plan.clone(),
        other => panic!("no plan is shown but {other:?}"),
    }
}

fn run_of(stage: &Stage) -> Plan {
    let found = stage.effects.iter().find_map(|effect| match effect {
        Effect::Run { plan, .. } => Some(plan.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nothing is run in {:?}", stage.effects))
}

fn named(name: &str) -> Endpoint {
    dozen().into_iter().find(|endpoint| endpoint.slug.as_str() == format!("my-org/{name}")).unwrap()
}

fn given(stage: &Stage) -> (Ticket, String) {
    let found = stage.effects.iter().find_map(|effect| match effect {
        Effect::EditText { ticket, text } => Some((*ticket, text.clone())),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no editor in {:?}", stage.effects))
}

#[test]
fn what_is_marked_is_seen_in_every_size() {
    for size in SIZES {
        let mut stage = Stage::with(size, dozen());
        stage.press("  <down> ");
        insta::assert_snapshot!(format!("marks_{}x{}", size.0, size.1), stage.text());
    }
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("  <down> ");
    insta::assert_snapshot!("marks_styles", stage.styles());
}

#[test]
fn a_mark_goes_with_a_second_press_and_all_go_with_escape() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press(" <up> ");
    assert!(stage.model.endpoints.marks.is_empty());
    stage.press("  ");
    assert_eq!(stage.model.endpoints.marks.count(), 2);
    stage.press("<esc>");
    assert!(stage.model.endpoints.marks.is_empty());
}

#[test]
fn marks_outlive_the_filter_and_star_marks_what_it_shows() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("/glm-5.2<enter>*");
    let shown = stage.model.endpoints.list.order.len();
    assert_eq!(stage.model.endpoints.marks.count(), shown);
    stage.press("/<esc>");
    assert_eq!(stage.model.endpoints.list.order.len(), 12);
    assert_eq!(stage.model.endpoints.marks.count(), shown);
    stage.press("/glm-5.2<enter>*");
    assert!(stage.model.endpoints.marks.is_empty());
}

#[test]
fn all_marked_are_re_pointed_as_one_plan() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("/provider:anthropic<enter>*r");
    for size in SIZES {
        stage.tell(Message::Resized(size.0, size.1));
        insta::assert_snapshot!(format!("re_point_marked_{}x{}", size.0, size.1), stage.text());
    }
    stage.press("7mP<enter>");
    insta::assert_snapshot!("re_point_marked_plan", stage.text());
    stage.press("<enter>");
    let to = Target::baseten("7mP2wqe", Some("staging"));
    let wanted = ["assistant", "assistant-eu", "claude"].map(|name| Change::repoint(&named(name), to.clone()));
    assert_eq!(run_of(&stage), Plan::new(wanted));
}

#[test]
fn all_marked_are_deleted_as_one_plan() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("/provider:xai<enter>*/<esc><down>/provider:anthropic<enter>*d");
    let wanted = ["assistant", "assistant-eu", "claude", "grok"].map(|name| Change::delete(&named(name)));
    assert_eq!(shown_plan(&stage), Plan::new(wanted));
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Run { .. })));
    assert!(stage.text().contains("make 4 changes"), "{}", stage.text());
}

#[test]
fn a_promotion_keeps_every_environment() {
    let mut endpoints = dozen();
    endpoints.push(endpoint("glm-5.2-dev", Target::baseten("3kZ9xqd", Some("development")), 90_000));
    let mut stage = Stage::with((120, 36), endpoints.clone());
    select(&mut stage, "glm-5.2-eu");
    stage.press("P");
    insta::assert_snapshot!("promotion", stage.text());
    stage.press("7mP<enter>");
    let plan = shown_plan(&stage);
    let targets: Vec<String> = plan.changes().iter().map(Change::title).collect();
    assert_eq!(
        targets,
        [
            "re-point my-org/glm-5.2-eu to BASETEN 7mP2wqe",
            "re-point my-org/glm-5.2 to BASETEN 7mP2wqe",
            "re-point my-org/glm-5.2-dev to BASETEN 7mP2wqe development",
        ]
    );
}

#[test]
fn only_models_of_the_workspace_are_promoted() {
    let mut stage = Stage::with((120, 36), dozen());
    select(&mut stage, "grok");
    stage.press("P");
    assert!(stage.model.endpoints.work.is_none());
    assert!(stage.text().contains("only what routes to a model"), "{}", stage.text());
}

#[test]
fn what_was_edited_comes_back_as_a_plan() {
    let mut stage = Stage::with((120, 36), dozen());
    select(&mut stage, "glm-5.2-eu");
    stage.press("E");
    let (ticket, text) = given(&stage);
    assert!(text.contains("slug: my-org/glm-5.2-eu"), "{text}");
    let edited = text.replace("3kZ9xqd", "7mP2wqe");
    stage.tell(Message::Edited { ticket, answer: Ok(edited) });
    let wanted = Change::repoint(&named("glm-5.2-eu"), Target::baseten("7mP2wqe", None));
    assert_eq!(shown_plan(&stage), wanted.into());
}

#[test]
fn all_marked_are_edited_together() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("/glm-5.2<enter>*E");
    let (ticket, text) = given(&stage);
    assert_eq!(text.matches("slug:").count(), stage.model.endpoints.marks.count(), "{text}");
    stage.tell(Message::Edited { ticket, answer: Ok(text.replace("my-org/glm-5.2-eu", "my-org/glm-5.2-west")) });
    let titles: Vec<String> = shown_plan(&stage).changes().iter().map(Change::title).collect();
    assert_eq!(titles, ["rename my-org/glm-5.2-eu to my-org/glm-5.2-west"]);
}

#[test]
fn nothing_edited_is_nothing_done() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("E");
    let (ticket, text) = given(&stage);
    stage.tell(Message::Edited { ticket, answer: Ok(text) });
    assert!(stage.model.overlays.is_empty());
    assert!(stage.text().contains("nothing was changed"), "{}", stage.text());
}

#[test]
fn an_error_comes_back_on_top_and_loses_nothing() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("E");
    let (ticket, text) = given(&stage);
    let broken = text.replace("slug:", "slag:");
    stage.tell(Message::Edited { ticket, answer: Ok(broken.clone()) });
    let (ticket, again) = given(&stage);
    assert!(again.starts_with("# ✗ "), "{again}");
    assert!(again.contains("slag"), "{again}");
    assert!(again.ends_with(&broken), "{again}");
    // Repaired, the error's lines may stay.
    let mended = again.replace("slag:", "slug:").replace("my-org/assistant", "my-org/helper");
    stage.tell(Message::Edited { ticket, answer: Ok(mended) });
    assert_eq!(shown_plan(&stage).changes().len(), 1);
}

#[test]
fn an_editor_that_fails_is_said() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("E");
    let (ticket, _) = given(&stage);
    let failure = Failure::new(FailureKind::Other, "the editor \"nano\" could not be started").hint("set EDITOR");
    stage.tell(Message::Edited { ticket, answer: Err(failure) });
    assert!(stage.text().contains("could not be started"), "{}", stage.text());
}
