//! The same changes by keys in the dashboard and by commands: the same bytes on the wire, the same journal.

use crossterm::event::KeyCode;
use repoint::api::Target;
use repoint::client::Options;
use repoint::plan::Journal;
use repoint::plan::journal::Bounds;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::kill::program;
use super::server::Server;
use super::{endpoint, world};
use crate::support::dashboard::Dashboard;

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
    let options = Options::new(server.url.clone(), SecretString::from("canary-management-key"));
    let mut dashboard = Dashboard::open(options, "", journal).await;
    dashboard.press("/model-00001⏎");
    dashboard.make("rnew/staging⏎⏎").await;
    dashboard.press("/");
    dashboard.key(KeyCode::Esc);
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
