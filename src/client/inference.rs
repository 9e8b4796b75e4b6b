//! The data plane, as a caller sees it: asks a slug something and hands on the answer as it comes.
//!
//! The same rules for keys as on the management plane: plain http to loopback alone and never through a
//! proxy, no redirects. Nothing is tried again: a caller who watches decides that. Reading a stream's
//! events is in `events`.

mod events;
mod piece;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use secrecy::SecretString;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::OnceCell;
use url::Url;

use super::error::Refusal;
use super::transport::connection;
use super::{CONNECT_TIMEOUT, ClientError, ErrorKind};
use crate::api::{Chat, Slug};
use events::Events;
pub use piece::Piece;

/// How long an answer may take as a whole: as long as the gateway's own limit.
pub const INFERENCE_TIMEOUT: Duration = Duration::from_mins(20);
/// No answer that is not streamed is read further.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// The header in which our gateway names the target that answered.
const TARGET: &str = "x-repoint-target";
/// The header that names a request.
const REQUEST_ID: &str = "x-baseten-request-id";

/// Whom a caller asks, and how patiently.
#[derive(Clone)]
pub struct InferenceOptions {
    /// With or without `/v1`. `https`, or `http` to a loopback address.
    pub inference_url: Url,
    /// The federated key. It goes nowhere but into the `Authorization` header.
    pub key: SecretString,
    /// See [`INFERENCE_TIMEOUT`].
    pub timeout: Duration,
    /// Certificates (PEM) to trust beside the machine's own.
    pub extra_certificates: Option<Arc<[u8]>>,
}

impl InferenceOptions {
    /// The usual patience.
    #[must_use]
    pub fn new(inference_url: Url, key: SecretString) -> Self {
        Self { inference_url, key, timeout: INFERENCE_TIMEOUT, extra_certificates: None }
    }
}

impl fmt::Debug for InferenceOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, timeout) = (self.inference_url.as_str(), self.timeout);
        formatter
            .debug_struct("InferenceOptions")
            .field("inference_url", &url)
            .field("timeout", &timeout)
            .finish_non_exhaustive()
    }
}

/// A caller with a federated key. Clones are cheap and share connections.
#[derive(Clone)]
pub struct Inference {
    shared: Arc<Shared>,
}

struct Shared {
    base: Url,
    host: String,
    authorization: HeaderValue,
    settings: connection::Settings,
    connection: OnceCell<reqwest::Client>,
}

impl fmt::Debug for Inference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Inference").field("inference_url", &self.shared.base.as_str()).finish_non_exhaustive()
    }
}

/// Why there is no answer: what failed, and who refused it where somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{error}")]
pub struct Unanswered {
    /// What failed.
    pub error: ClientError,
    /// The status, where the data plane said anything at all.
    pub status: Option<u16>,
    /// As [`Speech::target`].
    pub target: Option<String>,
    /// As [`Speech::request_id`].
    pub request_id: Option<String>,
}

impl From<ClientError> for Unanswered {
    fn from(error: ClientError) -> Self {
        Self { error, status: None, target: None, request_id: None }
    }
}

/// An answer that has begun.
pub struct Speech {
    /// Its status; always a success, failures are errors.
    pub status: u16,
    /// `X-Repoint-Target`: which target answered. Only the local gateway tells.
    pub target: Option<String>,
    /// `X-Baseten-Request-Id`.
    pub request_id: Option<String>,
    host: String,
    response: reqwest::Response,
    form: Form,
    body: Option<Value>,
}

enum Form {
    Streamed(Events),
    Whole(Vec<u8>),
    Ended(Vec<Piece>),
}

impl fmt::Debug for Speech {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, target) = (self.status, &self.target);
        formatter.debug_struct("Speech").field("status", &status).field("target", target).finish_non_exhaustive()
    }
}

impl Inference {
    /// Checks the address and the key. Nothing is sent.
    ///
    /// # Errors
    /// An address that the key must not be sent to, or a key that no header can carry.
    pub fn new(options: InferenceOptions) -> Result<Self, ClientError> {
        let base = connection::checked(options.inference_url)?;
        let mut settings = connection::Settings::new(&base, CONNECT_TIMEOUT, options.timeout);
        settings.extra_certificates = options.extra_certificates;
        let (host, authorization) = (connection::host_and_port(&base), connection::authorization(&options.key)?);
        let shared = Shared { base, host, authorization, settings, connection: OnceCell::new() };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The address, without `/v1`.
    #[must_use]
    pub fn inference_url(&self) -> &Url {
        &self.shared.base
    }

    /// The slugs that the key may call.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn models(&self) -> Result<Vec<Slug>, ClientError> {
        let request = self.request(reqwest::Method::GET, &["v1", "models"]).await?;
        let mut response = self.send(request).await.map_err(|unanswered| unanswered.error)?;
        let body = whole(&mut response, &self.shared.host).await?;
        let json: Value = serde_json::from_slice(&body).map_err(|_| malformed(&self.shared.host))?;
        let rows = json.get("data").and_then(Value::as_array).ok_or_else(|| malformed(&self.shared.host))?;
        Ok(rows.iter().filter_map(|row| row.get("id")?.as_str()).map(Slug::from_wire).collect())
    }

