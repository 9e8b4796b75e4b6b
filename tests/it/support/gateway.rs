//! A gateway in this process on free ports, and a plain HTTP client that is not ours.
//!
//! [`TestGateway::start`] has a store in memory and the demo's rows; [`TestGateway::with`] changes the options,
//! [`TestGateway::on_disk`] keeps the rows in a directory of its own so that [`TestGateway::restart`] finds them
//! again. Nothing syncs by itself: a test calls [`TestGateway::sync`].

use std::net::SocketAddr;
use std::time::Duration;

use repoint::api::Endpoint;
use repoint::gateway::{DataLocation, Gateway, Options, Seed};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tempfile::TempDir;

/// The management key of every gateway in memory.
pub(crate) const KEY: &str = "test-management-key-0123456789";

/// A gateway that runs in this process. Dropping it ends it without a drain.
pub(crate) struct TestGateway {
    gateway: Option<Gateway>,
    options: Options,
    directory: Option<TempDir>,
    http: reqwest::Client,
}

/// An answer, taken whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The body as a value of ours.
    pub(crate) fn body<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text))
    }

    /// `X-Repoint-Revision`.
    pub(crate) fn revision(&self) -> u64 {
        self.header("x-repoint-revision").parse().expect("a revision")
    }

    /// A header's text; empty where it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }

    /// Fails unless it is the management plane's error of this status, code, and with this in its message.
    #[track_caller]
    pub(crate) fn is_error(&self, status: u16, code: &str, part: &str) {
        let body = self.json();
        let message = body["message"].as_str().unwrap_or("");
        let right = self.status == status && body["code"] == code && message.contains(part);
        assert!(right, "wanted {status} {code} with {part:?}, got {} {}", self.status, self.text);
    }
}

impl TestGateway {
    /// In memory, with the demo's rows.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// In memory, with the demo's rows and whatever the options are changed to.
    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Self::options();
        change(&mut options);
        Self::launch(options, None).await
    }

    /// In a directory of its own, with a key that the gateway makes.
    pub(crate) async fn on_disk(change: impl FnOnce(&mut Options)) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut options = Self::options();
        options.data = DataLocation::Directory(directory.path().join("data"));
        options.management_key = None;
        change(&mut options);
        Self::launch(options, Some(directory)).await
    }

    /// Options for tests: memory, free ports, demo rows, no sync by itself.
    pub(crate) fn options() -> Options {
        Options {
            data: DataLocation::Memory,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            inference_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            sync_interval: Duration::from_hours(1),
            seed: Seed::Demo,
            management_key: Some(SecretString::from(KEY)),
            ..Options::default()
        }
    }

    async fn launch(options: Options, directory: Option<TempDir>) -> Self {
        // Another test may have installed it first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let gateway = Gateway::start(options.clone()).await.expect("the gateway starts");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { gateway: Some(gateway), options, directory, http }
    }

    /// Ends it in order and starts it anew on the same rows. The addresses change.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.gateway = Some(Gateway::start(self.options.clone()).await.expect("the gateway starts again"));
    }

    /// The same with other options.
    pub(crate) async fn restart_with(&mut self, change: impl FnOnce(&mut Options)) {
        change(&mut self.options);
        self.restart().await;
    }

    /// Ends it in order. The directory stays until this is dropped.
    pub(crate) async fn stop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop().await;
        }
    }

    pub(crate) fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().expect("the gateway runs")
    }

    /// Where the rows are. Only of one on disk.
    pub(crate) fn directory(&self) -> std::path::PathBuf {
        self.directory.as_ref().expect("a gateway on disk").path().join("data")
    }

    pub(crate) fn management_url(&self) -> &str {
        &self.gateway().addresses().management_url
    }

    pub(crate) fn inference_url(&self) -> &str {
        &self.gateway().addresses().inference_url
    }

    pub(crate) fn key(&self) -> String {
        self.gateway().key().expose_secret().to_owned()
    }

    /// A request to the management plane with the key, to be completed.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.management_url());
        self.http.request(method, url).header("authorization", format!("Api-Key {}", self.key()))
    }

    /// A request to the management plane without a key.
    pub(crate) fn bare(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.management_url()))
    }

    /// A request to the data plane without a key.
    pub(crate) fn inference(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.inference_url()))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).body(body.to_string())).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::PATCH, path).body(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        send(self.request(Method::DELETE, path)).await
    }

    /// Makes an endpoint that routes to a seeded model.
    pub(crate) async fn endpoint(&self, slug: &str) -> Endpoint {
        let target = serde_json::json!({"provider": "BASETEN", "model_id": "3kZ9xqd"});
        let reply = self.post("/v1/gateway/endpoints", &serde_json::json!({"slug": slug, "targets": [target]})).await;
        reply.body()
    }

    /// Takes what is written over to the data plane.
    pub(crate) async fn sync(&self) {
        let reply = send(self.request(Method::POST, "/repoint/v1/sync")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
}

/// Sends it and takes the whole answer.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Reply { status, headers, text: response.text().await.expect("a whole body") }
}
