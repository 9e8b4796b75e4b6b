//! Rewriting a stream of server-sent events as it passes, in whatever pieces it comes. Pure.
//!
//! Each `data:` line is handed on as soon as it is whole, with the slug put back. A line that has no end costs
//! [`LINE_BYTES_MAX`]: from there on it passes as it is.

use bytes::Bytes;
use memchr::memchr2;

use super::reply::{Rewrite, Seen, Usage};

/// The longest line that is held back to be rewritten.
pub(super) const LINE_BYTES_MAX: usize = 1024 * 1024;

/// A larger buffer is freed after its line, so that one long line does not cost memory to the stream's end.
const HELD_BYTES_KEPT: usize = 64 * 1024;

/// A stream on its way through.
#[derive(Debug)]
pub(super) struct Stream {
    rewrite: Rewrite,
    held: Vec<u8>,
    state: State,
    after_return: AfterReturn,
    /// What the stream told of usage.
    pub(super) usage: Usage,
    /// How many pieces of the answer passed, about one a token.
    pub(super) pieces: u64,
    /// True once the stream said that it is over.
    pub(super) is_whole: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Lines,
    /// Within a line that is too long to be held.
    LongLine,
    /// An event was left out: the empty line that ends it is left out too.
    LeftOut,
}

/// Where the last byte was a carriage return, a line feed belongs to it and shares its fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterReturn {
    Nothing,
    Passes,
    IsLeftOut,
}

impl Stream {
    /// A stream from its beginning.
    pub(super) fn new(rewrite: Rewrite) -> Self {
        Self {
            rewrite,
            held: Vec::new(),
            state: State::Lines,
            after_return: AfterReturn::Nothing,
            usage: Usage::default(),
            pieces: 0,
            is_whole: false,
        }
    }

