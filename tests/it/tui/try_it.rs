//! Trying a slug: what the pane does with keys and with what comes, and how it looks.

use std::time::Duration;

use insta::assert_snapshot;
use repoint::api::{Group, GroupId, KeyPrefix, Slug};
use repoint::tui::effect::Effect;
use repoint::tui::keymap::Place;
use repoint::tui::load::{Failure, FailureKind, Ticket};
use repoint::tui::message::Message;
use repoint::tui::overlays::Overlay;
use repoint::tui::overlays::try_it::{Stage as How, TryIt};
use repoint::tui::trial::{Head, Trial, TrialEvent, TrialKey};
use repoint::tui::wanted::{Found, Wanted};

use super::setting::at;
use crate::screens::stage::{SIZES, Stage, seconds_ago};

const SECRET: &str = "sky_canary.typed-by-hand";

fn group(id: &str, name: &str, slugs: &[&str]) -> Group {
    let models: Vec<_> = slugs.iter().map(|slug| serde_json::json!({ "slug": slug })).collect();
    serde_json::from_value(serde_json::json!({
        "id": id, "metadata": { "name": name, "external_entity_id": id }, "models": models, "effective_models": [],
        "hierarchy": { "limit_enforcement": "INDEPENDENT", "parent_group_id": null },
        "created_at": seconds_ago(100),
    }))
    .unwrap()
}

/// Two groups: one may call both `claude` and `gpt`, the other `claude` alone.
fn groups() -> Vec<Group> {
    vec![group("grp-lab", "The lab", &["my-org/claude"]), group("grp-acme", "Acme", &["my-org/claude", "my-org/gpt"])]
}

/// The pane, open on `my-org/claude`, before the groups came.
fn opened(columns: u16, rows: u16) -> Stage {
    let mut stage = at(columns, rows);
    stage.press("/claude<enter>t");
    stage
}

/// The same with the groups.
fn ready(columns: u16, rows: u16) -> Stage {
    let mut stage = opened(columns, rows);
    answer_groups(&mut stage, Ok(groups()));
    stage
}

fn answer_groups(stage: &mut Stage, groups: Result<Vec<Group>, Failure>) {
    let ticket = pane(stage).groups.waiting.expect("the groups were asked for");
    stage.tell(Message::Found { ticket, found: Box::new(groups.map(Found::Groups)) });
}

fn pane(stage: &Stage) -> &TryIt {
    match stage.model.overlays.last() {
        Some(Overlay::TryIt(try_it)) => try_it,
        other => panic!("the pane is not open: {other:?}"),
    }
}

fn trial(stage: &Stage) -> Option<(Ticket, Trial)> {
    stage.effects.iter().find_map(|effect| match effect {
        Effect::Try { ticket, trial } => Some((*ticket, trial.clone())),
        _ => None,
    })
}

/// Presses Enter, which sends it.
fn sent(stage: &mut Stage) -> Ticket {
    stage.press("<enter>");
    trial(stage).expect("Enter sends it").0
}

fn told(stage: &mut Stage, ticket: Ticket, events: impl IntoIterator<Item = TrialEvent>) {
    for event in events {
        stage.tell(Message::Tried { ticket, event });
    }
}

fn head(target: &str) -> Head {
    Head { status: Some(200), target: Some(format!("id-x {target} 7")), request_id: Some("req-0001".to_owned()) }
}

fn spoken(place: usize, target: &str, text: &str) -> Vec<TrialEvent> {
    vec![
        TrialEvent::Began { place, head: head(target) },
        TrialEvent::Text { place, text: text.to_owned(), after: Duration::from_millis(41) },
    ]
}

fn ended(place: usize) -> Vec<TrialEvent> {
    vec![
        TrialEvent::Usage { place, input: 6, output: 24 },
        TrialEvent::Over { place, after: Duration::from_millis(1041) },
    ]
}

fn minted() -> TrialEvent {
    TrialEvent::Minted(KeyPrefix::new("sky_sCqhBwEy4kPd"))
}

fn revoked(failure: Option<Failure>) -> TrialEvent {
    TrialEvent::Revoked { prefix: KeyPrefix::new("sky_sCqhBwEy4kPd"), failure }
}

