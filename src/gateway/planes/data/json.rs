//! Finding members of a JSON object without parsing it: offsets into the bytes, so that what was judged is what
//! travels. Pure.
//!
//! [`members`] walks the members of one object and hands out their keys and values as ranges. What is nested is
//! checked for balance and skipped, iteratively: depth costs a bit, not stack. Strings are skipped with `memchr`, so
//! a long prompt costs next to nothing.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

/// The deepest nesting that is read.
const DEPTH_MAX: usize = 512;

/// The text is not one JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// One member of an object, by offsets into the whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// With its quotes.
    pub(super) key: Range<usize>,
    /// With its quotes, where it is a string.
    pub(super) value: Range<usize>,
}

/// Calls `visit` for each member of the object that the text is, in order. Only white space may stand around it.
pub(super) fn members(text: &[u8], visit: impl FnMut(Member)) -> Result<(), Malformed> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_space();
    scanner.object(visit)?;
    scanner.skip_space();
    if scanner.at == text.len() { Ok(()) } else { Err(Malformed) }
}

/// Calls `visit` for each member of the object at this range of the text; offsets are into the whole text.
pub(super) fn members_at(text: &[u8], range: &Range<usize>, visit: impl FnMut(Member)) -> Result<(), Malformed> {
    let text = text.get(..range.end).ok_or(Malformed)?;
    let mut scanner = Scanner { text, at: range.start };
    scanner.object(visit)
}

/// What a string says, its quotes and escapes undone. `None` where it is no string, or not one of Unicode.
pub(super) fn string(quoted: &[u8]) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if memchr::memchr(b'\\', inner).is_none() {
        return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    serde_json::from_slice::<String>(quoted).ok().map(Cow::Owned)
}

/// The text as a JSON string.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    // Writing a string to memory cannot fail.
    serde_json::to_vec(text).unwrap_or_default()
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

/// What may come next inside a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// A value, or the end of an empty array.
    ValueOrEnd,
    Key,
    /// A key, or the end of an empty object.
    KeyOrEnd,
    /// A comma, or the end of what is open.
    CommaOrEnd,
}

/// Which brackets are open: a bit each, set for an object.
struct Open {
    bits: [u64; DEPTH_MAX / 64],
    depth: usize,
}

impl Open {
    fn push(&mut self, is_object: bool) -> Result<(), Malformed> {
        let word = self.bits.get_mut(self.depth / 64).ok_or(Malformed)?;
        let bit = 1 << (self.depth % 64);
        if is_object {
            *word |= bit;
        } else {
            *word &= !bit;
        }
        self.depth += 1;
        Ok(())
    }

