//! What the data plane answered: the text, who answered, how fast; whole or in a stream.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::Response;
use serde_json::{Value, json};
use url::Url;

use crate::plan::Outcome;
use crate::sync::TARGET_HEADER;

/// No answer, and no line of a stream, is longer.
const BODY_BYTES_MAX: usize = 64 << 20;
/// No more of an error is shown.
const ERROR_CHARS_MAX: usize = 300;

/// An answer, taken whole.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: u16,
    target: Option<String>,
    request_id: Option<String>,
    first_token: Option<Duration>,
    total: Duration,
    /// The model's text.
    pub(super) text: String,
    usage: Option<Value>,
    /// The whole body of an answer that did not stream.
    body: Option<Value>,
    error: Option<String>,
}

impl Answer {
    /// Reads it; `show` gets each piece of the text as it comes.
    pub(super) async fn read(
        mut response: Response,
        started: Instant,
        mut show: impl FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let is_stream = header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        let mut answer = Self {
            status: response.status().as_u16(),
            target: header(TARGET_HEADER),
            request_id: header("x-baseten-request-id"),
            first_token: None,
            total: Duration::ZERO,
            text: String::new(),
            usage: None,
            body: None,
            error: None,
        };
        let mut buffer = Vec::new();
        let mut is_done = false;
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(_) if is_stream => {
                    answer.error = Some("the stream was cut before its end".to_owned());
                    break;
                }
                Err(error) => return Err(error).context("the answer broke off"),
            };
            buffer.extend_from_slice(&chunk);
            anyhow::ensure!(buffer.len() <= BODY_BYTES_MAX, "the answer is longer than {BODY_BYTES_MAX} bytes");
            if !is_stream {
                continue;
            }
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                match event(&line) {
                    Event::Done => is_done = true,
                    Event::Chunk(chunk) => answer.take(&chunk, started, &mut show)?,
                    Event::Other => {}
                }
            }
        }
        answer.total = started.elapsed();
        if is_stream {
            if !is_done && answer.error.is_none() {
                answer.error = Some("the stream ended without [DONE]".to_owned());
            }
        } else {
            answer.take_whole(&buffer);
        }
        Ok(answer)
    }

    fn take(
        &mut self,
        chunk: &Value,
        started: Instant,
        show: &mut impl FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if let Some(error) = chunk.get("error") {
            self.error = Some(sentence(error));
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| !usage.is_null()) {
            self.usage = Some(usage.clone());
        }
        let Some(text) = chunk.pointer("/choices/0/delta/content").and_then(Value::as_str) else { return Ok(()) };
        if !text.is_empty() && self.first_token.is_none() {
            self.first_token = Some(started.elapsed());
        }
        self.text.push_str(text);
        show(text)
    }

    fn take_whole(&mut self, bytes: &[u8]) {
        let body: Option<Value> = serde_json::from_slice(bytes).ok();
        if self.is_success() {
            let text =
                body.as_ref().and_then(|body| body.pointer("/choices/0/message/content")).and_then(Value::as_str);
            match text {
                Some(text) => text.clone_into(&mut self.text),
                None => self.error = Some("the answer is no chat completion".to_owned()),
            }
            self.usage = body.as_ref().and_then(|body| body.get("usage")).cloned();
        } else {
            let error = body.as_ref().and_then(|body| body.get("error").or_else(|| body.get("message")));
            let raw = Value::from(String::from_utf8_lossy(bytes).into_owned());
            self.error = Some(format!("{} {}", self.status, sentence(error.unwrap_or(&raw))));
        }
        self.body = body;
    }

    /// True for a status of success, whatever came after it.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Why it is no whole answer.
    pub(super) fn failure(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Who answered, and how fast.
    pub(super) fn summary(&self) -> String {
        let mut parts = vec![self.status.to_string()];
        parts.extend(self.target.clone().map(|target| format!("answered by {target}")));
        parts.extend(self.first_token.map(|after| format!("first token after {} ms", after.as_millis())));
        parts.push(format!("{} ms in all", self.total.as_millis()));
        let tokens = self.usage.as_ref().and_then(|usage| usage.get("completion_tokens")).and_then(Value::as_u64);
        parts.extend(tokens.map(|count| match self.rate(count) {
            Some(rate) => format!("{count} tokens, {rate} a second"),
            None => format!("{count} tokens"),
        }));
        parts.extend(self.request_id.clone());
        parts.join(", ")
    }

    /// Tokens a second after the first one; of a stream alone.
    fn rate(&self, tokens: u64) -> Option<u128> {
        let spent = self.total.checked_sub(self.first_token?)?.as_micros();
        (spent > 0 && tokens > 1).then(|| u128::from(tokens - 1) * 1_000_000 / spent)
    }

    /// The answer for programs.
    pub(super) fn value(&self, slug: &str) -> Value {
        let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
        json!({
            "slug": slug,
            "status": self.status,
            "target": self.target,
            "request_id": self.request_id,
            "first_token_ms": self.first_token.map(millis),
            "total_ms": millis(self.total),
            "text": self.text,
            "usage": self.usage,
            "error": self.error,
            "body": self.body,
        })
    }
}

enum Event {
    Done,
    Chunk(Value),
    Other,
}

fn event(line: &[u8]) -> Event {
    let line = String::from_utf8_lossy(line);
    match line.trim_end_matches(['\r', '\n']).strip_prefix("data:").map(str::trim) {
        Some("[DONE]") => Event::Done,
        Some(data) => serde_json::from_str(data).map_or(Event::Other, Event::Chunk),
        None => Event::Other,
    }
}

/// What an error says, whether it is a text or an object with a message.
fn sentence(error: &Value) -> String {
    let text = error
        .as_str()
        .or_else(|| error.get("message").and_then(Value::as_str))
        .map_or_else(|| error.to_string(), str::to_owned);
    text.chars().filter(|c| !c.is_control()).take(ERROR_CHARS_MAX).collect()
}

/// Why there was no answer at all.
pub(super) fn broken(error: &reqwest::Error, url: &Url, timeout: Duration) -> anyhow::Error {
    let host = url.host_str().unwrap_or_default();
    if error.is_timeout() {
        anyhow::anyhow!("no answer from {host} within {} s\nhint: --timeout waits longer", timeout.as_secs())
    } else if error.is_connect() {
        anyhow::anyhow!("cannot connect to {host}\nhint: check the inference_url of the context")
    } else {
        anyhow::anyhow!("the call to {host} broke off")
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_stream_are_told_apart() {
        assert!(matches!(event(b"data: [DONE]\r\n"), Event::Done));
        assert!(matches!(event(b"data: {\"a\":1}\n"), Event::Chunk(_)));
        assert!(matches!(event(b": comment\n"), Event::Other));
        assert!(matches!(event(b"data: {torn\n"), Event::Other));
    }

    #[test]
    fn an_error_is_shown_as_a_sentence_without_control_characters() {
        assert_eq!(sentence(&json!("please\u{1b}[31m check")), "please[31m check");
        assert_eq!(sentence(&json!({"message": "no"})), "no");
        assert_eq!(sentence(&json!({"odd": 1})), "{\"odd\":1}");
    }
}
