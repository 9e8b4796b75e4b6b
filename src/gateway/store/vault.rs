//! How secrets lie at rest: encrypted (AES-256-GCM) with a key that only this gateway's owner can read.
//!
//! The key lies in a file of mode 0600 beside the database: it keeps secrets out of copies and backups of the
//! database, not from somebody who reads the whole directory. The secret's id is bound in, so that a row's value
//! cannot be put under another name.

use std::fmt;
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use thiserror::Error;

use crate::gateway::store::keyfile::{self, KeyFileError};

/// Encrypts and decrypts secrets.
pub struct Vault {
    key: LessSafeKey,
    random: SystemRandom,
}

/// Why a secret could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VaultError {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// The value was sealed with another key or has been changed.
    #[error("a secret's stored value does not open with the key file; hint: restore secrets.key, or write it anew")]
    Sealed,
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// A key that is nowhere kept, for a store in memory.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn in_memory() -> Result<Self, KeyFileError> {
        Ok(Self::new(&keyfile::random_bytes()?))
    }

    /// The key in this file, which is made where it is missing.
    ///
    /// # Errors
    /// The file cannot be read or made, others can read it, or it holds no key.
    pub fn from_file(path: &Path) -> Result<Self, KeyFileError> {
        Ok(Self::new(&keyfile::bytes(path)?))
    }

    fn new(bytes: &[u8; 32]) -> Self {
        // `UnboundKey::new` fails only for a key of another length.
        #[expect(clippy::expect_used, reason = "the length is in the type")]
        let key = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes are a key of AES-256");
        Self { key: LessSafeKey::new(key), random: SystemRandom::new() }
    }

    /// The value as it may be stored: a random nonce, then what is encrypted.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn seal(&self, id: &str, value: &str) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0_u8; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| VaultError::Random)?;
        let mut sealed = nonce.to_vec();
        let mut body = value.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::from(id), &mut body).map_err(|_| VaultError::Random)?;
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// The value that was sealed under this id.
    ///
    /// # Errors
    /// It was sealed with another key or under another id, or has been changed.
    pub fn open(&self, id: &str, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(VaultError::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Sealed)?;
        let mut body = body.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(id), &mut body).map_err(|_| VaultError::Sealed)?;
        let text = std::str::from_utf8(opened).map_err(|_| VaultError::Sealed)?;
        Ok(SecretString::from(text))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_sealed_value_opens_only_under_its_own_id_and_key() {
        let vault = Vault::in_memory().unwrap();
        let sealed = vault.seal("s1", "sk-canary").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
        assert_eq!(vault.open("s1", &sealed).unwrap().expose_secret(), "sk-canary");
        assert_eq!(vault.open("s2", &sealed).unwrap_err(), VaultError::Sealed);
        assert_eq!(Vault::in_memory().unwrap().open("s1", &sealed).unwrap_err(), VaultError::Sealed);
        assert_eq!(vault.open("s1", b"short").unwrap_err(), VaultError::Sealed);
    }
}
