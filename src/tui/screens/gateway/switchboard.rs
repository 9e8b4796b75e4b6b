//! The faults of the simulated models, a row a model and a switch a kind.
//!
//! ```text
//! ╭ Faults  1 on ──────────────────────────────────────────────╮
//! │ MODEL                 slow pace 5xx  429  hang cut  junk down│
//! │   every model          ·    ·    ·    ·    ·    ·    ·    ·  │
//! │ ▌ 3kZ9xqd glm-5.2     [●]   ·    ·    ·    ·    ·    ·    ·  │
//! │ slow: answers begin 1.0 s late, 10 % of the requests, …     │
//! ╰────────────────────────────────────────────────────────────╯
//! ```

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::api::{Fault, FaultList};
use crate::plan::command;
use crate::tui::effect::Effect;
use crate::tui::faults::{self, EVERY_MODEL, Kind, Switch};
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::load::{Failure, Ticket};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::copy::{self, Item};
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many models have a row. More are found with a fault that names them.
pub const MODELS_MAX: usize = 500;
/// The columns of a switch.
const SWITCH: usize = 5;
/// The heading, and two lines that tell of the selected switch.
const AROUND: usize = 3;

/// A model that may be simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// What a fault names it by.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
}

impl Model {
    fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct Switchboard {
    /// What is on, as the server last told; `None` before it has.
    pub list: Option<FaultList>,
    /// True where the server has no such thing.
    pub is_absent: bool,
    /// The models, `every model` first.
    pub models: Vec<Model>,
    /// The selected model, by its place.
    pub row: usize,
    /// The selected kind, by its place.
    pub column: usize,
    /// The first row that is drawn.
    pub offset: usize,
    /// The switch that is being pressed.
    pub writing: Option<Ticket>,
}

impl Switchboard {
    /// Takes what models there are. What has a fault keeps a row whatever the workspace says.
    pub fn know(&mut self, models: impl Iterator<Item = Model>) {
        let selected = self.model().map(|model| model.id.clone());
        let mut all: Vec<Model> = models.collect();
        // Of two that are one, the one that has a name stays.
        all.sort_by(|one, other| one.id.cmp(&other.id).then_with(|| other.name.cmp(&one.name)));
        all.dedup_by(|one, other| one.id == other.id);
        all.sort_by(|one, other| one.called().cmp(other.called()));
        all.truncate(MODELS_MAX);
        for fault in self.list.iter().flat_map(|list| &list.faults) {
            if fault.model != EVERY_MODEL && all.iter().all(|model| model.id != fault.model) {
                all.push(Model { id: fault.model.clone(), name: None });
            }
        }
        all.insert(0, Model { id: EVERY_MODEL.to_owned(), name: None });
        self.models = all;
        let place = selected.and_then(|id| self.models.iter().position(|model| model.id == id));
        self.row = place.unwrap_or(self.row).min(self.models.len() - 1);
    }

    /// The selected model.
    #[must_use]
    pub fn model(&self) -> Option<&Model> {
        self.models.get(self.row)
    }

    /// The selected kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::ALL.get(self.column).copied().unwrap_or(Kind::Slow)
    }

    /// What is on of a kind at a model.
    #[must_use]
    pub fn fault(&self, model: &str, kind: Kind) -> Option<&Fault> {
        let of = |fault: &&Fault| fault.model == model && Kind::of(fault.kind) == kind;
        self.list.as_ref()?.faults.iter().find(of)
    }

    /// What is on at the selected switch.
    #[must_use]
    pub fn selected(&self) -> Option<&Fault> {
        self.fault(&self.model()?.id, self.kind())
    }

    /// How many rows can be seen in an area of this height.
    fn visible(area: Rect) -> usize {
        usize::from(area.height).saturating_sub(2 + AROUND)
    }

    /// How many rows of the screen the pane wants.
    #[must_use]
    pub fn rows_wanted(&self) -> u16 {
        u16::try_from(self.models.len() + AROUND + 2).unwrap_or(u16::MAX)
    }

