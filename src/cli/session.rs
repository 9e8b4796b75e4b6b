//! The server that a command works on: its context, a client with its key, and the journal of what is written.

use std::cell::OnceCell;

use anyhow::Context as _;
use futures_util::{Stream, TryStreamExt};
use secrecy::SecretString;
use url::Url;

use super::output::Output;
use super::select::{Opened, Select};
use super::speak::Speak;
use crate::api::{Endpoint, Group, GroupId, KeyInfo, PAGE_LIMIT_MAX, Page};
use crate::client::{Answer, Client, ClientError, InferenceOptions};
use crate::config::{Config, Context, Paths};
use crate::plan::history::Author;
use crate::plan::journal::{Bounds, Journal};

/// A server, and how the command speaks.
#[derive(Debug)]
pub struct Session {
    /// Where and how the command speaks.
    pub out: Output,
    /// The server's management API.
    pub client: Client,
    opened: Opened,
    paths: Paths,
    journal: OnceCell<Journal>,
}

impl Session {
    /// Opens the server that the options name. Nothing is sent yet; a local gateway that does not run is started.
    ///
    /// # Errors
    /// No context, a wrong configuration, no key, or a local gateway that cannot be started.
    pub async fn open(select: &Select, speak: Speak) -> anyhow::Result<Self> {
        let config = Config::load(Paths::find()?)?;
        let opened = select.open(&config).await?;
        let client = opened.connection.client.clone();
        Ok(Self { out: speak.out(), client, opened, paths: config.paths, journal: OnceCell::new() })
    }

    /// Ends what was started for this command.
    pub async fn close(self) {
        self.opened.close().await;
    }

    /// The context that was chosen.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.opened.context
    }

    /// The server's data plane, without `/v1`, where it is known.
    #[must_use]
    pub fn inference_url(&self) -> Option<&Url> {
        self.opened.connection.inference_url.as_ref()
    }

    /// How the data plane is called with this federated key, where its address is known.
    #[must_use]
    pub fn inference(&self, key: SecretString) -> Option<InferenceOptions> {
        let options = InferenceOptions::new(self.inference_url()?.clone(), key);
        Some(InferenceOptions { extra_certificates: self.client.extra_certificates(), ..options })
    }

    /// The journal of what is written from this machine.
    ///
    /// # Errors
    /// Its folder cannot be made.
    pub fn journal(&self) -> anyhow::Result<&Journal> {
        if let Some(journal) = self.journal.get() {
            return Ok(journal);
        }
        let opened = Journal::open(&self.paths.journal, Bounds::default())?;
        Ok(self.journal.get_or_init(|| opened))
    }

    /// Who writes, for the journal.
    #[must_use]
    pub fn author(&self) -> Author {
        Author {
            who: crate::config::author(),
            context: self.context().name.clone(),
            server: self.client.management_url().to_string(),
        }
    }

    /// The key for calls through the data plane, where the context names one.
    ///
    /// # Errors
    /// The place that the context names holds no key.
    pub async fn probe_key(&self) -> anyhow::Result<Option<SecretString>> {
        match &self.context().probe_key {
            Some(source) => Ok(Some(source.read().await.context("the context's probe key")?)),
            None => Ok(None),
        }
    }

    /// The management key, for requests that no client makes.
    ///
    /// # Errors
    /// The place that the context names holds no key.
    pub async fn management_key(&self) -> anyhow::Result<SecretString> {
        Ok(self.opened.management_key().await?)
    }

    /// All endpoints.
    ///
    /// # Errors
    /// The server's.
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, ClientError> {
        all(self.client.endpoints(PAGE_LIMIT_MAX)).await
    }

    /// All groups.
    ///
    /// # Errors
    /// The server's.
    pub async fn groups(&self) -> Result<Vec<Group>, ClientError> {
        all(self.client.groups(PAGE_LIMIT_MAX)).await
    }

    /// All keys of a group.
    ///
    /// # Errors
    /// The server's.
    pub async fn keys(&self, group: &GroupId) -> Result<Vec<KeyInfo>, ClientError> {
        all(self.client.keys(group, PAGE_LIMIT_MAX)).await
    }
}

async fn all<T>(pages: impl Stream<Item = Result<Answer<Page<T>>, ClientError>>) -> Result<Vec<T>, ClientError> {
    pages
        .try_fold(Vec::new(), |mut rows, page| async move {
            rows.extend(page.body.items);
            Ok(rows)
        })
        .await
}
