//! The end of a connection whose request was answered before it had come whole.
//!
//! A system that closes a connection on which bytes are still coming resets it, and the reset takes the answer along
//! that the other side has not read yet: whoever sends 5 MB with a revoked key would read a broken pipe, and not 403.
//! So the gateway says that it sends nothing more, and reads on and drops (RFC 9112, section 9.6), within limits.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock;

/// The most bytes that are read and dropped: more than the largest body that is taken where nobody says otherwise.
pub(crate) const BYTES_MAX: usize = 128 << 20;
/// How long the other side may be silent.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How long it may take in all.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(30);
/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// Reads on and drops, until the other side has closed or has had its share.
#[derive(Debug)]
pub(crate) struct Linger {
    bytes_left: usize,
    ends_at: Instant,
    /// Until the silence or all of it has lasted too long.
    patience: Pin<Box<Sleep>>,
}

impl Linger {
    pub(crate) fn new() -> Self {
        let now = Instant::from_std(clock::instant());
        let patience = Box::pin(sleep_until(now + SILENCE_MAX));
        Self { bytes_left: BYTES_MAX, ends_at: now + TIME_MAX, patience }
    }

    /// Ready when nothing more is to be read.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, stream: &mut (impl AsyncRead + Unpin)) -> Poll<()> {
        let mut buffer = [0; READ_BYTES];
        loop {
            let mut read = ReadBuf::new(&mut buffer);
            match Pin::new(&mut *stream).poll_read(context, &mut read) {
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                    self.bytes_left = self.bytes_left.saturating_sub(read.filled().len());
                    if self.bytes_left == 0 {
                        return Poll::Ready(());
                    }
                    let silent_until = Instant::from_std(clock::instant()) + SILENCE_MAX;
                    self.patience.as_mut().reset(silent_until.min(self.ends_at));
                }
                // Closed, or reset: there is nobody to be polite to.
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.patience.as_mut().poll(context),
            }
            if self.patience.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
        }
    }
}
