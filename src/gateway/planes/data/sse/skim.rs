//! Rewriting JSON that is too large to be held, while it passes: every byte is looked at once and none is kept but those
//! of short members that mean something. Pure.
//!
//! It takes the text as it is: what is no JSON passes. Usage that is to be hidden becomes `null`, since the comma before
//! it has gone on already.

use memchr::memchr2;

use super::super::heard::Heard;
use super::super::reply::{Facts, Rewrite};

/// The longest name that is compared with anything.
const KEY_BYTES_MAX: usize = 64;
/// The longest value that is kept.
const VALUE_BYTES_MAX: usize = 16 * 1024;
/// The deepest nesting that is read; what is deeper passes.
const DEPTH_MAX: usize = 512;

/// A text on its way through.
#[derive(Debug, Default)]
pub(super) struct Skim {
    /// A byte for each bracket that is open.
    open: Vec<u8>,
    place: Place,
    key: Vec<u8>,
    /// The member of the outermost object that this is within.
    within: Within,
    taking: Option<Taking>,
    is_malformed: bool,
    /// The members that mean something, as an object of their own.
    summary: Vec<u8>,
    letters: u64,
    finishes: u32,
}

/// Where the next byte stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Between tokens; the next string is a key where this is true.
    #[default]
    Between,
    BeforeKey,
    InKey,
    InString,
    /// Behind a backslash in a key.
    InKeyEscape,
    /// Behind one in a string.
    InStringEscape,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Other,
    /// `response`, `message`: members are read as those of the outermost object.
    Nested,
    /// `choices`, `delta`, `content`, `output`: what was said.
    Answer,
}

/// A value that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taking {
    what: What,
    /// How many brackets were open before it.
    depth: usize,
    /// Where its member begins in the summary.
    start: usize,
    /// Where its value does.
    value: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Replaced.
    Model,
    /// Kept, and replaced where it is hidden.
    HiddenUsage,
    /// Kept.
    Kept,
}

