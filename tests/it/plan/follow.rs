//! Following what was written until it is in effect, and putting the old target back.

use std::time::Duration;

use repoint::client::InferenceOptions;
use repoint::plan::follow::{self, Options, Prober};
use repoint::plan::history::Standing;
use repoint::plan::{Progress, Proof, Report, Sighting};
use secrecy::SecretString;
use tokio::sync::mpsc;

use super::server::Fate;
use super::{Bench, repoint_all, world};

const OLD: &str = "id00000 BASETEN old/production 0";
const NEW: &str = "id00000 BASETEN new/staging 1";

async fn follow(bench: &Bench, report: &Report, options: &Options) -> (Option<Sighting>, Vec<Sighting>) {
    let (sender, mut receiver) = mpsc::channel(64);
    let plan = bench.last_entry().plan();
    let ends =
        follow::follow(&bench.client, &bench.journal, &plan, report, options, &bench.cancel, &sender).await.unwrap();
    drop(sender);
    let mut told = Vec::new();
    while let Some(progress) = receiver.recv().await {
        if let Progress::Followed { sighting, .. } = progress {
            told.push(sighting);
        }
    }
    (ends.into_iter().next().unwrap(), told)
}

fn probing(bench: &Bench) -> Options {
    let key = SecretString::from("canary-federated-key");
    let prober = Prober::new(InferenceOptions::new(bench.server.url.clone(), key)).unwrap();
    Options { prober: Some(prober), probe_pause: Duration::from_millis(1), ..Options::default() }
}

fn proof(sighting: Option<&Sighting>) -> Option<Proof> {
    match sighting {
        Some(Sighting::InEffect { proof, .. }) => Some(*proof),
        _ => None,
    }
}

#[tokio::test]
async fn the_sync_report_proves_it_and_the_journal_knows_how_long_it_took() {
    let mut start = world(1);
    start.has_report = true;
    let bench = Bench::new(start).await;
    let report = bench.run(&repoint_all(1)).await;
    let mut looks = 0;
    bench.server.script(move |asked, world| {
        if asked.path == "/repoint/v1/sync" {
            looks += 1;
            world.applied_revision = if looks > 2 { world.revision } else { 0 };
        }
        Fate::Handle
    });
    let (end, told) = follow(&bench, &report, &Options::default()).await;
    assert_eq!(proof(end.as_ref()), Some(Proof::SyncReport), "{told:?}");
    assert!(matches!(told[0], Sighting::Waiting { .. }), "{told:?}");
    assert!(bench.last_entry().in_effect_after().is_some());
}

#[tokio::test]
async fn without_report_and_probe_the_interval_decides() {
    let bench = Bench::new(world(1)).await;
    let report = bench.run(&repoint_all(1)).await;
    let options = Options { interval: Duration::ZERO, ..Options::default() };
    assert_eq!(proof(follow(&bench, &report, &options).await.0.as_ref()), Some(Proof::Interval));
}

#[tokio::test]
async fn a_probe_sees_the_old_target_go_and_the_new_one_come() {
    let bench = Bench::new(world(1)).await;
    let report = bench.run(&repoint_all(1)).await;
    let mut probes = 0;
    bench.server.script(move |asked, world| {
        if asked.path == "/v1/chat/completions" {
            probes += 1;
            world.inference = (200, if probes > 2 { NEW } else { OLD }.to_owned());
        }
        Fate::Handle
    });
    let (end, told) = follow(&bench, &report, &probing(&bench)).await;
    assert_eq!(proof(end.as_ref()), Some(Proof::Probe), "{told:?}");
    assert_eq!(told[0], Sighting::StillOld { target: "BASETEN old/production".to_owned() });
    assert_eq!(told.len(), 2, "the same sight is told once");
    let file = std::fs::read_to_string(bench.journal.folder().join("history.jsonl")).unwrap();
    assert!(!file.contains("canary") && !format!("{:?}", probing(&bench)).contains("canary"));
}

#[tokio::test]
async fn a_probe_that_fails_puts_the_old_target_back() {
    let mut start = world(2);
    start.has_report = true;
    start.inference = (502, NEW.to_owned());
    let bench = Bench::new(start).await;
    let report = bench.run(&repoint_all(1)).await;
    bench.server.change(|world| world.applied_revision = 1);
    let (end, _) = follow(&bench, &report, &probing(&bench)).await;
    let Some(Sighting::ProbeFailed { reason }) = &end else { panic!("{end:?}") };
    assert!(reason.contains("502") && reason.contains("no upstream"), "{reason}");

    let (sender, _receiver) = mpsc::channel(64);
    let ends = [end];
    let back =
        follow::roll_back(&bench.client, &bench.journal, &report.id, &ends, &bench.options, &bench.cancel, &sender);
    assert!(back.await.unwrap().unwrap().is_success());
    assert_eq!(bench.server.endpoints()[0].targets, super::endpoint(0).targets);
    let entries = bench.entries();
    assert_eq!(entries[0].standing(), Standing::Undone);
    assert_eq!(entries[1].undoes.as_ref(), Some(&entries[0].id));
}

#[tokio::test]
async fn nothing_is_put_back_over_somebody_elses_write() {
    let bench = Bench::new(world(1)).await;
    let report = bench.run(&repoint_all(1)).await;
    bench.server.change(|world| {
        world.endpoints[0].targets = vec![repoint::api::Target::baseten("theirs", None)];
        world.endpoints[0].updated_at = world.endpoints[0].updated_at.plus(Duration::from_secs(1));
    });
    let (sender, _receiver) = mpsc::channel(64);
    let ends = [Some(Sighting::ProbeFailed { reason: "502".to_owned() })];
    let back =
        follow::roll_back(&bench.client, &bench.journal, &report.id, &ends, &bench.options, &bench.cancel, &sender);
    assert!(back.await.unwrap_err().to_string().contains("somebody changed the endpoint since"));
    assert_eq!(bench.server.writes().len(), 1);
}

#[tokio::test]
async fn it_gives_up_after_the_time_that_was_set() {
    let mut start = world(1);
    start.has_report = true;
    let bench = Bench::new(start).await;
    let report = bench.run(&repoint_all(1)).await;
    let options = Options { timeout: Some(Duration::from_millis(1)), ..Options::default() };
    assert!(matches!(follow(&bench, &report, &options).await.0, Some(Sighting::GaveUp { .. })));
}
