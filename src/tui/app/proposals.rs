//! Plans that are shown whole: from the question for a way back to the report of what was done.

use super::{Model, tabs};
use crate::plan::{Change, Impact, Plan, PlanId, Progress, Report};
use crate::sync;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::notices::Tone;
use crate::tui::overlays::proposal::{self, Proposal};
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::wanted::{Aim, Found, Wanted, WayBack};

use super::Tab;

/// How many plans are followed at once; of older ones nothing more is told than the history will.
const FOLLOWED_MAX: usize = 64;

/// What an action would take back, where it is one that does.
pub(super) fn aim(model: &Model, action: Action) -> Option<Aim> {
    if model.welcome.is_some() {
        return None;
    }
    match (action, model.tab) {
        (Action::Undo, Tab::History) => model.history.aim(),
        (Action::Undo, _) => Some(Aim::LastChange),
        (Action::Redo, _) => Some(Aim::LastUndo),
        _ => None,
    }
}

/// Looks for the way back.
pub(super) fn seek(model: &mut Model, aim: Aim) -> Vec<Effect> {
    let mut effects: Vec<Effect> = model.seeking.take().map(Effect::Cancel).into_iter().collect();
    let ticket = model.shared.ticket();
    model.seeking = Some(ticket);
    effects.push(Effect::Read { ticket, wanted: Wanted::WayBack(aim) });
    effects
}

/// Asks what is missing of the demo.
pub(super) fn seek_demo(model: &mut Model) -> Vec<Effect> {
    let mut effects: Vec<Effect> = model.seeking.take().map(Effect::Cancel).into_iter().collect();
    let ticket = model.shared.ticket();
    model.seeking = Some(ticket);
    effects.push(Effect::Read { ticket, wanted: Wanted::Demo });
    effects
}

fn propose_demo(model: &mut Model, plan: &Plan) -> Vec<Effect> {
    let shared = &mut model.shared;
    if plan.changes().is_empty() {
        shared.notices.say(shared.now, Tone::Plain, "the demo is all there, and as it was");
        return Vec::new();
    }
    let (title, verb) = ("Bring the demo back".to_owned(), "bring it back".to_owned());
    let (proposal, effects) = Proposal::new(title, verb, plan.clone(), &model.endpoints.workspace.known, shared);
    model.overlays.push(Overlay::Proposal(Box::new(proposal)));
    effects
}

/// The way back was found, or there is none. `None` where it is not this that was asked for.
pub(super) fn found(model: &mut Model, ticket: Ticket, found: &Result<Found, Failure>) -> Option<Vec<Effect>> {
    if model.seeking != Some(ticket) {
        return None;
    }
    model.seeking = None;
    let now = model.shared.now;
    match found {
        Ok(Found::WayBack(way)) => return Some(propose_way_back(model, way)),
        Ok(Found::Demo(plan)) => return Some(propose_demo(model, plan)),
        Err(failure) if failure.kind == FailureKind::NotFound => {
            model.shared.notices.say(now, Tone::Plain, failure.message.clone());
        }
        Err(failure) => model.shared.notices.fail(now, failure),
        Ok(_) => {}
    }
    Some(Vec::new())
}

fn propose_way_back(model: &mut Model, way: &WayBack) -> Vec<Effect> {
    let (entry, shared) = (&way.entry, &mut model.shared);
    let is_redo = entry.undoes.is_some();
    let plan = match &way.plan {
        Ok(plan) => plan.clone(),
        Err(refusal) => {
            let word = if is_redo { "made again" } else { "taken back" };
            let history = shared.keymap.shown(Action::Tab5);
            let failure = Failure::new(FailureKind::Conflict, format!("not {word}: {refusal}"))
                .hint(format!("{history} shows what was changed, and by whom"));
            shared.notices.fail(shared.now, &failure);
            return Vec::new();
        }
    };
    let (title, verb) = if is_redo {
        (format!("Do again: {}", entry.title), "do it again".to_owned())
    } else {
        (format!("Undo: {}", entry.title), "undo it".to_owned())
    };
    let remark = format!("made {} by {}", text::ago(shared.now, entry.at), entry.author.who);
    let (proposal, effects) = Proposal::new(title, verb, plan, &model.endpoints.workspace.known, shared);
    let proposal = proposal.undoing(entry.id.clone(), vec![remark]);
    model.overlays.push(Overlay::Proposal(Box::new(proposal)));
    effects
}

/// Does what a key asks for while a plan is on top.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Overlay::Proposal(proposal)) = model.overlays.last_mut() else { return Vec::new() };
    let answer = proposal.act(action, &model.endpoints.workspace.known, &mut model.shared);
    if answer.is_over {
        model.overlays.pop();
    }
    answer.effects
}

