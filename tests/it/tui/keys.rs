//! Moving, filtering, sorting; text fields; paste.

use std::time::Duration;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use repoint::tui::effect::{Effect, Timer};
use repoint::tui::keymap::Place;
use repoint::tui::message::Message;
use repoint::tui::screens::endpoints::filter::Saved;
use repoint::tui::screens::endpoints::list::Sort;
use repoint::tui::theme::{Depth, Theme};

use super::setting::at;
use crate::screens::stage::{Stage, dozen, now};

fn selected(stage: &Stage) -> String {
    let endpoints = &stage.model.endpoints;
    endpoints.list.row(&endpoints.rows).map(|row| row.slug.to_string()).unwrap_or_default()
}

fn shown(stage: &Stage) -> usize {
    stage.model.endpoints.list.order.len()
}

#[test]
fn the_cursor_follows_its_row_when_others_come_and_go() {
    let mut stage = at(120, 36);
    stage.press("jjj");
    let before = selected(&stage);
    let mut fewer = dozen();
    fewer.retain(|endpoint| endpoint.slug.as_str() != "my-org/assistant");
    stage.press_somewhere_else_and_read(fewer);
    assert_eq!(selected(&stage), before);
}

#[test]
fn letters_are_typed_into_the_filter_also_those_that_are_keys() {
    let mut stage = at(120, 36);
    stage.press("/qrd");
    assert_eq!(stage.model.place(), Place::Filter);
    assert_eq!(stage.model.endpoints.list.filter.text(), "qrd");
    stage.press("<esc>");
    assert_eq!(shown(&stage), 12);
    assert_eq!(stage.model.place(), Place::List);
}

#[test]
fn a_filter_narrows_by_column_and_by_state() {
    let mut stage = at(120, 36);
    stage.press("/provider:openai");
    assert_eq!(shown(&stage), 3);
    stage.press("<esc>/state:waiting");
    assert_eq!(shown(&stage), 1);
    stage.press("<esc>/glmcanary");
    assert_eq!(selected(&stage), "my-org/glm-5.2-canary");
}

#[test]
fn a_filter_narrows_by_age_and_rows_leave_it_as_time_passes() {
    let mut stage = at(120, 36);
    stage.press("/age:<1m");
    assert_eq!(shown(&stage), 1);
    let later = now().plus(Duration::from_mins(2));
    stage.tell(Message::Now(later));
    stage.tell(Message::Due(Timer::Sync));
    let ticket = stage.model.shared.sync.waiting.expect("asked");
    let report = stage.model.shared.sync_report().cloned();
    stage.tell(Message::Sync { ticket, answer: Ok((report, Some(later))) });
    assert_eq!(shown(&stage), 0);
}

#[test]
fn a_saved_filter_is_called_by_its_name_and_a_wrong_one_is_said() {
    let mut stage = at(120, 36);
    let saved = Saved::from([("open".to_owned(), "provider:openai".to_owned())]);
    stage.model.shared.saved_filters = saved.into();
    stage.press("/");
    assert!(stage.text().contains("narrow it @open"), "{}", stage.text());
    stage.press("@open mini");
    assert_eq!(selected(&stage), "my-org/gpt-mini");
    stage.press("<esc>/@opn");
    assert!(stage.text().contains("did you mean open?"), "{}", stage.text());
}

#[test]
fn a_filter_that_was_kept_comes_back_with_up() {
    let mut stage = at(120, 36);
    stage.press("/grok<enter><esc>/claude<enter><esc>/<up><up>");
    assert_eq!(selected(&stage), "my-org/grok");
    stage.press("<down>");
    assert_eq!(stage.model.endpoints.list.filter.text(), "claude");
    stage.press("<esc>/gpt<down>");
    assert_eq!(stage.model.endpoints.list.filter.text(), "gpt", "the arrows move in the list while something is typed");
}

#[test]
fn sorting_keeps_the_selected_row() {
    let mut stage = at(120, 36);
    stage.press("jj");
    let before = selected(&stage);
    stage.press("s");
    assert_eq!(stage.model.endpoints.list.sort, Sort::Target);
    assert_eq!(selected(&stage), before);
    stage.press("S");
    assert_eq!(selected(&stage), before);
}

