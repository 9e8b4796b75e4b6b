//! The audit log: who changed what, written in the transaction of the change itself.

use rusqlite::{Connection, params, params_from_iter, types::Value};

use super::writer::Transaction;
use super::{Rows, Sequence, Store, StoreError};
use crate::api::{AuditActor, AuditEntry, AuditEvent, PUBLISHED_EVENT_TYPES, Time, Unknown};

/// On whose behalf a write is done, as the audit log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// When it was asked for.
    pub now: Time,
    /// `API`, or `SYSTEM` for what the gateway does by itself.
    pub source: &'static str,
    /// Who asked.
    pub actor: AuditActor,
    /// The program that asked, from its `User-Agent`.
    pub client_name: Option<String>,
    /// That program's version.
    pub client_version: Option<String>,
}

impl Origin {
    /// The gateway itself.
    #[must_use]
    pub fn system(now: Time) -> Self {
        let actor =
            AuditActor { kind: "BASETEN_SYSTEM".to_owned(), email: None, api_key_prefix: None, api_key_name: None };
        Self { now, source: "SYSTEM", actor, client_name: None, client_version: None }
    }
}

/// Which way the log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuditDirection {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
}

/// Which entries of the log are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuditScope {
    /// Those whose event types the published specification has.
    #[default]
    Published,
    /// The rest, which only a gateway of ours writes.
    Own,
}

/// What is asked of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditQuery {
    /// Which entries.
    pub scope: AuditScope,
    /// Which way.
    pub direction: AuditDirection,
    /// After this entry, in that direction.
    pub after: Option<Sequence>,
    /// At most so many.
    pub limit: usize,
    /// Only entries whose event holds this text.
    pub search: Option<String>,
    /// Only event types that begin with one of these; all where empty.
    pub type_prefixes: Vec<String>,
    /// Only these sources; all where empty.
    pub sources: Vec<String>,
    /// Not before this time.
    pub start: Option<Time>,
    /// Before this time.
    pub end: Option<Time>,
}

impl Store {
    /// A page of the log.
    ///
    /// # Errors
    /// The database fails.
    pub async fn audit_page(&self, query: AuditQuery) -> Result<Rows<AuditEntry>, StoreError> {
        Ok(self.read(move |connection| page(connection, &query)).await?.value)
    }
}

/// Writes a row of the log.
pub(super) fn record(
    transaction: &Transaction<'_>,
    origin: &Origin,
    event_type: &str,
    fields: &[(&str, Option<&str>)],
) -> Result<(), StoreError> {
    let text = |value: Option<&str>| value.map_or(serde_json::Value::Null, serde_json::Value::from);
    let mut data = Unknown::new();
    data.insert("event_type".to_owned(), text(Some(event_type)));
    data.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), text(*value))));
    let data = serde_json::Value::Object(data).to_string();
    let actor =
        serde_json::to_string(&origin.actor).map_err(|_| StoreError::Internal("an actor could not be written"))?;
    let sql = "INSERT INTO audit (id, created, event_type, event_data, source, actor, client_name, client_version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let id = uuid::Uuid::now_v7().simple().to_string();
    transaction.connection.prepare_cached(sql)?.execute(params![
        id,
        origin.now.micros(),
        event_type,
        data,
        origin.source,
        actor,
        origin.client_name,
        origin.client_version
    ])?;
    Ok(())
}

fn page(connection: &Connection, query: &AuditQuery) -> Result<Rows<AuditEntry>, StoreError> {
    let (sql, values) = statement(query);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(values))?;
    let mut rows = Vec::with_capacity(query.limit.min(256));
    let mut last = None;
    while let Some(row) = found.next()? {
        if rows.len() == query.limit {
            return Ok(Rows { rows, next: last });
        }
        last = Some(row.get("sequence")?);
        rows.push(entry(row)?);
    }
    Ok(Rows { rows, next: None })
}

fn statement(query: &AuditQuery) -> (String, Vec<Value>) {
    let mut conditions = vec!["TRUE".to_owned()];
    let mut values = Vec::new();
    let mut condition = |text: &str, value: Value| {
        values.push(value);
        conditions.push(text.replace("{}", &format!("?{}", values.len())));
    };
    let (order, beyond) = match query.direction {
        AuditDirection::Newest => ("DESC", "sequence < {}"),
        AuditDirection::Oldest => ("ASC", "sequence > {}"),
    };
    let published = match query.scope {
        AuditScope::Published => "event_type IN (SELECT value FROM json_each({}))",
        AuditScope::Own => "event_type NOT IN (SELECT value FROM json_each({}))",
    };
    condition(published, Value::from(serde_json::Value::from(PUBLISHED_EVENT_TYPES.to_vec()).to_string()));
    if let Some(after) = query.after {
        condition(beyond, Value::from(after));
    }
    if let Some(search) = &query.search {
        condition("instr(lower(event_data), lower({})) > 0", Value::from(search.clone()));
    }
    if let Some(start) = query.start {
        condition("created >= {}", Value::from(start.micros()));
    }
    if let Some(end) = query.end {
        condition("created < {}", Value::from(end.micros()));
    }
    if !query.type_prefixes.is_empty() {
        let list = serde_json::Value::from(query.type_prefixes.clone()).to_string();
        let text = "EXISTS (SELECT 1 FROM json_each({}) AS prefix \
                    WHERE substr(event_type, 1, length(prefix.value)) = prefix.value)";
        condition(text, Value::from(list));
    }
    if !query.sources.is_empty() {
        let list = serde_json::Value::from(query.sources.clone()).to_string();
        condition("source IN (SELECT value FROM json_each({}))", Value::from(list));
    }
    values.push(Value::from(i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1)));
    let conditions = conditions.join(" AND ");
    let sql = format!("SELECT * FROM audit WHERE {conditions} ORDER BY sequence {order} LIMIT ?{}", values.len());
    (sql, values)
}

fn entry(row: &rusqlite::Row<'_>) -> Result<AuditEntry, StoreError> {
    let data: String = row.get("event_data")?;
    let actor: String = row.get("actor")?;
    let damaged = |error: serde_json::Error| StoreError::Damaged(format!("a row of the audit log is damaged: {error}"));
    Ok(AuditEntry {
        id: row.get("id")?,
        created: Time::from_micros(row.get("created")?),
        event_type: row.get("event_type")?,
        event_data: serde_json::from_str::<AuditEvent>(&data).map_err(damaged)?,
        source: row.get("source")?,
        actor: serde_json::from_str(&actor).map_err(damaged)?,
        client_name: row.get("client_name")?,
        client_version: row.get("client_version")?,
        client_session_id: row.get("client_session_id")?,
        unknown: Unknown::new(),
    })
}
