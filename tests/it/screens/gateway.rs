use std::time::Duration;

use repoint::api::{FaultKind, FaultList, GatewayStatus, LatencyStatus, OpenStatus, Slug, StoreStatus, Target, Totals};
use repoint::plan::{Change, EndpointContent, Plan};
use repoint::tui::effect::{Effect, Refill, Timer};
use repoint::tui::faults::{Kind, Switch};
use repoint::tui::load::{Failure, FailureKind, Ticket};
use repoint::tui::message::{GatewayEvent, Message};
use repoint::tui::theme::{Depth, Theme};
use repoint::tui::wanted::{Found, GatewayWell, Wanted};
use serde_json::json;

use super::stage::{SIZES, Stage, dozen, now, seconds_ago};

#[test]
fn what_calls_the_gateway_is_copied_without_any_key() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("6y");
    assert!(stage.text().contains("the local gateway does not run"), "{}", stage.text());
    stage.tell(Message::Gateway(GatewayEvent::Ready {
        management_url: "http://127.0.0.1:8787".to_owned(),
        inference_url: "http://127.0.0.1:8788".to_owned(),
        pid: 4711,
        was_running: false,
    }));
    stage.press("y");
    let wanted = "export OPENAI_BASE_URL=http://127.0.0.1:8788/v1\nexport OPENAI_API_KEY=key-of-a-group\n\
        export ANTHROPIC_BASE_URL=http://127.0.0.1:8788\nexport ANTHROPIC_AUTH_TOKEN=key-of-a-group\n";
    let copied = stage.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(copied, Some(wanted));
    assert!(stage.text().contains("put in a key of a group"), "{}", stage.text());
}

fn process() -> GatewayEvent {
    GatewayEvent::Ready {
        management_url: "http://127.0.0.1:8787".to_owned(),
        inference_url: "http://127.0.0.1:8788".to_owned(),
        pid: 4711,
        was_running: false,
    }
}

/// How it is, after so many answers.
fn status(answers: u64) -> GatewayStatus {
    let wave = [3, 8, 14, 20, 17, 9, 4, 2];
    let count: u64 = (0..answers).map(|answer| wave[usize::try_from(answer % 8).unwrap()]).sum();
    GatewayStatus {
        version: "0.1.0".to_owned(),
        started_at: seconds_ago(3_600),
        store: StoreStatus {
            directory: Some("/home/ada/.local/share/repoint/gateway".to_owned()),
            bytes: 1_482_752,
            endpoints: 12,
            groups: 7,
            keys: 9,
            events: 12_345,
            dead_letters: 0,
        },
        open: OpenStatus { requests: 5, streams: answers % 5, connections: 8 },
        totals: Totals {
            requests: count * 10,
            errors: count / 9,
            limited: count / 20,
            tokens: count * 900,
            upstream_connects: 12,
            lost: 0,
        },
        latency: Some(LatencyStatus { p50_ms: 84.0, p99_ms: 1_240.0 }),
        memory_bytes: Some(14_200_000 + answers * 1_000),
        problems: Vec::new(),
    }
}

fn faults() -> FaultList {
    serde_json::from_value(json!({"faults": [
        {"model": "3kZ9xqd", "kind": "latency", "delay_ms": 300, "share": 0.1, "hits": 42,
         "expires_at": now().plus(Duration::from_secs(41))},
        {"model": "7mP2wqe/staging", "kind": "down"},
    ]}))
    .unwrap()
}

fn ask(stage: &Stage) -> Ticket {
    stage.model.gateway.figures.status.waiting.unwrap_or_else(|| panic!("nothing was asked in {:?}", stage.effects))
}

fn answer(stage: &mut Stage, found: Result<Found, Failure>) {
    let ticket = ask(stage);
    stage.tell(Message::Found { ticket, found: Box::new(found) });
}

fn well(answers: u64) -> Found {
    Found::GatewayWell(Box::new(GatewayWell { status: status(answers), faults: faults() }))
}

