use super::*;
use crate::api::{EventTokens, Slug, Time};

const NOW: Moment = Moment { wall: Time::EPOCH, steady_micros: 0 };

fn group(id: &str, parent: Option<&str>, mode: &str, models: &serde_json::Value) -> Group {
    serde_json::from_value(serde_json::json!({
        "id": id,
        "metadata": {"name": null, "external_entity_id": format!("customer-{id}")},
        "models": models,
        "hierarchy": {"limit_enforcement": mode, "parent_group_id": parent},
        "created_at": "2026-06-17T12:00:00Z",
    }))
    .unwrap()
}

fn limited(threshold: u64) -> serde_json::Value {
    serde_json::json!([{"slug": "my-org/glm", "rate_limits": [{"type": "REQUEST", "unit": "MINUTE", "threshold": threshold}]}])
}

fn unlimited() -> serde_json::Value {
    serde_json::json!([{"slug": "my-org/glm"}])
}

fn key(text: &str, group: &str) -> KeyRow {
    KeyRow { digest: KeyDigest::of(text.as_bytes()), prefix: KeyPrefix::from(text), group: GroupId::from(group) }
}

fn admitted(access: &Access, presented: &str, tries: usize) -> usize {
    let key = access.find(presented.as_bytes()).unwrap();
    (0..tries).filter(|_| key.group.grant("my-org/glm").unwrap().admit(NOW).is_ok()).count()
}

#[test]
fn a_key_is_found_until_it_is_revoked() {
    let access = Access::default();
    access.upsert_group(group("g", None, "INDEPENDENT", &unlimited()));
    access.upsert_key(key("one", "g"));
    access.upsert_key(key("two", "g"));
    assert_eq!(access.find(b"one").unwrap().prefix, KeyPrefix::from("one"));
    assert!(access.find(b"three").is_none());
    access.revoke_key(&KeyPrefix::from("one"));
    assert!(access.find(b"one").is_none() && access.find(b"two").is_some());
    assert_eq!(access.key_count(), 1);
}

#[test]
fn a_key_of_an_unknown_group_opens_nothing() {
    let access = Access::default();
    access.upsert_key(key("one", "nobody"));
    assert!(access.find(b"one").is_none());
}

#[test]
fn removing_a_subtree_revokes_its_keys() {
    let access = Access::default();
    access.upsert_group(group("root", None, "INDEPENDENT", &unlimited()));
    access.upsert_group(group("child", Some("root"), "INDEPENDENT", &unlimited()));
    access.upsert_group(group("other", None, "INDEPENDENT", &unlimited()));
    for (text, id) in [("a", "root"), ("b", "child"), ("c", "other")] {
        access.upsert_key(key(text, id));
    }
    let held = access.find(b"b").unwrap();
    access.remove_subtree(&GroupId::from("root"));
    assert!(access.find(b"a").is_none() && access.find(b"b").is_none() && access.find(b"c").is_some());
    assert!(held.group.grant("my-org/glm").is_none());
    assert!(access.group(&GroupId::from("child")).is_none());
}

#[test]
fn an_independent_child_inherits_the_limit_and_has_its_own_count() {
    let access = Access::default();
    access.upsert_group(group("root", None, "INDEPENDENT", &limited(3)));
    access.upsert_group(group("child", Some("root"), "INDEPENDENT", &unlimited()));
    access.upsert_key(key("a", "root"));
    access.upsert_key(key("b", "child"));
    assert_eq!((admitted(&access, "a", 5), admitted(&access, "b", 5)), (3, 3));
}

#[test]
fn the_closest_group_that_declares_a_limit_sets_it() {
    let access = Access::default();
    access.upsert_group(group("root", None, "INDEPENDENT", &limited(3)));
    access.upsert_group(group("child", Some("root"), "INDEPENDENT", &limited(4)));
    access.upsert_key(key("b", "child"));
    assert_eq!(admitted(&access, "b", 9), 4);
}

