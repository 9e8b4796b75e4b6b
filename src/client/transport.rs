//! How a request is sent: connection, time limits, tries, log. The only place of the client that meets reqwest.
//!
//! Plain HTTP goes to loopback alone and never through a proxy; redirects are never followed, since
//! they could carry the key elsewhere. Certificates are read at the first request to an https address,
//! off the thread that draws.

mod call;
pub(super) mod connection;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::Url;

pub(super) use call::Call;

use super::error::Refusal;
use super::log::{LogEntry, RequestLog};
use super::retry::{self, Patience};
use super::{Answer, Client, ClientError, ErrorKind, Observer, Options};
use crate::api::Time;
use crate::clock;

/// No answer is read further. The longest real one is a page of 1,000 groups.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How long a stream of events may last; whoever follows it opens another one then.
const STREAM_TIMEOUT: Duration = Duration::from_hours(24);
/// What stands in a sentence instead of the key, should a server repeat it.
const KEY_HIDDEN: &str = "(the key)";
/// A shorter key could stand in a sentence by accident.
const KEY_CHARS_TO_HIDE_MIN: usize = 8;

/// One server, one key, one log; shared by all clones of a client.
pub(super) struct Transport {
    base: Url,
    host: String,
    key: SecretString,
    authorization: HeaderValue,
    settings: connection::Settings,
    connection: OnceCell<reqwest::Client>,
    patience: Patience,
    observer: Option<Observer>,
    log: RequestLog,
    /// Whether the server has the routes under `/repoint/v1/`, once that is known.
    pub(super) is_ours: OnceLock<bool>,
}

/// What came back, whole.
struct Whole {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Transport {
    pub(super) fn new(options: Options) -> Result<Self, ClientError> {
        let base = connection::checked(options.management_url)?;
        let authorization = connection::authorization(&options.key)?;
        let host = connection::host_and_port(&base);
        let mut settings = connection::Settings::new(&base, options.connect_timeout, options.call_timeout);
        settings.extra_certificates = options.extra_certificates;
        let patience = Patience { pause: options.retry_pause, rate_limit_wait_max: options.rate_limit_wait_max };
        Ok(Self {
            base,
            host,
            key: options.key,
            authorization,
            settings,
            connection: OnceCell::new(),
            patience,
            observer: options.observer,
            log: RequestLog::default(),
            is_ours: OnceLock::new(),
        })
    }

    pub(super) fn extra_certificates(&self) -> Option<Arc<[u8]>> {
        self.settings.extra_certificates.clone()
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn log(&self) -> &RequestLog {
        &self.log
    }

    async fn connection(&self) -> Result<&reqwest::Client, ClientError> {
        self.connection.get_or_try_init(|| connection::build(self.settings.clone())).await
    }

    /// Sends a call until it is answered, is not worth another try, or has failed too often.
    async fn run(&self, call: Call) -> Result<Whole, ClientError> {
        let url = call.url(&self.base)?;
        let is_write = call.method != Method::GET;
        let mut attempt = 1;
        loop {
            let (at, started) = (clock::now(), clock::instant());
            let outcome = self.attempt(&call, url.clone()).await;
            let took = started.elapsed();
            let (status, error) = match &outcome {
                Ok(whole) => (Some(whole.status.as_u16()), whole.failure()),
                Err(error) => (None, Some(error.clone())),
            };
            let error = error.map(|error| self.hide_key(error));
            let again_in = error
                .as_ref()
                .and_then(|error| retry::pause(error, is_write, attempt, self.patience, connection::chance()));
            self.record(LogEntry {
                number: 0,
                at,
                method: call.name(),
                url: url.to_string(),
                status,
                error: error.as_ref().map(ToString::to_string),
                took,
                attempt,
                again_in,
            });
            match (error, again_in) {
                (None, _) => return outcome,
                (Some(error), None) => return Err(error),
                (Some(_), Some(pause)) => tokio::time::sleep(pause).await,
            }
            attempt += 1;
        }
    }

    async fn attempt(&self, call: &Call, url: Url) -> Result<Whole, ClientError> {
        let mut request = self.connection().await?.request(call.method.clone(), url);
        request = request.header(header::AUTHORIZATION, self.authorization.clone());
        request = request.header(header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            request =
                request.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body.clone());
        }
        let mut response = request.send().await.map_err(|error| ClientError::broken(&error, &self.host))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| ClientError::broken(&error, &self.host))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ClientError::new(
                    ErrorKind::Malformed,
                    format!("the answer of {} has more than {ANSWER_BYTES_MAX} bytes", self.host),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Whole { status, headers, body })
    }

