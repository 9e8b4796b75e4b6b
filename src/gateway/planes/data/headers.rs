//! Which headers travel: up to the target, and down to the caller.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED,
    HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, VIA,
};

use super::worker::Callee;
use crate::gateway::routing::provider::Dialect;

/// The version of Anthropic's protocol that is spoken where the caller names none.
pub(super) const ANTHROPIC_VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("anthropic-version"), HeaderValue::from_static("2023-06-01"));

/// Where Anthropic's clients send their key.
pub(super) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The id that every answer carries.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-baseten-request-id");
/// Which target answered, at which revision.
pub(super) const REPOINT_TARGET: HeaderName = HeaderName::from_static("x-repoint-target");

/// Writes the caller's headers as they go up: without credentials, cookies, hop-by-hop and forwarding ones, and with
/// the target's own. How the body is framed is not among them.
pub(super) fn up(received: &HeaderMap, callee: &Callee, head: &mut Vec<u8>) {
    write(head, &HOST, &callee.host);
    let named = connection_names(received);
    // The target's own stand in place of the caller's.
    let own = callee.credentials.as_ref().map(|(name, _)| name);
    for (name, value) in received {
        if !stays_here(name) && !named.contains(name) && own != Some(name) {
            write(head, name, value);
        }
    }
    // What can be counted, whatever else the caller could read: baseten-performance-client offers msgpack.
    write(head, &ACCEPT, &HeaderValue::from_static("application/json, text/event-stream"));
    write(head, &ACCEPT_ENCODING, &HeaderValue::from_static("identity"));
    if let Some((name, value)) = &callee.credentials {
        write(head, name, value);
    }
    let (name, value) = ANTHROPIC_VERSION;
    if callee.operation.dialect() == Dialect::Anthropic && (!received.contains_key(&name) || named.contains(&name)) {
        write(head, &name, &value);
    }
}

/// Neither a name nor a value can hold what ends a line: their types see to that.
fn write(head: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    head.extend_from_slice(name.as_str().as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value.as_bytes());
    head.extend_from_slice(b"\r\n");
}

/// Takes out of an upstream's headers what is between it and the gateway.
pub(super) fn down(headers: &mut HeaderMap) {
    let named = connection_names(headers);
    // Looked for first: most answers have one of these or none, and each removal is a search of its own.
    let stay: Vec<HeaderName> =
        headers.keys().filter(|name| stays_upstream(name) || named.contains(name)).cloned().collect();
    for name in &stay {
        headers.remove(name);
    }
}

/// True for headers of an answer that are between the upstream and the gateway, or are the gateway's own.
fn stays_upstream(name: &HeaderName) -> bool {
    matches!(*name, CONNECTION | TRANSFER_ENCODING | SET_COOKIE | UPGRADE | TRAILER | TE | PROXY_AUTHENTICATE)
        || name == "keep-alive"
        || *name == REPOINT_TARGET
}

/// True for headers that are for the gateway, or say who the caller is.
fn stays_here(name: &HeaderName) -> bool {
    match name.as_str() {
        "keep-alive"
        | "proxy-connection"
        | "x-api-key"
        | "api-key"
        | "x-goog-api-key"
        | "x-real-ip"
        | "x-client-ip"
        | "true-client-ip"
        | "cf-connecting-ip"
        | "fastly-client-ip"
        | "x-cluster-client-ip"
        | "http2-settings" => true,
        text if text.starts_with("x-forwarded") => true,
        _ => matches!(
            *name,
            AUTHORIZATION
                | COOKIE
                | HOST
                | CONTENT_LENGTH
                | CONTENT_ENCODING
                | ACCEPT
                | ACCEPT_ENCODING
                | CONNECTION
                | EXPECT
                | FORWARDED
                | VIA
                | PROXY_AUTHENTICATE
                | PROXY_AUTHORIZATION
                | TE
                | TRAILER
                | TRANSFER_ENCODING
                | UPGRADE
        ),
    }
}

/// The headers that `Connection` names as being between two neighbours.
fn connection_names(headers: &HeaderMap) -> Vec<HeaderName> {
    let lines = headers.get_all(CONNECTION).iter().map(HeaderValue::as_bytes);
    let names = lines.flat_map(|line| line.split(|byte| *byte == b','));
    names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok()).collect()
}
