//! Who may call the endpoint that is looked at, and how much it is called.
//!
//! Asked for once the cursor has rested, so that scrolling asks for nothing, and again while somebody is there: where
//! nobody has pressed a key for a minute nothing is asked, and the figures show their age.

use std::collections::HashMap;
use std::time::Duration;

use ratatui::text::{Line, Span};

use crate::api::{EndpointId, Group, GroupId, Slug, Time};
use crate::tui::draw::spark;
use crate::tui::effect::{Effect, Timer};
use crate::tui::load::{Failure, Load, Ticket};
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::traffic::{Counts, TABLE_SECONDS, Window, second};
use crate::tui::wanted::{Found, Lately, SlugDetail, Wanted};

/// How long the cursor rests before anything is asked.
const REST: Duration = Duration::from_millis(150);
/// How old the figures may be while somebody is there.
const FRESH: Duration = Duration::from_secs(10);
/// From this age on it is said. A figure that counts seconds would cost an idle screen a change every five.
const AGED: Duration = Duration::from_mins(1);
/// How old the groups may be. They are read whole, so they are read seldom.
const GROUPS_FRESH: Duration = Duration::from_mins(1);
/// Somebody is there for so long after a key.
const THERE: Duration = Duration::from_mins(1);
/// The keys of no more groups are counted.
const GROUPS_COUNTED_MAX: usize = 20;
/// The columns of the course.
const COURSE: usize = 24;

/// What was read of one endpoint.
#[derive(Debug, Clone)]
struct Known {
    id: EndpointId,
    keys: Option<usize>,
    traffic: Option<Called>,
}

/// How much an endpoint is called.
#[derive(Debug, Clone)]
struct Called {
    window: Window,
    /// Where what is known covers but a moment: all of it, and how long that is.
    moment: Option<(Counts, Duration)>,
}

/// A group that may call a slug: its id and what people call it.
type Caller = (GroupId, String);
/// A part of a sentence, and how it looks.
type Said = (Role, String);

/// What is known of callers.
#[derive(Debug, Clone, Default)]
pub struct Callers {
    /// The groups by the slugs that they may call, when they were read. `None` before that, or where they can't be.
    groups: Option<(HashMap<Slug, Vec<Caller>>, Time)>,
    /// Why the groups can't be read.
    groups_failure: Option<Failure>,
    /// Keys and traffic of the endpoint that is looked at.
    detail: Load<Known>,
    /// The endpoint that the cursor is on.
    wanted: Option<EndpointId>,
    /// True while the timer runs.
    is_resting: bool,
    /// True where the cursor has moved since it was set.
    has_moved: bool,
}

impl Callers {
    /// This endpoint is looked at, or none is. The timer that it sets.
    pub fn follow(&mut self, looked_at: Option<&EndpointId>, shared: &Shared) -> Option<Effect> {
        let wanted = looked_at?;
        let is_other = self.wanted.as_ref() != Some(wanted);
        let is_due =
            !self.is_resting && self.detail.waiting.is_none() && is_anybody_there(shared) && self.is_old(shared);
        if !is_other && !is_due {
            return None;
        }
        self.wanted = Some(wanted.clone());
        // One timer, not one a key: where the cursor moved meanwhile it is set again when it runs out.
        self.has_moved = std::mem::replace(&mut self.is_resting, true);
        (!self.has_moved).then_some(Effect::After { timer: Timer::Callers, delay: REST })
    }

    fn is_old(&self, shared: &Shared) -> bool {
        self.detail.value.as_ref().is_some_and(|(_, read_at)| shared.now.since(*read_at) >= FRESH)
    }

    /// The cursor has rested.
    pub fn read(&mut self, slug: &Slug, shared: &mut Shared) -> Vec<Effect> {
        if std::mem::take(&mut self.has_moved) {
            return vec![Effect::After { timer: Timer::Callers, delay: REST }];
        }
        self.is_resting = false;
        let Some(id) = self.wanted.clone() else { return Vec::new() };
        let mut effects: Vec<Effect> = self.detail.waiting.take().map(Effect::Cancel).into_iter().collect();
        let ticket = shared.ticket();
        self.detail.ask(ticket);
        let is_known = self.groups.as_ref().is_some_and(|(_, read_at)| shared.now.since(*read_at) < GROUPS_FRESH);
        let groups = (is_known || self.groups_failure.is_some()).then(|| {
            let of = self.of(slug).iter().take(GROUPS_COUNTED_MAX + 1);
            of.map(|(id, _)| id.clone()).collect()
        });
        let wanted = Wanted::SlugDetail { id, slug: slug.clone(), groups, counted_max: GROUPS_COUNTED_MAX };
        effects.push(Effect::Read { ticket, wanted });
        effects
    }

