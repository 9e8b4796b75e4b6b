//! Gets a fresh gateway to where a customer can call: an endpoint, a group with limits, a key, a sync.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use crate::contestants::{MANAGEMENT_KEY, MODEL, SLUG};

/// Makes what a caller needs and gives the caller's key.
pub(crate) fn provision(management: SocketAddr) -> String {
    let target = json!({"provider": "BASETEN", "model_id": MODEL});
    post(management, "/v1/gateway/endpoints", &json!({"slug": SLUG, "targets": [target]}));
    let limit = |kind: &str| json!({"type": kind, "unit": "MINUTE", "threshold": 1_000_000_000_u64});
    let models = json!([{
        "slug": SLUG,
        "rate_limits": [limit("REQUEST"), limit("TOKEN")],
        "usage_limits": [{"type": "TOKEN", "unit": "DAY", "threshold": 1_000_000_000_000_u64}],
    }]);
    let group = json!({"metadata": {"external_entity_id": "bench", "name": "bench"}, "models": models});
    let group = post(management, "/v1/gateway/groups", &group);
    let id = group["id"].as_str().expect("a group has an id");
    let key = post(management, &format!("/v1/gateway/groups/{id}/api_keys"), &json!({"name": "bench"}));
    post(management, "/repoint/v1/sync", &json!({}));
    key["api_key"].as_str().expect("a minted key is answered").to_owned()
}

/// Calls the management plane; anything but a 200 is a failure of the benchmark.
pub(crate) fn post(management: SocketAddr, path: &str, body: &Value) -> Value {
    send(management, "POST", path, body)
}

/// The same with another method.
pub(crate) fn send(management: SocketAddr, method: &str, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let mut stream = TcpStream::connect(management).expect("the gateway takes a connection");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Api-Key {MANAGEMENT_KEY}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("the gateway takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the gateway answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{method} {path} was answered {answer}");
    let text = answer.split_once("\r\n\r\n").map(|(_, text)| text).expect("an answer has a body");
    serde_json::from_str(text).expect("an answer is JSON")
}
