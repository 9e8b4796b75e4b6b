//! Federated keys at the gateway: how they are made and which may be registered. A key itself is never kept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SecureRandom;
use ring::signature::{ED25519, UnparsedPublicKey};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::api::KeyPrefix;
use crate::gateway::rules::access::KeyDigest;

/// How many characters stand between `sky_` and the dot.
const MINTED_NAME_CHARS: usize = 12;
/// How many random bytes a minted key's secret has.
const MINTED_SECRET_BYTES: usize = 32;
/// How many characters of a registered key are its public part.
pub const REGISTERED_PREFIX_CHARS: usize = 16;
/// The shortest and the longest key that may be registered, in characters.
pub const REGISTERED_CHARS: std::ops::RangeInclusive<usize> = 32..=128;
/// The least entropy of a registered key, in bits a character.
pub const ENTROPY_BITS_MIN: f64 = 3.0;

/// A new key, to be answered once and then forgotten.
#[derive(Debug)]
pub struct Minted {
    /// The whole key.
    pub key: SecretString,
    /// Its public part.
    pub prefix: KeyPrefix,
    /// What is stored of it.
    pub digest: KeyDigest,
}

/// The key that the workspace signs registrations with: 32 bytes of Ed25519.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// What stands before the 32 bytes where a key is written as openssl does (RFC 8410).
const SPKI_HEADER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

impl PublicKey {
    /// Reads PEM, the base64 inside it, or base64 of the bare 32 bytes. `None` where the text is none of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        let bytes = STANDARD.decode(lines.collect::<String>()).ok()?;
        let bare = bytes.strip_prefix(&SPKI_HEADER).unwrap_or(&bytes);
        bare.try_into().ok().map(Self)
    }

    /// The key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Why a key was not taken. The sentences are those of the hosted gateway where it has them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegisterError {
    /// No `--workspace-public-key` was given.
    #[error("Must configure a public key before registering API keys")]
    NoPublicKey,
    /// The signature is missing, is no base64, or is of other bytes or of another key.
    #[error("Signature verification failed")]
    Signature,
    /// Too short or too long.
    #[error("key must have 32 to 128 characters")]
    Length,
    /// A character that cannot stand in a header.
    #[error("key must consist of visible ASCII characters")]
    Character,
    /// Too easily guessed.
    #[error("key must have at least 3.0 bits of entropy a character")]
    Entropy,
}

/// Makes a key: `sky_`, twelve characters that are public, a dot and 256 random bits.
///
/// # Errors
/// The system's source of random bytes failed.
pub fn mint(random: &dyn SecureRandom) -> Result<Minted, ring::error::Unspecified> {
    let name = alphanumeric(random)?;
    let mut secret = [0; MINTED_SECRET_BYTES];
    random.fill(&mut secret)?;
    let prefix = format!("sky_{name}");
    let key = format!("{prefix}.{}", URL_SAFE_NO_PAD.encode(secret));
    Ok(Minted { digest: KeyDigest::of(key.as_bytes()), prefix: KeyPrefix::new(prefix), key: SecretString::from(key) })
}

/// Twelve letters and digits, each as likely as any other.
fn alphanumeric(random: &dyn SecureRandom) -> Result<String, ring::error::Unspecified> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut name = String::with_capacity(MINTED_NAME_CHARS);
    while name.len() < MINTED_NAME_CHARS {
        let mut bytes = [0; MINTED_NAME_CHARS];
        random.fill(&mut bytes)?;
        // 248 is the largest multiple of 62 in a byte: what is above would make the first letters likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let letters = fair.filter_map(|byte| LETTERS.get(usize::from(byte % 62))).map(|letter| char::from(*letter));
        name.extend(letters.take(MINTED_NAME_CHARS - name.len()));
    }
    Ok(name)
}

/// Checks a key that a customer made and gives its public part and its digest.
///
/// # Errors
/// What is wrong with it.
pub fn register(key: &SecretString) -> Result<(KeyPrefix, KeyDigest), RegisterError> {
    let key = key.expose_secret();
    if !REGISTERED_CHARS.contains(&key.chars().count()) {
        return Err(RegisterError::Length);
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RegisterError::Character);
    }
    if entropy_bits(key) < ENTROPY_BITS_MIN {
        return Err(RegisterError::Entropy);
    }
    let prefix = key.get(..REGISTERED_PREFIX_CHARS).ok_or(RegisterError::Length)?;
    Ok((KeyPrefix::new(prefix), KeyDigest::of(key.as_bytes())))
}