    /// The timer ran out where nothing is to be read.
    pub fn rest(&mut self) {
        self.is_resting = false;
        self.has_moved = false;
        self.wanted = None;
    }

    /// Everything is to be read again; what is known stays until then.
    pub fn expire(&mut self) {
        self.groups_failure = None;
        self.wanted = None;
        if let Some((_, read_at)) = &mut self.groups {
            *read_at = Time::EPOCH;
        }
    }

    /// No reading under way will be answered.
    pub fn abandon(&mut self) {
        self.detail.waiting = None;
        self.groups_failure = None;
        self.rest();
    }

    /// Takes what was read. False where it was not asked for from here.
    pub fn receive(&mut self, ticket: Ticket, found: &Result<Found, Failure>, shared: &Shared) -> bool {
        if !self.detail.expects(ticket) {
            return false;
        }
        match found {
            Ok(Found::SlugDetail(detail)) => {
                match &detail.groups {
                    Some(Ok(groups)) => self.know(groups, shared.now),
                    Some(Err(failure)) => self.groups_failure = Some(failure.clone()),
                    None => {}
                }
                let known = Known { id: detail.id.clone(), keys: detail.keys, traffic: called(detail, shared) };
                self.detail.answer(ticket, shared.now, Ok(known));
            }
            Ok(_) => self.detail.waiting = None,
            Err(failure) => self.detail.fail(failure.clone()),
        }
        true
    }

    fn know(&mut self, groups: &[Group], now: Time) {
        let mut callers: HashMap<Slug, Vec<Caller>> = HashMap::new();
        for group in groups {
            let name = group.metadata.name.as_ref().unwrap_or(&group.metadata.external_entity_id);
            for model in &group.models {
                callers.entry(model.slug.clone()).or_default().push((group.id.clone(), name.clone()));
            }
        }
        self.groups = Some((callers, now));
        self.groups_failure = None;
    }

    fn of(&self, slug: &Slug) -> &[Caller] {
        self.groups.as_ref().and_then(|(groups, _)| groups.get(slug)).map(Vec::as_slice).unwrap_or_default()
    }

    /// What there is to say of an endpoint.
    #[must_use]
    pub fn lines(
        &self,
        id: &EndpointId,
        slug: &Slug,
        shared: &Shared,
        label: usize,
        columns: usize,
    ) -> Vec<Line<'static>> {
        let known = self.detail.value.as_ref().filter(|(known, _)| known.id == *id);
        let mut lines = vec![Line::default()];
        let mut say = |name: &str, said: Vec<Span<'static>>| {
            let mut line = Line::from(shared.span(Role::Muted, text::fit(name, label)));
            line.spans.extend(said);
            lines.push(line);
        };
        let room = columns.saturating_sub(label);
        match (&self.groups, &self.groups_failure) {
            (Some(_), _) => {
                let callers = self.of(slug);
                say("Called by", called_by(callers, known.and_then(|(known, _)| known.keys), shared));
                if !callers.is_empty() {
                    let names = callers.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ");
                    say("", vec![shared.span(Role::Muted, text::cut(&names, room).into_owned())]);
                }
            }
            (None, Some(_)) => say("Called by", vec![shared.span(Role::Muted, "the groups cannot be read")]),
            (None, None) => say("Called by", vec![shared.span(Role::Faint, "◌")]),
        }
        let traffic = known.and_then(|(known, read_at)| Some((known.traffic.as_ref()?, *read_at)));
        match (traffic, known) {
            (Some((called, read_at)), _) => {
                let (course, figures) = traffic_lines(called, read_at, room, shared);
                say("Traffic", course);
                for line in flowed(figures, room, shared) {
                    say("", line);
                }
            }
            (None, Some(_)) => say("Traffic", vec![shared.span(Role::Muted, "the server does not tell")]),
            (None, None) => say("Traffic", vec![shared.span(Role::Faint, "◌")]),
        }
        lines
    }
}

fn is_anybody_there(shared: &Shared) -> bool {
    shared.has_focus && shared.pressed_at.is_some_and(|at| shared.now.since(at) < THERE)
}

