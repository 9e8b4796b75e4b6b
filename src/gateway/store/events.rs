//! Usage events: each stored once, listed by time, followed by the webhook in the order in which they were stored.

use rusqlite::{Connection, Row, params, params_from_iter, types::Value};

use super::usage::{count, stored};
use super::{Sequence, Store, StoreError};
use crate::api::{Event, EventTokens, KeyPrefix, Slug, Time, Unknown};
use crate::gateway::records::webhook::DELIVERY_TYPE;

/// What an event is read from, in the order of [`event`].
const COLUMNS: &str = "sequence, idempotency_key, timestamp, request_id, model_slug, external_entity_id, \
                       api_key_prefix, input_tokens, output_tokens, cached_input_tokens, tokens_are_estimated, outcome";

/// Which events are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    /// Not before this time.
    pub start: Time,
    /// After this one: its time and its number.
    pub after: Option<(Time, Sequence)>,
    /// Before this time.
    pub end: Time,
    /// At most so many.
    pub limit: usize,
    /// Only with these keys; all where empty.
    pub api_keys: Vec<String>,
    /// Only of these groups; all where empty.
    pub external_entity_ids: Vec<String>,
}

/// Events, and where the list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsAfter {
    /// At most as many as were asked for.
    pub events: Vec<Event>,
    /// The last one's time and number, where more follow it.
    pub next: Option<(Time, Sequence)>,
}

impl Store {
    /// Keeps events. One that is kept already, by its idempotency key, is left as it is.
    ///
    /// # Errors
    /// The database fails; none of them is kept then.
    pub async fn keep_events<E>(&self, events: E) -> Result<(), StoreError>
    where
        E: IntoIterator<Item = Event> + Send + 'static,
    {
        let sql = "INSERT INTO events (idempotency_key, timestamp, request_id, model_slug, external_entity_id,
                       api_key_prefix, input_tokens, output_tokens, cached_input_tokens, tokens_are_estimated, outcome)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (idempotency_key) DO NOTHING";
        self.note(move |transaction| {
            let mut statement = transaction.connection.prepare_cached(sql)?;
            for event in events {
                statement.execute(params![
                    event.idempotency_key,
                    event.timestamp.micros(),
                    event.request_id,
                    event.model_slug.as_str(),
                    event.external_entity_id,
                    event.api_key_prefix.as_str(),
                    stored(event.tokens.input_tokens),
                    stored(event.tokens.output_tokens),
                    stored(event.tokens.cached_input_tokens),
                    event.tokens_are_estimated,
                    event.outcome,
                ])?;
            }
            Ok(())
        })
        .await
    }

    /// A page of events, the oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn events_page(&self, query: EventQuery) -> Result<EventsAfter, StoreError> {
        Ok(self.read(move |connection| page(connection, &query)).await?.value)
    }

    /// Where the webhook goes on. The first time, that is behind what is stored by then: whoever sets up a webhook
    /// does not get the past.
    ///
    /// # Errors
    /// The database fails.
    pub async fn webhook_position(&self) -> Result<Sequence, StoreError> {
        self.note(|transaction| {
            let connection = transaction.connection;
            let sql = "INSERT INTO webhook (only_row, delivered_sequence)
                       SELECT 1, coalesce(max(sequence), 0) FROM events WHERE TRUE ON CONFLICT DO NOTHING";
            connection.prepare_cached(sql)?.execute([])?;
            let mut statement = connection.prepare_cached("SELECT delivered_sequence FROM webhook")?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })
        .await
    }

    /// The next events in the order in which they were stored, and the last one's number.
    ///
    /// # Errors
    /// The database fails.
    pub async fn events_after(&self, after: Sequence, limit: usize) -> Result<(Vec<Event>, Sequence), StoreError> {
        let seen = self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM events WHERE sequence > ?1 ORDER BY sequence LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
            let mut events = Vec::new();
            let mut last = after;
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                events.push(event(row)?);
            }
            Ok((events, last))
        });
        Ok(seen.await?.value)
    }
}

/// The webhook is done with everything up to here.
pub(super) fn move_webhook(connection: &Connection, delivered: Sequence) -> Result<(), StoreError> {
    let sql = "INSERT INTO webhook (only_row, delivered_sequence) VALUES (1, ?1)
               ON CONFLICT (only_row) DO UPDATE SET delivered_sequence = excluded.delivered_sequence";
    connection.prepare_cached(sql)?.execute([delivered])?;
    Ok(())
}

fn page(connection: &Connection, query: &EventQuery) -> Result<EventsAfter, StoreError> {
    let (after_time, after_sequence) = query.after.unwrap_or((query.start, 0));
    let json = |texts: &[String]| match texts {
        [] => Value::Null,
        some => Value::from(serde_json::Value::from(some).to_string()),
    };
    // Numbers begin with 1: without a row to go on after, all of the first microsecond are there.
    let sql = format!(
        "SELECT {COLUMNS} FROM events
         WHERE (timestamp, sequence) > (?1, ?2) AND timestamp < ?3
             AND (?4 IS NULL OR api_key_prefix IN (SELECT value FROM json_each(?4)))
             AND (?5 IS NULL OR external_entity_id IN (SELECT value FROM json_each(?5)))
         ORDER BY timestamp, sequence LIMIT ?6"
    );
    let values = [
        Value::from(after_time.micros()),
        Value::from(after_sequence),
        Value::from(query.end.micros()),
        json(&query.api_keys),
        json(&query.external_entity_ids),
        Value::from(i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1)),
    ];
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(values))?;
    let mut events = Vec::with_capacity(query.limit.min(1024));
    let mut last = None;
    while let Some(row) = found.next()? {
        if events.len() == query.limit {
            return Ok(EventsAfter { events, next: last });
        }
        let one = event(row)?;
        last = Some((one.timestamp, row.get(0)?));
        events.push(one);
    }
    Ok(EventsAfter { events, next: None })
}

fn event(row: &Row<'_>) -> Result<Event, rusqlite::Error> {
    Ok(Event {
        kind: DELIVERY_TYPE.to_owned(),
        idempotency_key: row.get(1)?,
        timestamp: Time::from_micros(row.get(2)?),
        request_id: row.get(3)?,
        model_slug: Slug::from_wire(row.get::<_, String>(4)?),
        external_entity_id: row.get(5)?,
        api_key_prefix: KeyPrefix::new(row.get::<_, String>(6)?),
        tokens: EventTokens {
            input_tokens: count(row.get(7)?),
            output_tokens: count(row.get(8)?),
            cached_input_tokens: count(row.get(9)?),
        },
        tokens_are_estimated: row.get(10)?,
        outcome: row.get(11)?,
        unknown: Unknown::new(),
    })
}