#[test]
fn the_tour_shows_around_can_be_left_and_called_back() {
    let mut stage = at(80, 24);
    stage.press("<f3>");
    assert_eq!(stage.model.place(), Place::Tour);
    insta::assert_snapshot!("tour", stage.text());
    stage.press("<enter><enter><left>");
    assert!(stage.text().contains("2 of 5  Re-point"), "{}", stage.text());
    stage.press("<esc><f3>");
    assert!(stage.text().contains("1 of 5"), "{}", stage.text());
    stage.press("<enter><enter><enter><enter><enter>");
    assert_eq!(stage.model.place(), Place::List, "after the last card it is over");
    let mut stage = Stage::opened((80, 24));
    stage.model = repoint::tui::app::Model::new(stage.model.shared.clone());
    assert!(stage.text().contains("F3 shows you around"), "{}", stage.text());
}

#[test]
fn pasted_text_never_acts() {
    let mut stage = at(120, 36);
    stage.tell(Message::Paste("dqr\n".to_owned()));
    assert!(stage.model.endpoints.work.is_none());
    assert!(!stage.effects.contains(&Effect::Quit));
    stage.press("/");
    stage.tell(Message::Paste("glm\u{1b}[2J\n".to_owned()));
    assert_eq!(stage.model.endpoints.list.filter.text(), "glm[2J");
}

#[test]
fn enter_on_a_small_terminal_opens_the_detail_and_escape_goes_back() {
    let mut stage = at(80, 24);
    assert!(!stage.text().contains("Updated"));
    stage.press("<enter>");
    assert!(stage.text().contains("Updated"));
    stage.press("<esc>");
    assert!(!stage.text().contains("Updated"));
}

#[test]
fn every_key_on_the_bottom_line_stands_in_the_help() {
    let mut stage = at(200, 50);
    stage.press("?");
    let text = stage.text();
    for sentence in ["Re-point: choose another target", "Create an endpoint", "Show the endpoint as JSON"] {
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
    stage.press("conte");
    assert!(stage.text().contains("Switch to another gateway") && !stage.text().contains("Create an endpoint"));
}

/// The mouse at the first letter of a text on the screen.
fn point(stage: &mut Stage, kind: MouseEventKind, text: &str) {
    let screen = stage.text();
    let found =
        screen.lines().enumerate().find_map(|(row, line)| Some((row, line.split_once(text)?.0.chars().count())));
    let (row, column) = found.unwrap_or_else(|| panic!("{text} is not on the screen\n{screen}"));
    let (row, column) = (u16::try_from(row).unwrap(), u16::try_from(column).unwrap());
    let modifiers = crossterm::event::KeyModifiers::NONE;
    stage.tell(Message::Mouse(MouseEvent { kind, column, row, modifiers }));
}

const DOWN: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const DRAG: MouseEventKind = MouseEventKind::Drag(MouseButton::Left);
const UP: MouseEventKind = MouseEventKind::Up(MouseButton::Left);

#[test]
fn a_hint_of_the_bottom_line_can_be_pressed() {
    let mut stage = at(120, 36);
    point(&mut stage, DOWN, "r re-point");
    assert_eq!(stage.model.place(), Place::Repoint);
    point(&mut stage, DOWN, "Esc leave");
    assert_eq!(stage.model.place(), Place::List);
    point(&mut stage, DOWN, "? help");
    assert_eq!(stage.model.place(), Place::Help);
}

#[test]
fn two_presses_open_a_row_and_two_that_are_apart_select_it() {
    let mut stage = at(120, 36);
    point(&mut stage, DOWN, "my-org/grok  ");
    stage.tell(Message::Now(now().plus(Duration::from_secs(2))));
    point(&mut stage, DOWN, "my-org/grok  ");
    assert_eq!(stage.model.place(), Place::List);
    point(&mut stage, DOWN, "my-org/grok  ");
    assert_eq!(stage.model.place(), Place::Detail);
}

#[test]
fn buttons_are_pressed_with_and_without_colours() {
    for depth in [Depth::True, Depth::Sixteen, Depth::None] {
        let mut stage = at(120, 36);
        stage.model.shared.theme = Theme::new(depth);
        stage.press("d");
        point(&mut stage, DOWN, "Cancel");
        assert!(stage.model.endpoints.work.is_none(), "{depth:?}");
        stage.press("d");
        point(&mut stage, DOWN, "Affected");
        assert!(stage.plan().is_none() && !stage.model.endpoints.work.is_none(), "nothing is pressed beside them");
        point(&mut stage, DOWN, "Delete  ");
        assert!(stage.plan().is_some(), "{depth:?}");
    }
}

#[test]
fn a_press_on_the_title_of_a_column_sorts_by_it_and_a_second_one_turns_it_around() {
    let mut stage = at(120, 36);
    point(&mut stage, DOWN, "SYNC");
    assert_eq!((stage.model.endpoints.list.sort, stage.model.endpoints.list.is_reversed), (Sort::State, false));
    point(&mut stage, DOWN, "SYNC");
    assert!(stage.model.endpoints.list.is_reversed);
}

#[test]
fn what_is_pressed_twice_in_a_menu_is_chosen() {
    let mut stage = at(120, 36);
    stage.press(":sort");
    point(&mut stage, DOWN, "sort-reverse  Turn");
    point(&mut stage, DOWN, "sort-reverse  Turn");
    assert!(stage.model.overlays.is_empty() && stage.model.endpoints.list.is_reversed, "{}", stage.text());
    stage.press("y");
    point(&mut stage, DOWN, "target");
    point(&mut stage, DOWN, "target");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Copy(text) if text.contains("claude"))));
}

