//! A dashboard without terminal, clock or server: messages in, pictures out.

use std::fmt::Write as _;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use repoint::api::{Endpoint, EndpointId, Provider, Slug, SyncReport, Target, Time, Unknown};
use repoint::tui::app::{self, Model};
use repoint::tui::effect::Effect;
use repoint::tui::message::{Message, Opened, PageRead};
use repoint::tui::session::{ContextInfo, ContextKind, Shared};
use repoint::tui::theme::{Depth, Theme};
use repoint::tui::view;

/// The three sizes that every screen is looked at.
pub(crate) const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

pub(crate) struct Stage {
    pub(crate) model: Model,
    pub(crate) effects: Vec<Effect>,
}

pub(crate) fn now() -> Time {
    Time::parse("2026-11-22T13:30:21Z").unwrap()
}

pub(crate) fn seconds_ago(seconds: u64) -> Time {
    now().minus(Duration::from_secs(seconds))
}

impl Stage {
    /// A dashboard that has just opened the local gateway; nothing was read yet.
    pub(crate) fn opened(size: (u16, u16)) -> Self {
        let mut shared = Shared::new(now(), size, Theme::new(Depth::True));
        shared.contexts = vec![ContextInfo {
            name: "sandbox".to_owned(),
            address: "http://127.0.0.1:8787".to_owned(),
            inference_url: "http://127.0.0.1:8788".to_owned(),
            kind: ContextKind::Local,
            is_protected: false,
            is_read_only: false,
            can_probe: false,
            accent: None,
        }];
        let mut model = Model::new(shared);
        let effects = app::open(&mut model, 0);
        let mut stage = Self { model, effects };
        let Some(Effect::Open { ticket, context }) = stage.effects.first().cloned() else { panic!("not opening") };
        let info = stage.model.shared.contexts[0].clone();
        stage.tell(Message::Opened { ticket, answer: Ok(Opened { context: Some(context), info }) });
        stage
    }

    /// The same with these endpoints read, and the sync report.
    pub(crate) fn with(size: (u16, u16), endpoints: Vec<Endpoint>) -> Self {
        let mut stage = Self::opened(size);
        stage.answer_sync();
        stage.answer_page(endpoints);
        stage
    }

    pub(crate) fn answer_sync(&mut self) {
        let Some(ticket) = self.model.shared.sync.waiting else { panic!("no sync report was asked for") };
        let report = SyncReport {
            interval_seconds: 60.0,
            revision: 7,
            applied_revision: 7,
            last_sync_at: seconds_ago(19),
            next_sync_at: now().plus(Duration::from_secs(41)),
            in_flight: std::collections::BTreeMap::new(),
        };
        self.tell(Message::Sync { ticket, answer: Ok((Some(report), Some(now()))) });
    }

    pub(crate) fn answer_page(&mut self, endpoints: Vec<Endpoint>) {
        let Some(ticket) = self.model.endpoints.reading else { panic!("no endpoints were asked for") };
        let page = PageRead { endpoints, is_last: true, revision: Some(7), date: Some(now()) };
        self.tell(Message::Page { ticket, answer: Ok(page) });
    }

    pub(crate) fn tell(&mut self, message: Message) {
        self.effects = app::update(&mut self.model, message);
    }

