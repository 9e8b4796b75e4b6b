//! Registering a key that the customer made: its body, and the workspace's signature over it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::{ClientError, ErrorKind};
use crate::api::RegisterKey;

/// The exact body that registers a key, and its signature (base64 Ed25519) with the workspace's private key: Ed25519 in
/// PKCS #8, as PEM or DER.
///
/// # Errors
/// A private key that is none.
pub fn signed_registration(
    key: &str,
    name: Option<&str>,
    private_key: &[u8],
) -> Result<(Vec<u8>, String), ClientError> {
    let body = RegisterKey { key: key.trim().to_owned(), name: name.map(str::to_owned) };
    let body = serde_json::to_vec(&body)
        .map_err(|_| ClientError::new(ErrorKind::Refused, "the key cannot be put into JSON"))?;
    let signature = sign(private_key, &body)?;
    Ok((body, signature))
}

fn sign(private_key: &[u8], body: &[u8]) -> Result<String, ClientError> {
    let refused = |said: &str| ClientError::new(ErrorKind::Refused, said);
    let der = match std::str::from_utf8(private_key) {
        Ok(text) if text.trim_start().starts_with("-----BEGIN") => {
            let inner: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
            STANDARD.decode(inner).map_err(|_| refused("the private key is no PEM file"))?
        }
        Ok(_) | Err(_) => private_key.to_vec(),
    };
    let pair = ring::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| {
        refused("the private key is not Ed25519 in PKCS #8").with_hint("openssl genpkey -algorithm ed25519 makes one")
    })?;
    Ok(STANDARD.encode(pair.sign(body)))
}
