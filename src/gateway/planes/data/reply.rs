//! What an upstream's JSON says, and the same with the slug put back: one pass, spliced. Pure.

use std::ops::Range;

use crate::gateway::json::{self, Malformed, Member};
use crate::gateway::usage::{AnswerWatch, Usage};

/// What marks a text as Unicode; it says nothing, and JSON has none.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What one JSON object of an answer was. Kept and filled again for each.
#[derive(Debug, Default)]
pub(super) struct Facts {
    edits: Vec<(Range<usize>, Edit)>,
    /// What it told of usage.
    pub(super) usage: Usage,
    /// What it said.
    pub(super) answer: AnswerWatch,
    /// Where its choices stand.
    pub(super) choices: Option<Range<usize>>,
    /// True where it carries a piece of the answer.
    pub(super) is_piece: bool,
    /// True where it is its stream's last.
    pub(super) is_last: bool,
    /// True where it tells of an error.
    pub(super) has_failed: bool,
}

/// How an answer is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rewrite {
    /// The slug as a JSON string.
    pub(super) slug: Vec<u8>,
    /// True where the caller must not see usage that the gateway asked for.
    pub(super) usage_is_hidden: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Model,
    /// The member with the comma that goes with it.
    Usage,
}

impl Rewrite {
    /// Writes the object with the slug put back to `out` and fills in what it was. What is not a JSON object is
    /// written as it is, and false is given.
    pub(super) fn apply(&self, text: &[u8], facts: &mut Facts, out: &mut Vec<u8>) -> bool {
        let json = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let is_read = facts.read(json).is_ok();
        out.extend_from_slice(text.get(..text.len() - json.len()).unwrap_or_default());
        if is_read {
            self.write(json, facts, out);
        } else {
            out.extend_from_slice(json);
        }
        is_read
    }

    /// Writes an object that was read.
    pub(super) fn write(&self, text: &[u8], facts: &Facts, out: &mut Vec<u8>) {
        let mut from = 0;
        for (at, edit) in &facts.edits {
            let text_before = text.get(from..at.start).unwrap_or_default();
            match edit {
                Edit::Model => {
                    out.extend_from_slice(text_before);
                    out.extend_from_slice(&self.slug);
                    from = at.end;
                }
                Edit::Usage if self.usage_is_hidden => {
                    out.extend_from_slice(text_before);
                    from = at.end;
                }
                Edit::Usage => {}
            }
        }
        out.extend_from_slice(text.get(from..).unwrap_or_default());
    }
}

/// Objects in which an event of a stream tells of the whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nested {
    /// `response` of OpenAI's responses.
    Response,
    /// `message` of Anthropic's messages.
    Message,
    /// `x_groq`.
    Groq,
}

