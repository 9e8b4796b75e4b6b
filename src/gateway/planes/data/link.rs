//! A kept-alive HTTP connection to an upstream, driven by the task that uses it.
//!
//! hyper's client keeps each connection behind queues for requests, answers and pieces of bodies, with two buffers for
//! good: about 11 KB for each open stream, and a hand-over for each piece. Here whoever waits for an answer reads it,
//! and dropping the link is what cancels a call.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use http::response;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::unconstrained;
use tokio_util::io::poll_read_buf;

use super::dial::{Answered, ConnectError};
use super::http1::{Body, Heads, Taken};
use super::settings::Settings;
use super::wire::{self, Wire};
use crate::gateway::routing::provider::{Base, Scheme};

/// How much is read at once: so little of a stream's events, more where an upstream has more.
const READ_BYTES_MIN: usize = 4 * 1024;
/// It stays below the size from where on the system's allocator takes and gives back blocks one by one.
const READ_BYTES_MAX: usize = 120 * 1024;
/// So little as has come of the next piece moves to a place of its own size while the rest is waited for.
const REST_BYTES_MAX: usize = 64;
/// The most pieces that are handed to the system at once.
const PIECES_MAX: usize = 16;

/// A connection to an upstream.
pub(super) struct Link {
    wire: Wire,
    /// What of the request is not yet written.
    outgoing: VecDeque<Bytes>,
    is_flushed: bool,
    /// Whether anything of the request was written.
    has_written: bool,
    /// What was read and not yet taken. It has no more room than that while nothing comes: most of an open stream's life
    /// is waiting.
    incoming: BytesMut,
    read_bytes: usize,
    heads: Heads,
    body: Body,
    keeps_alive: bool,
}

/// Why a request was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendError {
    /// Not one byte of it was written: it may be sent again.
    NothingWritten,
    /// It may have been done.
    Broken,
}

/// The upstream broke off: the caller's connection is broken too, so that the body cannot be taken for whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the upstream broke off")]
pub(super) struct BrokenOff;

/// The idle connections of one worker to one upstream.
#[derive(Debug)]
pub(super) struct Pool {
    base: Base,
    idle_max: usize,
    idle_for: Duration,
    idle: Mutex<Vec<(Instant, Link)>>,
    /// Of the upstream's addresses.
    answered: Answered,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Link")
    }
}

impl Link {
    async fn connect(base: &Base, answered: &Answered) -> Result<Self, ConnectError> {
        Ok(Self {
            wire: wire::connect(base, answered).await?,
            outgoing: VecDeque::new(),
            is_flushed: true,
            has_written: false,
            incoming: BytesMut::new(),
            read_bytes: READ_BYTES_MIN,
            heads: Heads::default(),
            body: Body::Length(0),
            keeps_alive: true,
        })
    }

    /// Sends a request, its head and what follows it, and waits for the head of its answer. Whether the upstream has
    /// all of it is known also of a call that is dropped.
    pub(super) async fn call(
        &mut self,
        request: impl IntoIterator<Item = Bytes>,
        upstream_has_it: &mut bool,
    ) -> Result<response::Parts, SendError> {
        self.outgoing.extend(request);
        self.is_flushed = false;
        self.has_written = false;
        let answered = poll_fn(|context| {
            let answered = self.poll_head(context);
            *upstream_has_it = self.is_flushed;
            answered
        })
        .await;
        answered.map_err(|BrokenOff| if self.has_written { SendError::Broken } else { SendError::NothingWritten })
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<response::Parts, BrokenOff>> {
        // An upstream may answer what it has not read to the end, and may then take no more of it: what it says
        // is read all the same.
        let has_failed = matches!(self.poll_write(context), Poll::Ready(Err(_)));
        if has_failed && !self.has_written {
            return Poll::Ready(Err(BrokenOff));
        }
        loop {
            if let Some(head) = self.heads.take(&mut self.incoming).map_err(|_| BrokenOff)? {
                if !self.has_written {
                    // Whatever this answers, it is not this request.
                    return Poll::Ready(Err(BrokenOff));
                }
                self.body = head.body;
                self.keeps_alive = head.keeps_alive && !has_failed;
                return Poll::Ready(Ok(head.parts));
            }
            match ready!(self.poll_read(context)) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(Err(BrokenOff)),
            }
        }
    }

