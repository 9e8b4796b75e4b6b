//! Secrets that are looked for everywhere: in logs, answers, metrics, lists and files.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use repoint::gateway::Addresses;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::program::{SLUG, command, provision, request, start};

const MANAGEMENT: &str = "canary-management-4f1c9a7e2b";
const VIEW: &str = "canary-view-key-77d0c3aa15";
const PROVIDER: &str = "canary-provider-0b8e6d5512";
const GIVEN: &str = "canary-given-secret-c2f9e7";
const WEBHOOK: &str = "canary-webhook-91aa03de67";
const TYPED: &str = "canary-typed-wrongly-5e5e5e";

/// Sends one request to a plane and gives all that comes back.
fn ask(url: &str, method: &str, target: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let length = body.len();
    let head =
        format!("{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}");
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Everything that an owner can get wrong or ask for, answer by answer.
fn owner(addresses: &Addresses, federated: &str) -> String {
    let url = &addresses.management_url;
    let key = format!("authorization: Api-Key {MANAGEMENT}\r\n");
    let mut heap = String::new();
    // Requests are written down a moment after their answer.
    while !ask(url, "GET", "/metrics", "", "").contains("repoint_requests_total{") {}
    for wrong in [TYPED, federated, VIEW] {
        let headers = format!("authorization: Api-Key {wrong}\r\n");
        heap += &ask(url, "POST", "/v1/gateway/endpoints", &headers, "{}");
        heap += &ask(url, "POST", "/v1/secrets", &headers, &json!({"name": "n", "value": PROVIDER}).to_string());
    }
    for body in [
        json!({"name": 7, "value": PROVIDER}),
        json!({"name": "", "value": PROVIDER}),
        json!({"value": PROVIDER}),
        json!([PROVIDER]),
        json!({"name": "given", "value": PROVIDER}),
        json!({"name": "n", "value": {"nested": PROVIDER}}),
    ] {
        heap += &ask(url, "POST", "/v1/secrets", &key, &body.to_string());
    }
    heap += &ask(url, "POST", "/v1/secrets", &key, &format!("{{\"name\":\"n\",\"value\":\"{PROVIDER}"));
    for path in
        ["/v1/gateway/groups/none/api_keys/register", "/repoint/v1/explain", "/v1/gateway/groups", "/repoint/v1/clock"]
    {
        heap += &ask(url, "POST", path, &key, &json!({"key": federated, "name": PROVIDER}).to_string());
    }
    for path in [
        "/metrics",
        "/healthz",
        "/readyz",
        "/repoint/v1/requests?limit=1000",
        "/repoint/v1/sync",
        "/repoint/v1/faults",
        "/repoint/v1/dead_letters",
        "/v1/secrets",
        "/v1/users/me",
        "/v1/audit_logs",
        "/repoint/v1/audit",
        "/v1/gateway/endpoints",
        "/v1/gateway/groups",
        "/v1/gateway/events?start_time=2020-01-01T00:00:00Z",
    ] {
        heap += &ask(url, "GET", path, &key, "");
    }
    heap
}

/// Everything that a caller can get wrong, answer by answer.
fn caller(addresses: &Addresses, federated: &str) -> String {
    let url = &addresses.inference_url;
    let key = format!("authorization: Bearer {federated}\r\n");
    let mut heap = String::new();
    for slug in [SLUG, "my-org/outside", "my-org/none"] {
        for stream in [false, true] {
            let body = json!({"model": slug, "stream": stream, "messages": [{"role": "user", "content": "hi"}]});
            heap += &ask(url, "POST", "/v1/chat/completions", &key, &body.to_string());
        }
    }
    for (target, headers, body) in [
        ("/v1/chat/completions".to_owned(), format!("authorization: Api-Key {TYPED}\r\n"), "{}".to_owned()),
        ("/v1/messages".to_owned(), format!("x-api-key: {TYPED}\r\n"), "{}".to_owned()),
        (format!("/v1/{federated}?key={TYPED}"), key.clone(), "{}".to_owned()),
        ("/v1/chat/completions".to_owned(), key.clone(), format!("{{\"model\":\"{TYPED}\"")),
        (format!("/v1/chat/completions?key={TYPED}"), key.clone(), format!("{{\"model\":\"{SLUG}\"}}")),
    ] {
        heap += &ask(url, "POST", &target, &headers, &body);
    }
    heap
}

fn hold(data: &Path) -> Vec<u8> {
    let mut heap = Vec::new();
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "key") {
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
        heap.extend(std::fs::read(path).unwrap());
    }
    heap
}

