//! A program that is killed at any point leaves a journal from which another goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use repoint::plan::{Change, EndpointContent, Plan, run as engine};
use tokio::sync::mpsc;

use super::server::Fate;
use super::{Bench, endpoint, new_target, slug, world};

/// Something of each kind: an edit is two writes, a delete frees what a create takes.
fn plan() -> Plan {
    Plan::new([
        Change::repoint(&endpoint(0), new_target()),
        Change::edit(&endpoint(1), Some(slug(11)), Some(new_target())),
        Change::delete(&endpoint(2)),
        Change::create(EndpointContent::new(slug(2), new_target())),
        Change::rename(&endpoint(3), slug(13)),
    ])
}

fn contents(bench: &Bench) -> Vec<(String, String)> {
    let mut contents: Vec<_> = bench
        .server
        .endpoints()
        .into_iter()
        .map(|endpoint| (endpoint.slug.to_string(), endpoint.targets[0].to_string()))
        .collect();
    contents.sort();
    contents
}

/// Runs the plan until request number `kill_at` hangs, drops it there, and goes on from the journal.
/// Answers false where the plan was over before.
async fn kill_and_go_on(kill_at: usize, is_done: bool, parallel: usize) -> bool {
    let mut bench = Bench::new(world(4)).await;
    bench.options.parallel = parallel;
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    bench.server.script(move |_, _| {
        if counter.fetch_add(1, Ordering::SeqCst) + 1 < kill_at {
            Fate::Handle
        } else if is_done {
            Fate::HangAfter
        } else {
            Fate::HangBefore
        }
    });
    let (sender, mut receiver) = mpsc::channel(1024);
    let plan = plan();
    let was_killed = tokio::select! {
        report = engine::run(&bench.client, &bench.journal, &plan, &bench.options, &bench.cancel, &sender) => {
            assert!(report.unwrap().is_success());
            false
        }
        () = bench.server.hangs() => true,
    };
    receiver.close();
    bench.restart_server().await;
    bench.server.script(|_, _| Fate::Handle);
    if was_killed {
        let open = bench.interrupted().await;
        let report = bench.resume(&open.id).await;
        assert!(report.is_success(), "killed at {kill_at}, done {is_done}: {report:?}");
    }
    let expected = [(0, "my-org/model-00000"), (1, "my-org/model-00002"), (2, "my-org/model-00011")]
        .map(|(_, slug)| (slug.to_owned(), "BASETEN new staging".to_owned()));
    let mut expected = expected.to_vec();
    expected.push(("my-org/model-00013".to_owned(), "BASETEN old".to_owned()));
    assert_eq!(contents(&bench), expected, "killed at {kill_at}, done {is_done}");
    assert_eq!(bench.server.writes().len(), 6, "killed at {kill_at}, done {is_done}: nothing was written twice");
    assert!(bench.journal.interrupted().unwrap().is_empty());
    was_killed
}

#[tokio::test]
async fn a_kill_at_any_request_loses_nothing_and_doubles_nothing() {
    let mut kill_at = 1;
    while kill_and_go_on(kill_at, false, 1).await {
        assert!(kill_and_go_on(kill_at, true, 1).await);
        kill_at += 1;
    }
    assert!(kill_at > 10, "only {kill_at} requests were made");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_kill_among_parallel_writes_loses_nothing_and_doubles_nothing(
        kill_at in 1_usize..14, is_done: bool, parallel in 2_usize..5,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(kill_and_go_on(kill_at, is_done, parallel));
    }
}
