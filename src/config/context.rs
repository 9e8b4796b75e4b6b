//! Contexts: a server, where its key comes from, and how careful to be.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::hosted::{BASETEN_KEY, HOSTED_INFERENCE_URL, HOSTED_URL, is_hosted};
use super::key::KeySource;

/// The name of the context that is always there: the gateway that this program starts.
pub const LOCAL: &str = "local";
/// What a context that was never saved is called where its address has no name.
const UNNAMED: &str = "server";

/// Which server a context is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// The gateway that this program finds or starts.
    Local,
    /// Any other.
    Remote {
        /// The management address, without `/v1`.
        management_url: Url,
        /// The inference address, without `/v1`, where it is known.
        inference_url: Option<Url>,
    },
}

/// A server, where its key comes from, and how careful to be.
#[derive(Debug, Clone)]
pub struct Context {
    /// What it is called.
    pub name: String,
    /// Which server it is about.
    pub server: Server,
    /// Where the management key comes from. The local gateway has its own.
    pub key: KeySource,
    /// The prefixes that its slugs may have, as far as they are known.
    pub org_prefixes: Vec<String>,
    /// What is changed must be confirmed by typing.
    pub is_protected: bool,
    /// Nothing may be changed.
    pub is_read_only: bool,
    /// A colour that the frame is drawn in, so that production is not taken for a sandbox; see [`accent`].
    pub accent: Option<String>,
    /// Where a federated key for probes through the data plane comes from.
    pub probe_key: Option<KeySource>,
    /// PEM certificates to trust beside the machine's own.
    pub certificates: Option<PathBuf>,
}

/// The colours that an accent can be called by, as red, green and blue.
pub const ACCENTS: [(&str, [u8; 3]); 7] = [
    ("red", [0xff, 0x6b, 0x6b]),
    ("orange", [0xff, 0xa0, 0x57]),
    ("yellow", [0xf2, 0xcc, 0x60]),
    ("green", [0x6c, 0xd9, 0x8a]),
    ("cyan", [0x5c, 0xcf, 0xe6]),
    ("blue", [0x7d, 0xb4, 0xff]),
    ("magenta", [0xd7, 0x8b, 0xff]),
];

/// The colour that an accent means: one of [`ACCENTS`], or `#rrggbb`.
#[must_use]
pub fn accent(text: &str) -> Option<[u8; 3]> {
    if let Some((_, colour)) = ACCENTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text.trim())) {
        return Some(*colour);
    }
    let digits = text.trim().strip_prefix('#')?;
    let number = (digits.len() == 6).then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

impl Context {
    /// The gateway that this program starts.
    #[must_use]
    pub fn local() -> Self {
        Self::new(LOCAL, Server::Local, KeySource::Kept)
    }

    /// The hosted API with the key of `BASETEN_API_KEY`. It is offered and never opened unasked.
    #[must_use]
    pub fn hosted() -> Option<Self> {
        let key = KeySource::Variable(BASETEN_KEY.to_owned());
        Url::parse(HOSTED_URL).ok().map(|url| Self { name: "baseten".to_owned(), ..Self::of_url(url, key) })
    }

    /// An address that was given on the command line or typed. It is protected where it is the hosted one.
    #[must_use]
    pub fn of_url(management_url: Url, key: KeySource) -> Self {
        let is_protected = is_hosted(&management_url);
        let name = management_url.host_str().unwrap_or(UNNAMED).to_owned();
        let inference_url = is_protected.then(|| Url::parse(HOSTED_INFERENCE_URL).ok()).flatten();
        Self { is_protected, ..Self::new(&name, Server::Remote { management_url, inference_url }, key) }
    }

    /// The same with a key that was typed. It stays in memory.
    #[must_use]
    pub fn with_typed_key(self, key: SecretString) -> Self {
        Self { key: KeySource::Given(key), ..self }
    }

    pub(super) fn new(name: &str, server: Server, key: KeySource) -> Self {
        Self {
            name: name.to_owned(),
            server,
            key,
            org_prefixes: Vec::new(),
            is_protected: false,
            is_read_only: false,
            accent: None,
            probe_key: None,
            certificates: None,
        }
    }

    /// The management address; `None` for the local gateway, whose address is known when it runs.
    #[must_use]
    pub fn management_url(&self) -> Option<&Url> {
        match &self.server {
            Server::Local => None,
            Server::Remote { management_url, .. } => Some(management_url),
        }
    }

    /// True where it is about the hosted API.
    #[must_use]
    pub fn is_hosted(&self) -> bool {
        self.management_url().is_some_and(is_hosted)
    }
}
