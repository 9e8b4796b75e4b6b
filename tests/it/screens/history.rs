use std::time::Duration;

use repoint::api::{AuditActor, AuditEntry, AuditEvent, Endpoint, Target, Unknown};
use repoint::plan::history::{Author, Entry, Item};
use repoint::plan::undo::Refusal;
use repoint::plan::{
    Change, Conflict, Done, Outcome, Plan, PlanId, Progress, Proof, Record, Report, Sighting, Step, Version,
};
use repoint::tui::effect::{Effect, Timer};
use repoint::tui::load::{Failure, FailureKind, Ticket};
use repoint::tui::message::Message;
use repoint::tui::overlays::Overlay;
use repoint::tui::wanted::{Aim, Found, Past, Wanted, WayBack};

use super::stage::{SIZES, Stage, dozen, endpoint, now, seconds_ago};

fn glm() -> Endpoint {
    endpoint("glm-5.2", Target::baseten("3kZ9xqd", None), 90_000)
}

fn repointed() -> (Change, Endpoint) {
    let after = Endpoint { targets: vec![Target::baseten("7mP2wqe", None)], updated_at: seconds_ago(600), ..glm() };
    (Change::repoint(&glm(), Target::baseten("7mP2wqe", None)), after)
}

fn author() -> Author {
    Author { who: "ada@lab".to_owned(), context: "sandbox".to_owned(), server: "http://127.0.0.1:8787/".to_owned() }
}

fn done(after: &Endpoint) -> Outcome {
    let after = after.clone();
    Outcome::Done(Done {
        at: after.updated_at,
        after: Record::Endpoint(Box::new(after)),
        revision: Some(7),
        settled_by_reading: false,
    })
}

fn entry(id: &str, ago: u64, change: Change, outcome: Option<Outcome>) -> Entry {
    let finished = outcome.is_some().then(|| seconds_ago(ago));
    Entry {
        id: PlanId::new(id),
        at: seconds_ago(ago),
        author: author(),
        title: change.title(),
        undoes: None,
        undone_by: None,
        items: vec![Item { change, writing: Some(seconds_ago(ago)), outcome, sighting: None }],
        planned: 1,
        finished,
        cancelled: false,
    }
}

fn audit(id: &str, ago: u64, event_type: &str, endpoint: &str, slug: &str, key: &str) -> AuditEntry {
    AuditEntry {
        id: id.to_owned(),
        created: seconds_ago(ago),
        event_type: event_type.to_owned(),
        event_data: AuditEvent {
            event_type: event_type.to_owned(),
            gateway_endpoint_id: Some(endpoint.to_owned()),
            slug: Some(slug.to_owned()),
            unknown: Unknown::new(),
        },
        source: Some("API".to_owned()),
        actor: AuditActor {
            kind: "API_KEY".to_owned(),
            email: None,
            api_key_prefix: Some("abc".to_owned()),
            api_key_name: Some(key.to_owned()),
        },
        client_name: Some("curl".to_owned()),
        client_version: Some("8.5.0".to_owned()),
        client_session_id: None,
        unknown: Unknown::new(),
    }
}

fn past() -> Past {
    let (change, after) = repointed();
    let mut seen = entry("0192-aaaaaaaa", 600, change.clone(), Some(done(&after)));
    seen.items[0].sighting = Some(Sighting::InEffect { after_ms: 41_000, proof: Proof::SyncReport });
    let failure = repoint::plan::Failure { message: "the server answered 400: no such model".to_owned(), hint: None };
    let refused = entry("0192-bbbbbbbb", 4_000, Change::delete(&glm()), Some(Outcome::Failed(failure)));
    let mut undone = entry("0192-cccccccc", 9_000, change.clone(), Some(done(&after)));
    undone.undone_by = Some(PlanId::new("0192-dddddddd"));
    Past {
        entries: vec![seen, refused, undone],
        unreadable: 0,
        audit: Ok(vec![
            // The server's own row of the first entry: said once is enough.
            audit("row-1", 600, "GATEWAY_ENDPOINT_UPDATED", "id-glm-5.2", "my-org/glm-5.2", "mine"),
            audit("row-2", 1_200, "GATEWAY_ENDPOINT_UPDATED", "id-claude", "my-org/claude", "ci"),
        ]),
    }
}

fn ticket_of(effects: &[Effect], is_it: impl Fn(&Wanted) -> bool) -> Ticket {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Read { ticket, wanted } if is_it(wanted) => Some(*ticket),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("not asked for in {effects:?}"))
}

fn answer(stage: &mut Stage, ticket: Ticket, found: Result<Found, Failure>) {
    stage.tell(Message::Found { ticket, found: Box::new(found) });
}

