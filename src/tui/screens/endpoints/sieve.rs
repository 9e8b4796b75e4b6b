//! A filter applied to many rows: fast where the letters are ASCII, by the matcher's own judgement where they are not.

use std::collections::HashMap;

use nucleo_matcher::pattern::{Atom, AtomKind};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::filter::{Column, Query, Word};
use super::rows::{Row, Targets};
use crate::api::Time;

/// A word of ASCII letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) letters: Vec<u8>,
    /// True where case matters: a capital was typed.
    is_exact: bool,
    /// True where the letters need only come in this order.
    pub(super) is_fuzzy: bool,
}

impl Plain {
    pub(super) fn new(text: &str, kind: AtomKind) -> Option<Self> {
        let is_exact = text.bytes().any(|letter| letter.is_ascii_uppercase());
        let is_fuzzy = kind == AtomKind::Fuzzy;
        text.is_ascii().then(|| Self { letters: text.as_bytes().to_vec(), is_exact, is_fuzzy })
    }

    fn is_in(&self, text: &[u8]) -> bool {
        let is_same = |typed: &u8, there: &u8| {
            if self.is_exact { typed == there } else { typed.eq_ignore_ascii_case(there) }
        };
        if self.is_fuzzy {
            let mut rest = text.iter();
            return self.letters.iter().all(|typed| rest.any(|there| is_same(typed, there)));
        }
        let is_here = |window: &[u8]| window.iter().zip(&self.letters).all(|(there, typed)| is_same(typed, there));
        text.windows(self.letters.len().max(1)).any(is_here)
    }
}

/// Applies a query to many rows, remembering what it found out about shared targets.
pub struct Sieve<'a> {
    query: &'a Query,
    now: Time,
    matcher: Matcher,
    letters: Vec<char>,
    targets: HashMap<(usize, *const Targets), Option<u16>>,
    /// By word and the number of the targets: whether it is found there.
    known: Vec<Vec<Option<bool>>>,
}

impl<'a> Sieve<'a> {
    /// A sieve for a query, at a time by the server's clock.
    #[must_use]
    pub fn new(query: &'a Query, now: Time) -> Self {
        let mut config = Config::DEFAULT;
        config.prefer_prefix = true;
        let known = vec![Vec::new(); query.words.len()];
        Self { query, now, matcher: Matcher::new(config), letters: Vec::new(), targets: HashMap::new(), known }
    }

