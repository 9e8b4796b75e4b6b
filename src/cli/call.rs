//! `repoint call SLUG [PROMPT]`: one chat completion through the data plane, to see that a slug works.

mod answer;

use std::io::{IsTerminal, Read};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::completions::candidates;
use super::output::{self, Format};
use super::select::{Mistyped, duration};
use super::session::Session;
use super::{Exit, groups};
use crate::api::{GroupId, KeyInfo};
use crate::client::Client;
use crate::plan::{Change, Plan, run as engine};
use crate::{clock, config};
use answer::Answer;

/// No prompt is longer.
const PROMPT_BYTES_MAX: u64 = 10 << 20;
/// Progress that nobody shows.
const PROGRESS_MAX: usize = 16;

/// `repoint call`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The answer's text goes to standard output, who answered and how fast to standard error. The federated key is the context's probe_key, the variable of --key-env, or, with --group, one that is minted for this call and revoked after it.\n\nExamples:\n  repoint call my-org/glm-5.2 'Say hello' --stream\n  echo 'Summarise this' | repoint call my-org/glm-5.2 --key-env ACME_KEY\n  repoint call my-org/glm-5.2 hi --group acme -o json | jq .target"
)]
pub struct Call {
    /// The slug to call
    #[arg(value_name = "SLUG", add = candidates::slugs())]
    slug: String,
    /// What to say; read from standard input where it is not given
    #[arg(value_name = "PROMPT")]
    prompt: Option<String>,
    /// Print the answer as it comes
    #[arg(long)]
    stream: bool,
    /// What the model is told beforehand
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// At most this many tokens
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    /// The variable that holds the federated key
    #[arg(long, value_name = "VARIABLE", conflicts_with = "group")]
    key_env: Option<String>,
    /// Mint a key of this group for the call, and revoke it after
    #[arg(long, value_name = "GROUP", add = candidates::groups())]
    group: Option<String>,
    /// The context's name, instead of typing it, to mint a key in a protected context
    #[arg(long, value_name = "CONTEXT", requires = "group")]
    confirm: Option<String>,
    /// Give up after this time
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration)]
    timeout: Duration,
    /// Show the request, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Calls it.
///
/// # Errors
/// No key, no address, or an answer that is none.
pub async fn run(session: &Session, call: &Call) -> anyhow::Result<Exit> {
    let body = call.body()?;
    let url = address(session)?;
    if call.dry_run {
        session.out.value(&json!({ "method": "POST", "url": url.as_str(), "body": body }))?;
        return Ok(Exit::Done);
    }
    let (key, minted) = call.key(session).await?;
    let outcome = tokio::select! {
        outcome = call.send(session, url, &key, &body) => outcome,
        // Dropping the request stops it upstream; the key is revoked all the same.
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
    };
    if let Some(minted) = minted {
        revoke(session, minted).await?;
    }
    outcome
}

/// A key that was minted for one call.
struct Minted {
    client: Client,
    group: GroupId,
    key: KeyInfo,
}

