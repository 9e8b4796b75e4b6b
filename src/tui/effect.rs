//! What the dashboard wants done. Plain data: `perform` and `runtime` do it and answer with messages.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::faults::Switch;
use super::load::Ticket;
use super::trial::Trial;
use super::wanted::Wanted;
use crate::api::{EndpointId, GroupId, Slug};
use crate::plan::history::JournalLine;
use crate::plan::{Plan, PlanId};

/// A timer of which there is one: setting it again moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The next look at the sync report.
    Sync,
    /// The next reading of the list.
    Endpoints,
    /// The next look at the group under the cursor.
    GroupDetail,
    /// The next reading of the history.
    History,
    /// The next reading of how the gateway is.
    GatewayFigures,
    /// The cursor has rested on an endpoint: who may call it is asked for.
    Callers,
    /// The next try to open the context.
    Open,
    /// The oldest notice goes.
    Notice,
    /// A mark on cells that changed goes.
    Marks,
    /// The next step of a long filter or sort.
    Step,
}

/// A key that was typed. Its `Debug` hides it.
#[derive(Debug, Clone)]
pub struct TypedKey(pub SecretString);

impl PartialEq for TypedKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

/// What happens once something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum After {
    /// Calls go through the data plane until the new target answers. Where the context names no key for that, it is
    /// followed by the gateway's report or by time, as with [`Self::Wait`].
    #[default]
    Probe,
    /// The same; where the new target does not answer, the old one is put back.
    ProbeOrPutBack,
    /// No call is made.
    Wait,
}

impl After {
    /// The next choice.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Probe => Self::ProbeOrPutBack,
            Self::ProbeOrPutBack => Self::Wait,
            Self::Wait => Self::Probe,
        }
    }
}

/// What the local gateway is filled with once everything was thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refill {
    /// Models, secrets, endpoints and groups.
    #[default]
    Demo,
    /// Models and secrets alone.
    Workspace,
}

impl Refill {
    /// The next choice.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Demo => Self::Workspace,
            Self::Workspace => Self::Demo,
        }
    }

    /// What `repoint gateway run --seed` calls it.
    #[must_use]
    pub fn seed(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Workspace => "workspace",
        }
    }

    /// What that is.
    #[must_use]
    pub fn said(self) -> &'static str {
        match self {
            Self::Demo => "the demo: models, secrets, endpoints, groups",
            Self::Workspace => "models and secrets alone",
        }
    }
}

/// A key that is registered: the files that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFiles {
    /// Holds the key.
    pub key_file: PathBuf,
    /// Holds the workspace's private key.
    pub sign_with: PathBuf,
    /// What the key is called.
    pub name: Option<String>,
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    // Connections.
    /// Open a context; start the local gateway where it is one and does not run.
    Open {
        /// Answered by `Message::Opened`.
        ticket: Ticket,
        /// Its place among the contexts.
        context: usize,
    },
    /// Open an address with a key that was typed. Both stay in memory only.
    OpenTyped {
        /// Answered by `Message::Opened`.
        ticket: Ticket,
        /// The management address.
        url: String,
        /// The key.
        key: TypedKey,
    },

    // Reads.
    /// Read all endpoints, page by page. Answered by `Message::Page` for each, until the last or `Cancel`.
    ReadEndpoints {
        /// Carried by every page.
        ticket: Ticket,
    },
    /// Read one endpoint. Answered by `Message::Endpoint`.
    ReadEndpoint {
        /// Carried by the answer.
        ticket: Ticket,
        /// Which one.
        id: EndpointId,
    },
    /// Read the sync report. Answered by `Message::Sync`.
    ReadSync {
        /// Carried by the answer.
        ticket: Ticket,
    },
    /// Ask the local gateway to sync at once. Answered by `Message::Sync`.
    SyncNow {
        /// Carried by the answer.
        ticket: Ticket,
    },
    /// Read what targets can name. Answered by `Message::Workspace`, first in part.
    ReadWorkspace {
        /// Carried by the answers.
        ticket: Ticket,
    },
    /// Read something for one of the other tabs. Answered by `Message::Found`.
    Read {
        /// Carried by the answer.
        ticket: Ticket,
        /// What.
        wanted: Wanted,
    },
    /// Watch the requests that pass, until `Cancel`. Answered by `Message::Traffic`, a few times a second at most.
    WatchTraffic {
        /// Carried by the answers.
        ticket: Ticket,
    },
    /// Count who is affected by a change of these slugs. Answered by `Message::Impact`.
    ReadImpact {
        /// Carried by the answer.
        ticket: Ticket,
        /// The slugs that are called today.
        slugs: Vec<Slug>,
    },
    /// Show the requests that were made. Answered by `Message::Log`.
    ReadLog,

    // Writes.
    /// Run a plan. Answered by `Message::Progress` and at the end by `Message::Report`.
    Run {
        /// Carried by the answers.
        ticket: Ticket,
        /// What shall be done.
        plan: Plan,
        /// True where a person has just typed what a protected context asks for.
        is_confirmed: bool,
        /// The plan of the journal that it undoes.
        undoes: Option<PlanId>,
        /// What happens once it is written.
        after: After,
    },
    /// Register a key that the customer made. Answered by `Message::Found`. The one write that is no plan: its body is
    /// signed as it stands, and nobody here knows the key.
    RegisterKey {
        /// Carried by the answer.
        ticket: Ticket,
        /// Whose key.
        group: GroupId,
        /// Where it is.
        files: KeyFiles,
        /// True where a person has just confirmed it in a protected context.
        is_confirmed: bool,
    },
    /// Switch a fault of simulated models on or off. Answered by `Message::Switched`. No plan: it changes what models
    /// answer and no row, and ends by itself or with the process.
    SwitchFault {
        /// Carried by the answer.
        ticket: Ticket,
        /// Which, and to what.
        switch: Switch,
    },
    /// Note in the journal what was seen of a plan that is over.
    Note(Box<JournalLine>),
    /// Call slugs through the data plane. Answered by `Message::Tried` until its end, also after `Cancel`.
    Try {
        /// Carried by the answers.
        ticket: Ticket,
        /// What, and with which key.
        trial: Trial,
    },
    /// Abort what the ticket started; a plan stops between its changes.
    Cancel(Ticket),

    // The local gateway.
    /// Stop the local gateway that this program started.
    StopGateway,
    /// Stop it, then open its context again.
    RestartGateway,
    /// Stop it, throw away what it keeps, start it again.
    ResetGateway {
        /// What it has then.
        refill: Refill,
    },

    // This program.
    /// Send `Message::Due` after a while.
    After {
        /// Which timer.
        timer: Timer,
        /// How long from now.
        delay: Duration,
    },
    /// Put a text on the clipboard.
    Copy(String),
    /// The same through the terminal alone.
    CopyThroughTerminal(String),
    /// Ask the terminal for mouse events, or no more.
    Mouse(bool),
    /// Draw everything again, also what did not change.
    Redraw,
    /// Hand the terminal to an editor with this text. Answered by `Message::Edited`.
    EditText {
        /// Carried by the answer.
        ticket: Ticket,
        /// The text.
        text: String,
    },
    /// Hand the terminal back and stop, until the shell continues the program.
    Suspend,
    /// Leave. What is under way has been waited for.
    Quit,
}
