//! A connection as it is served: its other side is expected to take what it asked for, and is heard to its end.
//!
//! hyper waits for a reader that takes nothing for as long as it likes to be there: it would hold its place, and what
//! was made ready for it, for good. And hyper closes a connection on which a refused body is still coming, which resets
//! it: see [`super::linger`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::linger::Linger;
use super::request_rules::{Framing, HeadLines};

/// A body whose length is not known.
const UNKNOWN: u64 = u64::MAX;

/// What a connection's bytes tell whoever handles its requests, and the reverse.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    framing: AtomicU8,
    /// How long the last request's body is. Nothing where it has been read to its end.
    body_bytes: AtomicU64,
}

impl Notes {
    /// A request has come, with this body.
    pub(crate) fn expect(&self, body: &impl Body) {
        let bytes = if body.is_end_stream() { 0 } else { body.size_hint().exact().unwrap_or(UNKNOWN) };
        self.body_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Its body was read to its end.
    pub(crate) fn has_come_whole(&self) {
        self.body_bytes.store(0, Ordering::Relaxed);
    }

    /// How the request that has come now is framed. To be asked once for each.
    pub(crate) fn take_framing(&self) -> Framing {
        match self.framing.swap(0, Ordering::Relaxed) {
            1 => Framing::Clear,
            2 => Framing::Both,
            _ => Framing::Unknown,
        }
    }

    fn note(&self, framing: Framing) {
        let code = match framing {
            Framing::Unknown => 0,
            Framing::Clear => 1,
            Framing::Both => 2,
        };
        self.framing.store(code, Ordering::Relaxed);
    }
}

/// A stream on which writing fails with [`io::ErrorKind::TimedOut`] where nothing is taken for too long.
#[derive(Debug)]
pub(crate) struct CallerStream {
    stream: TcpStream,
    notes: Arc<Notes>,
    /// What was read before it was known what is spoken.
    begun_with: Bytes,
    /// The lines of a head that is coming. `None` from its end until something is written.
    lines: Option<HeadLines>,
    /// How much was read behind the last head.
    body_bytes: u64,
    has_written: bool,
    write_timeout: Duration,
    /// Runs while nothing is taken.
    stall: Option<Pin<Box<Sleep>>>,
    has_shut_down: bool,
    linger: Option<Box<Linger>>,
}

impl CallerStream {
    /// Ends the connection by a reset when it is closed, so that what came by then cannot be taken for all.
    pub(crate) fn reset_at_close(&self) {
        // Where it cannot be set, the connection is gone already.
        let _ = self.stream.set_zero_linger();
    }

    /// A connection that begins. `begun_with` was read from it already.
    pub(crate) fn new(stream: TcpStream, begun_with: Bytes, write_timeout: Duration, notes: Arc<Notes>) -> Self {
        Self {
            stream,
            notes,
            begun_with,
            lines: Some(HeadLines::new()),
            body_bytes: 0,
            has_written: false,
            write_timeout,
            stall: None,
            has_shut_down: false,
            linger: None,
        }
    }

    fn watch(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if wrote.is_ready() {
            self.stall = None;
            self.has_written = true;
            return wrote;
        }
        let timeout = self.write_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(stall.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the caller takes nothing of its answer")))
    }

    fn look_at(&mut self, bytes: &[u8]) {
        let Some(lines) = &mut self.lines else {
            self.body_bytes = self.body_bytes.saturating_add(bytes.len() as u64);
            return;
        };
        if let Some((framing, behind)) = lines.look_at(bytes) {
            self.notes.note(framing);
            self.lines = None;
            self.body_bytes = behind as u64;
        }
    }

    /// True where some of the last request is yet to come, as far as anybody knows.
    fn is_unread(&self) -> bool {
        self.notes.body_bytes.load(Ordering::Relaxed) > self.body_bytes
    }
}

impl AsyncRead for CallerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Behind an answer comes the next request.
        if std::mem::take(&mut self.has_written) && self.lines.is_none() {
            self.lines = Some(HeadLines::new());
        }
        let before = buffer.filled().len();
        if self.begun_with.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        } else {
            let bytes = buffer.remaining().min(self.begun_with.len());
            buffer.put_slice(self.begun_with.get(..bytes).unwrap_or_default());
            self.begun_with.advance(bytes);
            if self.begun_with.is_empty() {
                // An empty piece holds on to the whole.
                self.begun_with = Bytes::new();
            }
        }
        self.look_at(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for CallerStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.has_shut_down {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.has_shut_down = true;
        }
        if this.is_unread() {
            let linger = this.linger.get_or_insert_with(|| Box::new(Linger::new()));
            ready!(linger.poll(context, &mut this.stream));
            this.notes.has_come_whole();
        }
        Poll::Ready(Ok(()))
    }
}
