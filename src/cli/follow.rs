//! After the write: waits until it is in effect, and where that was asked for puts the old target back if it fails.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::interrupt::Interrupts;
use super::output::{self, Output};
use super::session::Session;
use crate::client::Client;
use crate::plan::follow::{self, Prober};
use crate::plan::outcome::{Progress, Proof, Report, Sighting};
use crate::plan::{Change, Plan, run};
use crate::tui::text::span;

/// Progress that waits to be shown. More would only be out of date.
const PROGRESS_MAX: usize = 256;

/// What is followed, and how.
pub(super) struct Follow<'a> {
    /// The client that wrote it.
    pub(super) client: &'a Client,
    /// What was written.
    pub(super) plan: &'a Plan,
    /// What became of it.
    pub(super) report: &'a Report,
    /// Gives up after this time.
    pub(super) timeout: Duration,
    /// True: the old targets come back where the new ones do not answer.
    pub(super) rolls_back: bool,
}

/// How following ended.
pub(super) struct Followed {
    /// What the exit status says of it.
    pub(super) exit: Exit,
    /// For each change what was seen of it last; `None` where it was not followed to an end.
    pub(super) ends: Vec<Option<Sighting>>,
    /// True where old targets were put back.
    pub(super) is_rolled_back: bool,
}

/// Waits until what was written is in effect, and says how that is known.
///
/// # Errors
/// The journal cannot be written, the probe key cannot be read, or an old target cannot be put back.
pub(super) async fn follow(session: &Session, what: &Follow<'_>) -> anyhow::Result<Followed> {
    let journal = session.journal()?;
    let prober = prober(session).await?;
    anyhow::ensure!(
        !what.rolls_back || prober.is_some(),
        "whether the new target answers cannot be seen: the context names no probe key and inference address"
    );
    let options = follow::Options { timeout: Some(what.timeout), prober, ..follow::Options::default() };
    let cancel = CancellationToken::new();
    let (sender, receiver) = mpsc::channel(PROGRESS_MAX);
    let following = async {
        let ends = follow::follow(what.client, journal, what.plan, what.report, &options, &cancel, &sender).await;
        drop(sender);
        ends
    };
    let following = async { anyhow::Ok(following.await?) };
    let (ends, ()) = tokio::try_join!(following, watch(session.out, what.plan, receiver, &cancel))?;
    for (change, end) in what.plan.changes().iter().zip(&ends) {
        if let Some(end) = end {
            session.out.say(&format!("{}: {}", change.name(), sentence(end)));
        }
    }
    let exit = exit(what.report, &ends, cancel.is_cancelled());
    if what.rolls_back && ends.iter().any(|end| matches!(end, Some(Sighting::ProbeFailed { .. }))) {
        let is_rolled_back = roll_back(session, what, &ends).await?;
        return Ok(Followed { exit: Exit::Failed, ends, is_rolled_back });
    }
    Ok(Followed { exit, ends, is_rolled_back: false })
}

/// Calls through the data plane, where the context names a key and an address for them.
pub(super) async fn prober(session: &Session) -> anyhow::Result<Option<Prober>> {
    let Some(key) = session.probe_key().await? else { return Ok(None) };
    let Some(options) = session.inference(key) else { return Ok(None) };
    Ok(Some(Prober::new(options)?))
}

/// Puts the old targets back. True where all of them are.
async fn roll_back(session: &Session, what: &Follow<'_>, ends: &[Option<Sighting>]) -> anyhow::Result<bool> {
    let (sender, mut receiver) = mpsc::channel(PROGRESS_MAX);
    let options = run::Options::new(session.author());
    let cancel = CancellationToken::new();
    let rolling = async {
        let journal = session.journal()?;
        let id = &what.report.id;
        let report = follow::roll_back(what.client, journal, id, ends, &options, &cancel, &sender).await;
        drop(sender);
        anyhow::Ok(report?)
    };
    let (report, ()) = tokio::join!(rolling, async { while receiver.recv().await.is_some() {} });
    let is_back = report?.is_some_and(|report| report.is_success());
    output::talk(if is_back {
        "the new target does not answer: the old one was put back"
    } else {
        "the new target does not answer, and the old one could not be put back"
    });
    Ok(is_back)
}

async fn watch(
    out: Output,
    plan: &Plan,
    mut progress: mpsc::Receiver<Progress>,
    cancel: &CancellationToken,
) -> anyhow::Result<()> {
    let mut interrupts = Interrupts::new()?;
    loop {
        let news = tokio::select! {
            news = progress.recv() => news,
            () = interrupts.next(), if !cancel.is_cancelled() => {
                out.progress_over();
                cancel.cancel();
                output::talk("not waiting any longer; what was written stays written");
                continue;
            }
        };
        match news {
            Some(Progress::Followed { index, sighting }) => {
                let name = plan.changes().get(index).map_or("", Change::name);
                out.progress(&format!("{name}: {}", sentence(&sighting)));
            }
            Some(Progress::Started(_) | Progress::Item { .. }) => {}
            None => break,
        }
    }
    out.progress_over();
    Ok(())
}

/// What was seen, in words.
#[must_use]
pub(super) fn sentence(sighting: &Sighting) -> String {
    match sighting {
        Sighting::Waiting { remaining_seconds: Some(seconds) } => {
            format!("waiting for the gateway, {seconds} s at most")
        }
        Sighting::Waiting { remaining_seconds: None } => "waiting for the gateway".to_owned(),
        Sighting::StillOld { target } => format!("still answered by {target}"),
        Sighting::ProbeFailed { reason } => format!("not serving: {reason}"),
        Sighting::InEffect { after_ms, proof } => {
            let how = match proof {
                Proof::SyncReport => "the gateway says so",
                Proof::Probe => "a call was answered by the new target",
                Proof::Interval => "by time: the sync interval has passed",
            };
            format!("in effect after {} ({how})", elapsed(Duration::from_millis(*after_ms)))
        }
        Sighting::GaveUp { after_ms } => {
            format!("not in effect after {}; given up", elapsed(Duration::from_millis(*after_ms)))
        }
    }
}

/// How long it took, to the millisecond where it was short.
pub(super) fn elapsed(after: Duration) -> String {
    if after < Duration::from_secs(1) { format!("{} ms", after.as_millis()) } else { span(after) }
}

fn exit(report: &Report, ends: &[Option<Sighting>], cancelled: bool) -> Exit {
    let is_open = |end: &Option<Sighting>| !matches!(end, Some(Sighting::InEffect { .. }));
    let written = report.outcomes.iter().zip(ends).filter(|(outcome, _)| outcome.may_have_written());
    let mut exit = Exit::Done;
    for (_, end) in written.filter(|(_, end)| is_open(end)) {
        match end {
            Some(Sighting::ProbeFailed { .. }) => return Exit::Failed,
            _ if cancelled => exit = Exit::Interrupted,
            Some(_) | None => exit = Exit::NotInTime,
        }
    }
    exit
}
