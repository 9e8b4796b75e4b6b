//! Reads beside the writer: a few connections of their own, on threads that may block.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::file::open_reader;
use super::writer::{Message, read_revision};
use super::{Seen, StoreError};
use crate::gateway::background::run_in_background;

/// The most reads at the same time; more wait.
const CONNECTIONS_MAX: usize = 4;

/// Where reads run.
#[derive(Debug, Clone)]
pub(super) enum Readers {
    /// On the writer's thread: a database in memory has one connection.
    Writer(mpsc::Sender<Message>),
    /// On connections of their own.
    File(Arc<Pool>),
}

/// Connections to one file.
#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn through(writer: mpsc::Sender<Message>) -> Self {
        Self::Writer(writer)
    }

    pub(super) fn of_file(path: PathBuf) -> Self {
        let idle = Mutex::new(Vec::with_capacity(CONNECTIONS_MAX));
        Self::File(Arc::new(Pool { path, permits: Arc::new(Semaphore::new(CONNECTIONS_MAX)), idle }))
    }

    /// Closes what is idle.
    pub(super) fn close(&self) {
        if let Self::File(pool) = self {
            pool.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Runs a read in one transaction, so that all it sees is of one revision.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Seen<T>, StoreError> {
        match self {
            Self::Writer(writer) => {
                let (reply, answer) = oneshot::channel();
                writer.send(Message::read(work, reply)).await.map_err(|_| StoreError::Closed)?;
                answer.await.map_err(|_| StoreError::Closed)?
            }
            Self::File(pool) => {
                let read = pool.turn(work).await?;
                tokio::task::spawn_blocking(read).await.map_err(|_| StoreError::Internal("a read panicked"))?
            }
        }
    }
}

impl Readers {
    /// The same for what is large and nobody waits for: requests go first.
    pub(super) async fn read_beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Seen<T>, StoreError> {
        let Self::File(pool) = self else { return self.read(work).await };
        let read = pool.turn(work).await?;
        run_in_background(read).await.ok_or(StoreError::Internal("a read panicked"))?
    }
}

impl Pool {
    /// Waits for a turn to read; what is to be done then on a thread that may block.
    async fn turn<T, F: FnOnce(&Connection) -> Result<T, StoreError>>(
        self: &Arc<Self>,
        work: F,
    ) -> Result<impl FnOnce() -> Result<Seen<T>, StoreError> + use<T, F>, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let pool = Arc::clone(self);
        // The permit goes along: a caller who leaves does not end the read.
        Ok(move || {
            let seen = pool.read(work);
            drop(permit);
            seen
        })
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<Seen<T>, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| open_reader(&self.path), Ok)?;
        let transaction = connection.unchecked_transaction()?;
        let revision = read_revision(&transaction)?;
        let outcome = work(&transaction);
        transaction.finish()?;
        // After a failure a fresh connection may do better.
        if outcome.as_ref().map_or_else(StoreError::is_refusal, |_| true) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        outcome.map(|value| Seen { value, revision })
    }
}
