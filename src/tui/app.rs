//! The whole state, and what each message does to it. No input, no output, no clock.
//!
//! [`update`] hands a message to the part that owns it: keys to the topmost overlay, else to the open tab
//! (`app/keys.rs`); answers to the screen that asked; timers to the poll (`app/poll.rs`).

mod availability;
mod edited;
mod keys;
mod local;
mod mouse;
mod palette;
mod poll;
mod proposals;
mod tab;
mod tabs;
mod trail;
mod trial;

use std::time::Duration;

use ratatui::layout::Rect;

use super::effect::{Effect, Timer};
use super::keymap::Place;
use super::layout::{self, Regions};
use super::load::{Failure, Ticket};
use super::message::{Message, Opened};
use super::overlays::Overlay;
use super::overlays::reader::Reader;
use super::overlays::try_it::Remembered;
use super::screens::board::Board;
use super::screens::endpoints::Endpoints;
use super::screens::gateway::Gateway;
use super::screens::groups::Groups;
use super::screens::history::History;
use super::screens::traffic::Traffic;
use super::screens::welcome::Welcome;
use super::session::{Connection, Shared};
use super::theme::palette::Palette;
use crate::plan::{PlanId, Report};
use crate::sync::SyncState;

pub use availability::{Availability, available};
pub use edited::Editing;
pub use local::is_local;
pub use mouse::Pointer;
pub use tab::Tab;
pub use trail::Trail;

/// The whole state of the dashboard.
#[derive(Debug, Clone)]
pub struct Model {
    /// What every screen reads.
    pub shared: Shared,
    /// The open tab.
    pub tab: Tab,
    /// The first tab.
    pub endpoints: Endpoints,
    /// The same as a patch bay.
    pub board: Board,
    /// Who may call what.
    pub groups: Groups,
    /// What is happening.
    pub traffic: Traffic,
    /// Who changed what.
    pub history: History,
    /// The local gateway.
    pub gateway: Gateway,
    /// There while nothing is open.
    pub welcome: Option<Welcome>,
    /// What is open on top; the last has the keys.
    pub overlays: Vec<Overlay>,
    /// True where the terminal keeps the mouse for selecting text.
    pub is_mouse_released: bool,
    /// What an editor has.
    pub editing: Option<Editing>,
    /// Plans whose writes are followed through the data plane, by their requests.
    pub followed: Vec<(Ticket, PlanId)>,
    /// Whether a key that was typed is any good; asked for once.
    pub asking_rights: Option<Ticket>,
    /// The way back that is being looked for.
    pub seeking: Option<Ticket>,
    /// The way back through the tabs.
    pub trail: Trail,
    /// Keys that wait for the answer of a write.
    pub held: Vec<crossterm::event::KeyEvent>,
    /// The names of the actions that were run from the palette, the latest first.
    pub recent_actions: Vec<&'static str>,
    /// What the mouse did before.
    pub pointer: Pointer,
    /// True while a form is open that somebody has typed into.
    pub has_typed: bool,
    /// What was typed when a slug was tried the last time.
    pub tried: Remembered,
    /// True once the program is about to leave.
    pub is_leaving: bool,
}

