//! `/v1/gateway/groups`: every operation and every error.

use repoint::api::{Group, GroupTombstone, LimitEnforcement, Page, Usage};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::gateway::{TestGateway, send};

pub(super) const PATH: &str = "/v1/gateway/groups";

fn limit(kind: &str, unit: &str, threshold: u64) -> Value {
    json!({"type": kind, "unit": unit, "threshold": threshold})
}

/// A model of the demo with one rate limit.
fn model(name: &str, requests_a_minute: u64) -> Value {
    json!({"slug": format!("my-org/{name}"), "rate_limits": [limit("REQUEST", "MINUTE", requests_a_minute)]})
}

fn body(external_entity_id: &str, models: &Value, hierarchy: &Value) -> Value {
    json!({"metadata": {"external_entity_id": external_entity_id}, "models": models, "hierarchy": hierarchy})
}

impl TestGateway {
    /// Makes a group.
    pub(super) async fn group(&self, external_entity_id: &str, models: Value, hierarchy: Value) -> Group {
        self.post(PATH, &body(external_entity_id, &models, &hierarchy)).await.body()
    }

    /// Makes a root group that may call one model.
    pub(super) async fn root(&self, external_entity_id: &str) -> Group {
        self.group(external_entity_id, json!([model("glm-5.2", 100)]), json!({})).await
    }
}

fn below(parent: &Group) -> Value {
    json!({"parent_group_id": parent.id})
}

#[tokio::test]
async fn a_group_is_answered_as_documented() {
    let gateway = TestGateway::start().await;
    let request = json!({"metadata": {"name": "Acme prod", "external_entity_id": "cust_x"},
        "models": [{"slug": "my-org/glm-5.2", "rate_limits": [limit("REQUEST", "MINUTE", 100)]}]});
    let reply = gateway.post(PATH, &request).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mut made = reply.json();
    let id = made["id"].as_str().unwrap().to_owned();
    let created_at = made.as_object_mut().unwrap().remove("created_at").unwrap();
    assert!(created_at.as_str().unwrap().ends_with('Z'));
    assert_eq!(
        made,
        json!({"id": id, "metadata": {"name": "Acme prod", "external_entity_id": "cust_x"},
            "models": [{"slug": "my-org/glm-5.2", "usage_limits": [],
                "rate_limits": [{"type": "REQUEST", "unit": "MINUTE", "threshold": 100}]}],
            "effective_models": [{"slug": "my-org/glm-5.2", "usage_limits": [],
                "rate_limits": [{"type": "REQUEST", "unit": "MINUTE", "threshold": 100, "source_group": id}]}],
            "hierarchy": {"limit_enforcement": "INDEPENDENT", "parent_group_id": null}})
    );
    assert_eq!(gateway.get(&format!("{PATH}/{id}")).await.json(), reply.json());
    assert_eq!(gateway.get(&format!("{PATH}/{id}")).await.revision(), reply.revision());
}

#[tokio::test]
async fn every_kind_of_limit_is_kept_as_it_was_given() {
    let gateway = TestGateway::start().await;
    let rates: Vec<Value> = ["REQUEST", "TOKEN", "CONCURRENT_REQUEST", "UNCACHED_INPUT_TOKEN", "OUTPUT_TOKEN"]
        .iter()
        .enumerate()
        .map(|(index, kind)| limit(kind, if index % 2 == 0 { "SECOND" } else { "MINUTE" }, index as u64))
        .collect();
    let usages: Vec<Value> = ["REQUEST", "TOKEN", "UNCACHED_INPUT_TOKEN", "OUTPUT_TOKEN"]
        .iter()
        .map(|kind| limit(kind, "DAY", u64::from(u32::MAX) * 4))
        .collect();
    let models = json!([{"slug": "my-org/glm-5.2", "rate_limits": rates, "usage_limits": usages}]);
    let made = gateway.post(PATH, &body("x", &models, &Value::Null)).await;
    assert_eq!(made.json()["models"], models, "{}", made.text);
}

