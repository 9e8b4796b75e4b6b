//! Pages: every list of the gateway API is read in pieces.

use serde::{Deserialize, Serialize};

/// How many rows a page has where none is asked for.
pub const PAGE_LIMIT_DEFAULT: usize = 100;
/// The most rows that a page may have.
pub const PAGE_LIMIT_MAX: usize = 1000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows, oldest first.
    pub items: Vec<T>,
    /// Whether and where it goes on.
    pub pagination: Pagination,
}

/// Whether a list goes on, and the cursor that asks for what follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pagination {
    /// False on the last page; the list is drained then, whatever the cursor says.
    pub has_more: bool,
    /// Opaque.
    #[serde(default)]
    pub cursor: Option<String>,
}
