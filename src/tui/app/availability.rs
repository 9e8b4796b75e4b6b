//! Whether an action can be done now, and why not: what the bottom line dims, and what a key is answered with.

use super::{Model, Tab, tabs, trail};
use crate::tui::keymap::{self, Action, Place};
use crate::tui::overlays::Overlay;
use crate::tui::screens::gateway::Process;
use crate::tui::session::Connection;

/// Whether an action can be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Yes,
    /// It cannot, for this reason.
    No(&'static str),
    /// It is not worth mentioning here.
    Hidden,
}

/// Whether an action can be done now, and why not.
#[must_use]
pub fn available(model: &Model, action: Action) -> Availability {
    let writes = keymap::binding(action).is_some_and(|binding| binding.writes);
    if writes && model.shared.is_read_only() {
        return Availability::No("this context is read-only");
    }
    let is_open = model.shared.connection == Connection::Open;
    if let Some(availability) = trail::available(model, action).or_else(|| tabs::available(model, action)) {
        return availability;
    }
    if action == Action::CopyAsCommand && matches!(model.overlays.last(), Some(Overlay::Leave(_))) {
        return Availability::Hidden;
    }
    match action {
        Action::Repoint
        | Action::Edit
        | Action::EditAsText
        | Action::Promote
        | Action::Mark
        | Action::TryIt
        | Action::Delete
        | Action::Copy
        | Action::ShowJson
        | Action::Open
            if model.overlays.is_empty() && matches!(model.tab, Tab::Endpoints | Tab::Board) =>
        {
            let list = if model.tab == Tab::Board { &model.board.list } else { &model.endpoints.list };
            if list.order.is_empty() { Availability::No("no endpoint is selected") } else { Availability::Yes }
        }
        Action::New if !is_open => Availability::No("not connected"),
        Action::Copy if model.tab == Tab::Gateway && !matches!(model.gateway.process, Process::Running { .. }) => {
            Availability::No("the local gateway does not run")
        }
        Action::GatewayStart
        | Action::GatewayStop
        | Action::GatewayRestart
        | Action::GatewayReset
        | Action::SeedDemo
        | Action::SwitchFault
        | Action::FaultsOff
        | Action::SyncNow => gateway(model, action),
        Action::Open if model.tab == Tab::Gateway => gateway(model, action),
        Action::Back if model.place() == Place::Welcome && model.shared.context.is_none() => Availability::Hidden,
        Action::Tab1 | Action::Tab2 | Action::Tab3 | Action::Tab4 | Action::Tab5 | Action::Tab6
            if model.welcome.is_some() =>
        {
            Availability::Hidden
        }
        _ => Availability::Yes,
    }
}

fn gateway(model: &Model, action: Action) -> Availability {
    let is_running = matches!(model.gateway.process, Process::Running { .. });
    let was_running = matches!(model.gateway.process, Process::Running { was_running: true, .. });
    match (action, is_running) {
        (Action::GatewayStart, true) | (Action::GatewayStop | Action::GatewayRestart, false) => Availability::Hidden,
        (Action::GatewayReset, _) if !is_running => Availability::No("the local gateway does not run"),
        (Action::GatewayReset, _) if was_running => {
            Availability::No("it was started elsewhere: reset it there, with gateway run --fresh")
        }
        (Action::SeedDemo, _) if model.gateway.figures.status.get().is_none() => {
            Availability::No("only the bundled gateway has a demo")
        }
        (Action::SwitchFault | Action::FaultsOff | Action::Open, _) if model.gateway.faults.list.is_none() => {
            Availability::No("only the bundled gateway has faults to switch on")
        }
        (Action::FaultsOff, _) if model.gateway.faults.list.as_ref().is_some_and(|list| list.faults.is_empty()) => {
            Availability::No("no fault is on")
        }
        (Action::SyncNow, _) if model.shared.sync_report().is_none() => {
            Availability::No("this gateway has no sync report")
        }
        _ => Availability::Yes,
    }
}
