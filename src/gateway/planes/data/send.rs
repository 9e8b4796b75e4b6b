//! A request on its way up.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::response;
use tokio::time::{Instant, timeout, timeout_at};

use super::ask::Spliced;
use super::dial::ConnectError;
use super::exchange::Exchange;
use super::headers;
use super::link::{Link, SendError};
use super::refusal::Refusal;
use super::worker::{Callee, Worker};
use crate::clock;

/// Room for the head of a usual request.
const HEAD_BYTES: usize = 512;

/// Send: on a connection that is idle, else on a new one. A second time only where not one byte had been written.
pub(super) async fn send(
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
        match link.call(request.iter().cloned(), &mut exchange.upstream_has_it).await {
            Ok(answer) => return Ok((link, answer)),
            Err(SendError::NothingWritten) => {}
            Err(SendError::Broken) => return Err(Refusal::Broken),
        }
        let mut link = Box::pin(connect(&exchange.worker, callee)).await?;
        let answer = link.call(request, &mut exchange.upstream_has_it).await.map_err(|_| Refusal::Broken)?;
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
        worker.shared.metrics.open.upstream_connects.fetch_add(1, Ordering::Relaxed);
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
