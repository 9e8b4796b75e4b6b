//! One of the two servers: sends operations with their places filled in, and tells what of the answers matters.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use anyhow::Context as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::operations::{Key, Operation};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// A server that limits requests (100 a second) is asked again so often.
const TRIES_MAX: u32 = 5;

/// What of an answer a client may depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// `None`: it could not be sent.
    status: Option<u16>,
    /// The fields of the body, and of the first item of a list in it.
    fields: BTreeSet<String>,
    /// Why it could not be sent.
    failure: Option<String>,
}

impl Seen {
    fn failed(why: impl Into<String>) -> Self {
        Self { status: None, fields: BTreeSet::new(), failure: Some(why.into()) }
    }

    /// True where a client cannot tell the two apart. Errors are told apart by their status alone; an answer may have
    /// more fields than ours, and never fewer.
    pub(super) fn is_like(&self, ours: &Self) -> bool {
        let is_success = self.status.is_some_and(|status| status < 300);
        self.status.is_some() && self.status == ours.status && (!is_success || self.missing(ours).next().is_none())
    }

    /// What ours answers and theirs does not. A list that is empty on one side says nothing of its items.
    fn missing<'a>(&'a self, ours: &'a Self) -> impl Iterator<Item = &'a String> {
        let has_items = |list: &str| self.fields.iter().any(|field| field.starts_with(list));
        ours.fields.iter().filter(move |field| {
            let is_of_empty_list = field.split_once("[].").is_some_and(|(list, _)| !has_items(&format!("{list}[].")));
            !self.fields.contains(*field) && !is_of_empty_list
        })
    }

    /// What differs, in words.
    pub(super) fn difference(&self, ours: &Self) -> String {
        if self.status != ours.status {
            return "status".to_owned();
        }
        let missing: Vec<&str> = self.missing(ours).map(String::as_str).collect();
        format!("lacks {}", missing.join(", "))
    }

    /// A cell of the table.
    pub(super) fn text(&self) -> String {
        match (self.status, &self.failure) {
            (Some(status), _) => status.to_string(),
            (None, Some(why)) => why.clone(),
            (None, None) => "-".to_owned(),
        }
    }

    /// For programs.
    pub(super) fn value(&self) -> Value {
        json!({ "status": self.status, "fields": self.fields, "failure": self.failure })
    }
}

/// A server.
pub(super) struct Side {
    http: reqwest::Client,
    base: Url,
    key: SecretString,
    places: HashMap<&'static str, String>,
    /// What was made, newest last: its path.
    made: Vec<String>,
}

