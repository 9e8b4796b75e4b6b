//! A request's life, top to bottom: parse, route, admit, send, relay, settle.

use std::sync::Arc;

use http::header::{ALLOW, AUTHORIZATION, CONTENT_LENGTH, HeaderName, HeaderValue, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, Version, response};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::answering::Answering;
use super::arriving::{self, Arriving};
use super::ask::Ask;
use super::caller::Talk;
use super::exchange::Exchange;
use super::heard::Heard;
use super::held::stamp;
use super::link::Link;
use super::receive::{Answered, Phase, ask_once_more, receive};
use super::refusal::Refusal;
use super::relay::{Answer, Relay};
use super::reply::Rewrite;
use super::resource::{self, Resource};
use super::send::send;
use super::sse::Stream;
use super::unpack::Coding;
use super::unpack_stream::Unpacker;
use super::worker::{Callee, Worker};
use super::{count, headers, models};
use crate::clock;
use crate::gateway::planes::request_rules::broken_rule;
use crate::gateway::routing::provider::Operation;
use crate::gateway::rules::access::Key;

/// Answers one request. It never fails: what goes wrong is an answer too, or the end of the body.
pub(super) fn handle(worker: Arc<Worker>, talk: &Arc<Talk>, request: Request<Incoming>) -> Answering {
    talk.begin(request.version());
    // With HTTP/2 a refused body ends its stream, and not the connection.
    let is_http2 = request.version() == Version::HTTP_2;
    if !is_http2 {
        talk.notes.expect(request.body());
    }
    let rule = broken_rule(&request, talk.notes.take_framing());
    let mut exchange = Exchange::begin(worker);
    let (parts, body) = request.into_parts();
    let body = Arriving::new(body, is_http2, Arc::clone(&talk.notes));
    match rule.map_or_else(|| parse_head(&mut exchange, &parts), |rule| Err(Refusal::Malformed(rule))) {
        Ok(resource) => {
            talk.strikes.forgive();
            Answering::in_time(talk, serve(exchange, parts, body, resource))
        }
        Err(refusal) => {
            let held_back = if is_strike(&refusal) { talk.strikes.count() } else { None };
            let refused = refuse(exchange, &refusal);
            if body.must_be_read_on() {
                return Answering::in_time(talk, body.read_on(held_back, refused));
            }
            Answering::after(talk, held_back, refused)
        }
    }
}

/// A key that opens nothing, or none where one is needed.
fn is_strike(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::NoKey | Refusal::BadKey)
}

async fn serve(mut exchange: Exchange, head: Parts, mut body: Arriving, resource: Resource) -> Response<Answer> {
    match run(&mut exchange, head, &mut body, resource).await {
        Ok(phase) => answer(exchange, phase),
        Err(refusal) => {
            let refused = refuse(exchange, &refusal);
            if body.must_be_read_on() { Box::pin(body.read_on(None, refused)).await } else { refused }
        }
    }
}

/// What an upstream or the gateway says to a good request.
fn answer(mut exchange: Exchange, phase: Phase) -> Response<Answer> {
    match phase {
        Phase::Whole(response) => {
            exchange.note_first_byte();
            exchange.settle(exchange.ended());
            response
        }
        Phase::Relay { link, head, rewrite, unpacker } => relay(exchange, link, head, rewrite, unpacker),
    }
}

