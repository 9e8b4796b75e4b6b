//! Rewriting a stream of server-sent events as it passes, in whatever pieces it comes. Pure.
//!
//! Each `data:` line that is JSON is handed on as soon as it is whole, with the slug put back. JSON may go on over
//! several lines: those are held to the event's end. So are the lines before an event's data where the event may have
//! to be left out, because it carries nothing but usage that the gateway asked for ([`hidden`]). What is held has a
//! bound ([`HELD_BYTES_MAX`]): a larger event is rewritten while it passes ([`skim`]), and costs no memory.

mod hidden;
mod skim;

use bytes::Bytes;
use memchr::memchr2;

use super::heard::Heard;
use super::reply::{BYTE_ORDER_MARK, Facts, Rewrite};
use hidden::{Hiding, Verdict};
use skim::Skim;

/// The most of an event that is held back to be rewritten.
pub(super) const HELD_BYTES_MAX: usize = 1024 * 1024;

/// A larger buffer is freed after its line, so that one long line does not cost memory to the stream's end.
const HELD_BYTES_KEPT: usize = 64 * 1024;

/// A stream on its way through.
#[derive(Debug)]
pub(super) struct Stream {
    rewrite: Rewrite,
    facts: Facts,
    /// A line that has not ended.
    line: Vec<u8>,
    /// Whole lines of an event that is not decided on.
    open: Vec<u8>,
    /// True where those hold JSON that goes on.
    is_split: bool,
    /// Where the event is too large to be held.
    skim: Option<Box<Skim>>,
    /// Where usage is hidden.
    hiding: Option<Box<Hiding>>,
    state: State,
    after_return: Option<Went>,
    is_beginning: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Lines,
    /// Within a line of data that is too long to be held.
    LongData,
    /// Within another line that is.
    LongField,
    /// An event was left out: what follows is left out up to the empty line that ends it.
    LeftOut,
}

/// Where a line went. A line feed behind a carriage return belongs to it and shares its fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    On,
    /// Into what is held.
    Open,
    Nowhere,
}

impl Stream {
    /// A stream from its beginning.
    pub(super) fn new(rewrite: Rewrite) -> Self {
        Self {
            hiding: rewrite.usage_is_hidden.then(Box::default),
            rewrite,
            facts: Facts::default(),
            line: Vec::new(),
            open: Vec::new(),
            is_split: false,
            skim: None,
            state: State::Lines,
            after_return: None,
            is_beginning: true,
        }
    }