/// The tab after a minute of answers.
fn busy(size: (u16, u16)) -> Stage {
    let mut stage = Stage::with(size, dozen());
    stage.tell(Message::Gateway(process()));
    for line in [
        "2026-11-22T13:29:21.108198Z  INFO synced revision=6 endpoints=12",
        "2026-11-22T13:29:40.000000Z  WARN the upstream of my-org/gpt answered 503",
        "2026-11-22T13:29:52.000000Z ERROR the webhook refused a delivery status=401",
        "2026-11-22T13:30:02.113789Z  INFO synced revision=7 endpoints=12",
    ] {
        stage.tell(Message::Gateway(GatewayEvent::Line(line.to_owned())));
    }
    stage.press("6");
    for answers in 0..30 {
        stage.tell(Message::Now(seconds_ago(60 - 2 * answers)));
        answer(&mut stage, Ok(well(answers)));
        stage.tell(Message::Due(Timer::GatewayFigures));
    }
    stage.tell(Message::Now(now()));
    stage
}

#[test]
fn the_gateway_is_shown_at_every_size() {
    for (columns, rows) in SIZES {
        let stage = busy((columns, rows));
        insta::assert_snapshot!(format!("gateway_{columns}x{rows}"), stage.text());
    }
    let mut stage = busy((80, 24));
    stage.press("<tab>");
    insta::assert_snapshot!("gateway_faults_80x24", stage.text());
    stage.press("<tab>");
    insta::assert_snapshot!("gateway_figures_80x24", stage.text());
}

#[test]
fn what_is_on_and_what_is_wrong_stands_out_with_and_without_colour() {
    let mut stage = busy((120, 36));
    stage.press("<tab>jj");
    insta::assert_snapshot!("gateway_styles", stage.styles());
    stage.model.shared.theme = Theme::new(Depth::None);
    insta::assert_snapshot!("gateway_styles_no_color", stage.styles());
}

#[test]
fn figures_are_asked_for_while_the_tab_is_looked_at_and_no_longer() {
    let mut stage = busy((120, 36));
    answer(&mut stage, Ok(well(31)));
    let delay = Duration::from_secs(2);
    assert!(stage.effects.contains(&Effect::After { timer: Timer::GatewayFigures, delay }), "{:?}", stage.effects);
    stage.press("1");
    stage.tell(Message::Due(Timer::GatewayFigures));
    assert_eq!(stage.model.gateway.figures.status.waiting, None);
    stage.press("6");
    ask(&stage);
}

#[test]
fn waiting_failed_stale_and_another_server_are_different_screens() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("6");
    assert!(stage.text().contains("asking how it is"), "{}", stage.text());
    answer(&mut stage, Err(Failure::new(FailureKind::NotFound, "nothing at /repoint/v1/status")));
    insta::assert_snapshot!("gateway_not_ours", stage.text());
    assert!(stage.effects.iter().all(|effect| !matches!(effect, Effect::After { .. })), "{:?}", stage.effects);
    let mut stage = busy((120, 36));
    answer(&mut stage, Err(Failure::new(FailureKind::Unreachable, "127.0.0.1:8787 does not answer")));
    assert!(stage.text().contains("stale, read 2 s ago"), "{}", stage.text());
    let again = stage.effects.iter().find(|effect| matches!(effect, Effect::After { .. }));
    assert_eq!(again, Some(&Effect::After { timer: Timer::GatewayFigures, delay: Duration::from_secs(5) }));
}

fn switched(stage: &Stage) -> (Ticket, Switch) {
    let switched = stage.effects.iter().find_map(|effect| match effect {
        Effect::SwitchFault { ticket, switch } => Some((*ticket, switch.clone())),
        _ => None,
    });
    switched.unwrap_or_else(|| panic!("nothing was switched in {:?}", stage.effects))
}

#[test]
fn a_fault_is_switched_on_and_off_where_the_cursor_is() {
    let mut stage = busy((120, 36));
    stage.press("<tab>jll ");
    let (ticket, switch) = switched(&stage);
    let Switch::Set { model, kind: Kind::Error, fault: Some(fault) } = &switch else { panic!("{switch:?}") };
    assert_eq!((model.as_str(), fault.share), ("3kZ9xqd", 1.0));
    stage.press(" ");
    assert!(stage.effects.is_empty(), "one at a time: {:?}", stage.effects);
    stage.tell(Message::Switched { ticket, answer: Ok(switch.apply(faults())) });
    assert!(stage.text().contains("5xx: answers are 503; every request, until it is switched"), "{}", stage.text());
    stage.press("hh ");
    let (ticket, switch) = switched(&stage);
    assert!(matches!(&switch, Switch::Set { kind: Kind::Slow, fault: None, .. }), "{switch:?}");
    let failure = Failure::new(FailureKind::Unreachable, "127.0.0.1:8787 does not answer");
    stage.tell(Message::Switched { ticket, answer: Err(failure) });
    assert!(stage.text().contains("does not answer"), "{}", stage.text());
    stage.press("0");
    assert_eq!(switched(&stage).1, Switch::AllOff);
}

