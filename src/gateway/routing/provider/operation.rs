//! What a caller can ask for, and in which dialect.

use crate::api::Provider;

/// The protocol family that a route speaks, in its errors too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `{"error": …}`.
    OpenAi,
    /// `{"type": "error", "error": {"type": …, "message": …}}`.
    Anthropic,
}

/// A route of the data plane that names a slug in its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/completions`.
    Completions,
    /// `POST /v1/embeddings`.
    Embeddings,
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1/messages`.
    Messages,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 5] =
        [Self::ChatCompletions, Self::Completions, Self::Embeddings, Self::Responses, Self::Messages];

    /// The operation at this path.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        let below = path.strip_prefix("/v1")?;
        Self::ALL.into_iter().find(|operation| operation.path() == below)
    }

    /// The path below the version, `/chat/completions`.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Completions => "/completions",
            Self::Embeddings => "/embeddings",
            Self::Responses => "/responses",
            Self::Messages => "/messages",
        }
    }

    /// The dialect of its requests, answers and errors.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        if self == Self::Messages { Dialect::Anthropic } else { Dialect::OpenAi }
    }

    /// True where a stream tells its usage only when `stream_options.include_usage` asks for it.
    #[must_use]
    pub fn usage_must_be_asked_for(self) -> bool {
        matches!(self, Self::ChatCompletions | Self::Completions)
    }

    /// True where the provider has this route.
    #[must_use]
    pub fn is_at(self, provider: &Provider) -> bool {
        match provider {
            Provider::Anthropic => matches!(self, Self::Messages | Self::ChatCompletions),
            Provider::OpenAi | Provider::XAi | Provider::OpenAiCompatible | Provider::BasetenModelApi => {
                self != Self::Messages
            }
            // Calls of the last two fail for another reason.
            Provider::Baseten | Provider::Vertex | Provider::Other(_) => true,
        }
    }
}
