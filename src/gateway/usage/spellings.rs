//! How usage is spelled: one row for each member that any dialect is documented to have.
//!
//! | dialect | source |
//! |---|---|
//! | OpenAI chat, completions, embeddings | <https://platform.openai.com/docs/api-reference/chat/object> |
//! | OpenAI responses | <https://platform.openai.com/docs/api-reference/responses/object> |
//! | Anthropic | <https://docs.anthropic.com/en/api/messages>, `usage`: the prompt is the sum of the three |
//! | DeepSeek | <https://api-docs.deepseek.com/guides/kv_cache>: hit and miss together are the prompt |
//! | Gemini | <https://ai.google.dev/api/generate-content#UsageMetadata>: thoughts and tools stand beside |
//! | Bedrock | <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html>, and the metrics of an invocation |
//! | Cohere | <https://docs.cohere.com/reference/chat-stream>: `usage.tokens`, `usage.billed_units` |
//! | Moonshot, Together | `usage.cached_tokens`: <https://platform.moonshot.ai/docs/api/chat>, <https://docs.together.ai/reference/chat-completions> |
//! | Mistral | <https://docs.mistral.ai/studio-api/conversations/advanced/prompt-caching> |
//! | Alibaba | <https://help.aliyun.com/en/model-studio/context-cache>: the details hold what the cache took too |
//! | OpenRouter | <https://openrouter.ai/docs/use-cases/usage-accounting> |
//! | xAI | <https://docs.x.ai/docs/key-information/consumption-and-rate-limits>: reasoning is beside, and in the total |
//! | llama.cpp | <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>: `timings`, where `usage` is missing |
//! | LiteLLM | <https://docs.litellm.ai/docs/completion/prompt_caching>: Anthropic's names beside a prompt that holds them |
//!
//! Groq, Fireworks, Cerebras, Z.ai, vLLM, SGLang, `transformers serve` and Perplexity spell as OpenAI does; Groq puts
//! the object into `x_groq` too. Where in an answer the object stands is not of this module.

use super::Count;

/// One member of a usage object, and what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling {
    /// The member that holds the object in which it stands; empty for the usage object itself.
    pub place: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub count: Count,
    /// Who spells it so.
    pub source: &'static str,
}

const fn row(place: &'static str, name: &'static str, count: Count, source: &'static str) -> Spelling {
    Spelling { place, name, count, source }
}