#[tokio::test]
async fn a_create_that_breaks_a_rule_is_400_and_names_the_field() {
    let gateway = TestGateway::start().await;
    gateway.root("taken").await;
    let with = |models: Value| body("x", &models, &json!({}));
    let rates = |limits: Value| with(json!([{"slug": "my-org/glm-5.2", "rate_limits": limits}]));
    let usages = |limits: Value| with(json!([{"slug": "my-org/glm-5.2", "usage_limits": limits}]));
    let good = json!([model("glm-5.2", 1)]);
    let named = |name: Value| json!({"metadata": {"external_entity_id": "x", "name": name}, "models": good});
    let cases = [
        (json!({"models": good}), "metadata is required"),
        (json!({"metadata": {"external_entity_id": 7}, "models": good}), "metadata.external_entity_id"),
        (body("", &good, &json!({})), "metadata.external_entity_id must have 1 to 255"),
        (body(&"é".repeat(256), &good, &json!({})), "metadata.external_entity_id must have 1 to 255"),
        (body("taken", &good, &json!({})), "metadata.external_entity_id taken is already in use"),
        (named(json!("n".repeat(256))), "metadata.name"),
        (named(json!(5)), "metadata.name must be a string"),
        (json!({"metadata": {"external_entity_id": "x"}}), "models is required"),
        (with(json!([])), "models must have at least one"),
        (with(json!({"slug": "my-org/glm-5.2"})), "models must be a list"),
        (with(json!([{}])), "models[0].slug is required"),
        (with(json!([model("nothing", 1)])), "models[0].slug my-org/nothing does not exist"),
        (with(json!([{"slug": "other-org/private-llm"}])), "models[0].slug other-org/private-llm does not exist"),
        (with(json!([model("glm-5.2", 1), model("glm-5.2", 2)])), "models[1].slug"),
        (rates(json!([limit("REQUEST", "DAY", 1)])), "models[0].rate_limits[0].unit must be one of SECOND, MINUTE"),
        (rates(json!([limit("X", "MINUTE", 1)])), "models[0].rate_limits[0].type"),
        (rates(json!([limit("TOKEN", "MINUTE", 1), limit("TOKEN", "SECOND", 1)])), "models[0].rate_limits[1]"),
        (rates(json!([{"type": "TOKEN", "unit": "MINUTE", "threshold": -1}])), "rate_limits[0].threshold"),
        (rates(json!([{"type": "TOKEN", "unit": "MINUTE", "threshold": 1.5}])), "rate_limits[0].threshold"),
        (rates(json!([{"type": "TOKEN", "unit": "MINUTE"}])), "rate_limits[0].threshold is required"),
        (usages(json!([limit("TOKEN", "MINUTE", 1)])), "models[0].usage_limits[0].unit must be one of DAY"),
        (usages(json!([limit("CONCURRENT_REQUEST", "DAY", 1)])), "usage_limits[0].type: CONCURRENT_REQUEST"),
        (usages(json!([limit("TOKEN", "DAY", 1), limit("TOKEN", "DAY", 2)])), "models[0].usage_limits[1]"),
        (body("x", &good, &json!({"limit_enforcement": "NONE"})), "hierarchy.limit_enforcement"),
        (body("x", &good, &json!({"parent_group_id": 5})), "hierarchy.parent_group_id must be a string"),
    ];
    for (request, part) in cases {
        gateway.post(PATH, &request).await.is_error(400, "VALIDATION_ERROR", part);
    }
    gateway.post(PATH, &body("x", &good, &json!({"parent_group_id": "none"}))).await.is_error(404, "NOT_FOUND", "none");
    let whole = send(gateway.request(Method::POST, PATH).body("{")).await;
    whole.is_error(400, "VALIDATION_ERROR", "JSON");
    assert_eq!(gateway.get(&format!("{PATH}?external_entity_id=x")).await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_does_not_exist_is_404_on_every_route() {
    let gateway = TestGateway::start().await;
    for (method, rest) in [
        (Method::GET, ""),
        (Method::PATCH, ""),
        (Method::DELETE, ""),
        (Method::GET, "/usage"),
        (Method::GET, "/api_keys"),
    ] {
        let request = gateway.request(method.clone(), &format!("{PATH}/none{rest}")).body("{}");
        send(request).await.is_error(404, "NOT_FOUND", "none");
    }
    send(gateway.request(Method::PUT, PATH)).await.is_error(405, "METHOD_NOT_ALLOWED", "");
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    let gateway = TestGateway::start().await;
    let made = gateway.root("cust").await;
    let path = format!("{PATH}/{}", made.id);
    let named: Group = gateway.patch(&path, &json!({"metadata": {"name": "New"}})).await.body();
    assert_eq!(named.metadata.name.as_deref(), Some("New"));
    assert_eq!(named.models, made.models);
    let models = json!([model("glm-5.2-air", 7)]);
    let moved: Group = gateway.patch(&path, &json!({"models": models, "metadata": null})).await.body();
    assert_eq!(moved.metadata.name.as_deref(), Some("New"));
    assert_eq!(moved.models.len(), 1);
    assert_eq!(moved.models[0].slug.as_str(), "my-org/glm-5.2-air");
    assert_eq!(moved.effective_models[0].rate_limits[0].threshold, 7);
    assert_eq!((moved.id, moved.created_at), (made.id, made.created_at));
    let cleared: Group = gateway.patch(&path, &json!({"models": [], "metadata": {"name": null}})).await.body();
    assert_eq!((cleared.models.len(), cleared.metadata.name), (0, None));
    let same = json!({"metadata": {"name": null, "external_entity_id": "cust"}});
    assert_eq!(gateway.patch(&path, &same).await.status, 200, "values equal to the stored ones");
}

#[tokio::test]
async fn a_patch_that_breaks_a_rule_is_400() {
    let gateway = TestGateway::start().await;
    let path = format!("{PATH}/{}", gateway.root("cust").await.id);
    for (request, part) in [
        (json!({}), "metadata.name or models"),
        (json!({"models": null, "metadata": null}), "metadata.name or models"),
        (json!({"unknown": 1}), "metadata.name or models"),
        (json!({"metadata": {"external_entity_id": "other", "name": "n"}}), "metadata.external_entity_id cannot be"),
        (json!({"models": [], "hierarchy": {"limit_enforcement": "CASCADING"}}), "hierarchy.limit_enforcement cannot"),
        (json!({"models": [], "hierarchy": {"parent_group_id": "x"}}), "hierarchy.parent_group_id cannot"),
        (json!({"models": [model("nothing", 1)]}), "models[0].slug my-org/nothing does not exist"),
        (json!({"metadata": {"name": "n".repeat(256)}}), "metadata.name"),
    ] {
        gateway.patch(&path, &request).await.is_error(400, "VALIDATION_ERROR", part);
    }
}

#[tokio::test]
async fn a_slug_that_went_away_may_be_kept_but_not_granted() {
    let gateway = TestGateway::start().await;
    let endpoint = gateway.endpoint("my-org/short-lived").await;
    let group = gateway.group("a", json!([model("short-lived", 5), model("glm-5.2", 5)]), json!({})).await;
    gateway.delete(&format!("/v1/gateway/endpoints/{}", endpoint.id)).await;
    let path = format!("{PATH}/{}", group.id);
    assert_eq!(gateway.get(&path).await.body::<Group>().models.len(), 2, "groups that name it are left alone");
    let kept = json!({"models": [model("short-lived", 9)]});
    assert_eq!(gateway.patch(&path, &kept).await.status, 200);
    let other = gateway.root("b").await;
    gateway.patch(&format!("{PATH}/{}", other.id), &kept).await.is_error(400, "VALIDATION_ERROR", "short-lived");
}

#[tokio::test]
async fn a_tree_is_five_deep_and_keeps_one_mode() {
    let gateway = TestGateway::start().await;
    let models = json!([model("glm-5.2", 10)]);
    let mut group = gateway.group("g1", models.clone(), json!({"limit_enforcement": "CASCADING"})).await;
    for level in 2..=5 {
        group = gateway.group(&format!("g{level}"), models.clone(), below(&group)).await;
        assert_eq!(group.hierarchy.limit_enforcement, LimitEnforcement::Cascading, "a child has its parent's mode");
        assert_eq!(group.effective_models[0].rate_limits.len(), level);
    }
    let sixth = gateway.post(PATH, &body("g6", &models, &below(&group))).await;
    sixth.is_error(400, "VALIDATION_ERROR", "hierarchy.parent_group_id: at most 5");
    let other = json!({"limit_enforcement": "INDEPENDENT", "parent_group_id": group.hierarchy.parent_group_id});
    let mixed = gateway.post(PATH, &body("g7", &models, &other)).await;
    mixed.is_error(400, "VALIDATION_ERROR", "hierarchy.limit_enforcement must be the parent's, which is CASCADING");
}

#[tokio::test]
async fn independent_limits_come_from_the_closest_group() {
    let gateway = TestGateway::start().await;
    let day = json!([{"slug": "my-org/glm-5.2", "rate_limits": [limit("REQUEST", "MINUTE", 7)],
        "usage_limits": [limit("TOKEN", "DAY", 1000)]}]);
    let parent = gateway.group("parent", day, json!({})).await;
    // A child may have more than its parent where limits are independent.
    let child = gateway.group("child", json!([model("glm-5.2", 50)]), below(&parent)).await;
    let effective = &child.effective_models[0];
    assert_eq!((effective.rate_limits.len(), effective.rate_limits[0].threshold), (1, 50));
    assert_eq!(effective.rate_limits[0].source_group.as_ref(), Some(&child.id));
    assert_eq!(effective.usage_limits[0].source_group.as_ref(), Some(&parent.id));
    let bare = gateway.group("bare", json!([{"slug": "my-org/glm-5.2-air"}]), below(&parent)).await;
    assert!(bare.effective_models[0].rate_limits.is_empty(), "the parent's other slug has no say");
    let list: Page<Group> = gateway.get(&format!("{PATH}?external_entity_id=child")).await.body();
    assert_eq!(list.items, [child]);
}

#[tokio::test]
async fn a_cascade_is_checked_at_every_write_in_both_directions() {
    let gateway = TestGateway::start().await;
    let cascading = json!({"limit_enforcement": "CASCADING"});
    let top = gateway.group("top", json!([model("glm-5.2", 10)]), cascading).await;
    let middle = gateway.group("middle", json!([{"slug": "my-org/glm-5.2"}]), below(&top)).await;
    let bottom = gateway.group("bottom", json!([model("glm-5.2", 8)]), below(&middle)).await;
    let exceeds = "Child group exceeds parent group limit.";
    let too_much = json!({"models": [model("glm-5.2", 11)]});
    // Against the grandparent, at the creation and later.
    gateway.post(PATH, &body("x", &too_much["models"], &below(&middle))).await.is_error(
        400,
        "VALIDATION_ERROR",
        exceeds,
    );
    let path = |group: &Group| format!("{PATH}/{}", group.id);
    gateway.patch(&path(&bottom), &too_much).await.is_error(400, "VALIDATION_ERROR", exceeds);
    gateway.patch(&path(&middle), &too_much).await.is_error(400, "VALIDATION_ERROR", exceeds);
    // Lowered below a grandchild, and between the two.
    let too_little = json!({"models": [model("glm-5.2", 7)]});
    gateway.patch(&path(&top), &too_little).await.is_error(400, "VALIDATION_ERROR", exceeds);
    gateway.patch(&path(&middle), &too_little).await.is_error(400, "VALIDATION_ERROR", exceeds);
    assert_eq!(gateway.patch(&path(&middle), &json!({"models": [model("glm-5.2", 9)]})).await.status, 200);
    assert_eq!(gateway.patch(&path(&top), &json!({"models": [model("glm-5.2", 9)]})).await.status, 200);
    let other_unit = json!({"models": [{"slug": "my-org/glm-5.2", "rate_limits": [limit("REQUEST", "SECOND", 99)]}]});
    assert_eq!(gateway.patch(&path(&bottom), &other_unit).await.status, 200, "another unit is another limit");
}

#[tokio::test]
async fn a_delete_takes_the_subtree_and_frees_its_ids() {
    let gateway = TestGateway::start().await;
    let root = gateway.root("root").await;
    let child = gateway.group("child", json!([model("glm-5.2", 1)]), below(&root)).await;
    let grandchild = gateway.group("grandchild", json!([model("glm-5.2", 1)]), below(&child)).await;
    let sibling = gateway.group("sibling", json!([model("glm-5.2", 1)]), below(&root)).await;
    let key = gateway.post(&format!("{PATH}/{}/api_keys", grandchild.id), &json!({})).await.json();
    let prefix = key["prefix"].as_str().unwrap();
    let reply = gateway.delete(&format!("{PATH}/{}", child.id)).await;
    let gone: GroupTombstone = reply.body();
    assert_eq!((&gone.id, &gone.metadata), (&child.id, &child.metadata));
    for id in [&child.id, &grandchild.id] {
        gateway.get(&format!("{PATH}/{id}")).await.is_error(404, "NOT_FOUND", id.as_str());
        gateway.get(&format!("{PATH}/{id}/usage")).await.is_error(404, "NOT_FOUND", id.as_str());
        gateway.delete(&format!("{PATH}/{id}")).await.is_error(404, "NOT_FOUND", id.as_str());
    }
    gateway.get(&format!("{PATH}/{}/api_keys/{prefix}", grandchild.id)).await.is_error(404, "NOT_FOUND", "");
    let under_a_gone_parent = body("new", &json!([model("glm-5.2", 1)]), &below(&child));
    gateway.post(PATH, &under_a_gone_parent).await.is_error(404, "NOT_FOUND", "");
    assert_eq!(gateway.get(&format!("{PATH}/{}", sibling.id)).await.status, 200);
    let access = &gateway.gateway().shared().access;
    assert!(access.find(key["api_key"].as_str().unwrap().as_bytes()).is_none());
    let again = gateway.root("grandchild").await;
    assert_ne!(again.id, grandchild.id);
}

#[tokio::test]
async fn usage_is_null_before_the_first_request_and_only_of_limited_slugs() {
    let gateway = TestGateway::start().await;
    let models = json!([{"slug": "my-org/glm-5.2", "usage_limits": [limit("TOKEN", "DAY", 10_000_000)]},
        model("glm-5.2-air", 5)]);
    let group = gateway.group("cust_42", models, json!({})).await;
    let path = format!("{PATH}/{}/usage", group.id);
    assert_eq!(
        gateway.get(&path).await.json(),
        json!({"customer_id": "cust_42", "usage": {"my-org/glm-5.2": [{"type": "TOKEN", "unit": "DAY",
            "threshold": 10_000_000, "current_usage": null, "reset_at": null}]}})
    );
    let shared = gateway.gateway().shared();
    let grant = shared.access.group(&group.id).unwrap().grant("my-org/glm-5.2").unwrap();
    grant.admit(shared.clock.moment()).unwrap();
    grant.settle(
        repoint::api::EventTokens { input_tokens: 30, output_tokens: 12, ..Default::default() },
        shared.clock.moment(),
    );
    let used: Usage = gateway.get(&path).await.body();
    let limit = &used.usage.values().next().unwrap()[0];
    assert_eq!(limit.current_usage, Some(42));
    assert!(limit.reset_at.unwrap().to_string().ends_with("T00:00:00.000000Z"));
}

#[tokio::test]
async fn pages_hold_still_while_others_write() {
    let gateway = TestGateway::with(|options| options.seed = repoint::gateway::Seed::Workspace).await;
    gateway.endpoint("my-org/glm-5.2").await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(gateway.root(&format!("g{number}")).await.id);
    }
    let first: Page<Group> = gateway.get(&format!("{PATH}?limit=3")).await.body();
    assert!(first.pagination.has_more);
    gateway.delete(&format!("{PATH}/{}", made[1])).await;
    gateway.delete(&format!("{PATH}/{}", made[4])).await;
    made.push(gateway.root("late").await.id);
    let cursor = first.pagination.cursor.clone().unwrap();
    let second: Page<Group> = gateway.get(&format!("{PATH}?limit=3&cursor={cursor}=")).await.body();
    let third: Page<Group> =
        gateway.get(&format!("{PATH}?limit=3&cursor={}", second.pagination.cursor.clone().unwrap())).await.body();
    let ids = |page: &Page<Group>| page.items.iter().map(|group| group.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&first), made[..3]);
    assert_eq!(ids(&second), [made[3].clone(), made[5].clone(), made[6].clone()]);
    assert_eq!(ids(&third), made[7..]);
    assert!(!third.pagination.has_more && third.pagination.cursor.is_none());
    for bad in ["limit=0", "limit=1001", "limit=x", "cursor=nonsense", "cursor=ZQAAAAAAAAAB"] {
        gateway.get(&format!("{PATH}?{bad}")).await.is_error(400, "VALIDATION_ERROR", "");
    }
    let found: Page<Group> = gateway.get(&format!("{PATH}?external_entity_id=g3")).await.body();
    assert_eq!(ids(&found), [made[3].clone()]);
    let none: Page<Group> = gateway.get(&format!("{PATH}?external_entity_id=g")).await.body();
    assert!(none.items.is_empty(), "the match is exact");
}

