//! Watches the requests that pass, and tells of them a few times a second at most.
//!
//! A gateway of ours streams them. Any other is asked for its usage events again and again. What comes is added up here,
//! off the thread that draws, and only a sample is handed on. It goes on until it is aborted.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::server::{Messages, tell};
use crate::client::{Client, ClientError, ErrorKind, EventsQuery, RequestStream, Seen};
use crate::clock;
use crate::sync::backoff;
use crate::tui::load::Ticket;
use crate::tui::message::Message;
use crate::tui::traffic::{Collector, News, Passed, Since, Source};

/// How many requests that have ended before are asked for.
const REPLAY: usize = 1_000;
/// The least time between two batches.
const BATCH_EVERY: Duration = Duration::from_millis(250);
/// The same while there are more than a person could read: a screen that changes whole costs the terminal.
const BATCH_EVERY_BUSY: Duration = Duration::from_millis(500);
/// From so many requests a batch on it is busy.
const BUSY: u64 = 12;
/// How often usage events are asked for.
const POLL_EVERY: Duration = Duration::from_secs(10);
/// How far back usage events are asked for at first.
const POLL_BACK: Duration = Duration::from_mins(5);
/// Events may be stored out of order: so much is read twice, and told once.
const POLL_OVERLAP: Duration = Duration::from_secs(30);
/// The most events a page.
const POLL_PAGE: usize = 1_000;
/// The most pages a poll; what is more waits for the next.
const POLL_PAGES_MAX: usize = 20;
/// The middle of the jitter's range.
const JITTER: f64 = 0.5;

/// Watches until it is aborted.
pub(super) async fn watch(client: Client, ticket: Ticket, messages: Messages) {
    let say = |news: News| tell(&messages, Message::Traffic { ticket, news: Box::new(news) });
    let mut failures = 0;
    let mut replay = REPLAY;
    let mut polled = Polled::default();
    let mut is_ours = client.is_local_gateway();
    loop {
        let outcome = if is_ours == Some(false) {
            polled.poll(&client, &say).await
        } else {
            match client.follow_requests(replay).await {
                Ok(stream) => {
                    failures = 0;
                    // What came before a break is not told twice: what was missed is said to be.
                    let outcome = follow(stream, replay, &say).await;
                    replay = 0;
                    Err(outcome)
                }
                Err(error) if is_ours.is_none() && is_no_gateway_of_ours(&error) => {
                    is_ours = Some(false);
                    continue;
                }
                Err(error) => Err(error),
            }
        };
        match outcome {
            Ok(()) => {
                failures = 0;
                sleep(POLL_EVERY).await;
            }
            Err(error) => {
                failures += 1;
                let again_in = backoff(failures, JITTER);
                say(News::Broken { failure: error.into(), again_in });
                sleep(again_in).await;
            }
        }
    }
}

/// A server that has no such route may say so in its own way.
fn is_no_gateway_of_ours(error: &ClientError) -> bool {
    use ErrorKind as K;
    matches!(error.kind, K::NotFound | K::Status(_) | K::Malformed | K::Forbidden | K::Invalid)
}

/// Hands on what the stream tells, until it breaks.
async fn follow(mut stream: RequestStream, replay: usize, say: &impl Fn(News)) -> ClientError {
    let mut collected = Collector::default();
    let mut is_live = false;
    let mut quiet_until = clock::instant();
    loop {
        let next = tokio::select! {
            biased;
            // Nothing is due while nothing has come, so that an idle gateway costs nothing.
            () = sleep_until(Instant::from_std(quiet_until)), if is_live && !collected.is_empty() => None,
            next = stream.next() => Some(next),
        };
        match next {
            Some(Ok(Some(seen))) => {
                let mut next = Some(seen);
                while let Some(seen) = next {
                    match seen {
                        Seen::Request(report) => collected.add(Passed::Report(report)),
                        Seen::Missed(missed) => collected.miss(missed),
                        Seen::Live { replayed } => {
                            is_live = true;
                            let since = match collected.oldest() {
                                _ if replayed < replay => Since::Start,
                                Some(oldest) => Since::Time(oldest),
                                None => Since::Now,
                            };
                            say(News::Begun { source: Source::Live, since });
                        }
                    }
                    next = stream.ready();
                }
            }
            Some(Ok(None)) => return ClientError::new(ErrorKind::Lost, "the gateway has ended its stream of requests"),
            Some(Err(error)) => return error,
            None => {
                let every = if collected.seen() > BUSY { BATCH_EVERY_BUSY } else { BATCH_EVERY };
                say(News::Passed(Box::new(collected.take())));
                quiet_until = clock::instant() + every;
            }
        }
    }
}

/// What is known from one poll to the next.
#[derive(Default)]
struct Polled {
    newest: Option<crate::api::Time>,
    /// The events that the next poll may tell again.
    told: HashSet<String>,
}

impl Polled {
    async fn poll(&mut self, client: &Client, say: &impl Fn(News)) -> Result<(), ClientError> {
        let first = self.newest.is_none();
        let start = self.newest.map_or_else(|| clock::now().minus(POLL_BACK), |newest| newest.minus(POLL_OVERLAP));
        let mut query = EventsQuery { start: Some(start), limit: Some(POLL_PAGE), ..EventsQuery::default() };
        let mut collected = Collector::default();
        let mut again = HashSet::new();
        let mut newest = self.newest;
        for _ in 0..POLL_PAGES_MAX {
            let page = client.events(&query).await?.body;
            for event in page.items {
                newest = newest.max(Some(event.timestamp));
                again.insert(event.idempotency_key.clone());
                if !self.told.contains(&event.idempotency_key) {
                    collected.add(Passed::Event(Box::new(event)));
                }
            }
            let Some(cursor) = page.pagination.cursor.filter(|_| page.pagination.has_more) else { break };
            query = EventsQuery { cursor: Some(cursor), limit: Some(POLL_PAGE), ..EventsQuery::default() };
        }
        self.newest = newest.or(Some(start));
        self.told = again;
        if first {
            say(News::Begun { source: Source::Polled { every: POLL_EVERY }, since: Since::Time(start) });
        }
        // Also where nothing has come: how old the figures are is part of them.
        say(News::Passed(Box::new(collected.take())));
        Ok(())
    }
}
