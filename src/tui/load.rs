//! What is known of something that has to be asked for: whether it was asked, what came, when, what failed.
//!
//! Every request carries a [`Ticket`]; an answer whose ticket is not the one that is waited for is dropped. What
//! was read before stays while it is read again, and after a failure, with its age.

use std::time::Duration;

use crate::api::Time;

/// The number of a request. An answer that carries another is late and is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Ticket(pub u64);

/// What kind of failure it was, as far as the screen treats it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Nobody answered, or not in time: it is tried again.
    Unreachable,
    /// The certificate was not accepted.
    Tls,
    /// The key is missing or wrong.
    Unauthorized,
    /// The key is right and may not do this, or the workspace is not onboarded.
    Forbidden,
    /// There is no such thing, or not any more.
    NotFound,
    /// The server did not accept what was sent.
    Invalid,
    /// Somebody else wrote first.
    Conflict,
    /// Too many requests.
    RateLimited,
    /// The server failed, or answered what cannot be understood.
    Server,
    /// It was cancelled, or not even tried.
    Other,
}

/// A failure in words: what failed, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the screen treats it.
    pub kind: FailureKind,
    /// What failed and on what, in one sentence.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// How long to wait before it is tried again, where the server said so.
    pub retry_after: Option<Duration>,
    /// True where it is certain that nothing was written.
    pub was_not_done: bool,
}

impl Failure {
    /// A failure with a sentence alone.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, retry_after: None, was_not_done: true }
    }

    /// The same failure with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// True where trying again by itself may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.kind, FailureKind::Unreachable | FailureKind::RateLimited | FailureKind::Server)
    }
}

/// Something that is asked for: what came last, and what is under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Load<T> {
    /// What came last, and when.
    pub value: Option<(T, Time)>,
    /// The request that is waited for.
    pub waiting: Option<Ticket>,
    /// Why the last request failed; gone with the next success.
    pub failure: Option<Failure>,
    /// How many requests failed in a row.
    pub failures: u32,
}

impl<T> Default for Load<T> {
    fn default() -> Self {
        Self { value: None, waiting: None, failure: None, failures: 0 }
    }
}

impl<T> Load<T> {
    /// A request went out.
    pub fn ask(&mut self, ticket: Ticket) {
        self.waiting = Some(ticket);
    }

    /// True where the answer is the one that is waited for.
    #[must_use]
    pub fn expects(&self, ticket: Ticket) -> bool {
        self.waiting == Some(ticket)
    }

    /// Takes an answer. False where it is late, and nothing has changed.
    pub fn answer(&mut self, ticket: Ticket, now: Time, answer: Result<T, Failure>) -> bool {
        if !self.expects(ticket) {
            return false;
        }
        self.waiting = None;
        match answer {
            Ok(value) => {
                self.value = Some((value, now));
                self.succeed();
            }
            Err(failure) => self.fail(failure),
        }
        true
    }

    /// A request succeeded.
    pub fn succeed(&mut self) {
        self.failure = None;
        self.failures = 0;
    }

    /// A request failed. What was read before stays.
    pub fn fail(&mut self, failure: Failure) {
        self.waiting = None;
        self.failures = self.failures.saturating_add(1);
        self.failure = Some(failure);
    }

    /// What came last.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.value.as_ref().map(|(value, _)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_is_dropped() {
        let mut load = Load::default();
        load.ask(Ticket(2));
        assert!(!load.answer(Ticket(1), Time::EPOCH, Ok("late")));
        assert_eq!(load.get(), None);
        assert!(load.answer(Ticket(2), Time::EPOCH, Ok("right")));
        assert_eq!(load.get(), Some(&"right"));
    }

    #[test]
    fn a_failure_keeps_what_was_read_before() {
        let mut load = Load::default();
        load.ask(Ticket(1));
        load.answer(Ticket(1), Time::EPOCH, Ok("kept"));
        load.ask(Ticket(2));
        load.answer(Ticket(2), Time::EPOCH, Err(Failure::new(FailureKind::Server, "broken")));
        assert_eq!(load.get(), Some(&"kept"));
        assert_eq!(load.failures, 1);
    }
}
