use std::time::Duration;

use repoint::api::{
    EndpointId, Event, EventTokens, GroupId, KeyPrefix, Provider, RequestReport, Slug, Target, Time, Unknown,
};
use repoint::tui::effect::Effect;
use repoint::tui::load::{Failure, FailureKind, Ticket};
use repoint::tui::message::Message;
use repoint::tui::screens::traffic::KEPT_MAX;
use repoint::tui::theme::{Depth, Theme};
use repoint::tui::traffic::{Collector, News, Passed, Since, Source};

use super::stage::{SIZES, Stage, dozen, now, seconds_ago};

pub(super) fn report(number: u64, time: Time) -> RequestReport {
    let targets = [
        ("my-org/glm-5.2", Target::baseten("3kZ9xqd", None)),
        ("my-org/claude", Target::external(Provider::Anthropic, "sec1", "claude-sonnet-4-5")),
        ("my-org/glm-5.2-canary", Target::baseten("7mP2wqe", Some("staging"))),
    ];
    let (slug, target) = targets[usize::try_from(number % 7 % 3).unwrap()].clone();
    let (status, outcome) = match number % 23 {
        11 => (502, "upstream_failed"),
        17 => (429, "limited"),
        _ => (200, "complete"),
    };
    RequestReport {
        request_id: format!("{number:032x}"),
        time,
        path: "/v1/chat/completions".to_owned(),
        status,
        outcome: outcome.to_owned(),
        slug: Slug::from_wire(slug),
        endpoint_id: Some(EndpointId::new("e1")),
        target: Some(target),
        revision: 7,
        group_id: Some(GroupId::new("g1")),
        external_entity_id: Some(["cust_acme", "cust_globex"][usize::try_from(number % 2).unwrap()].to_owned()),
        api_key_prefix: Some(KeyPrefix::new(
            ["sky_sCqhBwEy4kPd", "sky_7hQpLm2xWz9a"][usize::try_from(number % 2).unwrap()],
        )),
        tokens: EventTokens { input_tokens: 12 + number % 30, output_tokens: 40 + number % 90, cached_input_tokens: 0 },
        tokens_are_estimated: false,
        is_stream: true,
        latency_ms: 80.0 + f64::from(u32::try_from(number * 37 % 400).unwrap()),
        upstream_ms: (status == 200).then_some(30.0),
        first_byte_ms: (status == 200).then_some(40.0),
        limit: (outcome == "limited").then(|| "REQUEST per MINUTE of g1".to_owned()),
    }
}

/// Requests of the last two minutes, more and more of them.
fn course() -> Vec<Passed> {
    let mut passed = Vec::new();
    for ago in (1..=120).rev() {
        for each in 0..(3 + (120 - ago) / 30 + ago % 3) {
            passed.push(Passed::Report(Box::new(report(ago * 10 + each, seconds_ago(ago)))));
        }
    }
    passed
}

fn batch(passed: Vec<Passed>) -> News {
    let mut collector = Collector::default();
    for each in passed {
        collector.add(each);
    }
    News::Passed(Box::new(collector.take()))
}

fn watch(stage: &Stage) -> Ticket {
    let watch = stage.effects.iter().find_map(|effect| match effect {
        Effect::WatchTraffic { ticket } => Some(*ticket),
        _ => None,
    });
    watch.unwrap_or_else(|| panic!("nothing is watched in {:?}", stage.effects))
}

fn tell(stage: &mut Stage, ticket: Ticket, news: News) {
    stage.tell(Message::Traffic { ticket, news: Box::new(news) });
}

fn begun(size: (u16, u16)) -> (Stage, Ticket) {
    let mut stage = Stage::with(size, dozen());
    stage.press("4");
    let ticket = watch(&stage);
    tell(&mut stage, ticket, News::Begun { source: Source::Live, since: Since::Start });
    (stage, ticket)
}

