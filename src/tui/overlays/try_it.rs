//! Trying a slug (`t`): a prompt, a key, and the answer as it comes; beside it that of a second slug.
//!
//! [`answer`] is what one slug said, [`keys`] which keys can be used, [`request`] the same call elsewhere, and [`view`]
//! draws. Keys themselves are never here but for one that is typed: `perform` mints, calls and revokes.

pub mod answer;
pub mod keys;
pub mod request;
pub mod view;

use crossterm::event::KeyEvent;

use self::answer::Answer;
use self::keys::KeyChoice;
pub use self::keys::Remembered;
use crate::api::{Chat, Endpoint, Group, KeyPrefix, Slug};
use crate::tui::effect::{Effect, TypedKey};
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::load::{Failure, Load, Ticket};
use crate::tui::session::Shared;
use crate::tui::trial::{Trial, TrialEvent, TrialKey};
use crate::tui::wanted::{Found, Wanted};

/// What stands in the prompt at first.
const PROMPT: &str = "Say hello in one sentence.";

/// The line that has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// What is said.
    #[default]
    Prompt,
    /// The second slug.
    Beside,
    /// Which key.
    Key,
    /// The key itself, where it is typed.
    Typed,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// The lines can be edited.
    #[default]
    Editing,
    /// A protected context asks for a name before a key is minted.
    Asking,
    /// Answers come.
    Running(Ticket),
    /// It was stopped, and what was begun is put away.
    Stopping(Ticket),
}

/// The pane.
#[derive(Debug, Clone)]
pub struct TryIt {
    /// What is tried.
    pub endpoint: Endpoint,
    /// What is said.
    pub prompt: Field,
    /// The second slug, as it is typed.
    pub beside: Field,
    /// The endpoint that it names.
    pub second: Option<Endpoint>,
    /// Which keys can be used.
    pub choices: Vec<KeyChoice>,
    /// Which one is.
    pub chosen: usize,
    /// The one that a person chose, now or before; it may not be among them yet.
    wanted: Option<KeyChoice>,
    /// True where it was sent before it was known with which key.
    is_eager: bool,
    /// The key that is typed.
    pub typed: Field,
    /// What was typed to confirm, where the context asks for it.
    pub confirmation: Field,
    /// Which line has the keys.
    pub focus: Focus,
    /// How far it is.
    pub stage: Stage,
    /// The groups, for their keys.
    pub groups: Load<Vec<Group>>,
    /// What came, one for each slug.
    pub answers: Vec<Answer>,
    /// The key that was minted and is not revoked yet.
    pub minted: Option<KeyPrefix>,
    /// Why the last try failed as a whole.
    pub failure: Option<Failure>,
    /// The first line of the answers that is drawn; `None` follows their end while they come.
    pub offset: Option<usize>,
}

/// What a key led to.
#[derive(Debug, Default)]
pub struct Reply {
    /// True where it is to be closed.
    pub is_over: bool,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

impl TryIt {
    /// Opens on an endpoint, with what was typed the last time, and asks for the groups.
    pub fn new(endpoint: Endpoint, remembered: &Remembered, shared: &mut Shared) -> (Self, Vec<Effect>) {
        let mut try_it = Self {
            endpoint,
            prompt: Field::new(remembered.prompt.as_deref().unwrap_or(PROMPT)),
            beside: Field::default(),
            second: None,
            choices: Vec::new(),
            chosen: 0,
            wanted: remembered.key.clone(),
            is_eager: false,
            typed: remembered.typed.clone().unwrap_or_else(Field::secret),
            confirmation: Field::default(),
            focus: Focus::default(),
            stage: Stage::default(),
            groups: Load::default(),
            answers: Vec::new(),
            minted: None,
            failure: None,
            offset: None,
        };
        let ticket = shared.ticket();
        try_it.groups.ask(ticket);
        try_it.choose_again(shared);
        (try_it, vec![Effect::Read { ticket, wanted: Wanted::Groups }])
    }

