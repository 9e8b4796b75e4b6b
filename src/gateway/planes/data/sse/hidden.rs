//! Usage that the gateway asked for leaves no trace for a caller who did not. Pure.
//!
//! A chunk that carries nothing else is left out with its whole event. What else such a chunk carries (`timings`,
//! `citations`) would have come with the last chunk before it, had nobody asked: so a chunk that says why a choice
//! ended is held back as long as more is there to be read, and takes those members along.

use crate::gateway::json;

use super::super::heard::Heard;
use super::super::reply::Facts;

/// The most that is held back.
const HELD_BYTES_MAX: usize = 64 * 1024;
/// The longest first chunk that is kept, to know which members say nothing new.
const FIRST_BYTES_MAX: usize = 4 * 1024;
/// Members that every chunk has, or that say nothing.
const USUAL: [&[u8]; 7] =
    [b"\"id\"", b"\"object\"", b"\"created\"", b"\"model\"", b"\"choices\"", b"\"usage\"", b"\"obfuscation\""];

/// What must be known to hide usage.
#[derive(Debug, Default)]
pub(super) struct Hiding {
    first: Vec<u8>,
    /// A chunk that said why a choice ended, and what followed it. Empty where nothing is held back.
    last: Vec<u8>,
    /// Where its JSON ends: just behind its closing brace.
    last_end: usize,
}

/// What becomes of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    GoesOn,
    /// It goes on as soon as it is known what follows.
    HoldBack,
    LeaveOut,
}

impl Hiding {
    /// Judges a chunk that has been noted.
    pub(super) fn judge(&mut self, facts: &Facts, json: &[u8], heard: &Heard) -> Verdict {
        let is_about_usage = facts.carries_usage()
            && (facts.choices_are_none(json) || heard.has_finishes() && facts.choices_say_nothing(json));
        if is_about_usage && self.has_taken_along(json) {
            return Verdict::LeaveOut;
        }
        if self.first.is_empty() && json.len() <= FIRST_BYTES_MAX {
            self.first.extend_from_slice(json);
        }
        if facts.answer.finishes() > 0 { Verdict::HoldBack } else { Verdict::GoesOn }
    }

    /// Holds this chunk back. What was held back before has been let go.
    pub(super) fn hold_back(&mut self, chunk: Vec<u8>) {
        self.last = chunk;
        self.last_end = self.last.iter().rposition(|byte| *byte == b'}').map_or(0, |at| at + 1);
    }

    /// Writes what follows.
    pub(super) fn write_behind(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.last.is_empty() {
            out.extend_from_slice(bytes);
            return;
        }
        self.last.extend_from_slice(bytes);
        if self.last.len() > HELD_BYTES_MAX {
            out.append(&mut self.last);
        }
    }

    /// Gives what is held back.
    pub(super) fn release(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.last)
    }

    /// True where nothing is lost with this chunk, since the one that is held back has taken along what it carries.
    fn has_taken_along(&mut self, json: &[u8]) -> bool {
        let mut lost = Vec::new();
        let read = json::members(json, |member| {
            let key = json.get(member.key.clone()).unwrap_or_default();
            let whole = json.get(member.key.start..member.value.end).unwrap_or_default();
            let value = json.get(member.value).unwrap_or_default();
            if !USUAL.contains(&key) && value != b"null" && !has_member(&self.first, key, Some(value)) {
                lost.push((key, whole));
            }
        });
        if read.is_err() {
            return false;
        }
        let Some(head) = self.last.get(..self.last_end).filter(|head| !head.is_empty()) else {
            return lost.is_empty();
        };
        let start = head.iter().position(|byte| *byte == b'{').unwrap_or(0);
        let chunk = head.get(start..).unwrap_or_default();
        let mut added = Vec::new();
        for (key, whole) in lost {
            if !has_member(chunk, key, None) {
                added.push(b',');
                added.extend_from_slice(whole);
            }
        }
        let at = self.last_end - 1;
        self.last_end += added.len();
        self.last.splice(at..at, added);
        true
    }
}

/// True where the object has such a member, with this value where one is given.
fn has_member(object: &[u8], key: &[u8], value: Option<&[u8]>) -> bool {
    let mut has = false;
    let _ = json::members(object, |member| {
        let is_named = object.get(member.key) == Some(key);
        has |= is_named && value.is_none_or(|value| object.get(member.value) == Some(value));
    });
    has
}
