//! One look at the server: its endpoints, its sync report, and what the journal says was written from here.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{TryStreamExt, pin_mut};
use serde_json::{Value, json};

use crate::api::{Endpoint, EndpointId, PAGE_LIMIT_MAX, SyncReport, Time};
use crate::cli::endpoints::targets;
use crate::cli::session::Session;
use crate::client::{ClientError, ErrorKind};
use crate::clock;
use crate::plan::outcome::Record;
use crate::sync::{self, Facts, INTERVAL_DEFAULT, ServerClock, SyncState, Written};

/// How often the journal is read after a change was seen: it has its line a moment after the server has the change.
const READINGS: u8 = 2;

/// Looks at a server, again and again.
pub struct Look<'a> {
    session: &'a Session,
    written: HashMap<EndpointId, Written>,
    /// When the last change that was seen was made.
    newest: Option<Time>,
    /// How often the journal is still to be read because of it.
    readings: u8,
    clock: ServerClock,
    reached: Option<Time>,
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The server's time of the look.
    pub now: Time,
    /// The gateway's own report, where it has one.
    pub report: Option<SyncReport>,
    /// An endpoint a row, oldest first.
    pub rows: Vec<Row>,
}

/// An endpoint and its state.
#[derive(Debug, Clone)]
pub struct Row {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its state, as the dashboard shows it.
    pub state: SyncState,
    /// The state of what it is now, whoever wrote it: a drifted endpoint is live or waits, too.
    current: SyncState,
}

impl Row {
    /// True where what the endpoint is now is in effect.
    #[must_use]
    pub fn is_in_effect(&self) -> bool {
        match self.current {
            SyncState::Live | SyncState::Verified => true,
            SyncState::Waiting { .. } | SyncState::Drifted | SyncState::NotServing { .. } | SyncState::Unknown => false,
        }
    }

    /// How long it waits at most.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        match self.current {
            SyncState::Waiting { remaining } => remaining,
            SyncState::Live
            | SyncState::Verified
            | SyncState::Drifted
            | SyncState::NotServing { .. }
            | SyncState::Unknown => Duration::ZERO,
        }
    }

    /// The state in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.current {
            SyncState::Live => "in effect, by time".to_owned(),
            SyncState::Verified => "in effect, seen".to_owned(),
            SyncState::Waiting { remaining } => {
                format!("waiting for the gateway, {} at most", sync::countdown(*remaining))
            }
            SyncState::Drifted => "changed by somebody else".to_owned(),
            SyncState::NotServing { reason } => format!("not serving: {reason}"),
            SyncState::Unknown => "unknown: the server was not reached".to_owned(),
        }
    }

    /// The row for programs.
    #[must_use]
    pub fn value(&self, now: Time) -> Value {
        let remaining = match &self.current {
            SyncState::Waiting { remaining } => Some(remaining.as_secs_f64()),
            SyncState::Live
            | SyncState::Verified
            | SyncState::Drifted
            | SyncState::NotServing { .. }
            | SyncState::Unknown => None,
        };
        json!({
            "at": now,
            "id": self.endpoint.id,
            "slug": self.endpoint.slug,
            "state": self.state.word(),
            "in_effect": self.is_in_effect(),
            "remaining_seconds": remaining,
            "routes_to": targets(&self.endpoint),
            "targets": self.endpoint.targets,
            "updated_at": self.endpoint.updated_at,
        })
    }
}

impl Observed {
    /// The endpoints alone.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.rows.iter().map(|row| row.endpoint.clone()).collect()
    }

    /// Only these; all where none is named.
    pub fn keep(&mut self, ids: &[EndpointId]) {
        if !ids.is_empty() {
            self.rows.retain(|row| ids.contains(&row.endpoint.id));
        }
    }
}

