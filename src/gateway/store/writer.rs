//! The one thread that writes.
//!
//! It takes what has queued up while the last commit was on its way to the disk and commits it as one
//! transaction, so that many writers share one flush. Each write has a savepoint: one that is refused takes
//! nothing of the others with it. After the commit, in its order, each write's own last step is done (what it
//! wrote is told to the request path) and its caller is answered.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::changes::Changes;
use super::{OpenError, Seen, StoreError, Written};
use crate::api::Slug;

/// The most writes that wait for the writer; more wait in their callers.
const QUEUE_MAX: usize = 1024;
/// The most writes in one transaction, so that none waits long for its neighbours.
const BATCH_MAX: usize = 256;

/// What a write works on.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    /// Inside the transaction and the write's own savepoint.
    pub(super) connection: &'a Connection,
    /// The revision that this write makes.
    pub(super) revision: u64,
    touched: RefCell<Vec<Slug>>,
}

impl Transaction<'_> {
    /// Has the next sync read the endpoint of this slug again: it is there now, or was until now.
    pub(super) fn touch(&self, slug: &Slug) {
        self.touched.borrow_mut().push(slug.clone());
    }
}

/// A read, which is handed the revision too.
type Look = Box<dyn FnOnce(&Connection, u64) + Send>;

/// What is sent to the writer.
pub(super) enum Message {
    /// To be done in a transaction.
    Write(Box<dyn Task>),
    /// To be done between transactions, where there are no other connections to read on.
    Read(Look),
    /// The end; answered when the database is closed.
    Close(oneshot::Sender<()>),
}

/// What became of a write before its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// It makes a revision.
    Moved,
    /// It keeps books (events, usage), which are no part of what callers see at a revision.
    Noted,
    /// It is to be undone.
    Undone,
}

/// A write: what to do, and whom to tell.
pub(super) trait Task: Send {
    /// Does the work.
    fn run(&mut self, transaction: &Transaction<'_>) -> Done;
    /// Tells the caller, after the commit or after it failed.
    fn settle(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Write<T, F, A> {
    work: Option<F>,
    /// What a success is.
    success: Done,
    /// Done after the commit, also where the caller has gone.
    after: A,
    outcome: Option<Result<Written<T>, StoreError>>,
    reply: oneshot::Sender<Result<Written<T>, StoreError>>,
}

impl<T, F, A> Task for Write<T, F, A>
where
    T: Send,
    F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send,
    A: FnOnce(&T) + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> Done {
        let Some(work) = self.work.take() else { return Done::Undone };
        let result = catch_unwind(AssertUnwindSafe(|| work(transaction)))
            .unwrap_or(Err(StoreError::Internal("a write panicked and was undone")));
        let done = if result.is_ok() { self.success } else { Done::Undone };
        self.outcome = Some(result.map(|value| Written { value, revision: transaction.revision }));
        done
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = self.outcome.unwrap_or(Err(StoreError::Internal("a write was not run")));
        // A refusal stands whatever became of the others; a write that was done is undone with the commit.
        let answer = outcome.and_then(|written| committed.map(|()| written));
        if let Ok(written) = &answer {
            let after = self.after;
            if catch_unwind(AssertUnwindSafe(|| after(&written.value))).is_err() {
                tracing::error!("a write is stored, but what follows it panicked; restart the gateway");
            }
        }
        // The caller may have gone; the write stands all the same.
        let _ = self.reply.send(answer);
    }
}

impl Message {
    pub(super) fn write<T: Send + 'static>(
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
        success: Done,
        after: impl FnOnce(&T) + Send + 'static,
        reply: oneshot::Sender<Result<Written<T>, StoreError>>,
    ) -> Self {
        Self::Write(Box::new(Write { work: Some(work), success, after, outcome: None, reply }))
    }

    pub(super) fn read<T: Send + 'static>(
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        reply: oneshot::Sender<Result<Seen<T>, StoreError>>,
    ) -> Self {
        Self::Read(Box::new(move |connection, revision| {
            let _ = reply.send(work(connection).map(|value| Seen { value, revision }));
        }))
    }
}