#[test]
fn no_secret_stands_in_a_log_an_answer_a_metric_or_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let (data, log, view) =
        (directory.path().join("data"), directory.path().join("log"), directory.path().join("view.key"));
    std::fs::write(&view, VIEW).unwrap();
    std::fs::set_permissions(&view, PermissionsExt::from_mode(0o600)).unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let flags = ["--management-view-key-file", view.to_str().unwrap(), "--secret", "given=env:GIVEN"];
    let (base, hook) = (format!("OPENAI=http://{gone}"), format!("http://{gone}/hook"));
    let mut verbose = command(&data, &[&flags[..], &["--provider-base", &base, "--webhook-url", &hook]].concat());
    verbose.env("REPOINT_GATEWAY_KEY", MANAGEMENT).env("GIVEN", GIVEN).env("REPOINT_WEBHOOK_SECRET", WEBHOOK);
    verbose.env("REPOINT_LOG", "trace").stderr(std::fs::File::create(&log).unwrap());
    let mut process = start(verbose);
    let write = |path: &str, body: &Value| {
        let (status, answer) = request(&process.addresses, MANAGEMENT, "POST", path, body).unwrap();
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    };
    let stored = write("/v1/secrets", &json!({"name": "stored", "value": PROVIDER}));
    let secrets = request(&process.addresses, MANAGEMENT, "GET", "/v1/secrets", &Value::Null).unwrap().1;
    let id =
        secrets["secrets"].as_array().unwrap().iter().find(|secret| secret["name"] == "stored").unwrap()["id"].clone();
    assert!(!stored.to_string().contains(PROVIDER));
    let target = json!({"provider": "OPENAI", "secret_id": id, "target_model": "gpt"});
    write("/v1/gateway/endpoints", &json!({"slug": "my-org/outside", "targets": [target]}));
    let federated = provision(&process.addresses, MANAGEMENT);
    let groups = request(&process.addresses, MANAGEMENT, "GET", "/v1/gateway/groups", &Value::Null).unwrap().1;
    let group = format!("/v1/gateway/groups/{}", groups["items"][0]["id"].as_str().unwrap());
    let models = json!({"models": [{"slug": SLUG}, {"slug": "my-org/outside"}]});
    assert_eq!(request(&process.addresses, MANAGEMENT, "PATCH", &group, &models).unwrap().0, 200);
    let mut heap = caller(&process.addresses, &federated) + &owner(&process.addresses, &federated);
    assert!(heap.contains("the connection was refused") && heap.contains("repoint_requests_total"), "{heap}");
    process.signal(Signal::TERM);
    assert_eq!(process.end(), Some(0));
    heap += &super::program::text(process.child.stdout.take());
    let mut heap = heap.into_bytes();
    let written = std::fs::read(&log).unwrap();
    assert!(
        written.windows(6).any(|window| window == b"TRACE "),
        "the log is a log: {}",
        String::from_utf8_lossy(&written)
    );
    heap.extend(written);
    heap.extend(hold(&data));
    let secret = federated.split_once('.').unwrap().1;
    for canary in [MANAGEMENT, VIEW, PROVIDER, GIVEN, WEBHOOK, TYPED, secret] {
        let found = heap.windows(canary.len()).position(|window| window == canary.as_bytes());
        let around = found.map(|at| String::from_utf8_lossy(&heap[at.saturating_sub(300)..at + 60]).into_owned());
        assert_eq!(around, None, "{canary} stands somewhere");
    }
}
