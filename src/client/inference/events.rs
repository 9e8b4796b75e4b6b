//! Server-sent events of a chat, made pieces. Pure.

use std::collections::VecDeque;

use serde_json::Value;

use super::piece::Piece;
use crate::client::{ClientError, ErrorKind};

/// No line of a stream is longer.
const LINE_BYTES_MAX: usize = 1 << 20;
/// What ends a stream that is whole.
const DONE: &str = "[DONE]";

/// A stream's bytes on their way to becoming pieces.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    pieces: VecDeque<Piece>,
    failure: Option<ClientError>,
    is_done: bool,
    /// A bit for each choice that was seen, and for each that said why it ended.
    seen: u128,
    finished: u128,
}

impl Events {
    /// Takes bytes as they came; a line may be cut anywhere.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            self.line.extend_from_slice(line);
            rest = after.get(1..).unwrap_or_default();
            let line = std::mem::take(&mut self.line);
            self.read(&String::from_utf8_lossy(&line));
        }
        self.line.extend_from_slice(rest);
        if self.line.len() > LINE_BYTES_MAX {
            return Err(ClientError::new(ErrorKind::Malformed, "the stream has a line without end"));
        }
        Ok(())
    }

    /// The next piece that is whole. A failure that the stream tells comes after what was said before it.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, ClientError> {
        match self.pieces.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None => self.failure.take().map_or(Ok(None), Err),
        }
    }

    /// The stream's bytes are over: what stands behind the last end of line is a line too.
    pub(super) fn end(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.read(&String::from_utf8_lossy(&line));
        // Some servers never say that they are done. Official clients ask for no more than this.
        self.is_done |= self.seen != 0 && self.seen == self.finished;
    }

    /// True where there is yet something to tell.
    pub(super) fn has_more(&self) -> bool {
        !self.pieces.is_empty() || self.failure.is_some()
    }

    /// True where the stream has said that it is whole.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    fn read(&mut self, line: &str) {
        let Some(data) = line.trim_end_matches('\r').strip_prefix("data:").map(str::trim) else { return };
        if data == DONE {
            self.is_done = true;
            return;
        }
        // What is no JSON is a comment of somebody in between; the end of the stream is what counts.
        let Ok(json) = serde_json::from_str::<Value>(data) else { return };
        if let Some(error) = json.get("error").filter(|error| !error.is_null()) {
            let said = error.get("message").and_then(Value::as_str).or_else(|| error.as_str());
            let message = said.unwrap_or("the stream ended with an error").to_owned();
            self.failure = Some(ClientError::new(ErrorKind::Lost, message));
        }
        for choice in json.get("choices").and_then(Value::as_array).into_iter().flatten() {
            self.note(choice);
        }
        self.pieces.extend(text_in(&json, "delta"));
        self.pieces.extend(usage_in(&json));
    }
}

impl Events {
    fn note(&mut self, choice: &Value) {
        let index = choice.get("index").and_then(Value::as_u64).and_then(|index| u32::try_from(index).ok());
        let bit = 1_u128.checked_shl(index.unwrap_or(0)).unwrap_or(0);
        self.seen |= bit;
        if choice.get("finish_reason").is_some_and(Value::is_string) {
            self.finished |= bit;
        }
    }
}

/// The pieces of an answer that came in one.
pub(super) fn pieces_of_whole(json: &Value) -> Vec<Piece> {
    text_in(json, "message").into_iter().chain(usage_in(json)).collect()
}

fn text_in(json: &Value, holder: &str) -> Option<Piece> {
    let text = json.get("choices")?.get(0)?.get(holder)?.get("content")?.as_str()?;
    (!text.is_empty()).then(|| Piece::Text(text.to_owned()))
}

fn usage_in(json: &Value) -> Option<Piece> {
    let usage = json.get("usage")?;
    let input = usage.get("prompt_tokens")?.as_u64()?;
    let output = usage.get("completion_tokens").and_then(Value::as_u64).unwrap_or(0);
    Some(Piece::Usage { input, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n\
        data: {\"choices\":[{\"delta\":{\"content\":\"Hé\"}}]}\r\n\r\n: a comment\n\n\
        data: {\"choices\":[{\"delta\":{\"content\":\"llo\"}}]}\n\n\
        data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

    fn drain(events: &mut Events) -> Vec<Piece> {
        std::iter::from_fn(|| events.next().unwrap()).collect()
    }

    #[test]
    fn a_stream_says_the_same_wherever_it_is_cut() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let wanted = [text("Hé"), text("llo"), Piece::Usage { input: 3, output: 2 }];
        for size in 1..STREAM.len() {
            let mut events = Events::default();
            for piece in STREAM.as_bytes().chunks(size) {
                events.take(piece).unwrap();
            }
            assert_eq!(drain(&mut events), wanted, "cut every {size} bytes");
            assert!(events.is_done());
        }
    }

    #[test]
    fn an_error_in_the_stream_comes_after_what_was_said() {
        let mut events = Events::default();
        events
            .take(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\ndata: {\"error\":{\"message\":\"cut\"}}\n")
            .unwrap();
        assert_eq!(events.next(), Ok(Some(Piece::Text("a".to_owned()))));
        assert_eq!(events.next().unwrap_err().to_string(), "cut");
        assert!(!events.is_done());
    }

    #[test]
    fn a_stream_without_its_last_word_is_whole_once_every_choice_said_why_it_ended() {
        let chunk = |index: u32, reason: &str| {
            format!("data: {{\"choices\":[{{\"index\":{index},\"delta\":{{}},\"finish_reason\":{reason}}}]}}\n\n")
        };
        let (going, stopped) = (chunk(0, "null"), chunk(0, "\"stop\""));
        for (text, is_whole) in [
            (format!("{going}{stopped}"), true),
            (format!("{going}{}", stopped.trim_end()), true),
            (going.clone(), false),
            (String::new(), false),
            (": ping\n\n".to_owned(), false),
            (format!("{going}{}{stopped}", chunk(1, "null")), false),
            (format!("{going}{}{stopped}", chunk(1, "\"length\"")), true),
        ] {
            let mut events = Events::default();
            events.take(text.as_bytes()).unwrap();
            assert!(!events.is_done());
            events.end();
            assert_eq!(events.is_done(), is_whole, "{text}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut events = Events::default();
        assert!(events.take(&vec![b'x'; LINE_BYTES_MAX + 1]).is_err());
    }
}
