//! The configuration's text: read strictly, and changed without losing its comments.

mod edit;
mod keys;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::context::LOCAL;
use super::{ACCENTS, ConfigError, Context, KeySource, Server, accent, is_hosted};

pub use edit::{add_context, remove_context, use_context};
pub use keys::KeyLine;

/// How the dashboard looks and behaves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The name of a palette, or a file of one's own.
    pub theme: Option<String>,
    /// Colours instead of the palette's own, by their role.
    pub colors: BTreeMap<String, String>,
    /// Draws with the signs of ASCII alone; where this is absent, it is so in locales that are not UTF-8.
    pub ascii: Option<bool>,
    /// Draws no lines, says states in words and shows one pane at a time.
    pub screen_reader: bool,
    /// Nothing moves on the screen that need not.
    pub reduced_motion: bool,
    /// The columns of the list, from left to right.
    pub columns: Option<Vec<ColumnName>>,
    /// The column that the list is sorted by at the start.
    pub sort: Option<ColumnName>,
    /// Whether the mouse is taken at the start; it is where this is absent.
    pub mouse: Option<bool>,
}

/// A filter of the list that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFilter {
    /// It is typed as `@name`.
    pub name: String,
    /// What it stands for.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A column of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnName {
    /// What customers call.
    Slug,
    /// What answers.
    Target,
    /// Whose it is.
    Provider,
    /// Whether the last change is live.
    Sync,
    /// When it was last written.
    Changed,
    /// When it was created.
    Created,
    /// Its id.
    Id,
}

/// What a file says.
#[derive(Debug)]
pub(super) struct File {
    pub(super) current: Option<String>,
    pub(super) settings: Settings,
    pub(super) keys: Vec<KeyLine>,
    pub(super) filters: Vec<SavedFilter>,
    pub(super) contexts: Vec<Context>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    context: Option<String>,
    #[serde(default)]
    dashboard: Settings,
    /// Read by `keys`, with its lines.
    #[serde(default, rename = "keys")]
    _keys: serde::de::IgnoredAny,
    #[serde(default)]
    filters: BTreeMap<String, toml::Spanned<String>>,
    #[serde(default)]
    contexts: BTreeMap<toml::Spanned<String>, toml::Spanned<WrittenContext>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenContext {
    management_url: toml::Spanned<String>,
    #[serde(default)]
    inference_url: Option<toml::Spanned<String>>,
    key: toml::Spanned<WrittenKey>,
    #[serde(default)]
    org_prefixes: Vec<String>,
    #[serde(default)]
    protected: Option<bool>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    accent: Option<toml::Spanned<String>>,
    #[serde(default)]
    probe_key: Option<toml::Spanned<WrittenKey>>,
    #[serde(default)]
    certificates: Option<PathBuf>,
}

/// Exactly one of its fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a place that the key comes from, such as { env = \"NAME\" }")]
struct WrittenKey {
    #[serde(default)]
    env: Option<String>,
    #[serde(default)]
    command: Option<Vec<String>>,
    #[serde(default)]
    keyring: Option<String>,
    #[serde(default)]
    file: Option<PathBuf>,
}

/// Where in a file something stands, for errors.
struct Source<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Source<'_> {
    fn error(&self, at: usize, message: impl std::fmt::Display) -> ConfigError {
        ConfigError::in_file(self.path, Some(self.line(at)), message)
    }

