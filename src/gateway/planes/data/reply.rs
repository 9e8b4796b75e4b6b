//! What an upstream's JSON says, and the same with the slug put back: one pass, spliced. Pure.

use std::ops::Range;

use serde::Deserialize;

use super::json::{self, Malformed};
use crate::api::EventTokens;

/// The tokens that an answer told, as far as it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    input: Option<u64>,
    output: Option<u64>,
    cached: Option<u64>,
}

/// What one JSON object of an answer was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// What it told of usage.
    pub(super) usage: Usage,
    /// True where it carries nothing but usage: the chunk that `include_usage` adds to a stream.
    pub(super) is_usage_alone: bool,
    /// True where it carries a piece of the answer.
    pub(super) is_piece: bool,
    /// True where it is its stream's last.
    pub(super) is_last: bool,
}

/// How an answer is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rewrite {
    /// The slug as a JSON string.
    pub(super) slug: Vec<u8>,
    /// True where the caller must not see usage that the gateway asked for.
    pub(super) usage_is_hidden: bool,
}

impl Usage {
    /// Takes over what the other one tells: counts of a stream are running totals.
    pub(super) fn merge(&mut self, later: Self) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
        self.cached = later.cached.or(self.cached);
    }

    /// True where nothing was told.
    pub(super) fn is_unknown(&self) -> bool {
        self.input.is_none() && self.output.is_none()
    }

    /// What is charged; what was not told is taken from the estimate.
    pub(super) fn tokens(&self, estimate: EventTokens) -> EventTokens {
        EventTokens {
            input_tokens: self.input.unwrap_or(estimate.input_tokens),
            output_tokens: self.output.unwrap_or(estimate.output_tokens),
            cached_input_tokens: self.cached.unwrap_or_default(),
        }
    }

    /// The larger of what was told and what was seen pass, for a stream that was cut before it told its end.
    pub(super) fn at_least_output(&mut self, pieces: u64) {
        if let Some(output) = &mut self.output {
            *output = (*output).max(pieces);
        }
    }
}

impl Rewrite {
    /// Writes the object with the slug put back to `out` and says what it was. What is not a JSON object is written
    /// as it is.
    pub(super) fn apply(&self, text: &[u8], out: &mut Vec<u8>) -> Seen {
        let mut found = Found::default();
        if found.read(text).is_err() {
            out.extend_from_slice(text);
            return Seen::default();
        }
        let mut from = 0;
        found.edits.sort_by_key(|(at, _)| at.start);
        for (at, edit) in &found.edits {
            let text_before = text.get(from..at.start).unwrap_or_default();
            match edit {
                Edit::Model => {
                    out.extend_from_slice(text_before);
                    out.extend_from_slice(&self.slug);
                    from = at.end;
                }
                Edit::Usage if self.usage_is_hidden => {
                    out.extend_from_slice(text_before);
                    from = at.end;
                }
                Edit::Usage => {}
            }
        }
        out.extend_from_slice(text.get(from..).unwrap_or_default());
        found.seen
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Model,
    /// The member with the comma that goes with it.
    Usage,
}

#[derive(Debug, Default)]
struct Found {
    edits: Vec<(Range<usize>, Edit)>,
    seen: Seen,
}

impl Found {
    fn read(&mut self, text: &[u8]) -> Result<(), Malformed> {
        let mut nested = None;
        let mut choices = None;
        let mut kind: &[u8] = b"";
        let mut usage_member = None;
        let mut previous_end = None;
        let mut next_start = None;
        json::members(text, |member| {
            if usage_member.is_some() && next_start.is_none() {
                next_start = Some(member.key.start);
            }
            let value = text.get(member.value.clone()).unwrap_or_default();
            match text.get(member.key.clone()).unwrap_or_default() {
                b"\"model\"" if value.starts_with(b"\"") => self.edits.push((member.value.clone(), Edit::Model)),
                b"\"usage\"" => {
                    self.seen.usage.merge(Usage::read(value));
                    usage_member = Some((previous_end, member.key.start..member.value.end));
                }
                b"\"choices\"" => choices = Some(value),
                b"\"type\"" => kind = value,
                b"\"response\"" | b"\"message\"" if value.starts_with(b"{") => nested = Some(member.value.clone()),
                _ => {}
            }
            previous_end = Some(member.value.end);
        })?;
        if let Some(at) = nested {
            json::members_at(text, &at, |member| {
                let value = text.get(member.value.clone()).unwrap_or_default();
                match text.get(member.key.clone()).unwrap_or_default() {
                    b"\"model\"" if value.starts_with(b"\"") => self.edits.push((member.value.clone(), Edit::Model)),
                    b"\"usage\"" => self.seen.usage.merge(Usage::read(value)),
                    _ => {}
                }
            })?;
        }
        if let Some((before, at)) = usage_member {
            let whole = match (before, next_start) {
                (_, Some(next)) => at.start..next,
                (Some(before), None) => before..at.end,
                (None, None) => at,
            };
            self.edits.push((whole, Edit::Usage));
        }
        let has_choices = choices.is_some_and(|value| !is_empty_array(value));
        self.seen.is_usage_alone = choices.is_some() && !has_choices && !self.seen.usage.is_unknown();
        self.seen.is_piece = has_choices || kind.ends_with(b".delta\"") || kind == b"\"content_block_delta\"";
        self.seen.is_last = matches!(
            kind,
            b"\"message_stop\"" | b"\"response.completed\"" | b"\"response.failed\"" | b"\"response.incomplete\""
        );
        Ok(())
    }
}

fn is_empty_array(value: &[u8]) -> bool {
    value.iter().filter(|byte| !byte.is_ascii_whitespace()).eq(b"[]")
}

/// The spellings of usage in the dialects.
#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<WireDetails>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_details: Option<WireDetails>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct WireDetails {
    cached_tokens: Option<u64>,
}

