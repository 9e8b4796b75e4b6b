//! What the data plane answered: the text, who answered, how fast; whole or in a stream.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::Pace;
use crate::client::{ClientError, Piece, Speech, Unanswered};
use crate::clock;
use crate::plan::Outcome;

/// An answer, taken whole, or what came of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    status: Option<u16>,
    target: Option<String>,
    request_id: Option<String>,
    pace: Pace,
    /// The model's text.
    pub(super) text: String,
    /// Tokens of the prompt and of the answer.
    usage: Option<(u64, u64)>,
    /// The whole body of an answer that did not stream.
    body: Option<Value>,
    /// Why it is no whole answer.
    pub(super) failure: Option<ClientError>,
}

impl Answer {
    /// There was none.
    pub(super) fn refused(unanswered: Unanswered, started: Instant) -> Self {
        Self {
            status: unanswered.status,
            target: unanswered.target,
            request_id: unanswered.request_id,
            pace: Pace { first_token: None, total: since(started) },
            failure: Some(unanswered.error),
            ..Self::default()
        }
    }

    /// Reads it to its end; `show` gets each piece of the text as it comes.
    ///
    /// # Errors
    /// Those of `show`. What breaks off is told in the answer.
    pub(super) async fn read(
        mut speech: Speech,
        started: Instant,
        is_streamed: bool,
        mut show: impl FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let mut answer = Self {
            status: Some(speech.status),
            target: speech.target.clone(),
            request_id: speech.request_id.clone(),
            ..Self::default()
        };
        loop {
            match speech.next().await {
                Ok(Some(Piece::Text(text))) => {
                    if is_streamed && answer.pace.first_token.is_none() {
                        answer.pace.first_token = Some(since(started));
                    }
                    answer.text.push_str(&text);
                    show(&text)?;
                }
                Ok(Some(Piece::Usage { input, output })) => answer.usage = Some((input, output)),
                Ok(None) => break,
                Err(error) => {
                    answer.failure = Some(error);
                    break;
                }
            }
        }
        answer.pace.total = since(started);
        answer.body = speech.body().cloned();
        Ok(answer)
    }

    /// Who answered, and how fast.
    pub(super) fn summary(&self) -> String {
        let mut parts: Vec<String> = self.status.map(|status| status.to_string()).into_iter().collect();
        parts.extend(self.target.clone().map(|target| format!("answered by {target}")));
        parts.extend(self.pace.first_token.map(|after| format!("first token after {} ms", after.as_millis())));
        parts.push(format!("{} ms in all", self.pace.total.as_millis()));
        if let Some((input, output)) = self.usage {
            parts.push(format!("{input} tokens in, {output} out"));
            parts.extend(self.pace.tokens_per_second(output).map(|rate| format!("{rate} tokens a second")));
        }
        parts.extend(self.request_id.clone());
        parts.join(", ")
    }

    /// The answer for programs.
    pub(super) fn value(&self, slug: &str) -> Value {
        let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
        json!({
            "slug": slug,
            "status": self.status,
            "target": self.target,
            "request_id": self.request_id,
            "first_token_ms": self.pace.first_token.map(millis),
            "total_ms": millis(self.pace.total),
            "tokens_per_second": self.usage.and_then(|(_, output)| self.pace.tokens_per_second(output)),
            "text": self.text,
            "usage": self.usage.map(|(input, output)| json!({ "prompt_tokens": input, "completion_tokens": output })),
            "error": self.failure.as_ref().map(|failure| &failure.message),
            "body": self.body,
        })
    }
}

fn since(started: Instant) -> Duration {
    clock::instant().saturating_duration_since(started)
}

/// Why a small plan was not done, in words.
pub(super) fn failure(outcome: Option<&Outcome>) -> String {
    match outcome {
        Some(Outcome::Failed(failure) | Outcome::Unsettled(failure)) => failure.message.clone(),
        Some(
            Outcome::Done(_)
            | Outcome::AlreadySo
            | Outcome::Conflict(_)
            | Outcome::RenameRefused { .. }
            | Outcome::NotTried,
        )
        | None => "it was not tried".to_owned(),
    }
}
