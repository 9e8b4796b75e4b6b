//! The flags of `repoint gateway run` that concern the data plane: where targets go, and what it may use.

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;

use crate::api::{ModelId, Provider};
use crate::cli::select::long_duration;
use crate::gateway::planes::data::Settings;
use crate::gateway::routing::provider::{Base, Providers, Reach};

/// Where targets go, and what the inference address may use.
#[derive(Debug, Clone, Args)]
pub(super) struct DataPlane {
    /// Send a workspace model's calls to this server instead of a simulated one; may be given several times
    #[arg(long, value_name = "MODEL[/ENVIRONMENT]=URL", value_parser = upstream)]
    upstream: Vec<((ModelId, Option<String>), Base)>,
    /// Send a provider's calls to this server instead of its own; may be given several times
    #[arg(long, value_name = "PROVIDER=URL", value_parser = provider_base)]
    provider_base: Vec<(Provider, Base)>,
    /// Threads of the data plane [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
    /// Connections of callers at the same time; more are answered 503
    #[arg(long, value_name = "N", default_value_t = Settings::default().connections_max)]
    connections_max: usize,
    /// Streams under way at the same time; more are answered 503
    #[arg(long, value_name = "N", default_value_t = Settings::default().streams_max)]
    streams_max: usize,
    /// Usage events that wait for the store; past them the oldest are dropped and counted
    #[arg(long, value_name = "N", default_value_t = Settings::default().events_waiting_max)]
    events_waiting_max: usize,
    /// Bytes of one request body; a larger one is answered 413
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().body_bytes_max)]
    body_bytes_max: usize,
    /// Bytes of all bodies that are held at the same time; past them callers are answered 503
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().bodies_bytes_max)]
    bodies_bytes_max: usize,
    /// Bytes of a request's header lines; more are answered 431
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().header_bytes_max)]
    header_bytes_max: usize,
    /// How long a request's header may take, and a connection be idle
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = long_duration)]
    header_timeout: Duration,
    /// How long a request's body may be silent
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = long_duration)]
    body_timeout: Duration,
    /// How long a caller may take nothing of its answer
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = long_duration)]
    write_timeout: Duration,
    /// How long connecting to an upstream may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = long_duration)]
    connect_timeout: Duration,
    /// How long a whole request may take
    #[arg(long, value_name = "TIME", default_value = "1200s", value_parser = long_duration)]
    time_limit: Duration,
    /// How long requests under way may take to finish when the gateway is told to stop
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = long_duration)]
    drain_timeout: Duration,
    /// Count requests by customer in /metrics, which anybody who reaches the management address can read
    #[arg(long)]
    pub(super) metrics_names: bool,
}

impl DataPlane {
    pub(super) fn settings(&self) -> Settings {
        let default = Settings::default();
        Settings {
            workers: self.workers.map_or(default.workers, usize::from),
            connections_max: self.connections_max,
            streams_max: self.streams_max,
            events_waiting_max: self.events_waiting_max,
            body_bytes_max: self.body_bytes_max,
            bodies_bytes_max: self.bodies_bytes_max,
            header_bytes_max: self.header_bytes_max,
            header_timeout: self.header_timeout,
            body_timeout: self.body_timeout,
            write_timeout: self.write_timeout,
            connect_timeout: self.connect_timeout,
            time_limit: self.time_limit,
            drain_timeout: self.drain_timeout,
            ..default
        }
    }

    pub(super) fn providers(&self, private_upstreams_are_allowed: bool) -> Providers {
        Providers {
            upstreams: self.upstream.iter().cloned().collect(),
            bases: self.provider_base.iter().cloned().collect::<HashMap<_, _>>(),
            simulator: None,
            private_upstreams_are_allowed,
        }
    }
}

fn upstream(text: &str) -> Result<((ModelId, Option<String>), Base), String> {
    let (place, base) = assignment(text, "MODEL=URL or MODEL/ENVIRONMENT=URL")?;
    let (model, environment) = match place.split_once('/') {
        Some((model, environment)) => (model, Some(environment.to_owned())),
        None => (place, None),
    };
    if model.is_empty() || environment.as_deref() == Some("") {
        return Err(format!("{text:?} names no model; hint: give MODEL=URL or MODEL/ENVIRONMENT=URL"));
    }
    Ok(((ModelId::from(model), environment), base))
}

fn provider_base(text: &str) -> Result<(Provider, Base), String> {
    let (name, base) = assignment(text, "PROVIDER=URL")?;
    let provider = Provider::from(name.to_ascii_uppercase().as_str());
    match provider {
        Provider::Baseten => Err("BASETEN models are sent elsewhere with --upstream MODEL=URL".to_owned()),
        Provider::Other(name) => {
            let known: Vec<&str> = Provider::KNOWN.iter().map(Provider::as_str).collect();
            Err(format!("{name} is no provider; hint: one of {}", known.join(", ")))
        }
        known => Ok((known, base)),
    }
}

fn assignment<'a>(text: &'a str, shape: &str) -> Result<(&'a str, Base), String> {
    let (name, url) = text.split_once('=').ok_or_else(|| format!("{text:?} is not {shape}"))?;
    Ok((name, Base::parse(url, Reach::Anywhere).map_err(|error| error.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_names_a_model_and_perhaps_an_environment() {
        let ((model, environment), base) = upstream("m/staging=http://127.0.0.1:8000").unwrap();
        assert_eq!((model.as_str(), environment.as_deref(), base.port), ("m", Some("staging"), 8000));
        assert_eq!(upstream("m=http://127.0.0.1:1").unwrap().0.1, None);
        for wrong in ["m", "=http://a", "m/=http://a", "m=nonsense", "m=ftp://a"] {
            assert!(upstream(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_provider_is_named_in_any_case() {
        assert_eq!(provider_base("openai=http://127.0.0.1:1/v1").unwrap().0, Provider::OpenAi);
        assert!(provider_base("groq=http://a").unwrap_err().contains("OPENAI"));
        assert!(provider_base("baseten=http://a").unwrap_err().contains("--upstream"));
    }
}
