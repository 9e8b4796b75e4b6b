//! Slugs: the names that customers call, `org-prefix/name`.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest slug that is accepted, in characters.
pub const SLUG_CHARS_MAX: usize = 255;

/// The name that customers call, `{org_prefix}/{name}`. Case matters.
///
/// Reading one from a server takes any text, since a newer server may have other rules;
/// [`Slug::parse`] checks what a person types and what the local gateway is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SlugError {
    /// Nothing was given.
    #[error("slug must not be empty")]
    Empty,
    /// More than [`SLUG_CHARS_MAX`] characters.
    #[error("slug must have at most {SLUG_CHARS_MAX} characters")]
    TooLong,
    /// No slash, or several.
    #[error("slug must be {{org_prefix}}/{{name}} with exactly one slash")]
    Slashes,
    /// A part before or after the slash is empty.
    #[error("slug must have a name on both sides of the slash")]
    EmptyPart,
    /// `.` and `..` would change the path of a URL that they stand in.
    #[error("slug must not have a part that is only dots")]
    Dots,
    /// A character outside `A-Z a-z 0-9 . _ ~ -`.
    #[error("slug must not contain {0:?}; letters, digits, '.', '_', '~' and '-' are allowed")]
    Character(char),
}

impl Slug {
    /// Checks the shape: two parts of `[A-Za-z0-9._~-]+` with one slash between, at most 255 characters.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        Self::check(text).map(|()| Self(text.to_owned()))
    }

    /// Checks the shape alone, as [`Slug::parse`] does.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn check(text: &str) -> Result<(), SlugError> {
        if text.is_empty() {
            return Err(SlugError::Empty);
        }
        // A text that is short in bytes is short in characters.
        if text.len() > SLUG_CHARS_MAX && text.chars().count() > SLUG_CHARS_MAX {
            return Err(SlugError::TooLong);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '~' | '-' | '/');
        if let Some(odd) = text.chars().find(|c| !allowed(*c)) {
            return Err(SlugError::Character(odd));
        }
        let Some((prefix, name)) = text.split_once('/') else { return Err(SlugError::Slashes) };
        if name.contains('/') {
            return Err(SlugError::Slashes);
        }
        if prefix.is_empty() || name.is_empty() {
            return Err(SlugError::EmptyPart);
        }
        if [prefix, name].iter().any(|part| matches!(*part, "." | "..")) {
            return Err(SlugError::Dots);
        }
        Ok(())
    }

    /// Takes a text as a server wrote it, unchecked.
    pub fn from_wire(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The whole slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first slash, or the whole text where there is none.
    #[must_use]
    pub fn org_prefix(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl std::borrow::Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_two_parts() {
        assert_eq!(Slug::parse("my-org/glm-5.2").unwrap().org_prefix(), "my-org");
        for (text, error) in [
            ("", SlugError::Empty),
            ("glm", SlugError::Slashes),
            ("a/b/c", SlugError::Slashes),
            ("/b", SlugError::EmptyPart),
            ("a/", SlugError::EmptyPart),
            ("a/..", SlugError::Dots),
            ("a/b c", SlugError::Character(' ')),
            ("a/b\r\n", SlugError::Character('\r')),
            ("a/é", SlugError::Character('é')),
        ] {
            assert_eq!(Slug::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn length_counts_to_255() {
        let longest = format!("a/{}", "b".repeat(SLUG_CHARS_MAX - 2));
        assert!(Slug::parse(&longest).is_ok());
        assert_eq!(Slug::parse(&format!("{longest}b")), Err(SlugError::TooLong));
    }
}
