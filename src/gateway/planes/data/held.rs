//! Answers that are held whole before they go down.

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{Response, response};

use super::budget::Share;
use super::exchange::Exchange;
use super::headers;
use super::link::Link;
use super::refusal::Refusal;
use super::relay::Answer;
use super::worker::Callee;
use crate::clock;

/// The whole body of an answer, within the limits of a request's.
pub(super) async fn hold(exchange: &Exchange, link: &mut Link) -> Result<(Bytes, Share), Refusal> {
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

/// An upstream's answer whose body is here.
pub(super) fn whole(exchange: &mut Exchange, mut head: response::Parts, body: Bytes) -> Response<Answer> {
    exchange.status = head.status.as_u16();
    headers::down(&mut head.headers);
    head.headers.remove(CONTENT_LENGTH);
    stamp(&mut head.headers, exchange);
    Response::from_parts(head, Answer::Whole(body))
}

/// Keeps the connection for the next request, if it can take one.
pub(super) async fn put_back(callee: &Callee, link: Link) {
    let mut link = Some(link);
    std::future::poll_fn(|context| {
        if let Some(link) = link.take() {
            callee.pool.put(link, clock::instant(), context);
        }
        std::task::Poll::Ready(())
    })
    .await;
}

/// Says which request this was and what answered it.
pub(super) fn stamp(headers: &mut HeaderMap, exchange: &Exchange) {
    headers.insert(headers::REQUEST_ID, exchange.id_header());
    if let Some(callee) = &exchange.callee {
        headers.insert(headers::REPOINT_TARGET, callee.label.clone());
    }
}