#[test]
fn how_much_of_a_fault_is_typed_and_what_makes_no_sense_is_marked() {
    let mut stage = busy((120, 36));
    stage.press("<tab>j<enter>");
    insta::assert_snapshot!("gateway_fault_form", stage.text());
    let clear = "<backspace><backspace><backspace>";
    stage.press(&format!("{clear}x<enter><enter><enter>"));
    assert!(stage.text().contains("✗ a whole number from 1 to 3600000"), "{}", stage.text());
    stage.press(&format!("{clear}750<down>{clear}12.5<down>60<f2>"));
    assert!(stage.text().contains("/repoint/v1/faults"), "{}", stage.text());
    stage.press("<esc><enter>");
    let (_, Switch::Set { model, kind, fault: Some(fault) }) = switched(&stage) else { panic!("{:?}", stage.effects) };
    assert_eq!((model.as_str(), kind, fault.kind), ("3kZ9xqd", Kind::Slow, FaultKind::Latency { delay_ms: 750 }));
    assert_eq!((fault.share, fault.expires_in_seconds), (0.125, Some(60)));
}

#[test]
fn the_log_is_narrowed_by_level_and_words() {
    let mut stage = busy((120, 36));
    stage.press("v");
    assert!(stage.text().contains("Log  2 of 4 lines  warnings and errors"), "{}", stage.text());
    assert!(!stage.text().contains("synced"), "{}", stage.text());
    stage.press("vv/Synced 7<enter>");
    assert!(stage.text().contains("Log  1 of 4 lines"), "{}", stage.text());
    stage.press("<esc>");
    assert!(stage.text().contains("Log  4 lines"), "{}", stage.text());
}

#[test]
fn everything_is_thrown_away_only_where_the_word_was_typed() {
    let mut stage = busy((120, 36));
    stage.press("X");
    insta::assert_snapshot!("gateway_reset", stage.text());
    stage.press("rest<enter>");
    assert!(stage.effects.is_empty() && stage.text().contains("✗ type reset"), "{}", stage.text());
    stage.press("<backspace><backspace>set<tab><enter>");
    assert_eq!(stage.effects, [Effect::ResetGateway { refill: Refill::Workspace }]);
    stage.press("X<esc>");
    assert!(stage.model.gateway.reset.is_none() && stage.effects.is_empty());
}

#[test]
fn what_was_started_elsewhere_is_not_thrown_away() {
    let mut stage = busy((120, 36));
    let GatewayEvent::Ready { management_url, inference_url, pid, .. } = process() else { unreachable!() };
    let ready = GatewayEvent::Ready { management_url, inference_url, pid, was_running: true };
    stage.tell(Message::Gateway(ready));
    stage.press("X");
    assert!(stage.model.gateway.reset.is_none());
    assert!(stage.text().contains("it was started elsewhere: reset it there"), "{}", stage.text());
}

#[test]
fn the_demo_comes_back_as_a_plan_that_is_shown_first() {
    let mut stage = busy((120, 36));
    stage.press("D");
    let ticket = stage.effects.iter().find_map(|effect| match effect {
        Effect::Read { ticket, wanted: Wanted::Demo } => Some(*ticket),
        _ => None,
    });
    let ticket = ticket.unwrap_or_else(|| panic!("{:?}", stage.effects));
    let content = EndpointContent {
        slug: Slug::from_wire("my-org/kimi-k3"),
        region: None,
        targets: vec![Target::baseten("3kZ9xqd", None)],
    };
    let plan = Plan::new(vec![Change::create(content)]);
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::Demo(plan))) });
    insta::assert_snapshot!("gateway_demo", stage.text());
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Run { .. })), "{:?}", stage.effects);
    stage.press("<esc>D");
    let ticket = stage.model.seeking.unwrap();
    stage.tell(Message::Found { ticket, found: Box::new(Ok(Found::Demo(Plan::new(Vec::new())))) });
    assert!(stage.text().contains("the demo is all there, and as it was"), "{}", stage.text());
}

#[test]
fn another_context_shows_nothing_of_this_one() {
    let mut stage = busy((120, 36));
    stage.model.gateway.forget();
    assert!(!stage.text().contains("12345") && stage.model.gateway.faults.list.is_none());
}
