//! The way back: undo and redo, also after a restart, and refused where somebody has written since.

use std::time::Duration;

use proptest::prelude::*;
use repoint::api::Target;
use repoint::plan::history::{Entry, Standing};
use repoint::plan::{Change, EndpointContent, Journal, Plan, Report, run as engine, survey, undo};
use tokio::sync::mpsc;

use super::{Bench, endpoint, new_target, repoint_all, slug, world};

async fn undo_entry(bench: &Bench, entry: &Entry) -> Result<Report, undo::Refusal> {
    let current = survey::current(&bench.client, &undo::needs(entry)).await.unwrap();
    let plan = undo::plan(entry, &current)?;
    let options = engine::Options { undoes: Some(entry.id.clone()), ..bench.options.clone() };
    let (sender, _receiver) = mpsc::channel(16);
    Ok(engine::run(&bench.client, &bench.journal, &plan, &options, &bench.cancel, &sender).await.unwrap())
}

fn contents(bench: &Bench) -> Vec<EndpointContent> {
    let mut contents: Vec<EndpointContent> = bench.server.endpoints().iter().map(EndpointContent::from).collect();
    contents.sort_by(|a, b| a.slug.cmp(&b.slug));
    contents
}

#[tokio::test]
async fn undo_and_redo_work_from_the_journal_alone() {
    let mut bench = Bench::new(world(2)).await;
    bench.run(&repoint_all(2)).await;
    let folder = bench.journal.folder().to_owned();
    // Another program, later: it has nothing but the file.
    bench.journal = Journal::open(folder, repoint::plan::journal::Bounds::default()).unwrap();
    let before = bench.last_entry();
    assert!(undo_entry(&bench, &before).await.unwrap().is_success());
    assert_eq!(bench.server.endpoints()[0].targets, endpoint(0).targets);
    let entries = bench.entries();
    assert_eq!(entries[0].standing(), Standing::Undone);
    assert_eq!(entries[0].undone_by.as_ref(), Some(&entries[1].id));

    assert!(undo_entry(&bench, &entries[1]).await.unwrap().is_success(), "redo is the undo of the undo");
    assert_eq!(bench.server.endpoints()[0].targets, [new_target()]);
    let entries = bench.entries();
    assert_eq!((entries[0].standing(), entries[1].standing()), (Standing::Done, Standing::Undone));
}

#[tokio::test]
async fn undo_is_refused_with_the_reason_where_the_server_has_moved_on() {
    let bench = Bench::new(world(1)).await;
    bench.run(&repoint_all(1)).await;
    bench.server.change(|world| {
        world.endpoints[0].targets = vec![Target::baseten("theirs", None)];
        world.endpoints[0].updated_at = world.endpoints[0].updated_at.plus(Duration::from_secs(1));
    });
    let refusal = undo_entry(&bench, &bench.last_entry()).await.unwrap_err();
    assert!(refusal.to_string().contains("somebody changed the endpoint since"), "{refusal}");
    bench.server.change(|world| world.endpoints.clear());
    let refusal = undo_entry(&bench, &bench.last_entry()).await.unwrap_err();
    assert!(refusal.to_string().contains("the endpoint is gone since"), "{refusal}");
    assert_eq!(bench.server.writes().len(), 1);
}

#[tokio::test]
async fn what_was_undone_is_not_undone_again() {
    let bench = Bench::new(world(1)).await;
    bench.run(&repoint_all(1)).await;
    undo_entry(&bench, &bench.last_entry()).await.unwrap();
    let first = bench.entries().remove(0);
    let refusal = undo_entry(&bench, &first).await.unwrap_err();
    assert!(refusal.to_string().contains("undone already"), "{refusal}");
}

#[tokio::test]
async fn a_key_that_came_and_went_is_passed_by() {
    let mut start = world(1);
    let group = serde_json::json!({ "metadata": { "external_entity_id": "cust", "name": null }, "models": [{ "slug": slug(0) }] });
    start.create_group(group.to_string().as_bytes()).unwrap();
    let bench = Bench::new(start).await;
    let group = bench.server.change(|world| world.groups[0].id.clone());
    bench.run(&repoint_all(1)).await;
    let mint = Plan::from(Change::MintKey { group: group.clone(), name: None });
    let minted = bench.run(&mint).await;
    let server = bench.server.url.as_str();
    let last = |entries: &[Entry]| undo::last(entries, server).map(|entry| entry.title.clone()).unwrap();
    assert!(last(&bench.entries()).starts_with("mint"), "its way back is to revoke it");
    let key = &minted.keys[0].1;
    let key = repoint::api::KeyInfo { prefix: key.prefix.clone(), name: None };
    assert!(bench.run(&Plan::from(Change::RevokeKey { group, key })).await.is_success());
    assert!(last(&bench.entries()).starts_with("re-point"), "{}", last(&bench.entries()));
    let entries = bench.entries();
    undo_entry(&bench, undo::last(&entries, server).unwrap()).await.unwrap();
    bench.run(&mint).await;
    assert!(undo::last_undo(&bench.entries(), server).is_none(), "something was written since");
}

/// What a person may do to five endpoints.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let one = (0_usize..5, 0_u8..5, 0_usize..8).prop_map(|(which, kind, other)| {
        let endpoint = endpoint(which);
        match kind {
            0 => Change::repoint(&endpoint, Target::baseten(format!("m{other}"), None)),
            1 => Change::rename(&endpoint, slug(20 + other)),
            2 => Change::edit(&endpoint, Some(slug(30 + which)), Some(Target::baseten(format!("m{other}"), None))),
            3 => Change::delete(&endpoint),
            _ => Change::create(EndpointContent::new(slug(40 + other), new_target())),
        }
    });
    prop::collection::vec(one, 1..6).prop_map(|changes| {
        let mut subjects = std::collections::HashSet::new();
        let mut slugs = std::collections::HashSet::new();
        changes
            .into_iter()
            .filter(|change| subjects.insert(change.subject()))
            .filter(|change| match change {
                Change::UpdateEndpoint { after, .. } | Change::CreateEndpoint { after } => {
                    slugs.insert(after.slug.clone())
                }
                _ => true,
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn undo_of_what_was_applied_is_what_was_before(changes in changes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new(world(5)).await;
            let before = contents(&bench);
            let plan = Plan::new(changes);
            let report = bench.run(&plan).await;
            assert!(report.is_success(), "{report:?}");
            let entry = bench.last_entry();
            let undone = undo_entry(&bench, &entry).await.unwrap();
            assert!(undone.is_success(), "{undone:?}");
            assert_eq!(contents(&bench), before);
        });
    }
}
