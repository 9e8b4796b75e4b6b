//! Deliveries that no attempt brought home: kept until somebody sends or drops them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::events::move_webhook;
use super::{Rows, Sequence, Store, StoreError};
use crate::api::Time;
use crate::gateway::records::webhook::{DeadLetter, Delivery};

/// What a letter is read from, in the order of [`letter`].
const COLUMNS: &str = "sequence, id, body, event_count, attempts, reason, created_at";

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLetter {
    /// What was not taken, how often it was tried, and what the last attempt ended with.
    pub letter: DeadLetter,
    /// How many events it carries.
    pub event_count: u64,
    /// When it was given up for the first time.
    pub created_at: Time,
}

impl Store {
    /// The webhook is done with all events up to `delivered`; `dead` is what was not taken of them, with the number
    /// of its events.
    ///
    /// # Errors
    /// The database fails; the same events come again then.
    pub async fn settle_delivery(
        &self,
        delivered: Sequence,
        dead: Option<(DeadLetter, usize)>,
        now: Time,
    ) -> Result<(), StoreError> {
        self.note(move |transaction| {
            let connection = transaction.connection;
            if let Some((letter, event_count)) = &dead {
                let sql = "INSERT INTO dead_letters (id, body, event_count, attempts, reason, created_at)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                connection.prepare_cached(sql)?.execute(params![
                    letter.delivery.request_id,
                    letter.delivery.body.as_ref(),
                    i64::try_from(*event_count).unwrap_or(i64::MAX),
                    letter.attempts,
                    letter.reason,
                    now.micros(),
                ])?;
            }
            move_webhook(connection, delivered)
        })
        .await
    }

    /// Letters after `after`, the oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn dead_letters_page(
        &self,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Rows<StoredLetter>, StoreError> {
        Ok(self.read(move |connection| page(connection, after.unwrap_or(0), limit)).await?.value)
    }

    /// One letter.
    ///
    /// # Errors
    /// There is none of this id, or the database fails.
    pub async fn dead_letter(&self, id: String) -> Result<StoredLetter, StoreError> {
        Ok(self.read(move |connection| find(connection, &id)).await?.value)
    }

    /// How many letters there are.
    ///
    /// # Errors
    /// The database fails.
    pub async fn dead_letter_count(&self) -> Result<usize, StoreError> {
        let seen = self.read(|connection| {
            Ok(connection.query_row("SELECT count(*) FROM dead_letters", [], |row| row.get::<_, u32>(0))?)
        });
        Ok(usize::try_from(seen.await?.value).unwrap_or(usize::MAX))
    }

    /// The letter was sent again in vain: its attempts and its reason are those of `letter` from now on.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep_dead_letter(&self, letter: DeadLetter) -> Result<(), StoreError> {
        self.note(move |transaction| {
            let sql = "UPDATE dead_letters SET attempts = attempts + ?2, reason = ?3 WHERE id = ?1";
            let id = &letter.delivery.request_id;
            transaction.connection.prepare_cached(sql)?.execute(params![id, letter.attempts, letter.reason])?;
            Ok(())
        })
        .await
    }

    /// The letter is taken, or nobody wants it.
    ///
    /// # Errors
    /// There is none of this id, or the database fails.
    pub async fn drop_dead_letter(&self, id: String) -> Result<(), StoreError> {
        self.note(move |transaction| {
            let mut statement = transaction.connection.prepare_cached("DELETE FROM dead_letters WHERE id = ?1")?;
            if statement.execute([&id])? == 0 { Err(missing(&id)) } else { Ok(()) }
        })
        .await
    }
}

fn missing(id: &str) -> StoreError {
    StoreError::NotFound(format!("dead letter {id} does not exist"))
}

fn page(connection: &Connection, after: Sequence, limit: usize) -> Result<Rows<StoredLetter>, StoreError> {
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let sql = format!("SELECT {COLUMNS} FROM dead_letters WHERE sequence > ?1 ORDER BY sequence LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![after, one_more])?;
    let mut rows = Vec::new();
    let mut last = None;
    while let Some(row) = found.next()? {
        if rows.len() == limit {
            return Ok(Rows { rows, next: last });
        }
        last = Some(row.get(0)?);
        rows.push(letter(row)?);
    }
    Ok(Rows { rows, next: None })
}

fn find(connection: &Connection, id: &str) -> Result<StoredLetter, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM dead_letters WHERE id = ?1"))?;
    statement.query_row([id], letter).optional()?.ok_or_else(|| missing(id))
}

fn letter(row: &Row<'_>) -> Result<StoredLetter, rusqlite::Error> {
    let delivery = Delivery { request_id: row.get(1)?, body: row.get::<_, Vec<u8>>(2)?.into() };
    Ok(StoredLetter {
        letter: DeadLetter { delivery, attempts: row.get(4)?, reason: row.get(5)? },
        event_count: u64::from(row.get::<_, u32>(3)?),
        created_at: Time::from_micros(row.get(6)?),
    })
}
