use repoint::tui::screens::board::Wish;

use super::stage::{SIZES, Stage, dozen, endpoint};
use repoint::api::{EndpointId, Target};
use repoint::tui::keymap::Action;

fn board(size: (u16, u16)) -> Stage {
    let mut stage = Stage::with(size, dozen());
    stage.press("2");
    stage
}

#[test]
fn every_slug_is_wired_to_its_target_at_every_size() {
    for (columns, rows) in SIZES {
        let stage = board((columns, rows));
        insta::assert_snapshot!(format!("board_{columns}x{rows}"), stage.text());
    }
}

#[test]
fn the_selected_wire_is_lit_and_a_waiting_one_stands_out() {
    insta::assert_snapshot!(board((80, 24)).styles());
}

#[test]
fn sorted_by_slug_the_wires_cross_and_stay_readable() {
    let mut stage = board((120, 36));
    stage.press("sss<down><down><down>");
    insta::assert_snapshot!(stage.text());
}

#[test]
fn grouped_by_provider_there_is_a_row_for_each() {
    let mut stage = board((120, 36));
    stage.press("v");
    insta::assert_snapshot!(stage.text());
}

#[test]
fn a_wire_is_picked_up_and_carried() {
    let mut stage = board((120, 36));
    stage.press("/canary<enter>r<down>");
    insta::assert_snapshot!(stage.text());
}

#[test]
fn a_filter_hides_what_does_not_match_and_escape_brings_it_back() {
    let mut stage = board((80, 24));
    stage.press("/glm<enter>");
    let text = stage.text();
    assert!(text.contains("Slugs  4 of 12") && !text.contains("my-org/grok"), "{text}");
    stage.press("<esc>");
    assert!(stage.text().contains("Slugs  12 "), "{}", stage.text());
}

#[test]
fn enter_goes_to_the_endpoint() {
    let mut stage = board((120, 36));
    stage.press("/canary<enter><enter>");
    assert_eq!(stage.model.endpoints.list.selected.as_ref().map(EndpointId::as_str), Some("id-glm-5.2-canary"));
    assert!(stage.text().contains("Endpoints  12"), "{}", stage.text());
}

#[test]
fn dropping_a_wire_where_it_was_changes_nothing() {
    let mut stage = board((120, 36));
    let model = &mut stage.model;
    let act = |model: &mut repoint::tui::app::Model, action| model.board.act(action, &model.endpoints, &model.shared);
    let targets = model.board.selected(&model.endpoints).unwrap().targets.clone();
    let home = model.board.nets.bay_place(&targets).unwrap();
    assert_eq!(act(model, Action::Repoint), None);
    let over = model.board.carrying.as_ref().unwrap().over;
    assert_ne!(over, home, "it opens on a target that differs");
    act(model, if over > home { Action::Up } else { Action::Down });
    assert_eq!(act(model, Action::Confirm), None);
    act(model, Action::Repoint);
    assert!(matches!(act(model, Action::Confirm), Some(Wish::Repoint(..))));
    assert_eq!(model.board.carrying, None);
}

#[test]
fn thousands_of_slugs_draw_only_what_is_in_view() {
    let many = (0..5000)
        .map(|n| endpoint(&format!("slug-{n:04}"), Target::baseten(format!("model{:02}", n % 40), None), 90_000));
    let mut stage = Stage::with((80, 24), many.collect());
    stage.press("2sss<pgdn><pgdn>");
    insta::assert_snapshot!(stage.text());
}

#[test]
fn nothing_read_failed_and_empty_are_different_screens() {
    let mut stage = Stage::opened((80, 24));
    stage.press("2");
    assert!(stage.text().contains("reading the endpoints"), "{}", stage.text());
    stage.answer_sync();
    stage.answer_page(Vec::new());
    assert!(stage.text().contains("No endpoints yet"), "{}", stage.text());
}

#[test]
fn a_wire_that_is_dropped_elsewhere_opens_the_confirmation_of_a_re_point() {
    let mut stage = board((120, 36));
    stage.press("/canary<enter>r<up><up><enter>");
    let text = stage.text();
    assert!(text.contains("Re-point my-org/glm-5.2-canary") && text.contains("↵ re-point"), "{text}");
}

#[test]
fn what_the_workspace_has_and_no_slug_uses_is_there_to_be_plugged_into() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.answer_workspace();
    stage.press("2");
    insta::assert_snapshot!(stage.text());
    let text = stage.text();
    assert!(text.contains("unused"), "{text}");
    // A wire can be carried there.
    let unused = stage.model.board.nets.unused().count();
    assert!(unused > 0);
    stage.press("r");
    let carried_over: Vec<usize> = (0..stage.model.board.nets.bay.len())
        .map(|_| {
            stage.press("<down>");
            stage.model.board.carrying.as_ref().unwrap().over
        })
        .collect();
    let reached = carried_over.iter().filter(|place| stage.model.board.nets.bay[**place].slugs == 0).count();
    assert!(reached > 0, "no unused target among {carried_over:?}");
}

#[test]
fn a_wire_in_hand_stays_over_its_target_when_the_workspace_is_read() {
    let mut stage = Stage::with((120, 36), dozen());
    stage.press("2");
    let over = |stage: &Stage| {
        let board = &stage.model.board;
        board.nets.bay[board.carrying.as_ref().unwrap().over].target.clone()
    };
    stage.press("rG");
    let before = over(&stage);
    let places = stage.model.board.nets.bay.len();
    stage.answer_workspace();
    assert!(stage.model.board.nets.bay.len() > places, "more targets are known now");
    assert_eq!(over(&stage), before);
}
