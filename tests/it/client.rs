//! The client against scripted servers: what it sends, what it makes of every answer, what it tries again.

mod access;
mod broken;
mod gateway;
mod inference;
mod operations;
mod retries;
mod tls;

use std::time::Duration;

use repoint::client::{Client, Options};
use secrecy::SecretString;
use url::Url;
use wiremock::MockServer;

/// A key that is easily found where it must not be.
const KEY: &str = "test-management-key-1234567890";

fn options(url: &str) -> Options {
    let mut options = Options::new(Url::parse(url).unwrap(), SecretString::from(KEY));
    options.retry_pause = Duration::from_millis(1);
    options
}

fn client(server: &MockServer) -> Client {
    Client::new(options(&server.uri())).unwrap()
}

/// An endpoint as a server answers it, with fields and a provider that this program does not know.
const ENDPOINT: &str = r#"{"id":"abc123","slug":"my-org/glm-5.2","region":"MARS","targets":[{"provider":"GROQ",
    "target_model":"glm","speed":{"tier":1}}],"created_at":"2026-06-17T12:00:00Z",
    "updated_at":"2026-06-17T12:00:00.000123Z","owner":"somebody"}"#;
