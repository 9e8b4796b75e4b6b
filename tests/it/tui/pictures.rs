//! Snapshots of every screen and state: what stands there at three sizes, and how it looks at one.

use std::time::Duration;

use insta::assert_snapshot;
use repoint::api::{Endpoint, Slug, Target};
use repoint::plan::Outcome;
use repoint::plan::guard::{Verdict, compare_endpoint};
use repoint::tui::app::Model;
use repoint::tui::effect::{Effect, Timer};
use repoint::tui::load::{Failure, FailureKind};
use repoint::tui::message::{GatewayEvent, Message};
use repoint::tui::screens::endpoints::columns::Column;
use repoint::tui::session::Shared;
use repoint::tui::theme::signs::Signs;
use repoint::tui::theme::{Depth, Theme};
use repoint::tui::wanted::{Found, Rights, Wanted};

use super::setting::at;
use crate::screens::stage::{SIZES, Stage, dozen, endpoint, now};

/// Takes a picture at each size, and of the styles at the middle one.
fn pictures(name: &str, set: impl Fn(u16, u16) -> Stage) {
    for (columns, rows) in SIZES {
        let stage = set(columns, rows);
        assert_snapshot!(format!("{name}_{columns}x{rows}"), stage.text());
        if columns == 120 {
            assert_snapshot!(format!("{name}_styles"), stage.styles());
        }
    }
}

fn failure() -> Failure {
    Failure::new(FailureKind::Unauthorized, "the server does not know the key (401)").hint("check REPOINT_API_KEY")
}

#[test]
fn list_and_detail() {
    pictures("endpoints", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.press("jjjjjj");
        stage
    });
}

#[test]
fn the_detail_over_the_list() {
    let mut stage = at(80, 24);
    stage.press("jjjjjj<enter>");
    assert_snapshot!(stage.text());
}

#[test]
fn the_list_is_being_read() {
    pictures("loading", |columns, rows| Stage::opened((columns, rows)));
}

#[test]
fn there_are_no_endpoints() {
    pictures("empty", |columns, rows| Stage::with((columns, rows), Vec::new()));
}

#[test]
fn the_first_reading_failed() {
    pictures("failed", |columns, rows| {
        let mut stage = Stage::opened((columns, rows));
        stage.answer_sync();
        let ticket = stage.model.endpoints.reading.expect("asked");
        stage.tell(Message::Page { ticket, answer: Err(failure()) });
        stage
    });
}

#[test]
fn in_ascii_nothing_else_reaches_the_terminal() {
    let mut stage = at(120, 36);
    stage.model.shared.theme.signs = Signs::Ascii;
    stage.model.shared.keymap.is_in_words = true;
    for keys in ["", "r", "<esc>2", "1?", "<esc>:board", "<esc>@", "<esc>n", "<esc>d"] {
        stage.press(keys);
        assert!(stage.text().is_ascii(), "{keys}\n{}", stage.text());
    }
    stage.press("<esc>");
    assert_snapshot!("ascii_endpoints", stage.text());
    stage.press("2");
    assert_snapshot!("ascii_board", stage.text());
}

#[test]
fn a_screen_reader_gets_words_and_one_pane_at_a_time() {
    let mut stage = at(120, 36);
    stage.model.shared.theme.signs = Signs::Words;
    stage.model.shared.keymap.is_in_words = true;
    stage.tell(Message::Resized(120, 36));
    assert_snapshot!("words_endpoints", stage.text());
    stage.press("jjjjj<enter>");
    assert_snapshot!("words_detail", stage.text());
    stage.press("<esc>r");
    stage.answer_impact();
    assert_snapshot!("words_repoint", stage.text());
    stage.press("<esc>?");
    assert_snapshot!("words_help", stage.text());
    let drawn = |text: &str| text.chars().any(|sign| ('\u{2500}'..='\u{259f}').contains(&sign));
    assert!(!drawn(&stage.text()));
}

