//! The management API's client: one method an operation, whatever server answers.
//!
//! Reads are tried again with growing pauses, writes only where nothing can have been done; a 429 is
//! waited out. Every request that goes out stands in a bounded log ([`RequestLog`]), without bodies and
//! keys. What a context forbids (writes in a read-only one, unconfirmed writes in a protected one) is
//! refused here, so that no caller can forget it. The operations are in the files below, one a resource;
//! how a request is sent is in `transport`, what a failure means in `error`.

mod endpoints;
mod error;
mod groups;
mod inference;
mod keys;
mod log;
mod observe;
mod pages;
mod register;
mod retry;
mod status;
mod sync;
mod traffic;
mod transport;
mod workspace;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::api::Time;

pub use error::{ClientError, ErrorKind};
pub use inference::{INFERENCE_TIMEOUT, Inference, InferenceOptions, Piece, Speech, Unanswered};
pub use log::{LOG_ENTRIES_MAX, LogEntry, RequestLog};
pub use observe::{AUDIT_LIMIT_MAX, AuditQuery, EventsQuery};
pub use register::signed_registration;
pub use traffic::{RequestStream, Seen};
use transport::Transport;
pub use transport::connection::install_provider;

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one request may take, from the connection to the last byte of the answer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest wait that a 429 may ask for; what asks for more is handed to the caller as a failure.
pub const RATE_LIMIT_WAIT_MAX: Duration = Duration::from_mins(1);
/// The first pause before a failed request is sent again; it doubles with every further one.
pub const RETRY_PAUSE: Duration = Duration::from_millis(150);

/// Whether a client may change anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// Everything that the key allows.
    #[default]
    ReadWrite,
    /// Writes only through [`Client::confirmed`], which a person's typed confirmation precedes.
    Protected,
    /// No writes at all.
    ReadOnly,
}

/// Called with each entry that is added to the log: to show tries while they go on.
pub type Observer = Arc<dyn Fn(&LogEntry) + Send + Sync>;

/// To whom a client speaks, and how patiently.
#[derive(Clone)]
pub struct Options {
    /// Without `/v1`; one that ends in it is taken too. `https`, or `http` to a loopback address.
    pub management_url: Url,
    /// The management key. It goes nowhere but into the `Authorization` header.
    pub key: SecretString,
    /// Whether writes are let through.
    pub access: Access,
    /// See [`CONNECT_TIMEOUT`].
    pub connect_timeout: Duration,
    /// See [`CALL_TIMEOUT`].
    pub call_timeout: Duration,
    /// See [`RATE_LIMIT_WAIT_MAX`].
    pub rate_limit_wait_max: Duration,
    /// See [`RETRY_PAUSE`].
    pub retry_pause: Duration,
    /// Certificates (PEM) to trust beside the machine's own.
    pub extra_certificates: Option<Arc<[u8]>>,
    /// Sees every request that was made.
    pub observer: Option<Observer>,
}

impl Options {
    /// The usual patience.
    #[must_use]
    pub fn new(management_url: Url, key: SecretString) -> Self {
        Self {
            management_url,
            key,
            access: Access::default(),
            connect_timeout: CONNECT_TIMEOUT,
            call_timeout: CALL_TIMEOUT,
            rate_limit_wait_max: RATE_LIMIT_WAIT_MAX,
            retry_pause: RETRY_PAUSE,
            extra_certificates: None,
            observer: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("management_url", &self.management_url.as_str())
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// What a server answered, with the headers that matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The body.
    pub body: T,
    /// `X-Repoint-Revision`: what was stored when the server answered. Only the local gateway sends it.
    pub revision: Option<u64>,
    /// The server's own clock (`Date`), in whole seconds. Countdowns use it instead of the local one.
    pub date: Option<Time>,
}

impl<T> Answer<T> {
    /// The same headers with another body.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { body: change(self.body), revision: self.revision, date: self.date }
    }
}

/// A client of one server with one key. Clones are cheap and share connections and log.
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
    access: Access,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("management_url", &self.management_url().as_str())
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Checks the address and the key. Nothing is sent, and certificates are not read before the first request.
    ///
    /// # Errors
    /// An address that the key must not be sent to, or a key that no header can carry.
    pub fn new(options: Options) -> Result<Self, ClientError> {
        let access = options.access;
        Ok(Self { transport: Arc::new(Transport::new(options)?), access })
    }

    /// The server's address, without `/v1`.
    #[must_use]
    pub fn management_url(&self) -> &Url {
        self.transport.base()
    }

    /// The certificates that it trusts beside the machine's own, for those who call the same server's data plane.
    #[must_use]
    pub fn extra_certificates(&self) -> Option<Arc<[u8]>> {
        self.transport.extra_certificates()
    }

    /// What this client lets through.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// A client that also writes in a protected context. Only for what a person has just confirmed by typing.
    #[must_use]
    pub fn confirmed(&self) -> Self {
        let access = match self.access {
            Access::ReadWrite | Access::Protected => Access::ReadWrite,
            Access::ReadOnly => Access::ReadOnly,
        };
        Self { transport: Arc::clone(&self.transport), access }
    }

    /// The requests that this client and its clones have made.
    #[must_use]
    pub fn log(&self) -> &RequestLog {
        self.transport.log()
    }

    fn allow_write(&self) -> Result<(), ClientError> {
        match self.access {
            Access::ReadWrite => Ok(()),
            Access::Protected => Err(ClientError::new(ErrorKind::Refused, "this context is protected")
                .with_hint("confirm the change by typing what is asked for")),
            Access::ReadOnly => Err(ClientError::new(ErrorKind::Refused, "this context is read-only")
                .with_hint("use a context without read_only to change anything")),
        }
    }
}
