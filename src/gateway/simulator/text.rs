//! What simulated models say, and how many tokens it is. Pure and the same each time.

/// The longest token, in characters.
const TOKEN_CHARS_MAX: usize = 8;
/// How much of a prompt is said back, in characters.
const ECHO_CHARS_MAX: usize = 60;

/// The tokens of a text: words with the space before them, long ones in parts. Joined they are the text.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut chars = 0;
    let mut was_space = false;
    for (at, letter) in text.char_indices() {
        let begins_word = letter.is_whitespace() && !was_space;
        if at > start && (begins_word || chars >= TOKEN_CHARS_MAX) {
            tokens.extend(text.get(start..at));
            start = at;
            chars = 0;
        }
        was_space = letter.is_whitespace();
        chars += 1;
    }
    tokens.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    tokens
}

/// The answer of the model with this title to this prompt.
pub(super) fn answer(title: &str, prompt: &str) -> String {
    let echo: String = prompt.chars().take(ECHO_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let ellipsis = if prompt.chars().nth(ECHO_CHARS_MAX).is_some() { "…" } else { "" };
    let echo = echo.trim();
    let said = if echo.is_empty() { "nothing".to_owned() } else { format!("\u{201c}{echo}{ellipsis}\u{201d}") };
    format!("This is {title}, simulated. You said {said}. Every answer to the same words is the same.")
}

/// A vector of this many numbers between -1 and 1 for a text: the same for the same text.
pub(super) fn embedding(text: &str, dimensions: usize) -> Vec<f64> {
    // FNV-1a over the text, then a generator that is seeded by it.
    let seed = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut state = seed | 1;
    (0..dimensions)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // Sixteen bits are exact in a double.
            f64::from(u16::try_from(state >> 48).unwrap_or_default()) / 32_768.0 - 1.0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_joined_are_the_text() {
        for text in ["", " ", "one two  three", "supercalifragilistic é\u{1f600} x", "\n\na\tb"] {
            assert_eq!(tokens(text).concat(), text);
        }
        assert_eq!(tokens("one two extraordinary"), ["one", " two", " extraor", "dinary"]);
    }

    #[test]
    fn an_answer_names_the_model_and_the_prompt() {
        let said = answer("GLM (m, production)", "hello");
        assert!(said.contains("GLM (m, production)") && said.contains("“hello”"));
        assert_eq!(said, answer("GLM (m, production)", "hello"));
    }

    #[test]
    fn embeddings_differ_by_text() {
        assert_eq!(embedding("a", 8), embedding("a", 8));
        assert_ne!(embedding("a", 8), embedding("b", 8));
        assert!(embedding("a", 256).iter().all(|number| (-1.0..1.0).contains(number)));
    }
}
