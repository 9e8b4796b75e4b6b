//! The lines under an endpoint's sync state: what has been seen since it was written.

use std::time::Duration;

use super::{Probe, ProbeResult, Written, countdown};
use crate::api::Time;

/// Something that was seen while a change was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was written from here.
    Written,
    /// Somebody else wrote it.
    Changed,
    /// A probe was answered.
    Probe(ProbeResult),
    /// The server could not be reached.
    Unreachable(String),
    /// It is in effect, this long after it was written.
    InEffect(Duration),
    /// The sync interval has passed since it was written.
    Due(Duration),
}

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, by the server's clock.
    pub at: Time,
    /// What.
    pub event: Event,
}

impl Entry {
    /// The line without its time.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.event {
            Event::Written => "written".to_owned(),
            Event::Changed => "changed by somebody else".to_owned(),
            Event::Probe(ProbeResult::New) => "probe: answered by the new target".to_owned(),
            Event::Probe(ProbeResult::Old { target }) => format!("probe: still answered by {target}"),
            Event::Probe(ProbeResult::Untold) => "probe: answered, it does not tell by which target".to_owned(),
            Event::Probe(ProbeResult::Failed { reason }) => format!("probe failed: {reason}"),
            Event::Unreachable(reason) => format!("server not reached: {reason}"),
            Event::InEffect(after) => format!("in effect after {}", elapsed(*after)),
            Event::Due(after) => format!("live by time, {} after the write", elapsed(*after)),
        }
    }
}

/// The lines of one followed change, oldest first. `in_effect` is when it was first seen so.
#[must_use]
pub fn timeline(written: &Written, probes: &[Probe], in_effect: Option<Time>) -> Vec<Entry> {
    let mut entries = vec![Entry { at: written.at, event: Event::Written }];
    for probe in probes.iter().filter(|probe| probe.at >= written.at) {
        let event = Event::Probe(probe.result.clone());
        // The same answer again says nothing new: the line stays, with the time of the last one.
        match entries.last_mut() {
            Some(last) if last.event == event => last.at = probe.at,
            Some(_) | None => entries.push(Entry { at: probe.at, event }),
        }
    }
    entries.extend(in_effect.map(|at| Entry { at, event: Event::InEffect(at.since(written.at)) }));
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// `41 s`; under a second in milliseconds.
fn elapsed(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        countdown(Duration::from_secs(duration.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_tells_what_was_seen_once() {
        let at = |seconds| Time::EPOCH.plus(Duration::from_secs(seconds));
        let written = Written { at: at(2), revision: None, updated_at: at(2) };
        let old = |seconds| Probe { at: at(seconds), result: ProbeResult::Old { target: "3kZ9xqd".to_owned() } };
        let probes = [old(1), old(7), old(12)];
        let entries = timeline(&written, &probes, Some(at(43)));
        let lines: Vec<_> = entries.iter().map(|entry| (entry.at, entry.text())).collect();
        assert_eq!(
            lines,
            [
                (at(2), "written".to_owned()),
                (at(12), "probe: still answered by 3kZ9xqd".to_owned()),
                (at(43), "in effect after 41 s".to_owned()),
            ]
        );
    }
}
