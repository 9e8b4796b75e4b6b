//! A tiny call through the data plane, with a key that the context names for that.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

use crate::api::{Slug, Target};
use crate::plan::change::Change;
use crate::plan::outcome::Done;
use crate::sync::{ProbeResult, TARGET_HEADER, told_by_header};

/// How long an answer may take. A cold start takes longer and counts as a failure: it does not serve yet.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);
/// No more of an answer's error is read.
const ERROR_CHARS_MAX: usize = 200;

/// Calls slugs through the data plane. Clones are cheap.
#[derive(Clone)]
pub struct Prober {
    http: reqwest::Client,
    url: Url,
    key: SecretString,
}

impl fmt::Debug for Prober {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Prober").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Prober {
    /// One that calls this inference address, which is without `/v1`, with this federated key.
    ///
    /// # Errors
    /// Plain HTTP to anything but loopback, or TLS that can't be set up.
    pub fn new(inference_url: &Url, key: SecretString) -> Result<Self, String> {
        let is_loopback = match inference_url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if inference_url.scheme() != "https" && !is_loopback {
            return Err(format!("{inference_url} is not https: the probe's key would be readable on the way"));
        }
        crate::client::install_provider();
        let mut builder = reqwest::Client::builder().timeout(PROBE_TIMEOUT).redirect(reqwest::redirect::Policy::none());
        if is_loopback {
            builder = builder.no_proxy().tls_certs_only([]);
        }
        let http = builder.build().map_err(|error| format!("cannot set up the probe: {error}"))?;
        let mut url = inference_url.clone();
        let path = url.path().trim_end_matches('/').trim_end_matches("/v1").to_owned();
        url.set_path(&format!("{path}/v1/chat/completions"));
        Ok(Self { http, url, key })
    }

    /// Whether the change shows. `None` for a change that no call can show.
    pub(super) async fn probe(&self, change: &Change, done: &Done) -> Option<ProbeResult> {
        match change {
            Change::CreateEndpoint { after } | Change::UpdateEndpoint { after, .. } => {
                Some(self.call(&after.slug, after.targets.first()?, done.revision).await)
            }
            Change::DeleteEndpoint { before } => Some(self.is_gone(&before.slug).await),
            Change::CreateGroup { .. }
            | Change::UpdateGroup { .. }
            | Change::DeleteGroup { .. }
            | Change::MintKey { .. }
            | Change::RevokeKey { .. } => None,
        }
    }

    async fn call(&self, slug: &Slug, wanted: &Target, revision: Option<u64>) -> ProbeResult {
        let response = match self.send(slug).await {
            Ok(response) => response,
            Err(reason) => return ProbeResult::Failed { reason },
        };
        let header = response.headers().get(TARGET_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let told = told_by_header(header.as_deref(), wanted, revision);
        let status = response.status();
        if status.is_success() || matches!(told, ProbeResult::Old { .. }) {
            return told;
        }
        ProbeResult::Failed { reason: format!("{status}: {}", sentence(response).await) }
    }

    async fn is_gone(&self, slug: &Slug) -> ProbeResult {
        match self.send(slug).await {
            Ok(response) if response.status() == reqwest::StatusCode::NOT_FOUND => ProbeResult::New,
            Ok(_) => ProbeResult::Old { target: "the deleted endpoint".to_owned() },
            Err(reason) => ProbeResult::Failed { reason },
        }
    }

    async fn send(&self, slug: &Slug) -> Result<reqwest::Response, String> {
        let body = json!({
            "model": slug,
            "messages": [{ "role": "user", "content": "ping" }],
            "max_tokens": 1,
        });
        let authorization = format!("Api-Key {}", self.key.expose_secret());
        let mut value = http::HeaderValue::from_str(&authorization).map_err(|_| "the key fits no header".to_owned())?;
        value.set_sensitive(true);
        let request = self.http.post(self.url.clone()).header(http::header::AUTHORIZATION, value).json(&body);
        request.send().await.map_err(|error| {
            if error.is_timeout() {
                format!("no answer within {} s", PROBE_TIMEOUT.as_secs())
            } else {
                "the data plane could not be reached".to_owned()
            }
        })
    }
}

/// What the answer says about why it failed: `error` as a text or an object with a message, else its start.
async fn sentence(mut response: reqwest::Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > 64 * ERROR_CHARS_MAX {
            break;
        }
    }
    let json: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    let error = json.as_ref().and_then(|json| json.get("error"));
    let text = error
        .and_then(|error| error.as_str().or_else(|| error.get("message").and_then(serde_json::Value::as_str)))
        .map_or_else(|| String::from_utf8_lossy(&body).into_owned(), str::to_owned);
    text.chars().filter(|c| !c.is_control()).take(ERROR_CHARS_MAX).collect()
}
