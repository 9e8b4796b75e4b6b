//! Limits: how much a group may use of a slug.

use serde::{Deserialize, Serialize};

use super::{Unknown, open_enum};

open_enum!(
    /// What a limit counts.
    LimitType {
        /// Requests.
        Request = "REQUEST",
        /// Prompt and completion tokens.
        Token = "TOKEN",
        /// Requests under way at the same time; its unit is ignored.
        ConcurrentRequest = "CONCURRENT_REQUEST",
        /// Prompt tokens that no cache answered.
        UncachedInputToken = "UNCACHED_INPUT_TOKEN",
        /// Completion tokens.
        OutputToken = "OUTPUT_TOKEN",
    }
);

open_enum!(
    /// The window of a rate limit. It rolls.
    RateUnit {
        /// The last second.
        Second = "SECOND",
        /// The last 60 seconds.
        Minute = "MINUTE",
    }
);

open_enum!(
    /// The window of a usage limit.
    UsageUnit {
        /// The day in UTC; it starts anew at midnight.
        Day = "DAY",
    }
);

/// At most this much in a rolling window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// What is counted.
    #[serde(rename = "type")]
    pub kind: LimitType,
    /// The window.
    pub unit: RateUnit,
    /// The most that is admitted; 0 admits nothing.
    pub threshold: u64,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// At most this much in a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageLimit {
    /// What is counted.
    #[serde(rename = "type")]
    pub kind: LimitType,
    /// The window.
    pub unit: UsageUnit,
    /// The most that is admitted; 0 admits nothing.
    pub threshold: u64,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}
