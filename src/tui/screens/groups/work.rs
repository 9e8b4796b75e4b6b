//! What is open for a change of groups and keys: a form, a question, or a minted key that is shown this once.

use crossterm::event::KeyEvent;
use secrecy::{ExposeSecret, SecretString};

use super::ask::{Answer, Ask};
use super::form::GroupForm;
use super::register::Register;
use super::tree;
use crate::api::Group;
use crate::plan::{Change, Outcome, Plan, Report};
use crate::tui::effect::{After, Effect};
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::overlays::notices::Tone;
use crate::tui::session::Shared;
use crate::tui::wanted::Found;

/// What is open.
#[derive(Debug, Clone, Default)]
pub enum Work {
    /// Nothing.
    #[default]
    None,
    /// A group is being made or changed.
    Form(Box<GroupForm>),
    /// A key that the customer made is about to be registered.
    Register(Box<Register>),
    /// A key is about to be minted; its name is asked for.
    NameKey(Box<NameKey>),
    /// Something is about to go.
    Ask(Box<Ask>),
    /// A key was minted. It is shown until it is closed, and nowhere again.
    Minted(Minted),
}

/// The name of a key to be minted.
#[derive(Debug, Clone)]
pub struct NameKey {
    /// Whose key.
    pub group: Group,
    /// Its name; may stay empty.
    pub name: Field,
    /// The write under way.
    pub writing: Option<Ticket>,
    /// Why the last try failed.
    pub failure: Option<Failure>,
}

/// A minted key. Its `Debug` hides it.
#[derive(Debug, Clone)]
pub struct Minted {
    /// Whose.
    pub group: String,
    /// Its name.
    pub name: Option<String>,
    /// The key itself.
    pub key: SecretString,
    /// True once it was put on the clipboard.
    pub was_copied: bool,
}

impl Work {
    /// A form for a new group.
    #[must_use]
    pub fn create(parent: Option<Group>) -> Self {
        Self::Form(Box::new(GroupForm::create(parent)))
    }

    /// A form for a group that exists.
    #[must_use]
    pub fn change(group: Group) -> Self {
        Self::Form(Box::new(GroupForm::change(group)))
    }

    /// Asks for the name of a new key.
    #[must_use]
    pub fn name_key(group: Group) -> Self {
        Self::NameKey(Box::new(NameKey { group, name: Field::default(), writing: None, failure: None }))
    }

    /// True where nothing is open.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// What has the keys; `None` where nothing is open.
    #[must_use]
    pub fn place(&self, shared: &Shared) -> Option<Place> {
        match self {
            Self::None => None,
            Self::Form(form) => Some(if form.writing.is_some() { Place::Nothing } else { form.place() }),
            Self::Register(register) if register.writing.is_some() => Some(Place::Nothing),
            Self::Register(_) => Some(Place::Form),
            Self::NameKey(key) => Some(if key.writing.is_some() { Place::Nothing } else { Place::Form }),
            Self::Ask(ask) if ask.writing.is_some() => Some(Place::Nothing),
            Self::Ask(_) if shared.is_protected() => Some(Place::TypedQuestion),
            Self::Ask(_) => Some(Place::Question),
            Self::Minted(_) => Some(Place::Minted),
        }
    }