impl<'a> Look<'a> {
    /// Reads from the journal what was written from here.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn new(session: &'a Session) -> anyhow::Result<Self> {
        Ok(Self {
            session,
            written: written(session)?,
            newest: None,
            readings: 0,
            clock: ServerClock::default(),
            reached: None,
        })
    }

    /// Looks once.
    ///
    /// # Errors
    /// The server's.
    pub async fn observe(&mut self) -> Result<Observed, ClientError> {
        let sent = clock::now();
        // The report first: what it says is applied is then at least as old as the rows.
        let report = match self.session.client.sync_report().await {
            Ok(answer) => {
                if let Some(date) = answer.date {
                    self.clock = self.clock.observe(date, sent, clock::now());
                }
                Some(answer.body)
            }
            Err(error) if is_not_there(&error) => None,
            Err(error) => return Err(error),
        };
        let mut endpoints = Vec::new();
        let pages = self.session.client.endpoints(PAGE_LIMIT_MAX);
        pin_mut!(pages);
        let mut sent = clock::now();
        while let Some(page) = pages.try_next().await? {
            if let Some(date) = page.date {
                self.clock = self.clock.observe(date, sent, clock::now());
            }
            endpoints.extend(page.body.items);
            sent = clock::now();
        }
        let now = self.clock.now(clock::now());
        self.reached = Some(now);
        self.read_journal_again(&endpoints);
        Ok(self.judge(endpoints, report, now))
    }

    /// What has changed since may have been written by another program of this machine.
    fn read_journal_again(&mut self, endpoints: &[Endpoint]) {
        let newest = endpoints.iter().map(|endpoint| endpoint.updated_at).max();
        if newest > self.newest {
            // What was there at the first look is in the journal as it was read.
            self.readings = if self.newest.is_some() { READINGS } else { 0 };
            self.newest = newest;
        }
        if self.readings > 0 {
            self.readings -= 1;
            // A journal that can't be read now was read before.
            self.written = written(self.session).unwrap_or_else(|_| std::mem::take(&mut self.written));
        }
    }

    /// Looks once; a server that is away for the moment leaves what was seen before, older.
    ///
    /// # Errors
    /// What will not pass by waiting.
    pub async fn observe_patiently(&mut self, before: Observed) -> Result<Observed, ClientError> {
        match self.observe().await {
            Err(error) if error.is_outage() => Ok(self.aged(before)),
            other => other,
        }
    }

    /// The same as seen before, with the states that it has by now.
    #[must_use]
    pub fn aged(&self, before: Observed) -> Observed {
        let endpoints = before.rows.into_iter().map(|row| row.endpoint).collect();
        self.judge(endpoints, before.report, self.clock.now(clock::now()))
    }

    fn judge(&self, endpoints: Vec<Endpoint>, report: Option<SyncReport>, now: Time) -> Observed {
        let interval = report
            .as_ref()
            .map_or(INTERVAL_DEFAULT, |report| Duration::from_secs_f64(report.interval_seconds.max(0.0)));
        let rows = endpoints
            .into_iter()
            .map(|endpoint| {
                let written = self.written.get(&endpoint.id);
                let facts = Facts {
                    now,
                    reached: self.reached,
                    interval,
                    updated_at: endpoint.updated_at,
                    written,
                    report: report.as_ref(),
                    probe: None,
                };
                let state = sync::state(&facts);
                let is_own = written.is_some_and(|written| written.updated_at >= endpoint.updated_at);
                let current = if is_own { state.clone() } else { sync::state(&Facts { written: None, ..facts }) };
                Row { endpoint, state, current }
            })
            .collect();
        Observed { now, report, rows }
    }
}

/// What was written from this machine to this server, the last write of each endpoint.
fn written(session: &Session) -> anyhow::Result<HashMap<EndpointId, Written>> {
    let server = session.client.management_url().to_string();
    let mut written = HashMap::new();
    for entry in session.journal()?.read()?.entries.into_iter().filter(|entry| entry.author.server == server) {
        for done in entry.items.iter().filter_map(|item| item.done()) {
            if let Record::Endpoint(endpoint) = &done.after {
                let write = Written { at: done.at, revision: done.revision, updated_at: endpoint.updated_at };
                written.insert(endpoint.id.clone(), write);
            }
        }
    }
    Ok(written)
}

/// A server without a report, or one that does not show it.
fn is_not_there(error: &ClientError) -> bool {
    matches!(
        error.kind,
        ErrorKind::NotFound
            | ErrorKind::Forbidden
            | ErrorKind::Status(_)
            | ErrorKind::Malformed
            | ErrorKind::Unauthorized
    )
}
