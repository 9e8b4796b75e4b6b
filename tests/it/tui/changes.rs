//! Re-pointing, creating, editing and deleting: nothing is written that was not shown and confirmed.

use repoint::api::{Endpoint, Target};
use repoint::plan::guard::{Verdict, compare_endpoint};
use repoint::plan::{self, Change, Outcome, Record};
use repoint::sync::SyncState;
use repoint::tui::effect::Effect;
use repoint::tui::keymap::Place;
use repoint::tui::message::Message;
use repoint::tui::screens::endpoints::work::Work;

use super::setting::{at, written};
use crate::screens::stage::{Stage, dozen, now};

fn select(stage: &mut Stage, slug: &str) {
    stage.press("/");
    stage.press(slug);
    stage.press("<enter>");
    let selected = stage.model.endpoints.list.row(&stage.model.endpoints.rows).map(|row| row.slug.to_string());
    assert_eq!(selected.as_deref(), Some(format!("my-org/{slug}").as_str()));
}

fn glm() -> Endpoint {
    dozen().remove(0)
}

#[test]
fn re_pointing_takes_r_enter_enter() {
    let mut stage = at(120, 36);
    select(&mut stage, "glm-5.2");
    stage.press("r<enter>");
    assert_eq!(stage.plan(), None, "one Enter must not write");
    stage.press("<enter>");
    let (_, plan) = stage.plan().expect("the second Enter writes");
    let wanted = Change::repoint(&glm(), Target::baseten("3kZ9xqd", Some("staging")));
    assert_eq!(plan.changes(), [wanted], "the first target that differs from the current one");
}

#[test]
fn typing_finds_a_target_and_a_free_form_takes_what_no_list_has() {
    let mut stage = at(120, 36);
    select(&mut stage, "glm-5.2");
    stage.press("r7mp<enter><enter>");
    let (_, plan) = stage.plan().expect("written");
    assert_eq!(plan.changes(), [Change::repoint(&glm(), Target::baseten("7mP2wqe", None))]);

    let mut stage = at(120, 36);
    select(&mut stage, "glm-5.2");
    stage.press("rnEw1234/canary<enter><enter>");
    let (_, plan) = stage.plan().expect("written");
    assert_eq!(plan.changes(), [Change::repoint(&glm(), Target::baseten("nEw1234", Some("canary")))]);
}

#[test]
fn escape_leaves_everything_as_it_is() {
    let mut stage = at(120, 36);
    stage.press("r<enter><esc>");
    assert!(matches!(stage.model.endpoints.work, Work::Repoint(_)), "the first Esc takes the confirmation back");
    stage.press("<esc>");
    assert!(stage.model.endpoints.work.is_none());
    assert_eq!(stage.plan(), None);
}

#[test]
fn a_written_change_waits_until_the_gateway_serves_its_revision() {
    let mut stage = at(120, 36);
    select(&mut stage, "glm-5.2");
    stage.press("r<enter><enter>");
    let after = Endpoint { targets: vec![Target::baseten("3kZ9xqd", Some("staging"))], ..glm() };
    stage.end_plan(vec![written(after)]);
    assert!(stage.model.endpoints.work.is_none());
    let seen = |stage: &Stage| {
        let endpoints = &stage.model.endpoints;
        endpoints.state(&stage.model.shared, endpoints.rows.by_id(&glm().id).expect("still there"))
    };
    assert!(matches!(seen(&stage), SyncState::Waiting { .. }));
    stage.answer_sync_at(8, 7);
    assert!(matches!(seen(&stage), SyncState::Waiting { .. }), "the data plane serves an older revision");
    stage.press("R");
    stage.answer_sync_at(8, 8);
    assert_eq!(seen(&stage), SyncState::Verified);
    assert!(stage.text().contains("is in effect"), "{}", stage.text());
}

