//! The rows of the table that belong to the tabs beside the list of endpoints, and to what opens over them.

use super::table::{BACKTAB, ENTER, ESC, F2, LEFT, RIGHT, SPACE, TAB, c, row, write};
use super::{Action as A, Binding, Chord, Place, Section as S};

const GROUPS: &[Place] = &[Place::Groups, Place::GroupKeys];
const SHARED: &[Place] = &[Place::Board, Place::Groups, Place::GroupKeys];
/// Where something is looked at that other things belong to.
const LOOKED_AT: &[Place] = &[
    Place::List,
    Place::Detail,
    Place::Board,
    Place::Groups,
    Place::GroupKeys,
    Place::Traffic,
    Place::History,
    Place::Gateway,
    Place::GatewayFaults,
];
/// Where an endpoint is selected.
const ENDPOINT: &[Place] = &[Place::List, Place::Detail, Place::Board];
/// What calls endpoints.
const CALLERS: &[Place] = &[Place::Groups, Place::GroupKeys, Place::Traffic];
const TRAFFIC: &[Place] = &[Place::Traffic];
const HISTORY: &[Place] = &[Place::History];
const BOARD: &[Place] = &[Place::Board];
const GATEWAY: &[Place] = &[Place::Gateway, Place::GatewayFaults];
const FAULTS: &[Place] = &[Place::GatewayFaults];
const TRIED: &[Place] = &[Place::TryIt, Place::TryItKey];
const TRYING: &[Place] = &[Place::TryIt, Place::TryItKey, Place::TryItRunning];