    /// The pane has another size.
    pub fn resize(&mut self, area: Rect) {
        self.offset = layout::scroll_to(self.row, self.offset, Self::visible(area), self.models.len());
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, area: Rect, shared: &mut Shared) -> Vec<Effect> {
        let page = Self::visible(area).max(1);
        let (last, last_column) = (self.models.len().saturating_sub(1), Kind::ALL.len() - 1);
        match action {
            Action::Up => self.row = self.row.saturating_sub(1),
            Action::Down => self.row = (self.row + 1).min(last),
            Action::Top => self.row = 0,
            Action::Bottom => self.row = last,
            Action::PageUp => self.row = self.row.saturating_sub(page),
            Action::PageDown => self.row = (self.row + page).min(last),
            Action::HalfUp => self.row = self.row.saturating_sub(page / 2),
            Action::HalfDown => self.row = (self.row + page / 2).min(last),
            Action::Left => self.column = self.column.saturating_sub(1),
            Action::Right => self.column = (self.column + 1).min(last_column),
            Action::SwitchFault => return self.toggle(shared),
            Action::FaultsOff => return self.press(Switch::AllOff, shared),
            _ => {}
        }
        self.resize(area);
        Vec::new()
    }

    fn toggle(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(model) = self.model().map(|model| model.id.clone()) else { return Vec::new() };
        let kind = self.kind();
        let is_on = self.selected().is_some();
        let fault = (!is_on).then(|| Box::new(faults::always(&model, kind.usual())));
        self.press(Switch::Set { model, kind, fault }, shared)
    }

    /// Presses a switch. One at a time: what is shown is what the server last told.
    pub fn press(&mut self, switch: Switch, shared: &mut Shared) -> Vec<Effect> {
        if self.writing.is_some() || self.list.is_none() {
            return Vec::new();
        }
        let ticket = shared.ticket();
        self.writing = Some(ticket);
        vec![Effect::SwitchFault { ticket, switch }]
    }

    /// The list that a switch would make, as a `curl` call.
    #[must_use]
    pub fn elsewhere(&self, switch: &Switch, shared: &Shared) -> Option<Overlay> {
        let list = switch.apply(self.list.clone()?);
        // Plain data: it can be written.
        let body = serde_json::to_string(&list).ok()?;
        let address = format!("{}/repoint/v1/faults", shared.open_context()?.address);
        let words = ["-sS", "-X", "PUT", &address, "-H", "Content-Type: application/json", "-d", &body];
        copy::menu(vec![Item::new("curl", &command::curl_with_key(&words))])
    }

    /// A switch was pressed, or could not be. False where it was not from here.
    pub fn receive(&mut self, ticket: Ticket, answer: &Result<FaultList, Failure>, shared: &mut Shared) -> bool {
        if self.writing != Some(ticket) {
            return false;
        }
        self.writing = None;
        match answer {
            Ok(list) => self.list = Some(list.clone()),
            Err(failure) => shared.notices.fail(shared.now, failure),
        }
        true
    }

    /// The mouse pressed into the pane: the switch there is selected.
    pub fn point(&mut self, area: Rect, at: Position) {
        let inner = layout::inset(area, 2);
        let row = usize::from(at.y.saturating_sub(area.y + 2)) + self.offset;
        if at.y < area.y + 2 || usize::from(at.y - area.y - 2) >= Self::visible(area) || row >= self.models.len() {
            return;
        }
        self.row = row;
        let name = usize::from(inner.width).saturating_sub(SWITCH * Kind::ALL.len());
        let column = usize::from(at.x.saturating_sub(inner.x)).checked_sub(name).map(|column| column / SWITCH);
        self.column = column.filter(|column| *column < Kind::ALL.len()).unwrap_or(self.column);
    }

    /// Draws the pane.
    pub fn draw(&self, shared: &Shared, area: Rect, has_focus: bool, frame: &mut Frame<'_>) {
        let on = self.list.as_ref().map_or(0, |list| list.faults.len());
        let mut title = Line::from(shared.span(Role::Strong, "Faults"));
        match on {
            _ if self.list.is_none() => {}
            0 => title.push_span(shared.span(Role::Muted, "  none on")),
            _ => title.push_span(shared.span(Role::Waiting, format!("  {} on", text::count(on)))),
        }
        let right = match self.writing {
            Some(_) => shared.span(Role::Waiting, "◌ switching …").into(),
            None => Line::default(),
        };
        let inner = layout::inset(layout::pane(shared, area, has_focus, title, right, frame), 1);
        let columns = usize::from(inner.width);
        let name = columns.saturating_sub(SWITCH * Kind::ALL.len());
        let mut heading = vec![shared.span(Role::Faint, text::fit("MODEL", name))];
        heading.extend(Kind::ALL.map(|kind| shared.span(Role::Faint, text::fit(kind.heading(), SWITCH))));
        let mut lines = vec![Line::from(heading)];
        let visible = Self::visible(area);
        let models = self.models.iter().enumerate().skip(self.offset).take(visible);
        lines.extend(models.map(|(place, model)| self.model_line(place, model, name, has_focus, shared)));
        for (line, row) in lines.into_iter().zip(layout::rows(inner)) {
            frame.render_widget(line, row);
        }
        let selected = self.row.checked_sub(self.offset).filter(|place| *place < visible);
        if let Some(row) = selected.and_then(|place| layout::rows(inner).nth(place + 1)) {
            frame.buffer_mut().set_style(row, shared.theme.selection(has_focus));
        }
        self.draw_selected(shared, inner, frame);
        let more = self.models.len().saturating_sub(self.offset + visible);
        layout::more_below(shared, area, more, frame);
    }

