//! Limits: how much a group may use of a slug, as arithmetic. Time is passed in; nothing waits and nothing is stored.
//!
//! A [`Meter`] counts what one group uses of one slug. A [`Grant`] is the right to call a slug: the meters that a
//! request is counted on and the limits that it is checked against. A request is checked ([`Grant::admit`]) and
//! counted in one step under the meters' locks, so that racing callers on a limit of L are admitted exactly L times;
//! its tokens are charged when they are known ([`Grant::settle`]).
//!
//! Every limit admits while what is recorded is below its threshold: a request counts one at its admission, tokens
//! count when it ends, and a request under way counts until it ends.

mod effective;
mod grant;
mod meter;
mod window;

pub use effective::effective_models;
pub use grant::{Grant, Headroom, Part, Rejection};
pub use meter::{DayUsage, Meter};
pub use window::Window;

use std::fmt;
use std::time::Duration;

use crate::api::{EventTokens, GroupId, LimitType, RateUnit, Time, UsageUnit};

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counted {
    /// Requests.
    Request,
    /// Prompt and completion tokens.
    Token,
    /// Prompt tokens that no cache answered.
    UncachedInputToken,
    /// Completion tokens.
    OutputToken,
    /// Requests under way.
    ConcurrentRequest,
}

/// Over which time a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Span {
    /// The last second.
    Second,
    /// The last 60 seconds.
    Minute,
    /// The day in UTC.
    Day,
}

/// One limit that applies, and the group that declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What is counted.
    pub counted: Counted,
    /// Over which time. Ignored for requests under way.
    pub span: Span,
    /// Admits while less than this is recorded; 0 admits nothing.
    pub threshold: u64,
    /// The group that declares it.
    pub source: GroupId,
}

/// A point in time by both clocks: the calendar's for days, the steady one for windows, so that a wall clock that
/// is set back neither opens nor blocks a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The calendar.
    pub wall: Time,
    /// Microseconds since some fixed point; never goes back.
    pub steady_micros: u64,
}

/// The microseconds of a day. UTC as computers count it has no other days.
const DAY_MICROS: i64 = 86_400_000_000;

impl Moment {
    /// The day in UTC, counted from 1970.
    #[must_use]
    pub fn day(self) -> i64 {
        self.wall.micros().div_euclid(DAY_MICROS)
    }

    /// The next midnight UTC.
    #[must_use]
    pub fn midnight(self) -> Time {
        Time::from_micros(self.day().saturating_add(1).saturating_mul(DAY_MICROS))
    }

    /// How long it is until the next midnight UTC.
    #[must_use]
    pub fn until_midnight(self) -> Duration {
        self.midnight().since(self.wall)
    }
}

impl Counted {
    /// How much of this a request with these tokens used at its end. Requests are counted at their start.
    #[must_use]
    pub fn amount(self, tokens: EventTokens) -> u64 {
        match self {
            Self::Request | Self::ConcurrentRequest => 0,
            Self::Token => tokens.input_tokens.saturating_add(tokens.output_tokens),
            Self::UncachedInputToken => tokens.input_tokens.saturating_sub(tokens.cached_input_tokens),
            Self::OutputToken => tokens.output_tokens,
        }
    }

    /// The value on the wire.
    #[must_use]
    pub fn kind(self) -> LimitType {
        match self {
            Self::Request => LimitType::Request,
            Self::Token => LimitType::Token,
            Self::UncachedInputToken => LimitType::UncachedInputToken,
            Self::OutputToken => LimitType::OutputToken,
            Self::ConcurrentRequest => LimitType::ConcurrentRequest,
        }
    }

    /// What a limit of this type counts. `None` for a type that this program does not know.
    #[must_use]
    pub fn of(kind: &LimitType) -> Option<Self> {
        match kind {
            LimitType::Request => Some(Self::Request),
            LimitType::Token => Some(Self::Token),
            LimitType::UncachedInputToken => Some(Self::UncachedInputToken),
            LimitType::OutputToken => Some(Self::OutputToken),
            LimitType::ConcurrentRequest => Some(Self::ConcurrentRequest),
            LimitType::Other(_) => None,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counted, span, threshold, source } = self;
        if *counted == Counted::ConcurrentRequest {
            write!(formatter, "{threshold} {} of group {source}", counted.kind())
        } else {
            write!(formatter, "{threshold} {} per {} of group {source}", counted.kind(), span.as_str())
        }
    }
}

impl Span {
    /// The span of a rate limit. `None` for a unit that this program does not know.
    #[must_use]
    pub fn of_rate(unit: &RateUnit) -> Option<Self> {
        match unit {
            RateUnit::Second => Some(Self::Second),
            RateUnit::Minute => Some(Self::Minute),
            RateUnit::Other(_) => None,
        }
    }

    /// The span of a usage limit. `None` for a unit that this program does not know.
    #[must_use]
    pub fn of_usage(unit: &UsageUnit) -> Option<Self> {
        match unit {
            UsageUnit::Day => Some(Self::Day),
            UsageUnit::Other(_) => None,
        }
    }

    /// The value on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Second => "SECOND",
            Self::Minute => "MINUTE",
            Self::Day => "DAY",
        }
    }
}

#[cfg(test)]
mod tests;