    /// Takes what came and gives what can go on. Empty where nothing can yet.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(self.held.len() + bytes.len() + 64);
        while !bytes.is_empty() {
            let after_return = std::mem::replace(&mut self.after_return, AfterReturn::Nothing);
            if after_return != AfterReturn::Nothing
                && let Some(rest) = bytes.strip_prefix(b"\n")
            {
                if after_return == AfterReturn::Passes {
                    out.push(b'\n');
                }
                bytes = rest;
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.hold(bytes, &mut out);
                break;
            };
            let (line, rest) = bytes.split_at(end);
            let (terminator, rest) = rest.split_at(1.min(rest.len()));
            let passes = self.end_line(line, terminator, &mut out);
            self.after_return = match (terminator, passes) {
                (b"\r", true) => AfterReturn::Passes,
                (b"\r", false) => AfterReturn::IsLeftOut,
                _ => AfterReturn::Nothing,
            };
            bytes = rest;
        }
        Bytes::from(out)
    }

    /// What was held when the upstream ended the stream.
    pub(super) fn finish(&mut self) -> Bytes {
        let mut out = Vec::new();
        if !self.held.is_empty() {
            self.end_line(&[], &[], &mut out);
        }
        Bytes::from(out)
    }

    fn hold(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.state == State::LongLine {
            out.extend_from_slice(bytes);
            return;
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() > LINE_BYTES_MAX {
            out.append(&mut self.held);
            self.held = Vec::new();
            self.state = State::LongLine;
        }
    }

    /// Writes a whole line and its end. False where both are left out.
    fn end_line(&mut self, tail: &[u8], terminator: &[u8], out: &mut Vec<u8>) -> bool {
        let state = std::mem::replace(&mut self.state, State::Lines);
        if state == State::LongLine {
            out.extend_from_slice(tail);
            out.extend_from_slice(terminator);
            return true;
        }
        let mut held = std::mem::take(&mut self.held);
        let line = if held.is_empty() {
            tail
        } else {
            held.extend_from_slice(tail);
            &held
        };
        if state == State::LeftOut && line.is_empty() {
            return false;
        }
        let passes = self.write_line(line, out);
        if passes {
            out.extend_from_slice(terminator);
        } else {
            self.state = State::LeftOut;
        }
        held.clear();
        if held.capacity() <= HELD_BYTES_KEPT {
            self.held = held;
        }
        passes
    }

    /// Writes the line as it goes on. False where it is left out.
    fn write_line(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(data) = line.strip_prefix(b"data:") else {
            out.extend_from_slice(line);
            return true;
        };
        let json = data.strip_prefix(b" ").unwrap_or(data);
        if json.trim_ascii() == b"[DONE]" {
            self.is_whole = true;
            out.extend_from_slice(line);
            return true;
        }
        let start = out.len();
        out.extend_from_slice(line.get(..line.len() - json.len()).unwrap_or_default());
        let seen = self.rewrite.apply(json, out);
        self.note(seen);
        let is_left_out = self.rewrite.usage_is_hidden && seen.is_usage_alone;
        if is_left_out {
            out.truncate(start);
        }
        !is_left_out
    }

    fn note(&mut self, seen: Seen) {
        self.usage.merge(seen.usage);
        self.pieces += u64::from(seen.is_piece);
        self.is_whole |= seen.is_last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::EventTokens;
    use proptest::prelude::*;

    fn stream(usage_is_hidden: bool) -> Stream {
        Stream::new(Rewrite { slug: b"\"a/b\"".to_vec(), usage_is_hidden })
    }

    fn run(stream: &mut Stream, pieces: &[&[u8]]) -> String {
        let mut out: Vec<u8> = pieces.iter().flat_map(|piece| stream.pass(piece)).collect();
        out.extend(stream.finish());
        String::from_utf8_lossy(&out).into_owned()
    }

    const CHAT: &str = concat!(
        ": hello\n\n",
        "data: {\"model\":\"glm\",\"choices\":[{\"delta\":{\"content\":\"é\"}}],\"usage\":null}\n\n",
        "data:{\"choices\":[{}],\"model\":\"glm\"}\r\n\r\n",
        "data: {\"model\":\"glm\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
        "data: [DONE]\n\n",
    );
    const HIDDEN: &str = concat!(
        ": hello\n\n",
        "data: {\"model\":\"a/b\",\"choices\":[{\"delta\":{\"content\":\"é\"}}]}\n\n",
        "data:{\"choices\":[{}],\"model\":\"a/b\"}\r\n\r\n",
        "data: [DONE]\n\n",
    );

    #[test]
    fn every_chunk_has_the_slug() {
        let mut shown = stream(false);
        assert_eq!(run(&mut shown, &[CHAT.as_bytes()]), CHAT.replace("\"glm\"", "\"a/b\""));
        assert!(shown.is_whole && shown.pieces == 2);
        assert_eq!(shown.usage.tokens(EventTokens::default()).input_tokens, 3);
    }

    #[test]
    fn a_whole_event_goes_on_at_once() {
        let mut stream = stream(false);
        assert_eq!(stream.pass(b"data: {\"model\":\"x\"}\n\nda"), "data: {\"model\":\"a/b\"}\n\n");
        assert_eq!(stream.pass(b"ta: 1"), "");
        assert_eq!(stream.pass(b"\n"), "data: 1\n");
    }

    #[test]
    fn a_line_without_an_end_grows_no_memory() {
        let mut stream = stream(true);
        let mut passed = stream.pass(b"data: {\"model\":\"").len();
        for _ in 0..64 {
            passed += stream.pass(&vec![b'x'; 64 * 1024]).len();
            assert!(stream.held.len() <= LINE_BYTES_MAX);
        }
        passed += stream.pass(b"\"}\n").len();
        assert_eq!(passed, b"data: {\"model\":\"\"}\n".len() + 64 * 64 * 1024);
        assert_eq!(stream.pass(b"data: {\"model\":\"x\"}\n"), "data: {\"model\":\"a/b\"}\n");
    }

    #[test]
    fn a_left_out_event_takes_its_empty_line_along() {
        let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}";
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("data: 1{end}{end}{usage}{end}{end}data: 2{end}{end}");
            assert_eq!(run(&mut stream(true), &[text.as_bytes()]), format!("data: 1{end}{end}data: 2{end}{end}"));
        }
    }

    proptest! {
        #[test]
        fn no_chunking_changes_what_passes(cuts in proptest::collection::vec(0..CHAT.len(), 0..12), end in 0..3_usize) {
            let end = ["\n", "\r\n", "\r"][end];
            let text = CHAT.replace("\r\n", "\n").replace('\n', end);
            let hidden = HIDDEN.replace("\r\n", "\n").replace('\n', end);
            let mut cuts = cuts;
            cuts.push(text.len());
            cuts.sort_unstable();
            let mut from = 0;
            let pieces: Vec<&[u8]> = cuts.iter().map(|cut| {
                let cut = text.len().min(*cut);
                let piece = &text.as_bytes()[from.min(cut)..cut];
                from = cut;
                piece
            }).collect();
            let mut cut = stream(true);
            prop_assert_eq!(run(&mut cut, &pieces), hidden);
            prop_assert!(cut.is_whole && cut.pieces == 2);
        }

        #[test]
        fn any_bytes_pass_whole(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
            let cut = cut.min(bytes.len());
            let mut stream = stream(false);
            let mut out = stream.pass(&bytes[..cut]).to_vec();
            out.extend(stream.pass(&bytes[cut..]));
            out.extend(stream.finish());
            prop_assert_eq!(out, bytes);
        }
    }
}
