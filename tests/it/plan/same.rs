//! The same changes by keys in the dashboard and by commands: the same bytes on the wire, the same journal.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use repoint::api::Target;
use repoint::client::Options;
use repoint::plan::Journal;
use repoint::plan::journal::Bounds;
use repoint::tui::app::{self, Model};
use repoint::tui::effect::Effect;
use repoint::tui::keymap::Keymap;
use repoint::tui::message::Message;
use repoint::tui::perform::Performer;
use repoint::tui::session::{ContextInfo, ContextKind, Shared};
use repoint::tui::theme::{Depth, Theme};
use repoint::tui::{Clipboard, How, Look, Open, Start, StartContext};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::kill::program;
use super::server::Server;
use super::{endpoint, world};
use crate::support::pty::PATIENCE;

/// A dashboard without a terminal: the real state and the real performer.
struct Dashboard {
    model: Model,
    performer: Performer,
    messages: UnboundedReceiver<Message>,
}

impl Dashboard {
    async fn open(server: &Server, journal: &std::path::Path) -> Self {
        let (sender, messages) = tokio::sync::mpsc::unbounded_channel();
        let info = ContextInfo {
            name: "here".to_owned(),
            address: String::new(),
            kind: ContextKind::Remote,
            is_protected: false,
            is_read_only: false,
            can_probe: false,
            accent: None,
        };
        let url = server.url.clone();
        let how =
            How::Address(Arc::new(move || Ok(Options::new(url.clone(), SecretString::from("canary-management-key")))));
        let start = Start {
            contexts: vec![StartContext { info: info.clone(), how, prober: None }],
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

    fn tell(&mut self, message: Message) {
        let is_page = matches!(message, Message::Page { answer: Ok(_), .. });
        let effects = app::update(&mut self.model, message);
        if is_page {
            self.performer.page_was_laid();
        }
        self.perform(effects);
    }

    /// Takes what comes until it is so.
    async fn until(&mut self, what: &str, wanted: impl Fn(&Model) -> bool) {
        while !wanted(&self.model) {
            let message = tokio::time::timeout(PATIENCE, self.messages.recv()).await;
            self.tell(message.unwrap_or_else(|_| panic!("never: {what}")).unwrap());
        }
    }

    /// Letters as they are; ⏎, ⌫ and ⇥ by their signs.
    fn press(&mut self, keys: &str) {
        for letter in keys.chars() {
            let code = match letter {
                '⏎' => KeyCode::Enter,
                '⇥' => KeyCode::Tab,
                letter => KeyCode::Char(letter),
            };
            self.tell(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    /// Presses what makes a change, and waits until it is made.
    async fn make(&mut self, keys: &str) {
        self.press(keys);
        assert!(self.model.shared.is_writing, "{keys:?} made no change: {:?}", self.model.endpoints.work);
        self.until("the change is made", |model| !model.shared.is_writing && model.endpoints.work.is_none()).await;
    }
}

/// The journal's lines without what differs from run to run: ids, times, who.
fn journal(folder: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("history.jsonl")).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter_mut().for_each(strip);
    lines
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in ["plan", "at", "who", "context", "server", "created_at", "updated_at"] {
                if let Some(field) = fields.get_mut(name).filter(|field| field.is_string()) {
                    *field = json!("…");
                }
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What went over the wire, without the times that the server itself gave out.
fn wire(server: &Server) -> Vec<String> {
    let stamp = |line: &str| line.split("if-match").next().unwrap().to_owned();
    server.change(|world| {
        world
            .wire
            .iter()
            .map(|request| {
                let (head, body) = request.split_once('\n').unwrap();
                assert!(head.contains("if-match 2") || head.starts_with("POST"), "unguarded: {head}");
                format!("{}\n{body}", stamp(head))
            })
            .collect()
    })
}

async fn by_keys(server: &Server, journal: &std::path::Path) {
    let mut dashboard = Dashboard::open(server, journal).await;
    dashboard.press("/model-00001⏎");
    dashboard.make("rnew/staging⏎⏎").await;
    dashboard.press("/");
    dashboard.tell(Message::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
    dashboard.press("/model-00002⏎");
    dashboard.make("d⇥⏎").await;
    dashboard.performer.shut_down().await;
}

async fn by_commands(server: &Server, home: &std::path::Path) {
    for arguments in [
        &["endpoints", "repoint", "my-org/model-00001", "--model-id", "new", "--environment-name", "staging"][..],
        &["endpoints", "delete", "my-org/model-00002", "--yes"],
    ] {
        let output = program(server, home, arguments).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[tokio::test]
async fn keys_and_commands_send_the_same_bytes_and_write_the_same_journal() {
    let (first, second) = (Server::start(world(4)).await, Server::start(world(4)).await);
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("journal");
    drop(Journal::open(&folder, Bounds::default()).unwrap());
    by_keys(&first, &folder).await;
    by_commands(&second, home.path()).await;
    let sent = wire(&first);
    assert_eq!(sent, wire(&second));
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent[0].ends_with(r#"{"targets":[{"provider":"BASETEN","model_id":"new","environment_name":"staging"}]}"#));
    assert_eq!(first.endpoints()[1].targets, [Target::baseten("new", Some("staging"))]);
    assert_eq!(
        first.endpoints().iter().map(|it| &it.slug).collect::<Vec<_>>(),
        [0, 1, 3].map(|it| endpoint(it).slug).iter().collect::<Vec<_>>()
    );
    let (by_keys, by_commands) = (journal(&folder), journal(&home.path().join(".local/state/repoint/journal")));
    assert_eq!(by_keys, by_commands);
    assert_eq!(by_keys.len(), 10, "a plan, its change, before and after the write, and the end, each twice");
}
