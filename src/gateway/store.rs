//! What lies on disk: the data directory, its key files, and the rows. The only files with SQL.
//!
//! ```text
//!   directory: locked ──▶ keyfile, vault: the keys in it ──▶ file: the database, made or checked ──▶ writer, readers
//! ```
//!
//! One thread writes, several requests in one transaction, each in a savepoint of its own; a write is answered
//! after its commit has reached the disk. Reads run beside it on connections of their own and see one state. A
//! write moves the revision, which is stored in the same transaction; the sync compares it with what is served.
//!
//! A file a resource; [`mod@file`] is how a database is found, made and refused.

mod access;
mod audit;
mod changes;
mod dead_letters;
pub mod directory;
mod endpoints;
mod events;
mod file;
mod groups;
pub mod keyfile;
mod keys;
mod reader;
mod retention;
mod routes;
mod secrets;
mod seed;
mod sizes;
mod tree;
mod usage;
pub mod vault;
mod workspace;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::api::Time;
use crate::gateway::store::vault::Vault;

pub use audit::{AuditDirection, AuditQuery, AuditScope, Origin};
use changes::Changes;
pub use dead_letters::StoredLetter;
pub use endpoints::{Change, NewEndpoint, Patch};
pub use events::{EventQuery, EventsAfter};
pub use file::OpenError;
pub use groups::{GroupPatch, NewGroup};
pub use keys::NewKey;
use reader::Readers;
pub use retention::Kept;
pub use secrets::{GivenSecrets, SECRET_ID_CHARS};
pub use seed::{SeedError, demo};
use writer::{Done, Message, Transaction, Writer};

/// Where a list goes on: the creation number of the last row that was answered.
pub type Sequence = i64;

/// The rows of one gateway. Cheap to clone; the writer ends when the last clone is gone.
#[derive(Debug, Clone)]
pub struct Store {
    writer: mpsc::Sender<Message>,
    readers: Readers,
    changes: Arc<Changes>,
    vault: Arc<Vault>,
    given: Arc<GivenSecrets>,
}

/// What a write gave, and the revision that it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    /// What the write answers.
    pub value: T,
    /// The store's revision after it.
    pub revision: u64,
}

/// What a read gave, and the revision that it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<T> {
    /// What was read.
    pub value: T,
    /// The store's revision when it was read.
    pub revision: u64,
}

/// Rows of a list, and where it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<T> {
    /// At most as many as were asked for.
    pub rows: Vec<T>,
    /// The last row's number, where more rows follow it.
    pub next: Option<Sequence>,
}

/// Why a request to the store came to nothing. A refusal is the caller's affair, all else the operator's.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such row.
    #[error("{0}")]
    NotFound(String),
    /// The row belongs to somebody else.
    #[error("{0}")]
    Forbidden(String),
    /// The request breaks a rule; the text names the field.
    #[error("{0}")]
    Invalid(String),
    /// The row has moved since the caller read it.
    #[error("the endpoint was changed at {updated_at}")]
    Moved {
        /// When it was.
        updated_at: Time,
    },
    /// The database failed.
    #[error("database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// A row does not hold what it must.
    #[error("{0}")]
    Damaged(String),
    /// Something in this program failed.
    #[error("store failed: {0}")]
    Internal(&'static str),
    /// The gateway is shutting down.
    #[error("store is closed")]
    Closed,
}

impl StoreError {
    /// True where the caller asked for what cannot be given, and nothing is wrong with the gateway.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::NotFound(_) | Self::Forbidden(_) | Self::Invalid(_) | Self::Moved { .. } => true,
            Self::Database(_) | Self::Damaged(_) | Self::Internal(_) | Self::Closed => false,
        }
    }
}

/// Where the rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In memory, lost at the end.
    Memory,
    /// In this file.
    File(PathBuf),
}

impl Store {
    /// Opens the rows, makes them where there are none, and starts the writer.
    ///
    /// # Errors
    /// A damaged database, one of a newer program, or one that cannot be read or written.
    pub fn open(place: &Place, vault: Vault) -> Result<Self, OpenError> {
        let connection = file::open(place)?;
        let (writer, changes) = Writer::start(connection)?;
        let readers = match place {
            Place::Memory => Readers::through(writer.clone()),
            Place::File(path) => Readers::of_file(path.clone()),
        };
        Ok(Self { writer, readers, changes, vault: Arc::new(vault), given: Arc::default() })
    }

    /// The same rows, where these secrets have their values from the start's command line and not from a row.
    #[must_use]
    pub fn with_given(self, given: GivenSecrets) -> Self {
        Self { given: Arc::new(given), ..self }
    }

    /// The store's revision.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.readers.read(|_| Ok(())).await?.revision)
    }

    /// Reads every page of the database for damage that a start does not look for. Takes long on a large one.
    ///
    /// # Errors
    /// What is damaged.
    pub async fn check(&self) -> Result<(), StoreError> {
        let verdict = self.readers.read(|connection| {
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)).map_err(StoreError::from)
        });
        match verdict.await?.value.as_str() {
            "ok" => Ok(()),
            damage => Err(StoreError::Damaged(format!("database is damaged: {damage}"))),
        }
    }

    /// Ends the writer after what is queued and closes the connections, so that nothing is left in the log beside
    /// the database. Writes after it fail.
    pub async fn close(&self) {
        self.readers.close();
        let (reply, closed) = oneshot::channel();
        if self.writer.send(Message::Close(reply)).await.is_ok() {
            // An error means that the writer has already ended.
            let _ = closed.await;
        }
    }

    /// Runs a write in a transaction that others may share, and answers after it is on disk.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Written<T>, StoreError> {
        self.write_then(work, |_| {}).await
    }

    /// Writes as [`Store::write`] does, and does `after` right behind the commit: in the order of the commits, and
    /// also where the caller has gone meanwhile.
    async fn write_then<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
        after: impl FnOnce(&T) + Send + 'static,
    ) -> Result<Written<T>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let message = Message::write(work, Done::Moved, after, reply);
        self.writer.send(message).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Writes what keeps books (events, usage): on disk like any write, but no revision is made.
    async fn note<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let message = Message::write(work, Done::Noted, |_| {}, reply);
        self.writer.send(message).await.map_err(|_| StoreError::Closed)?;
        Ok(answer.await.map_err(|_| StoreError::Closed)??.value)
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Seen<T>, StoreError> {
        self.readers.read(work).await
    }
}