    /// Does what a key asks for; closes itself where it is over.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        if self.writing().is_some() {
            return Vec::new();
        }
        match self {
            Self::None => {}
            Self::Form(form) => match action {
                Action::Back => *self = Self::None,
                _ => {
                    if let Some(change) = form.act(action) {
                        return self.run(change.into(), shared);
                    }
                }
            },
            Self::Register(register) => match action {
                Action::Back => *self = Self::None,
                _ => return register.act(action, shared).into_iter().collect(),
            },
            Self::NameKey(key) => match action {
                Action::Back => *self = Self::None,
                Action::Confirm => {
                    let change = key.change();
                    return self.run(change.into(), shared);
                }
                _ => {}
            },
            Self::Ask(ask) => match ask.act(action, shared) {
                Answer::Stay => {}
                Answer::Leave => *self = Self::None,
                Answer::Do => {
                    let plan = ask.plan.clone();
                    return self.run(plan, shared);
                }
            },
            Self::Minted(minted) => match action {
                Action::Copy => {
                    minted.was_copied = true;
                    return vec![Effect::Copy(minted.key.expose_secret().to_owned())];
                }
                // A key that was neither copied nor looked at is not closed by the Enter that made it.
                Action::Back => *self = Self::None,
                _ => {}
            },
        }
        Vec::new()
    }

    /// The changes that would be made; what is wrong with them is marked.
    pub fn planned(&mut self) -> Vec<Change> {
        match self {
            Self::None | Self::Register(_) | Self::Minted(_) => Vec::new(),
            Self::Form(form) => form.made().into_iter().collect(),
            Self::NameKey(key) => vec![key.change()],
            Self::Ask(ask) => ask.plan.changes().to_vec(),
        }
    }

    fn run(&mut self, plan: Plan, shared: &mut Shared) -> Vec<Effect> {
        let ticket = shared.ticket();
        let (writing, failure) = match self {
            Self::Form(form) => (&mut form.writing, &mut form.failure),
            Self::NameKey(key) => (&mut key.writing, &mut key.failure),
            Self::Ask(ask) => (&mut ask.writing, &mut ask.failure),
            Self::None | Self::Register(_) | Self::Minted(_) => return Vec::new(),
        };
        (*writing, *failure) = (Some(ticket), None);
        shared.is_writing = true;
        vec![Effect::Run { ticket, plan, is_confirmed: shared.is_protected(), undoes: None, after: After::Wait }]
    }

    /// The write under way.
    #[must_use]
    pub fn writing(&self) -> Option<Ticket> {
        match self {
            Self::None | Self::Minted(_) => None,
            Self::Form(form) => form.writing,
            Self::Register(register) => register.writing,
            Self::NameKey(key) => key.writing,
            Self::Ask(ask) => ask.writing,
        }
    }

    /// Takes what was asked for: the number of keys, or that one was registered. False where it was not this.
    pub fn receive(&mut self, ticket: Ticket, found: &Result<Found, Failure>, shared: &mut Shared) -> bool {
        if let Self::Register(register) = self {
            return register.writing == Some(ticket) && self.registered(found, shared);
        }
        let Self::Ask(ask) = self else { return false };
        if ask.counting != Some(ticket) {
            return false;
        }
        ask.counting = None;
        ask.keys = if let Ok(Found::KeyCount(keys)) = found { Some(*keys) } else { None };
        true
    }

    fn registered(&mut self, found: &Result<Found, Failure>, shared: &mut Shared) -> bool {
        shared.is_writing = false;
        let Self::Register(register) = self else { return false };
        register.writing = None;
        match found {
            Ok(Found::Registered(prefix)) => {
                let said = format!("the key {prefix}… of {} was registered", tree::name(&register.group));
                shared.notices.say(shared.now, Tone::Good, said);
                *self = Self::None;
            }
            Ok(_) => {}
            Err(failure) => register.failure = Some(failure.clone()),
        }
        true
    }

    /// Its plan has ended: true inside where something was written. `None` where it is not its plan.
    pub fn report(&mut self, ticket: Ticket, answer: &Result<Report, Failure>, shared: &mut Shared) -> Option<bool> {
        if self.writing() != Some(ticket) {
            return None;
        }
        shared.is_writing = false;
        let failure = match answer {
            Err(failure) => failure.clone(),
            Ok(report) if report.is_success() => {
                self.succeed(report, shared);
                return Some(true);
            }
            Ok(report) => failure_of(report),
        };
        let (writing, place) = match self {
            Self::Form(form) => (&mut form.writing, &mut form.failure),
            Self::NameKey(key) => (&mut key.writing, &mut key.failure),
            Self::Ask(ask) => (&mut ask.writing, &mut ask.failure),
            Self::None | Self::Register(_) | Self::Minted(_) => return None,
        };
        (*writing, *place) = (None, Some(failure));
        Some(false)
    }

    fn succeed(&mut self, report: &Report, shared: &mut Shared) {
        let (said, minted) = match &*self {
            Self::NameKey(key) => {
                let minted = report.keys.first().map(|(_, minted)| Minted {
                    group: tree::name(&key.group).to_owned(),
                    name: minted.name.clone(),
                    key: SecretString::from(minted.api_key.clone()),
                    was_copied: false,
                });
                (format!("a key of {} was minted", tree::name(&key.group)), minted)
            }
            Self::Form(form) => (format!("{} was saved", form.called()), None),
            Self::Ask(ask) => (format!("{}: done", ask.title), None),
            Self::None | Self::Register(_) | Self::Minted(_) => return,
        };
        shared.notices.say(shared.now, Tone::Good, said);
        *self = minted.map_or(Self::None, Self::Minted);
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent) {
        match self {
            Self::None | Self::Minted(_) => {}
            Self::Form(form) => form.edit(key),
            Self::Register(register) => register.edit(key),
            Self::NameKey(name) => drop(name.name.edit(key)),
            Self::Ask(ask) => drop(ask.typed.edit(key)),
        }
    }

    /// Takes what was pasted into the field that has the keys.
    pub fn paste(&mut self, pasted: &str) {
        match self {
            Self::None | Self::Minted(_) => {}
            Self::Form(form) => form.paste(pasted),
            Self::Register(register) => register.paste(pasted),
            Self::NameKey(name) => drop(name.name.paste(pasted)),
            Self::Ask(ask) => drop(ask.typed.paste(pasted)),
        }
    }
}

impl NameKey {
    fn change(&self) -> Change {
        let name = Some(self.name.trimmed().to_owned()).filter(|name| !name.is_empty());
        Change::MintKey { group: self.group.id.clone(), name }
    }
}

/// Why a plan of one change did not succeed.
#[must_use]
pub fn failure_of(report: &Report) -> Failure {
    let other = |message: String| Failure::new(FailureKind::Other, message);
    let said = report.outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Failed(failure) | Outcome::Unsettled(failure) => {
            Some(Failure { hint: failure.hint.clone(), ..other(failure.message.clone()) })
        }
        Outcome::Conflict(conflict) => {
            Some(Failure { kind: FailureKind::Conflict, ..other(conflict.summary()) }.hint("R reads again"))
        }
        Outcome::RenameRefused { kept, .. } => Some(other(format!("the server kept the name {kept}"))),
        Outcome::Done(_) | Outcome::AlreadySo | Outcome::NotTried => None,
    });
    said.unwrap_or_else(|| other("it was not done".to_owned()))
}
