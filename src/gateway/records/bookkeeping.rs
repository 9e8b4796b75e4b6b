//! What the data plane leaves behind and the store keeps: usage events, and how much each group used of its day.
//!
//! An event is kept once, however often it is offered. Of the counts, a crash loses what was counted since they were
//! last stored, which is less than a second.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::api::{Event, GroupId, Slug};
use crate::gateway::records::ledger::EventSink;
use crate::gateway::records::webhook_sender::WebhookSender;
use crate::gateway::rules::access::Access;
use crate::gateway::rules::limit::DayUsage;
use crate::gateway::store::{Store, StoreError};

/// Takes usage events from the data plane. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Books {
    store: Store,
    webhook_sender: Option<Arc<WebhookSender>>,
}

impl Books {
    pub(crate) fn new(store: Store, webhook_sender: Option<Arc<WebhookSender>>) -> Self {
        Self { store, webhook_sender }
    }

    /// The books as the data plane's ledger fills them.
    pub(crate) fn sink(&self) -> EventSink {
        let books = self.clone();
        Arc::new(move |batch| {
            let books = books.clone();
            Box::pin(async move { books.keep_events(batch.events()).await.map_err(|error| error.to_string()) })
        })
    }

    /// Keeps events, and has them delivered where there is a webhook. Those that are kept already are left as they
    /// are, so whoever is not sure offers them again.
    ///
    /// # Errors
    /// The store failed; none of them is kept then.
    pub async fn keep_events<E>(&self, events: E) -> Result<(), StoreError>
    where
        E: IntoIterator<Item = Event> + Send + 'static,
    {
        self.store.keep_events(events).await?;
        if let Some(webhook_sender) = &self.webhook_sender {
            webhook_sender.wake();
        }
        Ok(())
    }
}

/// How often counts are stored. With the write itself it stays under the second that may be lost.
const USAGE_INTERVAL: Duration = Duration::from_millis(500);

/// Stores the counts that moved, until told to stop, and then once more.
pub(crate) async fn keep_usage(store: Store, access: Arc<Access>, stop: CancellationToken) {
    let mut ticks = interval(USAGE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unkept = HashMap::new();
    let mut failing = false;
    loop {
        let stopped = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        match flush(&store, &access, &mut unkept).await {
            Ok(()) => failing = false,
            Err(error) => {
                // Said once for each outage: it is tried twice a second.
                if !failing {
                    tracing::error!(%error, "the day's usage cannot be stored, it is tried again");
                }
                failing = true;
            }
        }
        if stopped {
            return;
        }
    }
}

/// Stores what moved and what could not be stored before. A count that moved again replaces the older one.
async fn flush(
    store: &Store,
    access: &Access,
    unkept: &mut HashMap<(GroupId, Slug), DayUsage>,
) -> Result<(), StoreError> {
    for usage in access.take_changed_usage() {
        unkept.insert((usage.group.clone(), usage.slug.clone()), usage);
    }
    if unkept.is_empty() {
        return Ok(());
    }
    store.keep_usage(unkept.values().cloned().collect()).await?;
    unkept.clear();
    Ok(())
}
