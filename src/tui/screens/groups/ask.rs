//! A question before a group or a key goes: what stops working is said, and Cancel has the focus.

use super::tree;
use crate::api::{Group, KeyInfo};
use crate::plan::{Change, Plan, bulk};
use crate::tui::effect::Effect;
use crate::tui::form::Field;
use crate::tui::keymap::Action;
use crate::tui::load::{Failure, Ticket};
use crate::tui::session::Shared;
use crate::tui::wanted::Wanted;

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
    pub plan: Plan,
    /// True where the button that does it has the focus.
    pub is_chosen: bool,
    /// What was typed.
    pub typed: Field,
    /// The write under way.
    pub writing: Option<Ticket>,
    /// Why the last try failed.
    pub failure: Option<Failure>,
}

/// What a key led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It stays open.
    Stay,
    /// Nothing is to be done.
    Leave,
    /// It is to be done.
    Do,
}

impl Ask {
    /// Asks before a key is revoked.
    #[must_use]
    pub fn revoke(group: &Group, key: KeyInfo) -> Self {
        let called = key.name.clone().unwrap_or_else(|| key.prefix.to_string());
        Self {
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
            plan: Change::RevokeKey { group: group.id.clone(), key }.into(),
            ..Self::bare()
        }
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
        consequences.push(
            "Their keys are revoked and cannot be brought back; an undo makes the groups anew, without keys."
                .to_owned(),
        );
        let ids = all.iter().map(|group| group.id.clone()).collect();
        let ask = Self {
            title: format!("Delete {}", tree::name(group)),
            name: tree::name(group).to_owned(),
            consequences,
            counting: Some(ticket),
            verb: "delete",
            plan: bulk::delete_tree(all, &group.id),
            ..Self::bare()
        };
        (ask, vec![Effect::Read { ticket, wanted: Wanted::CountKeys(ids) }])
    }

    fn bare() -> Self {
        Self {
            title: String::new(),
            name: String::new(),
            consequences: Vec::new(),
            keys: None,
            counting: None,
            verb: "",
            plan: Plan::default(),
            is_chosen: false,
            typed: Field::default(),
            writing: None,
            failure: None,
        }
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &Shared) -> Answer {
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
