//! What every screen shares: the time, the size, the open context, how fresh its data is.

use std::sync::Arc;
use std::time::Duration;

use ratatui::style::Color;

use super::keymap::Keymap;
use super::load::{Failure, Load, Ticket};
use super::overlays::Overlay;
use super::overlays::notices::Notices;
use super::screens::endpoints::columns::Column;
use super::screens::endpoints::filter::Saved;
use super::theme::palette::Palette;
use super::theme::{Role, Theme};
use crate::api::{SyncReport, Time};
use crate::sync::{INTERVAL_DEFAULT, ServerClock};

/// What kind of server a context names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextKind {
    /// The gateway that this program starts.
    Local,
    /// Any other address.
    Remote,
    /// Baseten's own.
    Hosted,
}

/// A server that can be opened, as far as the screen needs to know it. Its key is `perform`'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextInfo {
    /// What the configuration calls it.
    pub name: String,
    /// The management address; empty for a local gateway that does not run yet.
    pub address: String,
    /// The data plane's address, without `/v1`; empty where it is not known.
    pub inference_url: String,
    /// What kind of server it is.
    pub kind: ContextKind,
    /// Where the name of what is changed must be typed.
    pub is_protected: bool,
    /// Where nothing may be changed.
    pub is_read_only: bool,
    /// Whether calls can be made through its data plane, to see who answers.
    pub can_probe: bool,
    /// Instead of the palette's own accent, so that production is not taken for a sandbox.
    pub accent: Option<Color>,
}

/// How far the open context is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Connection {
    /// None was asked for.
    #[default]
    Closed,
    /// It is being opened; the local gateway may have to be started first.
    Opening,
    /// Requests can be made.
    Open,
    /// It could not be opened.
    Failed(Failure),
}

/// The time and everything else that several screens read.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The local clock, as the last message told it.
    pub now: Time,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Whether the terminal says that it has the focus.
    pub has_focus: bool,
    /// When somebody last pressed anything.
    pub pressed_at: Option<Time>,
    /// How things look in the open context.
    pub theme: Theme,
    /// The colours of contexts that choose none of their own.
    pub palette: Palette,
    /// How keys are bound.
    pub keymap: Keymap,
    /// Filters of the list that have a name.
    pub saved_filters: Arc<Saved>,
    /// True where nothing moves that need not.
    pub is_calm: bool,
    /// The columns of the list.
    pub columns: Vec<Column>,
    /// The contexts that can be switched to.
    pub contexts: Vec<ContextInfo>,
    /// Which one is open.
    pub context: Option<usize>,
    /// How far it is.
    pub connection: Connection,
    /// The request that opens it.
    pub opening: Option<Ticket>,
    /// Which revision is in effect. `None` inside where the server does not tell.
    pub sync: Load<Option<SyncReport>>,
    /// How far the server's clock is from ours.
    pub server_clock: ServerClock,
    /// When the server last answered anything, by its own clock.
    pub reached: Option<Time>,
    /// When data of the server was last read in full.
    pub read_at: Option<Time>,
    /// What failed last, while the server cannot be read.
    pub failure: Option<Failure>,
    /// When it is tried again.
    pub next_try: Option<Time>,
    /// What was said at the bottom right.
    pub notices: Notices,
    /// The last number given to a request.
    pub last_ticket: u64,
    /// True while a write is under way.
    pub is_writing: bool,
    /// An overlay that a screen asks for; taken up at once.
    pub opens: Option<Overlay>,
}

impl Shared {
    /// Before anything is known.
    #[must_use]
    pub fn new(now: Time, size: (u16, u16), theme: Theme) -> Self {
        Self {
            now,
            size,
            has_focus: true,
            pressed_at: None,
            theme,
            palette: theme.palette,
            keymap: Keymap::default(),
            saved_filters: Arc::default(),
            is_calm: false,
            columns: Column::USUAL.to_vec(),
            contexts: Vec::new(),
            context: None,
            connection: Connection::Closed,
            opening: None,
            sync: Load::default(),
            server_clock: ServerClock::default(),
            reached: None,
            read_at: None,
            failure: None,
            next_try: None,
            notices: Notices::default(),
            last_ticket: 0,
            is_writing: false,
            opens: None,
        }
    }

    /// Takes the colours of a context.
    pub fn dress(&mut self, info: &ContextInfo) {
        let accent = info.accent.unwrap_or(self.palette.accent);
        let palette = Palette { accent, ..self.palette };
        let is_alarming = info.is_protected && info.accent.is_none();
        self.theme = Theme { accent: info.accent, is_alarming, ..self.theme.with_palette(palette) };
    }

    /// Takes other colours, for the open context too.
    pub fn paint(&mut self, palette: Palette) {
        self.palette = palette;
        match self.open_context().cloned() {
            Some(info) => self.dress(&info),
            None => self.theme = self.theme.with_palette(palette),
        }
    }

    /// A number for a new request.
    pub fn ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }

    /// The open context.
    #[must_use]
    pub fn open_context(&self) -> Option<&ContextInfo> {
        self.contexts.get(self.context?)
    }

    /// True where the name of what is changed must be typed.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.open_context().is_some_and(|context| context.is_protected)
    }

    /// True where it can be seen through the data plane which target answers.
    #[must_use]
    pub fn can_probe(&self) -> bool {
        self.open_context().is_some_and(|context| context.can_probe)
    }

    /// True where nothing may be changed.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.open_context().is_some_and(|context| context.is_read_only)
    }

    /// The server's clock. Countdowns and ages of what the server wrote are counted by it.
    #[must_use]
    pub fn server_now(&self) -> Time {
        self.server_clock.now(self.now)
    }

    /// The server has answered, and told its clock.
    pub fn reach(&mut self, date: Option<Time>) {
        if let Some(date) = date {
            self.server_clock = self.server_clock.observe(date, self.now, self.now);
        }
        self.reached = Some(self.server_now());
    }

    /// How the server's data plane takes over what is stored, where it tells.
    #[must_use]
    pub fn sync_report(&self) -> Option<&SyncReport> {
        self.sync.get().and_then(Option::as_ref)
    }

    /// How long a change takes at most until it is in effect.
    #[must_use]
    pub fn sync_interval(&self) -> Duration {
        let seconds = self.sync_report().map(|report| report.interval_seconds);
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(INTERVAL_DEFAULT)
    }

    /// How long until the next sync, where the server tells.
    #[must_use]
    pub fn until_next_sync(&self) -> Option<Duration> {
        self.sync_report().map(|report| report.next_sync_at.since(self.server_now()))
    }

    /// True where what is shown is older than it should be, because the server cannot be read.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.failure.is_some() && self.read_at.is_some()
    }

    /// A span in a role's style.
    pub fn span<'a>(&self, role: Role, text: impl Into<std::borrow::Cow<'a, str>>) -> ratatui::text::Span<'a> {
        ratatui::text::Span::styled(text, self.theme.style(role))
    }
}
