//! A kept-alive HTTP connection to an upstream, driven by the task that uses it.
//!
//! hyper would have the connection run as a task of its own, with a hand-over and two wake-ups for each piece. Here
//! whoever waits for an answer polls the connection too, and dropping the link is what cancels a call.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use super::settings::Settings;
use super::wire::{self, ConnectError, Wire};
use crate::gateway::provider::{Base, Scheme};

/// The largest buffer for what an upstream sends before somebody takes it. As for callers, it stays below the size from
/// where on memory is given back one by one.
const READ_BYTES_MAX: usize = 120 * 1024;

/// A body for an upstream: pieces that are there already.
#[derive(Debug)]
pub(super) struct Upload(VecDeque<Bytes>);

/// What reads and writes. `None` once it has ended.
type Driver = Option<Pin<Box<Connection<TokioIo<Wire>, Upload>>>>;

/// A connection to an upstream.
pub(super) struct Link {
    send: SendRequest<Upload>,
    connection: Driver,
    written: Arc<AtomicU64>,
}

/// Why a request was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendError {
    /// Not one byte of it was written: it may be sent again.
    NothingWritten,
    /// It may have been done.
    Broken,
}

/// The idle connections of one worker to one upstream.
#[derive(Debug)]
pub(super) struct Pool {
    base: Base,
    idle_max: usize,
    idle_for: Duration,
    idle: Mutex<Vec<(Instant, Link)>>,
}

impl Upload {
    pub(super) fn new(pieces: Vec<Bytes>) -> Self {
        Self(pieces.into())
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Link")
    }
}

impl Link {
    async fn connect(base: &Base) -> Result<Self, ConnectError> {
        let written = Arc::new(AtomicU64::new(0));
        let wire = wire::connect(base, Arc::clone(&written)).await?;
        let handshake = http1::Builder::new().max_buf_size(READ_BYTES_MAX).handshake(TokioIo::new(wire)).await;
        let (send, connection) = handshake.map_err(|_| ConnectError::Failed("the connection was lost at once"))?;
        Ok(Self { send, connection: Some(Box::pin(connection)), written })
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn call(&mut self, request: Request<Upload>) -> Result<Response<Incoming>, SendError> {
        let written_before = self.written.load(Ordering::Relaxed);
        let connection = &mut self.connection;
        let answered = {
            let mut answer = pin!(self.send.try_send_request(request));
            std::future::poll_fn(move |context| {
                let has_ended = drive(connection, context);
                match answer.as_mut().poll(context) {
                    Poll::Pending if has_ended => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(answered) => Poll::Ready(Some(answered)),
                }
            })
            .await
        };
        let untouched = match answered {
            Some(Ok(response)) => return Ok(response),
            Some(Err(mut error)) => error.take_message().is_some(),
            None => false,
        };
        if untouched || self.written.load(Ordering::Relaxed) == written_before {
            Err(SendError::NothingWritten)
        } else {
            Err(SendError::Broken)
        }
    }

    /// The next piece of an answer's body.
    pub(super) fn poll_frame(
        &mut self,
        body: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        // The body had nothing: the connection may, and then the body has.
        drive(&mut self.connection, context);
        Pin::new(body).poll_frame(context)
    }

    /// True where the connection can take another request. To be asked when an answer's body has ended.
    fn is_reusable(&mut self, context: &mut Context<'_>) -> bool {
        !drive(&mut self.connection, context) && self.send.is_ready()
    }
}

/// Lets the connection read and write. True once it has ended.
fn drive(connection: &mut Driver, context: &mut Context<'_>) -> bool {
    if connection.as_mut().is_some_and(|connection| connection.as_mut().poll(context).is_ready()) {
        *connection = None;
    }
    connection.is_none()
}

impl Pool {
    pub(super) fn new(base: Base, settings: &Settings) -> Self {
        let idle_for = match base.scheme {
            Scheme::Http => settings.upstream_idle,
            Scheme::Https => settings.upstream_idle_tls,
        };
        Self { base, idle_max: settings.upstream_idle_max, idle_for, idle: Mutex::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// A connection that is idle and alive, the last used first. `None` where there is none.
    pub(super) async fn idle(&self, now: Instant) -> Option<Link> {
        loop {
            let (since, mut link) = self.lock().pop()?;
            if now.saturating_duration_since(since) >= self.idle_for {
                // Those below it have been idle for longer.
                self.lock().clear();
                return None;
            }
            // What the upstream said meanwhile is most likely that it has closed.
            if std::future::poll_fn(|context| Poll::Ready(link.is_reusable(context))).await {
                return Some(link);
            }
        }
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Link, ConnectError> {
        Link::connect(&self.base).await
    }

    /// Keeps the connection for the next request, if it can take one.
    pub(super) fn put(&self, mut link: Link, now: Instant, context: &mut Context<'_>) {
        if link.is_reusable(context) {
            let mut idle = self.lock();
            if idle.len() < self.idle_max {
                idle.push((now, link));
            }
        }
    }

    /// Closes what has been idle for too long.
    pub(super) fn sweep(&self, now: Instant) {
        self.lock().retain(|(since, _)| now.saturating_duration_since(*since) < self.idle_for);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, Link)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
