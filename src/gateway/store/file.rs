//! How a database is found, made, and refused.
//!
//! A new one is made under another name and renamed when it is whole and on disk, so that an empty or half-made
//! file is never taken for a new one: whatever else lies there and is no database of ours is refused.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::Place;

/// The migrations in order. The place in the list, counted from 1, is the version that each makes.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../assets/migrations/0001_workspace.sql"),
    include_str!("../../../assets/migrations/0002_groups.sql"),
    include_str!("../../../assets/migrations/0003_event_marks.sql"),
];
/// "RePt": tells our databases from other programs'.
const APPLICATION_ID: i32 = 0x5265_5074;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// How long a connection waits for another's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 64;
/// Pages that the writer keeps: what one batch of events touches.
const WRITER_CACHE_KIB: u32 = 512;
/// Pages that each reader keeps: it reads from one end to the other.
const READER_CACHE_KIB: u32 = 256;

/// Why a database was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// It cannot be read or made.
    #[error("cannot open database {path}: {source}; hint: check the directory's owner and free space")]
    Io {
        /// The database.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no database, or not a whole one.
    #[error(
        "database {path} is damaged: {what}; nothing was changed; hint: restore it from a copy, or start with \
         another --data directory"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The file is another program's database.
    #[error("database {path} belongs to another program; hint: choose another --data directory")]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// A newer program has written it.
    #[error(
        "database {path} has version {found}, this program knows versions up to {known}; nothing was changed; \
         hint: use the newer repoint that wrote it"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version that it has.
        found: i64,
        /// The highest version that this program knows.
        known: i64,
    },
    /// `SQLite` failed.
    #[error("cannot open the database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The writer's thread could not be started.
    #[error("cannot start the store's thread: {0}")]
    Thread(io::Error),
}

/// The connection that writes.
pub(super) fn open(place: &Place) -> Result<Connection, OpenError> {
    match place {
        Place::Memory => {
            let mut connection = Connection::open_in_memory()?;
            tune(&connection, WRITER_CACHE_KIB)?;
            migrate(&mut connection, Path::new(":memory:"))?;
            Ok(connection)
        }
        Place::File(path) => open_file(path),
    }
}

/// What every connection is set to, with room for so many KiB of pages.
///
/// A connection keeps its pages for good: what a batch of events has filled once stays resident. Beyond the upper
/// levels of the indices the system's own cache does as well.
fn tune(connection: &Connection, cache_kib: u32) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Negative: KiB and not pages.
    connection.execute_batch(&format!(
        "PRAGMA cache_size = -{cache_kib}; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
    ))
}

/// A connection that reads beside the writer.
pub(super) fn open_reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    tune(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

fn open_file(path: &Path) -> Result<Connection, OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let damaged = |what: String| OpenError::Damaged { path: path.to_owned(), what };
    if path.try_exists().map_err(io)? {
        look(path)?;
    } else {
        let log = with_suffix(path, "-wal");
        if fs::metadata(&log).is_ok_and(|metadata| metadata.len() > 0) {
            return Err(damaged(format!("{} is there without it", log.display())));
        }
        make(path)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let unreadable = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => damaged(error.to_string()),
        _ => OpenError::Database(error),
    };
    let mut connection = Connection::open_with_flags(path, flags).map_err(unreadable)?;
    tune(&connection, WRITER_CACHE_KIB).map_err(unreadable)?;
    // FULL: an answered write survives a power cut, not only the end of the process.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(unreadable)?;
    migrate(&mut connection, path).map_err(|error| match error {
        OpenError::Database(error) => unreadable(error),
        other => other,
    })?;
    Ok(connection)
}

/// The file's first bytes, before anything may write to it.
fn look(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut header = [0_u8; 100];
    if length < header.len() as u64 {
        let what = if length == 0 { "it is empty".to_owned() } else { format!("it has only {length} bytes") };
        return Err(OpenError::Damaged { path: path.to_owned(), what });
    }
    file.read_exact(&mut header).map_err(io)?;
    if header.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
        let what = "it does not begin like a database".to_owned();
        return Err(OpenError::Damaged { path: path.to_owned(), what });
    }
    Ok(())
}

fn make(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let draft = with_suffix(path, ".new");
    for leftover in
        [draft.clone(), with_suffix(&draft, "-journal"), with_suffix(path, "-wal"), with_suffix(path, "-shm")]
    {
        match fs::remove_file(&leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
    }
    // Made here and not by SQLite, so that nobody else can ever read it.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(io)?;
    let mut connection = Connection::open(&draft)?;
    connection.execute_batch("PRAGMA synchronous = FULL;")?;
    migrate(&mut connection, &draft)?;
    connection.close().map_err(|(_, error)| error)?;
    fs::rename(&draft, path).map_err(io)?;
    let directory = path.parent().unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let pragma = |connection: &Connection, name: &str| -> Result<i64, rusqlite::Error> {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
    };
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found = pragma(connection, "user_version")?;
    let application = pragma(connection, "application_id")?;
    if application != i64::from(APPLICATION_ID) {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if application != 0 || found != 0 || tables > 0 {
            return Err(OpenError::Foreign { path: path.to_owned() });
        }
    }
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    if found == known {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {known};"))?;
    transaction.commit()?;
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
