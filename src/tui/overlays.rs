//! What opens on top of a tab and has the keys until it is closed. Each is a file; the topmost has the keys.

pub mod contexts;
pub mod copy;
pub mod help;
pub mod leave;
pub mod notices;
pub mod palette;
pub mod proposal;
pub mod reader;
pub mod tour;
pub mod try_it;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::contexts::Contexts;
use self::copy::Copy;
use self::help::Help;
use self::leave::Leave;
use self::palette::Palette;
use self::proposal::Proposal;
use self::reader::Reader;
use self::tour::Tour;
use self::try_it::TryIt;
use super::keymap::Place;
use super::session::Shared;

/// Something that is open on top.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The keys that work here.
    Help(Help),
    /// A short tour of the screen.
    Tour(Tour),
    /// Whether a form is to be lost.
    Leave(Leave),
    /// Every action by its name.
    Palette(Palette),
    /// Something to read: JSON, a command, the log, past notices.
    Reader(Reader),
    /// The contexts to switch to.
    Contexts(Contexts),
    /// What can be copied.
    Copy(Copy),
    /// A plan that is asked about, run, and told about.
    Proposal(Box<Proposal>),
    /// A slug that is tried.
    TryIt(Box<TryIt>),
}

impl Overlay {
    /// What has the keys.
    #[must_use]
    pub fn place(&self, shared: &Shared) -> Place {
        match self {
            Self::Help(_) => Place::Help,
            Self::Tour(_) => Place::Tour,
            Self::Leave(_) => Place::Question,
            Self::Palette(_) => Place::Palette,
            Self::Reader(_) => Place::Reader,
            Self::Contexts(_) => Place::Contexts,
            Self::Copy(_) => Place::Copy,
            Self::Proposal(proposal) => proposal.place(shared),
            Self::TryIt(try_it) => try_it.place(),
        }
    }

    /// Draws it over the body.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        match self {
            Self::Help(help) => help.draw(shared, area, frame),
            Self::Tour(tour) => tour.draw(shared, area, frame),
            Self::Leave(leave) => leave.draw(shared, area, frame),
            Self::Palette(palette) => palette.draw(shared, area, frame),
            Self::Reader(reader) => reader.draw(shared, area, frame),
            Self::Contexts(contexts) => contexts.draw(shared, area, frame),
            Self::Copy(copy) => copy.draw(shared, area, frame),
            Self::Proposal(proposal) => proposal::view::draw(proposal, shared, area, frame),
            Self::TryIt(try_it) => try_it::view::draw(try_it, shared, area, frame),
        }
    }
}