    /// Sends a call whose answer is a stream of events, and returns when it begins. Tried once: who watches decides
    /// when to try again.
    pub(super) async fn open_stream(&self, call: &Call) -> Result<reqwest::Response, ClientError> {
        let url = call.url(&self.base)?;
        let request = self.connection().await?.request(call.method.clone(), url.clone());
        let request = request
            .header(header::AUTHORIZATION, self.authorization.clone())
            .header(header::ACCEPT, HeaderValue::from_static("text/event-stream"))
            .timeout(STREAM_TIMEOUT);
        let (at, started) = (clock::now(), clock::instant());
        let outcome = match request.send().await {
            Ok(response) if response.status().is_success() => Ok(response),
            Ok(mut response) => {
                let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
                // What it complains of is short; what is longer is no complaint.
                let body = response.chunk().await.ok().flatten().unwrap_or_default();
                Err(ClientError::from(Refusal { status, headers: &headers, body: &body }))
            }
            Err(error) => Err(ClientError::broken(&error, &self.host)),
        };
        let outcome = outcome.map_err(|error| self.hide_key(error));
        self.record(LogEntry {
            number: 0,
            at,
            method: call.name(),
            url: url.to_string(),
            status: outcome.as_ref().ok().map(|response| response.status().as_u16()),
            error: outcome.as_ref().err().map(ToString::to_string),
            took: started.elapsed(),
            attempt: 1,
            again_in: None,
        });
        outcome
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// A server that repeats the key in its complaint must not bring it into a log or onto a screen.
    fn hide_key(&self, mut error: ClientError) -> ClientError {
        let key = self.key.expose_secret();
        if key.len() >= KEY_CHARS_TO_HIDE_MIN && error.message.contains(key) {
            error.message = error.message.replace(key, KEY_HIDDEN);
        }
        error
    }

    fn record(&self, entry: LogEntry) {
        let entry = self.log.add(entry);
        tracing::debug!(
            method = entry.method,
            url = %entry.url,
            status = entry.status,
            took_ms = u64::try_from(entry.took.as_millis()).unwrap_or(u64::MAX),
            attempt = entry.attempt,
            error = entry.error,
            "request"
        );
        if let Some(observer) = &self.observer {
            observer(&entry);
        }
    }
}

impl Whole {
    fn failure(&self) -> Option<ClientError> {
        (!self.status.is_success())
            .then(|| ClientError::from(Refusal { status: self.status, headers: &self.headers, body: &self.body }))
    }

    fn answer<T: DeserializeOwned>(self, host: &str) -> Result<Answer<T>, ClientError> {
        let header = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok());
        let revision = header("x-repoint-revision").and_then(|text| text.trim().parse().ok());
        let date = header("date").and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
        let date = date.map(|zoned| Time::from_timestamp(zoned.timestamp()));
        let body = serde_json::from_slice(&self.body).map_err(|error| malformed(&self.body, &error, host))?;
        Ok(Answer { body, revision, date })
    }
}

fn malformed(body: &[u8], error: &serde_json::Error, host: &str) -> ClientError {
    if let Some(page) = super::error::web_page(body) {
        return ClientError::new(ErrorKind::Malformed, page)
            .with_hint(format!("{host} may be behind a proxy or a login page; check the address"));
    }
    let message = if body.iter().all(u8::is_ascii_whitespace) {
        format!("the answer of {host} is empty")
    } else {
        format!("the answer of {host} is not what the API says: {error}")
    };
    ClientError::new(ErrorKind::Malformed, message).with_hint("check that the address is a management API's")
}

impl Client {
    /// Sends a call that changes nothing.
    pub(super) async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<Answer<T>, ClientError> {
        self.transport.run(call).await?.answer(&self.transport.host)
    }

    /// Sends a call that changes something, where the context lets it through.
    pub(super) async fn write<T: DeserializeOwned>(&self, call: Call) -> Result<Answer<T>, ClientError> {
        self.allow_write()?;
        self.transport.run(call).await?.answer(&self.transport.host)
    }
}
