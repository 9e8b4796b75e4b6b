//! Has a change taken effect? A pure question: from when it was written, the sync interval, the gateway's own report,
//! probes, and whether the server answers, follows the state of a slug, its timeline, and when to look again.
//!
//! All times here are the server's (see [`ServerClock`]), so that a wrong local clock shows no wrong countdown.

mod clock;
mod poll;
mod probe;
mod timeline;

use std::time::Duration;

use crate::api::{SyncReport, Time};

pub use clock::ServerClock;
pub use poll::{Poll, PollFacts, backoff, next_poll};
pub use probe::{TARGET_HEADER, header_name, told_by_header};
pub use timeline::{Entry, Event, timeline};

/// How often the hosted gateway takes changes over ("every 60 seconds").
pub const INTERVAL_DEFAULT: Duration = Duration::from_mins(1);

/// A write made from here, and followed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// When, by the server's clock.
    pub at: Time,
    /// The `X-Repoint-Revision` of its answer.
    pub revision: Option<u64>,
    /// The `updated_at` that the server gave it. Another one, read later, is somebody else's write.
    pub updated_at: Time,
}

/// What the last call through the data plane showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// When it was answered, by the server's clock.
    pub at: Time,
    /// What it showed.
    pub result: ProbeResult,
}

/// What a call through the data plane showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeResult {
    /// The target that was written answered.
    New,
    /// Another target answered: the change is not in effect yet.
    Old {
        /// Who answered, as its answer says.
        target: String,
    },
    /// It was answered, and the answer does not tell by which target.
    Untold,
    /// It failed.
    Failed {
        /// The status and sentence, or why there was no answer.
        reason: String,
    },
}

/// All that is known about one slug.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The server's time now.
    pub now: Time,
    /// The server's time when it last answered anything. `None`: it never did.
    pub reached: Option<Time>,
    /// How often the gateway takes changes over.
    pub interval: Duration,
    /// When the endpoint was last written, by whomever.
    pub updated_at: Time,
    /// The last write made from here, if any.
    pub written: Option<&'a Written>,
    /// The gateway's own report, where it has one, as last read.
    pub report: Option<&'a SyncReport>,
    /// The last probe of this slug.
    pub probe: Option<&'a Probe>,
}

/// The state of a slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncState {
    /// By time: the interval has passed since the last write, whoever made it.
    Live,
    /// Written, not yet synced.
    Waiting {
        /// How long at most until the next sync.
        remaining: Duration,
    },
    /// A change made from here was seen in effect.
    Verified,
    /// Somebody else changed it since it was written from here.
    Drifted,
    /// A probe failed.
    NotServing {
        /// Why.
        reason: String,
    },
    /// The server was not reached since the write could have taken effect.
    Unknown,
}

impl SyncState {
    /// The sign that stands before the word.
    #[must_use]
    pub fn glyph(&self) -> &'static str {
        match self {
            Self::Live => "●",
            Self::Waiting { .. } => "◐",
            Self::Verified => "✓",
            Self::Drifted => "≠",
            Self::NotServing { .. } => "✗",
            Self::Unknown => "?",
        }
    }

    /// The word, or the countdown.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Live => "live".to_owned(),
            Self::Waiting { remaining } => countdown(*remaining),
            Self::Verified => "verified".to_owned(),
            Self::Drifted => "drifted".to_owned(),
            Self::NotServing { .. } => "not serving".to_owned(),
            Self::Unknown => "unknown".to_owned(),
        }
    }

    /// The word for filters and JSON: no countdown in it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Waiting { .. } => "waiting",
            Self::Verified => "verified",
            Self::Drifted => "drifted",
            Self::NotServing { .. } => "not serving",
            Self::Unknown => "unknown",
        }
    }
}

