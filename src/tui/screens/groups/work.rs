//! What is open for a change of groups and keys: a form, a question, or a minted key that is shown this once.

use crossterm::event::KeyEvent;
use secrecy::{ExposeSecret, SecretString};

use super::form::GroupForm;
use super::tree;
use crate::api::{Group, KeyInfo};
use crate::plan::{Change, Outcome, Report};
use crate::tui::effect::{After, Effect};
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::overlays::notices::Tone;
use crate::tui::session::Shared;
use crate::tui::wanted::{Found, Wanted};

/// What is open.
#[derive(Debug, Clone, Default)]
pub enum Work {
    /// Nothing.
    #[default]
    None,
    /// A group is being made or changed.
    Form(Box<GroupForm>),
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

/// A question before something goes.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What it is about.
    pub title: String,
    /// What has to be typed where the context is protected.
    pub name: String,
    /// What happens, one sentence a line.
    pub consequences: Vec<String>,
    /// How many keys go; `None` while they are counted or where they cannot be.
    pub keys: Option<usize>,
    /// The request that counts them.
    pub counting: Option<Ticket>,
    /// The word on the button.
    pub verb: &'static str,
    /// What would be done.
    pub change: Change,
    /// True where the button that does it has the focus.
    pub is_chosen: bool,
    /// What was typed.
    pub typed: Field,
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

    /// Asks before a key is revoked.
    #[must_use]
    pub fn revoke(group: &Group, key: KeyInfo) -> Self {
        let called = key.name.clone().unwrap_or_else(|| key.prefix.to_string());
        let ask = Ask {
            title: format!("Revoke {called} of {}", tree::name(group)),
            name: key.prefix.to_string(),
            consequences: vec![
                format!("Requests with {} are answered 403 from now on.", key.prefix),
                "Streams that are under way finish.".to_owned(),
                format!("It may call {} now.", slugs(std::slice::from_ref(group))),
                "A revoked key cannot be brought back: only a new one can be minted.".to_owned(),
            ],
            keys: None,
            counting: None,
            verb: "revoke",
            change: Change::RevokeKey { group: group.id.clone(), key },
            ..Ask::bare(group)
        };
        Self::Ask(Box::new(ask))
    }

