//! A gateway that runs already on the same data: found by its lock, called at the address that it left beside it.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::timeout;

use super::ready_line::ReadyLine;
use super::{Launch, Running};

/// Held locked by a running gateway. It holds the line that the gateway printed when it was ready.
const LOCK_FILE: &str = "gateway.lock";
/// The management key, where none is given in the environment.
const KEY_FILE: &str = "management.key";
/// No file that is read here is longer.
const FILE_BYTES_MAX: u64 = 4096;

/// How long one that has the lock may take to say where it is reached.
const ANNOUNCE_LIMIT: Duration = Duration::from_secs(10);
/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The gateway that runs on this data, if one does. One that is still starting is waited for.
pub(super) async fn find(launch: &Launch) -> Option<Running> {
    let path = launch.data.join(LOCK_FILE);
    let announced = async {
        while is_locked(&launch.data) {
            let key = launch.key.clone().or_else(|| kept_key(&launch.data));
            let running = key.zip(read(&path)).and_then(|(key, line)| ReadyLine::read(&line, key, true));
            if running.is_some() {
                return running;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        None
    };
    timeout(ANNOUNCE_LIMIT, announced).await.ok().flatten()
}

/// True where a gateway runs on this data. Only the lock counts: an address alone may be an old one.
pub(super) fn is_locked(data: &Path) -> bool {
    let Ok(file) = File::open(data.join(LOCK_FILE)) else { return false };
    // The lock that this may take is given back when the file is closed, at once.
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// The key that a gateway keeps beside its rows. One that others can read is not used.
pub(super) fn kept_key(data: &Path) -> Option<SecretString> {
    let path = data.join(KEY_FILE);
    if fs::metadata(&path).ok()?.mode() & 0o077 != 0 {
        return None;
    }
    let text = read(&path)?;
    let key = text.trim();
    (!key.is_empty()).then(|| SecretString::from(key))
}

fn read(path: &Path) -> Option<String> {
    if fs::metadata(path).ok()?.len() > FILE_BYTES_MAX {
        return None;
    }
    fs::read_to_string(path).ok()
}
