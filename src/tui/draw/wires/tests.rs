use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use super::{Carried, Grid, Pin, carry, lanes_max, paint, route};
use crate::tui::theme::Theme;

fn pin(net: usize) -> Pin {
    Pin { net, is_waiting: false, note: String::new() }
}

fn waiting(net: usize, note: &str) -> Pin {
    Pin { net, is_waiting: true, note: note.to_owned() }
}

fn text(grid: &Grid, columns: u16, rows: u16) -> String {
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    grid.draw(Theme::default(), area, &mut buffer);
    let rows = buffer.content().chunks(usize::from(columns));
    rows.map(|row| row.iter().map(Cell::symbol).collect::<String>() + "\n").collect()
}

fn drawn(pins: impl IntoIterator<Item = Pin>, lit: Option<usize>, columns: u16) -> String {
    let pins: Vec<Option<Pin>> = pins.into_iter().map(Some).collect();
    let pins = pins.as_slice();
    let routing = route(pins, |_| 0, lanes_max(usize::from(columns)));
    let grid = paint(pins, &routing, lit, usize::from(columns), |net| format!("target {net}"));
    text(&grid, columns, u16::try_from(pins.len()).unwrap())
}

#[test]
fn a_target_of_one_row_has_a_straight_wire() {
    let pins = [Some(pin(0)), None, Some(pin(1))];
    let grid = paint(&pins, &route(&pins, |_| 0, lanes_max(8)), None, 8, |_| String::new());
    assert_eq!(text(&grid, 8, 3), "├──────┤\n        \n├──────┤\n");
}

#[test]
fn rows_of_one_target_share_a_trunk_and_crossings_do_not_touch() {
    insta::assert_snapshot!(drawn([pin(0), pin(1), pin(0), pin(2), pin(1), pin(0)], None, 24));
}

#[test]
fn the_lit_wire_is_heavy_from_end_to_end_and_breaks_the_others() {
    insta::assert_snapshot!(drawn([pin(0), pin(1), pin(2), pin(1), pin(0), pin(0)], Some(4), 24));
}

#[test]
fn a_waiting_wire_is_dashed_and_carries_its_countdown() {
    insta::assert_snapshot!(drawn([pin(0), waiting(1, "41 s"), pin(2), waiting(0, "8 s"), pin(3), pin(2)], None, 30));
}

#[test]
fn all_rows_may_lead_to_one_target() {
    insta::assert_snapshot!(drawn([pin(7), pin(7), pin(7), pin(7)], Some(2), 16));
}

#[test]
fn where_no_column_is_free_the_wire_names_its_target() {
    insta::assert_snapshot!(drawn((0..10).map(|row| pin(row % 5)), Some(9), 9));
}

#[test]
fn a_target_keeps_its_place_while_the_list_scrolls() {
    let all = [0, 1, 0, 2, 0, 3, 1, 0];
    let home = |net: usize| if net == 0 { 4 } else { 0 };
    for first in 0..5 {
        let pins: Vec<_> = all[first..].iter().map(|net| Some(pin(*net))).collect();
        let shift = i64::try_from(first).unwrap();
        let routing = route(&pins, |net| home(net) - shift, 10);
        assert_eq!(routing.anchor(0), Some(4 - first), "scrolled by {first}");
    }
}

#[test]
fn a_carried_wire_shows_where_it_was_and_where_it_would_be() {
    let up = carry(Carried { from: 3, old: Some(4), new: 1 }, 24, 6);
    let over = carry(Carried { from: 1, old: Some(2), new: 4 }, 24, 6);
    let gone = carry(Carried { from: 2, old: Some(-3), new: 2 }, 24, 6);
    let same = carry(Carried { from: 2, old: Some(4), new: 4 }, 24, 6);
    let all = [up, over, gone, same].map(|grid| text(&grid, 24, 6)).join("\n");
    insta::assert_snapshot!(all);
}

/// Follows a wire from its row over the arms of the characters, and says at which row it comes out at the right.
fn follow(picture: &[Vec<char>], row: usize) -> Vec<usize> {
    let arms = |c: char| match c {
        '─' | '╌' => "rl",
        '│' | '╎' => "ud",
        '├' => "urd",
        '┤' => "udl",
        '┬' => "rdl",
        '┴' => "url",
        '┼' => "urdl",
        '╭' => "rd",
        '╮' => "dl",
        '╰' => "ur",
        '╯' => "ul",
        other => panic!("{other:?} in a picture of light wires"),
    };
    let last = picture[0].len() - 1;
    let mut seen = std::collections::BTreeSet::from([(row, 1)]);
    let mut open = vec![(row, 1, 'r')];
    let mut ends = Vec::new();
    while let Some((row, column, heading)) = open.pop() {
        if column == last {
            ends.push(row);
            continue;
        }
        let here = picture[row][column];
        let back = match heading {
            'r' => 'l',
            'l' => 'r',
            'u' => 'd',
            _ => 'u',
        };
        // A broken wire goes on behind the one that breaks it.
        let ways: Vec<char> = if arms(here).contains(back) {
            arms(here).chars().filter(|way| *way != back).collect()
        } else {
            vec![heading]
        };
        for way in ways {
            let next = match way {
                'r' => (row, column + 1),
                'l' => (row, column - 1),
                'u' => (row - 1, column),
                _ => (row + 1, column),
            };
            if next.1 > 0 && seen.insert(next) {
                open.push((next.0, next.1, way));
            }
        }
    }
    ends
}

proptest::proptest! {
    /// The picture alone tells where every row leads.
    #[test]
    fn every_wire_can_be_followed_to_its_own_target(nets in proptest::collection::vec(0_usize..8, 1..24)) {
        let pins: Vec<_> = nets.iter().map(|net| Some(pin(*net))).collect();
        let routing = route(&pins, |net| i64::try_from(net * 3).unwrap(), lanes_max(40));
        let picture = text(&paint(&pins, &routing, None, 40, |_| String::new()), 40, u16::try_from(pins.len()).unwrap());
        let picture: Vec<Vec<char>> = picture.lines().map(|line| line.chars().collect()).collect();
        for (row, net) in nets.iter().enumerate() {
            proptest::prop_assert_eq!(follow(&picture, row), vec![routing.anchor(*net).unwrap()]);
        }
    }
}