#[test]
fn cascading_usage_counts_against_every_ancestor() {
    let access = Access::default();
    access.upsert_group(group("root", None, "CASCADING", &limited(3)));
    access.upsert_group(group("child", Some("root"), "CASCADING", &limited(2)));
    access.upsert_key(key("a", "root"));
    access.upsert_key(key("b", "child"));
    assert_eq!((admitted(&access, "b", 5), admitted(&access, "a", 5)), (2, 1));
}

#[test]
fn a_changed_limit_keeps_the_count_and_reaches_the_children_at_once() {
    let access = Access::default();
    access.upsert_group(group("root", None, "INDEPENDENT", &limited(3)));
    access.upsert_group(group("child", Some("root"), "INDEPENDENT", &unlimited()));
    access.upsert_key(key("b", "child"));
    assert_eq!(admitted(&access, "b", 5), 3);
    access.upsert_group(group("root", None, "INDEPENDENT", &limited(5)));
    assert_eq!(admitted(&access, "b", 5), 2);
}

#[test]
fn groups_load_in_any_order() {
    let access = Access::default();
    let groups =
        [group("child", Some("root"), "CASCADING", &limited(9)), group("root", None, "CASCADING", &limited(1))];
    access.load(groups, [key("b", "child")]);
    assert_eq!(admitted(&access, "b", 5), 1);
    access.remove_subtree(&GroupId::from("root"));
    assert!(access.find(b"b").is_none());
}

#[test]
fn a_days_usage_is_reported_once_and_survives_a_restart() {
    let models = serde_json::json!([{"slug": "my-org/glm", "usage_limits": [{"type": "TOKEN", "unit": "DAY", "threshold": 100}]}]);
    let access = Access::default();
    access.load([group("g", None, "INDEPENDENT", &models)], [key("a", "g")]);
    let usage = |access: &Access| {
        access.usage(&GroupId::from("g"), NOW).unwrap().usage[&Slug::from_wire("my-org/glm")][0].clone()
    };
    assert_eq!((usage(&access).current_usage, usage(&access).reset_at), (None, None));
    let grant = access.find(b"a").unwrap().group.grant("my-org/glm").unwrap();
    grant.admit(NOW).unwrap();
    grant.settle(EventTokens { input_tokens: 30, output_tokens: 12, cached_input_tokens: 5 }, NOW);
    let changed = access.take_changed_usage();
    assert_eq!((changed.len(), changed[0].tokens, changed[0].uncached_input_tokens), (1, 42, 25));
    assert!(access.take_changed_usage().is_empty());

    let again = Access::default();
    again.load([group("g", None, "INDEPENDENT", &models)], [key("a", "g")]);
    again.restore_usage(&changed);
    assert_eq!(usage(&again).current_usage, Some(42));
}

#[test]
fn racing_callers_are_admitted_exactly_as_often_as_the_limit_says() {
    let access = Access::default();
    access.load([group("g", None, "INDEPENDENT", &limited(100))], [key("a", "g")]);
    let total: usize = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..32).map(|_| scope.spawn(|| admitted(&access, "a", 50))).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).sum()
    });
    assert_eq!(total, 100);
}

#[test]
fn a_digest_is_not_shown() {
    assert_eq!(format!("{:?}", KeyDigest::of(b"secret")), "KeyDigest(…)");
}

#[test]
fn a_key_that_moved_to_another_group_outlives_its_first() {
    let access = Access::default();
    access.upsert_group(group("first", None, "INDEPENDENT", &unlimited()));
    access.upsert_group(group("second", None, "INDEPENDENT", &unlimited()));
    access.upsert_key(key("sky_a.secret", "first"));
    access.revoke_key(&KeyPrefix::from("sky_a.secret"));
    assert!(access.find(b"sky_a.secret").is_none());
    access.upsert_key(key("sky_a.secret", "second"));
    access.remove_subtree(&GroupId::from("first"));
    assert_eq!(access.find(b"sky_a.secret").unwrap().group.id, GroupId::from("second"));
}
