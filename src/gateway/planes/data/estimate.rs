//! About how many tokens a prompt has, where nobody tells. Pure.

use serde_json::Value;

/// About how many letters make a token.
const LETTERS_PER_TOKEN: usize = 4;
/// What an image or a file is taken for, however many bytes it has: about what a picture of a megapixel costs.
const MEDIUM_TOKENS: usize = 1_500;
/// The members of a request that a model reads.
const READ: [&str; 7] = ["system", "instructions", "messages", "input", "prompt", "tools", "tool_choice"];
/// Parts that stand for a medium, by their `type`.
const MEDIA: [&str; 7] = ["image", "image_url", "input_image", "document", "file", "input_file", "input_audio"];

/// The letters that a model would read, as tokens; at least one. What is no JSON has none.
pub(super) fn prompt_tokens(body: &[u8]) -> usize {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut seen = Seen::default();
    READ.iter().filter_map(|name| body.get(name)).for_each(|part| seen.look_at(part));
    (seen.letters.div_ceil(LETTERS_PER_TOKEN) + seen.media * MEDIUM_TOKENS).max(1)
}

#[derive(Default)]
struct Seen {
    letters: usize,
    media: usize,
}

impl Seen {
    fn look_at(&mut self, part: &Value) {
        match part {
            Value::String(text) => self.letters += text.chars().count(),
            Value::Array(parts) => parts.iter().for_each(|part| self.look_at(part)),
            Value::Object(members) => {
                let kind = members.get("type").and_then(Value::as_str);
                if kind.is_some_and(|kind| MEDIA.contains(&kind)) {
                    self.media += 1;
                } else {
                    members.values().for_each(|part| self.look_at(part));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => self.letters += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_count_and_the_bytes_of_a_picture_do_not() {
        let tokens = |body: Value| prompt_tokens(body.to_string().as_bytes());
        let text = "x".repeat(4_000);
        assert!((1_000..1_010).contains(&tokens(serde_json::json!({"messages": [{"role": "user", "content": text}]}))));
        let source = serde_json::json!({"type": "base64", "data": "A".repeat(1_000_000)});
        let image = serde_json::json!({"type": "image", "source": source});
        let with_image = tokens(serde_json::json!({"messages": [{"role": "user", "content": [image]}]}));
        assert!((1_500..1_510).contains(&with_image), "{with_image}");
        assert_eq!((prompt_tokens(b"{}"), prompt_tokens(b"junk")), (1, 1));
    }
}