const CLAUDE: &str = "ANTHROPIC claude-sonnet-4-5";
const SAID: &str = "Hello! It is a pleasure to meet you, and I hope that your day is as bright as a summer morning.";

#[test]
fn t_and_enter_send_the_prompt_with_a_key_of_a_group_that_may_call_it() {
    let mut stage = opened(120, 36);
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Read { wanted: Wanted::Groups, .. })));
    answer_groups(&mut stage, Ok(groups()));
    let ticket = sent(&mut stage);
    let (_, trial) = trial(&stage).unwrap();
    let wanted = Trial {
        inference_url: "http://127.0.0.1:8788".to_owned(),
        slugs: vec![Slug::from_wire("my-org/claude")],
        prompt: "Say hello in one sentence.".to_owned(),
        key: TrialKey::Minted(GroupId::new("grp-lab")),
        is_confirmed: false,
    };
    assert_eq!(trial, wanted);
    assert_eq!(stage.model.place(), Place::TryItRunning);
    told(&mut stage, ticket, [minted()].into_iter().chain(spoken(0, CLAUDE, SAID)).chain(ended(0)));
    told(&mut stage, ticket, [revoked(None), TrialEvent::Ended(None)]);
    assert_eq!(stage.model.place(), Place::TryIt, "it can be sent again");
    let text = stage.text();
    for part in ["● 200  ANTHROPIC claude-sonnet-4-5", "first token 41 ms", "23 tokens/s", "6 tokens in, 24 out"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn an_enter_before_the_groups_came_sends_as_soon_as_they_do() {
    let mut stage = opened(120, 36);
    stage.press("<enter>");
    assert_eq!(trial(&stage), None);
    answer_groups(&mut stage, Ok(groups()));
    assert!(trial(&stage).is_some());
}

#[test]
fn esc_hangs_up_and_a_second_one_closes() {
    let mut stage = ready(120, 36);
    let ticket = sent(&mut stage);
    told(&mut stage, ticket, spoken(0, CLAUDE, "Hel"));
    stage.press("<esc>");
    assert_eq!(stage.effects, [Effect::Cancel(ticket)]);
    told(&mut stage, ticket, [TrialEvent::Text { place: 0, text: "lo".to_owned(), after: Duration::from_secs(1) }]);
    assert_eq!(pane(&stage).answers[0].text, "Hel", "nobody listens any longer");
    assert!(stage.text().contains("stopped from here"), "{}", stage.text());
    stage.press("<esc>");
    assert!(stage.model.overlays.is_empty());
    told(&mut stage, ticket, [revoked(None), TrialEvent::Ended(None)]);
}

#[test]
fn esc_closes_at_once_where_only_the_key_is_still_to_be_revoked() {
    let mut stage = ready(120, 36);
    let ticket = sent(&mut stage);
    told(&mut stage, ticket, [minted()].into_iter().chain(spoken(0, CLAUDE, SAID)).chain(ended(0)));
    stage.press("<esc>");
    assert!(stage.model.overlays.is_empty());
    assert_eq!(stage.effects, [], "the key is revoked all the same");
}

#[test]
fn a_key_that_could_not_be_revoked_is_told_also_when_the_pane_is_closed() {
    let mut stage = ready(120, 36);
    let ticket = sent(&mut stage);
    stage.press("<esc><esc>");
    let failure = Failure::new(FailureKind::Unreachable, "cannot connect to 127.0.0.1:8787");
    told(&mut stage, ticket, [revoked(Some(failure))]);
    let text = stage.text();
    assert!(text.contains("sky_sCqhBwEy4kPd") && text.contains("still there"), "{text}");
}

#[test]
fn what_an_older_trial_still_tells_is_dropped() {
    let mut stage = ready(120, 36);
    let first = sent(&mut stage);
    told(&mut stage, first, [TrialEvent::Ended(None)]);
    let second = sent(&mut stage);
    told(&mut stage, first, spoken(0, CLAUDE, "late"));
    told(&mut stage, second, spoken(0, CLAUDE, "right"));
    assert_eq!(pane(&stage).answers[0].text, "right");
}

#[test]
fn a_second_slug_is_found_as_it_is_typed_and_a_group_that_may_call_both_comes_first() {
    let mut stage = ready(120, 36);
    stage.press("<tab>g");
    assert!(stage.text().contains("? nothing, or several, are called so"), "{}", stage.text());
    stage.press("<enter>");
    assert_eq!(trial(&stage), None);
    assert!(stage.text().contains("no other endpoint is called so"), "{}", stage.text());
    stage.press("pt");
    assert!(stage.text().contains("→ my-org/gpt "), "{}", stage.text());
    stage.press("<enter>");
    let (_, trial) = trial(&stage).expect("sent");
    assert_eq!(trial.slugs, ["my-org/claude", "my-org/gpt"].map(Slug::from_wire));
    assert_eq!(trial.key, TrialKey::Minted(GroupId::new("grp-acme")));
}

#[test]
fn a_typed_key_stays_in_memory_and_off_the_screen() {
    let mut stage = ready(120, 36);
    stage.press("<tab><tab><left>");
    assert!(stage.text().contains("one that is typed here"), "{}", stage.text());
    stage.press("<enter>");
    assert_eq!(trial(&stage), None);
    stage.press(SECRET);
    let hidden = |stage: &Stage| {
        !stage.text().contains("typed-by-hand") && !format!("{:?}", stage.model).contains("typed-by-hand")
    };
    assert!(hidden(&stage), "{}", stage.text());
    sent(&mut stage);
    let Some((ticket, Trial { key: TrialKey::Typed(key), .. })) = trial(&stage) else { panic!("{:?}", stage.effects) };
    assert_eq!(secrecy::ExposeSecret::expose_secret(&key.0), SECRET);
    assert!(!format!("{:?}", stage.effects).contains("typed-by-hand"));
    told(&mut stage, ticket, [TrialEvent::Ended(None)]);
    stage.press("<f2>");
    assert!(hidden(&stage), "{}", stage.text());
    stage.press("<esc><esc>t");
    answer_groups(&mut stage, Ok(groups()));
    assert!(sent(&mut stage) > ticket, "what was typed is remembered");
}

#[test]
fn nothing_is_minted_in_a_read_only_context() {
    let mut stage = at(120, 36);
    stage.model.shared.contexts[0].is_read_only = true;
    stage.press("/claude<enter>t");
    answer_groups(&mut stage, Ok(groups()));
    assert_eq!(pane(&stage).choices.len(), 1, "{:?}", pane(&stage).choices);
    stage.press("<enter>");
    assert_eq!(trial(&stage), None);
}

#[test]
fn a_protected_context_wants_the_group_s_name_before_a_key_is_minted() {
    let mut stage = at(120, 36);
    stage.model.shared.contexts[0].is_protected = true;
    stage.press("/claude<enter>t");
    answer_groups(&mut stage, Ok(groups()));
    stage.press("<enter>");
    assert_eq!((trial(&stage), stage.model.place()), (None, Place::TypedQuestion));
    stage.press("Acme<enter>");
    assert_eq!(trial(&stage), None, "another name");
    for _ in 0..4 {
        stage.press("<backspace>");
    }
    stage.press("The lab<enter>");
    assert!(trial(&stage).expect("sent").1.is_confirmed);
}

#[test]
fn the_context_s_own_key_is_used_without_a_question() {
    let mut stage = at(120, 36);
    stage.model.shared.contexts[0].is_protected = true;
    stage.model.shared.contexts[0].can_probe = true;
    stage.press("/claude<enter>t<enter>");
    assert_eq!(trial(&stage).expect("sent").1.key, TrialKey::Context);
}

#[test]
fn without_an_address_it_says_what_to_set_and_sends_nothing() {
    let mut stage = at(120, 36);
    stage.model.shared.contexts[0].inference_url = String::new();
    stage.press("/claude<enter>t");
    answer_groups(&mut stage, Ok(groups()));
    let text = stage.text();
    assert!(text.contains("where its data plane is") && text.contains("inference_url in [contexts.sandbox]"), "{text}");
    stage.press("<enter>");
    assert_eq!(trial(&stage), None);
}

#[test]
fn the_board_opens_it_on_its_wire() {
    let mut stage = at(120, 36);
    stage.press("2jt");
    assert_eq!(pane(&stage).endpoint.slug.as_str(), "my-org/assistant-eu");
}

#[test]
fn the_end_is_followed_while_it_comes_and_the_beginning_is_shown_after() {
    let mut stage = ready(80, 24);
    let ticket = sent(&mut stage);
    told(&mut stage, ticket, spoken(0, CLAUDE, "the first line\n"));
    for number in 0..60 {
        let text = format!("line {number}\n");
        told(&mut stage, ticket, [TrialEvent::Text { place: 0, text, after: Duration::from_secs(2) }]);
    }
    assert!(stage.text().contains("line 59") && !stage.text().contains("the first line"), "{}", stage.text());
    stage.press("<up>");
    told(
        &mut stage,
        ticket,
        [TrialEvent::Text { place: 0, text: "and later".to_owned(), after: Duration::from_secs(3) }],
    );
    assert!(!stage.text().contains("and later"), "who reads elsewhere is left there: {}", stage.text());
    told(&mut stage, ticket, [TrialEvent::Ended(None)]);
    for _ in 0..20 {
        stage.press("<pgdn>");
    }
    stage.press("<up>");
    assert!(stage.text().contains("line 58"), "scrolling ends where the text does: {}", stage.text());
}

fn pictures(name: &str, set: impl Fn(u16, u16) -> Stage) {
    for (columns, rows) in SIZES {
        let stage = set(columns, rows);
        assert_snapshot!(format!("try_{name}_{columns}x{rows}"), stage.text());
        if columns == 120 {
            assert_snapshot!(format!("try_{name}_styles"), stage.styles());
        }
    }
}

#[test]
fn pictures_before_it_is_sent() {
    pictures("ready", ready);
}

#[test]
fn pictures_of_two_answers_side_by_side() {
    pictures("beside", |columns, rows| {
        let mut stage = ready(columns, rows);
        stage.press("<tab>gpt");
        let ticket = sent(&mut stage);
        told(&mut stage, ticket, [minted()]);
        told(&mut stage, ticket, spoken(0, CLAUDE, SAID).into_iter().chain(ended(0)));
        told(&mut stage, ticket, spoken(1, "OPENAI gpt-4o-2024", "Hello there"));
        stage
    });
}

#[test]
fn pictures_of_a_refusal() {
    pictures("refused", |columns, rows| {
        let mut stage = ready(columns, rows);
        let ticket = sent(&mut stage);
        let failure = Failure::new(FailureKind::RateLimited, "request limit of the group is used up (429)")
            .hint("try again in 12 s");
        let head = Head { status: Some(429), target: None, request_id: Some("req-0002".to_owned()) };
        let after = Duration::from_millis(3);
        told(&mut stage, ticket, [minted(), TrialEvent::Failed { place: 0, head: Some(head), after, failure }]);
        told(&mut stage, ticket, [revoked(None), TrialEvent::Ended(None)]);
        stage
    });
}

#[test]
fn pictures_of_the_question_in_a_protected_context() {
    pictures("protected", |columns, rows| {
        let mut stage = ready(columns, rows);
        stage.model.shared.contexts[0].is_protected = true;
        stage.press("<enter>The");
        stage
    });
}

#[test]
fn a_picture_of_the_request_elsewhere() {
    let mut stage = ready(120, 36);
    stage.press("<f2><down>");
    assert_snapshot!(stage.text());
}

#[test]
fn a_picture_of_a_key_that_could_not_be_minted() {
    let mut stage = ready(80, 24);
    let ticket = sent(&mut stage);
    let failure = Failure::new(FailureKind::Forbidden, "no key could be minted: the key has no management scope (403)");
    told(&mut stage, ticket, [TrialEvent::Ended(Some(failure.hint("the key may lack management scope")))]);
    assert_eq!(pane(&stage).stage, How::Editing);
    assert_snapshot!(stage.text());
}
