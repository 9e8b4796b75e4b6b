//! Points in time as the API writes them: RFC 3339 in UTC, with microseconds.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time in UTC, in whole microseconds.
///
/// It is written with six digits (`2026-06-17T12:00:00.000123Z`) and read in any RFC 3339 form; a text
/// without an offset counts as UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(Timestamp);

impl Time {
    /// The start of 1970, for tests and for a value that is not there yet.
    pub const EPOCH: Self = Self(Timestamp::UNIX_EPOCH);

    /// Cuts what is finer than a microsecond.
    #[must_use]
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        Self(Timestamp::from_microsecond(timestamp.as_microsecond()).unwrap_or(timestamp))
    }

    /// Microseconds since the start of 1970; what is out of range becomes the nearest time in range.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        let out_of_range = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Self(Timestamp::from_microsecond(micros).unwrap_or(out_of_range))
    }

    /// Microseconds since the start of 1970.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// The same point in time for the calendar and formatting functions of `jiff`.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// Reads RFC 3339, with `T` or a space; without an offset it counts as UTC.
    ///
    /// # Errors
    /// A text that is no time.
    pub fn parse(text: &str) -> Result<Self, jiff::Error> {
        let parsed = text.parse::<Timestamp>().or_else(|error| {
            let naive = text.parse::<jiff::civil::DateTime>().map_err(|_| error)?;
            Ok::<_, jiff::Error>(naive.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp())
        })?;
        Ok(Self::from_timestamp(parsed))
    }

    /// How long `self` is after `earlier`; zero where it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or(Duration::ZERO)
    }

    /// This much later; the last point in time where that is out of range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let later = SignedDuration::try_from(duration).ok().and_then(|signed| self.0.checked_add(signed).ok());
        Self(later.unwrap_or(Timestamp::MAX))
    }

    /// This much earlier; the first point in time where that is out of range.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let earlier = SignedDuration::try_from(duration).ok().and_then(|signed| self.0.checked_sub(signed).ok());
        Self(earlier.unwrap_or(Timestamp::MIN))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.6}", self.0)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_six_digits() {
        let time = Time::parse("2026-06-17T12:00:00.0001+02:00").unwrap();
        assert_eq!(time.to_string(), "2026-06-17T10:00:00.000100Z");
    }

    #[test]
    fn a_time_without_offset_is_utc() {
        assert_eq!(Time::parse("2026-06-17T12:00:00").unwrap(), Time::parse("2026-06-17T12:00:00Z").unwrap());
    }

    #[test]
    fn nanoseconds_are_cut_so_that_a_round_trip_is_equal() {
        let time = Time::parse("2026-06-17T12:00:00.123456789Z").unwrap();
        assert_eq!(Time::parse(&time.to_string()).unwrap(), time);
    }

    #[test]
    fn since_never_goes_below_zero() {
        let later = Time::EPOCH.plus(Duration::from_secs(5));
        assert_eq!(later.since(Time::EPOCH), Duration::from_secs(5));
        assert_eq!(Time::EPOCH.since(later), Duration::ZERO);
    }
}
