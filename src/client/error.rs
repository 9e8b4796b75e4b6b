//! What a failure means: its kind, one clear sentence, and whether anything can have been done.
//!
//! Decisions are made on the status alone. The sentence is the server's own where it sent one, in any
//! of the shapes that servers in the wild use; see [`sentence`](body::sentence).

mod body;
mod broken;

use std::time::Duration;

use thiserror::Error;

pub(super) use body::{Refusal, web_page};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// 401: no key, or one that the server does not know.
    Unauthorized,
    /// 403: the key may not do this, or the workspace is not onboarded.
    Forbidden,
    /// 404.
    NotFound,
    /// 400 and 422: the server does not take what was sent. The sentence names the field.
    Invalid,
    /// 412: it was changed since it was read.
    PreconditionFailed,
    /// 429, after the waits that were worth waiting.
    RateLimited {
        /// What the server asked for.
        retry_after: Option<Duration>,
    },
    /// A status from 500 on.
    Server(u16),
    /// A status that this API does not use; redirects are among them and are never followed.
    Status(u16),
    /// No connection could be made, so that nothing was sent.
    Unreachable {
        /// True where the other side refused it: nobody listens there.
        refused: bool,
    },
    /// The connection broke before the answer was whole.
    Lost,
    /// There was no whole answer in time.
    Timeout,
    /// The server's certificate is not trusted, or it does not speak TLS.
    Tls,
    /// The answer is not what the contract says.
    Malformed,
    /// Not sent at all: the context, the address or the key forbids it.
    Refused,
}

/// Why an operation failed. Its `Display` is one sentence that may be shown to people; it never holds a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ClientError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// What failed and on what, in one line.
    pub message: String,
    /// What to do next, where there is something.
    pub hint: Option<String>,
}

impl ClientError {
    /// A failure without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// True only where the server cannot have done anything: a write that failed so may be sent again.
    ///
    /// What is not certain (a lost answer, a 500, a time limit) has to be settled by reading.
    #[must_use]
    pub fn was_not_done(&self) -> bool {
        match self.kind {
            ErrorKind::Unauthorized
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::PreconditionFailed
            | ErrorKind::RateLimited { .. }
            | ErrorKind::Unreachable { .. }
            | ErrorKind::Tls
            | ErrorKind::Refused => true,
            // A 405 or a 413 turns a request away; a 408 or a redirect may come from something in between.
            ErrorKind::Status(status) => matches!(status, 402..=407 | 409..=499),
            ErrorKind::Server(_) | ErrorKind::Lost | ErrorKind::Timeout | ErrorKind::Malformed => false,
        }
    }

    /// True where the server may simply be away, so that what was read before is stale and not wrong.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self.kind {
            ErrorKind::Unreachable { .. }
            | ErrorKind::Lost
            | ErrorKind::Timeout
            | ErrorKind::Server(_)
            | ErrorKind::RateLimited { .. } => true,
            ErrorKind::Unauthorized
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::PreconditionFailed
            | ErrorKind::Status(_)
            | ErrorKind::Tls
            | ErrorKind::Malformed
            | ErrorKind::Refused => false,
        }
    }

    /// The status of the server's answer, where there was one that failed.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.kind {
            ErrorKind::Unauthorized => Some(401),
            ErrorKind::Forbidden => Some(403),
            ErrorKind::NotFound => Some(404),
            ErrorKind::Invalid => Some(400),
            ErrorKind::PreconditionFailed => Some(412),
            ErrorKind::RateLimited { .. } => Some(429),
            ErrorKind::Server(status) | ErrorKind::Status(status) => Some(status),
            ErrorKind::Unreachable { .. }
            | ErrorKind::Lost
            | ErrorKind::Timeout
            | ErrorKind::Tls
            | ErrorKind::Malformed
            | ErrorKind::Refused => None,
        }
    }
}
