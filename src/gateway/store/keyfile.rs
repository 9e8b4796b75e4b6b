//! Files that hold a key: made once with mode 0600, refused where others can read them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use thiserror::Error;

/// The longest key file that is read.
const BYTES_MAX: u64 = 4096;
const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Why a key was not read or made.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file cannot be read or made.
    #[error("cannot use key file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read it.
    #[error("key file {path} can be read by others (mode {mode:04o}); hint: chmod 600 {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It does not hold a key.
    #[error("key file {path} holds no key: {what}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the content.
        what: &'static str,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

/// Random bytes that nobody can guess.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], KeyFileError> {
    let mut bytes = [0_u8; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyFileError::Random)?;
    Ok(bytes)
}

/// A random text of letters and digits, each equally likely.
pub(crate) fn random_letters(length: usize) -> Result<String, KeyFileError> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // 248 is the largest multiple of 62 in a byte; what is above would favour the first letters.
        let bytes = random_bytes::<32>()?;
        let letters = bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| LETTERS.get(usize::from(*byte % 62)));
        text.extend(letters.take(length - text.len()).map(|letter| char::from(*letter)));
    }
    Ok(text)
}

/// The 32 bytes in this file, which is made where it is missing.
pub(crate) fn bytes(path: &Path) -> Result<[u8; 32], KeyFileError> {
    let text = read_or_make(path, || Ok(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()?)))?;
    let malformed = || KeyFileError::Malformed { path: path.to_owned(), what: "it is not 32 bytes in base64" };
    BASE64_URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)
}

/// The management key in this file, which is made where it is missing: a public part, a dot, 256 random bits.
pub(crate) fn management_key(path: &Path) -> Result<SecretString, KeyFileError> {
    let make = || {
        let secret = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()?);
        Ok(format!("mgmt_{}.{secret}", random_letters(12)?))
    };
    Ok(SecretString::from(read_or_make(path, make)?))
}

/// The text in this file, without the white space around it.
pub(crate) fn read(path: &Path) -> Result<SecretString, KeyFileError> {
    Ok(SecretString::from(read_text(path)?))
}

fn read_or_make(path: &Path, make: impl Fn() -> Result<String, KeyFileError>) -> Result<String, KeyFileError> {
    match read_text(path) {
        Err(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            let text = make()?;
            write(path, &text).map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
            Ok(text)
        }
        other => other,
    }
}

fn read_text(path: &Path) -> Result<String, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(io)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Open { path: path.to_owned(), mode });
    }
    let malformed = |what| KeyFileError::Malformed { path: path.to_owned(), what };
    if metadata.len() > BYTES_MAX {
        return Err(malformed("it is too long"));
    }
    let text = fs::read_to_string(path).map_err(io)?;
    match text.trim() {
        "" => Err(malformed("it is empty")),
        text => Ok(text.to_owned()),
    }
}

/// Writes it whole under another name first: a crash leaves no half of a key.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_with_mode_0600() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("management.key");
        let made = management_key(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(management_key(&path).unwrap().expose_secret(), made.expose_secret());
        assert!(made.expose_secret().len() > 50);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("k");
        fs::write(&path, "0123456789abcdef").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("0644") && error.contains("chmod 600") && !error.contains("0123456789"), "{error}");
    }

    #[test]
    fn an_empty_key_file_is_no_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("k");
        write(&path, "").unwrap();
        assert!(matches!(bytes(&path), Err(KeyFileError::Malformed { .. })));
    }
}
