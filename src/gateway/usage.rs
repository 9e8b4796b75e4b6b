//! What upstreams tell of the tokens that they used, whatever the dialect; and what is estimated where they don't. Pure.
//!
//! Every provider spells usage its own way, and puts what its cache answered inside the prompt or beside it. So nothing
//! is added up while it is read: each count that is known ([`Count`], by the table of [`SPELLINGS`]) is kept raw, and
//! of a count that is told again the larger one, since counts of a stream are running totals. Only at the end it is
//! worked out what they mean together ([`Usage::told`]).
//!
//! Decisions where the sources are silent:
//!
//! - A member that is no count of tokens (an array, a negative number, 1e30) is as good as absent, and costs no other.
//!   A count may be spelled `"3"` or `3.0`.
//! - Where a sum is told, the members are read so that they agree with it; where no reading does and the sum is larger,
//!   what is missing is output.
//! - A zero beside an answer that is not empty, or beside a prompt that is not, is no count: [`Usage::charge`] puts
//!   the [`Estimate`] in its place, and says so.

mod count;
mod estimate;
mod spellings;
mod sum;

use crate::api::EventTokens;
use crate::gateway::json;

use count::COUNTS;
pub use count::Count;
pub use estimate::{AnswerWatch, Estimate, PromptWatch, TOKENS_PER_ATTACHMENT, tokens_of};
pub use spellings::{SPELLINGS, Spelling};
pub use sum::Told;

/// The counts that an answer told, as far as it has, each as it was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    counts: [u64; COUNTS],
    /// A bit for each count that was told.
    told: u16,
}

/// What a request is charged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Charge {
    /// The tokens.
    pub tokens: EventTokens,
    /// True where any of them was not told but estimated.
    pub is_estimated: bool,
}

impl Usage {
    /// Reads a usage object, `{"prompt_tokens":3,…}`, in whatever dialect. What is no object tells nothing.
    #[must_use]
    pub fn read(object: &[u8]) -> Self {
        let mut usage = Self::default();
        // What was read before it stopped being JSON was told all the same.
        let _ = json::members_at(object, &(0..object.len()), |member| {
            let key = spellings::bare(object.get(member.key).unwrap_or_default());
            let value = object.get(member.value.clone()).unwrap_or_default();
            if value.starts_with(b"{") && spellings::is_place(key) {
                let _ = json::members_at(object, &member.value, |inner| {
                    let name = spellings::bare(object.get(inner.key).unwrap_or_default());
                    usage.note(key, name, object.get(inner.value).unwrap_or_default());
                });
            } else {
                usage.note(b"", key, value);
            }
        });
        usage
    }

    /// Reads what an answer's headers tell, each asked for by its name.
    #[must_use]
    pub fn of_headers<'a>(get: impl Fn(&str) -> Option<&'a [u8]>) -> Self {
        let mut usage = Self::default();
        for (name, header_count) in spellings::HEADERS {
            if let Some(tokens) = get(name).and_then(count::read) {
                usage.tell(header_count, tokens);
            }
        }
        usage
    }

    /// Takes a count that was told elsewhere than in a usage object.
    pub fn tell(&mut self, count: Count, tokens: u64) {
        let at = count as usize;
        if let Some(kept) = self.counts.get_mut(at) {
            *kept = tokens.max(*kept);
            self.told |= 1 << at;
        }
    }

    /// Takes over what the other one tells: the larger of each count, since counts of a stream are running totals.
    pub fn merge(&mut self, other: &Self) {
        if other.told == 0 {
            return;
        }
        self.told |= other.told;
        for (kept, told) in self.counts.iter_mut().zip(other.counts) {
            *kept = told.max(*kept);
        }
    }

    /// True where nothing was told.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.told == 0
    }

    /// The count as it was told.
    #[must_use]
    pub fn get(&self, count: Count) -> Option<u64> {
        let at = count as usize;
        self.counts.get(at).copied().filter(|_| self.told & (1 << at) != 0)
    }

    /// What is charged: what was told, and the estimate in place of what was not, or was told to be nothing though
    /// there was something.
    #[must_use]
    pub fn charge(&self, estimate: Estimate) -> Charge {
        let told = self.told();
        if let (None, None, Some(sum @ 1..)) = (told.input, told.output, told.undivided) {
            let input = if estimate.output == 0 { sum } else { estimate.input.min(sum) };
            let tokens =
                EventTokens { input_tokens: input, output_tokens: sum - input, cached_input_tokens: told.cached };
            return Charge { tokens, is_estimated: estimate.output > 0 };
        }
        let or_estimate = |told: Option<u64>, estimate: u64| match told {
            Some(told @ 1..) => (told, false),
            Some(0) | None => (estimate, estimate > 0),
        };
        let (input_tokens, input_is_estimated) = or_estimate(told.input, estimate.input);
        let (output_tokens, output_is_estimated) = or_estimate(told.output, estimate.output);
        Charge {
            tokens: EventTokens { input_tokens, output_tokens, cached_input_tokens: told.cached.min(input_tokens) },
            is_estimated: input_is_estimated || output_is_estimated,
        }
    }

    /// The same for an answer that did not come to its end: what had passed of it counts where it is more than what
    /// was told by then.
    #[must_use]
    pub fn charge_so_far(&self, estimate: Estimate) -> Charge {
        let mut charge = self.charge(estimate);
        if charge.tokens.output_tokens < estimate.output {
            charge.tokens.output_tokens = estimate.output;
            charge.is_estimated = true;
        }
        charge
    }

    fn note(&mut self, place: &[u8], name: &[u8], value: &[u8]) {
        if let Some(count) = spellings::find(place, name)
            && let Some(tokens) = count::read(value)
        {
            self.tell(count, tokens);
        }
    }
}

#[cfg(test)]
mod tests;
