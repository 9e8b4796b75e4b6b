//! Finding members of a JSON object without parsing it: offsets into the bytes, so that what was judged is what
//! travels. Pure.
//!
//! [`members`] walks the members of one object and hands out their keys and values as ranges. What is nested is
//! checked for balance and skipped, iteratively: depth costs a bit, not stack. Strings are skipped with `memchr`, so
//! a long prompt costs next to nothing. Whoever wants to know of the nested strings too looks on ([`Watch`]) while
//! they are passed over, in the same pass.

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

/// Looks on while values are passed over. The default sees nothing and costs nothing.
pub(super) trait Watch {
    /// False where nobody needs [`Text::bytes`]: then escapes are passed over without a look.
    const MEASURES: bool = true;

    /// The value of this member of the outermost object comes next. The key has its quotes.
    fn enter(&mut self, _key: &[u8]) {}
    /// A key below that member, with its quotes.
    fn key(&mut self, _key: &[u8]) {}
    /// A string that is a value.
    fn string(&mut self, _string: Text<'_>) {}
    /// A number or a word that is a value.
    fn scalar(&mut self, _is_in_array: bool) {}
}

impl Watch for () {
    const MEASURES: bool = false;
}

/// A string as a [`Watch`] sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text<'a> {
    /// The key that it is the value of, with its quotes; empty in an array, and for a member of the outermost object.
    pub(super) key: &'a [u8],
    /// Between its quotes, escapes as they stand.
    pub(super) inner: &'a [u8],
    /// How many bytes it has in UTF-8 once its escapes are undone.
    pub(super) bytes: usize,
}

/// Calls `visit` for each member of the object that the text is, in order. Only white space may stand around it.
pub(super) fn members(text: &[u8], visit: impl FnMut(Member)) -> Result<(), Malformed> {
    members_watched(text, &mut (), visit)
}

/// The same, and `watch` looks on.
pub(super) fn members_watched(text: &[u8], watch: &mut impl Watch, visit: impl FnMut(Member)) -> Result<(), Malformed> {
    let mut scanner = Scanner { text, at: 0, watch, surplus: 0 };
    scanner.skip_space();
    scanner.object(visit)?;
    scanner.skip_space();
    if scanner.at == text.len() { Ok(()) } else { Err(Malformed) }
}

/// Calls `visit` for each member of the object at this range of the text; offsets are into the whole text.
pub(super) fn members_at(text: &[u8], range: &Range<usize>, visit: impl FnMut(Member)) -> Result<(), Malformed> {
    let text = text.get(..range.end).ok_or(Malformed)?;
    let mut scanner = Scanner { text, at: range.start, watch: &mut (), surplus: 0 };
    scanner.object(visit)
}

/// Calls `visit` for each element of the array at this range of the text; offsets are into the whole text.
pub(super) fn elements_at(
    text: &[u8],
    range: &Range<usize>,
    mut visit: impl FnMut(Range<usize>),
) -> Result<(), Malformed> {
    let text = text.get(..range.end).ok_or(Malformed)?;
    let mut scanner = Scanner { text, at: range.start, watch: &mut (), surplus: 0 };
    scanner.take(b'[')?;
    scanner.skip_space();
    if scanner.peek() == Some(b']') {
        return Ok(());
    }
    loop {
        scanner.skip_space();
        let start = scanner.at;
        scanner.value()?;
        visit(start..scanner.at);
        scanner.skip_space();
        if scanner.peek() == Some(b',') {
            scanner.at += 1;
        } else {
            return scanner.take(b']');
        }
    }
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

struct Scanner<'a, W> {
    text: &'a [u8],
    at: usize,
    watch: &'a mut W,
    /// Of the last string.
    surplus: usize,
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

impl<W: Watch> Scanner<'_, W> {
    #[inline]
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

    #[inline]
    fn skip_space(&mut self) {
        while let Some(byte) = self.peek()
            && byte <= b' '
            && matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
        {
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
            self.watch.enter(self.text.get(key.clone()).unwrap_or_default());
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

    /// A string. By how many bytes its escapes make it longer is kept for who looks on.
    fn string(&mut self) -> Result<Range<usize>, Malformed> {
        let start = self.at;
        if W::MEASURES {
            self.surplus = 0;
        }
        self.take(b'"')?;
        loop {
            let rest = self.text.get(self.at..).ok_or(Malformed)?;
            let found = mark_in(rest).ok_or(Malformed)?;
            self.at += found;
            if self.peek() == Some(b'"') {
                self.at += 1;
                return Ok(start..self.at);
            }
            // A backslash and what it escapes.
            if W::MEASURES {
                self.surplus += surplus_of(self.text.get(self.at + 1..).unwrap_or_default());
            }
            self.at += 2;
        }
    }

    /// A number or a word.
    fn scalar(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        if let Some([b'n', b'u', b'l', b'l', b',' | b'}' | b']', ..]) = self.text.get(start..) {
            self.at += 4;
            return Ok(());
        }
        while let Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.') = self.peek() {
            self.at += 1;
        }
        match self.text.get(start..self.at) {
            Some(b"true" | b"false" | b"null" | [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..]) => Ok(()),
            _ => Err(Malformed),
        }
    }

    /// A value, mostly one that nothing is nested in.
    fn value(&mut self) -> Result<(), Malformed> {
        match self.peek().ok_or(Malformed)? {
            b'{' | b'[' => self.nested(),
            b'"' => {
                let at = self.string()?;
                self.watch_string(0..0, at);
                Ok(())
            }
            _ => {
                self.scalar()?;
                self.watch.scalar(false);
                Ok(())
            }
        }
    }

    fn nested(&mut self) -> Result<(), Malformed> {
        let mut open = Open { bits: [0; DEPTH_MAX / 64], depth: 0 };
        let mut next = Next::Value;
        let mut key = 0..0;
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
                    key = self.string()?;
                    self.watch.key(self.text.get(key.clone()).unwrap_or_default());
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
                    let at = self.string()?;
                    let key = if open.innermost_is_object() { key.clone() } else { 0..0 };
                    self.watch_string(key, at);
                    Next::CommaOrEnd
                }
                (Next::Value | Next::ValueOrEnd, _) => {
                    self.scalar()?;
                    self.watch.scalar(open.depth > 0 && !open.innermost_is_object());
                    Next::CommaOrEnd
                }
                _ => return Err(Malformed),
            };
            if open.depth == 0 && next == Next::CommaOrEnd {
                return Ok(());
            }
        }
    }

    fn watch_string(&mut self, key: Range<usize>, at: Range<usize>) {
        let inner = self.text.get(at.start + 1..at.end - 1).unwrap_or_default();
        let key = self.text.get(key).unwrap_or_default();
        self.watch.string(Text { key, inner, bytes: inner.len().saturating_sub(self.surplus) });
    }

    fn close(&mut self, open: &mut Open) -> Next {
        self.at += 1;
        open.depth -= 1;
        Next::CommaOrEnd
    }
}

