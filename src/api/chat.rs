//! A question to a slug.

use serde_json::{Value, json};

use super::Slug;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Of whom.
    pub slug: Slug,
    /// What the model is told beforehand.
    pub system: Option<String>,
    /// What the user says.
    pub prompt: String,
    /// The longest answer, in tokens; the model's own limit where absent.
    pub tokens_max: Option<u32>,
    /// Whether the answer is to come as it is made.
    pub is_streamed: bool,
}

impl Chat {
    /// A prompt whose answer comes whole, as long as the model likes.
    pub fn new(slug: Slug, prompt: impl Into<String>) -> Self {
        Self { slug, system: None, prompt: prompt.into(), tokens_max: None, is_streamed: false }
    }

    /// The body of `POST /v1/chat/completions`.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut messages = Vec::new();
        messages.extend(self.system.as_ref().map(|text| json!({"role": "system", "content": text})));
        messages.push(json!({"role": "user", "content": self.prompt}));
        let mut body = json!({"model": self.slug, "messages": messages});
        if let Some(tokens) = self.tokens_max {
            body["max_tokens"] = tokens.into();
        }
        if self.is_streamed {
            body["stream"] = true.into();
            body["stream_options"] = json!({"include_usage": true});
        }
        body
    }
}
