//! Failures of the client, of the journal and of the local gateway, as the screen shows them.

use crate::client::{ClientError, ErrorKind};
use crate::supervisor::Crash;
use crate::tui::load::{Failure, FailureKind};

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let mut retry_after = None;
        let kind = match &error.kind {
            ErrorKind::Unauthorized => FailureKind::Unauthorized,
            ErrorKind::Forbidden => FailureKind::Forbidden,
            ErrorKind::NotFound => FailureKind::NotFound,
            ErrorKind::Invalid => FailureKind::Invalid,
            ErrorKind::PreconditionFailed => FailureKind::Conflict,
            ErrorKind::RateLimited { retry_after: asked } => {
                retry_after = *asked;
                FailureKind::RateLimited
            }
            ErrorKind::Server(_) | ErrorKind::Status(_) | ErrorKind::Malformed => FailureKind::Server,
            ErrorKind::Unreachable { .. } | ErrorKind::Lost | ErrorKind::Timeout => FailureKind::Unreachable,
            ErrorKind::Tls => FailureKind::Tls,
            ErrorKind::Refused => FailureKind::Other,
        };
        Self { was_not_done: error.was_not_done(), kind, message: error.message, hint: error.hint, retry_after }
    }
}

impl From<Crash> for Failure {
    fn from(crash: Crash) -> Self {
        let last = crash.log.last().map(|line| format!("its last words: {line}"));
        Self { hint: last, ..Self::new(FailureKind::Other, crash.message) }
    }
}
