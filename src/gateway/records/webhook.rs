//! Delivery of usage events to the customer's own server: signed, tried again, and never silently lost.
//!
//! One [`Webhook::deliver`] is one batch: it is posted until the receiver takes it, refuses it for good (a 4xx)
//! or the time for it is over; what was not taken comes back as a [`DeadLetter`] for the store to keep. Nothing
//! of this runs on a request's path: a receiver that is down costs a caller nothing.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use crate::api::Event;

/// The type that every delivery carries.
pub const DELIVERY_TYPE: &str = "API_BILLING_USAGE";
/// The most events that one delivery carries.
pub const EVENTS_PER_DELIVERY_MAX: usize = 500;
/// The most that is kept of a receiver's answer, in bytes, to say why it refused.
const REASON_BYTES_MAX: usize = 200;

/// When a delivery is tried again, and when it is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// How long one attempt may take.
    pub attempt: Duration,
    /// The wait after the first attempt; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait between two attempts.
    pub wait_max: Duration,
    /// How long all attempts may take together.
    pub total: Duration,
}

impl Default for Schedule {
    /// As Baseten documents it: 10 s an attempt, from 1 s to 5 s between them, 15 s in all.
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(10),
            first_wait: Duration::from_secs(1),
            wait_max: Duration::from_secs(5),
            total: Duration::from_secs(15),
        }
    }
}

impl Schedule {
    /// The wait after this many attempts.
    fn wait_after(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        self.first_wait.saturating_mul(1 << doublings).min(self.wait_max)
    }
}

/// Where deliveries go and how they are signed.
#[derive(Debug)]
pub struct Webhook {
    url: Url,
    key: hmac::Key,
    client: reqwest::Client,
    schedule: Schedule,
}

/// Events on their way. The body is made once, so that every attempt has the same signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The same on every attempt.
    pub request_id: String,
    /// The exact bytes that are signed and sent.
    pub body: Bytes,
}

/// A delivery that no attempt brought home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// What was not taken; sending it again keeps its id, so that the receiver can tell.
    pub delivery: Delivery,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt ended with.
    pub reason: String,
}

/// Why webhooks cannot be delivered at all.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// The address is of another scheme.
    #[error("--webhook-url {0} is not http or https; hint: give the address that takes the events")]
    Scheme(Url),
    /// No secret to sign with.
    #[error("--webhook-url needs a secret to sign with; hint: set REPOINT_WEBHOOK_SECRET")]
    NoSecret,
    /// The HTTP client could not be made.
    #[error("the webhook's client could not be made: {0}")]
    Client(#[from] reqwest::Error),
}

#[derive(Serialize, Deserialize)]
struct Body<E> {
    #[serde(rename = "type")]
    kind: String,
    data: Data<E>,
}

#[derive(Serialize, Deserialize)]
struct Data<E> {
    events: Vec<E>,
}

enum Attempt {
    Taken,
    Refused(String),
    Failed(String),
}

impl Delivery {
    /// The delivery of these events, at most [`EVENTS_PER_DELIVERY_MAX`] of them.
    ///
    /// # Errors
    /// An event that cannot be written as JSON.
    pub fn of(events: &[Event], request_id: impl Into<String>) -> Result<Self, serde_json::Error> {
        let events = events.iter().take(EVENTS_PER_DELIVERY_MAX).map(with_metadata).collect::<Result<Vec<_>, _>>()?;
        let body = Body { kind: DELIVERY_TYPE.to_owned(), data: Data { events } };
        Ok(Self { request_id: request_id.into(), body: Bytes::from(serde_json::to_vec(&body)?) })
    }
}

/// An event as the webhook tells it: the same as the list does, and `requestMetadata`.
fn with_metadata(event: &Event) -> Result<serde_json::Value, serde_json::Error> {
    let mut value = serde_json::to_value(event)?;
    if let Some(object) = value.as_object_mut() {
        object.entry("requestMetadata").or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
    }
    Ok(value)
}

impl Webhook {
    /// A webhook to this address. Redirects are not followed: they would carry the events elsewhere.
    ///
    /// # Errors
    /// A scheme other than http and https, an empty secret, or no client.
    pub fn new(url: Url, secret: &SecretString, schedule: Schedule) -> Result<Self, WebhookError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(WebhookError::Scheme(url));
        }
        if secret.expose_secret().is_empty() {
            return Err(WebhookError::NoSecret);
        }
        // The client asks for it even where the receiver is in the clear. An error says that it is there already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(schedule.attempt)
            .pool_max_idle_per_host(2)
            .build()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        Ok(Self { url, key, client, schedule })
    }

    /// Posts until the receiver takes it.
    ///
    /// # Errors
    /// The dead letter, after a 4xx or when the schedule's time is over.
    pub async fn deliver(&self, delivery: Delivery) -> Result<(), DeadLetter> {
        let mut attempts = 0;
        let mut reason = "no attempt ended".to_owned();
        let trying = async {
            loop {
                attempts += 1;
                match self.attempt(&delivery).await {
                    Attempt::Taken => return true,
                    Attempt::Refused(why) => {
                        reason = why;
                        return false;
                    }
                    Attempt::Failed(why) => reason = why,
                }
                tokio::time::sleep(self.schedule.wait_after(attempts)).await;
            }
        };
        match tokio::time::timeout(self.schedule.total, trying).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(DeadLetter { delivery, attempts, reason }),
        }
    }

    async fn attempt(&self, delivery: &Delivery) -> Attempt {
        let sent = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("x-baseten-signature", signature(&self.key, &delivery.body))
            .header("x-baseten-request-id", &delivery.request_id)
            .body(delivery.body.clone())
            .send()
            .await;
        match sent {
            Ok(answer) if answer.status().is_success() => Attempt::Taken,
            Ok(answer) => {
                let status = answer.status();
                let text = answer.text().await.unwrap_or_default();
                let reason = format!("{status}: {}", beginning_of(&text)).trim_end_matches([':', ' ']).to_owned();
                if status.is_client_error() { Attempt::Refused(reason) } else { Attempt::Failed(reason) }
            }
            // The address can hold a token of the receiver's.
            Err(error) => Attempt::Failed(error.without_url().to_string()),
        }
    }
}

/// `v1=` and the hexadecimal HMAC-SHA256 of the exact body.
fn signature(key: &hmac::Key, body: &[u8]) -> String {
    let mut text = "v1=".to_owned();
    for byte in hmac::sign(key, body).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn beginning_of(text: &str) -> String {
    let mut end = text.len().min(REASON_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let schedule = Schedule::default();
        let waits: Vec<_> = (1..=5).map(|attempts| schedule.wait_after(attempts).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }

    #[test]
    fn the_signature_is_the_hmac_of_the_body() {
        // RFC 4231, test case 2.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        assert_eq!(
            signature(&key, b"what do ya want for nothing?"),
            "v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(beginning_of(&"é".repeat(150)).len(), REASON_BYTES_MAX);
        assert_eq!(beginning_of("a\x1b[2Jb"), "a[2Jb");
    }
}