    fn model_line(&self, place: usize, model: &Model, name: usize, has_focus: bool, shared: &Shared) -> Line<'static> {
        let is_selected = place == self.row;
        let (called, beside) = match (&model.name, model.id.as_str()) {
            (_, EVERY_MODEL) => ("every model".to_owned(), String::new()),
            (Some(name), id) => (name.clone(), format!(" {id}")),
            (None, id) => (id.to_owned(), String::new()),
        };
        let room = name.saturating_sub(3);
        let called = text::cut(&called, room).into_owned();
        // An id is told whole or not at all.
        let has_room = text::width(&called) + text::width(&beside) <= room;
        let beside = if has_room { text::clean(&beside).into_owned() } else { String::new() };
        let gap = room.saturating_sub(text::width(&called) + text::width(&beside)) + 1;
        let role = if is_selected { Role::Strong } else { Role::Text };
        let mut line = Line::from(vec![
            shared.span(Role::Accent, if is_selected && has_focus { "▌ " } else { "  " }),
            shared.span(role, called),
            shared.span(Role::Faint, beside),
            Span::raw(" ".repeat(gap)),
        ]);
        for (column, kind) in Kind::ALL.into_iter().enumerate() {
            let is_on = self.fault(&model.id, kind).is_some();
            let (sign, role) = if is_on { ("●", Role::Danger) } else { ("·", Role::Faint) };
            let is_under_cursor = is_selected && has_focus && column == self.column;
            let (left, right) = if is_under_cursor { ("[", "]") } else { (" ", " ") };
            line.push_span(shared.span(Role::Accent, left));
            line.push_span(shared.span(if is_under_cursor && !is_on { Role::Text } else { role }, sign));
            line.push_span(shared.span(Role::Accent, right));
            line.push_span(Span::raw("  "));
        }
        line
    }

    /// Under the models: what the selected switch does, or would do.
    fn draw_selected(&self, shared: &Shared, inner: Rect, frame: &mut Frame<'_>) {
        let kind = self.kind();
        let (role, said) = match (self.selected(), &self.list) {
            (_, None) if self.is_absent => {
                (Role::Muted, "only the bundled gateway simulates models that can do something wrong".to_owned())
            }
            (_, None) => (Role::Waiting, "◌ asking which are on …".to_owned()),
            (Some(fault), Some(_)) => (Role::Text, described(fault, shared)),
            (None, Some(_)) => {
                (Role::Muted, format!("{}: {}, where it is on", kind.heading(), faults::effect(kind.usual())))
            }
        };
        let wrapped = text::wrap(&said, usize::from(inner.width));
        let under = Rect { y: inner.bottom().saturating_sub(2).max(inner.y), height: inner.height.min(2), ..inner };
        for (line, row) in wrapped.into_iter().zip(layout::rows(under)) {
            frame.render_widget(shared.span(role, line), row);
        }
    }
}

/// What a fault does, how often, until when, and how many requests it has hit.
fn described(fault: &Fault, shared: &Shared) -> String {
    let share = if fault.share < 1.0 {
        format!("{} of the requests", percent(fault.share))
    } else {
        "every request".to_owned()
    };
    let until = match fault.expires_at {
        Some(end) => format!("for {} more", text::span(end.since(shared.server_now()))),
        None => "until it is switched off".to_owned(),
    };
    let hits = text::counted(usize::try_from(fault.hits).unwrap_or(usize::MAX), "request");
    format!("{}: {}; {share}, {until}; has hit {hits}", Kind::of(fault.kind).heading(), faults::effect(fault.kind))
}

/// A share as people write it: whole percents, or as exact as it takes.
pub(super) fn percent(share: f64) -> String {
    let hundredths = (share * 10_000.0).round() / 100.0;
    format!("{hundredths} %")
}
