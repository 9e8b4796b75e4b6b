//! What an answer consists of while it comes.

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// What the model says next.
    Text(String),
    /// What was used, near the end.
    Usage {
        /// Tokens of the prompt.
        input: u64,
        /// Tokens of the answer.
        output: u64,
    },
}