impl Model {
    /// Before anything is known.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        let mut model = Self {
            shared,
            tab: Tab::default(),
            endpoints: Endpoints::default(),
            board: Board::default(),
            groups: Groups::default(),
            traffic: Traffic::default(),
            history: History::default(),
            gateway: Gateway::default(),
            welcome: Some(Welcome::default()),
            overlays: Vec::new(),
            is_mouse_released: false,
            editing: None,
            followed: Vec::new(),
            asking_rights: None,
            seeking: None,
            trail: Trail::default(),
            held: Vec::new(),
            recent_actions: Vec::new(),
            pointer: Pointer::default(),
            has_typed: false,
            tried: Remembered::default(),
            is_leaving: false,
        };
        model.resize();
        model
    }

    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        self.overlays.last().map_or_else(|| self.place_beneath(), |overlay| overlay.place(&self.shared))
    }

    /// What would have the keys without what is open on top.
    fn place_beneath(&self) -> Place {
        match (&self.welcome, self.tab) {
            (Some(welcome), _) => welcome.place(),
            (None, Tab::Endpoints) => self.endpoints.place(&self.shared),
            (None, Tab::Board) => self.board.place(),
            (None, Tab::Groups) => self.groups.place(&self.shared),
            (None, Tab::Traffic) => self.traffic.place(),
            (None, Tab::History) => self.history.place(),
            (None, Tab::Gateway) => self.gateway.place(),
        }
    }

    /// The parts of the screen.
    #[must_use]
    pub fn regions(&self) -> Regions {
        layout::regions(Rect::new(0, 0, self.shared.size.0, self.shared.size.1), self.banner().is_some())
    }

    /// What is wrong right now, as long as it is.
    #[must_use]
    pub fn banner(&self) -> Option<&Failure> {
        self.shared.failure.as_ref().filter(|_| self.welcome.is_none() && !self.endpoints.rows.is_empty())
    }

    /// The shortest time that a change still waits for its sync; `None` where none does.
    #[must_use]
    pub fn waiting(&self) -> Option<Duration> {
        let remaining = |row| match self.endpoints.state(&self.shared, row) {
            SyncState::Waiting { remaining } => Some(remaining),
            SyncState::Live
            | SyncState::Verified
            | SyncState::Drifted
            | SyncState::NotServing { .. }
            | SyncState::Unknown => None,
        };
        self.endpoints.recent().filter_map(remaining).min()
    }

    /// How long until the clocks on the screen have to be drawn again.
    #[must_use]
    pub fn tick(&self) -> Option<Duration> {
        const COUNTDOWN: Duration = Duration::from_secs(1);
        const CLOCK: Duration = Duration::from_secs(5);
        const UNSEEN: Duration = Duration::from_secs(30);
        if self.welcome.is_some() && self.shared.connection == Connection::Closed {
            return None;
        }
        let is_counting = self.waiting().is_some()
            || self.shared.next_try.is_some()
            || (self.tab == Tab::Traffic && self.traffic.is_moving(&self.shared));
        Some(match (is_counting, self.shared.has_focus) {
            (true, true) if !self.shared.is_calm => COUNTDOWN,
            (true, _) | (false, true) => CLOCK,
            (false, false) => UNSEEN,
        })
    }

    fn resize(&mut self) {
        let body = self.regions().body;
        self.endpoints.resize(body);
        self.board.resize(body);
        self.groups.resize(body);
        self.traffic.resize(body);
        self.history.resize(body);
        self.gateway.resize(body);
    }
}

/// Takes a message, and says what is to be done.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    if matches!(message, Message::Key(_) | Message::Mouse(_) | Message::Paste(_) | Message::Focused(true)) {
        model.shared.pressed_at = Some(model.shared.now);
    }
    let effects = match message {
        Message::Key(key) => keys::press(model, &key),
        Message::Paste(text) => keys::paste(model, &text),
        Message::Mouse(event) => mouse::act(model, event),
        Message::Copied(Ok(())) | Message::Endpoint { .. } => Vec::new(),
        Message::Workspace { ticket, workspace, is_whole } => {
            model.endpoints.receive_workspace(ticket, *workspace, is_whole);
            model.board.know(model.endpoints.workspace.targets().collect(), &model.endpoints);
            Vec::new()
        }
        Message::Impact { ticket, answer } => {
            proposals::impact(model, ticket, answer);
            Vec::new()
        }
        Message::Progress { ticket, progress } => {
            proposals::progress(model, ticket, &progress);
            Vec::new()
        }
        Message::Report { ticket, answer } => finished(model, ticket, *answer),
        Message::FollowEnded { ticket, put_back } => proposals::follow_ended(model, ticket, put_back),
        Message::Tried { ticket, event } => trial::event(model, ticket, event),
        Message::Found { ticket, found } => tabs::found(model, ticket, &found),
        Message::Resized(columns, rows) => {
            model.shared.size = (model.shared.theme.signs.columns(columns), rows);
            Vec::new()
        }
        Message::Focused(has_focus) => {
            model.shared.has_focus = has_focus;
            if has_focus { poll::look_now(model) } else { Vec::new() }
        }
        Message::Resumed => poll::look_now(model),
        Message::Now(now) => {
            model.shared.now = now;
            Vec::new()
        }
        Message::Due(timer) => poll::due(model, timer),
        Message::Opened { ticket, answer } => opened(model, ticket, answer),
        Message::Page { ticket, answer } => poll::page(model, ticket, answer),
        Message::Sync { ticket, answer } => poll::sync(model, ticket, answer),
        Message::Log(lines) => {
            model.overlays.push(Overlay::Reader(Reader { title: "Requests".to_owned(), lines, offset: 0 }));
            Vec::new()
        }
        Message::Gateway(event) => local::gateway(model, &event),
        Message::Switched { ticket, answer } => {
            model.gateway.switched(ticket, &answer, &mut model.shared);
            Vec::new()
        }
        Message::Traffic { ticket, news } => tabs::news(model, ticket, *news),
        Message::Copied(Err(failure)) | Message::Painted(Err(failure)) => {
            model.shared.notices.fail(model.shared.now, &failure);
            Vec::new()
        }
        Message::Edited { ticket, answer } => edited::done(model, ticket, answer),
        Message::Background(background) => {
            model.shared.paint(Palette::fit_for(background));
            Vec::new()
        }
        Message::Painted(Ok(palette)) => {
            model.shared.paint(palette);
            Vec::new()
        }
        Message::NoClipboard(text) => vec![Effect::CopyThroughTerminal(text)],
        Message::Terminated => vec![Effect::Quit],
    };
    settle(model, effects)
}

