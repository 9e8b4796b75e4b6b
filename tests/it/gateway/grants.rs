//! Properties of grants: whatever is written, a cascade is never exceeded and a key opens its group's slugs alone.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use repoint::api::{Group, GroupId, GroupModel, MintedKey, Page};
use repoint::gateway::Seed;
use serde_json::{Value, json};

use super::groups::PATH;
use crate::support::gateway::TestGateway;

const SLUGS: [&str; 2] = ["my-org/a", "my-org/b"];

/// What a group declares of each slug: nothing, the slug alone, or a limit.
type Declared = [Option<Option<u64>>; SLUGS.len()];

#[derive(Debug, Clone)]
enum Step {
    Create { parent: Option<usize>, declared: Declared },
    Patch { group: usize, declared: Declared },
    Delete { group: usize },
    Mint { group: usize },
    Revoke { key: usize },
}

fn declared() -> impl Strategy<Value = Declared> {
    proptest::array::uniform(proptest::option::weighted(0.8, proptest::option::weighted(0.8, 0..5_u64)))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (proptest::option::weighted(0.8, any::<usize>()), declared())
            .prop_map(|(parent, declared)| Step::Create { parent, declared }),
        4 => (any::<usize>(), declared()).prop_map(|(group, declared)| Step::Patch { group, declared }),
        1 => any::<usize>().prop_map(|group| Step::Delete { group }),
        3 => any::<usize>().prop_map(|group| Step::Mint { group }),
        1 => any::<usize>().prop_map(|key| Step::Revoke { key }),
    ]
}

fn models(declared: &Declared) -> Vec<Value> {
    let named = SLUGS.iter().zip(declared).filter_map(|(slug, limit)| Some((slug, (*limit)?)));
    named
        .map(|(slug, limit)| {
            let limits: Vec<_> = limit
                .map(|threshold| json!({"type": "REQUEST", "unit": "MINUTE", "threshold": threshold}))
                .into_iter()
                .collect();
            json!({"slug": slug, "rate_limits": limits})
        })
        .collect()
}

/// What the writes should have made, kept as plainly as can be.
#[derive(Debug, Default)]
struct World {
    groups: Vec<(GroupId, Option<GroupId>, Declared)>,
    /// Every key that was ever made, with its group; `None` once it is revoked.
    keys: Vec<(MintedKey, Option<GroupId>)>,
    made: usize,
}

impl World {
    fn find(&self, id: &GroupId) -> Option<&(GroupId, Option<GroupId>, Declared)> {
        self.groups.iter().find(|(other, _, _)| other == id)
    }

    /// From the parent to the root.
    fn above(&self, parent: Option<&GroupId>) -> Vec<&(GroupId, Option<GroupId>, Declared)> {
        let next = |group: &&(GroupId, Option<GroupId>, Declared)| group.1.as_ref().and_then(|id| self.find(id));
        std::iter::successors(parent.and_then(|id| self.find(id)), next).collect()
    }

    fn may_declare(&self, declared: &Declared, parent: Option<&GroupId>, itself: Option<&GroupId>) -> bool {
        let exceeds = |child: &Declared, ancestor: &Declared| {
            child.iter().zip(ancestor).any(|pair| matches!(pair, (Some(Some(child)), Some(Some(own))) if child > own))
        };
        let below = self.groups.iter().filter(|(_, parent, _)| {
            itself.is_some() && self.above(parent.as_ref()).iter().any(|(id, _, _)| Some(id) == itself)
        });
        !self.above(parent).iter().any(|(_, _, above)| exceeds(declared, above))
            && !below.into_iter().any(|(_, _, below)| exceeds(below, declared))
    }

    fn remove(&mut self, root: &GroupId) {
        let mut gone = HashSet::from([root.clone()]);
        while let Some((id, _, _)) = self
            .groups
            .iter()
            .find(|(id, parent, _)| !gone.contains(id) && parent.as_ref().is_some_and(|parent| gone.contains(parent)))
        {
            gone.insert(id.clone());
        }
        self.groups.retain(|(id, _, _)| !gone.contains(id));
        for (_, group) in &mut self.keys {
            if group.as_ref().is_some_and(|group| gone.contains(group)) {
                *group = None;
            }
        }
    }

    fn pick(&self, at: usize) -> Option<GroupId> {
        self.groups.get(at % self.groups.len().max(1)).map(|(id, _, _)| id.clone())
    }

    async fn take(&mut self, gateway: &TestGateway, step: &Step) -> TestCaseResult {
        match step {
            Step::Create { parent, declared } => {
                let parent = parent.and_then(|at| self.pick(at));
                self.made += 1;
                let body = json!({"metadata": {"external_entity_id": format!("g{}", self.made)},
                    "models": models(declared), "hierarchy": {"parent_group_id": parent,
                    "limit_enforcement": "CASCADING"}});
                let reply = gateway.post(PATH, &body).await;
                let fits = self.above(parent.as_ref()).len() < 5
                    && declared.iter().any(Option::is_some)
                    && self.may_declare(declared, parent.as_ref(), None);
                prop_assert_eq!(reply.status == 200, fits, "{}", reply.text);
                if fits {
                    self.groups.push((reply.body::<Group>().id, parent, *declared));
                }
            }
            Step::Patch { group, declared } => {
                let Some(id) = self.pick(*group) else { return Ok(()) };
                let parent = self.find(&id).and_then(|(_, parent, _)| parent.clone());
                let reply = gateway.patch(&format!("{PATH}/{id}"), &json!({"models": models(declared)})).await;
                let fits = self.may_declare(declared, parent.as_ref(), Some(&id));
                prop_assert_eq!(reply.status == 200, fits, "{}", reply.text);
                if let Some(group) = self.groups.iter_mut().find(|(other, _, _)| *other == id && fits) {
                    group.2 = *declared;
                }
            }
            Step::Delete { group } => {
                let Some(id) = self.pick(*group) else { return Ok(()) };
                prop_assert_eq!(gateway.delete(&format!("{PATH}/{id}")).await.status, 200);
                self.remove(&id);
            }
            Step::Mint { group } => {
                let Some(id) = self.pick(*group) else { return Ok(()) };
                let minted = gateway.post(&format!("{PATH}/{id}/api_keys"), &json!({})).await.body();
                self.keys.push((minted, Some(id)));
            }
            Step::Revoke { key } => {
                let at = key % self.keys.len().max(1);
                let Some((minted, group)) = self.keys.get_mut(at) else { return Ok(()) };
                if let Some(id) = group.take() {
                    let path = format!("{PATH}/{id}/api_keys/{}", minted.prefix);
                    prop_assert_eq!(gateway.delete(&path).await.status, 200);
                }
            }
        }
        Ok(())
    }

