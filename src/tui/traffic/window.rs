//! The last minutes of traffic, a count a second: of everything, and of each slug.

use std::collections::{BTreeMap, VecDeque};

use super::{Counts, Since, Tally, second};
use crate::api::{Slug, Time};

/// How many seconds of everything are kept, for the chart.
pub const CHART_SECONDS: i64 = 300;
/// How many seconds of each slug are kept, for the table.
pub const TABLE_SECONDS: i64 = 60;
/// Over how many whole seconds rates are counted.
pub const RATE_SECONDS: i64 = 10;
/// The most slugs that are kept apart. A new one takes the place of the one that was called longest ago.
pub const SLUGS_MAX: usize = 256;

/// What passed, second by second. Seconds without requests are not kept.
#[derive(Debug, Clone, Default)]
pub struct Course {
    seconds: VecDeque<(i64, Counts)>,
}

impl Course {
    fn put(&mut self, at: i64, counts: &Counts, keep: i64) {
        // Nearly always the last second or the one after it; a late one finds its place.
        let place = self.seconds.iter().rposition(|(known, _)| *known <= at);
        match place.and_then(|place| self.seconds.get_mut(place)) {
            Some((known, sum)) if *known == at => sum.merge(counts),
            _ => self.seconds.insert(place.map_or(0, |place| place + 1), (at, counts.clone())),
        }
        let newest = self.newest();
        while self.seconds.front().is_some_and(|(first, _)| newest - first >= keep) {
            self.seconds.pop_front();
        }
    }

    fn newest(&self) -> i64 {
        self.seconds.back().map_or(i64::MIN / 2, |(at, _)| *at)
    }

    /// What the seconds from `from` to before `until` add up to.
    #[must_use]
    pub fn sum(&self, from: i64, until: i64) -> Counts {
        let mut sum = Counts::default();
        for (_, counts) in self.seconds.iter().filter(|(at, _)| (from..until).contains(at)) {
            sum.merge(counts);
        }
        sum
    }

    /// How many requests the seconds from `from` to before `until` have.
    #[must_use]
    pub fn requests(&self, from: i64, until: i64) -> u64 {
        self.seconds.iter().filter(|(at, _)| (from..until).contains(at)).map(|(_, counts)| counts.requests).sum()
    }

    /// A value for each of these seconds, the oldest first.
    pub fn values<T>(&self, from: i64, until: i64, of: impl Fn(Option<&Counts>) -> T) -> Vec<T> {
        let mut known = self.seconds.iter().skip_while(|(at, _)| *at < from).peekable();
        (from..until).map(|at| of(known.next_if(|(known, _)| *known == at).map(|(_, counts)| counts))).collect()
    }
}

/// The last minutes.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// All requests.
    pub total: Course,
    /// Those of each slug.
    pub slugs: BTreeMap<Slug, Course>,
    /// The first second of which everything is known.
    pub known_from: i64,
    /// True where news comes late: rates are counted over as long as the table's other figures then.
    pub is_late: bool,
}

impl Window {
    /// Begins anew, knowing everything since then.
    #[must_use]
    pub fn since(since: Since, now: Time) -> Self {
        let known_from = match since {
            Since::Start => i64::MIN / 2,
            // Of the second in which it began only a part is known.
            Since::Time(time) => second(time) + 1,
            Since::Now => second(now) + 1,
        };
        Self { known_from, ..Self::default() }
    }

    /// Takes what a batch adds up to.
    pub fn add(&mut self, tally: &Tally) {
        for (at, counts) in &tally.seconds {
            self.total.put(*at, counts, CHART_SECONDS);
        }
        for (slug, seconds) in &tally.slugs {
            if !self.slugs.contains_key(slug) && self.slugs.len() >= SLUGS_MAX {
                let oldest = self.slugs.iter().min_by_key(|(_, course)| course.newest()).map(|(slug, _)| slug.clone());
                if let Some(oldest) = oldest {
                    self.slugs.remove(&oldest);
                }
            }
            let course = self.slugs.entry(slug.clone()).or_default();
            for (at, counts) in seconds {
                course.put(*at, counts, TABLE_SECONDS);
            }
        }
    }

    /// The whole seconds over which rates are counted: from, until, and how many there are. At least one.
    #[must_use]
    pub fn rate_span(&self, now: Time) -> (i64, i64, u64) {
        let until = second(now);
        let seconds = if self.is_late { TABLE_SECONDS } else { RATE_SECONDS };
        let from = (until - seconds).max(self.known_from).min(until - 1);
        (from, until, u64::try_from(until - from).unwrap_or(1))
    }

    /// True while a figure would change by itself: something passed within the table's time.
    #[must_use]
    pub fn is_moving(&self, now: Time) -> bool {
        second(now) - self.total.newest() <= TABLE_SECONDS + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(requests: u64) -> Counts {
        Counts { requests, ..Counts::default() }
    }

    fn tally(slug: &str, at: i64, requests: u64) -> Tally {
        let seconds = BTreeMap::from([(at, counts(requests))]);
        Tally { slugs: BTreeMap::from([(Slug::from_wire(slug), seconds.clone())]), seconds }
    }

    #[test]
    fn seconds_come_in_any_order_and_stay_in_theirs() {
        let mut window = Window::default();
        for (at, requests) in [(100, 1), (103, 4), (101, 2), (103, 1)] {
            window.add(&tally("my-org/a", at, requests));
        }
        let of = |counts: Option<&Counts>| counts.map_or(0, |counts| counts.requests);
        assert_eq!(window.total.values(99, 105, of), [0, 1, 2, 0, 5, 0]);
        assert_eq!(window.total.sum(101, 104).requests, 7);
    }

    #[test]
    fn what_is_old_goes_and_slugs_have_a_bound() {
        let mut window = Window::default();
        for at in 0..1_000 {
            window.add(&tally(&format!("my-org/{at}"), at, 1));
        }
        assert_eq!(window.total.seconds.len(), usize::try_from(CHART_SECONDS).unwrap());
        assert_eq!(window.slugs.len(), SLUGS_MAX);
        assert!(window.slugs.contains_key(&Slug::from_wire("my-org/999")));
        assert!(!window.slugs.contains_key(&Slug::from_wire("my-org/0")));
    }

    #[test]
    fn a_rate_counts_only_seconds_that_are_known() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        let window = Window::since(Since::Time(at(100)), at(104));
        assert_eq!(window.rate_span(at(104)), (101, 104, 3));
        assert_eq!(window.rate_span(at(101)), (100, 101, 1));
        assert_eq!(Window::since(Since::Start, at(0)).rate_span(at(104)), (94, 104, 10));
    }
}
