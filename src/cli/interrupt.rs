//! Ctrl-C, and being asked to end, while something is under way.
//!
//! What is heard once asks to stop in order: what was sent is waited for, a key that was minted is revoked. What is
//! heard again stops at once; the journal knows what was under way, and `repoint apply --resume` settles it.

use anyhow::Context as _;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Stopped at once. It ends the program with 130.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "stopped at once; what was under way may be done or not\nhint: repoint apply --resume finds out, and goes on with it"
)]
pub(super) struct Abandoned;

/// Hears Ctrl-C and SIGTERM. From its making on neither ends the program by itself.
pub(super) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// Begins to listen.
    ///
    /// # Errors
    /// Signals cannot be heard here.
    pub(super) fn new() -> anyhow::Result<Self> {
        let hear = |kind| signal(kind).context("cannot listen for Ctrl-C");
        Ok(Self { interrupt: hear(SignalKind::interrupt())?, terminate: hear(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        let heard = async {
            tokio::select! {
                heard = self.interrupt.recv() => heard,
                heard = self.terminate.recv() => heard,
            }
        };
        // The runtime that would tell no more is the one that this waits on.
        if heard.await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
