//! Federated keys: their public parts and digests. A key itself never gets here.

use rusqlite::{Connection, OptionalExtension, params};

use super::audit::{Origin, record};
use super::tree;
use super::writer::Transaction;
use super::{Rows, Seen, Sequence, Store, StoreError, Written};
use crate::api::{GroupId, KeyInfo, KeyPrefix, KeyTombstone, Time};
use crate::gateway::rules::access::{KeyDigest, KeyRow};

/// The published type of key that comes closest to a group's: it opens some endpoints and nothing else.
const AUDITED_TYPE: &str = "INVOKE_ALLOWED_SHARED_ENDPOINTS_SERVICE_ACCOUNT";

/// A key to be.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What it opens.
    pub group: GroupId,
    /// Its public part.
    pub prefix: KeyPrefix,
    /// Of the whole key.
    pub digest: KeyDigest,
    /// Shown to people.
    pub name: Option<String>,
}

impl NewKey {
    /// The key as the request path takes it.
    #[must_use]
    pub fn row(&self) -> KeyRow {
        KeyRow { digest: self.digest, prefix: self.prefix.clone(), group: self.group.clone() }
    }
}

impl Store {
    /// A group's keys after `after`, in the order in which they were made.
    ///
    /// # Errors
    /// There is no such group, or the database fails.
    pub async fn keys_page(
        &self,
        group: GroupId,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Seen<Rows<KeyInfo>>, StoreError> {
        self.read(move |connection| {
            tree::find(connection, &group)?;
            page(connection, &group, after.unwrap_or(0), limit)
        })
        .await
    }

    /// One key of a group.
    ///
    /// # Errors
    /// There is no such group, it has no such key, or the database fails.
    pub async fn key(&self, group: GroupId, prefix: KeyPrefix) -> Result<Seen<KeyInfo>, StoreError> {
        self.read(move |connection| {
            tree::find(connection, &group)?;
            find(connection, &group, &prefix)
        })
        .await
    }

    /// Keeps a key.
    ///
    /// # Errors
    /// There is no such group, a key begins the same, or the database fails.
    pub async fn create_key(
        &self,
        new: NewKey,
        origin: Origin,
        after: impl FnOnce(&KeyInfo) + Send + 'static,
    ) -> Result<Written<KeyInfo>, StoreError> {
        self.write_then(move |transaction| create(transaction, new, &origin), after).await
    }

    /// Forgets a key.
    ///
    /// # Errors
    /// There is no such group, it has no such key, or the database fails.
    pub async fn revoke_key(
        &self,
        group: GroupId,
        prefix: KeyPrefix,
        origin: Origin,
        after: impl FnOnce(&KeyTombstone) + Send + 'static,
    ) -> Result<Written<KeyTombstone>, StoreError> {
        self.write_then(move |transaction| revoke(transaction, &group, prefix, &origin), after).await
    }
}

fn page(connection: &Connection, group: &GroupId, after: Sequence, limit: usize) -> Result<Rows<KeyInfo>, StoreError> {
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let sql = "SELECT sequence, prefix, name FROM api_keys
               WHERE group_id = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(params![group.as_str(), after, one_more])?;
    let mut rows = Vec::with_capacity(limit.min(1024));
    let mut last = None;
    while let Some(row) = found.next()? {
        if rows.len() == limit {
            return Ok(Rows { rows, next: last });
        }
        last = Some(row.get(0)?);
        rows.push(KeyInfo { prefix: KeyPrefix::new(row.get::<_, String>(1)?), name: row.get(2)? });
    }
    Ok(Rows { rows, next: None })
}

fn find(connection: &Connection, group: &GroupId, prefix: &KeyPrefix) -> Result<KeyInfo, StoreError> {
    let sql = "SELECT name FROM api_keys WHERE prefix = ?1 AND group_id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let name = statement.query_row([prefix.as_str(), group.as_str()], |row| row.get(0)).optional()?;
    let missing = || StoreError::NotFound(format!("group {group} has no key {prefix}"));
    Ok(KeyInfo { prefix: prefix.clone(), name: name.ok_or_else(missing)? })
}

fn create(transaction: &Transaction<'_>, new: NewKey, origin: &Origin) -> Result<KeyInfo, StoreError> {
    let connection = transaction.connection;
    tree::find(connection, &new.group)?;
    if connection.prepare_cached("SELECT 1 FROM api_keys WHERE prefix = ?1")?.exists([new.prefix.as_str()])? {
        let message = "key: another key of this workspace begins with the same 16 characters";
        return Err(StoreError::Invalid(message.to_owned()));
    }
    insert(connection, &new, origin.now)?;
    note(transaction, origin, "API_KEY_CREATED", &new.group, &new.prefix)?;
    Ok(KeyInfo { prefix: new.prefix, name: new.name })
}

/// Writes the row alone, unchecked.
pub(super) fn insert(connection: &Connection, new: &NewKey, created_at: Time) -> Result<(), StoreError> {
    let sql = "INSERT INTO api_keys (group_id, prefix, digest, name, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![
        new.group.as_str(),
        new.prefix.as_str(),
        new.digest.as_bytes(),
        new.name,
        created_at.micros(),
    ])?;
    Ok(())
}

fn revoke(
    transaction: &Transaction<'_>,
    group: &GroupId,
    prefix: KeyPrefix,
    origin: &Origin,
) -> Result<KeyTombstone, StoreError> {
    tree::find(transaction.connection, group)?;
    find(transaction.connection, group, &prefix)?;
    transaction.connection.prepare_cached("DELETE FROM api_keys WHERE prefix = ?1")?.execute([prefix.as_str()])?;
    note(transaction, origin, "API_KEY_DELETED", group, &prefix)?;
    Ok(KeyTombstone { prefix })
}

fn note(
    transaction: &Transaction<'_>,
    origin: &Origin,
    event_type: &str,
    group: &GroupId,
    prefix: &KeyPrefix,
) -> Result<(), StoreError> {
    let fields = [
        ("api_key_id", Some(prefix.as_str())),
        ("api_key_type", Some(AUDITED_TYPE)),
        ("prefix", Some(prefix.as_str())),
        ("gateway_group_id", Some(group.as_str())),
    ];
    record(transaction, origin, event_type, &fields)
}
