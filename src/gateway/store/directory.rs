//! The data directory: ours alone while we run, by a file lock that the system lets go when the process ends.
//!
//! The locked file says which addresses the holder has, so that a second start can name them and a dashboard can
//! attach. That means something only while the lock is held. Other files may lie there.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The database's name.
pub const DATABASE: &str = "repoint.db";
/// The name of the file that the management key is kept in.
pub const MANAGEMENT_KEY: &str = "management.key";
/// The name of the file that holds the key of stored secrets.
pub const VAULT_KEY: &str = "secrets.key";
/// The name of the file that is locked and tells the holder's addresses.
pub const LOCK: &str = "gateway.lock";

/// Where a gateway is reached. It is also the line that a gateway prints when it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// The management plane.
    pub management_url: String,
    /// The data plane, without `/v1`.
    pub inference_url: String,
    /// The process.
    pub pid: u32,
}

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// It cannot be made or written to.
    #[error("cannot use data directory {path}: {source}; hint: choose another with --data")]
    Io {
        /// The directory, or the file in it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another gateway has it.
    #[error("data directory {path} is in use by another gateway{holder}; hint: use that one, or another --data")]
    Locked {
        /// The directory.
        path: PathBuf,
        /// Where the other is reached, where it has said so.
        holder: String,
    },
}

/// A directory that is ours until this is dropped.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    // Held open for its lock.
    lock: File,
}

impl DataDirectory {
    /// Makes the directory where it is missing, and locks it.
    ///
    /// # Errors
    /// It cannot be made or written to, or another gateway has it.
    pub fn lock(path: &Path) -> Result<Self, DirectoryError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| DirectoryError::Io { path, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io(path))?;
        let name = path.join(LOCK);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&name).map_err(io(&name))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = addresses(path).map_or_else(String::new, |holder| {
                    format!(" at {} (process {})", holder.management_url, holder.pid)
                });
                return Err(DirectoryError::Locked { path: path.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(DirectoryError::Io { path: name, source }),
        }
        // What an earlier holder has said is no longer true.
        lock.set_len(0).map_err(io(&name))?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// A file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Throws away what earlier holders have stored. The management key stays, so that who knows it need not learn
    /// another, and so does every file that is not ours.
    ///
    /// # Errors
    /// A file cannot be deleted.
    pub fn throw_away(&self) -> Result<(), DirectoryError> {
        // The log beside the database goes first: alone it means nothing, but an old one beside a new database would.
        let beside = ["-wal", "-shm"].map(|suffix| format!("{DATABASE}{suffix}"));
        for name in beside.iter().map(String::as_str).chain([DATABASE, VAULT_KEY]) {
            let path = self.file(name);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(DirectoryError::Io { path, source });
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Says where we are reached.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn announce(&self, addresses: &Addresses) -> Result<(), DirectoryError> {
        let write = || -> io::Result<()> {
            let mut line = serde_json::to_vec(addresses)?;
            line.push(b'\n');
            self.lock.set_len(0)?;
            self.lock.write_all_at(&line, 0)
        };
        write().map_err(|source| DirectoryError::Io { path: self.file(LOCK), source })
    }
}

impl Drop for DataDirectory {
    fn drop(&mut self) {
        // What stays behind after a failure means nothing without the lock.
        let _ = self.lock.set_len(0);
    }
}

/// What the holder of a directory has said about itself. `None` where nothing can be read.
#[must_use]
pub fn addresses(directory: &Path) -> Option<Addresses> {
    serde_json::from_slice(&fs::read(directory.join(LOCK)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_where_the_first_is() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        let first = DataDirectory::lock(&path).unwrap();
        let addresses = Addresses {
            management_url: "http://127.0.0.1:5".to_owned(),
            inference_url: "http://127.0.0.1:6".to_owned(),
            pid: 7,
        };
        first.announce(&addresses).unwrap();
        let error = DataDirectory::lock(&path).unwrap_err().to_string();
        assert!(error.contains("at http://127.0.0.1:5 (process 7)"), "{error}");
        drop(first);
        assert!(DataDirectory::lock(&path).is_ok());
        assert_eq!(super::addresses(&path), None);
    }
}