    /// The line, from 1, of a place in the text.
    fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or(self.text).matches('\n').count() + 1
    }

    fn url(&self, written: &toml::Spanned<String>, name: &str) -> Result<Url, ConfigError> {
        let wrong = |message: String| Err(self.error(written.span().start, message));
        match Url::parse(written.get_ref()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
            Ok(_) => wrong(format!("{name} must begin with https://")),
            Err(error) => wrong(format!("{name} is no address: {error}")),
        }
    }

    fn key(&self, written: toml::Spanned<WrittenKey>, name: &str) -> Result<KeySource, ConfigError> {
        let start = written.span().start;
        let WrittenKey { env, command, keyring, file } = written.into_inner();
        match (env, command, keyring, file) {
            (Some(variable), None, None, None) => Ok(KeySource::Variable(variable)),
            (None, Some(words), None, None) if !words.is_empty() => Ok(KeySource::Command(words)),
            (None, None, Some(entry), None) => Ok(KeySource::Keyring(entry)),
            (None, None, None, Some(path)) => Ok(KeySource::File(path)),
            _ => {
                Err(self.error(start, format!("{name} must say exactly one place that the key comes from")).with_hint(
                    format!("{name} = {{ env = \"NAME\" }}, or command = [\"…\"], keyring = \"…\", file = \"…\""),
                ))
            }
        }
    }

    fn accent(&self, written: toml::Spanned<String>) -> Result<String, ConfigError> {
        if accent(written.get_ref()).is_some() {
            return Ok(written.into_inner());
        }
        let names: Vec<&str> = ACCENTS.iter().map(|(name, _)| *name).collect();
        Err(self
            .error(written.span().start, format!("accent {:?} is no colour", written.get_ref()))
            .with_hint(format!("write it as #rrggbb, or as one of {}", names.join(", "))))
    }

    fn context(&self, name: &str, written: WrittenContext) -> Result<Context, ConfigError> {
        let management_url = self.url(&written.management_url, "management_url")?;
        let inference_url = written.inference_url.as_ref().map(|url| self.url(url, "inference_url")).transpose()?;
        let key_place = written.key.span().start;
        let key = self.key(written.key, "key")?;
        key.may_go_to(&management_url).map_err(|error| {
            let placed = self.error(key_place, &error);
            ConfigError { hint: error.hint, ..placed }
        })?;
        let accent = written.accent.map(|accent| self.accent(accent)).transpose()?;
        let is_protected = written.protected.unwrap_or_else(|| is_hosted(&management_url));
        let probe_key = written.probe_key.map(|key| self.key(key, "probe_key")).transpose()?;
        Ok(Context {
            org_prefixes: written.org_prefixes,
            is_protected,
            is_read_only: written.read_only,
            accent,
            probe_key,
            certificates: written.certificates,
            ..Context::new(name, Server::Remote { management_url, inference_url }, key)
        })
    }
}

/// Reads a configuration. Nothing that is unknown is passed over: a misspelt `protected` must not unprotect.
pub(super) fn parse(text: &str, path: &Path) -> Result<File, ConfigError> {
    let source = Source { text, path };
    let written: Written = toml::from_str(text).map_err(|error| {
        let place = error.span().map_or(0, |span| span.start);
        let explained = source.error(place, without_values(error.message()));
        match crate::near::meant(error.message()) {
            Some(hint) => explained.with_hint(hint),
            None => explained,
        }
    })?;
    let mut entries: Vec<_> = written.contexts.into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    let mut contexts = Vec::with_capacity(entries.len());
    for (name, context) in entries {
        if name.get_ref() == LOCAL {
            return Err(source
                .error(name.span().start, "the name local is taken by the local gateway")
                .with_hint("choose another name"));
        }
        contexts.push(source.context(name.get_ref(), context.into_inner())?);
    }
    let keys = keys::read(&source)?;
    let filter = |(name, text): (String, toml::Spanned<String>)| SavedFilter {
        name,
        line: source.line(text.span().start),
        text: text.into_inner(),
    };
    let filters = written.filters.into_iter().map(filter).collect();
    Ok(File { current: written.context, settings: written.dashboard, keys, filters, contexts })
}

/// The texts that serde quotes are what the user wrote: it may be a key.
fn without_values(message: &str) -> String {
    let Some(start) = message.find("string \"") else { return message.to_owned() };
    let end = message.rfind("\", expected").unwrap_or(message.len());
    let (before, after) = (message.get(..start).unwrap_or_default(), message.get(end + 1..).unwrap_or_default());
    format!("{before}a text{after}")
}
