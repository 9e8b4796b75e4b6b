//! The form for a group: its name, its customer's id, and a line for each slug that it may call.

use crossterm::event::KeyEvent;

use super::{grant, tree};
use crate::api::{Group, GroupModel, LimitEnforcement};
use crate::plan::{Change, GroupContent, ParentGroup};
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::load::{Failure, Ticket};

/// The most characters of a name and of a customer's id.
const NAME_CHARS_MAX: usize = 255;

/// What the focus is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The customer's id.
    ExternalId,
    /// The name.
    Name,
    /// How limits work with those of ancestors.
    Mode,
    /// A slug with its limits.
    Grant(usize),
}

/// A group that is being made or changed.
#[derive(Debug, Clone)]
pub struct GroupForm {
    /// The group as it was; `None` for a new one.
    pub before: Option<Group>,
    /// Under which a new one shall stand.
    pub parent: Option<Group>,
    /// The customer's id. It cannot be changed.
    pub external_id: Field,
    /// The name.
    pub name: Field,
    /// True for limits that count against every ancestor. It cannot be changed.
    pub is_cascading: bool,
    /// A line a slug. The last one is empty, for one more.
    pub grants: Vec<Field>,
    /// What the focus is on.
    pub focus: Focus,
    /// The write under way.
    pub writing: Option<Ticket>,
    /// Why the last try failed.
    pub failure: Option<Failure>,
}

impl GroupForm {
    /// For a new group.
    #[must_use]
    pub fn create(parent: Option<Group>) -> Self {
        // A child can call what its parent can, until somebody says otherwise.
        let grants = parent.iter().flat_map(|parent| &parent.models).map(|model| Field::new(model.slug.as_str()));
        let grants: Vec<Field> = grants.chain([Field::default()]).collect();
        Self {
            before: None,
            is_cascading: parent.as_ref().is_some_and(is_cascading),
            parent,
            external_id: Field::default(),
            name: Field::default(),
            grants,
            focus: Focus::ExternalId,
            writing: None,
            failure: None,
        }
    }

    /// For a group that exists.
    #[must_use]
    pub fn change(group: Group) -> Self {
        let grants = group.models.iter().map(|model| Field::new(&grant::print(model)));
        Self {
            external_id: Field::new(&group.metadata.external_entity_id),
            name: Field::new(group.metadata.name.as_deref().unwrap_or_default()),
            is_cascading: is_cascading(&group),
            grants: grants.chain([Field::default()]).collect(),
            focus: Focus::Name,
            before: Some(group),
            parent: None,
            writing: None,
            failure: None,
        }
    }

