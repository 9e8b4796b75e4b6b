//! Running a plan while the server misbehaves: nothing is written twice, nothing is lost, and the result says exactly
//! what was done.

use std::time::Duration;

use http::Method;
use repoint::api::{Endpoint, Target};
use repoint::plan::history::Standing;
use repoint::plan::{Change, Outcome, Plan, Progress, Record, Step, Version};
use serde_json::json;

use super::server::Fate;
use super::{Bench, client, endpoint, new_target, repoint_all, slug, world};

fn outcomes(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Done(done) if done.settled_by_reading => "settled",
            Outcome::Done(_) => "done",
            Outcome::AlreadySo => "already so",
            Outcome::Conflict(_) => "conflict",
            Outcome::RenameRefused { .. } => "rename refused",
            Outcome::Failed(_) => "failed",
            Outcome::Unsettled(_) => "unsettled",
            Outcome::NotTried => "not tried",
        })
        .collect()
}

fn targets(endpoints: &[Endpoint]) -> Vec<String> {
    endpoints.iter().map(|endpoint| endpoint.targets[0].to_string()).collect()
}

#[tokio::test]
async fn a_repoint_is_one_guarded_patch_and_a_line_before_and_after() {
    let bench = Bench::new(world(1)).await;
    let (report, told) = bench.run_and_tell(&repoint_all(1)).await;
    assert_eq!(outcomes(&report.outcomes), ["done"]);
    assert_eq!(bench.server.writes(), ["PATCH /v1/gateway/endpoints/id00000"]);
    assert_eq!(
        bench.server.change(|world| world.bodies.clone()),
        [json!({ "targets": [{ "provider": "BASETEN", "model_id": "new", "environment_name": "staging" }] })]
    );
    let steps: Vec<_> = told
        .iter()
        .filter_map(|progress| match progress {
            Progress::Item { step, .. } => Some(step),
            Progress::Started(_) | Progress::Followed { .. } => None,
        })
        .collect();
    assert!(matches!(steps.as_slice(), [Step::Checking, Step::Writing, Step::Finished(Outcome::Done(_))]), "{steps:?}");
    let entry = bench.last_entry();
    assert_eq!(entry.standing(), Standing::Done);
    assert_eq!(entry.title, "re-point my-org/model-00000 to BASETEN new staging");
    assert!(entry.items[0].writing.is_some() && entry.items[0].done().unwrap().revision == Some(1));
}

#[tokio::test]
async fn somebody_elses_write_stops_the_plan_and_shows_three_versions() {
    let mut bench = Bench::new(world(3)).await;
    bench.options.parallel = 1;
    let plan = repoint_all(3);
    bench.server.change(|world| {
        world.endpoints[1].targets = vec![Target::baseten("theirs", None)];
        world.endpoints[1].updated_at = world.endpoints[1].updated_at.plus(Duration::from_secs(1));
    });
    let report = bench.run(&plan).await;
    assert_eq!(outcomes(&report.outcomes), ["done", "conflict", "not tried"]);
    assert_eq!(targets(&bench.server.endpoints()), ["BASETEN new staging", "BASETEN theirs", "BASETEN old"]);
    let Outcome::Conflict(conflict) = &report.outcomes[1] else { panic!("no conflict") };
    let row = conflict.rows().into_iter().find(|row| row.name == "target.model_id").unwrap();
    assert_eq!((row.base.as_str(), row.theirs.as_str(), row.mine.as_str()), ("old", "theirs", "new"));
    assert_eq!(bench.last_entry().standing(), Standing::Partly);

    let mine = conflict.write_mine.clone().unwrap();
    assert_eq!(outcomes(&bench.run(&Plan::from(*mine)).await.outcomes), ["done"]);
    assert_eq!(targets(&bench.server.endpoints())[1], "BASETEN new staging");
}