#[tokio::test]
async fn a_write_is_in_the_audit_log_and_at_a_revision() {
    let gateway = TestGateway::start().await;
    let before = gateway.get(PATH).await.revision();
    let group = gateway.root("cust").await;
    let path = format!("{PATH}/{}", group.id);
    assert_eq!(gateway.patch(&path, &json!({"models": []})).await.revision(), before + 2);
    gateway.delete(&path).await;
    let log = gateway.get("/repoint/v1/audit?event_type_groups=GATEWAY&sources=API").await.json();
    let told: Vec<_> = log["items"].as_array().unwrap().iter().map(|entry| entry["event_data"].clone()).collect();
    let entry = |kind: &str| json!({"event_type": kind, "gateway_group_id": group.id, "external_entity_id": "cust"});
    assert_eq!(told, [entry("GATEWAY_GROUP_DELETED"), entry("GATEWAY_GROUP_UPDATED"), entry("GATEWAY_GROUP_CREATED")]);
}

#[tokio::test]
async fn groups_keys_and_usage_survive_a_restart() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    let models = json!([{"slug": "my-org/glm-5.2", "usage_limits": [limit("REQUEST", "DAY", 5)]}]);
    let group = gateway.group("cust", models, json!({})).await;
    let key = gateway.post(&format!("{PATH}/{}/api_keys", group.id), &json!({"name": "k"})).await.json();
    let key = key["api_key"].as_str().unwrap().to_owned();
    let admit = |gateway: &TestGateway| {
        let shared = gateway.gateway().shared();
        let found = shared.access.find(key.as_bytes()).expect("the key opens its group");
        found.group.grant("my-org/glm-5.2").unwrap().admit(shared.clock.moment())
    };
    for _ in 0..3 {
        admit(&gateway).unwrap();
    }
    gateway.restart().await;
    assert_eq!(gateway.get(&format!("{PATH}/{}", group.id)).await.body::<Group>(), group);
    let used = gateway.get(&format!("{PATH}/{}/usage", group.id)).await.json();
    assert_eq!(used["usage"]["my-org/glm-5.2"][0]["current_usage"], 3);
    assert!(admit(&gateway).is_ok() && admit(&gateway).is_ok());
    admit(&gateway).expect_err("three before the restart and two after it are five");
}
