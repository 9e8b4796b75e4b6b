//! A request's life, top to bottom: parse, route, admit, send, relay, settle.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, response};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

use super::answering::Answering;
use super::ask::{Ask, Spliced};
use super::budget::Share;
use super::caller::Talk;
use super::exchange::Exchange;
use super::link::{Link, SendError};
use super::refusal::Refusal;
use super::relay::{Answer, Relay};
use super::reply::Rewrite;
use super::sse::Stream;
use super::wire::ConnectError;
use super::worker::{Callee, Worker};
use super::{headers, models};
use crate::clock;
use crate::gateway::access::Key;
use crate::gateway::ledger::Outcome;
use crate::gateway::provider::{Dialect, Operation};

/// Room for the head of a usual request.
const HEAD_BYTES: usize = 512;
/// The path of the list of models.
const MODELS: &str = "/v1/models";

/// Answers one request. It never fails: what goes wrong is an answer too, or the end of the body.
pub(super) fn handle(worker: Arc<Worker>, talk: &Arc<Talk>, request: Request<Incoming>) -> Answering {
    talk.begin();
    let mut exchange = Exchange::begin(worker);
    let (parts, body) = request.into_parts();
    match parse_head(&mut exchange, &parts) {
        Ok(operation) => {
            talk.strikes.forgive();
            Answering::in_time(talk, serve(exchange, parts, body, operation))
        }
        Err(refusal) => {
            let held_back = if exchange.key.is_none() { talk.strikes.count() } else { None };
            Answering::after(talk, held_back, refuse(exchange, &refusal))
        }
    }
}

async fn serve(mut exchange: Exchange, head: Parts, body: Incoming, operation: Option<Operation>) -> Response<Answer> {
    match run(&mut exchange, head, body, operation).await {
        Ok(phase) => answer(exchange, phase),
        Err(refusal) => refuse(exchange, &refusal),
    }
}

/// What an upstream or the gateway says to a good request.
fn answer(mut exchange: Exchange, phase: Phase) -> Response<Answer> {
    match phase {
        Phase::Whole(response) => {
            exchange.note_first_byte();
            exchange.settle(Outcome::Complete);
            response
        }
        Phase::Relay { link, head, rewrite } => relay(exchange, link, head, rewrite),
    }
}

/// How far `run` came.
enum Phase {
    /// The answer is whole.
    Whole(Response<Answer>),
    /// The answer has begun and passes as it comes.
    Relay { link: Link, head: response::Parts, rewrite: Option<Rewrite> },
}

async fn run(
    exchange: &mut Exchange,
    head: Parts,
    body: Incoming,
    operation: Option<Operation>,
) -> Result<Phase, Refusal> {
    let Some(operation) = operation else { return models::list(exchange).map(Phase::Whole) };
    let (body, share) = read_body(exchange, body).await?;
    let ask = Ask::read(&body).map_err(|_| Refusal::BadBody)?;
    let callee = route_and_admit(exchange, &ask, operation)?;
    let spliced = ask.splice(&body, callee.model.as_deref(), operation.usage_must_be_asked_for());
    exchange.prompt_bytes = body.len();
    drop(body);
    let rewrite = Rewrite { slug: callee.slug_json.clone(), usage_is_hidden: spliced.usage_is_hidden };
    let (link, answer) = send(exchange, &callee, &head, spliced).await?;
    drop(share);
    receive(exchange, &callee, link, answer, rewrite).await
}

