//! What happened: the audit log and the usage events.

use super::transport::Call;
use super::{Answer, Client, ClientError};
use crate::api::{AuditLogs, Event, Page, Pagination, Time};

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
    /// Such as `GATEWAY`, `API_KEYS` or `SECRETS`; all groups where empty.
    pub event_type_groups: Vec<String>,
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

impl AuditQuery {
    fn asked_at(&self, call: Call) -> Call {
        let millis = |time: Option<Time>| time.map(|time| time.micros().div_euclid(1000));
        let mut call = call
            .query("limit", self.limit.map(|limit| limit.clamp(1, AUDIT_LIMIT_MAX)))
            .query("cursor", self.cursor.as_deref())
            .query("search", self.search.as_deref());
        for group in &self.event_type_groups {
            call = call.query("event_type_groups", Some(group));
        }
        call.query("start_epoch_millis", millis(self.start)).query("end_epoch_millis", millis(self.end))
    }
}

impl Client {
    /// One page of the audit log, newest first.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn audit_logs(&self, query: &AuditQuery) -> Result<Answer<AuditLogs>, ClientError> {
        self.read(query.asked_at(Call::get(&["v1", "audit_logs"]))).await
    }

    /// What the audit log has no published types for, such as changes of groups: one page, newest first. Other servers
    /// than a gateway of ours have no such log, and nothing in it.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn own_audit(&self, query: &AuditQuery) -> Result<AuditLogs, ClientError> {
        let nothing = AuditLogs { items: Vec::new(), pagination: Pagination::default() };
        if self.is_local_gateway() == Some(false) {
            return Ok(nothing);
        }
        match self.read(query.asked_at(Call::get(&["repoint", "v1", "audit"]))).await {
            Ok(answer) => Ok(answer.body),
            Err(error) if error.says_no_such_route() => Ok(nothing),
            Err(error) => Err(error),
        }
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
