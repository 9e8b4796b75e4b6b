//! A request's life, top to bottom: parse, route, admit, send, relay, settle.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, response};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::answering::Answering;
use super::ask::Ask;
use super::budget::Share;
use super::caller::Talk;
use super::exchange::Exchange;
use super::link::Link;
use super::refusal::Refusal;
use super::relay::{Answer, Relay};
use super::reply::Rewrite;
use super::send::send;
use super::sse::Stream;
use super::worker::{Callee, Worker};
use super::{headers, models};
use crate::clock;
use crate::gateway::records::record::Outcome;
use crate::gateway::routing::provider::{Dialect, Operation};
use crate::gateway::rules::access::Key;

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

/// Relay: a JSON answer is held, so that its length is known and a break is a status; all else passes as it comes.
async fn receive(
    exchange: &mut Exchange,
    callee: &Callee,
    mut link: Link,
    head: response::Parts,
    rewrite: Rewrite,
) -> Result<Phase, Refusal> {
    if link.is_over() {
        // A server does not ask for what is known to be empty: nobody would say that it has passed.
        put_back(callee, link).await;
        return Ok(Phase::Whole(whole(exchange, head, Bytes::new())));
    }
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
    let is_ended_by_closing = link.is_ended_by_closing();
    let all = timeout_at(deadline, hold(exchange, &mut link)).await;
    let (body, _share) = all.map_err(|_| Refusal::Silent)??;
    // An end of the connection is no sign that the body was whole; that it can be read is.
    if is_ended_by_closing && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
        return Err(Refusal::Broken);
    }
    put_back(callee, link).await;
    let mut rewritten = Vec::with_capacity(body.len() + rewrite.slug.len());
    let seen = rewrite.apply(&body, &mut rewritten);
    exchange.usage = seen.usage;
    Ok(Phase::Whole(whole(exchange, head, Bytes::from(rewritten))))
}

/// An upstream's answer whose body is here.
fn whole(exchange: &mut Exchange, mut head: response::Parts, body: Bytes) -> Response<Answer> {
    exchange.status = head.status.as_u16();
    headers::down(&mut head.headers);
    head.headers.remove(CONTENT_LENGTH);
    stamp(&mut head.headers, exchange);
    Response::from_parts(head, Answer::Whole(body))
}

/// Keeps the connection for the next request, if it can take one.
async fn put_back(callee: &Callee, link: Link) {
    let mut link = Some(link);
    std::future::poll_fn(|context| {
        if let Some(link) = link.take() {
            callee.pool.put(link, clock::instant(), context);
        }
        std::task::Poll::Ready(())
    })
    .await;
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