#[test]
fn columns_are_chosen() {
    let mut stage = at(200, 50);
    stage.model.shared.columns = vec![Column::Slug, Column::Provider, Column::Target, Column::Id, Column::Created];
    stage.press("ss");
    assert_snapshot!(stage.text().lines().take(10).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_data_is_stale() {
    pictures("stale", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.tell(Message::Due(Timer::Sync));
        let ticket = stage.model.shared.sync.waiting.expect("asked");
        stage.tell(Message::Now(now().plus(Duration::from_secs(8))));
        let failure = Failure::new(FailureKind::Unreachable, "127.0.0.1:8787 refused the connection");
        stage.tell(Message::Sync { ticket, answer: Err(failure) });
        stage
    });
}

#[test]
fn a_filter_narrows() {
    pictures("filter", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.press("/glm");
        stage
    });
}

#[test]
fn the_picker_of_a_re_point() {
    pictures("repoint", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.press("/glm-5.2<enter>r");
        stage.answer_impact();
        stage.press("fp4");
        stage
    });
}

#[test]
fn a_re_point_is_confirmed() {
    pictures("confirm", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.press("/glm-5.2<enter>r");
        stage.answer_impact();
        stage.press("<enter>");
        stage
    });
}

#[test]
fn a_protected_context_asks_for_the_slug() {
    let mut stage = at(120, 36);
    stage.model.shared.contexts[0].is_protected = true;
    stage.press("/glm-5.2<enter>r<enter>my-org/");
    assert_snapshot!("protected", stage.text());
    assert_snapshot!("protected_styles", stage.styles());
}

#[test]
fn a_form() {
    pictures("form", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.press("nglm-5.2<tab><tab><tab>glm");
        stage
    });
}

#[test]
fn a_deletion_is_asked_about() {
    pictures("delete", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.press("d");
        stage.answer_impact();
        stage
    });
}

#[test]
fn a_conflict() {
    pictures("conflict", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.press("/glm-5.2<enter>r<enter><enter>");
        let (_, plan) = stage.plan().expect("written");
        let before = dozen().remove(0);
        let theirs = Endpoint { targets: vec![Target::baseten("9aa1bcd", None)], updated_at: now(), ..before };
        let Verdict::Conflict(conflict) = compare_endpoint(&plan.changes()[0], Some(&theirs)) else {
            panic!("no conflict")
        };
        stage.end_plan(vec![Outcome::Conflict(conflict)]);
        stage
    });
}

#[test]
fn the_help() {
    pictures("help", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.press("?");
        stage
    });
}

#[test]
fn what_can_be_copied() {
    let mut stage = at(120, 36);
    stage.press("y<down><down><down><down>");
    assert_snapshot!(stage.text());
}

#[test]
fn the_endpoint_as_json() {
    let mut stage = at(80, 24);
    stage.press("o");
    assert_snapshot!(stage.text());
}

#[test]
fn the_contexts() {
    let mut stage = at(80, 24);
    stage.press("c<down>");
    assert_snapshot!(stage.text());
}

#[test]
fn the_gateway_runs() {
    pictures("gateway", |columns, rows| {
        let mut stage = at(columns, rows);
        stage.tell(Message::Gateway(GatewayEvent::Ready {
            management_url: "http://127.0.0.1:8787".to_owned(),
            inference_url: "http://127.0.0.1:8788".to_owned(),
            pid: 4711,
            was_running: false,
        }));
        stage.answer_sync_at(9, 7);
        for line in ["INFO listening on 127.0.0.1:8787", "WARN a request took long", "ERROR the disk is full"] {
            stage.tell(Message::Gateway(GatewayEvent::Line(format!("2026-11-22T13:30:02Z {line}"))));
        }
        stage.press("6");
        stage
    });
}

#[test]
fn the_gateway_has_ended() {
    let mut stage = at(120, 36);
    let how = "it ended with exit code 101".to_owned();
    stage.tell(Message::Gateway(GatewayEvent::Ended { was_asked: false, how }));
    stage.press("6");
    assert_snapshot!(stage.text());
}

