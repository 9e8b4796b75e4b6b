//! The table itself. Its order is the order of the bottom line and of the help.

use crossterm::event::KeyCode;

use super::screens::SCREENS;
use super::{Action, Binding, Chord, Place, Section};

pub(super) const fn row(
    action: Action,
    name: &'static str,
    keys: &'static [Chord],
    places: &'static [Place],
    hint: &'static str,
    help: &'static str,
    section: Section,
) -> Binding {
    Binding { action, name, keys, places, hint, help, section, writes: false }
}

pub(super) const fn write(
    action: Action,
    name: &'static str,
    keys: &'static [Chord],
    places: &'static [Place],
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, name, keys, places, hint, help, section: Section::Endpoints, writes: true }
}

pub(super) const ENTER: Chord = Chord::key(KeyCode::Enter);
pub(super) const ESC: Chord = Chord::key(KeyCode::Esc);
pub(super) const TAB: Chord = Chord::key(KeyCode::Tab);
pub(super) const BACKTAB: Chord = Chord::key(KeyCode::BackTab);
pub(super) const UP: Chord = Chord::key(KeyCode::Up);
pub(super) const DOWN: Chord = Chord::key(KeyCode::Down);
pub(super) const LEFT: Chord = Chord::key(KeyCode::Left);
pub(super) const RIGHT: Chord = Chord::key(KeyCode::Right);
pub(super) const PAGE_UP: Chord = Chord::key(KeyCode::PageUp);
const PAGE_DOWN: Chord = Chord::key(KeyCode::PageDown);
pub(super) const HOME: Chord = Chord::key(KeyCode::Home);
pub(super) const END: Chord = Chord::key(KeyCode::End);
pub(super) const F2: Chord = Chord::key(KeyCode::F(2));
pub(super) const SPACE: Chord = Chord::letter(' ');

const ENDPOINTS: &[Place] = &[Place::List, Place::Detail];
/// Lists and texts that have no text field: letters move in them.
const SCROLLED: &[Place] = &[
    Place::List,
    Place::Detail,
    Place::Board,
    Place::BoardCarry,
    Place::Groups,
    Place::GroupKeys,
    Place::Gateway,
    Place::GatewayFaults,
    Place::Contexts,
    Place::Copy,
    Place::Reader,
    Place::Welcome,
    Place::Traffic,
    Place::History,
];
/// Lists under a text field: only keys that are no letters move in them.
const PICKED: &[Place] = &[
    Place::Repoint,
    Place::Filter,
    Place::Form,
    Place::FormChoice,
    Place::WelcomeForm,
    Place::Help,
    Place::Palette,
    Place::Question,
    Place::Conflict,
    Place::Confirm,
    Place::Running,
    Place::PlanOver,
    Place::TryIt,
    Place::TryItKey,
    Place::TryItRunning,
];
const CLOSED: &[Place] = &[Place::Contexts, Place::Copy, Place::Reader, Place::Help, Place::Palette];

use Action as A;
use Section as S;

pub(super) const fn c(letter: char) -> Chord {
    Chord::letter(letter)
}

/// Every action that a key can have.
pub static TABLE: &[Binding] = &joined::<{ CORE.len() + SCREENS.len() }>(CORE, SCREENS);

