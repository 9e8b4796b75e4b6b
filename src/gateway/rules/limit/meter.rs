//! What one group uses of one slug.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::{Counted, Limit, Moment, Span, Window};
use crate::api::{EventTokens, GroupId, Slug};

/// What is counted by the day, in the order in which [`DayCounts`] keeps it.
const BY_DAY: [Counted; 4] = [Counted::Request, Counted::Token, Counted::UncachedInputToken, Counted::OutputToken];

/// Counts what one group uses of one slug. It outlives changes of the group's limits.
#[derive(Debug)]
pub struct Meter {
    group: GroupId,
    slug: Slug,
    counts: Mutex<Counts>,
    is_reported: AtomicBool,
    changed: Weak<Mutex<Vec<Arc<Meter>>>>,
}

/// How much of one thing a group used of a slug in a day: what must survive a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayUsage {
    /// Who used it.
    pub group: GroupId,
    /// Of what.
    pub slug: Slug,
    /// The day in UTC, counted from 1970.
    pub day: i64,
    /// Requests.
    pub requests: u64,
    /// Prompt and completion tokens.
    pub tokens: u64,
    /// Prompt tokens that no cache answered.
    pub uncached_input_tokens: u64,
    /// Completion tokens.
    pub output_tokens: u64,
}

/// The counts behind a meter's lock.
#[derive(Debug, Default)]
pub(super) struct Counts {
    under_way: u64,
    day: DayCounts,
    windows: Vec<(Counted, Span, Window)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct DayCounts {
    day: i64,
    was_used: bool,
    used: [u64; BY_DAY.len()],
}

impl Meter {
    /// A meter that has counted nothing. It lists itself in `changed` when a day's count moves.
    #[must_use]
    pub fn new(group: GroupId, slug: Slug, changed: Weak<Mutex<Vec<Arc<Self>>>>) -> Self {
        Self { group, slug, counts: Mutex::default(), is_reported: AtomicBool::new(false), changed }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists the meter among those whose day is to be stored, once until it was read.
    pub(super) fn report(self: &Arc<Self>) {
        if !self.is_reported.swap(true, Ordering::AcqRel)
            && let Some(changed) = self.changed.upgrade()
        {
            changed.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(self));
        }
    }

    /// The day's counts, and from now on reports its next change.
    pub fn take_day(&self) -> DayUsage {
        self.is_reported.store(false, Ordering::Release);
        let day = self.lock().day;
        let [requests, tokens, uncached_input_tokens, output_tokens] = day.used;
        let (group, slug) = (self.group.clone(), self.slug.clone());
        DayUsage { group, slug, day: day.day, requests, tokens, uncached_input_tokens, output_tokens }
    }

    /// Puts back what was stored. What has been counted since stays: the larger counts.
    pub fn restore_day(&self, stored: &DayUsage) {
        let mut counts = self.lock();
        let used = [stored.requests, stored.tokens, stored.uncached_input_tokens, stored.output_tokens];
        if stored.day > counts.day.day {
            counts.day = DayCounts { day: stored.day, was_used: true, used };
        } else if stored.day == counts.day.day {
            counts.day.was_used = true;
            for (now, before) in counts.day.used.iter_mut().zip(used) {
                *now = (*now).max(before);
            }
        }
    }

    /// What the day has used of this. `None` before the first request.
    pub fn used_today(&self, counted: Counted, now: Moment) -> Option<u64> {
        let mut counts = self.lock();
        counts.roll_day(now);
        counts.day.was_used.then(|| counts.used_today(counted))
    }
}

impl Counts {
    /// What the limit compares with its threshold.
    pub(super) fn used(&mut self, limit: &Limit, now: Moment) -> u64 {
        match (limit.counted, limit.span) {
            (Counted::ConcurrentRequest, _) => self.under_way,
            (counted, Span::Day) => {
                self.roll_day(now);
                self.used_today(counted)
            }
            (counted, span) => self.window(counted, span).sum(now.steady_micros),
        }
    }

    /// How long until the limit admits again, if nothing more happens. Nobody can know it of a request under way,
    /// and a threshold of 0 never admits.
    pub(super) fn wait(&mut self, limit: &Limit, now: Moment) -> Option<Duration> {
        if limit.threshold == 0 {
            return None;
        }
        match (limit.counted, limit.span) {
            (Counted::ConcurrentRequest, _) => None,
            (counted, Span::Day) => {
                self.roll_day(now);
                let is_below = self.used_today(counted) < limit.threshold;
                Some(if is_below { Duration::ZERO } else { now.until_midnight() })
            }
            (counted, span) => self.window(counted, span).wait_below(now.steady_micros, limit.threshold),
        }
    }

    /// Counts an admitted request.
    pub(super) fn start(&mut self, now: Moment) {
        self.under_way = self.under_way.saturating_add(1);
        self.add(Counted::Request, 1, now);
    }

    /// Counts a request's end and its tokens.
    pub(super) fn end(&mut self, tokens: EventTokens, now: Moment) {
        self.under_way = self.under_way.saturating_sub(1);
        for counted in [Counted::Token, Counted::UncachedInputToken, Counted::OutputToken] {
            self.add(counted, counted.amount(tokens), now);
        }
    }

    /// Makes the windows that the limit needs, so that what happens from now on is counted in them.
    pub(super) fn prepare(&mut self, limit: &Limit) {
        if limit.counted != Counted::ConcurrentRequest && limit.span != Span::Day {
            self.window(limit.counted, limit.span);
        }
    }

    fn add(&mut self, counted: Counted, amount: u64, now: Moment) {
        self.roll_day(now);
        self.day.was_used = true;
        for (by_day, used) in BY_DAY.iter().zip(&mut self.day.used) {
            if *by_day == counted {
                *used = used.saturating_add(amount);
            }
        }
        for (_, _, window) in self.windows.iter_mut().filter(|(kind, _, _)| *kind == counted) {
            window.record(now.steady_micros, amount);
        }
    }

    fn used_today(&self, counted: Counted) -> u64 {
        BY_DAY.iter().zip(self.day.used).find(|(by_day, _)| **by_day == counted).map_or(0, |(_, used)| used)
    }

    /// A new day starts at nothing. A clock that goes back to yesterday goes on with today.
    fn roll_day(&mut self, now: Moment) {
        if now.day() > self.day.day {
            self.day = DayCounts { day: now.day(), was_used: self.day.was_used, used: [0; BY_DAY.len()] };
        }
    }

    fn window(&mut self, counted: Counted, span: Span) -> &mut Window {
        let found = self.windows.iter().position(|(kind, unit, _)| *kind == counted && *unit == span);
        let index = found.unwrap_or_else(|| {
            let length = if span == Span::Second { Duration::from_secs(1) } else { Duration::from_mins(1) };
            self.windows.push((counted, span, Window::new(length)));
            self.windows.len() - 1
        });
        &mut self.windows[index].2
    }
}