impl Call {
    fn body(&self) -> anyhow::Result<Value> {
        let prompt = match &self.prompt {
            Some(prompt) => prompt.clone(),
            None if std::io::stdin().is_terminal() => {
                return Err(Mistyped("no prompt\nhint: give it as an argument, or on standard input".to_owned()).into());
            }
            None => {
                let mut text = String::new();
                std::io::stdin()
                    .take(PROMPT_BYTES_MAX)
                    .read_to_string(&mut text)
                    .context("cannot read the prompt from standard input")?;
                text
            }
        };
        let mut messages = Vec::new();
        messages.extend(self.system.as_ref().map(|text| json!({ "role": "system", "content": text })));
        messages.push(json!({ "role": "user", "content": prompt }));
        let mut body = json!({ "model": self.slug, "messages": messages });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(self.max_tokens.map(|count| ("max_tokens".to_owned(), json!(count))));
            if self.stream {
                fields.insert("stream".to_owned(), json!(true));
                fields.insert("stream_options".to_owned(), json!({ "include_usage": true }));
            }
        }
        Ok(body)
    }

    /// The federated key, and what has to be revoked after.
    async fn key(&self, session: &Session) -> anyhow::Result<(SecretString, Option<Minted>)> {
        if let Some(name) = &self.key_env {
            let key = config::variable(name).with_context(|| format!("variable {name} is not set"))?;
            return Ok((key.into(), None));
        }
        if let Some(name) = &self.group {
            let group = groups::find(session, name).await?;
            let client = super::write::writer(session, self.confirm.as_deref())?;
            let plan = Plan::from(Change::MintKey { group: group.id.clone(), name: Some("repoint call".to_owned()) });
            let report = quietly(session, &client, &plan).await?;
            let Some((_, key)) = report.keys.into_iter().next() else {
                let outcome = report.outcomes.first();
                anyhow::bail!("no key could be minted for group {name}: {}", answer::failure(outcome));
            };
            let info = KeyInfo { prefix: key.prefix, name: key.name };
            return Ok((key.api_key.into(), Some(Minted { client, group: group.id, key: info })));
        }
        let Some(key) = session.probe_key().await? else {
            let text =
                "no federated key to call with\nhint: --key-env VARIABLE, --group GROUP, or a probe_key in the context";
            return Err(Mistyped(text.to_owned()).into());
        };
        Ok((key, None))
    }

    async fn send(&self, session: &Session, url: Url, key: &SecretString, body: &Value) -> anyhow::Result<Exit> {
        let http = http_client(&url, self.timeout)?;
        let mut value = http::HeaderValue::try_from(format!("Api-Key {}", key.expose_secret()))
            .map_err(|_| anyhow::anyhow!("the key has characters that no key has"))?;
        value.set_sensitive(true);
        let started = clock::instant();
        let request = http.post(url.clone()).header(http::header::AUTHORIZATION, value).json(body);
        let response = request.send().await.map_err(|error| answer::broken(&error, &url, self.timeout))?;
        let shows_text = self.stream && session.out.format() == Format::Table;
        let answer = Answer::read(response, started, |text| if shows_text { session.out.write(text) } else { Ok(()) });
        let answer = answer.await?;
        match session.out.format() {
            Format::Table if shows_text => session.out.write("\n")?,
            Format::Table if answer.is_success() => session.out.write(&format!("{}\n", answer.text.trim_end()))?,
            Format::Table => {}
            Format::Json | Format::Yaml => session.out.value(&answer.value(&self.slug))?,
        }
        session.out.say(&answer.summary());
        if let Some(failure) = answer.failure() {
            output::talk(&format!("error: {failure}"));
            return Ok(Exit::Failed);
        }
        Ok(Exit::Done)
    }
}

fn address(session: &Session) -> anyhow::Result<Url> {
    let base = session.inference_url().context(
        "the context does not say where its data plane is\nhint: repoint context add NAME --management-url … --inference-url … names it",
    )?;
    let mut url = base.clone();
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
    url.set_path(&format!("{path}/v1/chat/completions"));
    Ok(url)
}

/// Plain HTTP to this machine alone, and without a proxy there.
fn http_client(url: &Url, timeout: Duration) -> anyhow::Result<reqwest::Client> {
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    anyhow::ensure!(
        url.scheme() == "https" || is_loopback,
        "the key is not sent to {url} in the clear\nhint: use https"
    );
    // Somebody else may have installed it first; it is the same one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = reqwest::Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none());
    if is_loopback {
        builder = builder.no_proxy();
    }
    if url.scheme() == "http" {
        builder = builder.tls_certs_only([]);
    }
    builder.build().context("cannot set up the call")
}

async fn revoke(session: &Session, minted: Minted) -> anyhow::Result<()> {
    let prefix = minted.key.prefix.clone();
    let plan = Plan::from(Change::RevokeKey { group: minted.group, key: minted.key });
    let report = quietly(session, &minted.client, &plan).await?;
    anyhow::ensure!(
        report.is_success(),
        "the key {prefix} could not be revoked: {}\nhint: revoke it with repoint keys revoke",
        answer::failure(report.outcomes.first())
    );
    Ok(())
}

/// Runs a small plan without showing it: it is part of what was asked for, and stands in the history.
async fn quietly(session: &Session, client: &Client, plan: &Plan) -> anyhow::Result<crate::plan::Report> {
    let (sender, mut receiver) = mpsc::channel(PROGRESS_MAX);
    let options = engine::Options::new(session.author());
    let cancel = CancellationToken::new();
    let running = async {
        let report = engine::run(client, session.journal()?, plan, &options, &cancel, &sender).await?;
        drop(sender);
        anyhow::Ok(report)
    };
    let (report, ()) = tokio::join!(running, async { while receiver.recv().await.is_some() {} });
    report
}
