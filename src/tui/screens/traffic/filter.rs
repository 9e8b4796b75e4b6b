//! What is typed after `/`: words and `slug:`, `group:`, `key:`, `status:`. All must hold.

use crate::tui::traffic::Passed;

/// A filter of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    /// Slug, target, group or key has it.
    Word(String),
    Slug(String),
    Group(String),
    Key(String),
    Status(Status),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Status {
    /// Its first digits: `5`, `5xx`, `429`.
    Digits(String),
    /// What [`Passed::is_error`] says.
    Error(bool),
    /// What nobody can have.
    Nothing,
}

impl Filter {
    /// Reads what was typed. Anything is a filter.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        Self { terms: typed.split_whitespace().filter_map(term).collect() }
    }

    /// True where everything passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// True where only slugs are asked for: the figures of slugs are those of all requests then.
    #[must_use]
    pub fn is_of_slugs(&self) -> bool {
        self.terms.iter().all(|term| matches!(term, Term::Slug(_)))
    }

    /// True where the request passes.
    #[must_use]
    pub fn admits(&self, passed: &Passed) -> bool {
        self.terms.iter().all(|term| term.admits(passed))
    }

    /// True where requests to the slug can pass.
    #[must_use]
    pub fn admits_slug(&self, slug: &str) -> bool {
        self.terms.iter().all(|term| if let Term::Slug(part) = term { has(slug, part) } else { true })
    }
}

fn term(word: &str) -> Option<Term> {
    let lower = word.to_lowercase();
    let Some((name, value)) = lower.split_once(':') else { return Some(Term::Word(lower)) };
    // While it is being typed it asks for nothing yet.
    if value.is_empty() && matches!(name, "slug" | "group" | "key" | "status") {
        return None;
    }
    Some(match name {
        "slug" => Term::Slug(value.to_owned()),
        "group" => Term::Group(value.to_owned()),
        "key" => Term::Key(value.to_owned()),
        "status" => Term::Status(status(value)),
        _ => Term::Word(lower),
    })
}

fn status(value: &str) -> Status {
    let digits = value.trim_end_matches('x');
    match value {
        "ok" => Status::Error(false),
        _ if "error".starts_with(value) => Status::Error(true),
        _ if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Status::Digits(digits.to_owned())
        }
        _ => Status::Nothing,
    }
}

fn has(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(part)
}

impl Term {
    fn admits(&self, passed: &Passed) -> bool {
        let in_group = |part| passed.group().is_some_and(|group| has(group, part));
        let in_key = |part| passed.key().is_some_and(|key| has(key.as_str(), part));
        match self {
            Self::Word(part) => {
                has(passed.slug().as_str(), part)
                    || in_group(part)
                    || in_key(part)
                    || passed.target().is_some_and(|target| has(&target, part))
            }
            Self::Slug(part) => has(passed.slug().as_str(), part),
            Self::Group(part) => in_group(part),
            Self::Key(part) => in_key(part),
            Self::Status(Status::Digits(digits)) => {
                passed.status().is_some_and(|status| status.to_string().starts_with(digits))
            }
            Self::Status(Status::Error(is_error)) => passed.is_error() == *is_error,
            Self::Status(Status::Nothing) => false,
        }
    }
}
