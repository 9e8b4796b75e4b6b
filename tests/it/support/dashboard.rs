//! The dashboard's state and performer without a terminal: keys in, real requests out.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use repoint::client::Options;
use repoint::tui::app::{self, Model};
use repoint::tui::effect::Effect;
use repoint::tui::keymap::Keymap;
use repoint::tui::message::Message;
use repoint::tui::perform::Performer;
use repoint::tui::session::{ContextInfo, ContextKind, Shared};
use repoint::tui::theme::{Depth, Theme};
use repoint::tui::{Clipboard, How, Look, Open, Start, StartContext};
use tokio::sync::mpsc::UnboundedReceiver;

use super::pty::PATIENCE;

/// A dashboard without a terminal: the real state and the real performer.
pub(crate) struct Dashboard {
    pub(crate) model: Model,
    pub(crate) performer: Performer,
    messages: UnboundedReceiver<Message>,
}

impl Dashboard {
    /// Opens a server as a context called `here`, and reads its endpoints.
    pub(crate) async fn open(options: Options, inference_url: &str, journal: &std::path::Path) -> Self {
        let (sender, messages) = tokio::sync::mpsc::unbounded_channel();
        let info = ContextInfo {
            name: "here".to_owned(),
            address: String::new(),
            inference_url: inference_url.to_owned(),
            kind: ContextKind::Remote,
            is_protected: false,
            is_read_only: false,
            can_probe: false,
            accent: None,
        };
        let how = How::Address(Arc::new(move || Ok(options.clone())));
        let start = Start {
            contexts: vec![StartContext { info: info.clone(), how, prober: None, probe_key: None }],
            open: Open::Context(0),
            look: Look::default(),
            takes_mouse: false,
            keymap: Keymap::default(),
            filters: std::collections::BTreeMap::default(),
            editor: "false".to_owned(),
            notice: None,
            clipboard: Clipboard::default(),
            crashes: journal.to_owned(),
            journal: journal.to_owned(),
            who: "tester@here".to_owned(),
        };
        let mut shared = Shared::new(repoint::clock::now(), (120, 36), Theme::new(Depth::True));
        shared.contexts = vec![info];
        let mut dashboard = Self { model: Model::new(shared), performer: Performer::new(start, sender), messages };
        let effects = app::open(&mut dashboard.model, 0);
        dashboard.perform(effects);
        dashboard.until("the list is read", |model| model.endpoints.was_read()).await;
        dashboard
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.performer.perform(effect);
        }
    }

    pub(crate) fn tell(&mut self, message: Message) {
        let is_page = matches!(message, Message::Page { answer: Ok(_), .. });
        let effects = app::update(&mut self.model, message);
        if is_page {
            self.performer.page_was_laid();
        }
        self.perform(effects);
    }

    /// Takes what comes until it is so.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&Model) -> bool) {
        while !wanted(&self.model) {
            let message = tokio::time::timeout(PATIENCE, self.messages.recv()).await;
            self.tell(message.unwrap_or_else(|_| panic!("never: {what}")).unwrap());
        }
    }

    /// Presses a key that is no letter.
    pub(crate) fn key(&mut self, code: KeyCode) {
        self.tell(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    /// Letters as they are; ⏎ and ⇥ by their signs.
    pub(crate) fn press(&mut self, keys: &str) {
        for letter in keys.chars() {
            let code = match letter {
                '⏎' => KeyCode::Enter,
                '⇥' => KeyCode::Tab,
                letter => KeyCode::Char(letter),
            };
            self.key(code);
        }
    }

    /// Presses what makes a change, and waits until it is made.
    pub(crate) async fn make(&mut self, keys: &str) {
        self.press(keys);
        assert!(self.model.shared.is_writing, "{keys:?} made no change: {:?}", self.model.endpoints.work);
        self.until("the change is made", |model| !model.shared.is_writing && model.endpoints.work.is_none()).await;
    }
}
