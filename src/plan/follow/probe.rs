//! A tiny call through the data plane, with a key that the context names for that.

use std::time::Duration;

use crate::api::{Chat, Slug, Target};
use crate::client::{ClientError, ErrorKind, Inference, InferenceOptions, Unanswered};
use crate::plan::change::Change;
use crate::plan::outcome::Done;
use crate::sync::{ProbeResult, told_by_header};

/// How long an answer may take. A cold start takes longer and counts as a failure: it does not serve yet.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// How the gateway's own refusals of a key or a slug begin. Those of a target are passed on as they are.
const OWN_REFUSAL: &str = "please check the ";

/// Calls slugs through the data plane. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Prober {
    inference: Inference,
}

impl Prober {
    /// One that calls this address with this key. How long a call may take is its own.
    ///
    /// # Errors
    /// An address that the key must not be sent to, or a key that no header can carry.
    pub fn new(options: InferenceOptions) -> Result<Self, ClientError> {
        Ok(Self { inference: Inference::new(InferenceOptions { timeout: PROBE_TIMEOUT, ..options })? })
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
        match self.send(slug).await {
            Ok(target) => told_by_header(target.as_deref(), wanted, revision),
            Err(refused) if is_about_the_key(&refused) => ProbeResult::Untold,
            Err(Unanswered { target, error, .. }) => match told_by_header(target.as_deref(), wanted, revision) {
                told @ ProbeResult::Old { .. } => told,
                ProbeResult::New | ProbeResult::Untold | ProbeResult::Failed { .. } => {
                    ProbeResult::Failed { reason: error.message }
                }
            },
        }
    }

    async fn is_gone(&self, slug: &Slug) -> ProbeResult {
        match self.send(slug).await {
            Err(Unanswered { status: Some(404), .. }) => ProbeResult::New,
            Err(Unanswered { status: None, error, .. }) => ProbeResult::Failed { reason: error.message },
            Ok(_) | Err(_) => ProbeResult::Old { target: "the deleted endpoint".to_owned() },
        }
    }

    /// Asks for one token, and hangs up once it is told who answers.
    async fn send(&self, slug: &Slug) -> Result<Option<String>, Unanswered> {
        let chat = Chat { tokens_max: Some(1), ..Chat::new(slug.clone(), "ping") };
        Ok(self.inference.chat(&chat).await?.target)
    }
}

/// True where the gateway itself refused the probe's key, its grants or its limits: no target was asked, and no old one
/// must be put back for that. A slug that was just created is granted to nobody yet.
fn is_about_the_key(refused: &Unanswered) -> bool {
    let is_own = match refused.error.kind {
        ErrorKind::RateLimited { .. } => true,
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::NotFound => {
            refused.error.message.starts_with(OWN_REFUSAL)
        }
        _ => false,
    };
    is_own && refused.target.is_none()
}