/// The writer's own state, on its own thread.
pub(super) struct Writer {
    connection: Connection,
    revision: u64,
    changes: Arc<Changes>,
}

impl Writer {
    /// Starts the thread. It ends when every sender is gone, after what is queued.
    pub(super) fn start(connection: Connection) -> Result<(mpsc::Sender<Message>, Arc<Changes>), OpenError> {
        let revision = read_revision(&connection)?;
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let changes = Arc::new(Changes::after(revision));
        let writer = Self { connection, revision, changes: Arc::clone(&changes) };
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(receiver))
            .map_err(OpenError::Thread)?;
        Ok((sender, changes))
    }

    fn run(mut self, mut receiver: mpsc::Receiver<Message>) {
        let mut held = None;
        while let Some(message) = held.take().or_else(|| receiver.blocking_recv()) {
            match message {
                Message::Read(work) => work(&self.connection, self.revision),
                Message::Write(first) => {
                    let mut batch = vec![first];
                    held = fill(&mut batch, &mut receiver);
                    self.commit(batch);
                }
                Message::Close(reply) => {
                    drop(receiver);
                    if let Err((_, error)) = self.connection.close() {
                        tracing::warn!(%error, "the database was not closed in order");
                    }
                    // Whoever asked may have gone.
                    let _ = reply.send(());
                    return;
                }
            }
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Task>>) {
        let outcome = self.transact(&mut batch);
        if let Err(error) = &outcome {
            tracing::error!(%error, writes = batch.len(), "commit failed, its writes were undone");
            // Where the transaction is already gone there is nothing to undo.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        for task in batch {
            task.settle(match &outcome {
                Ok(_) => Ok(()),
                Err(_) => Err(StoreError::Internal("the write could not be brought to disk")),
            });
        }
        if let Ok(revision) = outcome {
            self.revision = revision;
        }
    }

    /// Runs all of them in one transaction; gives the revision after it.
    fn transact(&self, batch: &mut [Box<dyn Task>]) -> Result<u64, rusqlite::Error> {
        let run = |sql: &str| self.connection.prepare_cached(sql)?.execute([]).map(|_| ());
        run("BEGIN IMMEDIATE")?;
        let mut revision = self.revision;
        for task in batch {
            run("SAVEPOINT one_write")?;
            let transaction =
                Transaction { connection: &self.connection, revision: revision + 1, touched: RefCell::default() };
            match task.run(&transaction) {
                Done::Moved => {
                    revision += 1;
                    self.changes.note(revision, transaction.touched.into_inner());
                }
                Done::Noted => {}
                Done::Undone => run("ROLLBACK TO one_write")?,
            }
            run("RELEASE one_write")?;
        }
        if revision != self.revision {
            let mut statement = self.connection.prepare_cached("UPDATE meta SET revision = ?1")?;
            statement.execute([i64::try_from(revision).unwrap_or(i64::MAX)])?;
        }
        run("COMMIT")?;
        Ok(revision)
    }
}

/// Takes the writes that wait already. Gives what came that is no write.
fn fill(batch: &mut Vec<Box<dyn Task>>, receiver: &mut mpsc::Receiver<Message>) -> Option<Message> {
    while batch.len() < BATCH_MAX {
        match receiver.try_recv() {
            Ok(Message::Write(task)) => batch.push(task),
            Ok(other) => return Some(other),
            Err(_) => break,
        }
    }
    None
}

/// The stored revision.
pub(super) fn read_revision(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let mut statement = connection.prepare_cached("SELECT revision FROM meta")?;
    statement.query_row([], |row| row.get::<_, i64>(0)).map(|revision| u64::try_from(revision).unwrap_or(0))
}
