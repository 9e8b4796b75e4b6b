//! Federated keys: what customers hold. Only the prefix of a key may be shown or logged.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::KeyPrefix;

/// What a server tells about a key after it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// The public part.
    pub prefix: KeyPrefix,
    /// Shown to people.
    #[serde(default)]
    pub name: Option<String>,
}

/// The body of `POST …/api_keys`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateKey {
    /// Shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The one answer that holds a minted key. Its `Debug` hides the key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintedKey {
    /// The whole key; it is shown this once.
    pub api_key: String,
    /// The public part.
    pub prefix: KeyPrefix,
    /// Shown to people.
    #[serde(default)]
    pub name: Option<String>,
}

impl fmt::Debug for MintedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MintedKey")
            .field("prefix", &self.prefix)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The body of `POST …/api_keys/register`: a key that the customer made. Its `Debug` hides the key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterKey {
    /// 32 to 128 characters with at least 3.0 bits of entropy each; its first 16 are the prefix.
    pub key: String,
    /// Shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Debug for RegisterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RegisterKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What `POST …/api_keys/register` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredKey {
    /// Always true; failures are statuses.
    pub ok: bool,
}

/// What `DELETE …/api_keys/{prefix}` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTombstone {
    /// The key that no longer opens anything.
    pub prefix: KeyPrefix,
}
