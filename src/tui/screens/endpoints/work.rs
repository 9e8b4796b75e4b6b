//! The change that is being made: the pane that is open for it, and what its plan reports.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::conflict::Conflicted;
use super::delete::Delete;
use super::edit::Edit;
use super::repoint::Repoint;
use super::review::{Review, Stage};
use super::rows::Rows;
use super::workspace::Workspace;
use super::{edit_view, repoint_view};
use crate::plan::{Change, Conflict, Step};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Place};
use crate::tui::load::{Failure, Ticket};
use crate::tui::session::Shared;

/// What is open for a change.
#[derive(Debug, Clone, Default)]
pub enum Work {
    /// Nothing: the list and the detail are looked at.
    #[default]
    None,
    /// Another target is being chosen.
    Repoint(Box<Repoint>),
    /// A form is being filled in.
    Edit(Box<Edit>),
    /// A deletion is being asked about.
    Delete(Box<Delete>),
    /// Somebody else wrote first.
    Conflict(Box<Conflicted>),
}

impl Work {
    /// True where nothing is open.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The review of what is open.
    pub fn review_mut(&mut self) -> Option<&mut Review> {
        match self {
            Self::None => None,
            Self::Repoint(repoint) => Some(&mut repoint.review),
            Self::Edit(edit) => Some(&mut edit.review),
            Self::Delete(delete) => Some(&mut delete.review),
            Self::Conflict(conflicted) => Some(&mut conflicted.review),
        }
    }

    /// The change that would be made.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        match self {
            Self::None => None,
            Self::Repoint(repoint) => repoint.change(),
            Self::Edit(edit) => edit.made(),
            Self::Delete(delete) => Some(delete.change()),
            Self::Conflict(conflicted) => conflicted.conflict.write_mine.as_deref().cloned(),
        }
    }

    /// All changes that would be made, where several endpoints are re-pointed at once.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        match self {
            Self::Repoint(repoint) => repoint.changes(),
            _ => self.change().into_iter().collect(),
        }
    }

    /// What has the keys; `None` where nothing is open.
    #[must_use]
    pub fn place(&self, shared: &Shared) -> Option<Place> {
        match self {
            Self::None => None,
            Self::Repoint(repoint) => Some(repoint.place(shared)),
            Self::Edit(edit) => Some(edit.place(shared)),
            Self::Delete(delete) => Some(delete.place(shared)),
            Self::Conflict(conflicted) => Some(conflicted.place()),
        }
    }

    /// Does what a key asks for; closes itself where it is over.
    pub fn act(
        &mut self,
        action: Action,
        rows: &Rows,
        workspace: &Workspace,
        area: Rect,
        shared: &mut Shared,
    ) -> Vec<Effect> {
        let (is_over, effects) = match self {
            Self::None => (false, Vec::new()),
            Self::Repoint(repoint) => repoint.act(action, repoint_view::page(area), shared),
            Self::Edit(edit) => edit.act(action, rows, workspace, shared),
            Self::Delete(delete) => delete.act(action, shared),
            Self::Conflict(conflicted) => conflicted.act(action, shared),
        };
        if is_over {
            *self = Self::None;
        }
        effects
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent, rows: &Rows, workspace: &Workspace) {
        match self {
            Self::None | Self::Conflict(_) => {}
            Self::Repoint(repoint) => repoint.edit(key, workspace),
            Self::Edit(edit) => edit.edit(key, rows),
            Self::Delete(delete) => delete.edit(key),
        }
    }

    /// Takes what was pasted into the field that has the keys.
    pub fn paste(&mut self, text: &str, rows: &Rows, workspace: &Workspace) {
        match self {
            Self::None | Self::Conflict(_) => {}
            Self::Repoint(repoint) => repoint.paste(text, workspace),
            Self::Edit(edit) => edit.paste(text, rows),
            Self::Delete(delete) => {
                delete.review.typed.paste(text);
            }
        }
    }

    /// Its plan moved on.
    pub fn progress(&mut self, ticket: Ticket, moved: &Step) {
        if let Some(Stage::Writing { ticket: own, step }) = self.review_mut().map(|review| &mut review.stage)
            && *own == ticket
        {
            *step = Some(moved.clone());
        }
    }

    /// Its write failed: what was made up stays, to be tried again.
    pub fn fail(&mut self, failure: Failure) {
        let is_delete = matches!(self, Self::Delete(_));
        if let Some(review) = self.review_mut() {
            review.stage = if is_delete { Stage::Confirming } else { Stage::Editing };
            review.failure = Some(failure);
        }
        if let Self::Edit(edit) = self {
            edit.refuse();
        }
    }

    /// Somebody else wrote first: the three versions are shown.
    pub fn conflict(&mut self, conflict: Conflict, change: Change) {
        *self = Self::Conflict(Box::new(Conflicted { conflict, change, review: Review::default() }));
    }

    /// The workspace is known better now.
    pub fn refresh(&mut self, rows: &Rows, workspace: &Workspace) {
        if let Self::Repoint(repoint) = self
            && repoint.review.is_editing()
        {
            repoint.refresh(workspace, rows);
        }
    }

    /// Draws what is open over the area.
    pub fn draw(&self, workspace: &Workspace, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        match self {
            Self::None => {}
            Self::Repoint(repoint) => repoint_view::draw(repoint, workspace, shared, area, frame),
            Self::Edit(edit) => edit_view::draw(edit, workspace, shared, area, frame),
            Self::Delete(delete) => delete.draw(shared, area, frame),
            Self::Conflict(conflicted) => conflicted.draw(shared, area, frame),
        }
    }
}
