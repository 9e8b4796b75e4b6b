//! What was heard of an answer while it passed: what it is charged by, and how it ended. Pure.

use super::reply::Facts;
use crate::gateway::json;
use crate::gateway::usage::{Charge, Count, Estimate, Usage, tokens_of};

/// What an answer told so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// What it told of usage.
    usage: Usage,
    /// How many pieces passed, about one a token.
    pieces: u64,
    /// How many letters passed.
    letters: u64,
    /// Any event, whatever it said.
    has_begun: bool,
    is_over: bool,
    has_failed: bool,
    choices: Choices,
    alone: Alone,
}

/// Of an answer's choices, which have said why they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Choices {
    /// How many were asked for, where it is more than one.
    asked: u32,
    finished: u128,
}

/// Usage that came on chunks of its own: a server may send one for each choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Alone {
    chunks: u32,
    output: u64,
}

/// How a body that has come to its end has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It said that it is over, or every choice said why it ended.
    Whole,
    /// It told of an error.
    Failed,
    /// It was not one event.
    Empty,
    /// It stopped before it was over.
    Unfinished,
}

impl Heard {
    /// Nothing yet, of an answer with so many choices.
    pub(super) fn of_choices(asked: u32) -> Self {
        Self { choices: Choices { asked, finished: 0 }, ..Self::default() }
    }

    /// Takes what one JSON object of the answer was.
    pub(super) fn note(&mut self, facts: &Facts, text: &[u8]) {
        self.has_begun = true;
        self.usage.merge(&facts.usage);
        self.pieces += u64::from(facts.is_piece);
        self.letters += facts.answer.letters();
        self.is_over |= facts.is_last;
        self.has_failed |= facts.has_failed || facts.answer.has_failed();
        if facts.answer.finishes() > 0 {
            self.choices.note(facts, text);
        }
        if facts.choices_are_none(text) && !facts.usage.is_silent() {
            self.alone.chunks += 1;
            self.alone.output = self.alone.output.saturating_add(facts.usage.get(Count::Output).unwrap_or(0));
        }
    }

    /// Takes what an answer that came as one was.
    pub(super) fn note_whole(&mut self, facts: &Facts) {
        self.usage.merge(&facts.usage);
        self.letters += facts.answer.letters();
        self.has_failed |= facts.has_failed || facts.answer.has_failed();
    }

    /// An event that is no JSON.
    pub(super) fn note_event(&mut self) {
        self.has_begun = true;
    }

    /// What was said in an event that was too large to be held.
    pub(super) fn note_long(&mut self, letters: u64, finishes: u32) {
        self.pieces += u64::from(letters > 0);
        self.letters += letters;
        if finishes > 0 {
            self.choices.finished |= 1;
        }
    }

    /// The answer said that it is over.
    pub(super) fn note_over(&mut self) {
        self.has_begun = true;
        self.is_over = true;
    }

    /// The answer told of an error.
    pub(super) fn note_failure(&mut self) {
        self.has_failed = true;
    }

    /// Takes usage that was told outside of the body.
    pub(super) fn tell(&mut self, usage: &Usage) {
        self.usage.merge(usage);
    }

    /// True once it said that it is over.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// True once it told of an error.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// True once any choice has said why it ended.
    pub(super) fn has_finishes(&self) -> bool {
        self.choices.finished != 0
    }

    /// True where anything was generated, or told to be.
    pub(super) fn has_answer(&self) -> bool {
        self.pieces > 0 || self.letters > 0 || !self.usage.is_silent()
    }

    /// How the body ended, now that it has.
    pub(super) fn ending(&self) -> Ending {
        if self.has_failed {
            Ending::Failed
        } else if self.is_over || self.choices.are_finished() {
            Ending::Whole
        } else if self.has_begun {
            Ending::Unfinished
        } else {
            Ending::Empty
        }
    }

    /// What is charged of an answer to a prompt of about so many tokens.
    pub(super) fn charge(&self, prompt: u64, is_whole: bool) -> Charge {
        let estimate = Estimate { input: prompt, output: self.pieces.max(tokens_of(self.letters)) };
        let usage = self.usage_of_all();
        if is_whole { usage.charge(estimate) } else { usage.charge_so_far(estimate) }
    }

    /// In OpenAI's dialect one chunk tells the usage of all choices. Where there were several, as llama.cpp sends
    /// them, each told of its choice alone.
    fn usage_of_all(&self) -> Usage {
        let mut usage = self.usage;
        if self.choices.asked > 1 && self.alone.chunks > 1 {
            usage.tell(Count::Output, self.alone.output);
        }
        usage
    }
}

impl Choices {
    fn note(&mut self, facts: &Facts, text: &[u8]) {
        if self.asked <= 1 {
            self.finished |= 1;
            return;
        }
        let Some(choices) = &facts.choices else { return };
        // What could be read once can be read again.
        let _ = json::elements_at(text, choices, |choice| {
            let (mut index, mut has_reason) = (0, false);
            let _ = json::members_at(text, &choice, |member| {
                let value = text.get(member.value).unwrap_or_default();
                match text.get(member.key).unwrap_or_default() {
                    b"\"index\"" => index = std::str::from_utf8(value).ok().and_then(|i| i.parse().ok()).unwrap_or(0),
                    b"\"finish_reason\"" => has_reason = value.starts_with(b"\""),
                    _ => {}
                }
            });
            if has_reason {
                self.finished |= 1_u128.checked_shl(index).unwrap_or(0);
            }
        });
    }

    /// Choices beyond the ones that have a bit are taken to end as the others do.
    fn are_finished(self) -> bool {
        self.finished.count_ones() >= self.asked.clamp(1, u128::BITS)
    }
}
