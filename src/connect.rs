//! From a context to a client that can be used: its key is read, its certificates, its gateway is started.
//!
//! The dashboard and the command line open every server here, so that the rules for keys hold in both:
//! `BASETEN_API_KEY` goes to the hosted API alone, plain http to loopback alone, and a protected or
//! read-only context is so in the client itself.

use std::fs;
use std::io;
use std::sync::Arc;

use thiserror::Error;
use url::Url;

use crate::client::{Access, Client, ClientError, Observer, Options};
use crate::config::{Config, ConfigError, Context, Server};
use crate::supervisor::{Crash, LISTEN, Launch, Running};

/// No file of certificates is longer.
const CERTIFICATES_BYTES_MAX: u64 = 4 << 20;

/// Why a context could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// Its settings, or its key.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its address or key cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The local gateway does not run.
    #[error(transparent)]
    Gateway(#[from] Crash),
}

impl ConnectError {
    /// What to do next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Config(error) => error.hint.as_deref(),
            Self::Client(error) => error.hint.as_deref(),
            Self::Gateway(_) => None,
        }
    }
}

/// A server that can be called. Nothing has been sent to it yet.
#[derive(Debug, Clone)]
pub struct Connection {
    /// For its management API.
    pub client: Client,
    /// Its inference address, without `/v1`, where it is known.
    pub inference_url: Option<Url>,
}

/// What a context lets a client do.
#[must_use]
pub fn access(context: &Context) -> Access {
    if context.is_read_only {
        Access::ReadOnly
    } else if context.is_protected {
        Access::Protected
    } else {
        Access::ReadWrite
    }
}

/// To whom to speak in a remote context, and with which key. The key's command may take a while.
///
/// # Errors
/// The key cannot be had, or must not be sent to this address; or the context is the local one.
pub async fn options(context: &Context) -> Result<Options, ConfigError> {
    let Server::Remote { management_url, .. } = &context.server else {
        return Err(ConfigError::new("the local gateway has to be started first"));
    };
    context.key.may_go_to(management_url)?;
    let mut options = Options::new(management_url.clone(), context.key.read().await?);
    options.access = access(context);
    options.extra_certificates = certificates(context)?;
    Ok(options)
}

/// A client of a remote context. Its key's command may take a while.
///
/// # Errors
/// As [`options`], and where no client can be made of them.
pub async fn remote(context: &Context, observer: Option<Observer>) -> Result<Connection, ConnectError> {
    let mut options = options(context).await?;
    options.observer = observer;
    let inference_url = match &context.server {
        Server::Local => None,
        Server::Remote { inference_url, .. } => inference_url.clone(),
    };
    Ok(Connection { client: Client::new(options)?, inference_url })
}

/// A client of a local gateway that runs.
///
/// # Errors
/// The gateway's address or key cannot be used.
pub fn local(running: &Running, observer: Option<Observer>) -> Result<Connection, ConnectError> {
    let mut options = Options::new(running.management_url.clone(), running.key.clone());
    options.observer = observer;
    let inference_url = Some(running.inference_url.clone());
    Ok(Connection { client: Client::new(options)?, inference_url })
}

/// How the local gateway is started.
#[must_use]
pub fn launch(config: &Config, sync_interval: Option<std::time::Duration>) -> Launch {
    Launch {
        contents: crate::supervisor::Contents::default(),
        program: config.paths.program.clone(),
        data: config.paths.gateway_data.clone(),
        listen: LISTEN,
        sync_interval,
        key: crate::config::gateway_key().ok().flatten(),
    }
}

/// The certificates (PEM) that a context trusts beside the machine's own.
///
/// # Errors
/// A file that cannot be read.
pub fn certificates(context: &Context) -> Result<Option<Arc<[u8]>>, ConfigError> {
    let Some(path) = &context.certificates else { return Ok(None) };
    let cannot = |error: io::Error| ConfigError::new(format!("cannot read certificates {}: {error}", path.display()));
    if fs::metadata(path).map_err(cannot)?.len() > CERTIFICATES_BYTES_MAX {
        return Err(ConfigError::new(format!("{} is too long for certificates", path.display())));
    }
    Ok(Some(fs::read(path).map_err(cannot)?.into()))
}