    /// Asks before a group goes, with everything that goes with it. The group is the first of `all`.
    pub fn delete(group: &Group, all: &[Group], shared: &mut Shared) -> (Self, Vec<Effect>) {
        let ticket = shared.ticket();
        let below: Vec<&str> = all.iter().skip(1).map(tree::name).collect();
        let mut consequences = Vec::new();
        if !below.is_empty() {
            consequences.push(format!("With it go the {} below it: {}.", counted(below.len(), "group"), list(&below)));
        }
        consequences.push(format!("Nobody of them may call {} any more.", slugs(all)));
        consequences.push("Their keys are revoked, and cannot be brought back: an undo makes new groups.".to_owned());
        let ids = all.iter().map(|group| group.id.clone()).collect();
        let ask = Ask {
            title: format!("Delete {}", tree::name(group)),
            name: tree::name(group).to_owned(),
            consequences,
            counting: Some(ticket),
            verb: "delete",
            change: Change::DeleteGroup { before: Box::new(group.clone()) },
            ..Ask::bare(group)
        };
        (Self::Ask(Box::new(ask)), vec![Effect::Read { ticket, wanted: Wanted::CountKeys(ids) }])
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
                        return self.run(change, shared);
                    }
                }
            },
            Self::NameKey(key) => match action {
                Action::Back => *self = Self::None,
                Action::Confirm => {
                    let change = key.change();
                    return self.run(change, shared);
                }
                _ => {}
            },
            Self::Ask(ask) => match ask.act(action, shared) {
                Answer::Stay => {}
                Answer::Leave => *self = Self::None,
                Answer::Do => {
                    let change = ask.change.clone();
                    return self.run(change, shared);
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

    /// The change that would be made; what is wrong with it is marked.
    pub fn planned(&mut self) -> Option<Change> {
        match self {
            Self::None | Self::Minted(_) => None,
            Self::Form(form) => form.made(),
            Self::NameKey(key) => Some(key.change()),
            Self::Ask(ask) => Some(ask.change.clone()),
        }
    }

    fn run(&mut self, change: Change, shared: &mut Shared) -> Vec<Effect> {
        let ticket = shared.ticket();
        let (writing, failure) = match self {
            Self::Form(form) => (&mut form.writing, &mut form.failure),
            Self::NameKey(key) => (&mut key.writing, &mut key.failure),
            Self::Ask(ask) => (&mut ask.writing, &mut ask.failure),
            Self::None | Self::Minted(_) => return Vec::new(),
        };
        (*writing, *failure) = (Some(ticket), None);
        shared.is_writing = true;
        vec![Effect::Run {
            ticket,
            plan: change.into(),
            is_confirmed: shared.is_protected(),
            undoes: None,
            after: After::Wait,
        }]
    }

    /// The write under way.
    #[must_use]
    pub fn writing(&self) -> Option<Ticket> {
        match self {
            Self::None | Self::Minted(_) => None,
            Self::Form(form) => form.writing,
            Self::NameKey(key) => key.writing,
            Self::Ask(ask) => ask.writing,
        }
    }

    /// Takes the number of keys. False where it was not asked for.
    pub fn receive(&mut self, ticket: Ticket, found: &Result<Found, Failure>) -> bool {
        let Self::Ask(ask) = self else { return false };
        if ask.counting != Some(ticket) {
            return false;
        }
        ask.counting = None;
        ask.keys = if let Ok(Found::KeyCount(keys)) = found { Some(*keys) } else { None };
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
            Self::None | Self::Minted(_) => return None,
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
            Self::None | Self::Minted(_) => return,
        };
        shared.notices.say(shared.now, Tone::Good, said);
        *self = minted.map_or(Self::None, Self::Minted);
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent) {
        match self {
            Self::None | Self::Minted(_) => {}
            Self::Form(form) => form.edit(key),
            Self::NameKey(name) => drop(name.name.edit(key)),
            Self::Ask(ask) => drop(ask.typed.edit(key)),
        }
    }

    /// Takes what was pasted into the field that has the keys.
    pub fn paste(&mut self, pasted: &str) {
        match self {
            Self::None | Self::Minted(_) => {}
            Self::Form(form) => form.paste(pasted),
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

enum Answer {
    Stay,
    Leave,
    Do,
}

impl Ask {
    fn bare(group: &Group) -> Self {
        Self {
            title: String::new(),
            name: String::new(),
            consequences: Vec::new(),
            keys: None,
            counting: None,
            verb: "",
            change: Change::DeleteGroup { before: Box::new(group.clone()) },
            is_chosen: false,
            typed: Field::default(),
            writing: None,
            failure: None,
        }
    }

    fn act(&mut self, action: Action, shared: &Shared) -> Answer {
        // In a protected context the typed name is the button.
        let is_chosen = if shared.is_protected() { self.typed.trimmed() == self.name } else { self.is_chosen };
        match action {
            Action::Left | Action::Right | Action::NextPane | Action::PreviousPane => {
                self.is_chosen = !self.is_chosen;
                Answer::Stay
            }
            Action::Confirm if is_chosen => Answer::Do,
            Action::Confirm if shared.is_protected() => Answer::Stay,
            Action::Confirm | Action::Back => Answer::Leave,
            _ => Answer::Stay,
        }
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

fn counted(number: usize, noun: &str) -> String {
    crate::tui::text::counted(number, noun)
}

/// Up to three names, and how many more.
fn list(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().take(3).copied().collect();
    let more = names.len() - shown.len();
    let shown = shown.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn slugs(groups: &[Group]) -> String {
    let mut slugs: Vec<&str> = groups.iter().flat_map(|group| &group.models).map(|model| model.slug.as_str()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    if slugs.is_empty() { "anything".to_owned() } else { list(&slugs) }
}
