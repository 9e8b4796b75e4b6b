//! What happened: the audit log and the usage events.

use super::transport::Call;
use super::{Answer, Client, ClientError};
use crate::api::{AuditLogs, Event, Page, Time};

/// The most rows that a page of the audit log may have.
pub const AUDIT_LIMIT_MAX: usize = 200;

/// Which part of the audit log to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Where to go on.
    pub cursor: Option<String>,
    /// 1 to [`AUDIT_LIMIT_MAX`]; 20 where absent.
    pub limit: Option<usize>,
    /// Text to look for.
    pub search: Option<String>,
    /// `GATEWAY` for changes of endpoints, groups and keys; all groups where absent.
    pub event_type_group: Option<String>,
    /// Not before this time.
    pub start: Option<Time>,
    /// Before this time.
    pub end: Option<Time>,
}

/// Which usage events to read. `start` is required without a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventsQuery {
    /// Where to go on.
    pub cursor: Option<String>,
    /// 1 to 1000; 100 where absent.
    pub limit: Option<usize>,
    /// Not before this time.
    pub start: Option<Time>,
    /// Before this time.
    pub end: Option<Time>,
    /// Only of these keys (their prefixes).
    pub api_keys: Vec<String>,
    /// Only of these customers.
    pub external_entity_ids: Vec<String>,
}

impl Client {
    /// One page of the audit log, newest first.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn audit_logs(&self, query: &AuditQuery) -> Result<Answer<AuditLogs>, ClientError> {
        let millis = |time: Option<Time>| time.map(|time| time.micros().div_euclid(1000));
        let call = Call::get(&["v1", "audit_logs"])
            .query("limit", query.limit.map(|limit| limit.clamp(1, AUDIT_LIMIT_MAX)))
            .query("cursor", query.cursor.as_deref())
            .query("search", query.search.as_deref())
            .query("event_type_groups", query.event_type_group.as_deref())
            .query("start_epoch_millis", millis(query.start))
            .query("end_epoch_millis", millis(query.end));
        self.read(call).await
    }

    /// One page of the usage events, oldest first.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn events(&self, query: &EventsQuery) -> Result<Answer<Page<Event>>, ClientError> {
        let mut call = Call::get(&["v1", "gateway", "events"])
            .query("start_time", query.start)
            .query("end_time", query.end)
            .query("limit", query.limit)
            .query("cursor", query.cursor.as_deref());
        for key in &query.api_keys {
            call = call.query("api_keys", Some(key));
        }
        for id in &query.external_entity_ids {
            call = call.query("external_entity_ids", Some(id));
        }
        self.read(call).await
    }
}