/// The state that follows from what is known.
#[must_use]
pub fn state(facts: &Facts<'_>) -> SyncState {
    let last_write = facts.written.map_or(facts.updated_at, |written| written.updated_at.max(facts.updated_at));
    if let Some(Probe { at, result: ProbeResult::Failed { reason } }) = facts.probe
        && *at >= last_write
    {
        return SyncState::NotServing { reason: reason.clone() };
    }
    if facts.written.is_some_and(|written| facts.updated_at > written.updated_at) {
        return SyncState::Drifted;
    }
    match facts.written {
        Some(written) => state_of_own(facts, written),
        None => match facts.report {
            // The gateway tells exactly, also of somebody else's write: what was there at its last sync is served.
            Some(report) if report.last_sync_at > facts.updated_at => SyncState::Live,
            Some(_) => waiting_or_unknown(facts, facts.updated_at),
            None => state_by_time(facts, facts.updated_at),
        },
    }
}

/// Time since the change was written until it was in effect, as far as the report and probes prove it.
#[must_use]
pub fn is_verified(written: &Written, report: Option<&SyncReport>, probe: Option<&Probe>) -> bool {
    let by_report = match (written.revision, report) {
        (Some(revision), Some(report)) => report.applied_revision >= revision,
        (None, _) | (_, None) => false,
    };
    by_report || probe.is_some_and(|probe| probe.at >= written.at && probe.result == ProbeResult::New)
}

