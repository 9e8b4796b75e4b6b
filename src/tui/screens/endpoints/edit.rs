//! The form that creates an endpoint, or renames and re-points one in one change.
//!
//! Real text fields, checked as they are typed: the shape of the slug, a slug that is taken, what the provider needs.
//! Only the provider's own fields are there; those that the workspace can list offer its names. What the server does
//! not accept lands at the field that it names.

use crossterm::event::KeyEvent;

use super::fields::{Entry, Suggestion, suggestions};
use super::review::{Review, Stage};
use super::rows::Rows;
use super::workspace::Workspace;
use crate::api::{Endpoint, ModelId, Provider, Region, SecretId, Slug, Target, TargetField, Unknown, VertexConfig};
use crate::plan::preflight::{self, Finding};
use crate::plan::{Change, EndpointContent};
use crate::tui::effect::Effect;
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::session::Shared;

/// A form.
#[derive(Debug, Clone)]
pub struct Edit {
    /// What is edited; `None` for a new endpoint.
    pub before: Option<Endpoint>,
    /// The text fields.
    pub fields: Vec<(Entry, Field)>,
    /// Who answers.
    pub provider: Provider,
    /// Where a new endpoint may be served.
    pub region: Region,
    /// The line that has the keys.
    pub focus: Entry,
    /// The suggestion under the cursor, once one was moved to.
    pub suggested: Option<usize>,
    /// Affected, in effect, before, after.
    pub review: Review,
    /// Fields of the target that this program does not know.
    unknown: Unknown,
    /// True once a save was tried: what is missing is said then.
    was_tried: bool,
}

const TEXTS: [Entry; 8] = [
    Entry::Slug,
    Entry::Target(TargetField::ModelId),
    Entry::Target(TargetField::EnvironmentName),
    Entry::Target(TargetField::BaseUrl),
    Entry::Target(TargetField::VertexConfig),
    Entry::Location,
    Entry::Target(TargetField::SecretId),
    Entry::Target(TargetField::TargetModel),
];

impl Edit {
    /// A form for a new endpoint; the organisation of the others stands there already.
    pub fn create(organisation: Option<&str>, shared: &mut Shared) -> (Self, Vec<Effect>) {
        let slug = organisation.map(|organisation| format!("{organisation}/")).unwrap_or_default();
        let (review, effects) = Review::new(Vec::new(), shared);
        let fields = TEXTS.map(|entry| (entry, Field::new(if entry == Entry::Slug { &slug } else { "" })));
        let form = Self {
            before: None,
            fields: fields.into(),
            provider: Provider::Baseten,
            region: Region::Unrestricted,
            focus: Entry::Slug,
            suggested: None,
            review,
            unknown: Unknown::new(),
            was_tried: false,
        };
        (form, effects)
    }

    /// A form that holds an endpoint as it is.
    pub fn change(before: Endpoint, shared: &mut Shared) -> (Self, Vec<Effect>) {
        let (review, effects) = Review::new(vec![before.slug.clone()], shared);
        let target = before.target().cloned().unwrap_or_else(|| Target::new(Provider::Baseten));
        let text = |entry: Entry| match entry {
            Entry::Slug => before.slug.as_str().to_owned(),
            Entry::Region | Entry::Provider => String::new(),
            Entry::Location => target.vertex_config.as_ref().map(|config| config.location.clone()).unwrap_or_default(),
            Entry::Target(field) => match field {
                TargetField::ModelId => target.model_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                TargetField::EnvironmentName => target.environment_name.clone().unwrap_or_default(),
                TargetField::TargetModel => target.target_model.clone().unwrap_or_default(),
                TargetField::SecretId => target.secret_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                TargetField::BaseUrl => target.base_url.clone().unwrap_or_default(),
                TargetField::VertexConfig => {
                    target.vertex_config.as_ref().map(|config| config.project_id.clone()).unwrap_or_default()
                }
            },
        };
        let form = Self {
            fields: TEXTS.map(|entry| (entry, Field::new(&text(entry)))).into(),
            provider: target.provider.clone(),
            region: before.region.clone().unwrap_or(Region::Unrestricted),
            focus: Entry::Slug,
            suggested: None,
            review,
            unknown: target.unknown,
            was_tried: false,
            before: Some(before),
        };
        (form, effects)
    }

