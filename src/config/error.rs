//! What is wrong with a setting: where, what, and what may have been meant.

use std::path::Path;

use thiserror::Error;

/// Why a setting was refused. Its `Display` is one sentence; it never holds a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ConfigError {
    /// What is wrong, with file and line where it stands in one.
    pub message: String,
    /// What to do next, where there is something.
    pub hint: Option<String>,
}

impl ConfigError {
    /// A problem without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// A problem in a file, on a line where that is known.
    pub(crate) fn in_file(path: &Path, line: Option<usize>, message: impl std::fmt::Display) -> Self {
        Self::new(match line {
            Some(line) => format!("{}:{line}: {message}", path.display()),
            None => format!("{}: {message}", path.display()),
        })
    }

    /// The same with what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
