//! Which server: `--local`, `--url` or `--context`, and how a subcommand opens it.

use std::time::Duration;

use clap::Args;
use secrecy::SecretString;
use thiserror::Error;
use url::Url;

use crate::config::{API_KEY, BASETEN_KEY, Config, ConfigError, Context, KeySource, LOCAL, is_hosted, variable_os};
use crate::connect::{self, ConnectError, Connection};
use crate::supervisor::Supervisor;

/// The arguments contradict each other in a way that clap cannot see. It ends the program with 64.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Mistyped(pub String);

const URL_HELP: &str =
    "A management API; its key is read from REPOINT_API_KEY (for https://api.baseten.co also BASETEN_API_KEY)";

/// Which server.
#[derive(Debug, Clone, Default, Args)]
pub struct Select {
    /// The gateway on this machine; it is started where none runs yet
    #[arg(long, global = true, conflicts_with_all = ["url", "context"], help_heading = "Server")]
    pub local: bool,
    /// A management API.
    #[arg(long, global = true, value_name = "URL", help = URL_HELP, value_parser = address, conflicts_with = "context", help_heading = "Server")]
    pub url: Option<Url>,
    /// A context of the configuration
    #[arg(short, long, global = true, value_name = "NAME", help_heading = "Server")]
    pub context: Option<String>,
    /// How often a gateway that is started here takes over what was written (such as 5s, 500ms, 1m)
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Server")]
    pub sync_interval: Option<Duration>,
}

fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{error}; give one such as https://api.baseten.co"))?;
    if matches!(url.scheme(), "http" | "https") && url.host().is_some() {
        Ok(url)
    } else {
        Err("give an address such as https://api.baseten.co".to_owned())
    }
}

/// How long anybody waits at most.
const DAY: Duration = Duration::from_hours(24);
/// How long anything is kept at most.
const DECADE: Duration = Duration::from_hours(24 * 3653);

/// Reads `500ms`, `5s`, `1m`, `2h` or a number of seconds.
///
/// # Errors
/// Anything else, zero, and more than a day.
pub fn duration(text: &str) -> Result<Duration, String> {
    time(text).filter(|time| *time <= DAY).ok_or_else(|| wrong(text, "24h"))
}

/// The same for what may take years: also `30d`.
///
/// # Errors
/// Anything else, zero, and more than ten years.
pub fn long_duration(text: &str) -> Result<Duration, String> {
    time(text).filter(|time| *time <= DECADE).ok_or_else(|| wrong(text, "3653d"))
}

fn time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().ok()?;
    let seconds = match text.get(digits.len()..)? {
        "ms" => number / 1000.0,
        "" | "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        "d" => number * 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero())
}

fn wrong(text: &str, most: &str) -> String {
    format!("{text:?} is not a time such as 500ms, 5s, 1m or 2h, above zero and up to {most}")
}

/// A server that a subcommand works on. The local gateway that was started for it ends with [`Opened::close`].
#[derive(Debug)]
pub struct Opened {
    /// How it is called.
    pub connection: Connection,
    /// What it is.
    pub context: Context,
    /// The key of the local gateway. Those of other servers come from their contexts.
    local_key: Option<SecretString>,
    supervisor: Option<Supervisor>,
}

impl Opened {
    /// The management key, for requests that no client makes.
    ///
    /// # Errors
    /// The place that the context names holds no key.
    pub async fn management_key(&self) -> Result<SecretString, ConfigError> {
        match &self.local_key {
            Some(key) => Ok(key.clone()),
            None => self.context.key.read().await,
        }
    }

    /// Ends what was started for it.
    pub async fn close(self) {
        if let Some(supervisor) = self.supervisor {
            supervisor.shut_down().await;
        }
    }
}

impl Select {
    /// The context that the arguments name, or else the environment or the file; `None` where nothing does.
    ///
    /// # Errors
    /// There is no such context.
    pub fn named(&self, config: &Config) -> Result<Option<Context>, ConfigError> {
        if self.local {
            return Ok(Some(Context::local()));
        }
        if let Some(url) = &self.url {
            return Ok(Some(Context::of_url(url.clone(), key_for(url))));
        }
        match self.context.as_ref().or(config.current.as_ref()) {
            Some(name) => config.context(name).map(|context| Some(context.clone())),
            None => Ok(None),
        }
    }

    /// The context that is named, else the only one that there is.
    ///
    /// # Errors
    /// There is no such context, or none is named.
    pub fn chosen(&self, config: &Config) -> Result<Context, ConfigError> {
        match self.named(config)? {
            Some(context) => Ok(context),
            None => only_one(config),
        }
    }

    /// Opens the server for a subcommand: the one that is named, else the only one that there is.
    ///
    /// # Errors
    /// None is named, or it cannot be opened.
    pub async fn open(&self, config: &Config) -> Result<Opened, ConnectError> {
        let context = self.chosen(config)?;
        if context.name != LOCAL {
            let connection = connect::remote(&context, None).await?;
            return Ok(Opened { connection, context, local_key: None, supervisor: None });
        }
        let supervisor = Supervisor::start(connect::launch(config, self.sync_interval));
        let running = match supervisor.running().await {
            Ok(running) => running,
            Err(crash) => {
                supervisor.shut_down().await;
                return Err(crash.into());
            }
        };
        let connection = connect::local(&running, None)?;
        Ok(Opened { connection, context, local_key: Some(running.key), supervisor: Some(supervisor) })
    }
}

fn only_one(config: &Config) -> Result<Context, ConfigError> {
    // The hosted API that only the environment offers is never opened unasked.
    let saved: Vec<&Context> = config.contexts.iter().filter(|context| context.name != LOCAL).collect();
    match saved.as_slice() {
        [only] if !only.is_hosted() => Ok((*only).clone()),
        _ => Err(ConfigError::new("no server is named")
            .with_hint("give --context NAME, --url URL or --local, or choose one with repoint context use NAME")),
    }
}

/// The hosted API's own variable is read for the hosted API alone, and only where the general one is not set.
fn key_for(url: &Url) -> KeySource {
    let name = if variable_os(API_KEY).is_none() && is_hosted(url) && variable_os(BASETEN_KEY).is_some() {
        BASETEN_KEY
    } else {
        API_KEY
    };
    KeySource::Variable(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        for bad in ["", "0s", "-1s", "s", "5 parsecs", "25h", "nan", "infs", "1e9h", "2d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(long_duration("30d"), Ok(Duration::from_hours(720)));
        for bad in ["", "0d", "1y", "1 s", "99999d", "999999999999999999999h"] {
            assert!(long_duration(bad).is_err(), "{bad}");
        }
    }
}