pub(super) const SCREENS: &[Binding] = &[
    // Tabs.
    row(A::Tab2, "tab-2", &[c('2')], &[], "", "Board", S::Everywhere),
    row(A::Tab3, "tab-3", &[c('3')], &[], "", "Groups", S::Everywhere),
    row(A::Tab4, "tab-4", &[c('4')], &[], "", "Traffic", S::Everywhere),
    row(A::Tab5, "tab-5", &[c('5')], &[], "", "History", S::Everywhere),
    // The board.
    row(A::Open, "open", &[ENTER], BOARD, "endpoint", "Go to the endpoint", S::Board),
    write_in(A::Repoint, "re-point", &[c('r')], BOARD, "pick up wire", "Pick up the end of the wire", S::Board),
    row(A::TryIt, "try-it", &[c('t')], BOARD, "try it", "Send a prompt through the endpoint", S::Board),
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
    // Trying a slug.
    row(A::Confirm, "confirm", &[ENTER], TRIED, "send", "Send the prompt", S::Panes),
    row(A::NextPane, "next", &[TAB], TRIED, "next", "The next line", S::Panes),
    row(A::PreviousPane, "previous", &[BACKTAB], TRIED, "", "The line before", S::Panes),
    row(A::Left, "left", &[LEFT], &[Place::TryItKey], "", "The key before", S::Panes),
    row(A::Right, "right", &[RIGHT, SPACE], &[Place::TryItKey], "change", "The next key", S::Panes),
    row(
        A::CopyAsCommand,
        "copy-command",
        &[F2],
        TRYING,
        "as curl",
        "Show and copy the request as curl, Python and a command",
        S::Panes,
    ),
    row(
        A::CopyAsCommand,
        "copy-command",
        &[c('y')],
        &[Place::TryItKey, Place::TryItRunning],
        "",
        "Show and copy the request",
        S::Panes,
    ),
    row(A::Back, "back", &[ESC], TRIED, "close", "Close", S::Panes),
    row(A::Back, "back", &[ESC], &[Place::TryItRunning], "stop", "Hang up: the model stops too", S::Panes),
    // Groups.
    row(A::Open, "open", &[ENTER, TAB, RIGHT, c('l')], &[Place::Groups], "keys", "Go to the group's keys", S::Groups),
    write_in(A::MintKey, "mint-key", &[c('K')], GROUPS, "mint key", "Mint a key; it is shown once", S::Groups),
    write_in(
        A::RegisterKey,
        "register-key",
        &[c('i')],
        GROUPS,
        "",
        "Register a key that the customer made, signed with the workspace's private key",
        S::Groups,
    ),
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
    // What the board and the groups share with the list.
    write_in(A::Undo, "undo", &[c('u')], SHARED, "undo", "Take the last change back", S::Endpoints),
    write_in(A::Redo, "redo", &[c('U')], SHARED, "", "Make the last change again that was taken back", S::Endpoints),
    // Traffic.
    row(A::Open, "open", &[ENTER], TRAFFIC, "journey", "Look at the request's way through the phases", S::Traffic),
    row(A::Pause, "pause", &[SPACE], TRAFFIC, "pause / go on", "Hold the list, or let it go on", S::Traffic),
    row(
        A::Filter,
        "filter",
        &[c('/')],
        TRAFFIC,
        "filter",
        "Filter; slug: group: key: status:4xx status:error narrow it",
        S::Traffic,
    ),
    row(A::Chart, "chart", &[c('v')], TRAFFIC, "chart", "Requests, latency, tokens: the next chart", S::Traffic),
    row(A::Copy, "copy", &[c('y')], TRAFFIC, "copy id", "Copy the request's id", S::Traffic),
    row(A::Back, "back", &[ESC], TRAFFIC, "", "Clear the filter, then go on", S::Traffic),
    // The gateway.
    write_in(A::SwitchFault, "fault", &[SPACE], FAULTS, "switch", "Switch the fault on or off", S::Gateway),
    row(A::Open, "open", &[ENTER], FAULTS, "how much", "Say how much, for which share, for how long", S::Gateway),
    write_in(A::FaultsOff, "faults-off", &[c('0')], FAULTS, "all off", "Switch all faults off", S::Gateway),
    row(A::Left, "left", &[LEFT, c('h')], FAULTS, "", "The switch before", S::Moving),
    row(A::Right, "right", &[RIGHT, c('l')], FAULTS, "", "The next switch", S::Moving),
    row(A::NextPane, "next-pane", &[TAB], GATEWAY, "next pane", "The next pane", S::Moving),
    row(A::PreviousPane, "previous-pane", &[BACKTAB], GATEWAY, "", "The pane before", S::Moving),
    row(A::GatewayStart, "gateway-start", &[c('s')], GATEWAY, "start", "Start the local gateway", S::Gateway),
    row(A::GatewayStop, "gateway-stop", &[c('x')], GATEWAY, "stop", "Stop the local gateway", S::Gateway),
    row(A::GatewayRestart, "gateway-restart", &[c('t')], GATEWAY, "restart", "Stop it and start it again", S::Gateway),
    row(
        A::SyncNow,
        "sync-now",
        &[c('n')],
        GATEWAY,
        "sync now",
        "Sync now, without waiting for the interval",
        S::Gateway,
    ),
    row(
        A::LogLevel,
        "log-level",
        &[c('v')],
        GATEWAY,
        "level",
        "All of the log, warnings too, errors alone",
        S::Gateway,
    ),
    row(A::Filter, "filter", &[c('/')], GATEWAY, "filter", "Filter the log by words", S::Gateway),
    row(A::Back, "back", &[ESC], GATEWAY, "", "Clear the filter of the log", S::Gateway),
    write_in(
        A::SeedDemo,
        "seed-demo",
        &[c('D')],
        GATEWAY,
        "",
        "Bring the demo's endpoints and groups back, after showing what that changes",
        S::Gateway,
    ),
    write_in(
        A::GatewayReset,
        "gateway-reset",
        &[c('X')],
        GATEWAY,
        "",
        "Throw away everything that the local gateway keeps, after asking",
        S::Gateway,
    ),
    row(
        A::Copy,
        "copy",
        &[c('y')],
        GATEWAY,
        "copy environment",
        "Copy what makes a program or an SDK call the gateway",
        S::Gateway,
    ),
    // From a thing to what belongs to it, and back.
    row(A::GoBack, "go-back", &[c('[')], LOOKED_AT, "", "Back to what was looked at before", S::Moving),
    row(A::GoForward, "go-forward", &[c(']')], LOOKED_AT, "", "Forward again", S::Moving),
    row(A::ToGroups, "to-groups", &[c('w')], ENDPOINT, "", "To the groups that may call it", S::Moving),
    row(A::ToEndpoints, "to-endpoints", &[c('w')], CALLERS, "", "To the endpoint that is called", S::Moving),
    row(A::ToHistory, "to-history", &[c('H')], ENDPOINT, "", "To the changes of the endpoint", S::Moving),
    row(
        A::ToTraffic,
        "to-traffic",
        &[c('T')],
        &[Place::List, Place::Detail, Place::Board, Place::Groups, Place::GroupKeys],
        "",
        "To the requests of the endpoint, the group or the key",
        S::Moving,
    ),
    // History.
    row(A::Open, "open", &[ENTER], HISTORY, "show", "Show everything that is known of the change", S::History),
    write_in(
        A::Undo,
        "undo",
        &[c('u')],
        HISTORY,
        "undo",
        "Take this change back; of an undo: make the change again",
        S::History,
    ),
    row(A::Filter, "filter", &[c('/')], HISTORY, "filter", "Filter by who and what", S::History),
    row(
        A::Copy,
        "copy",
        &[c('y')],
        HISTORY,
        "copy id",
        "Copy the id, for repoint history and repoint undo",
        S::History,
    ),
    row(A::Back, "back", &[ESC], HISTORY, "", "Clear the filter", S::History),
    // A plan that runs, and one that has run.
    row(A::Back, "back", &[ESC], &[Place::Running], "stop", "Stop before the next change", S::Panes),
    row(
        A::Confirm,
        "confirm",
        &[ENTER],
        &[Place::PlanOver],
        "go on / close",
        "Go on with what was not tried; close where nothing is left",
        S::Panes,
    ),
    row(A::Back, "back", &[ESC], &[Place::PlanOver], "leave it so", "Close; what was not tried stays undone", S::Panes),
    row(
        A::CopyAsCommand,
        "copy-command",
        &[F2],
        &[Place::PlanOver],
        "as command",
        "Show and copy the changes as commands and as curl",
        S::Panes,
    ),
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