fn busy(size: (u16, u16)) -> (Stage, Ticket) {
    let (mut stage, ticket) = begun(size);
    let course = course();
    // As a watcher does it: in batches that are small enough to be kept whole.
    for part in course.chunks(Collector::KEPT_MAX) {
        tell(&mut stage, ticket, batch(part.to_vec()));
    }
    (stage, ticket)
}

#[test]
fn traffic_is_shown_at_every_size() {
    for (columns, rows) in SIZES {
        let (stage, _) = busy((columns, rows));
        insta::assert_snapshot!(format!("traffic_{columns}x{rows}"), stage.text());
    }
}

#[test]
fn each_chart_has_its_axes() {
    let (mut stage, _) = busy((120, 36));
    stage.press("v");
    insta::assert_snapshot!("traffic_latency", stage.text());
    stage.press("v");
    assert!(stage.text().contains("Tokens a second"), "{}", stage.text());
    stage.press("v");
    assert!(stage.text().contains("Requests a second"), "{}", stage.text());
    let (mut stage, _) = busy((80, 24));
    stage.press("vvv");
    insta::assert_snapshot!("traffic_slugs_80x24", stage.text());
}

#[test]
fn errors_stand_out_with_and_without_colour() {
    let (mut stage, _) = busy((120, 36));
    insta::assert_snapshot!("traffic_styles", stage.styles());
    stage.model.shared.theme = Theme::new(Depth::None);
    insta::assert_snapshot!("traffic_styles_no_color", stage.styles());
}

#[test]
fn waiting_empty_failed_and_broken_are_different_screens() {
    let mut stage = Stage::with((80, 24), dozen());
    stage.press("4");
    assert!(stage.text().contains("asking for the requests"), "{}", stage.text());
    let ticket = watch(&stage);
    let failure = || Failure::new(FailureKind::Forbidden, "the key may not see requests").hint("use another");
    tell(&mut stage, ticket, News::Broken { failure: failure(), again_in: Duration::from_secs(4) });
    insta::assert_snapshot!("traffic_failed", stage.text());
    tell(&mut stage, ticket, News::Begun { source: Source::Live, since: Since::Start });
    insta::assert_snapshot!("traffic_empty", stage.text());
    tell(&mut stage, ticket, batch(course()));
    tell(&mut stage, ticket, News::Broken { failure: failure(), again_in: Duration::from_secs(4) });
    let text = stage.text();
    assert!(text.contains("broken off, heard now, next try in 4 s") && text.contains("my-org/glm-5.2"), "{text}");
}

#[test]
fn nothing_is_watched_unless_it_is_looked_at() {
    let (mut stage, ticket) = busy((120, 36));
    stage.tell(Message::Focused(false));
    assert!(stage.effects.contains(&Effect::Cancel(ticket)), "{:?}", stage.effects);
    // What was on its way is late.
    let seen = stage.model.traffic.seen;
    tell(&mut stage, ticket, batch(course()));
    assert_eq!(stage.model.traffic.seen, seen);
    stage.tell(Message::Focused(true));
    let ticket = watch(&stage);
    stage.press("1");
    assert!(stage.effects.contains(&Effect::Cancel(ticket)), "{:?}", stage.effects);
    stage.press("4");
    let ticket = watch(&stage);
    stage.press("R");
    assert!(stage.effects.contains(&Effect::Cancel(ticket)), "{:?}", stage.effects);
    assert_ne!(watch(&stage), ticket);
}

