//! Files of the journal: locks, additions, rotation.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Bounds, JournalError};
use crate::api::Time;
use crate::plan::history::JournalLine;

/// The longest name of a lock file that is taken from an id.
const NAME_CHARS_MAX: usize = 64;

/// Options for files that only their owner may read: a journal tells who is whose customer.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(super) fn make_folder(folder: &Path) -> Result<(), JournalError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| JournalError::Io { action: "open", path: folder.to_owned(), source })
}

/// An id comes from a file that people may have edited: it must not lead out of the folder.
pub(super) fn safe_name(id: &str) -> String {
    let name: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(NAME_CHARS_MAX).collect();
    format!("{name}.lock")
}

/// Waits until no other program writes. The lock goes when the file is dropped.
pub(super) fn lock(folder: &Path, is_exclusive: bool) -> Result<File, JournalError> {
    let path = folder.join("history.lock");
    let io = |source| JournalError::Io { action: "lock", path: path.clone(), source };
    let file = private().create(true).truncate(false).read(true).write(true).open(&path).map_err(io)?;
    if is_exclusive { file.lock() } else { file.lock_shared() }.map_err(io)?;
    Ok(file)
}

fn current(folder: &Path) -> PathBuf {
    folder.join("history.jsonl")
}

fn aside(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("history.{number}.jsonl"))
}

pub(super) fn oldest_first(folder: &Path, files_max: usize) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = (1..files_max.max(1)).rev().map(|number| aside(folder, number)).collect();
    paths.push(current(folder));
    paths
}

/// Adds the lines in one write. The caller holds the lock.
pub(super) fn append(folder: &Path, lines: &[JournalLine], is_durable: bool) -> Result<(), JournalError> {
    let path = current(folder);
    let io = |source| JournalError::Io { action: "write", path: path.clone(), source };
    let mut file = private().create(true).read(true).append(true).open(&path).map_err(io)?;
    let mut text = Vec::new();
    if ends_torn(&mut file).map_err(io)? {
        // What a crash left of the last line must not swallow this one.
        text.push(b'\n');
    }
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    file.write_all(&text).map_err(io)?;
    if is_durable {
        file.sync_data().map_err(io)?;
    }
    Ok(())
}

fn ends_torn(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != [b'\n'])
}

/// Sets the file aside where it is full, and lets those go that are too many or too old. The caller holds the lock.
pub(super) fn rotate(folder: &Path, bounds: Bounds, now: Time) -> Result<(), JournalError> {
    let oldest = now.minus(bounds.age_max);
    for number in 1..bounds.files_max {
        let path = aside(folder, number);
        let modified = fs::metadata(&path).and_then(|metadata| metadata.modified());
        let is_old = modified
            .ok()
            .and_then(|time| jiff::Timestamp::try_from(time).ok())
            .is_some_and(|time| Time::from_timestamp(time) < oldest);
        if is_old {
            remove(&path)?;
        }
    }
    let is_full = fs::metadata(current(folder)).is_ok_and(|metadata| metadata.len() >= bounds.file_bytes_max);
    if !is_full {
        return Ok(());
    }
    let last = bounds.files_max.saturating_sub(1);
    if last == 0 {
        return remove(&current(folder));
    }
    remove(&aside(folder, last))?;
    for number in (1..last).rev() {
        rename(&aside(folder, number), &aside(folder, number + 1))?;
    }
    rename(&current(folder), &aside(folder, 1))
}

fn remove(path: &Path) -> Result<(), JournalError> {
    ignore_missing(fs::remove_file(path), path)
}

fn rename(from: &Path, to: &Path) -> Result<(), JournalError> {
    ignore_missing(fs::rename(from, to), from)
}

fn ignore_missing(result: std::io::Result<()>, path: &Path) -> Result<(), JournalError> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(JournalError::Io { action: "rotate", path: path.to_owned(), source }),
        Ok(()) => Ok(()),
    }
}