#[test]
fn a_wire_of_the_board_is_dragged_to_another_target_and_let_go_of_beside_it_stays() {
    let mut stage = at(120, 36);
    stage.press("2");
    point(&mut stage, DOWN, "my-org/grok");
    point(&mut stage, DRAG, "Targets");
    assert_eq!(stage.model.place(), Place::BoardCarry);
    point(&mut stage, DRAG, "OPENAI gpt-4o");
    point(&mut stage, UP, "OPENAI gpt-4o");
    assert_eq!(stage.model.place(), Place::Confirm);
    assert!(stage.text().contains("my-org/grok"), "{}", stage.text());
    assert!(stage.plan().is_none(), "it is looked at before it is made");

    stage.press("<esc><esc>2");
    point(&mut stage, DOWN, "my-org/grok");
    point(&mut stage, DRAG, "OPENAI gpt-4o");
    point(&mut stage, UP, "Slugs");
    assert_eq!(stage.model.place(), Place::Board);
}

#[test]
fn a_press_of_the_mouse_selects_the_row_that_is_there() {
    let mut stage = at(120, 36);
    let text = stage.text();
    let row = text.lines().position(|line| line.contains("my-org/grok")).expect("on the screen");
    let press = |stage: &mut Stage| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let row = u16::try_from(row).unwrap();
        let event = MouseEvent { kind, column: 10, row, modifiers: crossterm::event::KeyModifiers::NONE };
        stage.tell(Message::Mouse(event));
    };
    press(&mut stage);
    assert_eq!(selected(&stage), "my-org/grok");
    press(&mut stage);
    assert_eq!(stage.model.place(), Place::Detail);
}

#[test]
fn what_is_copied_is_what_was_chosen() {
    let mut stage = at(120, 36);
    stage.press("y<down><enter>");
    assert!(stage.effects.contains(&Effect::Copy("id-assistant".to_owned())), "{:?}", stage.effects);
}

#[test]
fn a_key_in_a_command_is_a_variable() {
    let mut stage = at(120, 36);
    stage.press("r<f2><down>");
    let text = stage.text();
    assert!(text.contains("$REPOINT_API_KEY") && text.contains("repoint endpoints repoint"), "{text}");
}