#[test]
fn a_filter_narrows_the_list_and_its_figures() {
    let (mut stage, _) = busy((120, 36));
    let all = stage.model.traffic.rows.len();
    stage.press("/slug:canary<enter>");
    assert!(stage.model.traffic.rows.iter().all(|row| row.slug().as_str() == "my-org/glm-5.2-canary"));
    assert!(stage.model.traffic.narrowed.is_none());
    stage.press("/ status:error group:acme<enter>");
    let rows = &stage.model.traffic.rows;
    assert!(!rows.is_empty() && rows.iter().all(|row| row.is_error() && row.group() == Some("cust_acme")));
    insta::assert_snapshot!("traffic_filtered", stage.text());
    stage.press("<esc>/key:7hQp status:4xx<enter>");
    assert!(stage.model.traffic.rows.iter().all(|row| row.status() == Some(429)));
    stage.press("<esc>/status:teapot<enter>");
    assert!(stage.text().contains("No request matches the filter"), "{}", stage.text());
    stage.press("<esc>");
    assert_eq!(stage.model.traffic.rows.len(), all);
}

#[test]
fn a_paused_list_stands_still_and_counts_what_it_does_not_show() {
    let (mut stage, ticket) = busy((120, 36));
    stage.press("j");
    let selected = stage.model.traffic.request().unwrap().id().to_owned();
    let newer: Vec<Passed> = (0..30).map(|each| Passed::Report(Box::new(report(100_000 + each, now())))).collect();
    tell(&mut stage, ticket, batch(newer));
    assert_eq!(stage.model.traffic.request().unwrap().id(), selected);
    assert!(stage.text().contains("paused, 30 newer"), "{}", stage.text());
    stage.press(" ");
    assert_eq!(stage.model.traffic.request().unwrap().id(), format!("{:032x}", 100_029));
    assert!(stage.text().contains("● live"), "{}", stage.text());
}

#[test]
fn a_request_shows_its_way_through_the_phases() {
    let (mut stage, _) = begun((120, 36));
    let ticket = stage.model.traffic.watch.unwrap();
    for (number, name) in [(1, "complete"), (11, "failed"), (17, "limited")] {
        tell(&mut stage, ticket, batch(vec![Passed::Report(Box::new(report(number, now())))]));
        stage.press("<enter>");
        insta::assert_snapshot!(format!("traffic_journey_{name}"), stage.text());
        stage.press("<esc> ");
    }
}

#[test]
fn many_requests_are_sampled_and_that_is_said() {
    let (mut stage, ticket) = begun((120, 36));
    let many = (0..5_000).map(|each| Passed::Report(Box::new(report(each, seconds_ago(1))))).collect();
    tell(&mut stage, ticket, batch(many));
    let text = stage.text();
    assert!(text.contains("Requests  5000  1 of 32 shown, all counted"), "{text}");
    for _ in 0..20 {
        let more = (0..250).map(|each| Passed::Report(Box::new(report(each, now())))).collect();
        tell(&mut stage, ticket, batch(more));
    }
    assert_eq!(stage.model.traffic.rows.len(), KEPT_MAX);
    assert_eq!(stage.model.traffic.seen, 10_000);
}

#[test]
fn another_server_is_asked_for_its_events_and_says_so() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("4");
    let ticket = watch(&stage);
    let source = Source::Polled { every: Duration::from_secs(10) };
    tell(&mut stage, ticket, News::Begun { source, since: Since::Time(seconds_ago(300)) });
    let event = |number: u64| {
        Passed::Event(Box::new(Event {
            kind: "API_BILLING_USAGE".to_owned(),
            idempotency_key: format!("evt_{number}"),
            timestamp: seconds_ago(20 + number),
            request_id: format!("req{number}"),
            model_slug: Slug::from_wire("my-org/glm-5.2"),
            external_entity_id: "cust_acme".to_owned(),
            api_key_prefix: KeyPrefix::new("sky_sCqhBwEy4kPd"),
            tokens: EventTokens { input_tokens: 12, output_tokens: 48, cached_input_tokens: 4 },
            tokens_are_estimated: false,
            outcome: None,
            unknown: Unknown::new(),
        }))
    };
    tell(&mut stage, ticket, batch((0..9).rev().map(event).collect()));
    insta::assert_snapshot!("traffic_events", stage.text());
    stage.press("<enter>");
    assert!(stage.text().contains("neither its status nor its times"), "{}", stage.text());
}