#[test]
fn somebody_elses_change_stops_the_write_and_shows_three_columns() {
    let mut stage = at(120, 36);
    select(&mut stage, "glm-5.2");
    stage.press("r<enter><enter>");
    let (_, plan) = stage.plan().expect("written");
    let theirs = Endpoint { targets: vec![Target::baseten("9aa1bcd", None)], updated_at: now(), ..glm() };
    let Verdict::Conflict(conflict) = compare_endpoint(&plan.changes()[0], Some(&theirs)) else {
        panic!("no conflict")
    };
    stage.end_plan(vec![Outcome::Conflict(conflict)]);
    assert_eq!(stage.model.place(), Place::Conflict);
    let text = stage.text();
    assert!(
        text.contains("Nothing was written") && text.contains("9aa1bcd") && text.contains("NOW ON THE SERVER"),
        "{text}"
    );
    stage.press("w");
    let (_, plan) = stage.plan().expect("`w` writes mine");
    let Change::UpdateEndpoint { before, .. } = &plan.changes()[0] else { panic!("not an update") };
    assert_eq!(before.targets, theirs.targets, "mine is made on what is there now");
}

#[test]
fn theirs_is_taken_by_writing_nothing() {
    let mut stage = at(120, 36);
    stage.press("r<enter><enter>");
    let (_, plan) = stage.plan().expect("written");
    let Change::UpdateEndpoint { before, .. } = &plan.changes()[0] else { panic!("not an update") };
    let theirs =
        Endpoint { targets: vec![Target::baseten("9aa1bcd", None)], updated_at: now(), ..before.as_ref().clone() };
    let Verdict::Conflict(conflict) = compare_endpoint(&plan.changes()[0], Some(&theirs)) else {
        panic!("no conflict")
    };
    stage.end_plan(vec![Outcome::Conflict(conflict)]);
    stage.press("t");
    assert!(stage.model.endpoints.work.is_none());
    assert_eq!(stage.plan(), None);
}

#[test]
fn delete_has_its_focus_on_cancel() {
    let mut stage = at(120, 36);
    stage.press("d<enter>");
    assert!(stage.model.endpoints.work.is_none());
    assert_eq!(stage.plan(), None);
    stage.press("d<right><enter>");
    let (_, plan) = stage.plan().expect("the other button deletes");
    assert!(matches!(plan.changes(), [Change::DeleteEndpoint { .. }]));
    let done = plan::Done { after: Record::Gone, at: now(), revision: Some(8), settled_by_reading: false };
    stage.end_plan(vec![Outcome::Done(done)]);
    assert_eq!(stage.model.endpoints.rows.len(), 11);
}

#[test]
fn a_protected_context_asks_for_the_slug() {
    let mut stage = at(120, 36);
    stage.model.shared.contexts[0].is_protected = true;
    select(&mut stage, "glm-5.2");
    stage.press("r<enter><enter>");
    assert_eq!(stage.plan(), None, "Enter alone is not enough");
    stage.press("my-org/glm-5.2<enter>");
    let confirmed = |effect: &Effect| matches!(effect, Effect::Run { is_confirmed: true, .. });
    assert!(stage.effects.iter().any(confirmed), "{:?}", stage.effects);
}

#[test]
fn a_read_only_context_has_no_dangerous_keys() {
    let mut stage = at(120, 36);
    stage.model.shared.contexts[0].is_read_only = true;
    for key in ["r", "n", "e", "d"] {
        stage.press(key);
        assert!(stage.model.endpoints.work.is_none(), "{key}");
    }
    assert!(stage.text().contains("read-only"));
}

#[test]
fn a_poll_never_touches_a_form() {
    let mut stage = at(120, 36);
    select(&mut stage, "glm-5.2");
    stage.press("e-new");
    let mut renamed = dozen();
    renamed[0].slug = repoint::api::Slug::from_wire("my-org/theirs");
    stage.press_somewhere_else_and_read(renamed);
    assert!(stage.text().contains("my-org/glm-5.2-new"), "{}", stage.text());
}

#[test]
fn keys_typed_while_a_write_is_under_way_wait_for_its_answer() {
    let mut stage = at(120, 36);
    select(&mut stage, "glm-5.2");
    stage.press("r<enter><enter>");
    let (ticket, _) = stage.plan().expect("written");
    stage.model.held.clear();
    stage.press("d");
    assert!(!matches!(stage.model.endpoints.work, Work::Delete(_)), "it must not act on what nobody has seen");
    let failed = repoint::tui::load::Failure::new(repoint::tui::load::FailureKind::Other, "the journal is full");
    stage.tell(Message::Report { ticket, answer: Box::new(Err(failed)) });
    assert!(stage.text().contains("the journal is full"), "{}", stage.text());
}