#[test]
fn the_welcome_screen() {
    pictures("welcome", |columns, rows| {
        let mut stage = Stage::opened((columns, rows));
        let contexts = stage.model.shared.contexts.clone();
        let mut shared = Shared::new(now(), (columns, rows), Theme::new(Depth::True));
        shared.contexts = contexts;
        stage.model = Model::new(shared);
        stage
    });
}

#[test]
fn an_address_and_a_key_are_typed() {
    let mut stage = Stage::opened((80, 24));
    stage.model = Model::new(Shared::new(now(), (80, 24), Theme::new(Depth::True)));
    stage.press("<enter>gateway<enter>");
    assert_snapshot!("welcome_wrong_address", stage.text());
    stage.press("<backspace><backspace><backspace><backspace><backspace><backspace><backspace>https://gw.example<enter>secret-key-0123456789");
    assert_snapshot!("welcome_key", stage.text());
    assert!(!stage.text().contains("secret"), "a key is never shown");
    stage.press("<enter>");
    assert!(matches!(stage.effects.first(), Some(Effect::OpenTyped { url, .. }) if url == "https://gw.example"));
    assert!(!format!("{:?}", stage.effects).contains("secret"), "nor printed");
}

#[test]
fn what_a_typed_key_may_read_is_said() {
    let mut stage = Stage::opened((120, 36));
    let info = repoint::tui::session::ContextInfo {
        name: "gw.example".to_owned(),
        address: "https://gw.example".to_owned(),
        ..stage.model.shared.contexts[0].clone()
    };
    let ticket = stage.model.shared.ticket();
    stage.model.shared.opening = Some(ticket);
    let opened = repoint::tui::message::Opened { context: None, info };
    stage.tell(Message::Opened { ticket, answer: Ok(opened) });
    let asked = stage.effects.iter().find_map(|effect| match effect {
        Effect::Read { ticket, wanted: Wanted::Rights } => Some(*ticket),
        _ => None,
    });
    let refused = Failure::new(FailureKind::Forbidden, "this key may not read groups");
    let rights =
        Rights { who: Some("ada@acme.dev, workspace acme".to_owned()), endpoints: Ok(()), groups: Err(refused) };
    stage.tell(Message::Found { ticket: asked.unwrap(), found: Box::new(Ok(Found::Rights(rights))) });
    let text = stage.text();
    assert!(text.contains("connected as ada@acme.dev, workspace acme"), "{text}");
    assert!(text.contains("the key may read endpoints, and no groups"), "{text}");
}

#[test]
fn there_is_not_enough_room() {
    assert_snapshot!("too_small", at(50, 12).text());
}

#[test]
fn wide_and_hostile_names_stay_in_their_columns() {
    pictures("names", |columns, rows| {
        let mut rows_of = vec![
            endpoint("日本語モデルの名前", Target::baseten("3kZ9xqd", None), 90_000),
            endpoint("e\u{301}cole-combining", Target::baseten("3kZ9xqd", None), 90_000),
            endpoint("👩\u{200d}🔬-lab-🚀", Target::baseten("3kZ9xqd", None), 90_000),
            endpoint("evil\u{1b}[31m\u{202e}desrever", Target::baseten("3kZ9xqd", None), 90_000),
            endpoint(&"long-".repeat(40), Target::baseten("3kZ9xqd", None), 90_000),
        ];
        rows_of[0].slug = Slug::from_wire("組織/日本語モデルの名前");
        Stage::with((columns, rows), rows_of)
    });
}

#[test]
fn nothing_is_lost_without_colours() {
    let mut stage = at(120, 36);
    stage.model.shared.theme = Theme::new(Depth::None);
    stage.press("jjjjjj");
    assert_snapshot!("no_color_styles", stage.styles());
    stage.model.shared.theme = Theme::new(Depth::Sixteen);
    assert_snapshot!("sixteen_styles", stage.styles());
}