impl Side {
    pub(super) fn new(base: &str, key: SecretString, prefix: &str, name: &str) -> anyhow::Result<Self> {
        let base = Url::parse(base).context("the management address is none")?;
        // Somebody else may have installed it first; it is the same one.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        if base.scheme() == "http" {
            // The client lets plain HTTP through to this machine alone; no proxy stands between.
            builder = builder.no_proxy().tls_certs_only([]);
        }
        let http = builder.build().context("cannot set up the requests")?;
        let places = HashMap::from([("slug", format!("{prefix}/{name}")), ("entity", name.to_owned())]);
        Ok(Self { http, base, key, places, made: Vec::new() })
    }

    /// Sends it. What cannot be sent, because something before it failed, says so.
    pub(super) async fn send(&mut self, operation: &Operation) -> Seen {
        let Some(path) = self.filled(operation.path) else { return Seen::failed("not sent") };
        let body = match operation.body.map(|body| self.filled(body)) {
            Some(None) => return Seen::failed("not sent"),
            Some(Some(body)) => Some(body),
            None => None,
        };
        let (seen, answer) = self.request(operation.method, &path, body, operation.key).await;
        if seen.status == Some(200) {
            self.keep(operation, &path, &answer);
        }
        seen
    }

    /// Deletes what is left. Answers what could not be deleted.
    pub(super) async fn clean_up(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        for path in std::mem::take(&mut self.made).into_iter().rev() {
            let (seen, _) = self.request("DELETE", &path, None, Key::Good).await;
            if !matches!(seen.status, Some(200 | 404)) {
                left.push(path);
            }
        }
        left
    }

    fn keep(&mut self, operation: &Operation, path: &str, answer: &Value) {
        if let Some((place, pointer)) = operation.keeps
            && let Some(text) = answer.pointer(pointer).and_then(Value::as_str)
        {
            self.places.insert(place, text.to_owned());
        }
        let is_create = operation.method == "POST" && operation.path.starts_with("/v1/gateway/");
        // A key goes with its group. What should have been refused and was not is made all the same.
        if is_create
            && !path.ends_with("/api_keys")
            && let Some(id) = answer.get("id").and_then(Value::as_str)
        {
            self.made.push(format!("{path}/{id}"));
        }
    }

    /// The text with its places filled in; `None` where one of them is not known.
    fn filled(&self, text: &str) -> Option<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            let (place, after) = after.split_once('>')?;
            filled.push_str(before);
            filled.push_str(self.places.get(place)?);
            rest = after;
        }
        filled.push_str(rest);
        Some(filled)
    }

    async fn request(&self, method: &str, path: &str, body: Option<String>, key: Key) -> (Seen, Value) {
        let Ok(method) = reqwest::Method::from_bytes(method.as_bytes()) else {
            return (Seen::failed("no method"), Value::Null);
        };
        // The base may have a path of its own.
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        for attempt in 1..=TRIES_MAX {
            let mut request = self.http.request(method.clone(), &url);
            request = match key {
                Key::Good => request.header("authorization", format!("Api-Key {}", self.key.expose_secret())),
                Key::Wrong => request.header("authorization", "Api-Key no-such-key-0123456789"),
                Key::None => request,
            };
            if let Some(body) = &body {
                request = request.header("content-type", "application/json").body(body.clone());
            }
            let response = match request.send().await {
                Ok(response) => response,
                Err(error) if error.is_timeout() => return (Seen::failed("no answer in time"), Value::Null),
                Err(_) => return (Seen::failed("not reached"), Value::Null),
            };
            let status = response.status().as_u16();
            if status == 429 && attempt < TRIES_MAX {
                tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
                continue;
            }
            let answer: Value = response.json().await.unwrap_or(Value::Null);
            return (Seen { status: Some(status), fields: fields(&answer), failure: None }, answer);
        }
        (Seen::failed("limited"), Value::Null)
    }
}

/// The names of the fields, those of a list's first item too: `items[].slug`.
fn fields(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Some(fields) = value.as_object() else { return names };
    for (name, value) in fields {
        names.insert(name.clone());
        if let Some(Value::Object(item)) = value.as_array().and_then(|items| items.first()) {
            names.extend(item.keys().map(|field| format!("{name}[].{field}")));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: u16, value: &Value) -> Seen {
        Seen { status: Some(status), fields: fields(value), failure: None }
    }

    #[test]
    fn more_fields_are_no_difference_and_fewer_are() {
        let ours = seen(200, &json!({"id": "a", "items": [{"slug": "x"}]}));
        assert!(seen(200, &json!({"id": "a", "items": [{"slug": "x", "new": 1}], "more": 1})).is_like(&ours));
        assert!(seen(200, &json!({"id": "a", "items": []})).is_like(&ours));
        let fewer = seen(200, &json!({"id": "a", "items": [{"name": "x"}]}));
        assert!(!fewer.is_like(&ours));
        assert_eq!(fewer.difference(&ours), "lacks items[].slug");
    }

    #[test]
    fn errors_are_told_apart_by_their_status() {
        let ours = seen(404, &json!({"code": "NOT_FOUND", "message": "no"}));
        assert!(seen(404, &json!({"detail": "no"})).is_like(&ours));
        assert!(!seen(400, &json!({"code": "NOT_FOUND", "message": "no"})).is_like(&ours));
        assert!(!Seen::failed("not reached").is_like(&ours));
    }
}