    /// The lines that are there for the provider, in their order.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![Entry::Slug];
        if self.before.is_none() {
            entries.push(Entry::Region);
        }
        entries.push(Entry::Provider);
        for field in TargetField::ALL.into_iter().filter(|field| self.provider.takes(*field)) {
            entries.push(Entry::Target(field));
            if field == TargetField::VertexConfig {
                entries.push(Entry::Location);
            }
        }
        entries
    }

    /// The text field of a line.
    #[must_use]
    pub fn field(&self, entry: Entry) -> Option<&Field> {
        self.fields.iter().find(|(known, _)| *known == entry).map(|(_, field)| field)
    }

    fn text(&self, entry: Entry) -> &str {
        self.field(entry).map(Field::trimmed).unwrap_or_default()
    }

    fn given(&self, field: TargetField) -> Option<String> {
        let text = self.text(Entry::Target(field));
        (self.provider.takes(field) && !text.is_empty()).then(|| text.to_owned())
    }

    /// The target that the form describes.
    #[must_use]
    pub fn target(&self) -> Target {
        let mut target = Target::new(self.provider.clone());
        target.model_id = self.given(TargetField::ModelId).map(ModelId::new);
        target.environment_name = self.given(TargetField::EnvironmentName);
        target.target_model = self.given(TargetField::TargetModel);
        target.secret_id = self.given(TargetField::SecretId).map(SecretId::new);
        target.base_url = self.given(TargetField::BaseUrl);
        let location = self.text(Entry::Location).to_owned();
        let project = self.given(TargetField::VertexConfig).unwrap_or_default();
        if self.provider.takes(TargetField::VertexConfig) && !(project.is_empty() && location.is_empty()) {
            target.vertex_config = Some(VertexConfig { project_id: project, location, unknown: Unknown::new() });
        }
        if self.before.as_ref().and_then(Endpoint::target).is_some_and(|before| before.provider == self.provider) {
            target.unknown.clone_from(&self.unknown);
        }
        target.normalized()
    }

    /// The change that would be made, where the form is complete and something differs.
    #[must_use]
    pub fn made(&self) -> Option<Change> {
        let slug = Slug::parse(self.text(Entry::Slug)).ok().or_else(|| self.kept_slug())?;
        let target = self.target();
        if !target.problems().is_empty() {
            return None;
        }
        match &self.before {
            None => {
                let mut after = EndpointContent::new(slug, target);
                after.region = (self.region != Region::Unrestricted).then(|| self.region.clone());
                Some(Change::create(after))
            }
            Some(before) => {
                let target = (before.target() != Some(&target)).then_some(target);
                let change = Change::edit(before, Some(slug), target);
                (!change.is_empty()).then_some(change)
            }
        }
    }

    /// A slug that a server once accepted stays acceptable, whatever its shape.
    fn kept_slug(&self) -> Option<Slug> {
        self.before.as_ref().map(|before| before.slug.clone()).filter(|slug| slug.as_str() == self.text(Entry::Slug))
    }

    /// What speaks against it.
    #[must_use]
    pub fn findings(&self, workspace: &Workspace) -> Vec<Finding> {
        self.made().map(|change| preflight::check(&change, &workspace.known, [])).unwrap_or_default()
    }

    /// Checks every field, and says what is wrong where it is.
    pub fn check(&mut self, rows: &Rows) {
        let slug = self.text(Entry::Slug).to_owned();
        let own = self.before.as_ref().map(|before| &before.id);
        let taken = rows.by_slug(&slug).is_some_and(|row| Some(&row.id) != own);
        let slug_problem = match Slug::parse(&slug) {
            _ if self.kept_slug().is_some() => None,
            Err(_) if !self.was_tried && (slug.is_empty() || slug.ends_with('/')) => None,
            Err(error) => Some(error.to_string()),
            Ok(_) if taken => Some("another endpoint has this slug".to_owned()),
            Ok(_) => None,
        };
        let problems = self.target().problems();
        let was_tried = self.was_tried;
        for (entry, field) in &mut self.fields {
            field.problem = match entry {
                Entry::Slug => slug_problem.clone(),
                Entry::Target(target) => problems
                    .iter()
                    .find(|problem| problem.field == *target)
                    // What is missing is said only once a save was tried; what is wrong, at once.
                    .filter(|_| was_tried || !field.text().is_empty())
                    .map(|problem| problem.message.clone()),
                Entry::Location | Entry::Region | Entry::Provider => None,
            };
        }
    }

    /// Puts the server's refusal at the field that it names.
    pub fn refuse(&mut self) {
        let Some(failure) = self.review.failure.clone() else { return };
        let named = self.entries().into_iter().rev().find(|entry| failure.message.contains(entry.wire_name()));
        if let Some(entry) = named {
            self.focus = entry;
            if let Some((_, field)) = self.fields.iter_mut().find(|(known, _)| *known == entry) {
                field.problem = Some(failure.message);
            }
        }
    }

    /// What has the keys.
    #[must_use]
    pub fn place(&self, shared: &Shared) -> Place {
        match (&self.review.stage, self.focus) {
            (Stage::Writing { .. }, _) => Place::Nothing,
            (Stage::Confirming, _) if shared.is_protected() => Place::TypedQuestion,
            (Stage::Confirming, _) => Place::Confirm,
            (Stage::Editing, Entry::Region | Entry::Provider) => Place::FormChoice,
            (Stage::Editing, Entry::Slug | Entry::Target(_) | Entry::Location) => Place::Form,
        }
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent, rows: &Rows) {
        self.with_field(rows, |field| field.edit(key));
    }

    /// Takes what was pasted.
    pub fn paste(&mut self, text: &str, rows: &Rows) {
        self.with_field(rows, |field| field.paste(text));
    }

    fn with_field(&mut self, rows: &Rows, change: impl FnOnce(&mut Field) -> bool) {
        if !self.review.is_editing() {
            change(&mut self.review.typed);
            return;
        }
        let focus = self.focus;
        if let Some((_, field)) = self.fields.iter_mut().find(|(entry, _)| *entry == focus)
            && change(field)
        {
            self.suggested = None;
            self.check(rows);
        }
    }

    /// Does what a key asks for; true where the form is to be closed.
    pub fn act(
        &mut self,
        action: Action,
        rows: &Rows,
        workspace: &Workspace,
        shared: &mut Shared,
    ) -> (bool, Vec<Effect>) {
        let none = (false, Vec::new());
        match (action, &self.review.stage) {
            (Action::Back, Stage::Confirming) => {
                self.review.stage = Stage::Editing;
                self.review.typed.set("");
            }
            (Action::Back, Stage::Editing) => return (true, Vec::new()),
            (Action::Confirm, Stage::Confirming) => {
                let slug = self.confirmed_slug();
                if self.review.is_confirmed(shared, &slug)
                    && let Some(change) = self.made()
                {
                    return (false, self.review.write(change, shared));
                }
            }
            (Action::Confirm, Stage::Editing) => self.confirm(rows, workspace),
            (Action::NextPane, Stage::Editing) => self.step(1),
            (Action::PreviousPane, Stage::Editing) => self.step(-1),
            (Action::Left, Stage::Editing) => self.choose(-1, rows),
            (Action::Right, Stage::Editing) => self.choose(1, rows),
            (Action::Up, Stage::Editing) => self.suggest(-1, workspace),
            (Action::Down, Stage::Editing) => self.suggest(1, workspace),
            _ => {}
        }
        none
    }

    /// What has to be typed in a protected context: the name that the endpoint has now, or will have.
    #[must_use]
    pub fn confirmed_slug(&self) -> String {
        self.before.as_ref().map_or_else(|| self.text(Entry::Slug).to_owned(), |before| before.slug.as_str().to_owned())
    }

    /// Takes a suggestion, goes to the next line, or on the last one shows the change.
    fn confirm(&mut self, rows: &Rows, workspace: &Workspace) {
        let value = self.suggested.and_then(|place| self.suggestions(workspace).into_iter().nth(place));
        if let Some(suggestion) = value {
            let focus = self.focus;
            if let Some((_, field)) = self.fields.iter_mut().find(|(entry, _)| *entry == focus) {
                field.set(&suggestion.value);
            }
            self.suggested = None;
            self.check(rows);
        }
        if self.entries().last() != Some(&self.focus) {
            self.step(1);
            return;
        }
        self.was_tried = true;
        self.check(rows);
        let wrong =
            self.entries().into_iter().find(|entry| self.field(*entry).is_some_and(|field| field.problem.is_some()));
        if let Some(wrong) = wrong {
            self.focus = wrong;
        } else if self.made().is_some() {
            self.review.stage = Stage::Confirming;
        }
    }

    fn step(&mut self, by: isize) {
        self.suggested = None;
        let entries = self.entries();
        let at = entries.iter().position(|entry| *entry == self.focus).unwrap_or(0);
        let count = entries.len();
        let next = (at + count).saturating_add_signed(by) % count.max(1);
        if let Some(entry) = entries.get(next) {
            self.focus = *entry;
        }
    }

    fn choose(&mut self, by: isize, rows: &Rows) {
        match self.focus {
            Entry::Provider => self.provider = turned(Provider::KNOWN, &self.provider, by),
            Entry::Region => self.region = turned(Region::KNOWN, &self.region, by),
            Entry::Slug | Entry::Target(_) | Entry::Location => {}
        }
        self.check(rows);
    }

    /// What the workspace offers for the line that has the keys, narrowed by what is typed there.
    #[must_use]
    pub fn suggestions(&self, workspace: &Workspace) -> Vec<Suggestion> {
        let model = self.text(Entry::Target(TargetField::ModelId));
        suggestions(self.focus, self.text(self.focus), model, workspace)
    }

    fn suggest(&mut self, by: isize, workspace: &Workspace) {
        let count = self.suggestions(workspace).len();
        if count == 0 {
            self.step(by);
            return;
        }
        self.suggested = match self.suggested {
            None if by > 0 => Some(0),
            None => None,
            Some(0) if by < 0 => None,
            Some(place) => Some(place.saturating_add_signed(by).min(count - 1)),
        };
    }
}

fn turned<T: PartialEq + Clone>(all: &[T], now: &T, by: isize) -> T {
    let at = all.iter().position(|known| known == now).unwrap_or(0);
    let next = (at + all.len()).saturating_add_signed(by) % all.len().max(1);
    all.get(next).unwrap_or(now).clone()
}
