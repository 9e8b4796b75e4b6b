//! What is typed after `/`: words that are matched fuzzily, and `slug: provider: target: state:` that narrow.
//!
//! A plain word has to be found in the slug or in the target; a narrowing word only in its column. All have to be
//! found. Case matters only where a capital is typed.

use std::collections::HashMap;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::rows::{Row, Targets};

/// Where a word is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// In the slug or in the target.
    Any,
    /// In the slug.
    Slug,
    /// In the provider's name.
    Provider,
    /// In what the target is called.
    Target,
    /// In the word of the sync state.
    State,
}

#[derive(Debug, Clone, PartialEq)]
struct Word {
    column: Column,
    atom: Atom,
}

/// A filter that was understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    words: Vec<Word>,
}

impl Query {
    /// Reads what was typed. A narrowing word without a text narrows nothing yet.
    #[must_use]
    pub fn parse(typed: &str) -> Self {
        let words = typed
            .split_whitespace()
            .filter_map(|word| {
                let (column, text) = match word.split_once(':') {
                    Some(("slug", rest)) => (Column::Slug, rest),
                    Some(("provider", rest)) => (Column::Provider, rest),
                    Some(("target", rest)) => (Column::Target, rest),
                    Some(("state", rest)) => (Column::State, rest),
                    _ => (Column::Any, word),
                };
                // A state and a provider are few words: a fuzzy match would find most of them.
                let kind = match column {
                    Column::Any | Column::Slug | Column::Target => AtomKind::Fuzzy,
                    Column::Provider | Column::State => AtomKind::Substring,
                };
                (!text.is_empty()).then(|| Word {
                    column,
                    atom: Atom::new(text, CaseMatching::Smart, Normalization::Smart, kind, false),
                })
            })
            .collect();
        Self { words }
    }

    /// True where everything passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// True where the state decides, so that the passing of time does too.
    #[must_use]
    pub fn asks_for_state(&self) -> bool {
        self.words.iter().any(|word| word.column == Column::State)
    }
}

/// Applies a query to many rows, remembering what it found out about shared targets.
pub struct Sieve<'a> {
    query: &'a Query,
    matcher: Matcher,
    letters: Vec<char>,
    targets: HashMap<(usize, *const Targets), Option<u16>>,
}

impl<'a> Sieve<'a> {
    /// A sieve for a query.
    #[must_use]
    pub fn new(query: &'a Query) -> Self {
        let mut config = Config::DEFAULT;
        config.prefer_prefix = true;
        Self { query, matcher: Matcher::new(config), letters: Vec::new(), targets: HashMap::new() }
    }

    /// How well a row matches; `None` where it does not. `state` is asked for only where the query needs it.
    pub fn score(&mut self, row: &Row, state: impl Fn(&Row) -> &'static str) -> Option<u32> {
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

fn score(atom: &Atom, text: &str, letters: &mut Vec<char>, matcher: &mut Matcher) -> Option<u16> {
    atom.score(Utf32Str::new(text, letters), matcher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Endpoint, EndpointId, Provider, Slug, Target, Time, Unknown};
    use crate::tui::screens::endpoints::rows::Rows;

    fn rows() -> Rows {
        let endpoint = |slug: &str, target: Target| Endpoint {
            id: EndpointId::new(slug),
            slug: Slug::from_wire(slug),
            region: None,
            targets: vec![target],
            created_at: Time::EPOCH,
            updated_at: Time::EPOCH,
            unknown: Unknown::new(),
        };
        let mut rows = Rows::default();
        rows.lay(
            vec![
                endpoint("my-org/glm-5.2", Target::baseten("3kZ9xqd", None)),
                endpoint("my-org/glm-canary", Target::baseten("7mP2wqe", Some("staging"))),
                endpoint("my-org/claude", Target::external(Provider::Anthropic, "s", "claude-sonnet")),
                endpoint("my-org/日本", Target::external(Provider::OpenAi, "s", "gpt-4o")),
            ],
            true,
        );
        rows
    }

    fn found(typed: &str) -> Vec<String> {
        let query = Query::parse(typed);
        let mut sieve = Sieve::new(&query);
        let state = |row: &Row| if row.slug.as_str().contains("canary") { "waiting" } else { "live" };
        let rows = rows();
        rows.all()
            .iter()
            .filter(|row| sieve.score(row, state).is_some())
            .map(|row| row.slug.as_str().trim_start_matches("my-org/").to_owned())
            .collect()
    }

    #[test]
    fn words_are_fuzzy_and_all_must_match() {
        assert_eq!(found("glm"), ["glm-5.2", "glm-canary"]);
        assert_eq!(found("glm cnry"), ["glm-canary"]);
        assert_eq!(found("3kz"), ["glm-5.2"]);
        assert_eq!(found("日"), ["日本"]);
        assert_eq!(found("nothing-like-it"), Vec::<String>::new());
    }

    #[test]
    fn columns_narrow() {
        assert_eq!(found("provider:openai"), ["日本"]);
        assert_eq!(found("provider:baseten state:wait"), ["glm-canary"]);
        assert_eq!(found("target:sonnet"), ["claude"]);
        assert_eq!(found("slug:claude"), ["claude"]);
        assert_eq!(found("provider:").len(), 4);
        assert_eq!(found("3kZ"), ["glm-5.2"]);
        assert_eq!(found("3KZ"), Vec::<String>::new());
    }
}
