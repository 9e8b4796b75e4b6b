//! What groups used today: written about once a second, read at the start.

use rusqlite::{Connection, params};

use super::{Store, StoreError};
use crate::api::{GroupId, Slug};
use crate::gateway::rules::limit::DayUsage;

impl Store {
    /// Keeps these counts in place of what was kept before. Those of a group that is gone are dropped.
    ///
    /// # Errors
    /// The database fails; nothing is kept then.
    pub async fn keep_usage(&self, used: Vec<DayUsage>) -> Result<(), StoreError> {
        let sql = "INSERT INTO day_usage (group_id, slug, day, requests, tokens, uncached_input_tokens, output_tokens)
                   SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 FROM groups WHERE id = ?1 AND deleted_at IS NULL
                   ON CONFLICT (group_id, slug) DO UPDATE SET
                       day = excluded.day, requests = excluded.requests, tokens = excluded.tokens,
                       uncached_input_tokens = excluded.uncached_input_tokens,
                       output_tokens = excluded.output_tokens";
        self.note(move |transaction| {
            let mut statement = transaction.connection.prepare_cached(sql)?;
            for one in &used {
                statement.execute(params![
                    one.group.as_str(),
                    one.slug.as_str(),
                    one.day,
                    stored(one.requests),
                    stored(one.tokens),
                    stored(one.uncached_input_tokens),
                    stored(one.output_tokens),
                ])?;
            }
            Ok(())
        })
        .await
    }
}

/// A count as the database can hold it.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A stored count.
pub(super) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

pub(super) fn all(connection: &Connection) -> Result<Vec<DayUsage>, StoreError> {
    let sql = "SELECT group_id, slug, day, requests, tokens, uncached_input_tokens, output_tokens FROM day_usage";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        Ok(DayUsage {
            group: GroupId::new(row.get::<_, String>(0)?),
            slug: Slug::from_wire(row.get::<_, String>(1)?),
            day: row.get(2)?,
            requests: count(row.get(3)?),
            tokens: count(row.get(4)?),
            uncached_input_tokens: count(row.get(5)?),
            output_tokens: count(row.get(6)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
