//! What the counts mean together: added up once, when all were told.

use super::{Count, Usage};

/// What was told of prompt and answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// The whole prompt, with what caches answered and took.
    pub input: Option<u64>,
    /// The whole answer, with what the model thought.
    pub output: Option<u64>,
    /// What of the prompt a cache answered.
    pub cached: u64,
    /// A sum of which neither part was told.
    pub undivided: Option<u64>,
}

impl Usage {
    /// What the counts mean together.
    ///
    /// Where a sum was told, that reading is taken which agrees with it: what a cache answered stands inside the
    /// prompt or beside it, and what the model thought inside the answer or beside it. Without one, the names decide.
    #[must_use]
    pub fn told(&self) -> Told {
        let total = self.get(Count::Total);
        let inputs = self.inputs();
        let outputs = self.outputs();
        let cached = self.count(Count::Cached).max(self.count(Count::CacheRead));
        let (input, output) = match (inputs, outputs) {
            (Some(inputs), Some(outputs)) => {
                let (input, output) = agreeing(inputs, outputs, total);
                (Some(input), Some(output))
            }
            (Some([input, _]), None) => (Some(input), total.map(|total| total.saturating_sub(input))),
            (None, Some([output, _])) => {
                (total.filter(|total| *total > output).map(|total| total - output), Some(output))
            }
            (None, None) => (None, None),
        };
        let is_undivided = input.is_none() && output.is_none();
        Told { input, output, cached: cached.min(input.unwrap_or(cached)), undivided: total.filter(|_| is_undivided) }
    }

    /// The whole prompt, the likelier reading first.
    fn inputs(&self) -> Option<[u64; 2]> {
        let parts = self.count(Count::CacheWriteShort).saturating_add(self.count(Count::CacheWriteLong));
        let write = self.count(Count::CacheWrite).max(parts);
        let beside = self.count(Count::CacheRead).saturating_add(write);
        let (prompt, input) = (self.get(Count::Prompt), self.get(Count::Input));
        let Some(base) = prompt.max(input) else { return self.input_of_parts(beside) };
        let with = |tokens: u64| tokens.saturating_add(self.count(Count::ToolPrompt));
        let (inside, outside) = (with(base), with(base.saturating_add(beside)));
        if beside > base {
            // So much cannot stand inside.
            return Some([outside, outside]);
        }
        // Where the prompt was told in both spellings and one is the larger, it is the one that holds all.
        Some(if prompt.is_some() { [inside, outside] } else { [outside, inside] })
    }

    /// The prompt where only its parts were told.
    fn input_of_parts(&self, beside: u64) -> Option<[u64; 2]> {
        let is_told = [Count::Uncached, Count::Cached, Count::CacheRead].iter().any(|part| self.get(*part).is_some());
        let answered = self.count(Count::Cached).max(beside);
        let sum = self.count(Count::Uncached).saturating_add(answered);
        is_told.then_some([sum, sum])
    }

    /// The whole answer, the likelier reading first.
    fn outputs(&self) -> Option<[u64; 2]> {
        let reasoning = self.get(Count::Reasoning);
        let told = self.get(Count::Output).or(self.get(Count::Thoughts).map(|_| 0)).or(reasoning.map(|_| 0))?;
        let said = told.saturating_add(self.count(Count::Thoughts));
        let reasoning = reasoning.unwrap_or(0);
        let with = said.saturating_add(reasoning);
        // So much cannot stand inside.
        Some(if reasoning > said { [with, said] } else { [said, with] })
    }

    fn count(&self, count: Count) -> u64 {
        self.get(count).unwrap_or(0)
    }
}

/// The readings that add up to the total. Where none does: the likelier, and what is missing of the total is output.
fn agreeing(inputs: [u64; 2], outputs: [u64; 2], total: Option<u64>) -> (u64, u64) {
    let [input, _] = inputs;
    let [output, _] = outputs;
    let Some(total) = total else { return (input, output) };
    for input in inputs {
        for output in outputs {
            if input.checked_add(output) == Some(total) {
                return (input, output);
            }
        }
    }
    (input, output.max(total.saturating_sub(input)))
}
