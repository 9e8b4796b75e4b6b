//! `kill -9` while callers call and an owner writes: what was told once is told again, and only once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use repoint::gateway::Addresses;
use rustix::process::Signal;
use serde_json::Value;

use super::program::{command, connect, head, header, new_endpoint, provision, request, send_chat, start};
use crate::support::gateway::KEY;

/// How many callers call at the same time.
const CALLERS: usize = 6;
/// How many events are stored before the end comes.
const EVENTS: usize = 200;

/// Calls until the gateway is gone, and gives the ids of all answers that came whole.
fn calls(addresses: &Addresses, key: &str) -> JoinHandle<BTreeSet<String>> {
    let (addresses, key) = (addresses.clone(), key.to_owned());
    std::thread::spawn(move || {
        let mut answered = BTreeSet::new();
        let mut connection = connect(&addresses).unwrap();
        while send_chat(&mut connection, &key, false).is_ok() {
            let Some(head) = head(&mut connection) else { break };
            assert!(head.starts_with("http/1.1 200"), "{head}");
            let mut body = vec![0; header(&head, "content-length").unwrap().parse().unwrap()];
            if connection.read_exact(&mut body).is_err() {
                break;
            }
            answered.insert(header(&head, "x-baseten-request-id").unwrap().to_owned());
        }
        answered
    })
}

/// Makes endpoints until the gateway is gone, and tells the ids of those that were answered.
fn writes(addresses: &Addresses) -> (JoinHandle<()>, Receiver<String>) {
    let (told, ids) = channel();
    let addresses = addresses.clone();
    let writer = std::thread::spawn(move || {
        for number in 0.. {
            let body = new_endpoint(&format!("my-org/write-{number}"));
            let Some((200, body)) = request(&addresses, KEY, "POST", "/v1/gateway/endpoints", &body) else { return };
            told.send(body["id"].as_str().unwrap().to_owned()).unwrap();
        }
    });
    (writer, ids)
}

/// The first stored events' requests by their idempotency keys, at most this many pages. A key that comes twice fails.
fn events(addresses: &Addresses, pages: usize) -> BTreeMap<String, String> {
    let mut events = BTreeMap::new();
    let mut query = "start_time=2020-01-01T00:00:00Z&limit=1000".to_owned();
    for _ in 0..pages {
        let path = format!("/v1/gateway/events?{query}");
        let (status, page) = request(addresses, KEY, "GET", &path, &Value::Null).unwrap();
        assert_eq!(status, 200, "{page}");
        for event in page["items"].as_array().unwrap() {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            assert_eq!(events.insert(text("idempotencyKey"), text("requestId")), None, "an event is told twice");
        }
        let Some(cursor) = page["pagination"]["cursor"].as_str() else { break };
        query = format!("limit=1000&cursor={cursor}");
    }
    events
}

#[test]
fn kill_9_under_load_loses_and_doubles_no_stored_event_and_no_answered_write() {
    let directory = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let mut command = command(directory.path(), more);
        // Nobody reads its log.
        command.env("REPOINT_GATEWAY_KEY", KEY).stderr(std::process::Stdio::null());
        start(command)
    };
    let mut process = run(&["--seed", "workspace"]);
    let key = provision(&process.addresses, KEY);
    let callers: Vec<_> = (0..CALLERS).map(|_| calls(&process.addresses, &key)).collect();
    let (writer, ids) = writes(&process.addresses);
    let told = loop {
        // While callers call, the list has no end.
        let told = events(&process.addresses, 1);
        if told.len() >= EVENTS {
            break told;
        }
    };
    process.signal(Signal::KILL);
    assert_eq!(process.end(), None);
    let answered: BTreeSet<String> = callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect();
    writer.join().unwrap();
    let mut process = run(&[]);
    let kept = events(&process.addresses, usize::MAX);
    for (key, request) in &told {
        assert_eq!(kept.get(key), Some(request), "an event that was told is gone");
    }
    let requests: BTreeSet<&String> = kept.values().collect();
    assert_eq!(requests.len(), kept.len(), "one request has two events");
    // The last request of each caller may have been served and not answered.
    let unanswered = requests.iter().filter(|request| !answered.contains(**request)).count();
    assert!(unanswered <= CALLERS, "{unanswered} events of requests that nobody made");
    let written: Vec<String> = ids.iter().collect();
    assert!(!written.is_empty());
    for id in &written {
        let path = format!("/v1/gateway/endpoints/{id}");
        let (status, _) = request(&process.addresses, KEY, "GET", &path, &Value::Null).unwrap();
        assert_eq!(status, 200, "{id} was answered and is gone");
    }
    // It serves as before: the same key, the same slug.
    let mut connection = connect(&process.addresses).unwrap();
    send_chat(&mut connection, &key, false).unwrap();
    assert!(head(&mut connection).unwrap().starts_with("http/1.1 200"));
    process.signal(Signal::TERM);
    assert_eq!(process.end(), Some(0));
}
