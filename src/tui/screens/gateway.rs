//! The Gateway tab: is my local gateway well?
//!
//! ```text
//! ╭ Local gateway ────────────────────────────╮╭ Faults  1 on ──────────────────────────╮
//! │ State        ● running, started here       ││ MODEL          slow pace 5xx  429  …   │
//! │ Process      4711, for 2 min               ││ ▌ every model   ·    ·    ●    ·       │
//! │ Sync         ━━━━━━━───── next in 41 s     │╰─────────────────────────────────────────╯
//! ╰───────────────────────────────────────────╯╭ Log  128 ───────────────────────────────╮
//! ╭ Figures ──────────────────────────────────╮│ 13:30:02  listening on 127.0.0.1:8787   │
//! │ Requests     ▁▂▃▅▇▅▃▂           12.3 /s    ││ 13:31:02  synced revision 12            │
//! ╰───────────────────────────────────────────╯╰─────────────────────────────────────────╯
//! ```
//!
//! The process is the one that this program starts; figures and faults are of the open context, which may be another
//! gateway of ours. They are asked for while the tab is looked at, and never else ([`Gateway::follow`]). [`facts`],
//! [`figures`], [`switchboard`] and [`log`] are a pane each; [`fault_form`] and [`reset`] open over them.

pub mod facts;
pub mod fault_form;
pub mod figures;
pub mod log;
pub mod process;
pub mod reset;
pub mod switchboard;

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use self::fault_form::FaultForm;
use self::figures::Figures;
use self::log::Log;
pub use self::process::Process;
use self::reset::{Answer, Reset};
use self::switchboard::{Model, Switchboard};
use crate::api::{FaultList, Time};
use crate::tui::effect::{Effect, Timer};
use crate::tui::keymap::{Action, Place};
use crate::tui::layout::Breadth;
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::message::GatewayEvent;
use crate::tui::overlays::copy::{self, Item};
use crate::tui::overlays::notices::Tone;
use crate::tui::session::Shared;
use crate::tui::wanted::{Found, Wanted};

/// How often the figures are asked for.
const FIGURES_EVERY: Duration = Duration::from_secs(2);
/// The same after a failure.
const FIGURES_AGAIN: Duration = Duration::from_secs(5);

/// Which pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The log.
    #[default]
    Log,
    /// The faults of the simulated models.
    Faults,
    /// The figures; a pane of its own only where there is not room for all.
    Figures,
}

/// The tab.
#[derive(Debug, Clone, Default)]
pub struct Gateway {
    /// How the process is.
    pub process: Process,
    /// What it says.
    pub log: Log,
    /// How it is.
    pub figures: Figures,
    /// What its models do wrong.
    pub faults: Switchboard,
    /// Open over the panes: how much of a fault.
    pub form: Option<FaultForm>,
    /// Open over the panes: whether everything goes.
    pub reset: Option<Reset>,
    /// Which pane has the keys.
    pub pane: Pane,
    /// True while the tab is looked at.
    is_followed: bool,
    area: Rect,
}

