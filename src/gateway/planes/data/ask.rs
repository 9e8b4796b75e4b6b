//! What a request's body asks for, and the body as it goes up: spliced, never printed anew. Pure.

use std::ops::Range;

use bytes::Bytes;

use crate::gateway::json::{self, Malformed};
use crate::gateway::usage::PromptWatch;

/// What the gateway must know of a body. All else is the upstream's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// The slug.
    pub(super) model: String,
    model_at: Range<usize>,
    /// True where the body says so; an upstream may answer otherwise.
    pub(super) is_stream: bool,
    options: Options,
    /// Just behind the opening brace.
    body_start: usize,
    /// About how many tokens the prompt is.
    pub(super) prompt_tokens: u64,
    /// How many choices the answer shall have.
    pub(super) choices: u32,
}

/// What `stream_options` says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Options {
    Absent,
    Null(Range<usize>),
    /// Where `include_usage` stands and whether it is true, the place behind the opening brace, and whether there are
    /// members at all.
    Object {
        include_usage: Option<Range<usize>>,
        is_asked: bool,
        start: usize,
        is_empty: bool,
    },
}

/// A body for the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spliced {
    /// The pieces, in order.
    pub(super) pieces: Vec<Bytes>,
    /// True where usage is asked of the upstream that the caller did not ask for, and must not see.
    pub(super) usage_is_hidden: bool,
}

/// The names that mean something to the gateway. They must not come twice or in another spelling: an upstream that
/// reads the other one would serve what was never judged.
const JUDGED: [&str; 3] = ["model", "stream", "stream_options"];
/// The same for the member of `stream_options`.
const INCLUDE_USAGE: &str = "include_usage";

/// Bodies up to this size go up in one piece: a copy is cheaper than a longer list of buffers.
const ONE_PIECE_BYTES_MAX: usize = 16 * 1024;