/// Parse: who calls, and what for. `None` is the list of models.
fn parse_head(exchange: &mut Exchange, parts: &Parts) -> Result<Option<Operation>, Refusal> {
    let path = parts.uri.path();
    let operation = Operation::at(path);
    if operation == Some(Operation::Messages) {
        exchange.dialect = Dialect::Anthropic;
    }
    exchange.path = match operation {
        Some(Operation::ChatCompletions) => "/v1/chat/completions",
        Some(Operation::Completions) => "/v1/completions",
        Some(Operation::Embeddings) => "/v1/embeddings",
        Some(Operation::Responses) => "/v1/responses",
        Some(Operation::Messages) => "/v1/messages",
        None if path == MODELS => MODELS,
        None => "-",
    };
    let header_bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if header_bytes > exchange.worker.settings.header_bytes_max {
        return Err(Refusal::HeadersTooLarge);
    }
    exchange.key = Some(authenticate(&exchange.worker, &parts.headers, exchange.dialect)?);
    if parts.headers.contains_key(UPGRADE) {
        return Err(Refusal::Upgrade);
    }
    let expected = if operation.is_some() { Method::POST } else { Method::GET };
    if operation.is_none() && path != MODELS {
        return Err(Refusal::NoRoute);
    }
    if parts.method == expected { Ok(operation) } else { Err(Refusal::method(&expected)) }
}

/// Whose key this is. No key is another failure than a bad one.
fn authenticate(worker: &Worker, headers: &HeaderMap, dialect: Dialect) -> Result<Arc<Key>, Refusal> {
    let mut lines = headers.get_all(http::header::AUTHORIZATION).iter();
    let presented = match (lines.next(), lines.next()) {
        (Some(line), None) => credentials(line).ok_or(Refusal::BadKey)?,
        (Some(_), Some(_)) => return Err(Refusal::BadKey),
        (None, _) => match headers.get("x-api-key").filter(|_| dialect == Dialect::Anthropic) {
            Some(key) => key.as_bytes(),
            None => return Err(Refusal::NoKey),
        },
    };
    worker.shared.access.find(presented).ok_or(Refusal::BadKey)
}

/// What stands behind `Api-Key` or `Bearer`.
fn credentials(line: &HeaderValue) -> Option<&[u8]> {
    let line = line.as_bytes();
    let (scheme, key) = line.split_at(line.iter().position(|byte| *byte == b' ')?);
    let is_known = scheme.eq_ignore_ascii_case(b"api-key") || scheme.eq_ignore_ascii_case(b"bearer");
    Some(key.trim_ascii()).filter(|_| is_known)
}