    /// What is worth remembering.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        Remembered {
            prompt: Some(self.prompt.text().to_owned()),
            key: self.wanted.clone(),
            typed: Some(self.typed.clone()),
        }
    }

    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        match (self.stage, self.focus) {
            (Stage::Asking, _) => Place::TypedQuestion,
            (Stage::Running(_) | Stage::Stopping(_), _) => Place::TryItRunning,
            (Stage::Editing, Focus::Key) => Place::TryItKey,
            (Stage::Editing, Focus::Prompt | Focus::Beside | Focus::Typed) => Place::TryIt,
        }
    }

    /// The key that would be used.
    #[must_use]
    pub fn choice(&self) -> Option<&KeyChoice> {
        self.choices.get(self.chosen)
    }

    /// The trial under way.
    #[must_use]
    pub fn ticket(&self) -> Option<Ticket> {
        match self.stage {
            Stage::Running(ticket) | Stage::Stopping(ticket) => Some(ticket),
            Stage::Editing | Stage::Asking => None,
        }
    }

    /// The slugs that are asked, in their order.
    #[must_use]
    pub fn slugs(&self) -> Vec<Slug> {
        std::iter::once(&self.endpoint).chain(&self.second).map(|endpoint| endpoint.slug.clone()).collect()
    }

    /// The question to each slug.
    #[must_use]
    pub fn chats(&self) -> Vec<Chat> {
        let chat = |slug| Chat { is_streamed: true, ..Chat::new(slug, self.prompt.trimmed()) };
        self.slugs().into_iter().map(chat).collect()
    }

    /// What a protected context wants typed before a key of the group is minted.
    #[must_use]
    pub fn word(&self) -> &str {
        match self.choice() {
            Some(KeyChoice::Group { name, .. }) => name,
            Some(KeyChoice::Context | KeyChoice::Typed) | None => "",
        }
    }

    /// Takes the groups. `None` where it did not ask for them.
    pub fn receive_groups(
        &mut self,
        ticket: Ticket,
        found: &Result<Found, Failure>,
        shared: &mut Shared,
    ) -> Option<Vec<Effect>> {
        let groups = match found {
            Ok(Found::Groups(groups)) => Ok(groups.clone()),
            Ok(_) => return None,
            Err(failure) => Err(failure.clone()),
        };
        if !self.groups.answer(ticket, shared.now, groups) {
            return None;
        }
        self.choose_again(shared);
        let is_eager = std::mem::take(&mut self.is_eager);
        Some(if is_eager { self.send(shared) } else { Vec::new() })
    }

    /// Takes the endpoint that the second line names.
    pub fn set_second(&mut self, second: Option<Endpoint>, shared: &Shared) {
        self.second = second.filter(|second| second.id != self.endpoint.id);
        self.choose_again(shared);
    }

    /// Works out anew which keys can be used.
    fn choose_again(&mut self, shared: &Shared) {
        let groups = self.groups.get().map(Vec::as_slice).unwrap_or_default();
        self.choices = keys::choices(shared, groups, &self.slugs());
        if self.groups.waiting.is_some() && self.wanted != Some(KeyChoice::Typed) {
            // Nobody is asked to type a key while it is not known whether that is needed.
            self.choices.retain(|choice| *choice != KeyChoice::Typed);
        }
        let is_wanted = |choice: &KeyChoice| self.wanted.as_ref().is_some_and(|wanted| choice.is_same(wanted));
        let place = self.choices.iter().position(is_wanted);
        self.chosen = place.unwrap_or(0);
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Reply {
        let mut reply = Reply::default();
        match (self.stage, action) {
            (_, Action::CopyAsCommand | Action::Copy) => request::show(&self.chats(), shared),
            (_, Action::Up) => self.scroll(-1, shared),
            (_, Action::Down) => self.scroll(1, shared),
            (_, Action::PageUp) => self.scroll(-view::PAGE, shared),
            (_, Action::PageDown) => self.scroll(view::PAGE, shared),
            (Stage::Editing, Action::Confirm) => reply.effects = self.send(shared),
            (Stage::Editing, Action::NextPane) => self.move_focus(1),
            (Stage::Editing, Action::PreviousPane) => self.move_focus(-1),
            (Stage::Editing, Action::Right) => self.choose(1),
            (Stage::Editing, Action::Left) => self.choose(-1),
            (Stage::Editing | Stage::Stopping(_), Action::Back) => reply.is_over = true,
            (Stage::Asking, Action::Confirm) if self.confirmation.trimmed() == self.word() => {
                reply.effects = self.start(true, shared);
            }
            (Stage::Asking, Action::Back) => self.stage = Stage::Editing,
            // All that is left is to revoke the key, which nobody has to watch.
            (Stage::Running(_), Action::Back) if self.answers.iter().all(Answer::is_over) => reply.is_over = true,
            (Stage::Running(ticket), Action::Back) => {
                self.stage = Stage::Stopping(ticket);
                self.answers.iter_mut().for_each(Answer::stop);
                reply.effects.push(Effect::Cancel(ticket));
            }
            _ => {}
        }
        reply
    }

    fn lines(&self) -> Vec<Focus> {
        let mut lines = vec![Focus::Prompt, Focus::Beside, Focus::Key];
        if self.choice() == Some(&KeyChoice::Typed) {
            lines.push(Focus::Typed);
        }
        lines
    }

    fn move_focus(&mut self, by: isize) {
        let lines = self.lines();
        let place = lines.iter().position(|line| *line == self.focus).unwrap_or(0);
        let next = place.checked_add_signed(by).unwrap_or(lines.len() - 1);
        self.focus = lines.get(next).copied().unwrap_or_default();
    }

    fn choose(&mut self, by: isize) {
        let next = self.chosen.checked_add_signed(by).unwrap_or(self.choices.len().saturating_sub(1));
        self.chosen = if next < self.choices.len() { next } else { 0 };
        self.wanted = self.choice().cloned();
    }

    fn scroll(&mut self, by: isize, shared: &Shared) {
        let hidden = view::hidden(self, shared);
        // While it comes, the end is where one is.
        let at = self.offset.unwrap_or(hidden).saturating_add_signed(by);
        self.offset = (at < hidden || self.ticket().is_none()).then_some(at.min(hidden));
    }

    /// Types into the line that has the keys. True where the second slug is another one now.
    pub fn edit(&mut self, key: &KeyEvent) -> bool {
        self.change(|field| field.edit(key))
    }

    /// Takes what was pasted. True where the second slug is another one now.
    pub fn paste(&mut self, pasted: &str) -> bool {
        self.change(|field| field.paste(pasted))
    }

    fn change(&mut self, edit: impl FnOnce(&mut Field) -> bool) -> bool {
        let field = match (self.stage, self.focus) {
            (Stage::Asking, _) => &mut self.confirmation,
            (_, Focus::Prompt) => &mut self.prompt,
            (_, Focus::Beside) => &mut self.beside,
            (_, Focus::Typed) => &mut self.typed,
            (_, Focus::Key) => return false,
        };
        let has_changed = edit(field);
        if has_changed {
            field.problem = None;
        }
        has_changed && self.stage == Stage::Editing && self.focus == Focus::Beside
    }

    fn send(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let has_address = shared.open_context().is_some_and(|context| !context.inference_url.is_empty());
        if !has_address {
            return Vec::new();
        }
        if self.choice().is_none() {
            self.is_eager = self.groups.waiting.is_some();
            return Vec::new();
        }
        let wrong = if self.prompt.trimmed().is_empty() {
            Some((Focus::Prompt, &mut self.prompt, "say something"))
        } else if !self.beside.trimmed().is_empty() && self.second.is_none() {
            Some((Focus::Beside, &mut self.beside, "no other endpoint is called so"))
        } else if self.choices.get(self.chosen) == Some(&KeyChoice::Typed) && self.typed.trimmed().is_empty() {
            Some((Focus::Typed, &mut self.typed, "type or paste a federated key"))
        } else {
            None
        };
        if let Some((focus, field, problem)) = wrong {
            field.problem = Some(problem.to_owned());
            self.focus = focus;
            return Vec::new();
        }
        if shared.is_protected() && matches!(self.choice(), Some(KeyChoice::Group { .. })) {
            self.stage = Stage::Asking;
            self.confirmation = Field::default();
            return Vec::new();
        }
        self.start(false, shared)
    }

    fn start(&mut self, is_confirmed: bool, shared: &mut Shared) -> Vec<Effect> {
        let Some(context) = shared.open_context() else { return Vec::new() };
        let key = match self.choice() {
            Some(KeyChoice::Context) => TrialKey::Context,
            Some(KeyChoice::Group { id, .. }) => TrialKey::Minted(id.clone()),
            Some(KeyChoice::Typed) => TrialKey::Typed(TypedKey(self.typed.trimmed().to_owned().into())),
            None => return Vec::new(),
        };
        let trial = Trial {
            inference_url: context.inference_url.clone(),
            slugs: self.slugs(),
            prompt: self.prompt.trimmed().to_owned(),
            key,
            is_confirmed,
        };
        let ticket = shared.ticket();
        self.stage = Stage::Running(ticket);
        self.answers = std::iter::once(&self.endpoint).chain(&self.second).map(Answer::new).collect();
        (self.failure, self.minted, self.offset) = (None, None, None);
        vec![Effect::Try { ticket, trial }]
    }

    /// Takes what a trial tells. What an older one still tells is not shown.
    pub fn receive(&mut self, ticket: Ticket, event: TrialEvent) {
        if self.ticket() != Some(ticket) {
            return;
        }
        match event {
            TrialEvent::Minted(prefix) => self.minted = Some(prefix),
            TrialEvent::Revoked { failure: None, .. } => self.minted = None,
            // It is told to everybody: see `app::trial`.
            TrialEvent::Revoked { failure: Some(_), .. } => {}
            TrialEvent::Ended(failure) => {
                self.stage = Stage::Editing;
                self.failure = failure;
                // Read from its beginning, unless somebody reads elsewhere already.
                self.offset.get_or_insert(0);
            }
            TrialEvent::Began { place, .. }
            | TrialEvent::Text { place, .. }
            | TrialEvent::Usage { place, .. }
            | TrialEvent::Over { place, .. }
            | TrialEvent::Failed { place, .. } => {
                if let Some(answer) = self.answers.get_mut(place) {
                    answer.receive(event);
                }
            }
        }
    }
}