impl Ask {
    /// Reads a body: a JSON object with one string `model`.
    pub(super) fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut values: [Option<Range<usize>>; 3] = [None, None, None];
        let mut is_ambiguous = false;
        let (mut prompt, mut choices) = (PromptWatch::default(), Choices::default());
        json::members_watched(body, &mut prompt, |member| {
            let key = body.get(member.key.clone()).and_then(json::string);
            let Some(key) = key else {
                // A key that is no Unicode text may be read as anything.
                is_ambiguous = true;
                return;
            };
            choices.note(&key, body, &member.value);
            for (name, value) in JUDGED.iter().zip(&mut values) {
                if folds_to(&key, name) {
                    is_ambiguous |= key != *name || value.is_some();
                    *value = Some(member.value.clone());
                }
            }
        })?;
        let [model_at, stream, options] = values;
        let model_at = model_at.filter(|_| !is_ambiguous).ok_or(Malformed)?;
        let model = body.get(model_at.clone()).and_then(json::string).ok_or(Malformed)?.into_owned();
        let is_stream = stream.map_or(Ok(false), |at| is_true(body.get(at).unwrap_or_default()))?;
        let options = options.map_or(Ok(Options::Absent), |at| Options::read(body, at))?;
        let body_start = body.iter().position(|byte| *byte == b'{').ok_or(Malformed)? + 1;
        let (prompt_tokens, choices) = (prompt.tokens(), choices.count());
        Ok(Self { model, model_at, is_stream, options, body_start, prompt_tokens, choices })
    }

    /// The body for the upstream: with its name for the model where it has one, and with usage asked for where a
    /// stream would not tell it otherwise.
    pub(super) fn splice(&self, body: &Bytes, model: Option<&str>, must_ask_for_usage: bool) -> Spliced {
        let mut edits: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
        if let Some(model) = model.filter(|model| *model != self.model) {
            edits.push((self.model_at.clone(), json::quoted(model)));
        }
        let usage_is_hidden = must_ask_for_usage && self.is_stream && self.ask_for_usage(&mut edits);
        edits.sort_by_key(|(at, _)| at.start);
        Spliced { pieces: apply(body, &edits), usage_is_hidden }
    }

    /// Adds what asks for usage. False where the caller asked already, or nothing can be asked.
    fn ask_for_usage(&self, edits: &mut Vec<(Range<usize>, Vec<u8>)>) -> bool {
        match &self.options {
            Options::Absent => {
                let text = br#""stream_options":{"include_usage":true},"#;
                edits.push((self.body_start..self.body_start, text.to_vec()));
                true
            }
            Options::Null(at) => {
                edits.push((at.clone(), br#"{"include_usage":true}"#.to_vec()));
                true
            }
            Options::Object { is_asked: true, .. } => false,
            Options::Object { include_usage: Some(at), .. } => {
                edits.push((at.clone(), b"true".to_vec()));
                true
            }
            Options::Object { include_usage: None, start, is_empty, .. } => {
                let text: &[u8] = if *is_empty { br#""include_usage":true"# } else { br#""include_usage":true,"# };
                edits.push((*start..*start, text.to_vec()));
                true
            }
        }
    }
}

impl Options {
    fn read(body: &[u8], at: Range<usize>) -> Result<Self, Malformed> {
        match body.get(at.clone()) {
            Some(b"null") => Ok(Self::Null(at)),
            Some([b'{', ..]) => {
                let mut include_usage = None;
                let (mut is_empty, mut is_ambiguous) = (true, false);
                json::members_at(body, &at, |member| {
                    is_empty = false;
                    let key = body.get(member.key).and_then(json::string);
                    let Some(key) = key else {
                        is_ambiguous = true;
                        return;
                    };
                    if folds_to(&key, INCLUDE_USAGE) {
                        is_ambiguous |= key != INCLUDE_USAGE || include_usage.is_some();
                        include_usage = Some(member.value);
                    }
                })?;
                if is_ambiguous {
                    return Err(Malformed);
                }
                let is_asked =
                    include_usage.clone().map_or(Ok(false), |at| is_true(body.get(at).unwrap_or_default()))?;
                Ok(Self::Object { include_usage, is_asked, start: at.start + 1, is_empty })
            }
            _ => Err(Malformed),
        }
    }
}

/// A switch: true, or false and null for false. What else there is some servers take for true, and others refuse.
fn is_true(value: &[u8]) -> Result<bool, Malformed> {
    match value {
        b"true" => Ok(true),
        b"false" | b"null" => Ok(false),
        _ => Err(Malformed),
    }
}

/// How many choices are asked for: `n`, for each prompt of a list of them.
#[derive(Debug, Default)]
struct Choices {
    each: u32,
    prompts: u32,
}

impl Choices {
    fn note(&mut self, key: &str, body: &[u8], value: &Range<usize>) {
        let text = body.get(value.clone()).unwrap_or_default();
        match key {
            "n" => self.each = std::str::from_utf8(text).ok().and_then(|n| n.parse().ok()).unwrap_or(1),
            "prompt" if text.starts_with(b"[") => {
                let mut prompts = 0;
                // What was read a moment ago can be read again. A list of numbers is one prompt, in tokens.
                let _ = json::elements_at(body, value, |prompt| {
                    prompts += u32::from(matches!(body.get(prompt.start), Some(b'"' | b'[')));
                });
                self.prompts = prompts;
            }
            _ => {}
        }
    }

    fn count(&self) -> u32 {
        self.each.max(1).saturating_mul(self.prompts.max(1))
    }
}

/// True where a reader that ignores case would take the key for the name: ASCII, and the two letters outside it
/// that fold into it.
fn folds_to(key: &str, name: &str) -> bool {
    if key.is_ascii() {
        return key.eq_ignore_ascii_case(name);
    }
    let folded = key.chars().map(|letter| match letter {
        '\u{017f}' => 's',
        '\u{212a}' => 'k',
        letter => letter.to_ascii_lowercase(),
    });
    folded.eq(name.chars())
}

/// Applies edits that are sorted and do not overlap.
fn apply(body: &Bytes, edits: &[(Range<usize>, Vec<u8>)]) -> Vec<Bytes> {
    if edits.is_empty() {
        return vec![body.clone()];
    }
    let mut pieces = Vec::with_capacity(edits.len() * 2 + 1);
    let mut from = 0;
    for (at, text) in edits {
        pieces.push(body.slice(from..at.start));
        pieces.push(Bytes::copy_from_slice(text));
        from = at.end;
    }
    pieces.push(body.slice(from..));
    pieces.retain(|piece| !piece.is_empty());
    let total: usize = pieces.iter().map(Bytes::len).sum();
    if total <= ONE_PIECE_BYTES_MAX { vec![Bytes::from(pieces.concat())] } else { pieces }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spliced(body: &str, model: Option<&str>, must_ask: bool) -> (String, bool) {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let spliced = Ask::read(&bytes).unwrap().splice(&bytes, model, must_ask);
        (String::from_utf8(spliced.pieces.concat()).unwrap(), spliced.usage_is_hidden)
    }

    #[test]
    fn only_the_model_is_changed() {
        let body = "{ \"a\": 1.50e+3, \"model\" : \"my-org/glm\",\"x\":{\"model\":\"y\"},\"a\":[ ] }";
        let (up, is_hidden) = spliced(body, Some("glm \"5\""), true);
        assert_eq!(up, body.replace("\"my-org/glm\"", "\"glm \\\"5\\\"\""));
        assert!(!is_hidden);
        assert_eq!(spliced(body, None, true).0, body);
    }

    #[test]
    fn usage_is_asked_for_and_hidden_from_who_did_not_ask() {
        for (body, up, is_hidden) in [
            (
                r#"{"model":"a/b","stream":true}"#,
                r#"{"stream_options":{"include_usage":true},"model":"a/b","stream":true}"#,
                true,
            ),
            (
                r#"{"model":"a/b","stream":true,"stream_options":null}"#,
                r#"{"model":"a/b","stream":true,"stream_options":{"include_usage":true}}"#,
                true,
            ),
            (
                r#"{"stream_options":{},"model":"a/b","stream":true}"#,
                r#"{"stream_options":{"include_usage":true},"model":"a/b","stream":true}"#,
                true,
            ),
            (
                r#"{"stream_options":{"x":1},"model":"a/b","stream":true}"#,
                r#"{"stream_options":{"include_usage":true,"x":1},"model":"a/b","stream":true}"#,
                true,
            ),
            (
                r#"{"stream_options":{"include_usage":false},"model":"a/b","stream":true}"#,
                r#"{"stream_options":{"include_usage":true},"model":"a/b","stream":true}"#,
                true,
            ),
            (
                r#"{"stream_options":{"include_usage":true},"model":"a/b","stream":true}"#,
                r#"{"stream_options":{"include_usage":true},"model":"a/b","stream":true}"#,
                false,
            ),
            (
                r#"{"stream_options":{"include_usage":null},"model":"a/b","stream":true}"#,
                r#"{"stream_options":{"include_usage":true},"model":"a/b","stream":true}"#,
                true,
            ),
            (r#"{"model":"a/b","stream":null}"#, r#"{"model":"a/b","stream":null}"#, false),
            (r#"{"model":"a/b","stream":false}"#, r#"{"model":"a/b","stream":false}"#, false),
        ] {
            assert_eq!(spliced(body, None, true), (up.to_owned(), is_hidden), "{body}");
            assert_eq!(spliced(body, None, false), (body.to_owned(), false));
        }
    }

    #[test]
    fn a_body_without_one_exact_model_is_refused() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"model":1}"#,
            r#"{"model":null}"#,
            r#"{"Model":"a/b"}"#,
            r#"{"model":"a/b","model":"a/c"}"#,
            r#"{"model":"a/b","MODEL":"a/c"}"#,
            r#"{"model":"a/b","mod\u0065l":"a/c"}"#,
            r#"{"model":"a/b"}x"#,
            r#"{"model":"a/b\ud800"}"#,
            r#"{"model":"a/b","stream":true,"stream":false}"#,
            r#"{"model":"a/b","Stream":true}"#,
            "{\"model\":\"a/b\",\"\u{17f}tream\":true}",
            r#"{"model":"a/b","Stream_Options":{}}"#,
            r#"{"model":"a/b","stream":1}"#,
            r#"{"model":"a/b","stream":1.0}"#,
            r#"{"model":"a/b","stream":"true"}"#,
            r#"{"model":"a/b","stream":[]}"#,
            r#"{"model":"a/b","stream_options":7}"#,
            r#"{"model":"a/b","stream_options":"x"}"#,
            r#"{"model":"a/b","stream_options":[]}"#,
            r#"{"model":"a/b","stream_options":false}"#,
            r#"{"model":"a/b","stream_options":{"include_usage":1}}"#,
            r#"{"model":"a/b","stream_options":{"include_usage":"true"}}"#,
            r#"{"model":"a/b","stream_options":{"Include_Usage":true}}"#,
            r#"{"model":"a/b","stream_options":{"include_usage":true,"include_usage":true}}"#,
            r#"{"model":"a/b","stream_options":{"include_usage":true,"include_u\u0073age":true}}"#,
        ] {
            assert_eq!(Ask::read(body.as_bytes()), Err(Malformed), "{body}");
        }
        assert_eq!(Ask::read(b"{\"model\":\"a/\xff\"}"), Err(Malformed));
        assert_eq!(Ask::read(b"{\"model\":\"a/b\",\"\xff\":1}"), Err(Malformed));
        assert_eq!(Ask::read(br#"{"mod\u0065l":"a\/b"}"#).unwrap().model, "a/b");
    }

    #[test]
    fn the_choices_that_are_asked_for_are_counted() {
        for (members, choices) in [
            ("\"x\":1", 1),
            ("\"n\":3", 3),
            ("\"n\":null", 1),
            ("\"n\":-1", 1),
            ("\"prompt\":\"a\"", 1),
            ("\"prompt\":[\"a\",\"b\"],\"n\":2", 4),
            ("\"prompt\":[1,2,3]", 1),
            ("\"prompt\":[[1,2],[3]]", 2),
        ] {
            let body = format!("{{\"model\":\"a/b\",{members}}}");
            assert_eq!(Ask::read(body.as_bytes()).unwrap().choices, choices, "{body}");
        }
    }

    proptest! {
        #[test]
        fn unknown_fields_and_number_spellings_stay(
            before in r#"("[a-d]":(1\.0|-0|1e5|"m\\\\"|\[1, 2\]|\{"model":1\}) ?, ?){0,3}"#,
            after in r#"( ?, ?"[e-h]":(0\.10|"é"|null)){0,3}"#,
        ) {
            let body = format!("{{{before}\"model\":\"a/b\"{after}}}");
            let (up, _) = spliced(&body, Some("other"), false);
            prop_assert_eq!(up, body.replace("\"a/b\"", "\"other\""));
        }
    }
}
