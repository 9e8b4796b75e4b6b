//! `/repoint/v1/dead_letters`: webhook deliveries that were given up, to look at, send again or drop.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};

use super::cursor::List;
use super::plane::Plane;
use super::query::Query;
use super::reply::{Segment, page};
use crate::api::{Page, Time};
use crate::gateway::planes::error::ApiError;
use crate::gateway::records::webhook_sender::WebhookSender;
use crate::gateway::store::{Rows, StoredLetter};

/// A dead letter as it is answered.
#[derive(Debug, Serialize)]
pub(super) struct Letter {
    /// The delivery's `X-Baseten-Request-ID`.
    id: String,
    created_at: Time,
    event_count: u64,
    attempts: u32,
    reason: String,
    /// What was not taken; only where one letter is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

impl From<StoredLetter> for Letter {
    fn from(stored: StoredLetter) -> Self {
        Self {
            id: stored.letter.delivery.request_id,
            created_at: stored.created_at,
            event_count: stored.event_count,
            attempts: stored.letter.attempts,
            reason: stored.letter.reason,
            body: None,
        }
    }
}

pub(super) async fn list(State(plane): State<Arc<Plane>>, query: Query) -> Result<Json<Page<Letter>>, ApiError> {
    let (after, limit) = query.page(List::DeadLetters)?;
    let found = plane.store.dead_letters_page(after, limit).await?;
    let rows = Rows { rows: found.rows.into_iter().map(Letter::from).collect(), next: found.next };
    Ok(Json(page(List::DeadLetters, rows)))
}

pub(super) async fn read(State(plane): State<Arc<Plane>>, Segment(id): Segment) -> Result<Json<Letter>, ApiError> {
    let stored = plane.store.dead_letter(id).await?;
    let body = serde_json::from_slice(&stored.letter.delivery.body).ok();
    Ok(Json(Letter { body, ..Letter::from(stored) }))
}

pub(super) async fn delete(State(plane): State<Arc<Plane>>, Segment(id): Segment) -> Result<Json<Value>, ApiError> {
    plane.store.drop_dead_letter(id.clone()).await?;
    Ok(Json(json!({"id": id})))
}

pub(super) async fn send(State(plane): State<Arc<Plane>>, Segment(id): Segment) -> Result<Json<Value>, ApiError> {
    let answer = match webhook_sender(&plane)?.send_again(id.clone()).await? {
        Ok(()) => json!({"id": id, "delivered": true, "reason": null}),
        Err(letter) => json!({"id": id, "delivered": false, "reason": letter.reason}),
    };
    Ok(Json(answer))
}

pub(super) async fn send_all(State(plane): State<Arc<Plane>>) -> Result<Json<Value>, ApiError> {
    let resent = webhook_sender(&plane)?.send_all_again().await?;
    Ok(Json(json!({"delivered": resent.delivered, "remaining": resent.remaining})))
}

fn webhook_sender(plane: &Plane) -> Result<&WebhookSender, ApiError> {
    let none = || ApiError::invalid("there is no webhook to send to; start the gateway with --webhook-url");
    plane.webhook_sender.as_deref().ok_or_else(none)
}
