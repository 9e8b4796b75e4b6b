//! How much is stored, for whoever asks how the gateway is.

use std::path::Path;

use rusqlite::Connection;

use super::endpoints::OWN_WORKSPACE;
use super::{Store, StoreError};
use crate::api::StoreStatus;

impl Store {
    /// How many rows of each kind there are, and what they take. The directory is the caller's to add.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn sizes(&self) -> Result<StoreStatus, StoreError> {
        Ok(self.read(sizes).await?.value)
    }
}

fn sizes(connection: &Connection) -> Result<StoreStatus, StoreError> {
    let count = |sql: &str| -> Result<u64, StoreError> {
        let count: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    };
    // Counted whole where rows are few. Events may be a million; only their oldest go, so the numbers have no gaps.
    let endpoints = format!("SELECT count(*) FROM endpoints WHERE workspace = {OWN_WORKSPACE}");
    Ok(StoreStatus {
        directory: None,
        bytes: bytes(connection)?,
        endpoints: count(&endpoints)?,
        groups: count("SELECT count(*) FROM groups WHERE deleted_at IS NULL")?,
        keys: count("SELECT count(*) FROM api_keys")?,
        events: count("SELECT coalesce(max(sequence) - min(sequence) + 1, 0) FROM events")?,
        dead_letters: count("SELECT count(*) FROM dead_letters")?,
    })
}

/// The database and the log of what is not yet merged into it; in memory, its pages.
fn bytes(connection: &Connection) -> Result<u64, StoreError> {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    if let Some(path) = connection.path().filter(|path| !path.is_empty()) {
        return Ok(size(Path::new(path)) + size(Path::new(&format!("{path}-wal"))));
    }
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    Ok(u64::try_from(pragma("page_count")? * pragma("page_size")?).unwrap_or(0))
}
