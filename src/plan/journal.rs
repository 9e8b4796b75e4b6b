//! The journal's files: JSON lines that are only ever added, safe with several programs at once.
//!
//! `history.jsonl` is written to; when it is full it becomes `history.1.jsonl`, and so on up to a bound of files and
//! of age. Every addition is one write under a lock on `history.lock`. A plan that runs holds a lock on a file of
//! its own in `running/`, so that another program can tell a running plan from one whose program died.
//! What the lines mean is in [`super::history`].

mod files;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::Plan;
use super::history::{Author, Entry, JournalLine, VERSION, entries};
use super::outcome::PlanId;
use crate::clock;

/// A file that is longer is set aside when the next plan begins.
pub const FILE_BYTES_MAX: u64 = 8 << 20;
/// How many files are kept.
pub const FILES_MAX: usize = 8;
/// How long a file that was set aside is kept.
pub const AGE_MAX: Duration = Duration::from_hours(24 * 730);

/// Why the journal can't be read or written. Nothing is written to a server without it.
#[derive(Debug, Error)]
pub enum JournalError {
    /// A file or folder can't be used.
    #[error("cannot {action} the journal {path}: {source}")]
    Io {
        /// `open`, `write`, `read`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line could not be put into JSON.
    #[error("cannot put a change into the journal: {0}")]
    Line(#[from] serde_json::Error),
    /// Another program runs the plan right now.
    #[error("the plan {0} is being run by another program")]
    Running(PlanId),
    /// The journal has no such plan.
    #[error("the journal has no plan {0}")]
    NoPlan(PlanId),
    /// The thread that wrote it is gone.
    #[error("the journal's writer was stopped")]
    Stopped,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// See [`FILE_BYTES_MAX`].
    pub file_bytes_max: u64,
    /// See [`FILES_MAX`].
    pub files_max: usize,
    /// See [`AGE_MAX`].
    pub age_max: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { file_bytes_max: FILE_BYTES_MAX, files_max: FILES_MAX, age_max: AGE_MAX }
    }
}

/// What the journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The plans, oldest first.
    pub entries: Vec<Entry>,
    /// Lines that could not be read: torn by a crash, or of a newer program.
    pub unreadable: usize,
}

impl History {
    /// The entry whose id is, or ends with, this text. `None` where there is none, or several.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Entry> {
        let mut found = self
            .entries
            .iter()
            .filter(|entry| entry.id.as_str() == id || (!id.is_empty() && entry.id.as_str().ends_with(id)));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}

/// The journal in a folder. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: Arc<Path>,
    bounds: Bounds,
}

/// A plan that runs. Dropping it without an end gives the plan up: another program may take it up then.
#[derive(Debug)]
pub struct Running {
    journal: Journal,
    id: PlanId,
    // Held for its lock alone.
    _lock: File,
    lock_path: PathBuf,
}

