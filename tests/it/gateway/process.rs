//! The gateway as a process: its ready line, its ends, and what is left after `kill -9`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use repoint::gateway::Addresses;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::program::{command, new_endpoint, request, start, text};
use crate::support::gateway::KEY;

#[test]
fn the_ready_line_is_true_and_the_rest_of_stdout_is_empty() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = start(command(&directory.path().join("data"), &["--seed", "demo"]));
    assert_eq!(process.addresses.pid, process.child.id());
    let key = std::fs::read_to_string(directory.path().join("data/management.key")).unwrap();
    let (status, body) = request(&process.addresses, key.trim(), "GET", "/v1/gateway/endpoints", &Value::Null).unwrap();
    assert_eq!((status, body["items"].as_array().unwrap().len()), (200, 14));
    process.signal(Signal::TERM);
    assert_eq!(process.end(), Some(0));
    assert_eq!(text(process.child.stdout.take()), "");
    let log = text(process.child.stderr.take());
    assert!(log.contains("ready") && log.contains("SIGTERM"), "{log}");
    assert!(!log.contains(key.trim()) && !log.contains('\u{1b}'), "{log}");
}

#[test]
fn both_signals_end_it_with_0_and_the_directory_is_free_again() {
    let directory = tempfile::tempdir().unwrap();
    for signal in [Signal::TERM, Signal::INT] {
        let mut process = start(command(directory.path(), &[]));
        process.signal(signal);
        assert_eq!(process.end(), Some(0));
    }
}

#[test]
fn it_ends_when_standard_input_closes_only_if_asked_to() {
    let directory = tempfile::tempdir().unwrap();
    let mut tied = start(command(&directory.path().join("a"), &["--exit-with-parent"]));
    drop(tied.child.stdin.take());
    assert_eq!(tied.end(), Some(0));
    let mut free = start(command(&directory.path().join("b"), &[]));
    drop(free.child.stdin.take());
    let key = std::fs::read_to_string(directory.path().join("b/management.key")).unwrap();
    assert!(request(&free.addresses, key.trim(), "GET", "/v1/models", &Value::Null).is_some());
    free.signal(Signal::TERM);
    assert_eq!(free.end(), Some(0));
}

#[test]
fn a_request_under_way_is_finished_before_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = start(command(directory.path(), &[]));
    let key = std::fs::read_to_string(directory.path().join("management.key")).unwrap();
    let address = process.addresses.management_url.strip_prefix("http://").unwrap().to_owned();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let body = new_endpoint("my-org/late").to_string();
    let head = format!(
        "POST /v1/gateway/endpoints HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nAuthorization: Api-Key {}\r\n\
         Content-Length: {}\r\n\r\n",
        key.trim(),
        body.len()
    );
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    // The answer to `Expect` is proof that the request is under way.
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.contains("100"), "{line}");
    process.signal(Signal::TERM);
    // What it logs is proof that the drain has begun.
    let mut log = BufReader::new(process.child.stderr.take().unwrap());
    line.clear();
    while !line.contains("draining") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended without a drain");
    }
    std::io::Write::write_all(&mut stream, body.as_bytes()).unwrap();
    let mut answer = String::new();
    reader.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("200 OK") && answer.contains("my-org/late"), "{answer}");
    assert_eq!(process.end(), Some(0));
}

#[test]
fn every_answered_write_is_there_after_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = start(command(directory.path(), &[]));
    let key = std::fs::read_to_string(directory.path().join("management.key")).unwrap().trim().to_owned();
    let (sender, answered) = std::sync::mpsc::channel();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (sender, key, addresses) = (sender.clone(), key.clone(), process.addresses.clone());
            std::thread::spawn(move || {
                for number in 0.. {
                    let slug = format!("my-org/w{writer}-{number}");
                    match request(&addresses, &key, "POST", "/v1/gateway/endpoints", &new_endpoint(&slug)) {
                        Some((200, body)) => sender.send(body["id"].as_str().unwrap().to_owned()).unwrap(),
                        Some(other) => panic!("{other:?}"),
                        None => return,
                    }
                }
            })
        })
        .collect();
    drop(sender);
    let mut ids: Vec<String> = answered.iter().take(60).collect();
    process.signal(Signal::KILL);
    assert_eq!(process.end(), None);
    ids.extend(answered);
    for writer in writers {
        writer.join().unwrap();
    }
    let mut process = start(command(directory.path(), &[]));
    for id in &ids {
        let path = format!("/v1/gateway/endpoints/{id}");
        let (status, _) = request(&process.addresses, &key, "GET", &path, &Value::Null).unwrap();
        assert_eq!(status, 200, "{id} was answered and is gone");
    }
    // Rows and their audit entries are of one transaction.
    let connection = rusqlite::Connection::open(directory.path().join("repoint.db")).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let made = count("SELECT count(*) FROM endpoints WHERE workspace = 0");
    assert_eq!(made, count("SELECT count(*) FROM audit WHERE event_type = 'GATEWAY_ENDPOINT_CREATED'"));
    assert!(usize::try_from(made).unwrap() >= ids.len());
    process.signal(Signal::TERM);
    assert_eq!(process.end(), Some(0));
}

