//! Pages: complete, ordered and free of repeats, also while others write.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use repoint::api::{Endpoint, EndpointId, Page};
use repoint::gateway::Seed;
use serde_json::json;

use crate::support::gateway::TestGateway;

const PATH: &str = "/v1/gateway/endpoints";

async fn page(gateway: &TestGateway, limit: usize, cursor: Option<&str>) -> Page<Endpoint> {
    let cursor = cursor.map_or(String::new(), |cursor| format!("&cursor={cursor}"));
    gateway.get(&format!("{PATH}?limit={limit}{cursor}")).await.body()
}

/// Something that is done to the list between two of its pages.
#[derive(Debug, Clone)]
enum Step {
    Create,
    Delete(prop::sample::Index),
    Rename(prop::sample::Index),
    NextPage,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::Create),
        2 => any::<prop::sample::Index>().prop_map(Step::Delete),
        1 => any::<prop::sample::Index>().prop_map(Step::Rename),
        4 => Just(Step::NextPage),
    ];
    prop::collection::vec(step, 1..40)
}

/// Walks a list of `start` rows in pages of `limit` while the steps are done, and compares with a plain list.
async fn walk(start: usize, limit: usize, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let gateway = TestGateway::with(|options| options.seed = Seed::Workspace).await;
    let mut living: Vec<EndpointId> = Vec::new();
    let mut made = 0;
    let mut create = async |living: &mut Vec<EndpointId>| {
        made += 1;
        living.push(gateway.endpoint(&format!("my-org/n{made}")).await.id);
    };
    for _ in 0..start {
        create(&mut living).await;
    }
    let at_the_start = living.clone();
    let mut seen: Vec<EndpointId> = Vec::new();
    let mut cursor: Option<String> = None;
    let mut drained = false;
    // What is left of the walk is finished after the last step.
    for step in steps.into_iter().chain(std::iter::repeat_n(Step::NextPage, 60)) {
        match step {
            Step::Create => create(&mut living).await,
            Step::Delete(index) if !living.is_empty() => {
                let id = living.remove(index.index(living.len()));
                gateway.delete(&format!("{PATH}/{id}")).await;
            }
            Step::Rename(index) if !living.is_empty() => {
                let id = &living[index.index(living.len())];
                gateway.patch(&format!("{PATH}/{id}"), &json!({"slug": format!("my-org/r-{id}")})).await;
            }
            Step::NextPage if !drained => {
                let page = page(&gateway, limit, cursor.as_deref()).await;
                prop_assert!(page.items.len() <= limit);
                prop_assert_eq!(page.pagination.has_more, page.pagination.cursor.is_some());
                drained = !page.pagination.has_more;
                cursor = page.pagination.cursor;
                seen.extend(page.items.into_iter().map(|endpoint| endpoint.id));
            }
            Step::Delete(_) | Step::Rename(_) | Step::NextPage => {}
        }
    }
    prop_assert!(drained);
    let mut places = BTreeMap::new();
    for (place, id) in seen.iter().enumerate() {
        prop_assert!(places.insert(id.clone(), place).is_none(), "{} came twice", id);
    }
    let stayed: Vec<_> = at_the_start.iter().filter(|id| living.contains(id)).collect();
    for pair in stayed.windows(2) {
        prop_assert!(places.get(pair[0]) < places.get(pair[1]), "the order is that of creation");
    }
    for id in stayed {
        prop_assert!(places.contains_key(id), "{} was there all the time and was not answered", id);
    }
    Ok(())
}

#[test]
fn a_walk_answers_every_row_that_stays_exactly_once() {
    let mut runner = proptest::test_runner::TestRunner::new(Config { cases: 24, ..Config::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runner
        .run(&(0..12_usize, 1..5_usize, steps()), |(start, limit, steps)| runtime.block_on(walk(start, limit, steps)))
        .unwrap();
}

#[tokio::test]
async fn pages_hold_100_rows_unless_told_and_1000_at_most() {
    let gateway = TestGateway::with(|options| options.seed = Seed::Workspace).await;
    for number in 0..101 {
        gateway.endpoint(&format!("my-org/n{number}")).await;
    }
    let first: Page<Endpoint> = gateway.get(PATH).await.body();
    assert_eq!((first.items.len(), first.pagination.has_more), (100, true));
    let rest = page(&gateway, 1000, first.pagination.cursor.as_deref()).await;
    assert_eq!((rest.items.len(), rest.pagination.has_more, rest.pagination.cursor), (1, false, None));
    for bad in ["limit=0", "limit=1001", "limit=ten", "cursor=nonsense", "cursor=YQAAAAAAAAAO", "cursor=%00"] {
        let part = bad.split('=').next().unwrap();
        gateway.get(&format!("{PATH}?{bad}")).await.is_error(400, "VALIDATION_ERROR", part);
    }
}

#[tokio::test]
async fn a_cursor_lives_through_a_restart_and_with_a_bare_equals_sign() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    let first = page(&gateway, 5, None).await;
    gateway.restart().await;
    let cursor = format!("{}=", first.pagination.cursor.unwrap());
    let second = page(&gateway, 1000, Some(&cursor)).await;
    assert_eq!(first.items.len() + second.items.len(), 14);
}