    /// Presses keys: letters as they are, others by name: `<enter>`, `<esc>`, `<down>`, `<tab>`.
    pub(crate) fn press(&mut self, keys: &str) {
        let mut rest = keys;
        while let Some(first) = rest.chars().next() {
            let (code, length) = match rest.strip_prefix('<').and_then(|tail| tail.split_once('>')) {
                Some((name, _)) => (named(name), name.len() + 2),
                None => (KeyCode::Char(first), first.len_utf8()),
            };
            rest = &rest[length..];
            self.tell(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    /// Presses a letter together with Control.
    pub(crate) fn press_control(&mut self, letter: char) {
        self.tell(Message::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)));
    }

    pub(crate) fn buffer(&self) -> Buffer {
        let (columns, rows) = self.model.shared.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view::draw(&self.model, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// What stands on the screen, a line a row.
    pub(crate) fn text(&self) -> String {
        let buffer = self.buffer();
        let rows = buffer.content().chunks(usize::from(buffer.area.width));
        rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned() + "\n")
            .collect()
    }

    /// The styles of the screen, a line a run: what a snapshot of the text alone does not see.
    pub(crate) fn styles(&self) -> String {
        let buffer = self.buffer();
        let mut lines = String::new();
        for (y, row) in buffer.content().chunks(usize::from(buffer.area.width)).enumerate() {
            let mut runs: Vec<(Style, String)> = Vec::new();
            for cell in row {
                let style = cell.style();
                match runs.last_mut() {
                    Some((last, text)) if *last == style => text.push_str(cell.symbol()),
                    _ => runs.push((style, cell.symbol().to_owned())),
                }
            }
            for (style, text) in runs.iter().filter(|(style, _)| *style != plain(style)) {
                writeln!(lines, "{y:>2} {:<28} {}", named_style(*style), text.trim_end()).unwrap();
            }
        }
        lines
    }
}

fn plain(style: &Style) -> Style {
    let bare = ratatui::buffer::Cell::default().style();
    Style { underline_color: style.underline_color, ..bare }
}

fn named_style(style: Style) -> String {
    let mut parts = Vec::new();
    parts.extend(style.fg.filter(|fg| *fg != ratatui::style::Color::Reset).map(|fg| fg.to_string()));
    parts.extend(style.bg.filter(|bg| *bg != ratatui::style::Color::Reset).map(|bg| format!("on {bg}")));
    if style.add_modifier != Modifier::empty() {
        parts.push(format!("{:?}", style.add_modifier).to_lowercase());
    }
    parts.join(" ")
}

fn named(name: &str) -> KeyCode {
    match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "tab" => KeyCode::Tab,
        "backspace" => KeyCode::Backspace,
        "pgdn" => KeyCode::PageDown,
        "f2" => KeyCode::F(2),
        "f3" => KeyCode::F(3),
        other => panic!("no key is called {other}"),
    }
}

pub(crate) fn endpoint(name: &str, target: Target, written_seconds_ago: u64) -> Endpoint {
    Endpoint {
        id: EndpointId::new(format!("id-{name}")),
        slug: Slug::from_wire(format!("my-org/{name}")),
        region: None,
        targets: vec![target],
        created_at: seconds_ago(100 * 86_400),
        updated_at: seconds_ago(written_seconds_ago),
        unknown: Unknown::new(),
    }
}

/// A dozen endpoints over all providers, with shared targets; the canary was written 19 s ago.
pub(crate) fn dozen() -> Vec<Endpoint> {
    let external = |provider, model: &str| Target::external(provider, "sec1", model);
    let old = 90_000;
    vec![
        endpoint("glm-5.2", Target::baseten("3kZ9xqd", None), old),
        endpoint("glm-5.2-canary", Target::baseten("7mP2wqe", Some("staging")), 19),
        endpoint("glm-5.2-eu", Target::baseten("3kZ9xqd", None), old),
        endpoint("claude", external(Provider::Anthropic, "claude-sonnet-4-5"), old),
        endpoint("gpt", external(Provider::OpenAi, "gpt-4o"), old),
        endpoint("gpt-mini", external(Provider::OpenAi, "gpt-4o-mini"), old),
        endpoint("grok", external(Provider::XAi, "grok-4"), old),
        endpoint("assistant", external(Provider::Anthropic, "claude-sonnet-4-5"), old),
        endpoint("assistant-eu", external(Provider::Anthropic, "claude-sonnet-4-5"), old),
        endpoint("embed", Target::baseten("5eM1bed", None), old),
        endpoint("glm-mini", Target::baseten("7mP2wqe", Some("staging")), old),
        endpoint("search", external(Provider::OpenAi, "gpt-4o"), old),
    ]
}
