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
    /// `POST /v1/messages/count_tokens`: how many tokens a prompt would be. It spends nothing.
    CountTokens,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 6] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Embeddings,
        Self::Responses,
        Self::Messages,
        Self::CountTokens,
    ];

    /// The operation at this path.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.route() == path)
    }

    /// The whole path, `/v1/chat/completions`.
    #[must_use]
    pub fn route(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Embeddings => "/v1/embeddings",
            Self::Responses => "/v1/responses",
            Self::Messages => "/v1/messages",
            Self::CountTokens => "/v1/messages/count_tokens",
        }
    }

    /// The path below the version, `/chat/completions`.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.route().trim_start_matches("/v1")
    }

    /// The dialect of its requests, answers and errors.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Messages | Self::CountTokens => Dialect::Anthropic,
            Self::ChatCompletions | Self::Completions | Self::Embeddings | Self::Responses => Dialect::OpenAi,
        }
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
            Provider::Anthropic => matches!(self, Self::Messages | Self::CountTokens | Self::ChatCompletions),
            Provider::OpenAi | Provider::XAi | Provider::OpenAiCompatible | Provider::BasetenModelApi => {
                self.dialect() == Dialect::OpenAi
            }
            // Calls of the last two fail for another reason.
            Provider::Baseten | Provider::Vertex | Provider::Other(_) => true,
        }
    }
}