const fn joined<const N: usize>(first: &[Binding], second: &[Binding]) -> [Binding; N] {
    let mut all = [first[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

const CORE: &[Binding] = &[
    // What a pane that is open on top offers.
    row(A::Confirm, "confirm", &[ENTER], &[Place::Repoint], "re-point", "Look at the change, then make it", S::Panes),
    row(
        A::Confirm,
        "confirm",
        &[ENTER],
        &[Place::Form, Place::FormChoice],
        "next / save",
        "Next field; on the last one, save",
        S::Panes,
    ),
    row(
        A::Confirm,
        "confirm",
        &[ENTER],
        &[Place::Confirm, Place::TypedQuestion],
        "do it",
        "Make the change that is shown",
        S::Panes,
    ),
    row(A::Confirm, "confirm", &[ENTER], &[Place::Copy], "copy", "Copy what is selected", S::Panes),
    row(
        A::Confirm,
        "confirm",
        &[ENTER],
        &[Place::Question],
        "choose",
        "Choose the button that has the focus",
        S::Panes,
    ),
    row(A::Confirm, "confirm", &[ENTER], &[Place::Filter], "keep", "Keep the filter and go back to the list", S::Panes),
    row(A::Confirm, "confirm", &[ENTER], &[Place::Contexts], "switch", "Switch to the selected context", S::Panes),
    row(A::Confirm, "confirm", &[ENTER], &[Place::Tour], "next", "The next card", S::Panes),
    row(A::Right, "right", &[RIGHT, SPACE], &[Place::Tour], "", "The next card", S::Panes),
    row(A::Left, "left", &[LEFT], &[Place::Tour], "back", "The card before", S::Panes),
    row(A::Back, "back", &[ESC], &[Place::Tour], "skip", "Leave the tour", S::Panes),
    row(A::Confirm, "confirm", &[ENTER], &[Place::Palette], "run", "Run the selected action", S::Panes),
    row(A::Complete, "complete", &[TAB], &[Place::Palette], "complete", "Complete the name of the action", S::Panes),
    row(A::Confirm, "confirm", &[ENTER], &[Place::Welcome], "choose", "Choose", S::Panes),
    row(
        A::Confirm,
        "confirm",
        &[ENTER],
        &[Place::WelcomeForm],
        "connect",
        "Next field; on the last one, connect",
        S::Panes,
    ),
    row(
        A::TakeTheirs,
        "take-theirs",
        &[c('t')],
        &[Place::Conflict],
        "take theirs",
        "Keep what is on the server now",
        S::Panes,
    ),
    Binding {
        section: S::Panes,
        ..write(A::WriteMine, "write-mine", &[c('w')], &[Place::Conflict], "write mine", "Write what you want over it")
    },
    row(
        A::NextPane,
        "next",
        &[TAB],
        &[Place::Form, Place::FormChoice, Place::Question, Place::TypedQuestion, Place::WelcomeForm],
        "next",
        "The next field or button",
        S::Panes,
    ),
    row(
        A::NextPane,
        "options",
        &[TAB],
        &[Place::Repoint, Place::Confirm],
        "",
        "Choose what happens after the write, where calls can be made through the data plane",
        S::Panes,
    ),
    row(
        A::PreviousPane,
        "previous",
        &[BACKTAB],
        &[Place::Repoint, Place::Form, Place::FormChoice, Place::Question, Place::TypedQuestion, Place::WelcomeForm],
        "",
        "The field or button before",
        S::Panes,
    ),
    row(A::Left, "left", &[LEFT], &[Place::FormChoice, Place::Question], "", "The choice before", S::Panes),
    row(A::Right, "right", &[RIGHT, SPACE], &[Place::FormChoice], "change", "The next choice", S::Panes),
    row(A::Right, "right", &[RIGHT, SPACE], &[Place::Question], "", "The next button", S::Panes),
    row(
        A::Back,
        "back",
        &[ESC],
        &[
            Place::Repoint,
            Place::Form,
            Place::FormChoice,
            Place::Confirm,
            Place::Question,
            Place::TypedQuestion,
            Place::Conflict,
        ],
        "leave as it is",
        "Leave everything as it is",
        S::Panes,
    ),
    row(
        A::CopyAsCommand,
        "copy-command",
        &[F2],
        &[
            Place::Repoint,
            Place::Form,
            Place::FormChoice,
            Place::Confirm,
            Place::Question,
            Place::TypedQuestion,
            Place::Conflict,
        ],
        "as command",
        "Show and copy the change as a command and as curl",
        S::Panes,
    ),
    row(A::Back, "back", &[ESC], &[Place::Filter], "clear", "Clear the filter", S::Panes),
    row(A::Back, "back", &[ESC], CLOSED, "close", "Close", S::Panes),
    row(A::Back, "back", &[c('q')], &[Place::Contexts, Place::Copy, Place::Reader], "", "Close", S::Panes),
    row(A::Back, "back", &[ESC], &[Place::WelcomeForm, Place::Welcome], "back", "Go back", S::Panes),
    // Endpoints.
    row(A::Open, "open", &[ENTER], &[Place::List], "focus", "Go to the detail of the endpoint", S::Endpoints),
    write(A::Repoint, "re-point", &[c('r')], ENDPOINTS, "re-point", "Re-point: choose another target"),
    write(A::New, "new", &[c('n')], ENDPOINTS, "new", "Create an endpoint"),
    write(A::Edit, "edit", &[c('e')], ENDPOINTS, "edit", "Rename and re-point in one change"),
    write(A::Delete, "delete", &[c('d')], ENDPOINTS, "delete", "Delete, after showing what stops working"),
    write(
        A::EditAsText,
        "edit-as-text",
        &[c('E')],
        ENDPOINTS,
        "",
        "Edit it, or all that is marked, as YAML in $EDITOR",
    ),
    write(
        A::Promote,
        "promote",
        &[c('P')],
        ENDPOINTS,
        "",
        "Re-point everything that routes to the same model, each in its environment",
    ),
    row(
        A::TryIt,
        "try-it",
        &[c('t')],
        ENDPOINTS,
        "try it",
        "Send a prompt through it, and see who answers and how fast",
        S::Endpoints,
    ),
    row(
        A::Mark,
        "mark",
        &[SPACE],
        &[Place::List],
        "",
        "Mark it or not; what is marked is re-pointed, deleted and edited together",
        S::Endpoints,
    ),
    row(A::MarkAll, "mark-all", &[c('*')], &[Place::List], "", "Mark all that the filter shows, or none", S::Endpoints),
    write(
        A::Undo,
        "undo",
        &[c('u')],
        ENDPOINTS,
        "undo",
        "Take the last change back, after showing what it would change",
    ),
    write(A::Redo, "redo", &[c('U')], ENDPOINTS, "", "Make the last change again that was taken back"),
    row(
        A::Filter,
        "filter",
        &[c('/')],
        ENDPOINTS,
        "filter",
        "Filter; slug: provider: target: state: age: narrow it",
        S::Endpoints,
    ),
    row(A::Sort, "sort", &[c('s')], ENDPOINTS, "sort", "Sort by the next column", S::Endpoints),
    row(A::SortReverse, "sort-reverse", &[c('S')], ENDPOINTS, "", "Turn the order around", S::Endpoints),
    row(A::Copy, "copy", &[c('y')], ENDPOINTS, "copy", "Copy the endpoint: slug, id, command, curl", S::Endpoints),
    row(A::ShowJson, "json", &[c('o')], ENDPOINTS, "json", "Show the endpoint as JSON", S::Endpoints),
    row(A::Copy, "copy", &[c('y')], &[Place::Reader], "copy", "Copy what is shown", S::Panes),
    row(A::Back, "back", &[ESC], ENDPOINTS, "", "Close the detail, then clear the filter", S::Endpoints),
    // Moving.
    row(A::Up, "up", &[UP, c('k')], SCROLLED, "", "One up", S::Moving),
    row(A::Down, "down", &[DOWN, c('j')], SCROLLED, "", "One down", S::Moving),
    row(A::Up, "up", &[UP], PICKED, "", "One up", S::Moving),
    row(A::Down, "down", &[DOWN], PICKED, "", "One down", S::Moving),
    row(A::Top, "top", &[c('g'), HOME], SCROLLED, "", "To the first", S::Moving),
    row(A::Bottom, "bottom", &[c('G'), END], SCROLLED, "", "To the last", S::Moving),
    row(A::PageUp, "page-up", &[PAGE_UP], &[], "", "One page up", S::Moving),
    row(A::PageDown, "page-down", &[PAGE_DOWN], &[], "", "One page down", S::Moving),
    row(A::HalfUp, "half-up", &[Chord::control('u')], SCROLLED, "", "Half a page up", S::Moving),
    row(A::HalfDown, "half-down", &[Chord::control('d')], SCROLLED, "", "Half a page down", S::Moving),
    row(A::NextPane, "next-pane", &[TAB, RIGHT, c('l')], ENDPOINTS, "", "The next pane", S::Moving),
    row(A::PreviousPane, "previous-pane", &[BACKTAB, LEFT, c('h')], ENDPOINTS, "", "The pane before", S::Moving),
    // Everywhere.
    row(
        A::Palette,
        "palette",
        &[c(':'), Chord::control('p')],
        &[],
        "command",
        "Run any action by its name",
        S::Everywhere,
    ),
    row(A::Help, "help", &[c('?'), Chord::key(KeyCode::F(1))], &[], "help", "All keys that work here", S::Everywhere),
    row(A::Tour, "tour", &[Chord::key(KeyCode::F(3))], &[], "", "A short tour of the screen", S::Everywhere),
    row(A::Tab1, "tab-1", &[c('1')], &[], "", "Endpoints", S::Everywhere),
    row(A::Tab6, "tab-6", &[c('6')], &[], "", "Gateway", S::Everywhere),
    row(A::ReadAgain, "read-again", &[c('R')], &[], "", "Read everything again", S::Everywhere),
    row(A::SwitchContext, "switch-context", &[c('c')], &[], "", "Switch to another gateway", S::Everywhere),
    row(A::Log, "log", &[c('@')], &[], "", "The log of requests and of the program", S::Everywhere),
    row(A::Notices, "notices", &[c('!')], &[], "", "Read past notices again", S::Everywhere),
    row(A::Mouse, "mouse", &[c('m')], &[], "", "Give the mouse back to the terminal, or take it again", S::Everywhere),
    row(A::Redraw, "redraw", &[Chord::control('l')], &[], "", "Draw the whole screen again", S::Everywhere),
    row(A::Suspend, "suspend", &[Chord::control('z')], &[], "", "Suspend; fg brings it back", S::Everywhere),
    row(A::Quit, "quit", &[c('q'), Chord::control('c')], &[], "quit", "Quit", S::Everywhere),
];
