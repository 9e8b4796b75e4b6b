//! A text in the person's own editor.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tui::load::{Failure, FailureKind};

/// No longer text is taken back.
const BYTES_MAX: u64 = 64 << 20;

/// Gives the text to the editor and waits until it is left. The terminal must be the shell's meanwhile.
///
/// # Errors
/// A file that cannot be made or read, or an editor that cannot be started or fails.
pub(super) fn edit(editor: &str, text: &str) -> Result<String, Failure> {
    let file = TextFile::with(text).map_err(|error| failure(format!("no file for the editor: {error}")))?;
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or_default();
    let status = Command::new(program).args(words).arg(&file.path).status().map_err(|error| {
        failure(format!("the editor {program:?} could not be started: {error}")).hint("set VISUAL or EDITOR")
    })?;
    if !status.success() {
        return Err(failure(format!("the editor {program:?} failed ({status}); nothing was changed")));
    }
    file.read().map_err(|error| failure(format!("what was edited could not be read: {error}")))
}

fn failure(said: String) -> Failure {
    Failure::new(FailureKind::Other, said)
}

/// A file that only its owner may read, gone when this is dropped.
struct TextFile {
    path: PathBuf,
}

impl TextFile {
    fn with(text: &str) -> std::io::Result<Self> {
        let name = format!("repoint-{}.yaml", uuid::Uuid::now_v7().simple());
        let file = Self { path: std::env::temp_dir().join(name) };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&file.path)?.write_all(text.as_bytes())?;
        Ok(file)
    }

    fn read(&self) -> std::io::Result<String> {
        read(&self.path)
    }
}

impl Drop for TextFile {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}