    fn innermost_is_object(&self) -> bool {
        let top = self.depth.saturating_sub(1);
        self.bits.get(top / 64).is_some_and(|word| word & (1 << (top % 64)) != 0)
    }
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn object(&mut self, mut visit: impl FnMut(Member)) -> Result<(), Malformed> {
        self.take(b'{')?;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            self.skip_space();
            self.take(b':')?;
            self.skip_space();
            let start = self.at;
            self.value()?;
            visit(Member { key, value: start..self.at });
            self.skip_space();
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                return self.take(b'}');
            }
        }
    }

    fn string(&mut self) -> Result<Range<usize>, Malformed> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            let rest = self.text.get(self.at..).ok_or(Malformed)?;
            let found = memchr2(b'"', b'\\', rest).ok_or(Malformed)?;
            self.at += found;
            if self.peek() == Some(b'"') {
                self.at += 1;
                return Ok(start..self.at);
            }
            // A backslash and what it escapes.
            self.at += 2;
        }
    }

    /// A number or a word.
    fn scalar(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.') = self.peek() {
            self.at += 1;
        }
        match self.text.get(start..self.at) {
            Some(b"true" | b"false" | b"null" | [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..]) => Ok(()),
            _ => Err(Malformed),
        }
    }

    fn value(&mut self) -> Result<(), Malformed> {
        let mut open = Open { bits: [0; DEPTH_MAX / 64], depth: 0 };
        let mut next = Next::Value;
        loop {
            self.skip_space();
            next = match (next, self.peek().ok_or(Malformed)?) {
                (Next::Value | Next::ValueOrEnd, b'{') => {
                    self.at += 1;
                    open.push(true)?;
                    Next::KeyOrEnd
                }
                (Next::Value | Next::ValueOrEnd, b'[') => {
                    self.at += 1;
                    open.push(false)?;
                    Next::ValueOrEnd
                }
                (Next::KeyOrEnd | Next::Key, b'"') => {
                    self.string()?;
                    self.skip_space();
                    self.take(b':')?;
                    Next::Value
                }
                (Next::CommaOrEnd, b',') => {
                    self.at += 1;
                    if open.innermost_is_object() { Next::Key } else { Next::Value }
                }
                (Next::KeyOrEnd | Next::CommaOrEnd, b'}') if open.innermost_is_object() => self.close(&mut open),
                (Next::ValueOrEnd | Next::CommaOrEnd, b']') if !open.innermost_is_object() => self.close(&mut open),
                (Next::Value | Next::ValueOrEnd, b'"') => {
                    self.string()?;
                    Next::CommaOrEnd
                }
                (Next::Value | Next::ValueOrEnd, _) => {
                    self.scalar()?;
                    Next::CommaOrEnd
                }
                _ => return Err(Malformed),
            };
            if open.depth == 0 && next == Next::CommaOrEnd {
                return Ok(());
            }
        }
    }

    fn close(&mut self, open: &mut Open) -> Next {
        self.at += 1;
        open.depth -= 1;
        Next::CommaOrEnd
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(text: &str) -> Result<Vec<String>, Malformed> {
        let mut keys = Vec::new();
        members(text.as_bytes(), |member| keys.push(text[member.key].to_owned()))?;
        Ok(keys)
    }

    #[test]
    fn members_are_found_by_their_offsets() {
        let text = r#" {"a" : [1,{"model":"x"},"]"], "b\"":-1.5e3,"c":"\\","d":{},"e":[]} "#;
        assert_eq!(keys(text).unwrap(), [r#""a""#, r#""b\"""#, r#""c""#, r#""d""#, r#""e""#]);
    }

    #[test]
    fn what_is_not_one_object_is_malformed() {
        for text in [
            "",
            " ",
            "[]",
            "1",
            "{",
            "}",
            "{}}",
            "{} x",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":[1,]}",
            "{\"a\":[}",
            "{\"a\":{]}",
            "{\"a\":NaN}",
            "{\"a\":\"",
            "{\"a\":\"\\",
            "{a:1}",
            "{\"a\":1 2}",
            "\u{feff}{}",
            "{\"a\":[1,}]}",
            "{\"a\":{\"b\"}}",
            "{\"a\":{,}}",
        ] {
            assert_eq!(keys(text), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn depth_has_an_end_and_costs_no_stack() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(keys(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(keys(&nested(DEPTH_MAX + 1)), Err(Malformed));
        assert_eq!(keys(&nested(1_000_000)), Err(Malformed));
    }

    proptest! {
        #[test]
        fn whatever_serde_reads_as_an_object_is_read(value in any_object()) {
            for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
                let mut found = serde_json::Map::new();
                members(text.as_bytes(), |member| {
                    let key = string(&text.as_bytes()[member.key]).unwrap().into_owned();
                    found.insert(key, serde_json::from_str(&text[member.value]).unwrap());
                }).unwrap();
                prop_assert_eq!(serde_json::Value::Object(found), value.clone());
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(prop::sample::select(b"{}[]\",:\\ a1-tn\xff".to_vec()), 0..40)) {
            let _ = members(&bytes, |_| ());
        }

        #[test]
        fn what_serde_refuses_at_the_top_is_refused(text in r#"[{}\[\]",: a1]{0,12}"#) {
            if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_ok() {
                prop_assert!(members(text.as_bytes(), |_| ()).is_ok());
            }
        }
    }

    fn any_object() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            ".{0,8}".prop_map(serde_json::Value::from),
        ];
        let value = leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                proptest::collection::hash_map(".{0,6}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        });
        proptest::collection::hash_map(".{0,6}", value, 0..5)
            .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
    }
}
