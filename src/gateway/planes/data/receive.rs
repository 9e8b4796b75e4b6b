//! An upstream's answer, from its head on: held where it is JSON, so that its length is known and a break is a status;
//! passed as it comes where it is not.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, response};
use tokio::time::{Instant, timeout_at};

use super::ask::Ask;
use super::budget::Share;
use super::exchange::Exchange;
use super::held::{hold, put_back, whole};
use super::link::Link;
use super::refusal::Refusal;
use super::relay::Answer;
use super::reply::{BYTE_ORDER_MARK, Facts, Rewrite};
use super::send::send;
use super::unpack::{Coding, Unpacking};
use super::unpack_stream::Unpacker;
use super::usage_refused::{is_refusal, may_be_refusal};
use super::worker::Callee;
use crate::clock;
use crate::gateway::usage::Usage;

/// How far an answer is once its head is there.
pub(super) enum Phase {
    /// The answer is whole.
    Whole(Response<Answer>),
    /// The answer has begun and passes as it comes, out of its coding where it is rewritten.
    Relay { link: Link, head: response::Parts, rewrite: Option<Rewrite>, unpacker: Option<Box<Unpacker>> },
}

/// Relay, as far as it goes before the answer's body.
pub(super) async fn receive(
    exchange: &mut Exchange,
    callee: &Callee,
    mut link: Link,
    mut head: response::Parts,
    rewrite: Rewrite,
) -> Result<Phase, Refusal> {
    let kind = content_type(&head.headers);
    let is_counted = head.status.is_success() && kind != Kind::Other;
    exchange.is_uncounted = !is_counted;
    if link.is_over() {
        // A server does not ask for what is known to be empty: nobody would say that it has passed.
        put_back(callee, link).await;
        if is_counted && kind == Kind::Events {
            // Not one event: whoever got it would take it for an answer that is empty.
            return Err(Refusal::Broken);
        }
        return Ok(Phase::Whole(whole(exchange, head, Bytes::new())));
    }
    if !is_counted {
        return Ok(Phase::Relay { link, head, rewrite: None, unpacker: None });
    }
    let told = Usage::of_headers(|name| head.headers.get(name).map(HeaderValue::as_bytes));
    exchange.heard.tell(&told);
    let coding = Coding::of(&head.headers).map_err(|_| Refusal::AnswerCoding)?;
    if coding.is_some() {
        head.headers.remove(CONTENT_ENCODING);
    }
    if kind == Kind::Events {
        let unpacker = match coding {
            Some(coding) => Some(Box::new(Unpacker::new(coding).ok_or(Refusal::AnswerCoding)?)),
            None => None,
        };
        return Ok(Phase::Relay { link, head, rewrite: Some(rewrite), unpacker });
    }
    let is_ended_by_closing = link.is_ended_by_closing();
    let (body, mut share) = hold_in_time(exchange, &mut link).await?;
    let body = match coding {
        Some(coding) => unpacked(exchange, coding, body, &mut share)?,
        None => body,
    };
    // An end of the connection is no sign that the body was whole; that it can be read is.
    let json = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&body);
    if is_ended_by_closing && serde_json::from_slice::<serde::de::IgnoredAny>(json).is_err() {
        return Err(Refusal::Broken);
    }
    put_back(callee, link).await;
    Ok(Phase::Whole(rewritten(exchange, head, &body, rewrite.slug)))
}

/// A JSON answer with the slug put back. Its usage stays where it is: it is no trace of the gateway's asking.
fn rewritten(exchange: &mut Exchange, head: response::Parts, body: &[u8], slug: Vec<u8>) -> Response<Answer> {
    let mut text = Vec::with_capacity(body.len() + slug.len());
    let mut facts = Facts::default();
    if (Rewrite { slug, usage_is_hidden: false }).apply(body, &mut facts, &mut text) {
        exchange.heard.note_whole(&facts);
    }
    whole(exchange, head, Bytes::from(text))
}

/// How far an upstream's answer is.
pub(super) enum Answered {
    /// Its head is there.
    Begun(Link, response::Parts),
    /// All of it is.
    Whole(Response<Answer>),
}

/// What an upstream says to a stream whose usage the gateway asked for on its own. One that refuses the question is
/// sent the request once more without it.
pub(super) async fn ask_once_more(
    exchange: &mut Exchange,
    callee: &Callee,
    head: &http::request::Parts,
    (ask, body): (&Ask, &Bytes),
    (mut link, answer): (Link, response::Parts),
) -> Result<Answered, Refusal> {
    if !may_be_refusal(answer.status) || link.is_over() {
        return Ok(Answered::Begun(link, answer));
    }
    let (said, _share) = hold_in_time(exchange, &mut link).await?;
    put_back(callee, link).await;
    if !is_refusal(answer.status, &said) {
        exchange.is_uncounted = true;
        return Ok(Answered::Whole(whole(exchange, answer, said)));
    }
    exchange.worker.not_asked.insert(&callee.target, clock::instant());
    let plain = ask.splice(body, callee.model.as_deref(), false);
    send(exchange, callee, head, plain).await.map(|(link, answer)| Answered::Begun(link, answer))
}

async fn hold_in_time(exchange: &Exchange, link: &mut Link) -> Result<(Bytes, Share), Refusal> {
    let deadline = Instant::from_std(exchange.started) + exchange.worker.settings.time_limit;
    timeout_at(deadline, hold(exchange, link)).await.map_err(|_| Refusal::Silent)?
}

/// A whole body out of its coding, within the limits of one that is not packed.
fn unpacked(exchange: &Exchange, coding: Coding, body: Bytes, share: &mut Share) -> Result<Bytes, Refusal> {
    let max = exchange.worker.settings.body_bytes_max;
    let mut unpacking = Unpacking::new(coding, body);
    let mut text = Vec::new();
    while let Some(piece) = unpacking.next().map_err(|_| Refusal::Broken)? {
        if text.len() + piece.len() > max || !share.grow(piece.len()) {
            return Err(Refusal::AnswerTooLarge);
        }
        text.extend_from_slice(&piece);
    }
    Ok(Bytes::from(text))
}

/// What an answer's body is, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Events,
    Other,
}

pub(super) fn content_type(headers: &HeaderMap) -> Kind {
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