/// Everything in the directory and in the log, as one heap of bytes.
fn heap(data: &Path, log: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    files.chain([log.to_owned()]).flat_map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn federated_keys_stand_in_no_log_and_no_file_and_survive_kill_9() {
    const REGISTERED: &str = "canary-Zq7rT2wX9pLk4sVb6NyJ0dHfG3";
    let directory = tempfile::tempdir().unwrap();
    let (data, log) = (directory.path().join("data"), directory.path().join("log"));
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let public = BASE64_STANDARD.encode(pair.public_key().as_ref());
    let mut verbose = command(&data, &["--seed", "demo", "--workspace-public-key", &public]);
    let file = std::fs::File::create(&log).unwrap();
    verbose.env("REPOINT_LOG", "trace").stderr(file);
    let mut process = start(verbose);
    let key = std::fs::read_to_string(data.join("management.key")).unwrap();
    let ask = |addresses: &Addresses, method: &str, path: &str, body: &Value| {
        request(addresses, key.trim(), method, path, body).expect("an answer")
    };
    let group = json!({"metadata": {"external_entity_id": "canary"}, "models": [{"slug": "my-org/glm-5.2"}]});
    let (_, group) = ask(&process.addresses, "POST", "/v1/gateway/groups", &group);
    let keys = format!("/v1/gateway/groups/{}/api_keys", group["id"].as_str().unwrap());
    let (_, minted) = ask(&process.addresses, "POST", &keys, &json!({"name": "a name to be found"}));
    let body = json!({"key": REGISTERED}).to_string();
    let signature = BASE64_STANDARD.encode(pair.sign(body.as_bytes()));
    let key_and_signature = format!("{}\r\nX-Baseten-Signature: {signature}", key.trim());
    let register = format!("{keys}/register");
    let body: Value = serde_json::from_str(&body).unwrap();
    for expected in [200, 400] {
        let (status, _) = request(&process.addresses, &key_and_signature, "POST", &register, &body).unwrap();
        assert_eq!(status, expected, "the second time it is there already");
    }
    process.signal(Signal::KILL);
    assert_eq!(process.end(), None);
    let secret = minted["api_key"].as_str().unwrap().split_once('.').unwrap().1;
    let heap = heap(&data, &log);
    let holds = |text: &str| heap.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("a name to be found") && holds("ready"), "the right files are read");
    for canary in [secret, REGISTERED, REGISTERED.split_at(16).1] {
        assert!(!holds(canary));
    }
    let again = start(command(&data, &[]));
    let (_, list) = ask(&again.addresses, "GET", &keys, &Value::Null);
    let prefixes: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["prefix"].clone()).collect();
    assert_eq!(prefixes, [minted["prefix"].clone(), json!(&REGISTERED[..16])]);
}

#[test]
fn what_keeps_it_from_starting_is_one_sentence_on_stderr_and_exit_1() {
    let directory = tempfile::tempdir().unwrap();
    let first = start(command(&directory.path().join("a"), &[]));
    for (data, more, part) in [
        (Path::new(":memory:"), &[][..], "REPOINT_GATEWAY_KEY"),
        (&directory.path().join("a"), &[], first.addresses.management_url.as_str()),
        (&directory.path().join("b"), &["--listen", "0.0.0.0:0"], "--listen-beyond-loopback"),
        (Path::new("/proc/nowhere"), &[], "hint:"),
    ] {
        let output = command(data, more).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(part) && said.trim().lines().count() == 1, "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_key_of_the_environment_opens_and_is_not_written_down() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(directory.path(), &[]);
    command.env("REPOINT_GATEWAY_KEY", KEY);
    let mut process = start(command);
    let answer = request(&process.addresses, KEY, "GET", "/v1/users/me", &Value::Null).unwrap();
    assert_eq!(answer.0, 200);
    assert!(!directory.path().join("management.key").exists());
    process.signal(Signal::TERM);
    assert_eq!(process.end(), Some(0));
}

#[test]
fn a_store_in_memory_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(Path::new(":memory:"), &["--seed", "demo"]);
    command.env("REPOINT_GATEWAY_KEY", KEY).current_dir(directory.path());
    let mut process = start(command);
    let (status, body) = request(&process.addresses, KEY, "GET", "/v1/gateway/endpoints", &Value::Null).unwrap();
    assert_eq!((status, body["items"].as_array().unwrap().len()), (200, 14));
    process.signal(Signal::TERM);
    assert_eq!(process.end(), Some(0));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
