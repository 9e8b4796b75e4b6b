//! Durations counted in buckets that grow with them: percentiles to a few percent, in little room.

use std::time::Duration;

/// How often durations of about a length were seen. Eight buckets an octave, from a microsecond up, so that what is read
/// from it is at most 7 % off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// By bucket, in order; only those that hold something.
    buckets: Vec<(u16, u32)>,
}

impl Histogram {
    /// Adds a duration.
    pub fn add(&mut self, duration: Duration) {
        self.put(bucket(duration), 1);
    }

    /// Adds what another holds.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            self.put(*bucket, *count);
        }
    }

    fn put(&mut self, bucket: u16, more: u32) {
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(place) => {
                if let Some((_, count)) = self.buckets.get_mut(place) {
                    *count = count.saturating_add(more);
                }
            }
            Err(place) => self.buckets.insert(place, (bucket, more)),
        }
    }

    /// The duration that so many of a thousand do not exceed. `None` where nothing was added.
    #[must_use]
    pub fn quantile(&self, of_thousand: u64) -> Option<Duration> {
        let all: u64 = self.buckets.iter().map(|(_, count)| u64::from(*count)).sum();
        let wanted = (all * of_thousand).div_ceil(1000).max(1);
        let mut passed = 0;
        self.buckets
            .iter()
            .find(|(_, count)| {
                passed += u64::from(*count);
                passed >= wanted
            })
            .map(|(bucket, _)| middle(*bucket))
    }
}

/// The bucket of a duration: its octave, and which eighth of it.
fn bucket(duration: Duration) -> u16 {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    if micros < 8 {
        return u16::try_from(micros).unwrap_or(0);
    }
    let octave = micros.ilog2();
    let eighth = (micros >> (octave - 3)) & 7;
    u16::try_from(u64::from(octave) * 8 + eighth).unwrap_or(u16::MAX)
}

/// The middle of a bucket.
fn middle(bucket: u16) -> Duration {
    if bucket < 24 {
        return Duration::from_micros(u64::from(bucket));
    }
    let (octave, eighth) = (u32::from(bucket / 8), u64::from(bucket % 8));
    let step = 1_u64 << (octave - 3);
    Duration::from_micros((8 + eighth) * step + step / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_near_what_was_added() {
        for micros in (0..60).flat_map(|shift| [1_u64 << shift, (1 << shift) + (1 << shift) / 3]) {
            let mut histogram = Histogram::default();
            histogram.add(Duration::from_micros(micros));
            let read = u64::try_from(histogram.quantile(500).unwrap().as_micros()).unwrap();
            assert!(read.abs_diff(micros) <= micros / 14, "{micros} became {read}");
        }
        assert_eq!(Histogram::default().quantile(990), None);
    }

    #[test]
    fn percentiles_count_from_the_shortest() {
        let mut histogram = Histogram::default();
        (0..99).for_each(|_| histogram.add(Duration::from_millis(10)));
        let mut slow = Histogram::default();
        slow.add(Duration::from_secs(1));
        histogram.merge(&slow);
        assert!(histogram.quantile(990).unwrap() < Duration::from_millis(12));
        assert!(histogram.quantile(999).unwrap() > Duration::from_millis(900));
    }
}
