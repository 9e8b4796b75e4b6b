//! A request's body on its way in: read whole within its limits, unpacked, or read on and dropped.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

use super::budget::Share;
use super::exchange::Exchange;
use super::refusal::Refusal;
use super::relay::Answer;
use super::unpack::{Coding, Failure, Unpacking};
use crate::clock;
use crate::gateway::planes::caller_stream::Notes;
use crate::gateway::planes::linger;

/// A request's body, and what is noted of it for the connection's end.
pub(super) struct Arriving {
    body: Incoming,
    is_http2: bool,
    notes: Arc<Notes>,
}

impl Arriving {
    pub(super) fn new(body: Incoming, is_http2: bool, notes: Arc<Notes>) -> Self {
        Self { body, is_http2, notes }
    }

    async fn frame(&mut self) -> Option<Result<Frame<Bytes>, hyper::Error>> {
        let frame = self.body.frame().await;
        if frame.is_none() || self.body.is_end_stream() {
            self.notes.has_come_whole();
        }
        frame
    }

    /// True where an answer now would end the stream under whoever is sending, which some take for the loss of it:
    /// curl 7.88 does. With HTTP/1 the same is done at the end of the connection.
    pub(super) fn must_be_read_on(&self) -> bool {
        self.is_http2 && !self.body.is_end_stream()
    }

    /// Reads on and drops, within limits, before it gives the answer.
    pub(super) async fn read_on(mut self, held_back: Option<Duration>, refused: Response<Answer>) -> Response<Answer> {
        if let Some(wait) = held_back {
            tokio::time::sleep(wait).await;
        }
        let mut bytes_left = linger::BYTES_MAX;
        let reading = async {
            while let Ok(Some(Ok(frame))) = timeout(linger::SILENCE_MAX, self.body.frame()).await {
                bytes_left = bytes_left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
                if bytes_left == 0 {
                    break;
                }
            }
        };
        // Whatever it was, the answer is the same.
        let _ = timeout(linger::TIME_MAX, reading).await;
        refused
    }
}

/// The whole body, within its limits.
pub(super) async fn read(exchange: &Exchange, body: &mut Arriving) -> Result<(Bytes, Share), Refusal> {
    let settings = &exchange.worker.settings;
    let max = settings.body_bytes_max;
    let expected = body.body.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
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
        if whole.is_empty() && body.body.is_end_stream() {
            return Ok((data, share));
        }
        if whole.is_empty() {
            // What was announced is believed as far as it costs little.
            whole.reserve(expected.unwrap_or(0).min(1 << 20));
        }
        whole.extend_from_slice(&data);
    }
}

/// What a packed body is worth. Others get their turn between its pieces.
pub(super) async fn unpack(exchange: &Exchange, coding: Coding, packed: Bytes) -> Result<(Bytes, Share), Refusal> {
    let max = exchange.worker.settings.body_bytes_max;
    let (mut room, mut share) = (exchange.worker.budget.share(), exchange.worker.budget.share());
    if !room.grow(coding.room_bytes()) {
        return Err(Refusal::Busy);
    }
    let mut unpacking = Unpacking::new(coding, packed);
    let mut whole = BytesMut::new();
    loop {
        let piece = match unpacking.next() {
            Ok(Some(piece)) => piece,
            Ok(None) => return Ok((whole.freeze(), share)),
            Err(Failure::Broken) => return Err(Refusal::Unpacked(coding)),
            Err(Failure::TooDense) => return Err(Refusal::TooDense),
        };
        if whole.len() + piece.len() > max {
            return Err(Refusal::BodyTooLarge(max));
        }
        if !share.grow(piece.len()) {
            return Err(Refusal::Busy);
        }
        whole.extend_from_slice(&piece);
        tokio::task::yield_now().await;
    }
}
