//! What is asked of the data plane when a slug is tried, and what comes back.

use std::time::Duration;

use super::effect::TypedKey;
use super::load::Failure;
use crate::api::{GroupId, KeyPrefix, Slug};

/// A prompt for one slug, or for two side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The data plane's address.
    pub inference_url: String,
    /// Who is asked; each answers by its place.
    pub slugs: Vec<Slug>,
    /// What.
    pub prompt: String,
    /// With which key.
    pub key: TrialKey,
    /// True where a person has just typed what a protected context asks for.
    pub is_confirmed: bool,
}

/// With which key the data plane is called.
#[derive(Debug, Clone, PartialEq)]
pub enum TrialKey {
    /// The one that the context names for that.
    Context,
    /// A new one of this group, which is revoked after.
    Minted(GroupId),
    /// One that was typed.
    Typed(TypedKey),
}

/// What an answer says of itself before its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The status; `None` where nobody answered.
    pub status: Option<u16>,
    /// Which target answered, where that is told.
    pub target: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// Something that happened to a trial. `place` is that of the slug.
#[derive(Debug, Clone, PartialEq)]
pub enum TrialEvent {
    /// A key was minted.
    Minted(KeyPrefix),
    /// An answer begins.
    Began {
        /// Whose.
        place: usize,
        /// What it says of itself.
        head: Head,
    },
    /// A piece of its text.
    Text {
        /// Whose.
        place: usize,
        /// The piece.
        text: String,
        /// When it came, counted from the request.
        after: Duration,
    },
    /// How many tokens it took.
    Usage {
        /// Whose.
        place: usize,
        /// Of the prompt.
        input: u64,
        /// Of the answer.
        output: u64,
    },
    /// An answer is over.
    Over {
        /// Whose.
        place: usize,
        /// When, counted from the request.
        after: Duration,
    },
    /// There is no answer, or no whole one.
    Failed {
        /// Whose.
        place: usize,
        /// What the refusal says of itself. `None` where the answer had begun.
        head: Option<Head>,
        /// When, counted from the request.
        after: Duration,
        /// Why.
        failure: Failure,
    },
    /// The key that was minted is revoked, or it could not be.
    Revoked {
        /// Its public part.
        prefix: KeyPrefix,
        /// Why it is still there.
        failure: Option<Failure>,
    },
    /// Nothing more will come. The failure is that of the trial as a whole, such as no key.
    Ended(Option<Failure>),
}