    /// What is answered and what the request path sees are both what was written.
    async fn holds(&self, gateway: &TestGateway) -> TestCaseResult {
        let page: Page<Group> = gateway.get(&format!("{PATH}?limit=1000")).await.body();
        let answered: HashMap<_, _> = page.items.iter().map(|group| (group.id.clone(), group)).collect();
        prop_assert_eq!(answered.len(), self.groups.len());
        let access = &gateway.gateway().shared().access;
        for (id, parent, declared) in &self.groups {
            let group = answered[id];
            let expected: Vec<GroupModel> = serde_json::from_value(json!(models(declared))).unwrap();
            prop_assert_eq!(&group.models, &expected);
            let now = gateway.gateway().shared().clock.moment();
            let member = access.group(id).expect("a group that is answered is known");
            for effective in &group.effective_models {
                let grant = member.grant(effective.slug.as_str()).expect("a slug that is answered is granted");
                let mut checked: Vec<_> =
                    grant.headroom(now).into_iter().map(|room| (room.limit.threshold, room.limit.source)).collect();
                let sources = effective.rate_limits.iter();
                let mut told: Vec<_> =
                    sources.map(|limit| (limit.threshold, limit.source_group.clone().unwrap())).collect();
                checked.sort();
                told.sort();
                prop_assert_eq!(&checked, &told);
                let own = effective.rate_limits.iter().find(|limit| limit.source_group.as_ref() == Some(id));
                let tightest = effective.rate_limits.iter().map(|limit| limit.threshold).min();
                prop_assert!(own.is_none_or(|own| Some(own.threshold) == tightest), "{group:?} below {parent:?}");
            }
        }
        for (minted, group) in &self.keys {
            let found = access.find(minted.api_key.as_bytes());
            prop_assert_eq!(found.as_ref().map(|key| &key.group.id), group.as_ref());
            if let (Some(key), Some(group)) = (found, group) {
                let mut own: Vec<_> = answered[group].models.iter().map(|model| model.slug.clone()).collect();
                own.sort();
                prop_assert_eq!(key.group.slugs(), own, "a key grants what its group has, and no more");
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_no_cascade_is_exceeded_and_no_key_opens_more(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let gateway = TestGateway::with(|options| options.seed = Seed::Workspace).await;
            for slug in SLUGS {
                gateway.endpoint(slug).await;
            }
            let mut world = World::default();
            for step in &steps {
                world.take(&gateway, step).await?;
            }
            world.holds(&gateway).await
        })?;
    }
}

#[tokio::test]
async fn racing_writers_leave_the_request_path_where_the_store_is() {
    let gateway = TestGateway::start().await;
    let group = gateway.root("raced").await;
    let path = format!("{PATH}/{}", group.id);
    let limit_to = |threshold: u64| {
        let limits = json!([{"type": "REQUEST", "unit": "MINUTE", "threshold": threshold}]);
        let body = json!({"models": [{"slug": "my-org/glm-5.2", "rate_limits": limits}]});
        let (gateway, path) = (&gateway, &path);
        async move { gateway.patch(path, &body).await.status }
    };
    let statuses = futures_util::future::join_all((1..=64).map(limit_to)).await;
    assert!(statuses.iter().all(|status| *status == 200));
    let stored: Group = gateway.get(&path).await.body();
    let shared = gateway.gateway().shared();
    let grant = shared.access.group(&group.id).unwrap().grant("my-org/glm-5.2").unwrap();
    assert_eq!(grant.headroom(shared.clock.moment())[0].limit.threshold, stored.models[0].rate_limits[0].threshold);
}

#[tokio::test]
async fn usage_of_a_slug_that_is_taken_away_counts_on_when_it_comes_back() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    let limits =
        json!([{"slug": "my-org/glm-5.2", "usage_limits": [{"type": "REQUEST", "unit": "DAY", "threshold": 2}]}]);
    let group = gateway.group("cust", limits.clone(), json!({})).await;
    let path = format!("{PATH}/{}", group.id);
    let admit = |gateway: &TestGateway| {
        let shared = gateway.gateway().shared();
        shared.access.group(&group.id).unwrap().grant("my-org/glm-5.2").unwrap().admit(shared.clock.moment())
    };
    admit(&gateway).unwrap();
    admit(&gateway).unwrap();
    gateway.patch(&path, &json!({"models": []})).await;
    gateway.restart().await;
    assert_eq!(gateway.patch(&path, &json!({"models": limits})).await.status, 200);
    admit(&gateway).expect_err("taking a slug away and giving it back forgives nothing");
}