/// Where the next quote or backslash is. Most strings are names: a search is only set up for what is longer than two
/// words.
fn mark_in(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let (words, _) = text.as_chunks::<8>();
    for (number, word) in words.iter().take(2).enumerate() {
        let word = u64::from_le_bytes(*word);
        let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
        let marks = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
        if marks != 0 {
            // The lowest one is right, whatever is borrowed above it.
            return Some(number * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    memchr2(b'"', b'\\', text)
}

/// By how many bytes an escape is longer than what it stands for is in UTF-8, by what stands behind its backslash.
fn surplus_of(escaped: &[u8]) -> usize {
    let [b'u', digits @ ..] = escaped else { return 1 };
    // Six bytes for one, two or three. Half a pair stands for half of four.
    match digits {
        [b'0', b'0', b'0'..=b'7', ..] => 5,
        [b'0', b'0'..=b'7', ..] | [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => 4,
        _ => 3,
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

    /// Writes down what it sees.
    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Watch for Seen {
        fn enter(&mut self, key: &[u8]) {
            self.0.push(format!("enter {}", String::from_utf8_lossy(key)));
        }
        fn key(&mut self, key: &[u8]) {
            self.0.push(format!("key {}", String::from_utf8_lossy(key)));
        }
        fn string(&mut self, Text { key, inner, bytes }: Text<'_>) {
            let [key, inner] = [key, inner].map(String::from_utf8_lossy);
            self.0.push(format!("string {key}={inner} {bytes}"));
        }
        fn scalar(&mut self, is_in_array: bool) {
            self.0.push(format!("scalar {is_in_array}"));
        }
    }

    #[test]
    fn who_looks_on_sees_every_value_with_its_key() {
        let mut seen = Seen::default();
        let text = r#"{"a":"x","b":[1,"é\n\u00e9",{"c":"\u4e2d\ud83d\ude00\u0041","d":[null,"y"]}],"e":true}"#;
        members_watched(text.as_bytes(), &mut seen, |_| ()).unwrap();
        let wanted = [
            r#"enter "a""#,
            "string =x 1",
            r#"enter "b""#,
            "scalar true",
            r"string =é\n\u00e9 5",
            r#"key "c""#,
            r#"string "c"=\u4e2d\ud83d\ude00\u0041 8"#,
            r#"key "d""#,
            "scalar true",
            "string =y 1",
            r#"enter "e""#,
            "scalar false",
        ];
        assert_eq!(seen.0, wanted);
    }

    #[test]
    fn elements_are_found_by_their_offsets() {
        let text = b"x[ 1 ,[2,3],{\"a\":[4]} ]y";
        let mut found = Vec::new();
        elements_at(text, &(1..text.len()), |at| found.push(String::from_utf8_lossy(&text[at]).into_owned())).unwrap();
        assert_eq!(found, ["1", "[2,3]", "{\"a\":[4]}"]);
        assert_eq!(elements_at(b"[]", &(0..2), |_| unreachable!()), Ok(()));
        assert_eq!(elements_at(b"[1,]", &(0..4), |_| ()), Err(Malformed));
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
        fn a_mark_is_found_wherever_it_is(text in proptest::collection::vec(prop::sample::select(b"\"\\!#][x\x00\xff\xa2\xdc".to_vec()), 0..40)) {
            prop_assert_eq!(mark_in(&text), memchr2(b'"', b'\\', &text));
        }

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
