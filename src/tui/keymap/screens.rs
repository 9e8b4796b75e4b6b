//! The rows of the table that belong to the tabs beside the list of endpoints, and to what opens over them.

use super::table::{BACKTAB, ENTER, ESC, LEFT, RIGHT, TAB, c, row, write};
use super::{Action as A, Binding, Chord, Place, Section as S};

const GROUPS: &[Place] = &[Place::Groups, Place::GroupKeys];
const BOARD: &[Place] = &[Place::Board];

pub(super) const SCREENS: &[Binding] = &[
    // Tabs.
    row(A::Tab2, "tab-2", &[c('2')], &[], "", "Board", S::Everywhere),
    row(A::Tab3, "tab-3", &[c('3')], &[], "", "Groups", S::Everywhere),
    // The board.
    row(A::Open, "open", &[ENTER], BOARD, "endpoint", "Go to the endpoint", S::Board),
    write_in(A::Repoint, "re-point", &[c('r')], BOARD, "pick up wire", "Pick up the end of the wire", S::Board),
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
    // Groups.
    row(A::Open, "open", &[ENTER, TAB, RIGHT, c('l')], &[Place::Groups], "keys", "Go to the group's keys", S::Groups),
    write_in(A::MintKey, "mint-key", &[c('K')], GROUPS, "mint key", "Mint a key; it is shown once", S::Groups),
    write_in(A::New, "new", &[c('n')], &[Place::Groups], "new", "Create a group", S::Groups),
    write_in(
        A::NewChild,
        "new-child",
        &[c('a')],
        &[Place::Groups],
        "add below",
        "Create a group under this one",
        S::Groups,
    ),
    write_in(A::Edit, "edit", &[c('e')], GROUPS, "edit", "Change name, slugs and limits", S::Groups),
    write_in(
        A::Delete,
        "delete",
        &[c('d')],
        &[Place::Groups],
        "delete",
        "Delete it with all below, after showing what goes",
        S::Groups,
    ),
    write_in(
        A::RevokeKey,
        "revoke-key",
        &[c('x')],
        &[Place::GroupKeys],
        "revoke",
        "Revoke the key, after showing what stops",
        S::Groups,
    ),
    row(A::Copy, "copy", &[c('y')], &[Place::GroupKeys], "copy prefix", "Copy the public part of the key", S::Groups),
    row(A::Filter, "filter", &[c('/')], &[Place::Groups], "filter", "Filter by name, customer or slug", S::Groups),
    row(A::Back, "back", &[ESC, BACKTAB, LEFT, c('h')], &[Place::GroupKeys], "back", "Back to the tree", S::Groups),
    row(A::Back, "back", &[ESC], &[Place::Groups], "", "Clear the filter", S::Groups),
    row(A::Copy, "copy", &[c('y'), c('c')], &[Place::Minted], "copy", "Copy the key", S::Panes),
    row(A::Back, "back", &[ESC], &[Place::Minted], "close", "Close; the key is not shown again", S::Panes),
];

const fn write_in(
    action: A,
    name: &'static str,
    keys: &'static [Chord],
    places: &'static [Place],
    hint: &'static str,
    help: &'static str,
    section: S,
) -> Binding {
    Binding { section, ..write(action, name, keys, places, hint, help) }
}
