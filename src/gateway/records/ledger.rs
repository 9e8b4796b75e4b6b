//! What every request leaves behind, on its way from the request path to whoever wants to know: metrics, the list of
//! recent requests, the log, and usage events.
//!
//! A request that ends pushes one [`Record`] onto a queue, and that is all it pays. One task ([`Ledger::run`]) takes
//! the queue every few milliseconds. The queue and the events that wait for their receiver have bounds: past them the
//! oldest are dropped and counted, since a receiver that is down must neither slow a request nor grow memory.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::api::Event;
use crate::gateway::records::metrics::Metrics;
use crate::gateway::records::record::Record;
use crate::gateway::records::traffic::Traffic;

/// The most records that wait to be taken.
const RECORDS_MAX: usize = 65_536;
/// The most room that is kept for them, where more was needed once.
const RECORDS_KEPT: usize = 4_096;
/// The most events that are handed over at once.
pub const EVENTS_PER_BATCH_MAX: usize = 1_000;
/// How long records are collected before they are taken together. Each taking wakes the log and the store, and calls that
/// run just then wait for a core: so seldom that they are fewer than one in a hundred.
const COLLECT: Duration = Duration::from_millis(50);
/// The most requests without a good key that are logged of those that were collected together.
const STRANGERS_LOGGED_MAX: usize = 20;
/// The wait after a receiver that failed; it doubles up to [`RETRY_MAX`].
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How long the last events are offered at the end.
const FLUSH_MAX: Duration = Duration::from_secs(5);

/// Takes a batch of events, oldest first, and answers when they are kept. A batch that failed comes again.
pub type EventSink = Arc<dyn Fn(Batch) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What was served and is to be kept. As events it would take many times the memory: they are made one by one.
#[derive(Debug, Clone)]
pub struct Batch(Arc<[Arc<Record>]>);

impl Batch {
    /// The events, oldest first.
    pub fn events(self) -> impl Iterator<Item = Event> {
        (0..self.0.len()).filter_map(move |at| self.0.get(at)?.event())
    }
}

/// The queue between the request path and everything that looks at requests.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Behind pointers: the queue is emptied and filled again many times a second, and stays small by that.
    queue: Mutex<VecDeque<Arc<Record>>>,
    arrived: Notify,
    lost_records: AtomicU64,
    lost_events: AtomicU64,
    sink: Sink,
}

/// Who takes the events. They are dropped where nobody was named.
#[derive(Default)]
struct Sink(OnceLock<EventSink>);

impl fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sink")
    }
}

impl Ledger {
    /// A request has ended. Never waits.
    pub fn push(&self, record: Record) {
        let record = Arc::new(record);
        let was_empty = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.len() >= RECORDS_MAX {
                queue.pop_front();
                self.lost_records.fetch_add(1, Ordering::Relaxed);
            }
            queue.push_back(record);
            queue.len() == 1
        };
        if was_empty {
            self.arrived.notify_one();
        }
    }

    /// Names who takes the events, once, before [`Ledger::run`].
    pub fn deliver_to(&self, sink: EventSink) {
        // A second receiver would split the events: the first stays.
        let _ = self.sink.0.set(sink);
    }

    /// How many records and events were dropped because nobody took them in time.
    #[must_use]
    pub fn lost(&self) -> (u64, u64) {
        (self.lost_records.load(Ordering::Relaxed), self.lost_events.load(Ordering::Relaxed))
    }

    /// Takes what comes until `stop`, and then what is left. At most `events_max` events wait for their receiver.
    pub async fn run(&self, metrics: &Metrics, traffic: &Traffic, events_max: usize, stop: CancellationToken) {
        let nobody: EventSink = Arc::new(|_| Box::pin(std::future::ready(Ok(()))));
        let sink = self.sink.0.get().cloned().unwrap_or(nobody);
        let waiting = Waiting::default();
        let deliver = self.deliver(&waiting, &sink, &stop);
        let collect = async {
            while !stop.is_cancelled() {
                tokio::select! {
                    () = self.arrived.notified() => {}
                    () = stop.cancelled() => break,
                }
                tokio::select! {
                    () = tokio::time::sleep(COLLECT) => {}
                    () = stop.cancelled() => {}
                }
                self.take(metrics, traffic, &waiting, events_max);
            }
            self.take(metrics, traffic, &waiting, events_max);
            waiting.arrived.notify_one();
        };
        tokio::join!(collect, deliver);
    }

    fn take(&self, metrics: &Metrics, traffic: &Traffic, waiting: &Waiting, events_max: usize) {
        let records: Vec<Arc<Record>> = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let records = queue.drain(..).collect();
            queue.shrink_to(RECORDS_KEPT);
            records
        };
        let has_events = {
            let mut served = waiting.served();
            for record in records.iter().filter(|record| record.was_served()) {
                if served.len() >= events_max {
                    served.pop_front();
                    self.lost_events.fetch_add(1, Ordering::Relaxed);
                }
                served.push_back(Arc::clone(record));
            }
            !served.is_empty()
        };
        if has_events {
            waiting.arrived.notify_one();
        }
        for record in &records {
            metrics.count(record);
        }
        log(&records);
        traffic.extend(records);
    }

    async fn deliver(&self, waiting: &Waiting, sink: &EventSink, stop: &CancellationToken) {
        let mut pause = RETRY_FIRST;
        let mut flush_until = None;
        loop {
            let records: Arc<[Arc<Record>]> = waiting.served().iter().take(EVENTS_PER_BATCH_MAX).cloned().collect();
            let Some(last) = records.last() else {
                if stop.is_cancelled() && self.is_empty() {
                    return;
                }
                waiting.arrived.notified().await;
                continue;
            };
            match sink(Batch(Arc::clone(&records))).await {
                Ok(()) => {
                    waiting.remove(last, records.len());
                    pause = RETRY_FIRST;
                }
                Err(error) => {
                    tracing::warn!(%error, events = records.len(), "usage events were not kept; they are offered again");
                    if stop.is_cancelled() {
                        let now = crate::clock::instant();
                        if now >= *flush_until.get_or_insert(now + FLUSH_MAX) {
                            tracing::error!(events = waiting.served().len(), "usage events are lost");
                            return;
                        }
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Each request's line. Of a flood without a good key, whoever reads the log sees a part and how much more there was.
fn log(records: &[Arc<Record>]) {
    let mut strangers = 0_usize;
    for record in records {
        strangers += usize::from(record.key.is_none());
        if record.key.is_some() || strangers <= STRANGERS_LOGGED_MAX {
            record.log();
        }
    }
    if let Some(more @ 1..) = strangers.checked_sub(STRANGERS_LOGGED_MAX) {
        tracing::warn!(requests = more, "more requests came without a good key");
    }
}

/// What was served and whose events wait for their receiver: as records, which take a fraction of the memory.
#[derive(Debug, Default)]
struct Waiting {
    served: Mutex<VecDeque<Arc<Record>>>,
    arrived: Notify,
}

impl Waiting {
    fn served(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Record>>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a batch that was kept, up to its last. Its first records may have been dropped meanwhile.
    fn remove(&self, last: &Arc<Record>, count: usize) {
        let mut served = self.served();
        if let Some(at) = served.iter().take(count).position(|record| Arc::ptr_eq(record, last)) {
            served.drain(..=at);
        }
        if served.is_empty() {
            // What a backlog needed is given back.
            served.shrink_to(EVENTS_PER_BATCH_MAX);
        }
    }
}

#[cfg(test)]
mod tests;