    /// Takes what came and gives what can go on. Empty where nothing can yet.
    pub(super) fn pass(&mut self, mut bytes: &[u8], heard: &mut Heard) -> Bytes {
        let mut out = Vec::with_capacity(self.line.len() + self.open.len() + bytes.len() + 64);
        while !bytes.is_empty() {
            if let Some(went) = self.after_return.take()
                && let Some(rest) = bytes.strip_prefix(b"\n")
            {
                match went {
                    Went::On => self.hand_on(b"\n", &mut out),
                    Went::Open if self.open.is_empty() => self.hand_on(b"\n", &mut out),
                    Went::Open => self.open.push(b'\n'),
                    Went::Nowhere => {}
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
            let went = self.end_line(line, terminator, heard, &mut out);
            self.after_return = (terminator == b"\r").then_some(went);
            bytes = rest;
        }
        Bytes::from(out)
    }

    /// What was held when the upstream ended the stream.
    pub(super) fn finish(&mut self, heard: &mut Heard) -> Bytes {
        let mut out = Vec::new();
        if !self.line.is_empty() || matches!(self.state, State::LongData | State::LongField) {
            self.end_line(&[], &[], heard, &mut out);
        }
        self.end_event(&[], heard, &mut out);
        out.extend(self.release());
        Bytes::from(out)
    }

    /// What was held only to see whether usage follows at once. To be asked for when nothing does.
    pub(super) fn release(&mut self) -> Bytes {
        self.hiding.as_mut().map(|hiding| hiding.release()).map(Bytes::from).unwrap_or_default()
    }

    /// Takes a part of a line whose end is not there yet.
    fn hold(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match self.state {
            State::LongData => return self.pass_long(bytes, out),
            State::LongField => return self.hand_on(bytes, out),
            State::Lines | State::LeftOut => {}
        }
        self.line.extend_from_slice(bytes);
        if self.state == State::LeftOut {
            // Of a line that is left out, only that it is there is of interest.
            self.line.truncate(1);
        } else if self.line.len() + self.open.len() > HELD_BYTES_MAX {
            self.begin_long(out);
            let line = std::mem::take(&mut self.line);
            self.state = if self.pass_long_line(&line, out) { State::LongData } else { State::LongField };
        }
    }

    /// Ends a line. Gives where it went.
    fn end_line(&mut self, tail: &[u8], terminator: &[u8], heard: &mut Heard, out: &mut Vec<u8>) -> Went {
        if matches!(self.state, State::LongData | State::LongField) {
            self.end_long(tail, out);
            self.hand_on(terminator, out);
            return Went::On;
        }
        if self.line.is_empty() && !self.is_beginning {
            return self.whole_line(tail, terminator, heard, out);
        }
        let mut held = std::mem::take(&mut self.line);
        held.extend_from_slice(tail);
        let mut line = &held[..];
        if std::mem::replace(&mut self.is_beginning, false)
            && let Some(behind) = line.strip_prefix(BYTE_ORDER_MARK)
        {
            self.hand_on(BYTE_ORDER_MARK, out);
            line = behind;
        }
        let went = self.whole_line(line, terminator, heard, out);
        held.clear();
        if held.capacity() <= HELD_BYTES_KEPT {
            self.line = held;
        }
        went
    }

    fn whole_line(&mut self, line: &[u8], terminator: &[u8], heard: &mut Heard, out: &mut Vec<u8>) -> Went {
        if line.is_empty() {
            self.end_event(terminator, heard, out)
        } else if self.state == State::LeftOut {
            Went::Nowhere
        } else {
            self.line(line, terminator, heard, out)
        }
    }

    /// The rest of a line that was too long to be held.
    fn end_long(&mut self, tail: &[u8], out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.state, State::Lines) == State::LongData {
            self.pass_long(tail, out);
        } else {
            self.hand_on(tail, out);
        }
    }

    fn line(&mut self, line: &[u8], terminator: &[u8], heard: &mut Heard, out: &mut Vec<u8>) -> Went {
        let Some(json) = data_of(line) else { return self.field(line, terminator, heard, out) };
        if self.skim.is_some() {
            self.pass_long_line(line, out);
            self.hand_on(terminator, out);
            return Went::On;
        }
        if self.is_split {
            return self.keep_open(line, terminator, out);
        }
        if json.trim_ascii() == b"[DONE]" {
            heard.note_over();
        } else if self.facts.read(json).is_ok() {
            heard.note(&self.facts, json);
            return self.write_event(line, json, terminator, heard, out);
        } else if json.trim_ascii_start().starts_with(b"{") {
            self.is_split = true;
            return self.keep_open(line, terminator, out);
        } else if !json.trim_ascii().is_empty() {
            heard.note_event();
        }
        self.flush(out);
        self.hand_on(line, out);
        self.hand_on(terminator, out);
        Went::On
    }

    /// A line that is no data: a comment, or a field of the event.
    fn field(&mut self, line: &[u8], terminator: &[u8], heard: &mut Heard, out: &mut Vec<u8>) -> Went {
        if line.strip_prefix(b"event:").is_some_and(|name| name.trim_ascii() == b"error") {
            heard.note_failure();
        }
        // A comment keeps a connection alive: it waits for nothing but what came before it.
        let may_wait = !line.starts_with(b":") || !self.open.is_empty();
        if self.is_split || self.hiding.is_some() && self.skim.is_none() && may_wait {
            return self.keep_open(line, terminator, out);
        }
        self.hand_on(line, out);
        self.hand_on(terminator, out);
        Went::On
    }

    /// Holds a line until it is known what becomes of its event.
    fn keep_open(&mut self, line: &[u8], terminator: &[u8], out: &mut Vec<u8>) -> Went {
        self.open.extend_from_slice(line);
        self.open.extend_from_slice(terminator);
        if self.open.len() > HELD_BYTES_MAX {
            self.begin_long(out);
        }
        Went::Open
    }

    /// An event whose JSON has been read: goes on, or is left out.
    fn write_event(
        &mut self,
        line: &[u8],
        json: &[u8],
        terminator: &[u8],
        heard: &mut Heard,
        out: &mut Vec<u8>,
    ) -> Went {
        let prefix = line.get(..line.len() - json.len()).unwrap_or_default();
        let Some(hiding) = &mut self.hiding else {
            out.append(&mut self.open);
            out.extend_from_slice(prefix);
            self.rewrite.write(json, &self.facts, out);
            out.extend_from_slice(terminator);
            return Went::On;
        };
        let verdict = hiding.judge(&self.facts, json, heard);
        if verdict == Verdict::LeaveOut {
            self.open.clear();
            self.state = State::LeftOut;
            return Went::Nowhere;
        }
        self.flush(out);
        let start = out.len();
        out.extend_from_slice(prefix);
        self.rewrite.write(json, &self.facts, out);
        if let (Some(hiding), Verdict::HoldBack) = (&mut self.hiding, verdict) {
            hiding.hold_back(out.split_off(start));
        }
        self.hand_on(terminator, out);
        Went::On
    }

    /// The empty line that ends an event.
    fn end_event(&mut self, terminator: &[u8], heard: &mut Heard, out: &mut Vec<u8>) -> Went {
        if self.skim.is_some()
            && let Some(skim) = self.skim.take()
        {
            skim.finish(heard);
        }
        if self.state == State::LeftOut {
            self.state = State::Lines;
            self.open.clear();
            return Went::Nowhere;
        }
        if self.is_split {
            self.is_split = false;
            self.end_split(heard, out);
            if self.state == State::LeftOut {
                self.state = State::Lines;
                return Went::Nowhere;
            }
        }
        if !self.open.is_empty() {
            let open = std::mem::take(&mut self.open);
            self.hand_on(&open, out);
        }
        self.hand_on(terminator, out);
        Went::On
    }

    /// JSON over several lines is whole. Its lines become as many as are left of it.
    fn end_split(&mut self, heard: &mut Heard, out: &mut Vec<u8>) {
        let open = std::mem::take(&mut self.open);
        let line_end = line_end_in(&open);
        let (mut fields, mut json, mut prefix) = (Vec::new(), Vec::new(), &b"data: "[..]);
        for line in open.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty()) {
            let Some(data) = data_of(line) else {
                fields.extend_from_slice(line);
                fields.extend_from_slice(line_end);
                continue;
            };
            prefix = line.get(..line.len() - data.len()).unwrap_or_default();
            if !json.is_empty() {
                json.push(b'\n');
            }
            json.extend_from_slice(data);
        }
        if self.facts.read(&json).is_err() {
            heard.note_event();
            self.open = open;
            return;
        }
        heard.note(&self.facts, &json);
        if self.hiding.as_mut().is_some_and(|hiding| hiding.judge(&self.facts, &json, heard) == Verdict::LeaveOut) {
            self.state = State::LeftOut;
            return;
        }
        self.flush(out);
        self.hand_on(&fields, out);
        let mut written = Vec::with_capacity(json.len() + self.rewrite.slug.len());
        self.rewrite.write(&json, &self.facts, &mut written);
        for line in written.split(|byte| *byte == b'\n') {
            self.hand_on(prefix, out);
            self.hand_on(line, out);
            self.hand_on(line_end, out);
        }
    }

