//! The webhook's loop: stored events go out in the order in which they were stored, at least once.
//!
//! Where it stands is a row of the store that moves after a delivery was taken or became a dead letter; a gateway
//! that ends in the middle sends the same events again at the next start, which `idempotencyKey` is for. Nothing
//! here is waited for by a request.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::gateway::records::webhook::{DeadLetter, Delivery, EVENTS_PER_DELIVERY_MAX, Webhook};
use crate::gateway::state::Shared;
use crate::gateway::store::{Sequence, Store, StoreError, StoredLetter};

/// How long is waited after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Brings stored events to the customer's server.
#[derive(Debug)]
pub(crate) struct WebhookSender {
    store: Store,
    shared: Arc<Shared>,
    webhook: Webhook,
    start: Sequence,
    arrived: Notify,
    // One letter at a time: two that send the same one would both bring it home.
    turn: Mutex<()>,
}

/// What came of sending letters again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Resent {
    /// Letters that were taken.
    pub(crate) delivered: usize,
    /// Letters that are still there.
    pub(crate) remaining: usize,
}

impl WebhookSender {
    /// A sender that goes on where the last one stood. Nothing is sent before [`WebhookSender::run`].
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn new(store: Store, shared: Arc<Shared>, webhook: Webhook) -> Result<Self, StoreError> {
        let start = store.webhook_position().await?;
        Ok(Self { store, shared, webhook, start, arrived: Notify::new(), turn: Mutex::default() })
    }

    /// Events were stored.
    pub(crate) fn wake(&self) {
        self.arrived.notify_one();
    }

    /// Delivers what is stored and what comes, until told to stop. A delivery under way is given up then and comes
    /// again at the next start.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let work = async {
            let mut position = self.start;
            loop {
                match self.round(position).await {
                    Ok(next) if next == position => self.arrived.notified().await,
                    Ok(next) => position = next,
                    Err(error) => {
                        tracing::error!(%error, "the webhook cannot go on, it tries again");
                        tokio::time::sleep(STORE_PAUSE).await;
                    }
                }
            }
        };
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    }

    /// One delivery. Gives where the next begins.
    async fn round(&self, position: Sequence) -> Result<Sequence, StoreError> {
        let (events, last) = self.store.events_after(position, EVENTS_PER_DELIVERY_MAX).await?;
        if events.is_empty() {
            return Ok(position);
        }
        let request_id = uuid::Uuid::now_v7().simple().to_string();
        let delivery =
            Delivery::of(&events, request_id).map_err(|_| StoreError::Internal("events could not be written"))?;
        let dead = self.webhook.deliver(delivery).await.err();
        if let Some(letter) = &dead {
            tracing::warn!(
                request_id = letter.delivery.request_id,
                events = events.len(),
                attempts = letter.attempts,
                reason = letter.reason,
                "a delivery was given up and is a dead letter now"
            );
        }
        let dead = dead.map(|letter| (letter, events.len()));
        self.store.settle_delivery(last, dead, self.shared.clock.now()).await?;
        Ok(last)
    }

    /// Sends a dead letter again. The inner error is why it was not taken; it is kept then.
    ///
    /// # Errors
    /// There is no such letter, or the store failed.
    pub(crate) async fn send_again(&self, id: String) -> Result<Result<(), DeadLetter>, StoreError> {
        let _turn = self.turn.lock().await;
        let stored = self.store.dead_letter(id).await?;
        self.try_again(stored).await
    }

    /// Sends all dead letters again, the oldest first, and stops at the first that is not taken.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn send_all_again(&self) -> Result<Resent, StoreError> {
        let _turn = self.turn.lock().await;
        let mut resent = Resent::default();
        loop {
            let Some(stored) = self.store.dead_letters_page(None, 1).await?.rows.pop() else { return Ok(resent) };
            if self.try_again(stored).await?.is_err() {
                resent.remaining = self.store.dead_letter_count().await?;
                return Ok(resent);
            }
            resent.delivered += 1;
        }
    }

    async fn try_again(&self, stored: StoredLetter) -> Result<Result<(), DeadLetter>, StoreError> {
        let id = stored.letter.delivery.request_id.clone();
        match self.webhook.deliver(stored.letter.delivery).await {
            Ok(()) => {
                self.store.drop_dead_letter(id).await?;
                Ok(Ok(()))
            }
            Err(letter) => {
                self.store.keep_dead_letter(letter.clone()).await?;
                Ok(Err(letter))
            }
        }
    }
}
