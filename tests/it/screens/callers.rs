//! In the detail of an endpoint: who may call it, and how much it is called.

use std::time::Duration;

use repoint::api::{EndpointId, Group, GroupId, Slug, Time};
use repoint::tui::effect::{Effect, Timer};
use repoint::tui::load::{Failure, FailureKind, Ticket};
use repoint::tui::message::Message;
use repoint::tui::traffic::{Passed, Since, Tally};
use repoint::tui::wanted::{Found, Lately, SlugDetail, Wanted};
use serde_json::json;

use super::stage::{SIZES, Stage, dozen, now, seconds_ago};
use super::traffic::report;

fn group(id: &str, name: &str, slugs: &[&str]) -> Group {
    let models: Vec<_> = slugs.iter().map(|slug| json!({"slug": format!("my-org/{slug}")})).collect();
    serde_json::from_value(json!({
        "id": id, "metadata": {"name": name, "external_entity_id": id}, "models": models, "effective_models": [],
        "hierarchy": {"limit_enforcement": "INDEPENDENT", "parent_group_id": null}, "created_at": "2026-06-17T12:00:00Z",
    }))
    .unwrap()
}

fn groups() -> Vec<Group> {
    vec![group("g1", "Acme", &["glm-5.2", "gpt"]), group("g2", "Globex research", &["glm-5.2"])]
}

/// What was asked once the cursor has rested.
fn asked(stage: &mut Stage) -> (Ticket, EndpointId, Slug, Option<Vec<GroupId>>) {
    stage.tell(Message::Due(Timer::Callers));
    if rests(stage) {
        // It had moved since the timer was set.
        stage.tell(Message::Due(Timer::Callers));
    }
    let asked = stage.effects.iter().find_map(|effect| match effect {
        Effect::Read { ticket, wanted: Wanted::SlugDetail { id, slug, groups, .. } } => {
            Some((*ticket, id.clone(), slug.clone(), groups.clone()))
        }
        _ => None,
    });
    asked.unwrap_or_else(|| panic!("nothing was asked in {:?}", stage.effects))
}

fn rests(stage: &Stage) -> bool {
    stage.effects.iter().any(|effect| matches!(effect, Effect::After { timer: Timer::Callers, .. }))
}

/// Requests to the slug over the last minute.
fn lately() -> Lately {
    let mut tally = Tally::default();
    for number in 0..180 {
        tally.add(&Passed::Report(Box::new(report(number, seconds_ago(1 + number / 4)))));
    }
    Lately { tally, since: Since::Start, moment: None }
}

fn answer(
    stage: &mut Stage,
    groups: Option<Result<Vec<Group>, Failure>>,
    keys: Option<usize>,
    traffic: Option<Lately>,
) {
    let (ticket, id, ..) = asked(stage);
    let detail = SlugDetail { id, groups, keys, traffic };
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::SlugDetail(Box::new(detail)))) });
}

#[test]
fn who_calls_and_how_much_is_told_at_every_size() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::with((columns, rows), dozen());
        if columns < 100 {
            assert!(!rests(&stage), "what is not shown is not asked for");
            stage.press("<enter>");
        }
        answer(&mut stage, Some(Ok(groups())), Some(7), Some(lately()));
        insta::assert_snapshot!(format!("callers_{columns}x{rows}"), stage.text());
    }
}

#[test]
fn only_where_the_cursor_rests_something_is_asked() {
    let mut stage = Stage::with((120, 36), dozen());
    assert!(rests(&stage));
    answer(&mut stage, Some(Ok(groups())), Some(7), None);
    assert!(stage.text().contains("the server does not tell"), "{}", stage.text());
    stage.press("j");
    assert!(rests(&stage));
    for _ in 0..2 {
        stage.press("j");
        assert!(!rests(&stage), "one timer, not one a key");
    }
    // It runs out while the cursor has not yet rested.
    stage.tell(Message::Due(Timer::Callers));
    assert!(rests(&stage));
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Read { .. })), "{:?}", stage.effects);
    let (_, _, slug, known) = asked(&mut stage);
    assert_eq!(slug.as_str(), "my-org/embed");
    assert_eq!(known, Some(Vec::new()), "the groups are known already");
    assert!(stage.text().contains("nobody: no group names it"), "{}", stage.text());
}

#[test]
fn an_answer_for_another_endpoint_is_not_shown() {
    let mut stage = Stage::with((120, 36), dozen());
    let (ticket, id, ..) = asked(&mut stage);
    stage.press("j");
    let detail = SlugDetail { id, groups: Some(Ok(groups())), keys: Some(7), traffic: Some(lately()) };
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::SlugDetail(Box::new(detail)))) });
    assert!(!stage.text().contains("req/s"), "{}", stage.text());
}

#[test]
fn where_nobody_is_there_nothing_is_asked_and_figures_say_their_age() {
    let mut stage = Stage::with((120, 36), dozen());
    answer(&mut stage, Some(Ok(groups())), Some(7), Some(lately()));
    let at = |seconds| now().plus(Duration::from_secs(seconds));
    stage.tell(Message::Now(at(12)));
    assert!(!rests(&stage), "no key was pressed yet");
    stage.press("g");
    assert!(rests(&stage), "what is 10 s old is read again while somebody is there");
    answer(&mut stage, None, Some(7), Some(lately()));
    stage.tell(Message::Now(at(12 + 59)));
    assert!(rests(&stage));
    answer(&mut stage, None, Some(7), Some(lately()));
    stage.tell(Message::Now(at(12 + 300)));
    assert!(!rests(&stage));
    assert!(stage.text().contains("4 min ago"), "{}", stage.text());
}

#[test]
fn groups_that_cannot_be_read_are_said_and_not_asked_for_again_until_told() {
    let mut stage = Stage::with((120, 36), dozen());
    let failure = Failure::new(FailureKind::Forbidden, "no");
    answer(&mut stage, Some(Err(failure)), None, Some(lately()));
    assert!(stage.text().contains("the groups cannot be read"), "{}", stage.text());
    stage.press("j");
    assert_eq!(asked(&mut stage).3, Some(Vec::new()));
    stage.press("R");
    assert_eq!(asked(&mut stage).3, None);
}

#[test]
fn so_much_that_only_a_moment_is_told_is_still_a_rate() {
    let mut stage = Stage::with((120, 36), dozen());
    let mut tally = Tally::default();
    (0..300).for_each(|number| tally.add(&Passed::Report(Box::new(report(number, now())))));
    let moment = Some(Duration::from_millis(150));
    let since = Since::Time(Time::from_micros(now().micros() - 150_000));
    answer(&mut stage, Some(Ok(groups())), Some(7), Some(Lately { tally, since, moment }));
    assert!(stage.text().contains("2000 req/s"), "{}", stage.text());
    assert!(stage.text().contains("300 requests within 150 ms"), "{}", stage.text());
}
