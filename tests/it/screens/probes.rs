use repoint::api::{Endpoint, Target};
use repoint::plan::{Progress, Proof, Sighting};
use repoint::tui::effect::{After, Effect};
use repoint::tui::load::Ticket;
use repoint::tui::message::Message;

use crate::tui::setting::written;

use super::stage::{SIZES, Stage, dozen, endpoint};

/// A dashboard whose context names a key for probes, with the picker of a re-point open.
fn opened(size: (u16, u16)) -> Stage {
    let mut stage = Stage::with(size, dozen());
    stage.model.shared.contexts[0].can_probe = true;
    stage.press("/glm-5.2-eu<enter>r");
    stage
}

fn after(stage: &Stage) -> After {
    let found = stage.effects.iter().find_map(|effect| match effect {
        Effect::Run { after, .. } => Some(*after),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nothing is run in {:?}", stage.effects))
}

/// The re-point is written; what is seen of it is told under this ticket.
fn followed() -> (Stage, Ticket) {
    let mut stage = opened((120, 36));
    stage.press("7mP<enter><enter>");
    let (ticket, _) = stage.plan().unwrap();
    let after = endpoint("glm-5.2-eu", Target::baseten("7mP2wqe", Some("staging")), 0);
    stage.end_plan(vec![written(Endpoint { ..after })]);
    (stage, ticket)
}

fn see(stage: &mut Stage, ticket: Ticket, sighting: Sighting) {
    stage.tell(Message::Progress { ticket, progress: Progress::Followed { index: 0, sighting } });
}

#[test]
fn what_happens_afterwards_can_be_chosen() {
    for size in SIZES {
        insta::assert_snapshot!(format!("probe_choice_{}x{}", size.0, size.1), opened(size).text());
    }
    for (tabs, wanted) in [("", After::Probe), ("<tab>", After::ProbeOrPutBack), ("<tab><tab>", After::Wait)] {
        let mut stage = opened((120, 36));
        stage.press(&format!("7mP{tabs}<enter><enter>"));
        assert_eq!(after(&stage), wanted);
    }
}

#[test]
fn without_a_key_for_probes_there_is_nothing_to_choose() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("r");
    assert!(!stage.text().contains("probe until"), "{}", stage.text());
}

#[test]
fn a_probe_tells_who_answers_until_the_new_target_does() {
    let (mut stage, ticket) = followed();
    see(&mut stage, ticket, Sighting::StillOld { target: "BASETEN 3kZ9xqd/production".to_owned() });
    assert!(stage.text().contains("probe: still answered by BASETEN"), "{}", stage.text());
    see(&mut stage, ticket, Sighting::InEffect { after_ms: 41_000, proof: Proof::Probe });
    let text = stage.text();
    assert!(text.contains("✓ verified"), "{text}");
    assert!(text.contains("my-org/glm-5.2-eu is in effect, 41 s after"), "{text}");
}

#[test]
fn a_target_that_does_not_answer_is_not_serving_and_the_reason_is_said() {
    let (mut stage, ticket) = followed();
    let reason = "503 Service Unavailable: no capacity".to_owned();
    see(&mut stage, ticket, Sighting::ProbeFailed { reason });
    insta::assert_snapshot!("not_serving", stage.text());
    insta::assert_snapshot!("not_serving_styles", stage.styles());
    stage.press("/<esc>/state:not<enter>");
    assert_eq!(stage.model.endpoints.list.order.len(), 1, "{}", stage.text());
    stage.tell(Message::FollowEnded { ticket, put_back: Some(Ok(())) });
    assert!(stage.text().contains("put back"), "{}", stage.text());
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::ReadEndpoints { .. })), "{:?}", stage.effects);
}

#[test]
fn the_report_does_not_speak_while_calls_tell() {
    let (mut stage, ticket) = followed();
    see(&mut stage, ticket, Sighting::Waiting { remaining_seconds: Some(41) });
    stage.tell(Message::Due(repoint::tui::effect::Timer::Sync));
    stage.answer_sync();
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Note(_))), "{:?}", stage.effects);
}