fn called(detail: &SlugDetail, shared: &Shared) -> Option<Called> {
    let Lately { tally, since, moment } = detail.traffic.as_ref()?;
    let mut window = Window::since(*since, shared.server_now());
    window.add(tally);
    let all = || {
        let mut all = Counts::default();
        tally.seconds.values().for_each(|counts| all.merge(counts));
        all
    };
    Some(Called { window, moment: moment.map(|moment| (all(), moment)) })
}

fn called_by(callers: &[Caller], keys: Option<usize>, shared: &Shared) -> Vec<Span<'static>> {
    if callers.is_empty() {
        return vec![shared.span(Role::Waiting, "nobody: no group names it")];
    }
    let mut said = vec![shared.span(Role::Text, text::counted(callers.len(), "group"))];
    match keys {
        Some(0) => said.push(shared.span(Role::Waiting, ", no keys yet")),
        Some(keys) => said.push(shared.span(Role::Text, format!(", {}", text::counted(keys, "key")))),
        None => {}
    }
    said
}

/// The course of the last minute, and what it adds up to.
fn traffic_lines(called: &Called, read_at: Time, room: usize, shared: &Shared) -> (Vec<Span<'static>>, Vec<Said>) {
    // The picture is of the time when it was read: it does not move by itself.
    let at = shared.server_now().minus(shared.now.since(read_at));
    let until = second(at) + 1;
    let Window { total, known_from, .. } = &called.window;
    let from = (until - TABLE_SECONDS).max(*known_from).min(until);
    let (lately, rate, span) = if let Some((all, moment)) = &called.moment {
        let millis = u64::try_from(moment.as_millis()).unwrap_or(u64::MAX);
        (all.clone(), text::rate(all.requests.saturating_mul(1_000), millis), text::latency(*moment))
    } else {
        let (rate_from, rate_until, seconds) = called.window.rate_span(at);
        let rate = text::rate(total.requests(rate_from, rate_until), seconds);
        let seconds = u64::try_from(until - from).unwrap_or(0);
        (total.sum(from, until), rate, text::span(Duration::from_secs(seconds)))
    };
    let columns = COURSE.min(room.saturating_sub(12));
    let values = total.values(from, until, |counts| counts.map_or(0, |counts| counts.requests));
    let values = folded(&values, columns);
    let mut course = spark::sparkline(shared.theme, &values, values.len().min(columns), Role::Accent).spans;
    let gap = if values.is_empty() { "" } else { "  " };
    course.push(shared.span(Role::Text, format!("{gap}{rate} req/s")));
    let mut figures = summed(&lately, &span);
    let age = shared.now.since(read_at);
    if age >= AGED {
        figures.push((Role::Muted, format!("{} ago", text::span(age))));
    }
    (course, figures)
}

fn summed(lately: &Counts, span: &str) -> Vec<Said> {
    if lately.requests == 0 {
        return vec![(Role::Muted, format!("nobody called within {span}"))];
    }
    let mut said = vec![(Role::Muted, format!("{} within {span}", text::counted_u64(lately.requests, "request")))];
    if let Some(p50) = lately.latency.quantile(500) {
        said.push((Role::Muted, format!("p50 {}", text::latency(p50))));
        let role = if lately.errors > 0 { Role::Danger } else { Role::Muted };
        said.push((role, format!("{} errors", text::percent(lately.errors, lately.requests))));
    }
    said
}

/// Parts of a sentence on as many lines as they take; none is broken.
fn flowed(parts: Vec<Said>, room: usize, shared: &Shared) -> Vec<Vec<Span<'static>>> {
    let mut lines: Vec<Vec<Span<'static>>> = Vec::new();
    let mut used = 0;
    for (role, part) in parts {
        let width = text::width(&part);
        match lines.last_mut() {
            Some(line) if used + 2 + width <= room => {
                line.push(shared.span(Role::Muted, ", "));
                line.push(shared.span(role, part));
                used += 2 + width;
            }
            Some(_) | None => {
                lines.push(vec![shared.span(role, part)]);
                used = width;
            }
        }
    }
    lines
}

/// As many values as there is room for: neighbours add up, the newest stay whole.
fn folded(values: &[u64], columns: usize) -> Vec<u64> {
    let each = values.len().div_ceil(columns.max(1)).max(1);
    let mut folded: Vec<u64> = values.rchunks(each).map(|part| part.iter().sum()).collect();
    folded.reverse();
    folded
}