fn opened(size: (u16, u16)) -> Stage {
    let mut stage = Stage::with(size, dozen());
    stage.press("5");
    let ticket = ticket_of(&stage.effects, |wanted| *wanted == Wanted::History);
    answer(&mut stage, ticket, Ok(Found::History(past())));
    stage
}

/// `u`, and a way back of these changes.
fn asked(stage: &mut Stage, plan: Result<Plan, Refusal>) {
    stage.press("u");
    let ticket = ticket_of(&stage.effects, |wanted| matches!(wanted, Wanted::WayBack(Aim::LastChange)));
    let (change, after) = repointed();
    let entry = entry("0192-aaaaaaaa", 600, change, Some(done(&after)));
    answer(stage, ticket, Ok(Found::WayBack(Box::new(WayBack { entry, plan }))));
}

fn back() -> Change {
    let (_, after) = repointed();
    Change::repoint(&after, Target::baseten("3kZ9xqd", None))
}

fn run_of(effects: &[Effect]) -> (Ticket, Plan, Option<PlanId>) {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Run { ticket, plan, undoes, .. } => Some((*ticket, plan.clone(), undoes.clone())),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nothing is run in {effects:?}"))
}

fn report(outcomes: Vec<Outcome>) -> Report {
    Report {
        id: PlanId::new("0192-eeeeeeee"),
        outcomes,
        cancelled: false,
        keys: Vec::new(),
        journal_failure: None,
        rolled_back: false,
    }
}

#[test]
fn the_history_in_every_size() {
    for size in SIZES {
        let stage = opened(size);
        insta::assert_snapshot!(format!("history_{}x{}", size.0, size.1), stage.text());
    }
    insta::assert_snapshot!("history_styles", opened((120, 36)).styles());
}

#[test]
fn what_was_done_from_here_is_said_once() {
    let stage = opened((120, 36));
    let text = stage.text();
    assert_eq!(stage.model.history.lines.len(), 4, "{text}");
    assert!(!text.contains("key mine"), "{text}");
    assert!(text.contains("key ci, curl"), "{text}");
}

#[test]
fn nothing_yet_loading_and_failed_differ() {
    let mut stage = Stage::with((80, 24), dozen());
    stage.press("5");
    assert!(stage.text().contains("reading the history"), "{}", stage.text());
    let ticket = ticket_of(&stage.effects, |wanted| *wanted == Wanted::History);
    let empty = Past { entries: Vec::new(), unreadable: 0, audit: Ok(Vec::new()) };
    answer(&mut stage, ticket, Ok(Found::History(empty)));
    insta::assert_snapshot!("history_empty", stage.text());

    let mut stage = Stage::with((80, 24), dozen());
    stage.press("5");
    let ticket = ticket_of(&stage.effects, |wanted| *wanted == Wanted::History);
    answer(&mut stage, ticket, Err(Failure::new(FailureKind::Other, "cannot read the journal: no permission")));
    insta::assert_snapshot!("history_failed", stage.text());
}

#[test]
fn a_log_that_the_server_does_not_show_is_said() {
    let mut stage = opened((120, 36));
    stage.tell(Message::Due(Timer::History));
    let ticket = ticket_of(&stage.effects, |wanted| *wanted == Wanted::History);
    let refused = Failure::new(FailureKind::Forbidden, "may not");
    answer(&mut stage, ticket, Ok(Found::History(Past { audit: Err(refused), ..past() })));
    assert!(stage.text().contains("! the server's own log cannot be read"), "{}", stage.text());
}

#[test]
fn the_filter_finds_people_and_things() {
    let mut stage = opened((120, 36));
    stage.press("/curl<enter>");
    assert_eq!(stage.model.history.lines.len(), 1, "{}", stage.text());
    stage.press("<esc>");
    assert_eq!(stage.model.history.lines.len(), 4, "{}", stage.text());
}

#[test]
fn the_cursor_stays_on_its_line_when_a_newer_one_comes() {
    let mut stage = opened((120, 36));
    stage.press("j");
    let before = stage.model.history.line().unwrap().id.clone();
    stage.tell(Message::Due(Timer::History));
    let ticket = ticket_of(&stage.effects, |wanted| *wanted == Wanted::History);
    let mut newer = past();
    newer.entries.insert(0, entry("0192-ffffffff", 1, repointed().0, None));
    answer(&mut stage, ticket, Ok(Found::History(newer)));
    assert_eq!(stage.model.history.line().unwrap().id, before);
}

