//! The management keys that a gateway knows: by their SHA-256 digests, never as they are.

use std::fmt;

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

use crate::api::AuditActor;

/// The shortest key that is accepted as a management key, in characters.
pub(crate) const KEY_CHARS_MIN: usize = 16;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// Everything.
    Manage,
    /// Reading.
    View,
}

/// A management key that is known.
pub(crate) struct KnownKey {
    pub(super) digest: [u8; 32],
    pub(super) scope: Scope,
    pub(super) actor: AuditActor,
}

impl fmt::Debug for KnownKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KnownKey").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl KnownKey {
    pub(crate) fn new(key: &SecretString, scope: Scope) -> Self {
        let text = key.expose_secret();
        let name = match scope {
            Scope::Manage => "management key",
            Scope::View => "view key",
        };
        let actor = AuditActor {
            kind: "API_KEY".to_owned(),
            email: None,
            api_key_prefix: public_part(text),
            api_key_name: Some(name.to_owned()),
        };
        Self { digest: sha256(text.as_bytes()), scope, actor }
    }
}

/// What stands before the first dot, where enough secret follows it.
fn public_part(key: &str) -> Option<String> {
    let (prefix, secret) = key.split_once('.')?;
    (prefix.len() <= 24 && secret.len() >= 2 * KEY_CHARS_MIN).then(|| prefix.to_owned())
}

/// The SHA-256 digest of these bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(digest(&SHA256, bytes).as_ref());
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_with_a_long_secret_has_a_public_part() {
        let key = format!("mgmt_abc.{}", "x".repeat(43));
        assert_eq!(public_part(&key).as_deref(), Some("mgmt_abc"));
        assert_eq!(public_part("short.secret"), None);
        assert_eq!(public_part("0123456789abcdef"), None);
    }
}