    /// The event is too large to be held: what is held of it goes on.
    fn begin_long(&mut self, out: &mut Vec<u8>) {
        let open = std::mem::take(&mut self.open);
        self.is_split = false;
        out.extend(self.release());
        for line in open.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            self.pass_long_line(line, out);
        }
    }

    /// A line of such an event. False where it is no data.
    fn pass_long_line(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(json) = data_of(line) else {
            self.hand_on(line, out);
            return false;
        };
        self.hand_on(line.get(..line.len() - json.len()).unwrap_or_default(), out);
        self.pass_long(json, out);
        true
    }

    /// A part of its data. White space between its lines means nothing in JSON.
    fn pass_long(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.skim.get_or_insert_default().pass(bytes, &self.rewrite, out);
    }

    /// Lets go of what was held before this event, and of its own lines so far.
    fn flush(&mut self, out: &mut Vec<u8>) {
        out.extend(self.release());
        out.append(&mut self.open);
    }

    /// Writes behind what went on last, also where that is held back.
    #[inline]
    fn hand_on(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match &mut self.hiding {
            Some(hiding) => hiding.write_behind(bytes, out),
            None => out.extend_from_slice(bytes),
        }
    }
}

/// What stands behind `data:` and the space that belongs to it.
fn data_of(line: &[u8]) -> Option<&[u8]> {
    let data = line.strip_prefix(b"data:")?;
    Some(data.strip_prefix(b" ").unwrap_or(data))
}

/// How the lines of a text end, by its first.
fn line_end_in(text: &[u8]) -> &'static [u8] {
    match memchr2(b'\n', b'\r', text).and_then(|at| text.get(at..)) {
        Some([b'\r', b'\n', ..]) => b"\r\n",
        Some([b'\r', ..]) => b"\r",
        _ => b"\n",
    }
}

#[cfg(test)]
mod tests;