#[test]
fn quitting_waits_for_a_write() {
    let mut stage = at(120, 36);
    stage.press("r<enter><enter>");
    let (ticket, _) = stage.plan().expect("written");
    stage.press("q");
    assert!(!stage.effects.contains(&Effect::Quit));
    let failed = repoint::tui::load::Failure::new(repoint::tui::load::FailureKind::Other, "no");
    stage.tell(Message::Report { ticket, answer: Box::new(Err(failed)) });
    assert!(stage.effects.contains(&Effect::Quit));
}

#[test]
fn a_form_says_what_is_wrong_as_it_is_typed_and_keeps_it_from_being_saved() {
    let mut stage = at(120, 36);
    stage.press("nbad slug");
    assert!(stage.text().contains("slug must not contain ' '"), "{}", stage.text());
    stage.press("<enter><enter><enter><enter><enter><enter><enter>");
    assert_eq!(stage.plan(), None);
}

#[test]
fn a_taken_slug_is_said_before_it_is_sent() {
    let mut stage = at(120, 36);
    stage.press("nglm-5.2");
    assert!(stage.text().contains("another endpoint has this slug"), "{}", stage.text());
}

#[test]
fn a_new_endpoint_is_created_from_the_form() {
    let mut stage = at(120, 36);
    stage.press("nnew-one<tab><tab><tab>7mP2wqe<enter><enter><enter><enter>");
    let (_, plan) = stage.plan().expect("created");
    let [Change::CreateEndpoint { after }] = plan.changes() else { panic!("{plan:?}") };
    assert_eq!(after.slug.as_str(), "my-org/new-one");
    assert_eq!(after.targets, [Target::baseten("7mP2wqe", None)]);
}

#[test]
fn the_servers_refusal_lands_at_the_field_that_it_names() {
    let mut stage = at(120, 36);
    stage.press("nnew-one<tab><tab><tab>zzz<enter><enter><enter><enter>");
    let failure = plan::Failure { message: "model_id zzz does not exist".to_owned(), hint: None };
    stage.end_plan(vec![Outcome::Failed(failure)]);
    let text = stage.text();
    let line =
        text.lines().position(|line| line.contains("zzz") && line.contains("Model")).expect("the field is there");
    assert!(text.lines().nth(line + 1).is_some_and(|next| next.contains("does not exist")), "{text}");
}

#[test]
fn what_was_typed_is_not_lost_without_being_asked() {
    let mut stage = at(120, 36);
    stage.press("nglm");
    stage.press_control('c');
    assert!(!stage.effects.contains(&Effect::Quit));
    assert_eq!(stage.model.place(), Place::Question);
    insta::assert_snapshot!("leave", stage.text());
    stage.press("<enter>");
    assert_eq!(stage.model.place(), Place::Form, "staying has the focus");
    assert!(stage.text().contains("my-org/glm"), "{}", stage.text());
    stage.press_control('c');
    stage.press("<right><enter>");
    assert!(stage.effects.contains(&Effect::Quit));

    stage.press("<left>");
    stage.press_control('c');
    assert!(stage.effects.contains(&Effect::Quit), "pressed again, it is meant");
}

#[test]
fn what_nobody_typed_into_is_left_at_once() {
    for open in ["n", "r", "nglm<esc>", "e<esc>nx<esc>"] {
        let mut stage = at(120, 36);
        stage.press(open);
        stage.press_control('c');
        assert!(stage.effects.contains(&Effect::Quit), "{open}");
    }
}

#[test]
fn no_letter_leaves_a_draft() {
    for open in ["r", "n<tab>", "e<tab>", "d", "r<enter>"] {
        let mut stage = at(120, 36);
        stage.press(open);
        stage.press("qcR16@m!");
        assert!(!stage.model.endpoints.work.is_none(), "{open} was left");
        assert!(!stage.effects.contains(&Effect::Quit) && stage.model.overlays.is_empty(), "{open}");
        assert_eq!(stage.model.tab, repoint::tui::app::Tab::Endpoints);
    }
}
