//! With which keys slugs can be called from here.

use crate::api::{Group, GroupId, Slug};
use crate::tui::form::Field;
use crate::tui::session::Shared;

/// A key that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChoice {
    /// The one that the context names for that.
    Context,
    /// A new one of a group, revoked after.
    Group {
        /// Which.
        id: GroupId,
        /// What people call it.
        name: String,
        /// The one of the slugs that it may not call.
        lacks: Option<Slug>,
    },
    /// One that is typed.
    Typed,
}

/// What is remembered from one time to the next, as long as the program runs.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    pub(super) prompt: Option<String>,
    pub(super) key: Option<KeyChoice>,
    pub(super) typed: Option<Field>,
}

impl KeyChoice {
    /// True where it is the same key, whatever it may call.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Group { id, .. }, Self::Group { id: other, .. }) => id == other,
            _ => self == other,
        }
    }

    /// What it is, in words.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Context => "the context's probe key".to_owned(),
            Self::Group { name, lacks: None, .. } => format!("a new key of {name}, revoked after the answer"),
            Self::Group { name, lacks: Some(slug), .. } => {
                format!("a new key of {name}, revoked after; it may not call {slug}")
            }
            Self::Typed => "one that is typed here, kept in memory alone".to_owned(),
        }
    }
}

/// The keys that can be used, the one that asks least of a person first. Nothing is minted where nothing may be
/// written. Groups that may call all of the slugs come before those that may call only the first.
#[must_use]
pub fn choices(shared: &Shared, groups: &[Group], slugs: &[Slug]) -> Vec<KeyChoice> {
    let mut choices = Vec::new();
    if shared.open_context().is_some_and(|context| context.can_probe) {
        choices.push(KeyChoice::Context);
    }
    if !shared.is_read_only() {
        let names = |group: &Group, slug: &Slug| group.models.iter().any(|model| model.slug == *slug);
        let lacks = |group: &Group| slugs.iter().find(|slug| !names(group, slug)).cloned();
        let mut able: Vec<(Option<Slug>, &Group)> = groups
            .iter()
            .filter(|group| slugs.first().is_some_and(|slug| names(group, slug)))
            .map(|group| (lacks(group), group))
            .collect();
        able.sort_by_key(|(lacks, _)| lacks.is_some());
        choices.extend(able.into_iter().map(|(lacks, group)| KeyChoice::Group {
            id: group.id.clone(),
            name: group.metadata.name.clone().unwrap_or_else(|| group.metadata.external_entity_id.clone()),
            lacks,
        }));
    }
    choices.push(KeyChoice::Typed);
    choices
}
