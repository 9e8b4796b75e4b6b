//! When to look at the server again: the answer to each look decides the next.
//!
//! A gateway with a sync report is asked for that alone, and for its list only when the revision moved; any other is
//! asked for its list. Nothing is asked while a write is under way.

use std::time::Duration;

use super::Model;
use crate::api::{SyncReport, Time};
use crate::sync::{Poll, PollFacts, next_poll};
use crate::tui::effect::{Effect, Timer};
use crate::tui::load::{Failure, Ticket};
use crate::tui::message::PageRead;
use crate::tui::session::Connection;

/// The middle of the jitter's range: the screens are functions of messages, so chance has no place here.
const JITTER: f64 = 0.5;

/// How long cells that say something else stand out.
const MARKED: Duration = Duration::from_secs(5);

/// Looks at the server now.
pub(super) fn look_now(model: &mut Model) -> Vec<Effect> {
    match model.shared.connection {
        Connection::Open => {
            let mut effects = read_sync(model);
            effects.extend(model.endpoints.read(&mut model.shared));
            effects
        }
        Connection::Failed(_) => open_again(model),
        Connection::Closed | Connection::Opening => Vec::new(),
    }
}

fn read_sync(model: &mut Model) -> Vec<Effect> {
    let ticket = model.shared.ticket();
    model.shared.sync.ask(ticket);
    vec![Effect::ReadSync { ticket }]
}

/// Opens the context again; what was read of it stays. Readings under way end without an answer, so they are forgotten:
/// one that is waited for would keep the next from being asked.
pub(super) fn open_again(model: &mut Model) -> Vec<Effect> {
    let Some(context) = model.shared.context else { return Vec::new() };
    model.endpoints.abandon();
    model.groups.abandon();
    model.history.abandon();
    model.gateway.abandon();
    model.seeking = None;
    model.shared.sync.waiting = None;
    let ticket = model.shared.ticket();
    model.shared.opening = Some(ticket);
    model.shared.next_try = None;
    model.shared.connection = Connection::Opening;
    vec![Effect::Open { ticket, context }]
}

/// Tries to open the context again after a while.
pub(super) fn retry_open(model: &mut Model) -> Vec<Effect> {
    model.shared.sync.failures = model.shared.sync.failures.saturating_add(1);
    let delay = crate::sync::backoff(model.shared.sync.failures, JITTER);
    model.shared.next_try = Some(model.shared.now.plus(delay));
    vec![Effect::After { timer: Timer::Open, delay }]
}

/// A timer ran out.
pub(super) fn due(model: &mut Model, timer: Timer) -> Vec<Effect> {
    let is_open = model.shared.connection == Connection::Open;
    match timer {
        Timer::Sync | Timer::Endpoints if model.shared.is_writing => next(model, 0),
        Timer::Sync if is_open => read_sync(model),
        Timer::Endpoints if is_open => model.endpoints.read(&mut model.shared),
        Timer::Open if matches!(model.shared.connection, Connection::Failed(_)) => open_again(model),
        Timer::Marks => {
            model.endpoints.rows.changed.clear();
            Vec::new()
        }
        Timer::Sync | Timer::Endpoints | Timer::Open | Timer::Notice | Timer::Step => Vec::new(),
        Timer::GroupDetail | Timer::History | Timer::GatewayFigures | Timer::Callers => super::tabs::due(model, timer),
    }
}

/// A page of the list came.
pub(super) fn page(model: &mut Model, ticket: Ticket, answer: Result<PageRead, Failure>) -> Vec<Effect> {
    if model.endpoints.reading != Some(ticket) {
        return Vec::new();
    }
    match &answer {
        Ok(page) => model.shared.reach(page.date),
        Err(failure) => return failed(model, ticket, failure.clone()),
    }
    if !model.endpoints.receive_page(ticket, answer, &model.shared) {
        return Vec::new();
    }
    model.shared.read_at = Some(model.shared.now);
    model.endpoints.failures = 0;
    recovered(model);
    let mut effects = model.endpoints.follow(&mut model.shared);
    effects.extend(model.endpoints.name_targets(&mut model.shared));
    if !model.endpoints.rows.changed.is_empty() {
        effects.push(Effect::After { timer: Timer::Marks, delay: MARKED });
    }
    if model.shared.sync_report().is_none() {
        effects.extend(next(model, 0));
    }
    effects
}

fn failed(model: &mut Model, ticket: Ticket, failure: Failure) -> Vec<Effect> {
    model.endpoints.failures = model.endpoints.failures.saturating_add(1);
    model.endpoints.receive_page(ticket, Err(failure.clone()), &model.shared);
    fail(model, failure)
}

/// The sync report came, or there is none.
pub(super) fn sync(
    model: &mut Model,
    ticket: Ticket,
    answer: Result<(Option<SyncReport>, Option<Time>), Failure>,
) -> Vec<Effect> {
    if !model.shared.sync.expects(ticket) {
        return Vec::new();
    }
    match answer {
        Ok((report, date)) => {
            model.shared.reach(date);
            let revision = report.as_ref().map(|report| report.revision);
            let has_report = report.is_some();
            model.shared.sync.answer(ticket, model.shared.now, Ok(report));
            // That there is no report says nothing of the server: a login page has none either.
            if has_report {
                recovered(model);
            }
            let mut effects = model.endpoints.follow(&mut model.shared);
            if model.endpoints.list.query.moves_with_time() {
                model.endpoints.refresh(&model.shared, false);
            }
            if !has_report {
                let failures = model.endpoints.failures;
                if model.endpoints.reading.is_none() {
                    effects.extend(next(model, failures));
                }
                return effects;
            }
            effects.extend(next(model, 0));
            if model.endpoints.was_read() && revision == model.endpoints.revision {
                model.shared.read_at = Some(model.shared.now);
            } else {
                effects.extend(model.endpoints.read(&mut model.shared));
            }
            effects
        }
        Err(failure) => {
            model.shared.sync.answer(ticket, model.shared.now, Err(failure.clone()));
            fail(model, failure)
        }
    }
}

fn recovered(model: &mut Model) {
    model.shared.failure = None;
    model.shared.next_try = None;
}

fn fail(model: &mut Model, failure: Failure) -> Vec<Effect> {
    let effects = next(model, model.shared.sync.failures.max(model.endpoints.failures));
    if let Some(Effect::After { delay, .. }) = effects.first() {
        model.shared.next_try = Some(model.shared.now.plus(*delay));
    }
    model.shared.failure = Some(failure);
    effects
}

fn next(model: &Model, failures: u32) -> Vec<Effect> {
    let failure = model.shared.failure.as_ref();
    let facts = PollFacts {
        waiting: model.waiting(),
        has_report: model.shared.sync_report().is_some()
            || (model.shared.sync.failures > 0 && model.shared.sync.get().is_none()),
        failures,
        retry_after: failure.and_then(|failure| failure.retry_after),
        is_focused: model.shared.has_focus,
    };
    match next_poll(&facts, JITTER) {
        Poll::Report(delay) => vec![Effect::After { timer: Timer::Sync, delay }],
        Poll::List(delay) => vec![Effect::After { timer: Timer::Endpoints, delay }],
    }
}
