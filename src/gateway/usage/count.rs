//! The counts that usage is made of, and how one is read.

/// Every count that an upstream can tell, apart from how it is spelled.
///
/// What stands inside of what is not part of it: that shows only in the counts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// The prompt, with what a cache answered or took.
    Prompt,
    /// The prompt in the dialects in which what a cache answered or took mostly stands beside it.
    Input,
    /// What of the prompt no cache answered.
    Uncached,
    /// What of the prompt a cache answered; stands inside it.
    Cached,
    /// What a cache answered; stands inside [`Count::Prompt`] and beside [`Count::Input`].
    CacheRead,
    /// What a cache took; stands as [`Count::CacheRead`] does.
    CacheWrite,
    /// The part of [`Count::CacheWrite`] that is kept for minutes.
    CacheWriteShort,
    /// The part of [`Count::CacheWrite`] that is kept for an hour.
    CacheWriteLong,
    /// What tools added to the prompt; stands beside it.
    ToolPrompt,
    /// The answer.
    Output,
    /// What the model thought; stands inside [`Count::Output`] or beside it.
    Reasoning,
    /// What the model thought; stands beside [`Count::Output`].
    Thoughts,
    /// Prompt and answer together.
    Total,
}

/// How many counts there are.
pub(super) const COUNTS: usize = Count::Total as usize + 1;

/// No request uses more tokens: what is larger is no count.
const TOKENS_MAX: u64 = 1_000_000_000_000;

/// A count as it stands in JSON: a whole number that is not negative, also as `3.0`, `3e0` or `"3"`. `None` for all else.
pub(super) fn read(value: &[u8]) -> Option<u64> {
    let unquoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let text = std::str::from_utf8(unquoted.unwrap_or(value).trim_ascii()).ok()?;
    if !text.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return None;
    }
    let tokens = text.parse::<u64>().ok().or_else(|| whole(text.parse().ok()?))?;
    (tokens <= TOKENS_MAX).then_some(tokens)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "it is whole and within the bounds"
)]
fn whole(number: f64) -> Option<u64> {
    let is_count = number.fract() == 0.0 && (0.0..=TOKENS_MAX as f64).contains(&number);
    is_count.then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_counts_however_they_are_spelled() {
        for (text, tokens) in [
            ("0", 0),
            ("-0", 0),
            ("3", 3),
            ("100.0", 100),
            ("1e2", 100),
            ("1.5e1", 15),
            ("\"3\"", 3),
            ("\" 3.0\"", 3),
            ("1000000000000", TOKENS_MAX),
        ] {
            assert_eq!(read(text.as_bytes()), Some(tokens), "{text}");
        }
        for text in [
            "",
            "-1",
            "1.5",
            "1e30",
            "1e400",
            "1000000000001",
            "null",
            "true",
            "[]",
            "{}",
            "\"\"",
            "\"three\"",
            "\"inf\"",
            "\"NaN\"",
            "\"+3\"",
            "\"-3\"",
            "[3]",
            "18446744073709551616",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
