//! What one slug answered.

use std::time::Duration;

use crate::api::{Endpoint, Pace, Slug, Target};
use crate::sync::{ProbeResult, told_by_header};
use crate::tui::load::Failure;
use crate::tui::trial::{Head, TrialEvent};

/// No more of an answer's text is kept.
pub const TEXT_BYTES_MAX: usize = 256 << 10;

/// How far an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Nothing came yet.
    Asked,
    /// It comes.
    Speaking,
    /// It is whole.
    Whole,
    /// It was stopped from here.
    Stopped,
    /// There is none, or no whole one.
    Failed(Failure),
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whose.
    pub slug: Slug,
    /// What the endpoint said that it routes to when it was asked.
    pub wanted: Option<Target>,
    /// What the answer says of itself.
    pub head: Head,
    /// The text, as far as it came.
    pub text: String,
    /// True where it was longer than what is kept.
    pub is_cut: bool,
    /// How fast it came.
    pub pace: Pace,
    /// Tokens of the prompt and of the answer.
    pub usage: Option<(u64, u64)>,
    /// How far it is.
    pub progress: Progress,
}

impl Answer {
    /// Before anything came.
    #[must_use]
    pub fn new(endpoint: &Endpoint) -> Self {
        Self {
            slug: endpoint.slug.clone(),
            wanted: endpoint.target().cloned(),
            head: Head::default(),
            text: String::new(),
            is_cut: false,
            pace: Pace::default(),
            usage: None,
            progress: Progress::Asked,
        }
    }

    /// True where nothing more comes.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self.progress, Progress::Asked | Progress::Speaking)
    }

    /// Nobody listens any longer.
    pub fn stop(&mut self) {
        if !self.is_over() {
            self.progress = Progress::Stopped;
        }
    }

    /// Who answered: the target that the endpoint names, or another.
    #[must_use]
    pub fn told(&self) -> ProbeResult {
        match &self.wanted {
            Some(wanted) => told_by_header(self.head.target.as_deref(), wanted, None),
            None => ProbeResult::Untold,
        }
    }

    /// Takes what is told of it. What comes after it was stopped is dropped.
    pub fn receive(&mut self, event: TrialEvent) {
        if self.is_over() {
            return;
        }
        match event {
            TrialEvent::Began { head, .. } => (self.head, self.progress) = (head, Progress::Speaking),
            TrialEvent::Text { text, after, .. } => self.hear(&text, after),
            TrialEvent::Usage { input, output, .. } => self.usage = Some((input, output)),
            TrialEvent::Over { after, .. } => (self.pace.total, self.progress) = (after, Progress::Whole),
            TrialEvent::Failed { head, after, failure, .. } => {
                self.head = head.unwrap_or_else(|| std::mem::take(&mut self.head));
                (self.pace.total, self.progress) = (after, Progress::Failed(failure));
            }
            TrialEvent::Minted(_) | TrialEvent::Revoked { .. } | TrialEvent::Ended(_) => {}
        }
    }

    fn hear(&mut self, text: &str, after: Duration) {
        self.pace.first_token.get_or_insert(after);
        self.pace.total = after;
        let room = TEXT_BYTES_MAX.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room);
        self.is_cut |= end < text.len();
        self.text.push_str(text.get(..end).unwrap_or_default());
    }
}
