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

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde_json::{Value, json};
    use wiremock::matchers::{method, path, query_param, query_param_is_missing};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::client::Options;
    use crate::tui::traffic::Batch;

    fn event(number: u32) -> Value {
        json!({
            "type": "API_BILLING_USAGE", "idempotencyKey": format!("evt_{number}"),
            "timestamp": format!("2026-06-17T12:00:{number:02}Z"), "requestId": format!("req_{number}"),
            "modelSlug": "my-org/glm-5.2", "externalEntityId": "cust_42", "apiKeyPrefix": "sky_sCqhBwEy4kPd",
            "tokens": {"inputTokens": 3, "outputTokens": 5, "cachedInputTokens": 0},
        })
    }

    fn page(events: &[u32], cursor: Option<&str>) -> ResponseTemplate {
        let items: Vec<Value> = events.iter().map(|number| event(*number)).collect();
        ResponseTemplate::new(200)
            .set_body_json(json!({"items": items, "pagination": {"has_more": cursor.is_some(), "cursor": cursor}}))
    }

    async fn server(pages: &[(Option<&str>, ResponseTemplate)]) -> (MockServer, Client) {
        let server = MockServer::start().await;
        for (cursor, answer) in pages {
            let mock = Mock::given(method("GET")).and(path("/v1/gateway/events"));
            let mock = match cursor {
                Some(cursor) => mock.and(query_param("cursor", *cursor)),
                None => mock.and(query_param_is_missing("cursor")),
            };
            mock.respond_with(answer.clone()).up_to_n_times(1).mount(&server).await;
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options::new(server.uri().parse().unwrap(), SecretString::from("a-key-of-no-worth"));
        (server, Client::new(options).unwrap())
    }

    /// What one poll says: whether it has begun, and the requests that it tells.
    async fn poll(polled: &mut Polled, client: &Client) -> Result<(bool, Vec<String>), ClientError> {
        let said = std::cell::RefCell::new(Vec::new());
        polled.poll(client, &|news| said.borrow_mut().push(news)).await?;
        let said = said.into_inner();
        let begun = said.iter().any(|news| matches!(news, News::Begun { source: Source::Polled { .. }, .. }));
        let batches =
            said.into_iter().filter_map(|news| if let News::Passed(batch) = news { Some(batch) } else { None });
        let told: Vec<Batch> = batches.map(|batch| *batch).collect();
        assert_eq!(told.len(), 1, "each poll tells once, also that nothing has come");
        Ok((begun, told[0].kept.iter().map(|passed| passed.id().to_owned()).collect()))
    }

    #[tokio::test]
    async fn polls_follow_pages_and_tell_each_event_once() {
        let pages = [
            (None, page(&[1, 2], Some("more"))),
            (Some("more"), page(&[3], None)),
            (None, page(&[2, 3, 4], None)),
            (None, page(&[], None)),
        ];
        let (server, client) = server(&pages).await;
        let mut polled = Polled::default();
        assert_eq!(
            poll(&mut polled, &client).await.unwrap(),
            (true, ["req_1", "req_2", "req_3"].map(str::to_owned).to_vec())
        );
        assert_eq!(poll(&mut polled, &client).await.unwrap(), (false, vec!["req_4".to_owned()]));
        assert_eq!(poll(&mut polled, &client).await.unwrap(), (false, Vec::new()));
        let asked = server.received_requests().await.unwrap();
        let starts: Vec<String> = asked
            .iter()
            .filter_map(|request| {
                request.url.query_pairs().find(|(name, _)| name == "start_time").map(|(_, value)| value.into_owned())
            })
            .collect();
        // What is stored late is looked for again: half a minute before the newest.
        assert_eq!(starts[1..], ["2026-06-17T11:59:33.000000Z", "2026-06-17T11:59:34.000000Z"]);
    }

    #[tokio::test]
    async fn a_poll_that_fails_is_told_and_nothing_is_lost() {
        let pages = [(None, page(&[1], None)), (None, ResponseTemplate::new(403)), (None, page(&[1, 2], None))];
        let (_server, client) = server(&pages).await;
        let mut polled = Polled::default();
        assert_eq!(poll(&mut polled, &client).await.unwrap().1, ["req_1"]);
        assert_eq!(poll(&mut polled, &client).await.unwrap_err().kind, ErrorKind::Forbidden);
        assert_eq!(poll(&mut polled, &client).await.unwrap().1, ["req_2"]);
    }

    #[tokio::test]
    async fn a_server_without_a_stream_is_polled() {
        let (_server, client) = server(&[(None, page(&[7], None))]).await;
        let (messages, mut received) = tokio::sync::mpsc::unbounded_channel();
        let watching = tokio::spawn(watch(client, Ticket(1), messages));
        let Some(Message::Traffic { news, .. }) = received.recv().await else { panic!("nothing is said") };
        assert!(matches!(*news, News::Begun { source: Source::Polled { every: POLL_EVERY }, .. }), "{news:?}");
        let Some(Message::Traffic { news, .. }) = received.recv().await else { panic!("nothing is told") };
        assert!(matches!(&*news, News::Passed(batch) if batch.seen == 1), "{news:?}");
        watching.abort();
    }
}