    /// Asks something. It returns when the answer begins; dropping the [`Speech`] hangs up.
    ///
    /// # Errors
    /// See [`ErrorKind`]. The data plane's 401 and 403 both mean the key.
    pub async fn chat(&self, chat: &Chat) -> Result<Speech, Unanswered> {
        let request = self.request(reqwest::Method::POST, &["v1", "chat", "completions"]).await?;
        let body = serde_json::to_vec(&chat.body()).map_err(|_| malformed(&self.shared.host))?;
        let request = request.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        let response = self.send(request).await?;
        let header = |name: &str| text_of(response.headers(), name);
        let is_events = header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        Ok(Speech {
            status: response.status().as_u16(),
            target: header(TARGET),
            request_id: header(REQUEST_ID),
            host: self.shared.host.clone(),
            form: if is_events { Form::Streamed(Events::default()) } else { Form::Whole(Vec::new()) },
            response,
            body: None,
        })
    }

    async fn request(&self, method: reqwest::Method, path: &[&str]) -> Result<reqwest::RequestBuilder, ClientError> {
        let shared = &self.shared;
        let connection = shared.connection.get_or_try_init(|| connection::build(shared.settings.clone())).await?;
        let mut url = shared.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        Ok(connection.request(method, url).header(header::AUTHORIZATION, shared.authorization.clone()))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, Unanswered> {
        let host = &self.shared.host;
        let mut response = request.send().await.map_err(|error| ClientError::broken(&error, host))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = std::mem::take(response.headers_mut());
        // What broke off while it was complaining has still complained.
        let body = whole(&mut response, host).await.unwrap_or_default();
        let error = ClientError::from(Refusal { status, headers: &headers, body: &body });
        Err(Unanswered {
            error: ClientError { hint: hint(&error), ..error },
            status: Some(status.as_u16()),
            target: text_of(&headers, TARGET),
            request_id: text_of(&headers, REQUEST_ID),
        })
    }
}

/// What to do about a refusal of the data plane; those of the management plane mean something else.
fn hint(error: &ClientError) -> Option<String> {
    match error.kind {
        ErrorKind::Unauthorized | ErrorKind::Forbidden => {
            Some("the federated key is missing, wrong or revoked".to_owned())
        }
        ErrorKind::NotFound => Some(
            "no endpoint has this slug, or the key's group may not call it; a new slug serves after the next sync"
                .to_owned(),
        ),
        _ => error.hint.clone(),
    }
}

impl Speech {
    /// The whole body, once an answer that did not stream is over.
    #[must_use]
    pub fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Lost`] where the answer broke off, so that half an answer is never taken for a whole one.
    pub async fn next(&mut self) -> Result<Option<Piece>, ClientError> {
        loop {
            match &mut self.form {
                Form::Ended(pieces) if pieces.is_empty() => return Ok(None),
                Form::Ended(pieces) => return Ok(Some(pieces.remove(0))),
                Form::Streamed(events) => {
                    if let Some(piece) = events.next()? {
                        return Ok(Some(piece));
                    }
                    if events.is_done() {
                        self.form = Form::Ended(Vec::new());
                        continue;
                    }
                }
                Form::Whole(_) => {}
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), ClientError> {
        let chunk = self.response.chunk().await.map_err(|error| ClientError::broken(&error, &self.host))?;
        match (&mut self.form, chunk) {
            (Form::Streamed(events), Some(chunk)) => events.take(&chunk)?,
            (Form::Streamed(events), None) => {
                events.end();
                if !events.is_done() && !events.has_more() {
                    return Err(ClientError::new(ErrorKind::Lost, "the answer broke off before its end"));
                }
            }
            (Form::Whole(body), Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                body.extend_from_slice(&chunk);
            }
            (Form::Whole(_), Some(_)) => return Err(malformed(&self.host)),
            (Form::Whole(body), None) => {
                let json: Value = serde_json::from_slice(body).map_err(|_| malformed(&self.host))?;
                self.form = Form::Ended(events::pieces_of_whole(&json));
                self.body = Some(json);
            }
            (Form::Ended(_), _) => {}
        }
        Ok(())
    }
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

async fn whole(response: &mut reqwest::Response, host: &str) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| ClientError::broken(&error, host))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(malformed(host));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn malformed(host: &str) -> ClientError {
    ClientError::new(ErrorKind::Malformed, format!("the answer of {host} is not what the API says"))
}