    /// The next piece of the answer's body; `None` at its end.
    pub(super) fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        if !self.is_flushed && matches!(self.poll_write(context), Poll::Ready(Err(_))) {
            // The answer is there already: only the connection is of no further use.
            self.outgoing.clear();
            self.is_flushed = true;
            self.keeps_alive = false;
        }
        loop {
            match self.body.take(&mut self.incoming) {
                Ok(Taken::Data(data)) => return Poll::Ready(Some(Ok(data))),
                Ok(Taken::End) => return Poll::Ready(None),
                Ok(Taken::Nothing) => {}
                Err(_) => return Poll::Ready(Some(Err(BrokenOff))),
            }
            match ready!(self.poll_read(context)) {
                Ok(1..) => {}
                Ok(0) if self.body == Body::UntilClose => {
                    self.body = Body::Length(0);
                    return Poll::Ready(None);
                }
                Ok(0) | Err(_) => return Poll::Ready(Some(Err(BrokenOff))),
            }
        }
    }

    /// True where the answer's body is known to be over.
    pub(super) fn is_over(&self) -> bool {
        self.body.is_over()
    }

    /// True where only the end of the connection will tell the end of the body, which is no sign that it was whole.
    pub(super) fn is_ended_by_closing(&self) -> bool {
        self.body == Body::UntilClose
    }

    /// True where the connection can take another request. To be asked when an answer's body has ended.
    fn is_reusable(&mut self, context: &mut Context<'_>) -> bool {
        if !(self.keeps_alive && self.is_flushed && self.body.is_over() && self.incoming.is_empty()) {
            return false;
        }
        // Whatever it says now is no answer, and mostly that it closes.
        let mut byte = [0];
        Pin::new(&mut self.wire).poll_read(context, &mut ReadBuf::new(&mut byte)).is_pending()
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let mut slices = [IoSlice::new(&[]); PIECES_MAX];
            let count =
                slices.iter_mut().zip(&self.outgoing).map(|(slice, piece)| *slice = IoSlice::new(piece)).count();
            let slices = slices.get(..count).unwrap_or_default();
            let mut written = ready!(Pin::new(&mut self.wire).poll_write_vectored(context, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.has_written = true;
            while let Some(piece) = self.outgoing.front_mut().filter(|_| written > 0) {
                let bytes = written.min(piece.len());
                piece.advance(bytes);
                written -= bytes;
                if piece.is_empty() {
                    self.outgoing.pop_front();
                }
            }
        }
        if !self.is_flushed {
            ready!(Pin::new(&mut self.wire).poll_flush(context))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.incoming.reserve(self.read_bytes);
        let read = poll_read_buf(Pin::new(&mut self.wire), context, &mut self.incoming);
        if let Poll::Ready(Ok(bytes)) = read {
            if bytes >= self.read_bytes {
                self.read_bytes = (self.read_bytes * 2).min(READ_BYTES_MAX);
            } else if bytes < self.read_bytes / 4 {
                self.read_bytes = (self.read_bytes / 2).max(READ_BYTES_MIN);
            }
        } else if self.incoming.len() <= REST_BYTES_MAX {
            self.incoming = BytesMut::from(&self.incoming[..]);
        }
        read
    }
}

impl Pool {
    pub(super) fn new(base: Base, settings: &Settings) -> Self {
        let idle_for = match base.scheme {
            Scheme::Http => settings.upstream_idle,
            Scheme::Https => settings.upstream_idle_tls,
        };
        Self {
            base,
            idle_max: settings.upstream_idle_max,
            idle_for,
            idle: Mutex::default(),
            answered: Answered::default(),
        }
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
            // What the upstream said meanwhile is most likely that it has closed. Without a budget: where that is spent,
            // as after a hundred connections that were closed together, reading says that nothing is there.
            if unconstrained(poll_fn(|context| Poll::Ready(link.is_reusable(context)))).await {
                return Some(link);
            }
        }
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Link, ConnectError> {
        Link::connect(&self.base, &self.answered).await
    }

    /// Keeps the connection for the next request, if it can take one.
    pub(super) fn put(&self, mut link: Link, now: Instant, context: &mut Context<'_>) {
        if link.is_reusable(context) {
            let mut idle = self.lock();
            if idle.len() < self.idle_max {
                // What it was read into may be held by whoever has the answer's head.
                link.incoming = BytesMut::new();
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::gateway::routing::provider::Reach;

    #[tokio::test]
    async fn a_piece_that_has_only_begun_keeps_no_large_buffer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (host, authority) = ("127.0.0.1".to_owned(), format!("127.0.0.1:{port}"));
        let base = Base { scheme: Scheme::Http, host, port, authority, path: String::new(), reach: Reach::Anywhere };
        let mut link = Link::connect(&base, &Answered::default()).await.unwrap();
        let (mut upstream, _) = listener.accept().await.unwrap();
        let burst = 1 << 20;
        let answering = tokio::spawn(async move {
            upstream.read_exact(&mut [0; 4]).await.unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{burst:x}\r\n");
            upstream.write_all(head.as_bytes()).await.unwrap();
            upstream.write_all(&vec![b'x'; burst]).await.unwrap();
            // The size of the next one, of which more may come.
            upstream.write_all(b"\r\n5").await.unwrap();
            upstream
        });
        link.call([Bytes::from_static(b"POST")], &mut false).await.unwrap();
        let mut passed = 0;
        poll_fn(|context| {
            loop {
                match link.poll_data(context) {
                    Poll::Ready(Some(Ok(data))) => passed += data.len(),
                    Poll::Pending if passed == burst && link.incoming[..] == *b"5" => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                    ended @ Poll::Ready(_) => panic!("{ended:?}"),
                }
            }
        })
        .await;
        assert!(link.incoming.capacity() <= REST_BYTES_MAX, "{}", link.incoming.capacity());
        drop(answering.await.unwrap());
    }
}