/// Every spelling that is read.
pub const SPELLINGS: &[Spelling] = &[
    row("", "prompt_tokens", Count::Prompt, "OpenAI chat"),
    row("", "completion_tokens", Count::Output, "OpenAI chat"),
    row("", "total_tokens", Count::Total, "OpenAI"),
    row("prompt_tokens_details", "cached_tokens", Count::Cached, "OpenAI chat"),
    row("completion_tokens_details", "reasoning_tokens", Count::Reasoning, "OpenAI chat, xAI"),
    row("", "input_tokens", Count::Input, "OpenAI responses, Anthropic"),
    row("", "output_tokens", Count::Output, "OpenAI responses, Anthropic"),
    row("input_tokens_details", "cached_tokens", Count::Cached, "OpenAI responses"),
    row("output_tokens_details", "reasoning_tokens", Count::Reasoning, "OpenAI responses"),
    row("", "cache_read_input_tokens", Count::CacheRead, "Anthropic, LiteLLM"),
    row("", "cache_creation_input_tokens", Count::CacheWrite, "Anthropic, LiteLLM"),
    row("cache_creation", "ephemeral_5m_input_tokens", Count::CacheWriteShort, "Anthropic"),
    row("cache_creation", "ephemeral_1h_input_tokens", Count::CacheWriteLong, "Anthropic"),
    row("", "prompt_cache_hit_tokens", Count::Cached, "DeepSeek"),
    row("", "prompt_cache_miss_tokens", Count::Uncached, "DeepSeek"),
    row("", "cached_tokens", Count::Cached, "Moonshot, Together"),
    row("", "reasoning_tokens", Count::Reasoning, "Perplexity, Together"),
    row("", "num_cached_tokens", Count::Cached, "Mistral"),
    row("prompt_token_details", "cached_tokens", Count::Cached, "Mistral"),
    row("prompt_tokens_details", "cache_read_tokens", Count::Cached, "OpenRouter"),
    row("input_tokens_details", "cache_read_tokens", Count::Cached, "OpenRouter"),
    row("", "promptTokenCount", Count::Prompt, "Gemini"),
    row("", "candidatesTokenCount", Count::Output, "Gemini"),
    row("", "thoughtsTokenCount", Count::Thoughts, "Gemini"),
    row("", "toolUsePromptTokenCount", Count::ToolPrompt, "Gemini"),
    row("", "cachedContentTokenCount", Count::Cached, "Gemini"),
    row("", "totalTokenCount", Count::Total, "Gemini"),
    row("", "inputTokens", Count::Input, "Bedrock"),
    row("", "outputTokens", Count::Output, "Bedrock"),
    row("", "totalTokens", Count::Total, "Bedrock"),
    row("", "cacheReadInputTokens", Count::CacheRead, "Bedrock"),
    row("", "cacheWriteInputTokens", Count::CacheWrite, "Bedrock"),
    row("", "inputTokenCount", Count::Input, "Bedrock, invocation metrics"),
    row("", "outputTokenCount", Count::Output, "Bedrock, invocation metrics"),
    row("", "cacheReadInputTokenCount", Count::CacheRead, "Bedrock, invocation metrics"),
    row("", "cacheWriteInputTokenCount", Count::CacheWrite, "Bedrock, invocation metrics"),
    row("tokens", "input_tokens", Count::Prompt, "Cohere"),
    row("tokens", "output_tokens", Count::Output, "Cohere"),
    row("billed_units", "input_tokens", Count::Prompt, "Cohere"),
    row("billed_units", "output_tokens", Count::Output, "Cohere"),
    row("", "prompt_n", Count::Uncached, "llama.cpp, timings"),
    row("", "cache_n", Count::Cached, "llama.cpp, timings"),
    row("", "predicted_n", Count::Output, "llama.cpp, timings"),
];

/// Headers of an answer that count something. Fireworks tells what its cache answered there, and not always in the body:
/// <https://docs.fireworks.ai/guides/prompt-caching>.
pub(super) const HEADERS: [(&str, Count); 2] =
    [("fireworks-prompt-tokens", Count::Prompt), ("fireworks-cached-prompt-tokens", Count::Cached)];

/// What this member counts.
pub(super) fn find(place: &[u8], name: &[u8]) -> Option<Count> {
    let is_it = |row: &&Spelling| row.name.as_bytes() == name && row.place.as_bytes() == place;
    SPELLINGS.iter().find(is_it).map(|row| row.count)
}

/// True where a member of this name holds counts.
pub(super) fn is_place(name: &[u8]) -> bool {
    SPELLINGS.iter().any(|row| !row.place.is_empty() && row.place.as_bytes() == name)
}

/// The name without its quotes.
pub(super) fn bare(key: &[u8]) -> &[u8] {
    key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_has_one_meaning_and_a_source_that_the_table_names() {
        let page = include_str!("spellings.rs");
        let table: String = page.lines().filter(|line| line.starts_with("//!")).collect();
        for (at, row) in SPELLINGS.iter().enumerate() {
            assert_eq!(find(row.place.as_bytes(), row.name.as_bytes()), Some(row.count));
            let is_twice = SPELLINGS[..at].iter().any(|other| (other.place, other.name) == (row.place, row.name));
            assert!(!is_twice, "{row:?}");
            for who in row.source.split(", ") {
                let who = who.split(' ').next().unwrap();
                assert!(table.contains(who) || who == "invocation" || who == "timings", "{row:?}");
            }
        }
    }
}
