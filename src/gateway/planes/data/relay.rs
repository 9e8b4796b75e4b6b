//! The answer on its way down: whole, or piece by piece as it comes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::exchange::Exchange;
use super::link::{BrokenOff, Link, Pool};
use super::sse::Stream;
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
        deadline: Sleep,
    ) -> Self {
        let deadline = Box::pin(deadline);
        let is_ended_by_closing = link.is_ended_by_closing();
        Self {
            exchange,
            link: Some(link),
            pool,
            events,
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
            let Some(link) = &mut self.link else { return Poll::Ready(None) };
            match link.poll_data(context) {
                // An upstream that always has more is over time too, where its caller takes it slowly.
                Poll::Ready(Some(Ok(_))) if clock::instant() >= self.deadline.deadline().into_std() => self.break_off(),
                Poll::Ready(Some(Ok(data))) => {
                    let is_over = link.is_over();
                    let mut passed = self.pass(data);
                    if is_over {
                        match self.end(context) {
                            Ok(rest) if rest.is_empty() => {}
                            Ok(rest) => passed = Bytes::from([passed, rest].concat()),
                            Err(BrokenOff) => {}
                        }
                    }
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
                Poll::Ready(Some(Err(_))) => self.break_off(),
                Poll::Pending => match self.deadline.as_mut().poll(context) {
                    Poll::Ready(()) => self.break_off(),
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }

    fn pass(&mut self, data: Bytes) -> Bytes {
        let Some(events) = &mut self.events else { return data };
        let passed = events.pass(&data);
        self.exchange.usage = events.usage;
        self.exchange.pieces = events.pieces;
        if events.is_whole {
            // Settled before the caller can know that it is over, and can go or come again.
            self.exchange.settle(Outcome::Complete);
        }
        passed
    }

    /// The upstream's body is over. Gives what was held back.
    fn end(&mut self, context: &mut Context<'_>) -> Result<Bytes, BrokenOff> {
        let rest = match &mut self.events {
            Some(events) => {
                let rest = events.finish();
                self.exchange.usage = events.usage;
                self.exchange.pieces = events.pieces;
                if self.is_ended_by_closing && !events.is_whole {
                    self.break_off();
                    return Err(BrokenOff);
                }
                rest
            }
            None => Bytes::new(),
        };
        self.has_ended = true;
        self.exchange.settle(Outcome::Complete);
        if let Some(link) = self.link.take() {
            self.pool.put(link, clock::instant(), context);
        }
        Ok(rest)
    }

    fn break_off(&mut self) {
        self.has_ended = true;
        self.breaking = Breaking::WriteFirst;
        self.exchange.settle(Outcome::UpstreamCut);
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