impl Usage {
    fn read(value: &[u8]) -> Self {
        if !value.starts_with(b"{") {
            return Self::default();
        }
        let Ok(wire) = serde_json::from_slice::<WireUsage>(value) else { return Self::default() };
        // Anthropic counts what a cache answered apart from the input, OpenAI within it.
        let beside =
            wire.cache_creation_input_tokens.unwrap_or(0).saturating_add(wire.cache_read_input_tokens.unwrap_or(0));
        let details = wire.prompt_tokens_details.or(wire.input_tokens_details);
        Self {
            input: wire.prompt_tokens.or(wire.input_tokens).map(|tokens| tokens.saturating_add(beside)),
            output: wire.completion_tokens.or(wire.output_tokens),
            cached: details.and_then(|details| details.cached_tokens).or(wire.cache_read_input_tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rewrite(text: &str, usage_is_hidden: bool) -> (String, Seen) {
        let mut out = Vec::new();
        let seen = Rewrite { slug: b"\"my-org/glm\"".to_vec(), usage_is_hidden }.apply(text.as_bytes(), &mut out);
        (String::from_utf8(out).unwrap(), seen)
    }

    fn tokens(seen: Seen) -> (u64, u64, u64) {
        let tokens = seen.usage.tokens(EventTokens::default());
        (tokens.input_tokens, tokens.output_tokens, tokens.cached_input_tokens)
    }

    #[test]
    fn the_slug_is_put_back_and_nothing_else_changes() {
        let text = r#"{ "id":1.0,"model" : "glm","choices":[{"model":"x"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2}} }"#;
        let (out, seen) = rewrite(text, false);
        assert_eq!(out, text.replace("\"glm\"", "\"my-org/glm\""));
        assert_eq!(tokens(seen), (3, 4, 2));
        assert!(seen.is_piece && !seen.is_usage_alone);
    }

    #[test]
    fn nested_models_of_events_are_put_back() {
        let start = r#"{"type":"message_start","message":{"model":"claude","usage":{"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":1}}}"#;
        let (out, seen) = rewrite(start, false);
        assert_eq!(out, start.replace("claude", "my-org/glm"));
        assert_eq!(tokens(seen), (12, 1, 7));
        let last =
            r#"{"type":"response.completed","response":{"model":"gpt","usage":{"input_tokens":5,"output_tokens":6}}}"#;
        let (out, seen) = rewrite(last, false);
        assert_eq!(out, last.replace("gpt", "my-org/glm"));
        assert!(seen.is_last && tokens(seen) == (5, 6, 0));
    }

    #[test]
    fn hidden_usage_leaves_no_trace() {
        for (text, hidden) in [
            (r#"{"choices":[1],"usage":null}"#, r#"{"choices":[1]}"#),
            (r#"{"usage":null,"choices":[1]}"#, r#"{"choices":[1]}"#),
            (r#"{"choices":[1], "usage": {"prompt_tokens":1} , "z":2}"#, r#"{"choices":[1], "z":2}"#),
            (r#"{"usage":null}"#, "{}"),
        ] {
            assert_eq!(rewrite(text, true).0, hidden);
            assert_eq!(rewrite(text, false).0, text);
        }
        let alone = rewrite(r#"{"choices": [ ],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#, true).1;
        assert!(alone.is_usage_alone && !alone.is_piece);
        assert!(!rewrite(r#"{"choices":[],"usage":null}"#, true).1.is_usage_alone);
    }

    proptest! {
        /// Members that mean nothing to the gateway, before, between and behind those that do.
        #[test]
        fn whatever_else_an_answer_holds_passes_byte_by_byte(
            others in prop::collection::vec(
                r#"[ \n\t]{0,2}"[a-l]{1,3}"[ ]{0,2}:[ ]{0,2}(1\.50|-0|1E\+5|1e400|null|"m\\"o\\u00e9"|"é,}"|\[1 , \{"model":"x"\}\]|\{"usage":\{\},"model" : 1\})[ \r]{0,2}"#,
                0..6,
            ),
            model_at in any::<prop::sample::Index>(),
            usage_at in any::<prop::sample::Index>(),
        ) {
            let answer = |model: &str| {
                let mut members = others.clone();
                members.insert(usage_at.index(members.len() + 1), r#""usage": {"prompt_tokens":1,"x":2.0}"#.to_owned());
                members.insert(model_at.index(members.len() + 1), format!("\"model\" :{model}"));
                format!(" {{{}}}\n", members.join(","))
            };
            let (out, seen) = rewrite(&answer("\"gl\\u006d\""), false);
            prop_assert_eq!(out, answer("\"my-org/glm\""));
            prop_assert_eq!(tokens(seen), (1, 0, 0));
        }
    }

    #[test]
    fn what_is_no_object_passes() {
        for text in ["", "[DONE]", "{\"model\":\"x\"", "\u{0}garbage"] {
            assert_eq!(rewrite(text, true), (text.to_owned(), Seen::default()));
        }
    }
}