impl Facts {
    /// Reads an object.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<(), Malformed> {
        self.forget();
        let mut answer = AnswerWatch::default();
        let mut nested = Vec::new();
        let mut kind: &[u8] = b"";
        let mut usage_member = None;
        let mut previous_end = None;
        let mut next_start = None;
        json::members_watched(text, &mut answer, |member| {
            if usage_member.is_some() && next_start.is_none() {
                next_start = Some(member.key.start);
            }
            let value = text.get(member.value.clone()).unwrap_or_default();
            match text.get(member.key.clone()).unwrap_or_default() {
                b"\"usage\"" => {
                    if value != b"null" {
                        self.usage.merge(&Usage::read(value));
                    }
                    usage_member = Some((previous_end, member.key.start..member.value.end));
                }
                b"\"choices\"" if value.starts_with(b"[") => self.choices = Some(member.value.clone()),
                b"\"type\"" => kind = value,
                b"\"response\"" if value.starts_with(b"{") => nested.push((Nested::Response, member.value.clone())),
                b"\"message\"" if value.starts_with(b"{") => nested.push((Nested::Message, member.value.clone())),
                b"\"x_groq\"" if value.starts_with(b"{") => nested.push((Nested::Groq, member.value.clone())),
                key => self.note(key, value, &member),
            }
            previous_end = Some(member.value.end);
        })?;
        self.answer = answer;
        for (which, at) in nested {
            self.read_nested(text, which, &at, kind)?;
        }
        if let Some((before, at)) = usage_member {
            let whole = match (before, next_start) {
                (_, Some(next)) => at.start..next,
                (Some(before), None) => before..at.end,
                (None, None) => at,
            };
            self.edits.push((whole, Edit::Usage));
        }
        if self.edits.len() > 1 {
            self.edits.sort_unstable_by_key(|(at, _)| at.start);
        }
        self.note_kind(kind, text);
        Ok(())
    }

    fn forget(&mut self) {
        self.edits.clear();
        if !self.usage.is_silent() {
            self.usage = Usage::default();
        }
        self.choices = None;
        (self.is_piece, self.is_last, self.has_failed) = (false, false, false);
    }

    /// A member that stands in the answer itself or in what it is nested in.
    fn note(&mut self, key: &[u8], value: &[u8], member: &Member) {
        match key {
            b"\"model\"" if value.starts_with(b"\"") => self.edits.push((member.value.clone(), Edit::Model)),
            b"\"error\"" => self.has_failed |= !matches!(value, b"null" | b"false" | b"\"\""),
            b"\"usageMetadata\"" | b"\"timings\"" | b"\"amazon-bedrock-invocationMetrics\"" => {
                self.usage.merge(&Usage::read(value));
            }
            _ => {}
        }
    }

    fn read_nested(&mut self, text: &[u8], which: Nested, at: &Range<usize>, kind: &[u8]) -> Result<(), Malformed> {
        json::members_at(text, at, |member| {
            let value = text.get(member.value.clone()).unwrap_or_default();
            match (which, text.get(member.key.clone()).unwrap_or_default()) {
                (_, b"\"usage\"") => self.usage.merge(&Usage::read(value)),
                (Nested::Groq, b"\"error\"") => self.has_failed |= value != b"null",
                (Nested::Groq, _) => {}
                (Nested::Response, b"\"incomplete_details\"") if kind == b"\"response.incomplete\"" => {
                    self.has_failed |= !is_a_limit(value);
                }
                (Nested::Response | Nested::Message, key) => self.note(key, value, &member),
            }
        })
    }

    fn note_kind(&mut self, kind: &[u8], text: &[u8]) {
        let has_choices = self.choices.is_some() && !self.choices_are_none(text);
        self.is_piece = has_choices || kind.ends_with(b".delta\"") || kind == b"\"content_block_delta\"";
        match kind {
            b"\"message_stop\"" | b"\"response.completed\"" | b"\"response.incomplete\"" => self.is_last = true,
            b"\"response.failed\"" => {
                self.is_last = true;
                self.has_failed = true;
            }
            b"\"error\"" => self.has_failed = true,
            _ => {}
        }
    }

    /// True where there is a list of choices with nothing in it.
    pub(super) fn choices_are_none(&self, text: &[u8]) -> bool {
        let Some(choices) = &self.choices else { return false };
        let inner = text.get(choices.start + 1..choices.end.saturating_sub(1)).unwrap_or_default();
        inner.trim_ascii().is_empty()
    }

    /// True where it carries usage, null or not.
    pub(super) fn carries_usage(&self) -> bool {
        !self.usage.is_silent()
    }

    /// True where its choices say nothing, and not why they ended: what some servers put beside usage.
    pub(super) fn choices_say_nothing(&self, text: &[u8]) -> bool {
        let Some(choices) = &self.choices else { return false };
        let mut says_nothing = self.answer.finishes() == 0 && self.answer.letters() == 0;
        let is_read = json::elements_at(text, choices, |choice| {
            let _ = json::members_at(text, &choice, |member| {
                let is_delta = text.get(member.key) == Some(b"\"delta\"".as_slice());
                says_nothing &= !is_delta || delta_is_empty(text, &member.value);
            });
        });
        says_nothing && is_read.is_ok()
    }
}

/// True where a delta holds no member but empty ones, and its role.
fn delta_is_empty(text: &[u8], delta: &Range<usize>) -> bool {
    let mut is_empty = true;
    let read = json::members_at(text, delta, |member| {
        let key = text.get(member.key).unwrap_or_default();
        let value = text.get(member.value).unwrap_or_default();
        is_empty &= key == b"\"role\"" || matches!(value, b"null" | b"\"\"" | b"[]" | b"{}");
    });
    is_empty && read.is_ok()
}

/// True where an answer that is not complete ended as it was asked to, by what `incomplete_details` says.
fn is_a_limit(details: &[u8]) -> bool {
    let mut reason: &[u8] = b"null";
    let read = json::members_at(details, &(0..details.len()), |member| {
        if details.get(member.key) == Some(b"\"reason\"".as_slice()) {
            reason = details.get(member.value).unwrap_or_default();
        }
    });
    let is_known = matches!(reason, b"\"max_output_tokens\"" | b"\"max_tokens\"" | b"\"content_filter\"");
    is_known || read.is_err() || reason == b"null"
}

#[cfg(test)]
mod tests;