async fn run(exchange: &mut Exchange, head: Parts, body: &mut Arriving, resource: Resource) -> Result<Phase, Refusal> {
    let operation = match resource {
        Resource::Models => return models::list(exchange, head.uri.query()).map(Phase::Whole),
        Resource::Model(slug) => return models::one(exchange, &slug).map(Phase::Whole),
        Resource::Call(operation) => operation,
    };
    let coding = Coding::of(&head.headers).map_err(|_| Refusal::Coding)?;
    let (body, share) = arriving::read(exchange, body).await?;
    let (body, share) = match coding {
        None => (body, share),
        Some(coding) => Box::pin(arriving::unpack(exchange, coding, body)).await?,
    };
    let ask = Ask::read(&body).map_err(|_| Refusal::BadBody)?;
    if operation == Operation::CountTokens {
        return count::count(exchange, &head, &ask, body).await.map(Phase::Whole);
    }
    let callee = route_and_admit(exchange, &ask, operation)?;
    exchange.prompt_tokens = ask.prompt_tokens;
    exchange.heard = Heard::of_choices(ask.choices);
    let asks_for_usage =
        operation.usage_must_be_asked_for() && !exchange.worker.not_asked.contains(&callee.target, clock::instant());
    let spliced = ask.splice(&body, callee.model.as_deref(), asks_for_usage);
    let usage_is_hidden = spliced.usage_is_hidden;
    // Kept where the upstream may have to be asked once more.
    let kept = usage_is_hidden.then(|| body.clone());
    drop(body);
    let (mut link, mut answer) = send(exchange, &callee, &head, spliced).await?;
    if let Some(body) = kept {
        match ask_once_more(exchange, &callee, &head, (&ask, &body), (link, answer)).await? {
            Answered::Begun(of, head) => (link, answer) = (of, head),
            Answered::Whole(response) => return Ok(Phase::Whole(response)),
        }
    }
    drop(share);
    let rewrite = Rewrite { slug: callee.slug_json.clone(), usage_is_hidden };
    receive(exchange, &callee, link, answer, rewrite).await
}

/// Parse: who calls, and what for.
fn parse_head(exchange: &mut Exchange, parts: &Parts) -> Result<Resource, Refusal> {
    let (path, headers) = (parts.uri.path(), &parts.headers);
    let resource = Resource::at(path);
    exchange.dialect = resource::dialect(path, resource.as_ref(), headers.contains_key(headers::ANTHROPIC_VERSION.0));
    exchange.path = resource.as_ref().map_or("-", Resource::label);
    let header_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if header_bytes > exchange.worker.settings.header_bytes_max {
        return Err(Refusal::HeadersTooLarge);
    }
    match &resource {
        // Before the key: Codex tries a websocket first, and again after any other status.
        Some(Resource::Call(Operation::Responses)) if asks_for_websocket(headers) => return Err(Refusal::Websocket),
        // Claude Code warms its connection up so, without a key.
        None if parts.method == Method::HEAD => return Err(Refusal::NoRoute),
        _ => {}
    }
    exchange.key = Some(authenticate(&exchange.worker, headers)?);
    let resource = resource.ok_or(Refusal::NoRoute)?;
    let expected = resource.method();
    if parts.method == expected || (parts.method == Method::HEAD && expected == Method::GET) {
        Ok(resource)
    } else {
        Err(Refusal::method(&expected))
    }
}

/// Any other protocol that is offered is not taken up, and the request answered as it is: JDK's client and curl offer
/// `h2c` wherever they speak in the clear.
fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(UPGRADE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    offered.into_iter().any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// Whose key this is. No key is another failure than a bad one.
fn authenticate(worker: &Worker, headers: &HeaderMap) -> Result<Arc<Key>, Refusal> {
    let presented = match only(headers, &AUTHORIZATION)? {
        Some(line) => credentials(line).ok_or(Refusal::BadKey)?,
        // Anthropic's older clients, and others that speak to it, send the key so on every route.
        None => only(headers, &headers::API_KEY)?.ok_or(Refusal::NoKey)?.as_bytes(),
    };
    worker.shared.access.find(presented).ok_or(Refusal::BadKey)
}

/// The line of this name. Several are no key at all.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, Refusal> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (line, None) => Ok(line),
        (_, Some(_)) => Err(Refusal::BadKey),
    }
}

/// What stands behind `Api-Key` or `Bearer`.
fn credentials(line: &HeaderValue) -> Option<&[u8]> {
    let line = line.as_bytes();
    let (scheme, key) = line.split_at(line.iter().position(|byte| *byte == b' ')?);
    let is_known = scheme.eq_ignore_ascii_case(b"api-key") || scheme.eq_ignore_ascii_case(b"bearer");
    Some(key.trim_ascii()).filter(|_| is_known)
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

/// Relay: the answer's head, and a body that passes as it comes.
fn relay(
    mut exchange: Exchange,
    link: Link,
    mut head: response::Parts,
    rewrite: Option<Rewrite>,
    unpacker: Option<Box<Unpacker>>,
) -> Response<Answer> {
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
    let relay = Relay::new(link, exchange, pool, rewrite.map(Stream::new), unpacker, deadline);
    Response::from_parts(head, Answer::Relay(Box::new(relay)))
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