/// Parse: the whole body, within its limits.
async fn read_body(exchange: &Exchange, mut body: Incoming) -> Result<(Bytes, Share), Refusal> {
    let settings = &exchange.worker.settings;
    let max = settings.body_bytes_max;
    let expected = body.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if expected.is_some_and(|bytes| bytes > max) {
        return Err(Refusal::BodyTooLarge(max));
    }
    let mut share = exchange.worker.budget.share();
    let mut whole = BytesMut::new();
    // Whoever sends a byte now and then is not silent, and still has to end.
    let end = Instant::from_std(exchange.started) + settings.time_limit;
    loop {
        let silent_until = Instant::from_std(clock::instant()) + settings.body_timeout;
        let frame = match timeout_at(silent_until.min(end), body.frame()).await {
            Err(_) => return Err(Refusal::BodyTimeout),
            Ok(None) => return Ok((whole.freeze(), share)),
            Ok(Some(Err(_))) => return Err(Refusal::BadBody),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > max {
            return Err(Refusal::BodyTooLarge(max));
        }
        if !share.grow(data.len()) {
            return Err(Refusal::Busy);
        }
        if whole.is_empty() && body.is_end_stream() {
            return Ok((data, share));
        }
        if whole.is_empty() {
            // What was announced is believed as far as it costs little.
            whole.reserve(expected.unwrap_or(0).min(1 << 20));
        }
        whole.extend_from_slice(&data);
    }
}

/// Route and admit: the slug is known and granted, its target can be called, and no limit is reached.
fn route_and_admit(exchange: &mut Exchange, ask: &Ask, operation: Operation) -> Result<Arc<Callee>, Refusal> {
    exchange.model.clone_from(&ask.model);
    let routes = exchange.worker.shared.snapshots.enter();
    let grant = exchange.key.as_ref().and_then(|key| key.group.grant(&ask.model)).ok_or(Refusal::NoModel)?;
    let route = Arc::clone(routes.by_slug.get(ask.model.as_str()).ok_or(Refusal::NoModel)?);
    exchange.route = Some(Arc::clone(&route));
    let routes = exchange.routes.insert(routes);
    let callee = exchange.worker.callee(routes, &route, operation);
    if ask.is_stream {
        exchange.take_place()?;
    }
    // A target that cannot be called counts as a request all the same: limits are looked at first.
    exchange.admit(grant, exchange.worker.shared.clock.moment())?;
    let callee = callee?;
    exchange.callee = Some(Arc::clone(&callee));
    Ok(callee)
}

/// Send: on a connection that is idle, else on a new one. A second time only where not one byte had been written.
async fn send(
    exchange: &mut Exchange,
    callee: &Callee,
    head: &Parts,
    body: Spliced,
) -> Result<(Link, response::Parts), Refusal> {
    let deadline = Instant::from_std(exchange.started) + exchange.worker.settings.time_limit;
    let sent = timeout_at(deadline, async {
        let mut link = match callee.pool.idle(clock::instant()).await {
            Some(link) => link,
            // Boxed, as it is rare: each connection of a caller has room for the largest of its futures.
            None => Box::pin(connect(&exchange.worker, callee)).await?,
        };
        let request = request(callee, head, body);
        match link.call(request.iter().cloned()).await {
            Ok(answer) => return Ok((link, answer)),
            Err(SendError::NothingWritten) => {}
            Err(SendError::Broken) => return Err(Refusal::Broken),
        }
        let mut link = Box::pin(connect(&exchange.worker, callee)).await?;
        let answer = link.call(request).await.map_err(|_| Refusal::Broken)?;
        Ok((link, answer))
    });
    let answered = sent.await.map_err(|_| Refusal::Silent)??;
    exchange.upstream_at = Some(clock::instant());
    Ok(answered)
}

async fn connect(worker: &Worker, callee: &Callee) -> Result<Link, Refusal> {
    let limit: Duration = worker.settings.connect_timeout;
    let mut is_second = false;
    loop {
        worker.shared.metrics.open.upstream_connects.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match timeout(limit, callee.pool.connect()).await {
            Ok(Ok(link)) => return Ok(link),
            Ok(Err(ConnectError::Refused)) if !is_second => is_second = true,
            Ok(Err(ConnectError::Refused)) => return Err(Refusal::Unreachable("the connection was refused")),
            Ok(Err(ConnectError::Failed(cause))) => return Err(Refusal::Unreachable(cause)),
            Err(_) => return Err(Refusal::Unreachable("connecting took too long")),
        }
    }
}

/// The request as it goes up: its head, and the pieces of its body.
fn request(callee: &Callee, head: &Parts, body: Spliced) -> Vec<Bytes> {
    let mut text = Vec::with_capacity(HEAD_BYTES);
    text.extend_from_slice(b"POST ");
    text.extend_from_slice(callee.path.as_str().as_bytes());
    if let Some(query) = head.uri.query() {
        text.push(b'?');
        text.extend_from_slice(query.as_bytes());
    }
    text.extend_from_slice(b" HTTP/1.1\r\n");
    headers::up(&head.headers, callee, &mut text);
    let length: usize = body.pieces.iter().map(Bytes::len).sum();
    // Writing to a buffer cannot fail.
    let _ = write!(text, "content-length: {length}\r\n\r\n");
    let mut pieces = body.pieces;
    pieces.insert(0, Bytes::from(text));
    pieces
}

/// Relay: a JSON answer is held, so that its length is known and a break is a status; all else passes as it comes.
async fn receive(
    exchange: &mut Exchange,
    callee: &Callee,
    mut link: Link,
    mut head: response::Parts,
    rewrite: Rewrite,
) -> Result<Phase, Refusal> {
    let is_encoded = head.headers.get(CONTENT_ENCODING).is_some_and(|value| value != "identity");
    let is_success = head.status.is_success();
    let kind = content_type(&head.headers);
    if is_encoded || !is_success || kind == Kind::Other {
        return Ok(Phase::Relay { link, head, rewrite: None });
    }
    if kind == Kind::Events {
        return Ok(Phase::Relay { link, head, rewrite: Some(rewrite) });
    }
    let deadline = Instant::from_std(exchange.started) + exchange.worker.settings.time_limit;
    let whole = timeout_at(deadline, hold(exchange, &mut link)).await;
    let (body, _share) = whole.map_err(|_| Refusal::Silent)??;
    let mut link = Some(link);
    std::future::poll_fn(|context| {
        if let Some(link) = link.take() {
            callee.pool.put(link, clock::instant(), context);
        }
        std::task::Poll::Ready(())
    })
    .await;
    let mut rewritten = Vec::with_capacity(body.len() + rewrite.slug.len());
    let seen = rewrite.apply(&body, &mut rewritten);
    exchange.usage = seen.usage;
    exchange.status = head.status.as_u16();
    headers::down(&mut head.headers);
    head.headers.remove(CONTENT_LENGTH);
    stamp(&mut head.headers, exchange);
    Ok(Phase::Whole(Response::from_parts(head, Answer::Whole(Bytes::from(rewritten)))))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Events,
    Other,
}

fn content_type(headers: &HeaderMap) -> Kind {
    let text = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let essence = text.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/json") {
        Kind::Json
    } else if essence.eq_ignore_ascii_case(b"text/event-stream") {
        Kind::Events
    } else {
        Kind::Other
    }
}

