//! The workspace's secrets. Values go in and never come out but into a snapshot.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{OptionalExtension, params};
use secrecy::{ExposeSecret, SecretString};

use super::audit::{Origin, record};
use super::writer::Transaction;
use super::{Store, StoreError, Written};
use crate::api::{Secret, SecretId, SecretTombstone, Time, Unknown};
use crate::gateway::store::keyfile::random_letters;
use crate::gateway::store::vault::Vault;

/// The length of a new secret's id.
pub const SECRET_ID_CHARS: usize = 7;

/// Values that were given at the start, by the names of their secrets. They are never stored.
pub type GivenSecrets = HashMap<String, SecretString>;

/// The team that every row of ours belongs to.
pub(super) const TEAM: &str = "Default Team";

impl Store {
    /// All secrets, without their values.
    ///
    /// # Errors
    /// The database fails.
    pub async fn secrets(&self) -> Result<Vec<Secret>, StoreError> {
        let seen = self.read(|connection| {
            let sql = "SELECT id, created_at, name, team_name FROM secrets ORDER BY sequence";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(Secret {
                    id: SecretId::new(row.get::<_, String>(0)?),
                    created_at: Time::from_micros(row.get(1)?),
                    name: row.get(2)?,
                    team_name: row.get(3)?,
                    unknown: Unknown::new(),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        Ok(seen.await?.value)
    }

    /// Makes a secret, or gives the one of this name a new value; its id stays then.
    ///
    /// # Errors
    /// The database fails.
    pub async fn upsert_secret(
        &self,
        new_id: SecretId,
        name: String,
        value: SecretString,
        origin: Origin,
    ) -> Result<Written<Secret>, StoreError> {
        self.refuse_given(&name)?;
        let vault = Arc::clone(&self.vault);
        self.write(move |transaction| {
            let secret = upsert(transaction, &vault, &new_id, &name, Value::Real(&value), origin.now)?;
            let fields = [("secret_id", Some(secret.id.as_str())), ("secret_name", Some(secret.name.as_str()))];
            record(transaction, &origin, "SECRET_UPDATED", &fields)?;
            Ok(secret)
        })
        .await
    }

    /// Deletes a secret. Endpoints that name it are left alone.
    ///
    /// # Errors
    /// There is none of this name, or the database fails.
    pub async fn delete_secret(&self, name: String, origin: Origin) -> Result<Written<SecretTombstone>, StoreError> {
        self.refuse_given(&name)?;
        self.write(move |transaction| {
            let mut statement =
                transaction.connection.prepare_cached("DELETE FROM secrets WHERE name = ?1 RETURNING id")?;
            let id: Option<String> = statement.query_row([&name], |row| row.get(0)).optional()?;
            let id = id.ok_or_else(|| StoreError::NotFound(format!("secret {name} does not exist")))?;
            record(transaction, &origin, "SECRET_DELETED", &[("secret_id", Some(&id)), ("secret_name", Some(&name))])?;
            Ok(SecretTombstone { name })
        })
        .await
    }
}

impl Store {
    /// Makes rows for given secrets that have none, so that targets can name them. Their values stay out of it.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) async fn declare_given(&self, now: Time) -> Result<(), StoreError> {
        let known: Vec<String> = self.secrets().await?.into_iter().map(|secret| secret.name).collect();
        let mut missing: Vec<String> = self.given.keys().filter(|name| !known.contains(name)).cloned().collect();
        missing.sort();
        for name in missing {
            let id =
                SecretId::new(random_letters(SECRET_ID_CHARS).map_err(|_| StoreError::Internal("no random bytes"))?);
            let vault = Arc::clone(&self.vault);
            self.write(move |transaction| {
                upsert(transaction, &vault, &id, &name, Value::Elsewhere, now)?;
                let fields = [("secret_id", Some(id.as_str())), ("secret_name", Some(name.as_str()))];
                record(transaction, &Origin::system(now), "SECRET_UPDATED", &fields)
            })
            .await?;
        }
        Ok(())
    }

    fn refuse_given(&self, name: &str) -> Result<(), StoreError> {
        if self.given.contains_key(name) {
            let text = format!("secret {name} was given at the gateway's start (--secret) and cannot be written");
            return Err(StoreError::Invalid(text));
        }
        Ok(())
    }
}

/// A value to be stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// Somebody gave it.
    Real(&'a SecretString),
    /// A seed's, which opens nothing.
    Simulated,
    /// None: it is given at each start.
    Elsewhere,
}

pub(super) fn upsert(
    transaction: &Transaction<'_>,
    vault: &Vault,
    new_id: &SecretId,
    name: &str,
    value: Value<'_>,
    now: Time,
) -> Result<Secret, StoreError> {
    let connection = transaction.connection;
    let mut statement = connection.prepare_cached("SELECT id, created_at FROM secrets WHERE name = ?1")?;
    let stored: Option<(String, i64)> = statement.query_row([name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (id, created_at) = stored.unwrap_or_else(|| (new_id.as_str().to_owned(), now.micros()));
    let (text, simulated) = match value {
        Value::Real(secret) => (secret.expose_secret(), false),
        Value::Simulated => ("simulated", true),
        Value::Elsewhere => ("", false),
    };
    let sealed = vault.seal(&id, text).map_err(|_| StoreError::Internal("the system gives no random bytes"))?;
    let sql = "INSERT INTO secrets (id, name, team_name, sealed, created_at, simulated) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, simulated = excluded.simulated";
    connection.prepare_cached(sql)?.execute(params![id, name, TEAM, sealed, created_at, simulated])?;
    Ok(Secret {
        id: SecretId::new(id),
        created_at: Time::from_micros(created_at),
        name: name.to_owned(),
        team_name: TEAM.to_owned(),
        unknown: Unknown::new(),
    })
}