impl Skim {
    /// Takes the next bytes and writes them as they go on.
    pub(super) fn pass(&mut self, mut bytes: &[u8], rewrite: &Rewrite, out: &mut Vec<u8>) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.is_malformed {
                out.extend_from_slice(bytes);
                return;
            }
            if self.place == Place::InString {
                // The most of what is large: passed over at once.
                let run = memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
                if run > 0 {
                    let (text, behind) = bytes.split_at(run);
                    self.letters += if self.within == Within::Answer { run as u64 } else { 0 };
                    self.write(text, out);
                    bytes = behind;
                    continue;
                }
            }
            self.step(byte, rewrite, out);
            bytes = rest;
        }
    }

    /// What it was, once it is over.
    pub(super) fn finish(mut self, heard: &mut Heard) {
        self.summary.push(b'}');
        let mut facts = Facts::default();
        if facts.read(&self.summary).is_ok() {
            heard.note(&facts, &self.summary);
            heard.note_long(self.letters, self.finishes);
        } else {
            heard.note_event();
        }
    }

    fn step(&mut self, byte: u8, rewrite: &Rewrite, out: &mut Vec<u8>) {
        match self.place {
            Place::InKeyEscape | Place::InStringEscape => {
                self.place = if self.place == Place::InKeyEscape { Place::InKey } else { Place::InString };
                self.write(&[byte], out);
            }
            Place::InKey => {
                match byte {
                    b'"' => self.place = Place::Between,
                    b'\\' => self.place = Place::InKeyEscape,
                    _ if self.key.len() < KEY_BYTES_MAX => self.key.push(byte),
                    _ => self.key.clear(),
                }
                self.write(&[byte], out);
            }
            Place::InString => {
                self.write(&[byte], out);
                match byte {
                    b'"' => {
                        self.place = Place::Between;
                        self.end_value(rewrite, out);
                    }
                    _ => self.place = Place::InStringEscape,
                }
            }
            Place::Between | Place::BeforeKey => self.token(byte, rewrite, out),
        }
    }

    fn token(&mut self, byte: u8, rewrite: &Rewrite, out: &mut Vec<u8>) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b':' => self.write(&[byte], out),
            b',' => {
                self.end_value(rewrite, out);
                let is_object = self.open.last() == Some(&b'{');
                self.place = if is_object { Place::BeforeKey } else { Place::Between };
                self.write(&[byte], out);
            }
            b'}' | b']' => {
                self.end_value(rewrite, out);
                self.is_malformed |= self.open.pop().is_none();
                self.write(&[byte], out);
                self.place = Place::Between;
                self.end_value(rewrite, out);
            }
            b'"' if self.place == Place::BeforeKey => {
                self.key.clear();
                self.place = Place::InKey;
                self.write(&[byte], out);
            }
            _ => {
                self.begin_value(byte, rewrite);
                self.write(&[byte], out);
                match byte {
                    b'"' => self.place = Place::InString,
                    b'{' | b'[' if self.open.len() < DEPTH_MAX => {
                        self.open.push(byte);
                        self.place = if byte == b'{' { Place::BeforeKey } else { Place::Between };
                    }
                    b'{' | b'[' => self.is_malformed = true,
                    _ if self.open.is_empty() => self.is_malformed = true,
                    _ => {}
                }
            }
        }
    }

    /// Looks whether a value means something, by where it stands. A number comes here for each of its bytes.
    fn begin_value(&mut self, byte: u8, rewrite: &Rewrite) {
        if self.open.is_empty() {
            self.summary = b"{".to_vec();
            return;
        }
        if self.taking.is_some() {
            return;
        }
        let depth = self.open.len();
        let is_object = self.open.last() == Some(&b'{');
        let is_here = is_object && (depth == 1 || depth == 2 && self.within == Within::Nested);
        if depth == 1 {
            self.within = match &self.key[..] {
                b"response" | b"message" => Within::Nested,
                b"choices" | b"delta" | b"content" | b"output" => Within::Answer,
                _ => Within::Other,
            };
        }
        let what = match &self.key[..] {
            b"model" if is_here && byte == b'"' => What::Model,
            b"usage" if is_here && rewrite.usage_is_hidden => What::HiddenUsage,
            b"usage" | b"type" | b"error" | b"timings" if is_here => What::Kept,
            b"finish_reason" if self.within == Within::Answer && byte == b'"' => {
                self.finishes += 1;
                return;
            }
            _ => return,
        };
        let start = self.summary.len();
        if self.summary.len() > 1 {
            self.summary.push(b',');
        }
        self.summary.push(b'"');
        self.summary.extend_from_slice(&self.key);
        self.summary.extend_from_slice(b"\":");
        self.taking = Some(Taking { what, depth, start, value: self.summary.len() });
    }

    /// A value may have ended: by its closing quote or bracket, or by what follows a number.
    fn end_value(&mut self, rewrite: &Rewrite, out: &mut Vec<u8>) {
        let Some(taking) = self.taking.filter(|taking| taking.depth == self.open.len()) else { return };
        self.taking = None;
        match taking.what {
            What::Model => {
                self.summary.truncate(taking.start);
                out.extend_from_slice(&rewrite.slug);
            }
            What::HiddenUsage => out.extend_from_slice(b"null"),
            What::Kept => {}
        }
        if self.summary.len() > taking.value + VALUE_BYTES_MAX {
            // That it was there is all that is known of it.
            self.summary.truncate(taking.value);
            self.summary.push(b'1');
        }
    }

    /// Writes what belongs to the value that is taken into the summary, and on where it goes on.
    fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if let Some(taking) = self.taking {
            if self.summary.len() <= taking.value + VALUE_BYTES_MAX {
                self.summary.extend_from_slice(bytes);
            }
            if taking.what != What::Kept {
                return;
            }
        }
        out.extend_from_slice(bytes);
    }
}
