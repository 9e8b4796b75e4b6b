//! What has happened. `app::update` is the only one who listens.

use crossterm::event::{KeyEvent, MouseEvent};

use super::effect::Timer;
use super::load::{Failure, Ticket};
use super::overlays::reader::ReaderLine;
use super::session::ContextInfo;
use super::theme::palette::{Background, Palette};
use super::traffic::News;
use super::trial::TrialEvent;
use super::wanted::Found;
use crate::api::{Endpoint, FaultList, SyncReport, Time};
use crate::plan::preflight::Workspace;
use crate::plan::{Impact, Progress, Report};

/// A page of the list, as `perform` hands it on.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRead {
    /// The rows, in the server's order.
    pub endpoints: Vec<Endpoint>,
    /// True on the last page.
    pub is_last: bool,
    /// What the server had stored when it answered, where it tells.
    pub revision: Option<u64>,
    /// The server's clock.
    pub date: Option<Time>,
}

/// A context that can be read now.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Its place among the contexts; `None` for one that was typed, which is added.
    pub context: Option<usize>,
    /// What is known of it now, its real address included.
    pub info: ContextInfo,
}

/// What the local gateway's process does.
#[derive(Debug, Clone, PartialEq)]
pub enum GatewayEvent {
    /// It was asked to start.
    Starting,
    /// It listens.
    Ready {
        /// Where the management API is.
        management_url: String,
        /// Where requests go.
        inference_url: String,
        /// Its process.
        pid: u32,
        /// True where it ran already and this program did not start it.
        was_running: bool,
    },
    /// It was asked to end, and answers what is under way.
    Stopping,
    /// A line of its log.
    Line(String),
    /// It has ended.
    Ended {
        /// True where this program asked it to.
        was_asked: bool,
        /// How it ended, in words.
        how: String,
    },
    /// It could not be started.
    Failed(Failure),
}

/// Something that has happened.
#[derive(Debug)]
pub enum Message {
    // The terminal.
    /// A key was pressed or repeats.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal has another size: columns, rows.
    Resized(u16, u16),
    /// The terminal got or lost the focus.
    Focused(bool),
    /// The program was continued after a suspend.
    Resumed,

    // Time.
    /// The clock.
    Now(Time),
    /// A timer ran out.
    Due(Timer),

    // Answers of the server.
    /// A context was opened, or could not be.
    Opened {
        /// The request.
        ticket: Ticket,
        /// What came.
        answer: Result<Opened, Failure>,
    },
    /// A page of the list came, or could not be read.
    Page {
        /// The request.
        ticket: Ticket,
        /// What came.
        answer: Result<PageRead, Failure>,
    },
    /// One endpoint was read.
    Endpoint {
        /// The request.
        ticket: Ticket,
        /// What came.
        answer: Box<Result<Endpoint, Failure>>,
    },
    /// The sync report came; `None` where the server has none.
    Sync {
        /// The request.
        ticket: Ticket,
        /// What came, with the server's clock.
        answer: Result<(Option<SyncReport>, Option<Time>), Failure>,
    },

    /// The requests that were made, newest first.
    Log(Vec<ReaderLine>),
    /// What targets can name.
    Workspace {
        /// The request.
        ticket: Ticket,
        /// What is known so far.
        workspace: Box<Workspace>,
        /// False where the environments are still being read.
        is_whole: bool,
    },
    /// Who is affected by a change.
    Impact {
        /// The request.
        ticket: Ticket,
        /// What came.
        answer: Result<Impact, Failure>,
    },
    /// A running plan moved on.
    Progress {
        /// The plan.
        ticket: Ticket,
        /// What moved.
        progress: Progress,
    },
    /// A plan is over, or could not begin.
    Report {
        /// The plan.
        ticket: Ticket,
        /// What became of it.
        answer: Box<Result<Report, Failure>>,
    },

    /// What a plan wrote is followed no longer.
    FollowEnded {
        /// The plan.
        ticket: Ticket,
        /// Where the old targets were to be put back: what became of that. `None` where nothing had to be.
        put_back: Option<Result<(), Failure>>,
    },
    /// A slug that is tried has answered something.
    Tried {
        /// The trial.
        ticket: Ticket,
        /// What.
        event: TrialEvent,
    },

    /// Something for one of the other tabs was read.
    Found {
        /// The request.
        ticket: Ticket,
        /// What came.
        found: Box<Result<Found, Failure>>,
    },

    /// A fault was switched on or off: which ones are on now.
    Switched {
        /// The request.
        ticket: Ticket,
        /// What came.
        answer: Result<FaultList, Failure>,
    },
    /// The watcher of requests says something.
    Traffic {
        /// The watcher.
        ticket: Ticket,
        /// What it says.
        news: Box<News>,
    },

    // The local gateway.
    /// Its process did something.
    Gateway(GatewayEvent),

    // This program.
    /// The file of one's own colours has changed.
    Painted(Result<Palette, Failure>),
    /// The terminal has told what its background is like.
    Background(Background),
    /// The editor was left.
    Edited {
        /// The request.
        ticket: Ticket,
        /// The text as it is now.
        answer: Result<String, Failure>,
    },
    /// No program took a text for the clipboard: here it is back.
    NoClipboard(String),
    /// A text was copied, or could not be.
    Copied(Result<(), Failure>),
    /// A signal asks the program to leave.
    Terminated,
}
