//! The sync report of the local gateway. The client asks once whether a server has it.

use super::transport::Call;
use super::{Answer, Client, ClientError, ErrorKind};
use crate::api::SyncReport;

const SYNC: [&str; 3] = ["repoint", "v1", "sync"];

impl Client {
    /// How far the data plane is behind the store.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) on every server but the local gateway; it is asked only once. Else see
    /// [`ErrorKind`].
    pub async fn sync_report(&self) -> Result<Answer<SyncReport>, ClientError> {
        if self.is_local_gateway() == Some(false) {
            return Err(not_there());
        }
        let answer = self.read(Call::get(&SYNC)).await;
        self.remember(&answer);
        answer
    }

    /// Makes the data plane take the store's rows now. It changes no row, so that every context lets it through.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) on every server but the local gateway. Else see [`ErrorKind`].
    pub async fn sync_now(&self) -> Result<Answer<SyncReport>, ClientError> {
        if self.is_local_gateway() == Some(false) {
            return Err(not_there());
        }
        let answer = self.read(Call::post(&SYNC)).await;
        self.remember(&answer);
        answer
    }

    /// Whether the server is a gateway of ours; `None` while nobody has asked.
    #[must_use]
    pub fn is_local_gateway(&self) -> Option<bool> {
        self.transport.is_ours.get().copied()
    }

    fn remember(&self, answer: &Result<Answer<SyncReport>, ClientError>) {
        let known = match answer {
            Ok(_) => Some(true),
            Err(error) if error.says_no_such_route() => Some(false),
            Err(_) => None,
        };
        if let Some(is_ours) = known {
            // Who was first has said the same.
            self.transport.is_ours.get_or_init(|| is_ours);
        }
    }
}

impl ClientError {
    /// A server that has no such route may say so in its own way, a web page or a 403 among them.
    pub(super) fn says_no_such_route(&self) -> bool {
        use ErrorKind as K;
        matches!(self.kind, K::NotFound | K::Status(405) | K::Malformed | K::Forbidden)
    }
}

fn not_there() -> ClientError {
    ClientError::new(ErrorKind::NotFound, "this server does not tell what its data plane serves")
}