/// `41 s`, `2 min`; what is over is `now`.
#[must_use]
pub fn countdown(remaining: Duration) -> String {
    // Rounded up: a countdown that shows 0 is over.
    let seconds = remaining.as_millis().div_ceil(1000);
    match seconds {
        0 => "now".to_owned(),
        1..=119 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}

fn state_of_own(facts: &Facts<'_>, written: &Written) -> SyncState {
    if is_verified(written, facts.report, facts.probe) {
        return SyncState::Verified;
    }
    if written.revision.is_some() && facts.report.is_some() {
        // The gateway tells exactly: until it says so the change waits, however long it takes.
        return waiting_or_unknown(facts, written.at);
    }
    if let Some(Probe { at, result: ProbeResult::Old { .. } }) = facts.probe
        && *at >= due(facts, written.at)
    {
        // The interval is over and the old target still answers: it is late, not live.
        return SyncState::Waiting { remaining: Duration::ZERO };
    }
    state_by_time(facts, written.at)
}

fn state_by_time(facts: &Facts<'_>, written_at: Time) -> SyncState {
    let due = due(facts, written_at);
    if facts.reached.is_some_and(|reached| reached >= due) {
        return SyncState::Live;
    }
    waiting_or_unknown(facts, written_at)
}

fn waiting_or_unknown(facts: &Facts<'_>, written_at: Time) -> SyncState {
    let due = due(facts, written_at);
    // A server that has just answered may take its next sync a moment late.
    let grace = facts.interval.max(Duration::from_secs(5));
    if facts.now < due.plus(grace) || facts.reached.is_some_and(|reached| reached >= due) {
        SyncState::Waiting { remaining: remaining(facts, due) }
    } else {
        SyncState::Unknown
    }
}

fn due(facts: &Facts<'_>, written_at: Time) -> Time {
    match facts.report {
        Some(report) if report.next_sync_at >= written_at => report.next_sync_at.min(written_at.plus(facts.interval)),
        Some(_) | None => written_at.plus(facts.interval),
    }
}

/// Never longer than the interval: a clock that jumped back must not show hours.
fn remaining(facts: &Facts<'_>, due: Time) -> Duration {
    due.since(facts.now).min(facts.interval)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn at(seconds: u64) -> Time {
        Time::EPOCH.plus(Duration::from_secs(1000 + seconds))
    }

    fn written(seconds: u64, revision: Option<u64>) -> Written {
        Written { at: at(seconds), revision, updated_at: at(seconds) }
    }

    fn report(applied_revision: u64, last: u64, next: u64) -> SyncReport {
        SyncReport {
            interval_seconds: 60.0,
            revision: 9,
            applied_revision,
            last_sync_at: at(last),
            next_sync_at: at(next),
            in_flight: BTreeMap::new(),
        }
    }

    fn facts<'a>(now: u64, reached: u64, updated: u64) -> Facts<'a> {
        Facts {
            now: at(now),
            reached: Some(at(reached)),
            interval: INTERVAL_DEFAULT,
            updated_at: at(updated),
            written: None,
            report: None,
            probe: None,
        }
    }

    fn waiting(seconds: u64) -> SyncState {
        SyncState::Waiting { remaining: Duration::from_secs(seconds) }
    }

    #[test]
    fn without_a_report_a_slug_waits_for_the_interval_and_then_is_live_by_time() {
        assert_eq!(state(&facts(19, 19, 0)), waiting(41));
        assert_eq!(state(&facts(60, 60, 0)), SyncState::Live);
        let written = written(0, None);
        assert_eq!(state(&Facts { written: Some(&written), ..facts(60, 60, 0) }), SyncState::Live, "nothing proves it");
    }

    #[test]
    fn a_server_that_was_not_reached_since_leaves_it_unknown() {
        assert_eq!(state(&facts(50, 10, 0)), waiting(10), "the countdown goes on");
        assert_eq!(state(&facts(200, 10, 0)), SyncState::Unknown);
        assert_eq!(state(&facts(200, 61, 0)), SyncState::Live, "it was reached after the interval");
        assert_eq!(state(&Facts { reached: None, ..facts(200, 0, 0) }), SyncState::Unknown);
    }

    #[test]
    fn the_report_verifies_what_was_written_from_here() {
        let written = written(0, Some(7));
        let (before, after) = (report(6, 0, 30), report(7, 30, 90));
        let facts = |now, report| Facts { written: Some(&written), report: Some(report), ..facts(now, now, 0) };
        assert_eq!(state(&facts(10, &before)), waiting(20), "the next sync counts, not the interval");
        assert_eq!(state(&facts(31, &after)), SyncState::Verified);
        let late = report(6, 0, 60);
        assert_eq!(state(&facts(75, &late)), waiting(0), "a gateway that is late is not live by time");
    }

    #[test]
    fn the_report_tells_of_other_peoples_writes_too() {
        let report = report(6, 30, 90);
        assert_eq!(state(&Facts { report: Some(&report), ..facts(31, 31, 20) }), SyncState::Live);
        assert_eq!(state(&Facts { report: Some(&report), ..facts(50, 50, 40) }), waiting(40));
    }

    #[test]
    fn somebody_elses_later_write_is_drift_until_it_is_written_from_here_again() {
        let mine = written(0, Some(7));
        let applied = report(7, 5, 65);
        let facts = Facts { written: Some(&mine), report: Some(&applied), ..facts(10, 10, 8) };
        assert_eq!(state(&facts), SyncState::Drifted);
        let again = written(9, Some(8));
        assert_eq!(state(&Facts { written: Some(&again), ..facts }), waiting(55));
    }

    #[test]
    fn probes_verify_contradict_and_fail() {
        let written = written(0, None);
        let probe = |seconds, result| Probe { at: at(seconds), result };
        let state_with =
            |now, probe: &Probe| state(&Facts { written: Some(&written), probe: Some(probe), ..facts(now, now, 0) });
        assert_eq!(state_with(10, &probe(10, ProbeResult::New)), SyncState::Verified);
        let old = ProbeResult::Old { target: "BASETEN 3kZ9xqd".to_owned() };
        assert_eq!(state_with(10, &probe(10, old.clone())), waiting(50));
        assert_eq!(state_with(70, &probe(70, old)), waiting(0), "still the old one after the interval: late");
        let failed = ProbeResult::Failed { reason: "502: no upstream".to_owned() };
        let not_serving = SyncState::NotServing { reason: "502: no upstream".to_owned() };
        assert_eq!(state_with(10, &probe(10, failed.clone())), not_serving);
        let before = Probe { at: Time::EPOCH, result: failed };
        assert_eq!(state_with(10, &before), waiting(50), "a probe from before the write says nothing");
    }

    #[test]
    fn a_clock_that_jumped_back_never_shows_more_than_the_interval() {
        let facts = Facts { now: Time::EPOCH, ..facts(0, 0, 5000) };
        assert_eq!(state(&facts), waiting(60));
    }

    #[test]
    fn countdowns_round_up_and_never_show_nothing() {
        assert_eq!(countdown(Duration::ZERO), "now");
        assert_eq!(countdown(Duration::from_millis(1)), "1 s");
        assert_eq!(countdown(Duration::from_secs(41)), "41 s");
        assert_eq!(countdown(Duration::from_mins(5)), "5 min");
    }
}