/// Checks that the workspace signed exactly these bytes.
///
/// # Errors
/// No public key is configured, or the signature is not its.
pub fn verify(public_key: Option<&PublicKey>, body: &[u8], signature: Option<&str>) -> Result<(), RegisterError> {
    let public_key = public_key.ok_or(RegisterError::NoPublicKey)?;
    let signature = signature.and_then(|text| STANDARD.decode(text.trim()).ok()).ok_or(RegisterError::Signature)?;
    UnparsedPublicKey::new(&ED25519, public_key.0).verify(body, &signature).map_err(|_| RegisterError::Signature)
}

/// Shannon's entropy of the key's own characters, in bits a character.
#[expect(clippy::cast_precision_loss, reason = "a key has at most 128 characters")]
fn entropy_bits(key: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in key.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = key.len() as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length);
    -shares.map(|share| share * share.log2()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    #[test]
    fn a_minted_key_has_the_documented_shape() {
        let minted = mint(&SystemRandom::new()).unwrap();
        let key = minted.key.expose_secret();
        let (prefix, secret) = key.split_once('.').unwrap();
        assert_eq!(prefix, minted.prefix.as_str());
        assert_eq!(prefix.len(), "sky_sCqhBwEy4kPd".len());
        assert!(prefix.starts_with("sky_") && prefix[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(URL_SAFE_NO_PAD.decode(secret).unwrap().len(), 32);
        assert_eq!(minted.digest, KeyDigest::of(key.as_bytes()));
        assert_ne!(mint(&SystemRandom::new()).unwrap().digest, minted.digest);
        assert!(!format!("{minted:?}").contains(secret));
    }

    #[test]
    fn a_registered_key_is_long_and_hard_to_guess() {
        let check = |text: &str| register(&SecretString::from(text));
        let good = "abcdefghijklmnopqrstuvwxyz012345";
        assert_eq!(check(good).unwrap(), (KeyPrefix::new("abcdefghijklmnop"), KeyDigest::of(good.as_bytes())));
        assert_eq!(check(&good[1..]), Err(RegisterError::Length));
        assert_eq!(check(&good.repeat(4)).map(|_| ()), Ok(()));
        assert_eq!(check(&format!("{}x", good.repeat(4))), Err(RegisterError::Length));
        assert_eq!(check(&"ab".repeat(16)), Err(RegisterError::Entropy));
        // Eight characters, each as often: exactly 3.0 bits.
        assert_eq!(check(&"abcdefgh".repeat(4)).map(|_| ()), Ok(()));
        assert_eq!(check(&format!("{}\r\n", &good[..30])), Err(RegisterError::Character));
    }

    #[test]
    fn a_public_key_is_read_bare_and_as_openssl_writes_it() {
        let bytes = [7; 32];
        let spki = STANDARD.encode([&SPKI_HEADER[..], &bytes].concat());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n");
        for text in [STANDARD.encode(bytes), spki, pem] {
            assert_eq!(PublicKey::parse(&text), Some(PublicKey(bytes)), "{text}");
        }
        for bad in ["", "no base64!", "AAAA", &STANDARD.encode([7; 33]), &STANDARD.encode([7; 44])] {
            assert_eq!(PublicKey::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_the_workspace_s_signature_of_these_bytes_is_taken() {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let public = PublicKey::from_bytes(pair.public_key().as_ref().try_into().unwrap());
        let public = &public;
        let signature = STANDARD.encode(pair.sign(b"{\"key\":1}"));
        assert_eq!(verify(Some(public), b"{\"key\":1}", Some(&signature)), Ok(()));
        assert_eq!(verify(Some(public), b"{\"key\":2}", Some(&signature)), Err(RegisterError::Signature));
        assert_eq!(verify(Some(public), b"{\"key\":1}", None), Err(RegisterError::Signature));
        assert_eq!(verify(Some(public), b"{\"key\":1}", Some("no base64!")), Err(RegisterError::Signature));
        assert_eq!(verify(None, b"{\"key\":1}", Some(&signature)), Err(RegisterError::NoPublicKey));
    }
}
