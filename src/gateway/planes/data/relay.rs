//! The answer on its way down: whole, or piece by piece as it comes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::exchange::Exchange;
use super::heard::Ending;
use super::link::{BrokenOff, Link, Pool};
use super::sse::Stream;
use super::unpack_stream::Unpacker;
use crate::clock;
use crate::gateway::records::record::Outcome;

/// The body of an answer.
pub(super) enum Answer {
    /// All of it.
    Whole(Bytes),
    /// As it comes.
    Relay(Box<Relay>),
}

/// An upstream's body that passes.
///
/// Dropped from the top when the caller goes: the request is settled before the upstream can know that it is over.
pub(super) struct Relay {
    exchange: Exchange,
    /// Ends the call when it is dropped.
    link: Option<Link>,
    pool: Arc<Pool>,
    /// How events are rewritten. `None` passes bytes as they are.
    events: Option<Stream>,
    /// What undoes the coding that they came in.
    unpacker: Option<Box<Unpacker>>,
    /// An end of the connection is no sign that the body was whole.
    is_ended_by_closing: bool,
    deadline: Pin<Box<Sleep>>,
    has_ended: bool,
    breaking: Breaking,
}

/// A server throws away what it has not yet written when a body fails, and writes it out when a body has nothing
/// for the moment: so that is said first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaking {
    No,
    WriteFirst,
    Tell,
}

impl Relay {
    pub(super) fn new(
        link: Link,
        exchange: Exchange,
        pool: Arc<Pool>,
        events: Option<Stream>,
        unpacker: Option<Box<Unpacker>>,
        deadline: Sleep,
    ) -> Self {
        let deadline = Box::pin(deadline);
        let is_ended_by_closing = link.is_ended_by_closing();
        Self {
            exchange,
            link: Some(link),
            pool,
            events,
            unpacker,
            is_ended_by_closing,
            deadline,
            has_ended: false,
            breaking: Breaking::No,
        }
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        loop {
            match self.breaking {
                Breaking::No => {}
                Breaking::WriteFirst => {
                    self.breaking = Breaking::Tell;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Breaking::Tell => {
                    self.breaking = Breaking::No;
                    return Poll::Ready(Some(Err(BrokenOff)));
                }
            }
            if self.has_ended {
                return Poll::Ready(None);
            }
            // What was unpacked but in part goes first: its rest may be large.
            if self.unpacker.is_some() && !self.unpacker_is_empty() {
                match self.unpack(Bytes::new()) {
                    Ok(passed) if passed.is_empty() => continue,
                    Ok(passed) => return Poll::Ready(Some(Ok(Frame::data(passed)))),
                    Err(BrokenOff) => {
                        self.break_off(Outcome::UpstreamCut);
                        continue;
                    }
                }
            }
            let Some(link) = &mut self.link else { return Poll::Ready(None) };
            match link.poll_data(context) {
                // An upstream that always has more is over time too, where its caller takes it slowly.
                Poll::Ready(Some(Ok(_))) if clock::instant() >= self.deadline.deadline().into_std() => {
                    self.break_off(Outcome::UpstreamCut);
                }
                Poll::Ready(Some(Ok(data))) => {
                    let passed = self.take(data, context);
                    if !passed.is_empty() {
                        self.exchange.note_first_byte();
                        return Poll::Ready(Some(Ok(Frame::data(passed))));
                    }
                }
                Poll::Ready(None) => match self.end(context) {
                    Ok(rest) if rest.is_empty() => return Poll::Ready(None),
                    Ok(rest) => return Poll::Ready(Some(Ok(Frame::data(rest)))),
                    Err(BrokenOff) => {}
                },
                Poll::Ready(Some(Err(_))) => self.break_off(Outcome::UpstreamCut),
                Poll::Pending => {
                    // Nothing follows at once.
                    let held = self.events.as_mut().map(Stream::release).unwrap_or_default();
                    if !held.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(held))));
                    }
                    match self.deadline.as_mut().poll(context) {
                        Poll::Ready(()) => self.break_off(Outcome::UpstreamCut),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }
    }

    /// A piece of the body came. Gives what goes on of it, with what was held back where it was the last.
    fn take(&mut self, data: Bytes, context: &mut Context<'_>) -> Bytes {
        let is_over = self.link.as_ref().is_some_and(Link::is_over);
        if self.unpacker.is_some() {
            return self.unpack(data).unwrap_or_else(|BrokenOff| {
                self.break_off(Outcome::UpstreamCut);
                Bytes::new()
            });
        }
        let passed = self.pass(data);
        if !is_over {
            return passed;
        }
        match self.end(context) {
            Ok(rest) if rest.is_empty() => passed,
            Ok(rest) => Bytes::from([passed, rest].concat()),
            Err(BrokenOff) => passed,
        }
    }

    fn unpacker_is_empty(&self) -> bool {
        self.unpacker.as_ref().is_none_or(|unpacker| unpacker.is_empty())
    }

    fn unpack(&mut self, data: Bytes) -> Result<Bytes, BrokenOff> {
        let Some(unpacker) = &mut self.unpacker else { return Ok(data) };
        let plain = unpacker.unpack(&data).map_err(|_| BrokenOff)?;
        Ok(self.pass(plain))
    }

    fn pass(&mut self, data: Bytes) -> Bytes {
        let Some(events) = &mut self.events else { return data };
        let passed = events.pass(&data, &mut self.exchange.heard);
        if self.exchange.heard.is_over() {
            // Settled before the caller can know that it is over, and can go or come again.
            self.exchange.settle(self.exchange.ended());
        }
        passed
    }

    /// The upstream's body is over. Gives what was held back.
    ///
    /// What official clients take for whole is whole: a stream that said so, or of which every choice said why it ended.
    /// One that told of an error, or just stopped, passes as it was and is counted as the upstream's error. One without
    /// any event is broken off: clients would take it for an answer that is empty.
    fn end(&mut self, context: &mut Context<'_>) -> Result<Bytes, BrokenOff> {
        if self.unpacker.as_mut().is_some_and(|unpacker| !unpacker.is_whole()) {
            self.break_off(Outcome::UpstreamCut);
            return Err(BrokenOff);
        }
        let mut outcome = Outcome::Complete;
        let mut rest = Bytes::new();
        if let Some(events) = &mut self.events {
            rest = events.finish(&mut self.exchange.heard);
            outcome = match self.exchange.heard.ending() {
                Ending::Whole => Outcome::Complete,
                Ending::Unfinished if self.is_ended_by_closing => {
                    self.break_off(Outcome::UpstreamCut);
                    return Err(BrokenOff);
                }
                Ending::Failed | Ending::Unfinished => Outcome::UpstreamError,
                Ending::Empty => {
                    self.break_off(Outcome::UpstreamError);
                    return Err(BrokenOff);
                }
            };
        }
        self.has_ended = true;
        self.exchange.settle(outcome);
        if let Some(link) = self.link.take() {
            self.pool.put(link, clock::instant(), context);
        }
        Ok(rest)
    }

    fn break_off(&mut self, outcome: Outcome) {
        self.has_ended = true;
        self.breaking = Breaking::WriteFirst;
        self.exchange.settle(outcome);
        self.link = None;
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Relay(relay) => relay.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Relay(relay) => relay.has_ended && relay.breaking == Breaking::No,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            // A length that is known stands in the headers.
            Self::Relay(_) => SizeHint::default(),
        }
    }
}