/// What follows from every message: what is looked at is followed, what a screen asks for is opened.
fn settle(model: &mut Model, mut effects: Vec<Effect>) -> Vec<Effect> {
    effects.extend(tabs::settle(model));
    model.has_typed &= model.place_beneath().holds_draft();
    model.overlays.extend(model.shared.opens.take());
    model.resize();
    if let Some(delay) = model.shared.notices.until_next_goes(model.shared.now) {
        effects.push(Effect::After { timer: Timer::Notice, delay });
    }
    effects
}

/// A plan is over: keys that waited for its answer are pressed now, and who wanted to leave leaves.
fn finished(model: &mut Model, ticket: Ticket, answer: Result<Report, Failure>) -> Vec<Effect> {
    model.shared.is_writing = false;
    proposals::follow(model, ticket, &answer);
    let own = proposals::report(model, ticket, &answer).or_else(|| tabs::report(model, ticket, &answer));
    let mut effects = own.unwrap_or_else(|| model.endpoints.receive_finished(answer, &mut model.shared));
    effects.extend(tabs::written(model));
    if model.is_leaving {
        effects.push(Effect::Quit);
    }
    for key in std::mem::take(&mut model.held) {
        effects.extend(keys::press(model, &key));
    }
    effects
}

/// Opens one of the contexts.
pub fn open(model: &mut Model, context: usize) -> Vec<Effect> {
    let ticket = model.shared.ticket();
    model.shared.opening = Some(ticket);
    model.shared.context = Some(context);
    model.shared.connection = Connection::Opening;
    forget(model);
    model.welcome = None;
    model.tab = Tab::Endpoints;
    vec![Effect::Open { ticket, context }]
}

fn forget(model: &mut Model) {
    model.endpoints.forget();
    tabs::forget(model);
    let shared = &mut model.shared;
    shared.sync = super::load::Load::default();
    shared.server_clock = crate::sync::ServerClock::default();
    shared.reached = None;
    shared.read_at = None;
    shared.failure = None;
    shared.next_try = None;
}

fn opened(model: &mut Model, ticket: Ticket, answer: Result<Opened, Failure>) -> Vec<Effect> {
    if model.shared.opening != Some(ticket) {
        return Vec::new();
    }
    model.shared.opening = None;
    match answer {
        Ok(opened) => {
            let was_typed = opened.context.is_none();
            if was_typed {
                forget(model);
            }
            model.shared.dress(&opened.info);
            let index = opened.context.unwrap_or(model.shared.contexts.len());
            match model.shared.contexts.get_mut(index) {
                Some(known) => *known = opened.info,
                None => model.shared.contexts.push(opened.info),
            }
            model.shared.context = Some(index);
            model.shared.connection = Connection::Open;
            model.welcome = None;
            let mut effects = poll::look_now(model);
            if was_typed {
                effects.push(tabs::ask_rights(model));
            }
            effects
        }
        Err(failure) => {
            let retry = failure.may_pass();
            model.shared.connection = Connection::Failed(failure);
            if retry { poll::retry_open(model) } else { Vec::new() }
        }
    }
}
