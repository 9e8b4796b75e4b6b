//! Calls slugs through the data plane and hands on what they answer. A key that is minted for it goes through a plan
//! and the journal like every write, and is revoked whatever happened between.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::server::{Messages, tell};
use super::start::ProbeKey;
use super::write;
use crate::api::{Chat, GroupId, KeyInfo, Slug};
use crate::client::{Client, Inference, InferenceOptions, Piece, Speech};
use crate::clock;
use crate::plan::history::Author;
use crate::plan::{Change, Outcome, Report};
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::message::Message;
use crate::tui::trial::{Head, Trial, TrialEvent, TrialKey};

/// What a minted key is called.
const KEY_NAME: &str = "repoint try it";
/// Text that comes within this time is handed on together: more often nobody can read it.
const GATHER: Duration = Duration::from_millis(33);

/// What is tried.
pub(super) struct Job {
    /// Carried by all that is told about it.
    pub(super) ticket: Ticket,
    /// For minting and revoking.
    pub(super) client: Client,
    /// What is asked of whom.
    pub(super) trial: Trial,
    /// The context's own key.
    pub(super) probe_key: Option<ProbeKey>,
    /// Where the journal is.
    pub(super) journal: PathBuf,
    /// Who does it, for the journal.
    pub(super) author: Author,
}

/// A key that was minted for this.
struct Minted {
    group: GroupId,
    info: KeyInfo,
}

/// Tries it. Returns when the last connection is closed and a minted key is revoked, also after a cancel.
pub(super) async fn run(job: Job, cancel: CancellationToken, messages: Messages) {
    let teller = Teller { ticket: job.ticket, messages };
    let failure = try_it(&job, &cancel, &teller).await.err();
    teller.tell(TrialEvent::Ended(failure));
}

async fn try_it(job: &Job, cancel: &CancellationToken, teller: &Teller) -> Result<(), Failure> {
    let url = Url::parse(&job.trial.inference_url)
        .map_err(|error| Failure::new(FailureKind::Invalid, format!("the inference address is none: {error}")))?;
    let (key, minted) = key(job, teller).await?;
    let calling = async {
        let mut options = InferenceOptions::new(url, key);
        options.extra_certificates = job.client.extra_certificates();
        let inference = Inference::new(options)?;
        let calls = job.trial.slugs.iter().enumerate();
        join_all(calls.map(|(place, slug)| call(&inference, place, slug, &job.trial.prompt, teller))).await;
        Ok(())
    };
    let called = tokio::select! {
        called = calling => called,
        // What was asked for is dropped, so its connections close, and the models stop.
        () = cancel.cancelled() => Ok(()),
    };
    if let Some(minted) = minted {
        let prefix = minted.info.prefix.clone();
        let failure = revoke(job, minted).await.err();
        teller.tell(TrialEvent::Revoked { prefix, failure });
    }
    called
}

async fn key(job: &Job, teller: &Teller) -> Result<(SecretString, Option<Minted>), Failure> {
    match &job.trial.key {
        TrialKey::Typed(key) => Ok((key.0.clone(), None)),
        TrialKey::Context => {
            let missing = || Failure::new(FailureKind::Other, "the context names no key for the data plane");
            let read = job.probe_key.clone().ok_or_else(missing)?;
            let key = tokio::task::spawn_blocking(move || read()).await;
            let key = key.map_err(|_| Failure::new(FailureKind::Other, "the context's probe key could not be read"))?;
            Ok((key?, None))
        }
        TrialKey::Minted(group) => {
            let change = Change::MintKey { group: group.clone(), name: Some(KEY_NAME.to_owned()) };
            // Never cancelled: a key whose minting nobody waited for would be left behind.
            let report = plan(job, change).await?;
            let Some((_, key)) = report.keys.into_iter().next() else {
                return Err(unwritten("no key could be minted", &report.outcomes));
            };
            teller.tell(TrialEvent::Minted(key.prefix.clone()));
            let info = KeyInfo { prefix: key.prefix, name: key.name };
            Ok((key.api_key.into(), Some(Minted { group: group.clone(), info })))
        }
    }
}