impl Journal {
    /// The journal in this folder, which is made where it is missing. Only its owner may read it.
    ///
    /// # Errors
    /// A folder that can't be made.
    pub fn open(folder: impl AsRef<Path>, bounds: Bounds) -> Result<Self, JournalError> {
        let folder: Arc<Path> = folder.as_ref().into();
        files::make_folder(&folder)?;
        files::make_folder(&folder.join("running"))?;
        Ok(Self { folder, bounds })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All entries, oldest first.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn read(&self) -> Result<History, JournalError> {
        let _lock = files::lock(&self.folder, false)?;
        let mut lines = Vec::new();
        let mut unreadable = 0;
        for path in files::oldest_first(&self.folder, self.bounds.files_max) {
            let text = match fs::read(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(source) => return Err(JournalError::Io { action: "read", path, source }),
            };
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace)) {
                match serde_json::from_slice::<JournalLine>(line) {
                    Ok(line) => lines.push(line),
                    Err(_) => unreadable += 1,
                }
            }
        }
        Ok(History { entries: entries(lines), unreadable })
    }

    /// Plans that have no end and that no program runs: theirs died.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn interrupted(&self) -> Result<Vec<Entry>, JournalError> {
        let mut open: Vec<Entry> = self.read()?.entries;
        open.retain(|entry| {
            entry.finished.is_none() && !entry.is_torn() && matches!(self.hold(&entry.id), Ok(Some(_)))
        });
        Ok(open)
    }

    /// One entry.
    ///
    /// # Errors
    /// No such plan, or files that can't be read.
    pub fn entry(&self, id: &PlanId) -> Result<Entry, JournalError> {
        let entry = self.read()?.entries.into_iter().find(|entry| entry.id == *id);
        entry.ok_or_else(|| JournalError::NoPlan(id.clone()))
    }

    /// Adds a line about a plan that is over: what was seen of it since.
    ///
    /// # Errors
    /// Files that can't be written.
    pub fn add(&self, line: &JournalLine) -> Result<(), JournalError> {
        let _lock = files::lock(&self.folder, true)?;
        files::append(&self.folder, std::slice::from_ref(line), false)
    }

    /// Notes a new plan with all its changes. It is on disk when this returns.
    ///
    /// # Errors
    /// Files that can't be written.
    pub fn begin(&self, plan: &Plan, author: &Author, undoes: Option<&PlanId>) -> Result<Running, JournalError> {
        let id = PlanId::new(uuid::Uuid::now_v7().to_string());
        let running = self.hold(&id)?.ok_or_else(|| JournalError::Running(id.clone()))?;
        let mut lines = vec![JournalLine::Plan {
            version: VERSION,
            plan: id.clone(),
            at: clock::now(),
            author: author.clone(),
            title: plan.title(),
            changes: plan.changes().len(),
            undoes: undoes.cloned(),
        }];
        lines.extend(plan.changes().iter().enumerate().map(|(index, change)| JournalLine::Change {
            plan: id.clone(),
            index,
            change: Box::new(change.clone()),
        }));
        let _lock = files::lock(&self.folder, true)?;
        files::rotate(&self.folder, self.bounds, clock::now())?;
        files::append(&self.folder, &lines, true)?;
        Ok(running)
    }

    /// Takes up a plan whose program died, with what is known of it.
    ///
    /// # Errors
    /// No such plan, one that another program runs, or files that can't be read.
    pub fn take_up(&self, id: &PlanId) -> Result<(Running, Entry), JournalError> {
        let running = self.hold(id)?.ok_or_else(|| JournalError::Running(id.clone()))?;
        let entry = self.read()?.entries.into_iter().find(|entry| entry.id == *id && !entry.is_torn());
        Ok((running, entry.ok_or_else(|| JournalError::NoPlan(id.clone()))?))
    }

    /// The lock of a plan; `None` where another holds it.
    fn hold(&self, id: &PlanId) -> Result<Option<Running>, JournalError> {
        let lock_path = self.folder.join("running").join(files::safe_name(id.as_str()));
        let io = |source| JournalError::Io { action: "open", path: lock_path.clone(), source };
        let lock = files::private().create(true).truncate(false).write(true).open(&lock_path).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Running { journal: self.clone(), id: id.clone(), _lock: lock, lock_path })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

impl Running {
    /// The plan's name.
    #[must_use]
    pub fn id(&self) -> &PlanId {
        &self.id
    }

    /// Adds a line. It survives the end of this program when this returns, though not yet a power cut.
    ///
    /// # Errors
    /// Files that can't be written.
    pub fn add(&self, line: &JournalLine) -> Result<(), JournalError> {
        self.write(line, false)
    }

    /// Adds the last line. It survives a power cut when this returns.
    ///
    /// # Errors
    /// Files that can't be written.
    pub fn finish(&self, cancelled: bool) -> Result<(), JournalError> {
        self.write(&JournalLine::Finished { plan: self.id.clone(), at: clock::now(), cancelled }, true)?;
        // Only now: a plan that has no end keeps its file, so that all who want to take it up meet at one lock.
        drop(fs::remove_file(&self.lock_path));
        Ok(())
    }

    fn write(&self, line: &JournalLine, is_durable: bool) -> Result<(), JournalError> {
        let _lock = files::lock(&self.journal.folder, true)?;
        files::append(&self.journal.folder, std::slice::from_ref(line), is_durable)
    }
}
