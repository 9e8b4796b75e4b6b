//! A caller's connection as hyper reads and writes it.
//!
//! What hyper itself answers to a head that it does not take, which is a status without a body, goes out in the
//! contract's shape. Nothing that is read is looked at: what a request is, only hyper says.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Version;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::link::BrokenOff;
use super::relay::Answer;
use super::strikes::Strikes;
use crate::gateway::planes::caller_stream::{CallerStream, Notes};

/// The longest head that hyper answers with by itself.
const OWN_BYTES_MAX: usize = 512;

/// What a connection's requests and its bytes share.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) strikes: Strikes,
    pub(super) notes: Arc<Notes>,
    turn: AtomicU8,
    /// The caller speaks HTTP/1.0, where a body without a length is whole when the connection ends.
    is_old: AtomicBool,
    /// An answer broke off.
    is_broken: AtomicBool,
}

/// Whose bytes are written next. While it is nobody's turn, they can only be hyper's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Nobody = 0,
    /// From the request's head to the end of its answer's body.
    Answer = 1,
    /// The body has ended, and its last bytes are not yet written.
    Rest = 2,
}

impl Talk {
    /// A request has come: what is written from here on is its answer.
    pub(super) fn begin(&self, version: Version) {
        self.is_old.store(version < Version::HTTP_11, Ordering::Relaxed);
        self.turn.store(Turn::Answer as u8, Ordering::Relaxed);
    }

    /// True where the connection must not end as if all were well: nothing else tells such a caller.
    fn ends_by_reset(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed) && self.is_old.load(Ordering::Relaxed)
    }

    fn is(&self, turn: Turn) -> bool {
        self.turn.load(Ordering::Relaxed) == turn as u8
    }

    fn set(&self, turn: Turn) {
        self.turn.store(turn as u8, Ordering::Relaxed);
    }
}

/// An answer's body, which tells when it has ended.
pub(super) struct Said {
    pub(super) answer: Answer,
    pub(super) talk: Arc<Talk>,
}

impl Drop for Said {
    fn drop(&mut self) {
        self.talk.set(Turn::Rest);
    }
}

impl Body for Said {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let frame = Pin::new(&mut self.answer).poll_frame(context);
        if matches!(frame, Poll::Ready(Some(Err(BrokenOff)))) {
            self.talk.is_broken.store(true, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.answer.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.answer.size_hint()
    }
}

/// Bytes from and to a caller.
pub(super) struct Caller {
    stream: CallerStream,
    talk: Arc<Talk>,
    /// What goes out in place of hyper's own answer, and how much of it has.
    own: Option<(Vec<u8>, usize)>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        if self.talk.ends_by_reset() {
            self.stream.reset_at_close();
        }
    }
}

impl Caller {
    pub(super) fn new(stream: CallerStream, talk: Arc<Talk>) -> Self {
        Self { stream, talk, own: None }
    }

    /// Writes ours in place of hyper's, which is said to be written when ours is.
    fn write_own(&mut self, context: &mut Context<'_>, theirs: usize) -> Poll<io::Result<usize>> {
        while let Some((text, written)) = &mut self.own {
            let rest = text.get(*written..).unwrap_or_default();
            if rest.is_empty() {
                self.own = None;
                return Poll::Ready(Ok(theirs));
            }
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => *written += bytes,
            }
        }
        Poll::Ready(Ok(theirs))
    }

    /// Looks whether hyper answers by itself. Gives how many bytes of hyper's that are.
    fn takes_over(&mut self, slices: &[IoSlice<'_>]) -> Option<usize> {
        if !self.talk.is(Turn::Nobody) {
            return None;
        }
        let total = slices.iter().map(|slice| slice.len()).sum();
        if total > OWN_BYTES_MAX {
            return None;
        }
        if self.own.is_none() {
            let theirs: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            self.own = Some((own_answer(&theirs)?, 0));
        }
        Some(total)
    }
}

/// What goes out in place of hyper's answer with this head. `None` where it is none.
fn own_answer(theirs: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(theirs).ok()?.strip_suffix("\r\n\r\n")?;
    let status = head.lines().next()?.strip_prefix("HTTP/1.1 ")?;
    let said = match status.split(' ').next()? {
        "400" => "the request is no HTTP that is understood here",
        "414" => "the request's path is too long",
        "431" => "the request's header lines are too large",
        _ => return None,
    };
    let body = format!("{{\"error\":\"{said}\"}}");
    let id = uuid::Uuid::now_v7().simple();
    let length = body.len();
    Some(
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-baseten-request-id: {id}\r\n\
             connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes(),
    )
}

impl AsyncRead for Caller {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Caller {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(theirs) = self.takes_over(slices) {
            return self.write_own(context, theirs);
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when it has nothing left to write.
        if self.talk.is(Turn::Rest) {
            self.talk.set(Turn::Nobody);
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.talk.ends_by_reset() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hypers_own_heads_are_replaced() {
        let theirs = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let own = String::from_utf8(own_answer(theirs.as_bytes()).unwrap()).unwrap();
        assert!(own.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{own}");
        assert!(own.ends_with("\r\n\r\n{\"error\":\"the request's header lines are too large\"}"), "{own}");
        for other in ["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 431 Too", "7\r\nHTTP/1.1 431 x\r\n\r\n"] {
            assert_eq!(own_answer(other.as_bytes()), None, "{other}");
        }
    }
}
