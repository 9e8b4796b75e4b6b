//! The rows of the table that belong to the tabs beside the list of endpoints, and to what opens over them.

use super::table::{ENTER, ESC, c, row, write};
use super::{Action as A, Binding, Place, Section as S};

const BOARD: &[Place] = &[Place::Board];

pub(super) const SCREENS: &[Binding] = &[
    // Tabs.
    row(A::Tab2, "tab-2", &[c('2')], &[], "", "Board", S::Everywhere),
    // The board.
    row(A::Open, "open", &[ENTER], BOARD, "endpoint", "Go to the endpoint", S::Board),
    Binding {
        section: S::Board,
        ..write(A::Repoint, "re-point", &[c('r')], BOARD, "pick up wire", "Pick up the end of the wire")
    },
    row(A::Group, "group", &[c('v')], BOARD, "group", "Group by target or by provider", S::Board),
    row(A::Filter, "filter", &[c('/')], BOARD, "filter", "Filter as you type", S::Board),
    row(A::Sort, "sort", &[c('s')], BOARD, "sort", "Sort by the next column", S::Board),
    row(A::SortReverse, "sort-reverse", &[c('S')], BOARD, "", "Turn the order around", S::Board),
    row(A::Back, "back", &[ESC], BOARD, "", "Clear the filter", S::Board),
    row(
        A::Confirm,
        "confirm",
        &[ENTER],
        &[Place::BoardCarry],
        "plug in here",
        "Look at the change, then make it",
        S::Board,
    ),
    row(A::Back, "back", &[ESC], &[Place::BoardCarry], "let go", "Leave the wire where it was", S::Board),
];