fn each(overlays: &mut [Overlay]) -> impl Iterator<Item = &mut Proposal> {
    overlays
        .iter_mut()
        .filter_map(|overlay| if let Overlay::Proposal(proposal) = overlay { Some(proposal.as_mut()) } else { None })
}

/// It was counted who is affected.
pub(super) fn impact(model: &mut Model, ticket: Ticket, answer: Result<Impact, Failure>) {
    let now = model.shared.now;
    match each(&mut model.overlays).find(|proposal| proposal.impact.expects(ticket)) {
        Some(proposal) => drop(proposal.impact.answer(ticket, now, answer)),
        None => model.endpoints.receive_impact(ticket, answer, &model.shared),
    }
}

/// A plan moved on.
pub(super) fn progress(model: &mut Model, ticket: Ticket, progress: &Progress) {
    if seen(model, ticket, progress) {
        return;
    }
    match each(&mut model.overlays).find(|proposal| proposal.runs(ticket)) {
        Some(proposal) => proposal.progress(ticket, progress),
        None => model.endpoints.receive_progress(ticket, progress),
    }
}

/// A plan is over, and what it wrote may be followed from now on.
pub(super) fn follow(model: &mut Model, ticket: Ticket, answer: &Result<Report, Failure>) {
    if let Ok(report) = answer
        && model.shared.can_probe()
    {
        model.followed.push((ticket, report.id.clone()));
        let surplus = model.followed.len().saturating_sub(FOLLOWED_MAX);
        model.followed.drain(..surplus);
    }
}

/// Something was seen of what a plan wrote. True where that is what moved.
fn seen(model: &mut Model, ticket: Ticket, progress: &Progress) -> bool {
    let Progress::Followed { index, sighting } = progress else { return false };
    let plan = model.followed.iter().find(|(own, _)| *own == ticket).map(|(_, plan)| plan.clone());
    if let Some(plan) = plan {
        model.endpoints.see(&(plan, *index), sighting, &mut model.shared);
    }
    true
}

/// What a plan wrote is followed no longer.
pub(super) fn follow_ended(model: &mut Model, ticket: Ticket, put_back: Option<Result<(), Failure>>) -> Vec<Effect> {
    model.followed.retain(|(own, _)| *own != ticket);
    let now = model.shared.now;
    match put_back {
        None => return Vec::new(),
        Some(Ok(())) => {
            let said = "the new target does not answer: the old one was put back";
            model.shared.notices.say(now, Tone::Bad, said);
        }
        Some(Err(failure)) => model.shared.notices.fail(now, &failure),
    }
    let mut effects = super::poll::look_now(model);
    effects.extend(tabs::written(model));
    effects
}

/// A plan is over. `None` where it was not run from here.
pub(super) fn report(model: &mut Model, ticket: Ticket, answer: &Result<Report, Failure>) -> Option<Vec<Effect>> {
    let proposal = each(&mut model.overlays).find(|proposal| proposal.runs(ticket))?;
    let is_over = proposal.finish(answer);
    let (plan, undoes) = (proposal.plan.clone(), proposal.undoes.clone());
    let Ok(report) = answer else { return Some(Vec::new()) };
    if is_over {
        model.overlays.retain(
            |overlay| !matches!(overlay, Overlay::Proposal(proposal) if proposal.stage == proposal::Stage::Over),
        );
    }
    let count = model.endpoints.take_all(plan.changes(), report, &model.shared);
    if is_over {
        model.endpoints.marks.clear();
        let said = said(&plan, undoes.as_ref(), count, &model.shared);
        model.shared.notices.say(model.shared.now, Tone::Good, said);
    }
    let mut effects = super::poll::look_now(model);
    if model.tab == Tab::Groups && plan.changes().iter().any(is_of_groups) {
        effects.extend(tabs::read_again(model));
    }
    Some(effects)
}

fn said(plan: &Plan, undoes: Option<&PlanId>, count: usize, shared: &Shared) -> String {
    let word = if undoes.is_some() { "undone, by" } else { "done:" };
    let wait = shared.until_next_sync().unwrap_or_else(|| shared.sync_interval());
    let when = match (count, wait.is_zero()) {
        (0, _) => "everything was so already".to_owned(),
        (_, true) => "in effect with the next sync, any moment now".to_owned(),
        (_, false) => format!("in effect within {}", sync::countdown(wait)),
    };
    format!("{word} {}\n{when}", plan.title())
}

fn is_of_groups(change: &Change) -> bool {
    !matches!(change, Change::CreateEndpoint { .. } | Change::UpdateEndpoint { .. } | Change::DeleteEndpoint { .. })
}