#[tokio::test]
async fn a_write_between_our_read_and_our_write_is_stopped_by_if_match() {
    let bench = Bench::new(world(1)).await;
    bench.server.script(|asked, world| {
        if asked.method == Method::PATCH {
            world.endpoints[0].targets = vec![Target::baseten("theirs", None)];
            world.endpoints[0].updated_at = world.endpoints[0].updated_at.plus(Duration::from_secs(1));
        }
        Fate::Handle
    });
    let report = bench.run(&repoint_all(1)).await;
    assert_eq!(outcomes(&report.outcomes), ["conflict"]);
    assert_eq!(targets(&bench.server.endpoints()), ["BASETEN theirs"]);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_a_conflict_for_a_repoint_and_done_for_a_delete() {
    let bench = Bench::new(world(0)).await;
    let report = bench.run(&repoint_all(1)).await;
    let Outcome::Conflict(conflict) = &report.outcomes[0] else { panic!("{report:?}") };
    assert_eq!(conflict.theirs, Version::Absent);
    let report = bench.run(&Plan::from(Change::delete(&endpoint(0)))).await;
    assert_eq!(outcomes(&report.outcomes), ["already so"]);
    assert_eq!(bench.server.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_item_stops_what_comes_after_and_the_rest_can_be_done_later() {
    let mut bench = Bench::new(world(600)).await;
    bench.server.script(|asked, _| {
        if asked.path.ends_with("id00499") && asked.method == Method::PATCH {
            return Fate::Refuse(
                400,
                r#"{"code":"VALIDATION_ERROR","message":"model_id new is not allowed here"}"#.into(),
            );
        }
        Fate::Handle
    });
    bench.options.parallel = 1;
    let report = bench.run(&repoint_all(600)).await;
    assert_eq!(report.written(), 499);
    assert!(matches!(&report.outcomes[499], Outcome::Failed(failure) if failure.message.contains("model_id new")));
    assert!(report.outcomes[500..].iter().all(|outcome| *outcome == Outcome::NotTried));
    assert_eq!(bench.server.writes().len(), 499);

    bench.server.script(|_, _| Fate::Handle);
    bench.options.parallel = 8;
    let report = bench.resume(&report.id).await;
    assert!(report.is_success(), "{:?}", outcomes(&report.outcomes));
    assert_eq!(bench.server.writes().len(), 600, "each was written once");
    assert_eq!(bench.last_entry().standing(), Standing::Done);
}

#[tokio::test]
async fn told_to_go_on_it_does_what_does_not_depend_on_the_failure() {
    let mut bench = Bench::new(world(5)).await;
    bench.options.keeps_going = true;
    bench.server.script(|asked, _| {
        let is_second = asked.path.ends_with("id00001") && asked.method == Method::PATCH;
        if is_second { Fate::Refuse(400, "no".into()) } else { Fate::Handle }
    });
    let report = bench.run(&repoint_all(5)).await;
    assert_eq!(outcomes(&report.outcomes), ["done", "failed", "done", "done", "done"]);
}

#[tokio::test]
async fn a_lost_answer_after_the_write_is_settled_by_reading() {
    let bench = Bench::new(world(3)).await;
    bench.server.script(|asked, _| if asked.method == Method::GET { Fate::Handle } else { Fate::CutAfter });
    let create = repoint::plan::EndpointContent::new(slug(9), new_target());
    let plan = Plan::new([
        Change::repoint(&endpoint(0), new_target()),
        Change::rename(&endpoint(1), slug(7)),
        Change::delete(&endpoint(2)),
        Change::create(create),
    ]);
    let report = bench.run(&plan).await;
    assert_eq!(outcomes(&report.outcomes), ["settled"; 4], "{report:?}");
    assert_eq!(bench.server.writes().len(), 4, "nothing was sent twice");
    assert!(matches!(&report.outcomes[2], Outcome::Done(done) if done.after == Record::Gone));
    assert_eq!(bench.last_entry().standing(), Standing::Done);
}

#[tokio::test]
async fn a_write_that_was_cut_before_it_was_done_is_said_to_be_not_done_and_not_sent_again() {
    let bench = Bench::new(world(1)).await;
    bench.server.script(|asked, _| if asked.method == Method::GET { Fate::Handle } else { Fate::CutBefore });
    let report = bench.run(&repoint_all(1)).await;
    assert_eq!(outcomes(&report.outcomes), ["failed"]);
    assert_eq!(bench.server.change(|world| world.bodies.len()), 1, "it was sent once");
    assert_eq!(bench.last_entry().standing(), Standing::NotDone);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_settled_even_where_the_write_itself_was_late() {
    let mut bench = Bench::new(world(1)).await;
    let mut options =
        repoint::client::Options::new(bench.server.url.clone(), secrecy::SecretString::from("canary-management-key"));
    options.call_timeout = Duration::from_millis(200);
    bench.client = repoint::client::Client::new(options).unwrap();
    let mut reads = 0;
    bench.server.script(move |asked, world| {
        if asked.method == Method::PATCH {
            return Fate::HangBefore;
        }
        reads += 1;
        // The guard's read, one that shows nothing yet, and then the write gets through at last.
        if reads == 3 {
            world.endpoints[0].targets = vec![new_target()];
            world.endpoints[0].updated_at = world.endpoints[0].updated_at.plus(Duration::from_secs(1));
        }
        Fate::Handle
    });
    let report = bench.run(&repoint_all(1)).await;
    assert_eq!(outcomes(&report.outcomes), ["settled"]);
    assert_eq!(bench.server.change(|world| world.bodies.len()), 1);
}

#[tokio::test]
async fn a_write_that_cannot_be_settled_says_so() {
    let bench = Bench::new(world(1)).await;
    let mut is_away = false;
    bench.server.script(move |asked, _| {
        is_away |= asked.method == Method::PATCH;
        if is_away { Fate::CutAfter } else { Fate::Handle }
    });
    let report = bench.run(&repoint_all(1)).await;
    assert_eq!(outcomes(&report.outcomes), ["unsettled"]);
    assert!(bench.last_entry().items[0].is_in_doubt());

    bench.server.script(|_, _| Fate::Handle);
    let report = bench.resume(&report.id).await;
    assert_eq!(outcomes(&report.outcomes), ["settled"]);
    assert_eq!(bench.server.writes().len(), 1);
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_is_taken_up_where_it_stopped() {
    let mut bench = Bench::new(world(20)).await;
    bench.options.parallel = 3;
    let world = bench.server.world.clone();
    let stop = bench.server.stopper();
    bench.server.script(move |asked, _| {
        if asked.write == 10 {
            stop.cancel();
            return Fate::CutAfter;
        }
        Fate::Handle
    });
    let report = bench.run(&repoint_all(20)).await;
    let written = world.lock().unwrap().writes.len();
    assert!((10..13).contains(&written), "{written} were written");
    let sure = report.written();
    let doubtful = report.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Unsettled(_))).count();
    assert!(sure <= written && written <= sure + doubtful, "{sure} sure, {doubtful} in doubt, {written} written");

    bench.restart_server().await;
    let report = bench.resume(&report.id).await;
    assert!(report.is_success(), "{:?}", outcomes(&report.outcomes));
    assert!(targets(&bench.server.endpoints()).iter().all(|target| target == "BASETEN new staging"));
    assert_eq!(bench.server.writes().len(), 20, "nothing was written twice");
}

#[tokio::test]
async fn a_429_is_waited_out_and_told() {
    let mut bench = Bench::new(world(1)).await;
    let mut refusals = 0;
    bench.server.script(move |asked, _| {
        if asked.method == Method::PATCH && refusals < 5 {
            refusals += 1;
            return Fate::Refuse(429, r#"{"error":"Rate limit exceeded.","retry_after":0}"#.into());
        }
        Fate::Handle
    });
    bench.client = client(&bench.server);
    let (report, told) = bench.run_and_tell(&repoint_all(1)).await;
    assert_eq!(outcomes(&report.outcomes), ["done"]);
    assert!(told.iter().any(|progress| matches!(progress, Progress::Item { step: Step::Waiting(_), .. })), "{told:?}");
    assert_eq!(bench.server.writes().len(), 1);
}

#[tokio::test]
async fn a_server_that_keeps_the_slug_is_caught_and_nothing_else_is_written() {
    let mut fixed = world(1);
    fixed.slugs_are_fixed = true;
    let bench = Bench::new(fixed).await;
    let plan = Plan::new([Change::edit(&endpoint(0), Some(slug(7)), Some(new_target()))]);
    let report = bench.run(&plan).await;
    assert_eq!(outcomes(&report.outcomes), ["rename refused", "not tried"]);
    assert_eq!(bench.server.change(|world| world.bodies.clone()), [json!({ "slug": "my-org/model-00007" })]);
    assert_eq!(targets(&bench.server.endpoints()), ["BASETEN old"]);
}

#[tokio::test]
async fn an_edit_renames_first_and_its_second_write_knows_the_first() {
    let bench = Bench::new(world(1)).await;
    let plan = Plan::new([Change::edit(&endpoint(0), Some(slug(7)), Some(new_target()))]);
    assert_eq!(plan.title(), "update my-org/model-00000 to my-org/model-00007, routed to BASETEN new staging");
    let report = bench.run(&plan).await;
    assert_eq!(outcomes(&report.outcomes), ["done", "done"]);
    let endpoints = bench.server.endpoints();
    assert_eq!((endpoints[0].slug.clone(), targets(&endpoints)[0].as_str()), (slug(7), "BASETEN new staging"));
}

#[tokio::test]
async fn names_can_be_swapped() {
    let bench = Bench::new(world(2)).await;
    let plan = Plan::new([Change::rename(&endpoint(0), slug(1)), Change::rename(&endpoint(1), slug(0))]);
    let report = bench.run(&plan).await;
    assert!(report.is_success(), "{report:?}");
    let slugs: Vec<_> = bench.server.endpoints().into_iter().map(|endpoint| endpoint.slug).collect();
    assert_eq!(slugs, [slug(1), slug(0)]);
}

#[tokio::test]
async fn cancelling_stops_between_items() {
    let mut bench = Bench::new(world(10)).await;
    bench.options.parallel = 1;
    let cancel = bench.cancel.clone();
    bench.server.script(move |asked, _| {
        if asked.write == 4 {
            cancel.cancel();
        }
        Fate::Handle
    });
    let report = bench.run(&repoint_all(10)).await;
    assert!(report.cancelled);
    assert_eq!(report.written(), 4, "the one under way was finished");
    assert_eq!(bench.server.writes().len(), 4);
    assert!(bench.last_entry().cancelled);
}

#[tokio::test]
async fn a_minted_key_is_in_the_report_and_nowhere_else() {
    let mut start = world(1);
    start
        .create_group(
            &serde_json::to_vec(&json!({ "metadata": { "external_entity_id": "cust", "name": null },
        "models": [{ "slug": slug(0) }] }))
            .unwrap(),
        )
        .unwrap();
    let bench = Bench::new(start).await;
    let group = bench.server.change(|world| world.groups[0].id.clone());
    let plan = Plan::from(Change::MintKey { group, name: Some("ci".to_owned()) });
    let (report, told) = bench.run_and_tell(&plan).await;
    assert!(report.keys[0].1.api_key.ends_with("canary-secret"));
    let file = std::fs::read_to_string(bench.journal.folder().join("history.jsonl")).unwrap();
    assert!(file.contains("sky_") && !file.contains("canary"), "{file}");
    assert!(!format!("{report:?}{told:?}").contains("canary"));
}

#[tokio::test]
async fn a_server_of_others_is_sent_no_if_match_and_guarded_all_the_same() {
    let mut hosted = world(1);
    hosted.if_match_is_known = false;
    let bench = Bench::new(hosted).await;
    assert!(bench.run(&repoint_all(1)).await.is_success());
    let again = bench.run(&repoint_all(1)).await;
    assert_eq!(outcomes(&again.outcomes), ["already so"]);
    assert_eq!(bench.server.writes().len(), 1);
}
