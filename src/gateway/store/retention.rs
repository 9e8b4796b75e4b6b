//! Drops rows that are beyond their bounds. See [`crate::gateway::records::retention`] for when and how much.

use rusqlite::params;

use super::{Store, StoreError};
use crate::api::Time;

/// The most rows that go in one write, so that others do not wait long.
const PIECE_ROWS: u64 = 2_000;

/// A kind of row that does not stay for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Usage events.
    Events,
    /// The audit log.
    Audit,
    /// Deliveries that nobody took.
    DeadLetters,
}

impl Kept {
    /// Looks at the oldest rows alone: rows are written in the order of their times, near enough.
    fn statement(self) -> &'static str {
        match self {
            Self::Events => {
                "DELETE FROM events WHERE sequence IN (SELECT sequence FROM events ORDER BY sequence LIMIT ?1)
                     AND (timestamp < ?2 OR sequence <= (SELECT max(sequence) FROM events) - ?3)"
            }
            Self::Audit => {
                "DELETE FROM audit WHERE sequence IN (SELECT sequence FROM audit ORDER BY sequence LIMIT ?1)
                     AND (created < ?2 OR sequence <= (SELECT max(sequence) FROM audit) - ?3)"
            }
            Self::DeadLetters => {
                "DELETE FROM dead_letters WHERE sequence IN (SELECT sequence FROM dead_letters ORDER BY sequence LIMIT ?1)
                     AND (created_at < ?2 OR sequence <= (SELECT max(sequence) FROM dead_letters) - ?3)"
            }
        }
    }
}

impl Store {
    /// Drops all but the newest `rows_max` rows, and what is older than `oldest`. Gives how many went.
    ///
    /// # Errors
    /// The database fails; what had gone by then stays gone.
    pub async fn trim(&self, kind: Kept, rows_max: u64, oldest: Time) -> Result<u64, StoreError> {
        let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
        let mut gone = 0;
        loop {
            let piece = self.note(move |transaction| {
                let mut statement = transaction.connection.prepare_cached(kind.statement())?;
                let limit = i64::try_from(PIECE_ROWS).unwrap_or(i64::MAX);
                Ok(statement.execute(params![limit, oldest.micros(), rows_max])? as u64)
            });
            let piece = piece.await?;
            gone += piece;
            if piece < PIECE_ROWS {
                return Ok(gone);
            }
        }
    }

    /// Forgets groups that were deleted before this time.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget_groups(&self, before: Time) -> Result<(), StoreError> {
        self.note(move |transaction| {
            // A subtree was deleted at one time, so parents and children go together.
            let sql = "DELETE FROM groups WHERE deleted_at < ?1";
            transaction.connection.prepare_cached(sql)?.execute([before.micros()])?;
            Ok(())
        })
        .await
    }
}