    /// Whether a row passes, told by what the index holds of it; the row itself is asked for only where the query
    /// needs more. The same as [`Self::score`] finding something, without weighing what it finds.
    pub fn passes<'r>(
        &mut self,
        slug: &str,
        number: u32,
        row: impl Fn() -> Option<&'r Row>,
        state: impl Fn(&Row) -> &'static str,
    ) -> bool {
        let query = self.query;
        if !query.ages.is_empty() && !row().is_some_and(|row| query.is_of_age(self.now, row)) {
            return false;
        }
        query.words.iter().enumerate().all(|(index, word)| match word.column {
            Column::Slug => self.has(word, slug),
            Column::State => row().is_some_and(|row| self.has(word, state(row))),
            Column::Provider | Column::Target => self.has_in_targets(index, number, &row),
            Column::Any => self.has(word, slug) || self.has_in_targets(index, number, &row),
        })
    }

    fn has(&mut self, word: &Word, text: &str) -> bool {
        match &word.plain {
            Some(plain) if text.is_ascii() => plain.is_in(text.as_bytes()),
            _ => score(&word.atom, text, &mut self.letters, &mut self.matcher).is_some(),
        }
    }

    fn has_in_targets<'r>(&mut self, index: usize, number: u32, row: &impl Fn() -> Option<&'r Row>) -> bool {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        let known = self.known.get(index).and_then(|known| known.get(place)).copied().flatten();
        if let Some(known) = known {
            return known;
        }
        let Some((row, word)) = row().zip(self.query.words.get(index)) else { return false };
        let found = self.score_targets(index, word, row).is_some();
        // Numbers are given one after the other; one that is far off is not worth the room.
        if let Some(known) = self.known.get_mut(index).filter(|_| place < TARGETS_KNOWN_MAX) {
            if known.len() <= place {
                known.resize(place + 1, None);
            }
            if let Some(entry) = known.get_mut(place) {
                *entry = Some(found);
            }
        }
        found
    }

    /// How well a row matches; `None` where it does not. `state` is asked for only where the query needs it.
    pub fn score(&mut self, row: &Row, state: impl Fn(&Row) -> &'static str) -> Option<u32> {
        if !self.query.is_of_age(self.now, row) {
            return None;
        }
        let mut total = 0;
        for (index, word) in self.query.words.iter().enumerate() {
            let found = match word.column {
                Column::Slug => score(&word.atom, row.slug.as_str(), &mut self.letters, &mut self.matcher),
                Column::State => score(&word.atom, state(row), &mut self.letters, &mut self.matcher),
                Column::Provider | Column::Target => self.score_targets(index, word, row),
                Column::Any => {
                    // A match in the slug is worth more than one in the target.
                    let slug = score(&word.atom, row.slug.as_str(), &mut self.letters, &mut self.matcher);
                    match slug {
                        Some(score) => Some(score.saturating_add(SLUG_BONUS)),
                        None => self.score_targets(index, word, row),
                    }
                }
            };
            total += u32::from(found?);
        }
        Some(total)
    }

    fn score_targets(&mut self, index: usize, word: &Word, row: &Row) -> Option<u16> {
        let key = (index, std::sync::Arc::as_ptr(&row.targets));
        if let Some(known) = self.targets.get(&key) {
            return *known;
        }
        let text = match word.column {
            Column::Provider => row.targets.provider.clone(),
            Column::Target => row.targets.label.clone(),
            Column::Any | Column::Slug | Column::State => format!("{} {}", row.targets.provider, row.targets.label),
        };
        let found = score(&word.atom, &text, &mut self.letters, &mut self.matcher);
        self.targets.insert(key, found);
        found
    }

    /// The letters of the slug that matched, by character.
    #[must_use]
    pub fn slug_indices(&mut self, slug: &str) -> Vec<u32> {
        let mut indices = Vec::new();
        for word in self.query.words.iter().filter(|word| matches!(word.column, Column::Any | Column::Slug)) {
            let mut found = Vec::new();
            let haystack = Utf32Str::new(slug, &mut self.letters);
            if word.atom.indices(haystack, &mut self.matcher, &mut found).is_some() {
                indices.append(&mut found);
            }
        }
        indices.sort_unstable();
        indices.dedup();
        indices
    }
}

const SLUG_BONUS: u16 = 64;
/// Of how many different targets it is remembered whether a word is found in them.
const TARGETS_KNOWN_MAX: usize = 1 << 20;

fn score(atom: &Atom, text: &str, letters: &mut Vec<char>, matcher: &mut Matcher) -> Option<u16> {
    atom.score(Utf32Str::new(text, letters), matcher)
}

#[cfg(test)]
mod tests {
    use nucleo_matcher::pattern::{CaseMatching, Normalization};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The fast look finds what the matcher finds, and nothing else.
        #[test]
        fn a_fast_look_agrees_with_the_matcher(
            typed in "[a-cA-B1/.-]{1,5}",
            text in "[a-cA-B1/._-]{0,14}",
            is_fuzzy in any::<bool>(),
        ) {
            let kind = if is_fuzzy { AtomKind::Fuzzy } else { AtomKind::Substring };
            let atom = Atom::new(&typed, CaseMatching::Smart, Normalization::Smart, kind, false);
            let mut config = Config::DEFAULT;
            config.prefer_prefix = true;
            let found = score(&atom, &text, &mut Vec::new(), &mut Matcher::new(config)).is_some();
            let plain = Plain::new(&typed, kind).unwrap();
            prop_assert_eq!(plain.is_in(text.as_bytes()), found);
        }
    }
}