    /// What the group is called in a sentence.
    #[must_use]
    pub fn called(&self) -> String {
        let name = [self.name.trimmed(), self.external_id.trimmed()].into_iter().find(|name| !name.is_empty());
        name.unwrap_or("the group").to_owned()
    }

    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.focus == Focus::Mode { Place::FormChoice } else { Place::Form }
    }

    fn order(&self) -> Vec<Focus> {
        let is_new = self.before.is_none();
        let mut order = Vec::new();
        if is_new {
            order.push(Focus::ExternalId);
        }
        order.push(Focus::Name);
        if is_new && self.parent.is_none() {
            order.push(Focus::Mode);
        }
        order.extend((0..self.grants.len()).map(Focus::Grant));
        order
    }

    fn step(&mut self, by: isize) -> bool {
        let order = self.order();
        let at = order.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        let next = at.checked_add_signed(by).and_then(|next| order.get(next));
        if let Some(next) = next {
            self.focus = *next;
        }
        next.is_some()
    }

    /// Does what a key asks for. The change, where it was the last Enter and nothing is wrong.
    pub fn act(&mut self, action: Action) -> Option<Change> {
        match action {
            Action::Up | Action::PreviousPane => {
                self.step(-1);
            }
            Action::Left | Action::Right if self.focus == Focus::Mode => self.is_cascading = !self.is_cascading,
            // Enter on the empty last line saves, as in every form.
            Action::Confirm if self.is_on_last_line() => return self.made(),
            Action::Down | Action::NextPane | Action::Confirm => {
                self.step(1);
            }
            _ => {}
        }
        None
    }

    fn is_on_last_line(&self) -> bool {
        self.focus == Focus::Grant(self.grants.len() - 1)
            && self.grants.last().is_some_and(|line| line.trimmed().is_empty())
    }

    /// The change that the form makes, or what is wrong is marked.
    pub fn made(&mut self) -> Option<Change> {
        self.check();
        let fields = [&self.external_id, &self.name];
        if fields.into_iter().chain(&self.grants).any(|field| field.problem.is_some()) {
            self.failure = None;
            return None;
        }
        let after = GroupContent {
            external_entity_id: self.external_id.trimmed().to_owned(),
            name: Some(self.name.trimmed().to_owned()).filter(|name| !name.is_empty()),
            models: self.models(),
            limit_enforcement: Some(if self.is_cascading {
                LimitEnforcement::Cascading
            } else {
                LimitEnforcement::Independent
            }),
            parent: self.parent.as_ref().map(|parent| ParentGroup::Id(parent.id.clone())),
        };
        Some(match &self.before {
            None => Change::CreateGroup { after },
            Some(before) => Change::UpdateGroup {
                after: GroupContent { parent: GroupContent::from(before).parent, ..after },
                before: Box::new(before.clone()),
            },
        })
    }

    /// The slugs with their limits; what the server told beside them stays.
    fn models(&self) -> Vec<GroupModel> {
        let known = self.before.iter().flat_map(|group| &group.models);
        let lines = self.grants.iter().map(Field::trimmed).filter(|line| !line.is_empty());
        lines
            .filter_map(|line| {
                if let Some(same) = known.clone().find(|model| grant::print(model) == line) {
                    return Some(same.clone());
                }
                let mut model = grant::parse(line).ok()?;
                if let Some(old) = known.clone().find(|old| old.slug == model.slug) {
                    model.unknown.clone_from(&old.unknown);
                }
                Some(model)
            })
            .collect()
    }

    /// Marks what is wrong.
    fn check(&mut self) {
        let too_long = |field: &Field| {
            (field.text().chars().count() > NAME_CHARS_MAX).then(|| format!("at most {NAME_CHARS_MAX} characters"))
        };
        self.name.problem = too_long(&self.name);
        self.external_id.problem = if self.external_id.trimmed().is_empty() {
            Some("the customer's id is required".to_owned())
        } else {
            too_long(&self.external_id)
        };
        let mut seen: Vec<String> = Vec::new();
        for line in &mut self.grants {
            line.problem = if line.trimmed().is_empty() { None } else { grant::parse(line.trimmed()).err() };
            let slug = line.trimmed().split_whitespace().next().unwrap_or_default().to_owned();
            if line.problem.is_none() && !slug.is_empty() && seen.contains(&slug) {
                line.problem = Some(format!("{slug} stands there twice"));
            }
            seen.push(slug);
        }
        if self.before.is_none()
            && self.grants.iter().all(|line| line.trimmed().is_empty())
            && let Some(first) = self.grants.first_mut()
        {
            first.problem = Some("a new group may call at least one slug".to_owned());
        }
    }

    fn field(&mut self) -> Option<&mut Field> {
        match self.focus {
            Focus::ExternalId => Some(&mut self.external_id),
            Focus::Name => Some(&mut self.name),
            Focus::Mode => None,
            Focus::Grant(place) => self.grants.get_mut(place),
        }
    }

    /// Types into the field that has the focus.
    pub fn edit(&mut self, key: &KeyEvent) {
        if self.field().is_some_and(|field| field.edit(key)) {
            self.typed();
        }
    }

    /// Takes what was pasted.
    pub fn paste(&mut self, pasted: &str) {
        if self.field().is_some_and(|field| field.paste(pasted)) {
            self.typed();
        }
    }

    /// What is right again is no longer marked; there is always an empty line at the end.
    fn typed(&mut self) {
        if let Focus::Grant(place) = self.focus
            && let Some(line) = self.grants.get_mut(place)
        {
            let text = line.trimmed();
            // While a word is being typed it is not wrong yet: the end of the line is looked at with the next space.
            let whole =
                if line.text().ends_with(' ') { Some(text) } else { text.rsplit_once(' ').map(|(head, _)| head) };
            line.problem = whole.filter(|head| !head.is_empty()).and_then(|head| grant::parse(head).err());
        } else if let Some(field) = self.field() {
            field.problem = None;
        }
        if self.grants.last().is_some_and(|line| !line.trimmed().is_empty()) {
            self.grants.push(Field::default());
        }
    }
}

fn is_cascading(group: &Group) -> bool {
    group.hierarchy.limit_enforcement == LimitEnforcement::Cascading
}

/// What the form is for.
#[must_use]
pub fn title(form: &GroupForm) -> String {
    match (&form.before, &form.parent) {
        (Some(group), _) => format!("Edit {}", tree::name(group)),
        (None, Some(parent)) => format!("New group under {}", tree::name(parent)),
        (None, None) => "New group".to_owned(),
    }
}
