//! `repoint call SLUG [PROMPT]`: one chat completion through the data plane, to see that a slug works.

mod answer;

use std::io::{IsTerminal, Read};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::completions::candidates;
use super::interrupt::Interrupts;
use super::output::{self, Format};
use super::resolve::resolve;
use super::select::{Mistyped, duration};
use super::session::Session;
use super::{Exit, groups};
use crate::api::{Chat, GroupId, KeyInfo, Slug};
use crate::client::{Client, ErrorKind, Inference, InferenceOptions};
use crate::plan::{Change, Plan, run as engine};
use crate::{clock, config};
use answer::Answer;

/// What is said where no context names the data plane.
const NO_ADDRESS: &str = "the context does not say where its data plane is\nhint: repoint context add NAME --management-url … --inference-url … names it";
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
    /// The slug to call, or its last part
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
    max_tokens: Option<u32>,
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
    let chat = call.chat(session).await?;
    if call.dry_run {
        let url = address(session)?;
        session.out.value(&json!({ "method": "POST", "url": url, "body": chat.body() }))?;
        return Ok(Exit::Done);
    }
    address(session)?;
    // From here on, so that no key is left behind by a Ctrl-C.
    let mut interrupts = Interrupts::new()?;
    let (key, minted) = call.key(session).await?;
    let outcome = tokio::select! {
        outcome = call.send(session, key, &chat) => outcome,
        // Dropping the request stops it upstream; the key is revoked all the same.
        () = interrupts.next() => Ok(Exit::Interrupted),
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
    async fn chat(&self, session: &Session) -> anyhow::Result<Chat> {
        let prompt = self.prompt()?;
        // A whole slug is called as it stands: the data plane knows best whether there is one.
        let slug = if self.slug.contains('/') {
            Slug::from_wire(&self.slug)
        } else {
            resolve(&session.endpoints().await?, &self.slug)?.slug.clone()
        };
        Ok(Chat {
            system: self.system.clone(),
            tokens_max: self.max_tokens,
            is_streamed: self.stream,
            ..Chat::new(slug, prompt)
        })
    }

    fn prompt(&self) -> anyhow::Result<String> {
        match &self.prompt {
            Some(prompt) => Ok(prompt.clone()),
            None if std::io::stdin().is_terminal() => {
                Err(Mistyped("no prompt\nhint: give it as an argument, or on standard input".to_owned()).into())
            }
            None => {
                let mut text = String::new();
                std::io::stdin()
                    .take(PROMPT_BYTES_MAX)
                    .read_to_string(&mut text)
                    .context("cannot read the prompt from standard input")?;
                Ok(text)
            }
        }
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

    async fn send(&self, session: &Session, key: SecretString, chat: &Chat) -> anyhow::Result<Exit> {
        let options = session.inference(key).context(NO_ADDRESS)?;
        let inference = Inference::new(InferenceOptions { timeout: self.timeout, ..options })?;
        let shows_text = self.stream && session.out.format() == Format::Table;
        let show = |text: &str| if shows_text { session.out.write(text) } else { Ok(()) };
        let started = clock::instant();
        let answer = match inference.chat(chat).await {
            Ok(speech) => Answer::read(speech, started, self.stream, show).await?,
            Err(unanswered) => Answer::refused(unanswered, started),
        };
        match session.out.format() {
            Format::Table if shows_text && !answer.text.is_empty() => session.out.write("\n")?,
            Format::Table if shows_text || answer.text.is_empty() => {}
            Format::Table => session.out.write(&format!("{}\n", answer.text.trim_end()))?,
            Format::Json | Format::Yaml => session.out.value(&answer.value(chat.slug.as_str()))?,
        }
        session.out.say(&answer.summary());
        let Some(failure) = answer.failure else { return Ok(Exit::Done) };
        output::talk(&format!("error: {}", failure.message));
        if failure.kind == ErrorKind::Timeout {
            output::talk("hint: --timeout waits longer");
        } else if let Some(hint) = failure.hint {
            output::talk(&format!("hint: {hint}"));
        }
        Ok(Exit::Failed)
    }
}

/// Where the call goes.
fn address(session: &Session) -> anyhow::Result<String> {
    let url = session.inference_url().context(NO_ADDRESS)?.as_str().trim_end_matches('/');
    let url = url.strip_suffix("/v1").unwrap_or(url);
    Ok(format!("{url}/v1/chat/completions"))
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