#[test]
fn undo_shows_what_it_would_change_and_then_does_it() {
    for size in SIZES {
        let mut stage = Stage::with(size, dozen());
        asked(&mut stage, Ok(back().into()));
        insta::assert_snapshot!(format!("undo_{}x{}", size.0, size.1), stage.text());
    }
    let mut stage = Stage::with((120, 36), dozen());
    asked(&mut stage, Ok(back().into()));
    insta::assert_snapshot!("undo_styles", stage.styles());
    stage.press("<enter>");
    let (ticket, plan, undoes) = run_of(&stage.effects);
    assert_eq!((plan, undoes), (back().into(), Some(PlanId::new("0192-aaaaaaaa"))));
    stage.tell(Message::Report { ticket, answer: Box::new(Ok(report(vec![done(&glm())]))) });
    assert!(stage.model.overlays.is_empty());
    assert!(stage.text().contains("undone, by re-point my-org/glm-5.2"), "{}", stage.text());
}

#[test]
fn escape_takes_nothing_back() {
    let mut stage = Stage::with((120, 36), dozen());
    asked(&mut stage, Ok(back().into()));
    stage.press("<esc>");
    assert!(stage.model.overlays.is_empty());
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Run { .. })));
}

#[test]
fn what_somebody_changed_since_is_not_taken_back() {
    let mut stage = Stage::with((120, 36), dozen());
    let reasons = vec!["my-org/glm-5.2: somebody changed the endpoint since".to_owned()];
    asked(&mut stage, Err(Refusal { reasons }));
    assert!(stage.model.overlays.is_empty());
    let text = stage.text();
    assert!(text.contains("not taken back"), "{text}");
    assert!(text.contains("my-org/glm-5.2: somebody"), "{text}");
}

#[test]
fn in_the_history_the_selected_entry_is_taken_back_and_the_servers_rows_never() {
    let mut stage = opened((120, 36));
    stage.press("u");
    ticket_of(&stage.effects, |wanted| *wanted == Wanted::WayBack(Aim::Entry(PlanId::new("0192-aaaaaaaa"))));
    stage.press("ju");
    assert!(stage.effects.iter().all(|effect| !matches!(effect, Effect::Read { .. })), "{:?}", stage.effects);
    assert!(stage.text().contains("only what was done from this machine"), "{}", stage.text());
}

#[test]
fn a_protected_context_asks_for_the_name() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.model.shared.contexts[0].is_protected = true;
    asked(&mut stage, Ok(back().into()));
    stage.press("<enter>");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Run { .. })));
    stage.press("my-org/glm-5.2<enter>");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Run { is_confirmed: true, .. })));
}

#[test]
fn a_plan_that_stopped_says_where_and_goes_on_when_told() {
    let other = endpoint("glm-5.2-eu", Target::baseten("7mP2wqe", None), 600);
    let second = Change::repoint(&other, Target::baseten("3kZ9xqd", None));
    let mut stage = Stage::with((120, 36), dozen());
    asked(&mut stage, Ok(Plan::new([back(), second.clone()])));
    stage.press("<enter>");
    let (ticket, plan, _) = run_of(&stage.effects);
    stage.tell(Message::Progress { ticket, progress: Progress::Item { index: 0, step: Step::Checking } });
    assert!(stage.text().contains("reading it again"), "{}", stage.text());
    stage.press("<esc>");
    assert!(stage.effects.contains(&Effect::Cancel(ticket)));
    let version = |model| Version::Endpoint {
        content: (&Endpoint { targets: vec![Target::baseten(model, None)], ..glm() }).into(),
        updated_at: None,
    };
    let conflict =
        Conflict { base: version("7mP2wqe"), theirs: version("9aa1bcd"), mine: version("3kZ9xqd"), write_mine: None };
    assert_eq!(plan.changes().len(), 2);
    let outcomes = vec![Outcome::Conflict(Box::new(conflict)), Outcome::NotTried];
    stage.tell(Message::Report { ticket, answer: Box::new(Ok(report(outcomes))) });
    insta::assert_snapshot!("undo_stopped", stage.text());
    stage.press("<enter><enter>");
    assert_eq!(run_of(&stage.effects).1, second.into());
}

#[test]
fn a_change_that_is_in_effect_is_noted_in_the_journal() {
    let mut stage = Stage::with((120, 36), dozen());
    asked(&mut stage, Ok(back().into()));
    stage.press("<enter>");
    let (ticket, ..) = run_of(&stage.effects);
    let written = Endpoint { updated_at: now(), ..glm() };
    stage.tell(Message::Report { ticket, answer: Box::new(Ok(report(vec![done(&written)]))) });
    stage.tell(Message::Now(now().plus(Duration::from_secs(41))));
    stage.answer_sync();
    let noted = stage.effects.iter().any(|effect| matches!(effect, Effect::Note(_)));
    assert!(noted, "{:?}", stage.effects);
}

#[test]
fn the_whole_entry_can_be_read() {
    let mut stage = opened((80, 24));
    stage.press("<enter>");
    assert!(matches!(stage.model.overlays.last(), Some(Overlay::Reader(_))));
    insta::assert_snapshot!("history_entry", stage.text());
}