async fn revoke(job: &Job, minted: Minted) -> Result<(), Failure> {
    let report = plan(job, Change::RevokeKey { group: minted.group, key: minted.info }).await?;
    if report.is_success() { Ok(()) } else { Err(unwritten("it could not be revoked", &report.outcomes)) }
}

async fn plan(job: &Job, change: Change) -> Result<Report, Failure> {
    let job = write::Job {
        ticket: job.ticket,
        client: job.client.clone(),
        what: write::What { plan: change.into(), undoes: None, follow: None },
        journal: job.journal.clone(),
        author: job.author.clone(),
    };
    // Nobody watches a plan of one change.
    let (unwatched, _) = mpsc::channel(1);
    let (_, report) = write::run_plan(&job, &CancellationToken::new(), &unwatched).await?;
    Ok(report)
}

fn unwritten(what: &str, outcomes: &[Outcome]) -> Failure {
    match outcomes.first() {
        Some(Outcome::Failed(failure) | Outcome::Unsettled(failure)) => Failure {
            hint: failure.hint.clone(),
            ..Failure::new(FailureKind::Other, format!("{what}: {}", failure.message))
        },
        _ => Failure::new(FailureKind::Other, what),
    }
}

async fn call(inference: &Inference, place: usize, slug: &Slug, prompt: &str, teller: &Teller) {
    let started = clock::instant();
    let since = || clock::instant().saturating_duration_since(started);
    let chat = Chat { is_streamed: true, ..Chat::new(slug.clone(), prompt) };
    match inference.chat(&chat).await {
        Ok(mut speech) => {
            let head = Head {
                status: Some(speech.status),
                target: speech.target.clone(),
                request_id: speech.request_id.clone(),
            };
            teller.tell(TrialEvent::Began { place, head });
            let failed = relay(&mut speech, place, &since, teller).await.err();
            teller.tell(match failed {
                None => TrialEvent::Over { place, after: since() },
                Some(failure) => TrialEvent::Failed { place, head: None, after: since(), failure },
            });
        }
        Err(unanswered) => {
            let head = Head { status: unanswered.status, target: unanswered.target, request_id: unanswered.request_id };
            let failure = unanswered.error.into();
            teller.tell(TrialEvent::Failed { place, head: Some(head), after: since(), failure });
        }
    }
}

/// Hands the text on, the first piece at once and further ones gathered.
async fn relay(
    speech: &mut Speech,
    place: usize,
    since: &impl Fn() -> Duration,
    teller: &Teller,
) -> Result<(), Failure> {
    let mut gathered = String::new();
    let mut until = None;
    loop {
        let piece = tokio::select! {
            piece = speech.next() => Some(piece),
            () = ripe(until) => None,
        };
        let flush = |text: &mut String| {
            if !text.is_empty() {
                teller.tell(TrialEvent::Text { place, text: std::mem::take(text), after: since() });
            }
        };
        match piece {
            None => {
                flush(&mut gathered);
                until = None;
            }
            Some(Ok(Some(Piece::Text(text)))) => {
                gathered.push_str(&text);
                if until.is_none() {
                    flush(&mut gathered);
                    until = Some(clock::instant() + GATHER);
                }
            }
            Some(Ok(Some(Piece::Usage { input, output }))) => {
                teller.tell(TrialEvent::Usage { place, input, output });
            }
            Some(Ok(None)) => {
                flush(&mut gathered);
                return Ok(());
            }
            Some(Err(error)) => {
                flush(&mut gathered);
                return Err(error.into());
            }
        }
    }
}

async fn ripe(until: Option<std::time::Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

struct Teller {
    ticket: Ticket,
    messages: Messages,
}

impl Teller {
    fn tell(&self, event: TrialEvent) {
        tell(&self.messages, Message::Tried { ticket: self.ticket, event });
    }
}