impl Gateway {
    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        match self.pane {
            _ if self.reset.is_some() => Place::TypedQuestion,
            _ if self.form.is_some() => Place::Form,
            _ if self.log.is_filtering => Place::Filter,
            Pane::Faults => Place::GatewayFaults,
            Pane::Log | Pane::Figures => Place::Gateway,
        }
    }

    /// Takes what the process did.
    pub fn receive(&mut self, event: &GatewayEvent, now: Time) {
        if let GatewayEvent::Line(line) = event {
            self.log.add(line);
        } else {
            self.process.receive(event, now);
        }
    }

    /// The context is another one: its figures and faults are not this one's. The process goes on.
    pub fn forget(&mut self) {
        self.figures = Figures::default();
        self.faults = Switchboard::default();
        self.form = None;
        self.is_followed = false;
    }

    /// No reading under way will be answered.
    pub fn abandon(&mut self) {
        self.figures.status.waiting = None;
        self.faults.writing = None;
        self.is_followed = false;
    }

    /// Begins to ask or ends it, as the tab is looked at or not.
    pub fn follow(&mut self, is_looked_at: bool, shared: &mut Shared) -> Vec<Effect> {
        let has_begun = is_looked_at && !self.is_followed;
        self.is_followed = is_looked_at;
        if has_begun { self.read(shared) } else { Vec::new() }
    }

    /// Asks how it is.
    pub fn read(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.figures.status.waiting.is_some() || !self.is_followed {
            return Vec::new();
        }
        let ticket = shared.ticket();
        self.figures.status.ask(ticket);
        vec![Effect::Read { ticket, wanted: Wanted::GatewayWell }]
    }

    /// Takes what was read. `None` where it was not asked for from here.
    pub fn take(&mut self, ticket: Ticket, found: &Result<Found, Failure>, shared: &Shared) -> Option<Vec<Effect>> {
        if !self.figures.status.expects(ticket) {
            return None;
        }
        let delay = match found {
            Ok(Found::GatewayWell(well)) => {
                self.figures.add(shared.now, well.status.clone());
                self.figures.status.answer(ticket, shared.now, Ok(well.status.clone()));
                // What a switch will answer is newer.
                if self.faults.writing.is_none() {
                    self.faults.list = Some(well.faults.clone());
                }
                FIGURES_EVERY
            }
            Ok(_) => FIGURES_AGAIN,
            Err(failure) => {
                let is_final = failure.kind == FailureKind::NotFound;
                let told = if is_final { not_ours() } else { failure.clone() };
                self.figures.status.fail(told);
                if is_final {
                    self.faults.is_absent = true;
                    return Some(Vec::new());
                }
                FIGURES_AGAIN
            }
        };
        Some(vec![Effect::After { timer: Timer::GatewayFigures, delay }])
    }

    /// A switch was pressed, or could not be. False where it was not from here.
    pub fn switched(&mut self, ticket: Ticket, answer: &Result<FaultList, Failure>, shared: &mut Shared) -> bool {
        self.faults.receive(ticket, answer, shared)
    }

    /// Takes what models there are.
    pub fn know(&mut self, models: impl Iterator<Item = Model>) {
        self.faults.know(models);
        self.resize(self.area);
    }

    /// The body of the screen has another size.
    pub fn resize(&mut self, body: Rect) {
        self.area = body;
        self.faults.resize(self.areas(body).faults);
    }

    /// The areas of the panes; an empty one is not shown.
    #[must_use]
    pub fn areas(&self, area: Rect) -> Areas {
        let none = Rect::default();
        if Breadth::of(area.width) == Breadth::Narrow {
            // What has the keys gets its rows first, where there are few.
            let above = area.height.saturating_sub(9).clamp(4, 11).min(area.height);
            let facts = Rect { height: above, ..area };
            let below = Rect { y: area.y + above, height: area.height - above, ..area };
            let (faults, log, figures) = match self.pane {
                Pane::Log => (none, below, none),
                Pane::Faults => (below, none, none),
                Pane::Figures => (none, none, below),
            };
            return Areas { facts, figures, faults, log };
        }
        let left = (area.width * 46 / 100).clamp(46, 76);
        let (column, rest) =
            (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area });
        let high = facts::ROWS.min(area.height * 62 / 100);
        let facts = Rect { height: high, ..column };
        let figures = Rect { y: area.y + high, height: area.height - high, ..column };
        let high = self.faults.rows_wanted().min(area.height / 2);
        let faults = Rect { height: high, ..rest };
        let log = Rect { y: area.y + high, height: area.height - high, ..rest };
        Areas { facts, figures, faults, log }
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        if let Some(reset) = &mut self.reset {
            if action == Action::CopyAsCommand {
                let command = format!("repoint gateway run --fresh --seed {}", reset.refill.seed());
                shared.opens = copy::menu(vec![Item::new("command", &command)]);
                return Vec::new();
            }
            return match reset.act(action) {
                Answer::Stay => Vec::new(),
                Answer::Leave => self.close(),
                Answer::Do(effect) => {
                    self.reset = None;
                    vec![effect]
                }
            };
        }
        if let Some(form) = &mut self.form {
            if action == Action::Back {
                return self.close();
            }
            if action == Action::CopyAsCommand {
                shared.opens = form.switch().and_then(|switch| self.faults.elsewhere(&switch, shared));
                return Vec::new();
            }
            let Some(switch) = form.act(action) else { return Vec::new() };
            self.form = None;
            return self.faults.press(switch, shared);
        }
        if let Some(effects) = self.command(action, shared) {
            return effects;
        }
        let areas = self.areas(self.area);
        match self.pane {
            Pane::Faults => self.faults.act(action, areas.faults, shared),
            Pane::Log | Pane::Figures => {
                self.log.act(action, usize::from(areas.log.height.saturating_sub(2)).max(1));
                Vec::new()
            }
        }
    }

    fn close(&mut self) -> Vec<Effect> {
        self.form = None;
        self.reset = None;
        Vec::new()
    }

    /// What works whichever pane has the keys. `None` where it is the pane's.
    fn command(&mut self, action: Action, shared: &mut Shared) -> Option<Vec<Effect>> {
        let none = Some(Vec::new());
        match action {
            Action::GatewayStop => Some(vec![Effect::StopGateway]),
            Action::GatewayRestart | Action::GatewayStart => Some(vec![Effect::RestartGateway]),
            Action::GatewayReset => {
                let store = self.figures.status.get().map(|status| status.store.clone());
                self.reset = Some(Reset { store, ..Reset::default() });
                none
            }
            Action::Copy => {
                let Process::Running { inference_url, .. } = &self.process else { return none };
                let said = "copied: the environment of a program that calls it; put in a key of a group";
                shared.notices.say(shared.now, Tone::Good, said);
                Some(vec![Effect::Copy(environment(inference_url))])
            }
            Action::SyncNow => {
                let ticket = shared.ticket();
                shared.sync.ask(ticket);
                Some(vec![Effect::SyncNow { ticket }])
            }
            Action::Open if self.pane == Pane::Faults => {
                let model = self.faults.model()?.id.clone();
                self.form = Some(FaultForm::new(&model, self.faults.kind(), self.faults.selected()));
                none
            }
            // A filter or a level is the log's, wherever the keys are.
            Action::Filter | Action::LogLevel => {
                self.pane = Pane::Log;
                self.log.act(action, 1);
                none
            }
            Action::NextPane | Action::PreviousPane => {
                self.pane = self.next_pane(action == Action::NextPane);
                none
            }
            _ => None,
        }
    }

    fn next_pane(&self, is_forward: bool) -> Pane {
        let is_narrow = Breadth::of(self.area.width) == Breadth::Narrow;
        let order: &[Pane] =
            if is_narrow { &[Pane::Log, Pane::Faults, Pane::Figures] } else { &[Pane::Log, Pane::Faults] };
        let at = order.iter().position(|pane| *pane == self.pane).unwrap_or(0);
        let step = if is_forward { 1 } else { order.len() - 1 };
        order.get((at + step) % order.len()).copied().unwrap_or_default()
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent) {
        if let Some(reset) = &mut self.reset {
            reset.edit(key);
        } else if let Some(form) = &mut self.form {
            form.edit(key);
        } else if self.log.filter.edit(key) {
            self.log.refilter();
        }
    }

    /// Takes what was pasted into it.
    pub fn paste(&mut self, pasted: &str) {
        if let Some(reset) = &mut self.reset {
            reset.paste(pasted);
        } else if let Some(form) = &mut self.form {
            form.paste(pasted);
        } else if self.log.filter.paste(pasted) {
            self.log.refilter();
        }
    }

    /// The mouse pressed a pane: it has the keys, and what is there is selected.
    pub fn press(&mut self, at: Position) {
        if self.form.is_some() || self.reset.is_some() {
            return;
        }
        let areas = self.areas(self.area);
        if areas.faults.contains(at) {
            self.pane = Pane::Faults;
            self.faults.point(areas.faults, at);
        } else if areas.log.contains(at) {
            self.pane = Pane::Log;
        }
    }

    /// Draws the tab.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let areas = self.areas(area);
        facts::draw(self, shared, areas.facts, frame);
        if !areas.figures.is_empty() {
            self.figures.draw(shared, areas.figures, self.pane == Pane::Figures, frame);
        }
        if !areas.faults.is_empty() {
            self.faults.draw(shared, areas.faults, self.pane == Pane::Faults, frame);
        }
        if !areas.log.is_empty() {
            self.log.draw(shared, areas.log, self.pane == Pane::Log, frame);
        }
        if let Some(form) = &self.form {
            form.draw(shared, area, frame);
        }
        if let Some(reset) = &self.reset {
            reset.draw(shared, area, frame);
        }
    }
}

/// Where the panes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// What is known of the process.
    pub facts: Rect,
    /// The figures.
    pub figures: Rect,
    /// The faults.
    pub faults: Rect,
    /// The log.
    pub log: Rect,
}

/// Only a gateway of ours tells about itself.
fn not_ours() -> Failure {
    Failure::new(FailureKind::NotFound, "the server of this context tells nothing about itself")
        .hint("only the bundled gateway does; c switches to one")
}

/// The lines that make a program or an SDK call the gateway. The key is for the person to put in: the management key
/// opens nothing there, and must not get into a shell's history.
fn environment(inference_url: &str) -> String {
    format!(
        "export OPENAI_BASE_URL={inference_url}/v1\nexport OPENAI_API_KEY=key-of-a-group\n\
         export ANTHROPIC_BASE_URL={inference_url}\nexport ANTHROPIC_AUTH_TOKEN=key-of-a-group\n"
    )
}
