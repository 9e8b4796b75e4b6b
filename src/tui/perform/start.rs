//! What the dashboard is started with, by `cli`.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::clipboard::Clipboard;
use crate::client::{self, ClientError};
use crate::plan::follow::Prober;
use crate::supervisor::Launch;
use crate::tui::keymap::Keymap;
use crate::tui::load::Failure;
use crate::tui::screens::endpoints::columns::Column;
use crate::tui::screens::endpoints::filter::Saved;
use crate::tui::session::ContextInfo;
use crate::tui::theme::Depth;
use crate::tui::theme::palette::{self, Palette};
use crate::tui::theme::signs::Signs;

/// Finds out to whom to speak and with which key: from the environment, a file, a command. Called off the screen's
/// thread, each time the context is opened.
pub type Connect = Arc<dyn Fn() -> Result<client::Options, ClientError> + Send + Sync>;

/// Reads the key for probes and makes what calls with it. May wait; called off the screen's thread.
pub type MakeProber = Arc<dyn Fn() -> Result<Prober, String> + Send + Sync>;
/// Reads the key that a context names for calls through its data plane. Called off the screen's thread, each time.
pub type ProbeKey = Arc<dyn Fn() -> Result<SecretString, ClientError> + Send + Sync>;

/// How a context is reached.
#[derive(Clone)]
pub enum How {
    /// A server that runs somewhere.
    Address(Connect),
    /// The gateway that this program starts, or finds running.
    Local(Box<Launch>),
}

/// A context that can be opened.
#[derive(Clone)]
pub struct StartContext {
    /// What the screen shows of it.
    pub info: ContextInfo,
    /// How it is reached.
    pub how: How,
    /// Makes what calls through its data plane, where a key is named for that.
    pub prober: Option<MakeProber>,
    /// Its key for calls through the data plane, where it names one.
    pub probe_key: Option<ProbeKey>,
}

/// What is open at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Nothing: the welcome screen.
    Welcome,
    /// One of the contexts, by its place.
    Context(usize),
}

/// Colours that stand in a file and are read again when it changes.
#[derive(Clone)]
pub struct ThemeFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Reads it.
    pub read: Arc<dyn Fn() -> Result<Palette, Failure> + Send + Sync>,
}

/// How the dashboard looks.
#[derive(Clone)]
pub struct Look {
    /// How many colours the terminal has.
    pub depth: Depth,
    /// Which they are.
    pub palette: Palette,
    /// True where the terminal is asked what its background is like.
    pub asks_background: bool,
    /// Where the colours come from, if it is a file of one's own.
    pub theme: Option<ThemeFile>,
    /// Which signs may be drawn.
    pub signs: Signs,
    /// True where nothing moves that need not.
    pub is_calm: bool,
    /// The columns of the list.
    pub columns: Vec<Column>,
    /// The column that it is sorted by.
    pub sort: Column,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            depth: Depth::default(),
            palette: palette::NIGHT,
            asks_background: false,
            theme: None,
            signs: Signs::All,
            is_calm: false,
            columns: Column::USUAL.to_vec(),
            sort: Column::Slug,
        }
    }
}

/// What the dashboard is started with. Nothing in it has been waited for: keys are read and addresses called after
/// the first paint.
pub struct Start {
    /// The contexts of the configuration and of the command line; the local gateway should be one of them.
    pub contexts: Vec<StartContext>,
    /// What is open at the start.
    pub open: Open,
    /// How it looks.
    pub look: Look,
    /// Whether the mouse is taken from the terminal.
    pub takes_mouse: bool,
    /// How keys are bound.
    pub keymap: Keymap,
    /// Filters of the list that have a name.
    pub filters: Saved,
    /// The command of the person's editor: a program, and what comes before the file's name.
    pub editor: String,
    /// Something to say at the start.
    pub notice: Option<String>,
    /// Which ways lead to the clipboard.
    pub clipboard: Clipboard,
    /// The folder of reports of crashes.
    pub crashes: PathBuf,
    /// The folder of the journal of changes.
    pub journal: PathBuf,
    /// Who makes changes, for the journal: `user@host`.
    pub who: String,
}
