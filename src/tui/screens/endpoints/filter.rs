//! What is typed after `/`: words that are matched fuzzily, `slug: provider: target: state:` and `age:` that narrow,
//! and `@name` for a filter that the configuration saves.
//!
//! A plain word has to be found in the slug or in the target; a narrowing word only in its column; `age:<1h` and
//! `age:>2d` ask how long ago the endpoint was written. All have to be found. Case matters only where a capital is typed.

use std::collections::BTreeMap;
use std::time::Duration;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};

use super::rows::Row;
use super::sieve::Plain;
use crate::api::Time;

/// Filters that have a name.
pub type Saved = BTreeMap<String, String>;

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

/// A word with where it is looked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) column: Column,
    pub(super) atom: Atom,
    /// The text, where a fast look at letters that are ASCII tells whether it is found.
    pub(super) plain: Option<Plain>,
}

/// How long ago the last write may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Age {
    is_older: bool,
    than: Duration,
}

/// A filter that was understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    pub(super) words: Vec<Word>,
    pub(super) ages: Vec<Age>,
    /// What of it was not.
    pub problem: Option<String>,
}

impl Query {
    /// Reads what was typed. A narrowing word without a text narrows nothing yet, and neither does what is wrong.
    #[must_use]
    pub fn parse(typed: &str, saved: &Saved) -> Self {
        let mut query = Self::default();
        for word in typed.split_whitespace() {
            match word.strip_prefix('@') {
                Some(name) => match saved.get(name) {
                    Some(text) => text.split_whitespace().for_each(|word| query.read(word)),
                    None => query.problem = Some(unknown(name, saved)),
                },
                None => query.read(word),
            }
        }
        query
    }

    fn read(&mut self, word: &str) {
        let (column, text) = match word.split_once(':') {
            Some(("slug", rest)) => (Column::Slug, rest),
            Some(("provider", rest)) => (Column::Provider, rest),
            Some(("target", rest)) => (Column::Target, rest),
            Some(("state", rest)) => (Column::State, rest),
            Some(("age", rest)) => return self.read_age(rest),
            _ => (Column::Any, word),
        };
        // A state and a provider are few words: a fuzzy match would find most of them.
        let kind = match column {
            Column::Any | Column::Slug | Column::Target => AtomKind::Fuzzy,
            Column::Provider | Column::State => AtomKind::Substring,
        };
        if !text.is_empty() {
            let atom = Atom::new(text, CaseMatching::Smart, Normalization::Smart, kind, false);
            self.words.push(Word { column, atom, plain: Plain::new(text, kind) });
        }
    }

    fn read_age(&mut self, text: &str) {
        let span = text.trim_start_matches(['<', '>']);
        match (span.is_empty(), span_of(span)) {
            (true, _) => {}
            (false, Some(than)) => self.ages.push(Age { is_older: text.starts_with('>'), than }),
            (false, None) => self.problem = Some("such as age:<90s age:<1h age:>2d age:>3w".to_owned()),
        }
    }

    /// True where whatever this finds was found by the other as well: a letter more was typed.
    #[must_use]
    pub fn narrows(&self, other: &Self) -> bool {
        let is_fixed =
            |query: &Self| query.ages.is_empty() && query.words.iter().all(|word| word.column != Column::State);
        let is_narrower = |old: &Word, new: &Word| {
            let has_more =
                |old: &Plain, new: &Plain| new.letters.starts_with(&old.letters) && old.is_fuzzy == new.is_fuzzy;
            old == new
                || (old.column == new.column
                    && old.plain.as_ref().zip(new.plain.as_ref()).is_some_and(|(old, new)| has_more(old, new)))
        };
        is_fixed(self)
            && is_fixed(other)
            && !other.words.is_empty()
            && other.words.len() <= self.words.len()
            && other.words.iter().zip(&self.words).all(|(old, new)| is_narrower(old, new))
    }

    /// True where everything passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.ages.is_empty()
    }

    /// True where the passing of time alone lets rows come and go.
    #[must_use]
    pub fn moves_with_time(&self) -> bool {
        !self.ages.is_empty() || self.words.iter().any(|word| word.column == Column::State)
    }

    pub(super) fn is_of_age(&self, now: Time, row: &Row) -> bool {
        let age = now.since(row.updated_at);
        self.ages.iter().all(|wanted| if wanted.is_older { age > wanted.than } else { age < wanted.than })
    }
}

fn unknown(name: &str, saved: &Saved) -> String {
    let names: Vec<String> = saved.keys().map(|name| format!("@{name}")).collect();
    match (name.is_empty(), names.is_empty()) {
        (_, true) => "the configuration saves no filters: [filters]".to_owned(),
        (true, false) => names.join(" "),
        (false, false) => {
            let near = crate::near::did_you_mean(name, saved.keys().map(String::as_str));
            near.unwrap_or_else(|| format!("there are {}", names.join(" ")))
        }
    }
}

/// `90s`, `5m`, `1h`, `2d`, `3w`.
fn span_of(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let unit = match text.get(digits.len()..)? {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.saturating_mul(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Endpoint, EndpointId, Provider, Slug, Target, Time, Unknown};
    use crate::tui::screens::endpoints::rows::Rows;
    use crate::tui::screens::endpoints::sieve::Sieve;

    fn rows() -> Rows {
        let age = |slug: &str| if slug.contains("canary") { 5400 } else { 0 };
        let endpoint = |slug: &str, target: Target| Endpoint {
            id: EndpointId::new(slug),
            slug: Slug::from_wire(slug),
            region: None,
            targets: vec![target],
            created_at: Time::EPOCH,
            updated_at: Time::EPOCH.plus(Duration::from_secs(age(slug))),
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
        let saved = Saved::from([("mine".to_owned(), "provider:baseten glm".to_owned())]);
        let query = Query::parse(typed, &saved);
        let mut sieve = Sieve::new(&query, Time::EPOCH.plus(Duration::from_hours(2)));
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

    #[test]
    fn ages_narrow_by_the_last_write() {
        assert_eq!(found("age:<1h"), ["glm-canary"]);
        assert_eq!(found("age:1h"), ["glm-canary"]);
        assert_eq!(found("age:>45m glm"), ["glm-5.2"]);
        assert_eq!(found("age:>1d"), Vec::<String>::new());
        assert_eq!(found("age:<").len(), 4);
        assert_eq!(found("age:<5parsecs").len(), 4);
        assert!(Query::parse("age:<5parsecs", &Saved::new()).problem.is_some());
    }

    #[test]
    fn a_saved_filter_stands_for_its_words() {
        assert_eq!(found("@mine"), ["glm-5.2", "glm-canary"]);
        assert_eq!(found("@mine cnry"), ["glm-canary"]);
        let saved = Saved::from([("waiting".to_owned(), "state:waiting".to_owned())]);
        let problem = |typed: &str| Query::parse(typed, &saved).problem.unwrap_or_default();
        assert_eq!(problem("@wating"), "did you mean waiting?");
        assert_eq!(problem("@"), "@waiting");
        assert_eq!(problem("@waiting"), "");
        assert!(Query::parse("@waiting", &saved).moves_with_time());
    }
}
