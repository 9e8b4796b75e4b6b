//! Everything that the request path knows of groups and keys, read in one go at the start.

use rusqlite::Connection;

use super::tree::{self, COLUMNS};
use super::{Store, StoreError, usage};
use crate::api::{Group, GroupId, KeyPrefix};
use crate::gateway::rules::access::{Access, KeyDigest, KeyRow};

impl Store {
    /// Fills the request path's view: groups, their keys, and what the day has used. Nothing may be asked of it
    /// before.
    ///
    /// # Errors
    /// The database fails, or a row does not hold what it must.
    pub(crate) async fn load_access(&self, access: impl AsRef<Access> + Send + 'static) -> Result<(), StoreError> {
        let load = move |connection: &Connection| {
            let groups = groups(connection)?;
            let keys = keys(connection)?;
            let used = usage::all(connection)?;
            let access = access.as_ref();
            access.load(groups, keys);
            access.restore_usage(&used);
            Ok(())
        };
        self.read(load).await?;
        Ok(())
    }
}

fn groups(connection: &Connection) -> Result<Vec<Group>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM groups WHERE deleted_at IS NULL");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        groups.push(tree::group(row)?);
    }
    Ok(groups)
}

fn keys(connection: &Connection) -> Result<Vec<KeyRow>, StoreError> {
    let count: i64 = connection.query_row("SELECT count(*) FROM api_keys", [], |row| row.get(0))?;
    let mut statement = connection.prepare("SELECT digest, prefix, group_id FROM api_keys")?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    while let Some(row) = rows.next()? {
        let digest = KeyDigest::from_bytes(row.get(0)?);
        let prefix = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let group = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        keys.push(KeyRow { digest, prefix: KeyPrefix::from(prefix), group: GroupId::from(group) });
    }
    Ok(keys)
}