/// The whole body of an answer, within the limits of a request's.
async fn hold(exchange: &Exchange, link: &mut Link) -> Result<(Bytes, Share), Refusal> {
    let max = exchange.worker.settings.body_bytes_max;
    let mut share = exchange.worker.budget.share();
    let mut whole = BytesMut::new();
    loop {
        let data = match std::future::poll_fn(|context| link.poll_data(context)).await {
            None => return Ok((whole.freeze(), share)),
            Some(Err(_)) => return Err(Refusal::Broken),
            Some(Ok(data)) => data,
        };
        if whole.len() + data.len() > max || !share.grow(data.len()) {
            return Err(Refusal::AnswerTooLarge);
        }
        if whole.is_empty() && link.is_over() {
            return Ok((data, share));
        }
        whole.extend_from_slice(&data);
    }
}

/// Relay: the answer's head, and a body that passes as it comes.
fn relay(mut exchange: Exchange, link: Link, mut head: response::Parts, rewrite: Option<Rewrite>) -> Response<Answer> {
    let Some(pool) = exchange.callee.as_ref().map(|callee| Arc::clone(&callee.pool)) else {
        return refuse(exchange, &Refusal::Broken);
    };
    headers::down(&mut head.headers);
    if rewrite.is_some() {
        head.headers.remove(CONTENT_LENGTH);
        exchange.begin_stream();
    }
    stamp(&mut head.headers, &exchange);
    exchange.status = head.status.as_u16();
    let deadline = tokio::time::sleep_until(Instant::from_std(exchange.started) + exchange.worker.settings.time_limit);
    let relay = Relay::new(link, exchange, pool, rewrite.map(Stream::new), deadline);
    Response::from_parts(head, Answer::Relay(Box::new(relay)))
}

/// Says which request this was and what answered it.
fn stamp(headers: &mut HeaderMap, exchange: &Exchange) {
    headers.insert(headers::REQUEST_ID, exchange.id_header());
    if let Some(callee) = &exchange.callee {
        headers.insert(headers::REPOINT_TARGET, callee.label.clone());
    }
}

/// The gateway's own answer.
fn refuse(mut exchange: Exchange, refusal: &Refusal) -> Response<Answer> {
    let (status, mut headers, body) = refusal.answer(exchange.dialect);
    exchange.status = status.as_u16();
    stamp(&mut headers, &exchange);
    debug_assert!(status != http::StatusCode::METHOD_NOT_ALLOWED || headers.contains_key(ALLOW));
    exchange.settle(refusal.outcome());
    let mut response = Response::new(Answer::Whole(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
