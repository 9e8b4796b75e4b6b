//! `/v1/gateway/endpoints`: every operation and every error.

use repoint::api::{Endpoint, EndpointTombstone, Page, Provider, Region, Target};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::gateway::{TestGateway, send};

const PATH: &str = "/v1/gateway/endpoints";
/// The seeded endpoint of the workspace next door.
const NEIGHBOUR: &str = "/v1/gateway/endpoints/n8gHb0uR5xQ";

fn baseten() -> Value {
    json!({"provider": "BASETEN", "model_id": "3kZ9xqd"})
}

#[tokio::test]
async fn create_answers_200_with_the_endpoint_and_its_revision() {
    let gateway = TestGateway::start().await;
    let before = gateway.get(PATH).await.revision();
    let reply = gateway.post(PATH, &json!({"slug": "my-org/new", "targets": [baseten()]})).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.revision(), before + 1);
    assert!(!reply.header("date").is_empty());
    let made: Endpoint = reply.body();
    assert_eq!(made.region, Some(Region::Unrestricted));
    assert_eq!(made.targets, [Target::baseten("3kZ9xqd", None)]);
    assert_eq!(made.created_at, made.updated_at);
    let read = gateway.get(&format!("{PATH}/{}", made.id)).await;
    assert_eq!(read.body::<Endpoint>(), made);
    assert_eq!(read.revision(), before + 1);
}

#[tokio::test]
async fn every_provider_takes_its_own_fields() {
    let gateway = TestGateway::start().await;
    let targets = [
        json!({"provider": "BASETEN", "model_id": "3kZ9xqd", "environment_name": "staging", "target_model": "m"}),
        json!({"provider": "ANTHROPIC", "secret_id": "s9cAnth", "target_model": "claude"}),
        json!({"provider": "OPENAI", "secret_id": "s3cOpAi", "target_model": "gpt"}),
        json!({"provider": "XAI", "secret_id": "s4cXaiK", "target_model": "grok"}),
        json!({"provider": "OPENAI_COMPATIBLE", "base_url": "https://llm.example.com/v1", "secret_id": "s7cTogr",
               "target_model": "m"}),
        json!({"provider": "VERTEX", "vertex_config": {"project_id": "p", "location": "l"}, "secret_id": "s1cVrtx",
               "target_model": "gemini"}),
        json!({"provider": "BASETEN_MODEL_API", "target_model": "zai-org/GLM-5.2"}),
    ];
    for (index, target) in targets.iter().enumerate() {
        let body = json!({"slug": format!("my-org/p{index}"), "region": "EU", "targets": [target]});
        let reply = gateway.post(PATH, &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.json()["targets"][0], *target, "nothing is added and no null is answered");
        assert_eq!(reply.json()["region"], "EU");
    }
}

#[tokio::test]
async fn production_is_answered_as_the_absent_environment() {
    let gateway = TestGateway::start().await;
    let target = json!({"provider": "BASETEN", "model_id": "3kZ9xqd", "environment_name": "production",
                        "secret_id": null});
    let reply = gateway.post(PATH, &json!({"slug": "my-org/prod", "targets": [target]})).await;
    assert_eq!(reply.json()["targets"][0], baseten());
}

#[tokio::test]
async fn a_create_that_breaks_a_rule_is_400_and_names_the_field() {
    let gateway = TestGateway::start().await;
    let with = |target: Value| json!({"slug": "my-org/x", "targets": [target]});
    let slug = |slug: &str| json!({"slug": slug, "targets": [baseten()]});
    let long = format!("my-org/{}", "x".repeat(249));
    let cases = [
        (json!({}), "slug is required"),
        (json!({"slug": 5, "targets": [baseten()]}), "slug must be a string"),
        (slug("nothing"), "slug"),
        (slug("my-org/a/b"), "slug"),
        (slug("my-org/a b"), "slug"),
        (slug("my-org/a\r\nx: y"), "slug"),
        (slug(&long), "slug"),
        (slug("their-org/a"), "prefix"),
        (slug("MY-ORG/a"), "prefix"),
        (slug("my-org/glm-5.2"), "slug my-org/glm-5.2 is already in use"),
        (json!({"slug": "my-org/x"}), "targets is required"),
        (json!({"slug": "my-org/x", "targets": []}), "exactly one"),
        (json!({"slug": "my-org/x", "targets": [baseten(), baseten()]}), "exactly one"),
        (json!({"slug": "my-org/x", "targets": baseten()}), "targets must be a list"),
        (json!({"slug": "my-org/x", "targets": ["x"]}), "targets[0] must be an object"),
        (json!({"slug": "my-org/x", "targets": [baseten()], "region": "MARS"}), "region"),
        (with(json!({})), "targets[0].provider is required"),
        (with(json!({"provider": "GROQ"})), "targets[0].provider"),
        (with(json!({"provider": "BASETEN"})), "model_id is required"),
        (with(json!({"provider": "BASETEN", "model_id": "nope"})), "model_id nope does not exist"),
        (with(json!({"provider": "BASETEN", "model_id": ""})), "model_id"),
        (with(json!({"provider": "BASETEN", "model_id": "3kZ9xqd", "environment_name": "nope"})), "environment_name"),
        (with(json!({"provider": "BASETEN", "model_id": "3kZ9xqd", "secret_id": "s3cOpAi"})), "secret_id"),
        (with(json!({"provider": "OPENAI", "secret_id": "nope", "target_model": "m"})), "secret_id nope"),
        (with(json!({"provider": "OPENAI", "secret_id": "s3cOpAi"})), "target_model is required"),
        (with(json!({"provider": "BASETEN_MODEL_API", "target_model": "m", "model_id": "3kZ9xqd"})), "model_id"),
        (with(json!({"provider": "VERTEX", "secret_id": "s1cVrtx", "target_model": "m"})), "vertex_config"),
        (
            with(json!({"provider": "VERTEX", "secret_id": "s1cVrtx", "target_model": "m",
                        "vertex_config": {"project_id": "p"}})),
            "vertex_config.location is required",
        ),
        (with(json!({"provider": "BASETEN", "model_id": "3kZ9xqd", "enviroment_name": "staging"})), "enviroment_name"),
    ];
    let before = gateway.get(PATH).await.revision();
    for (body, part) in cases {
        gateway.post(PATH, &body).await.is_error(400, "VALIDATION_ERROR", part);
    }
    assert_eq!(gateway.get(PATH).await.revision(), before, "nothing was written");
}

#[tokio::test]
async fn a_base_url_is_https_without_a_port_and_not_private() {
    let gateway = TestGateway::start().await;
    for url in ["http://a.example", "https://a.example:8443", "https://127.0.0.1", "https://[::1]/v1", "nonsense"] {
        let target =
            json!({"provider": "OPENAI_COMPATIBLE", "base_url": url, "secret_id": "s7cTogr", "target_model": "m"});
        let reply = gateway.post(PATH, &json!({"slug": "my-org/x", "targets": [target]})).await;
        reply.is_error(400, "VALIDATION_ERROR", "base_url");
    }
}

#[tokio::test]
async fn a_body_is_json_whatever_its_type_says_and_anything_else_is_400() {
    let gateway = TestGateway::start().await;
    let body = json!({"slug": "my-org/typed", "targets": [baseten()]}).to_string();
    let typed = gateway.request(Method::POST, PATH).header("content-type", "text/plain").body(body);
    assert_eq!(send(typed).await.status, 200);
    for text in ["", "[]", "{", "null", "\u{0}"] {
        let reply = send(gateway.request(Method::POST, PATH).body(text)).await;
        reply.is_error(400, "VALIDATION_ERROR", "body");
    }
    let huge = gateway.request(Method::POST, PATH).body(vec![b' '; 5 << 20]);
    send(huge).await.is_error(413, "PAYLOAD_TOO_LARGE", "too large");
}

#[tokio::test]
async fn patch_repoints_renames_and_moves_updated_at_alone() {
    let gateway = TestGateway::start().await;
    let made = gateway.endpoint("my-org/a").await;
    let path = format!("{PATH}/{}", made.id);
    let target = json!({"provider": "ANTHROPIC", "secret_id": "s9cAnth", "target_model": "claude"});
    let repointed: Endpoint = gateway.patch(&path, &json!({"targets": [target]})).await.body();
    assert_eq!(repointed.target().unwrap().provider, Provider::Anthropic);
    assert_eq!(repointed.slug, made.slug);
    let renamed: Endpoint = gateway.patch(&path, &json!({"slug": "my-org/b", "targets": null})).await.body();
    assert_eq!((renamed.slug.as_str(), &renamed.targets), ("my-org/b", &repointed.targets));
    assert_eq!((&renamed.id, renamed.created_at), (&made.id, made.created_at));
    assert!(made.updated_at < repointed.updated_at && repointed.updated_at < renamed.updated_at);
    // The old name is free again.
    gateway.endpoint("my-org/a").await;
}

#[tokio::test]
async fn updated_at_increases_strictly_also_while_the_clock_stands() {
    let gateway = TestGateway::with(|options| options.virtual_clock = true).await;
    let made = gateway.endpoint("my-org/a").await;
    let path = format!("{PATH}/{}", made.id);
    let mut last = made.updated_at;
    for _ in 0..5 {
        let reply = gateway.patch(&path, &json!({"slug": "my-org/a"})).await;
        assert_eq!(reply.status, 200, "values equal to the stored ones are no error");
        let endpoint: Endpoint = reply.body();
        assert!(endpoint.updated_at > last);
        last = endpoint.updated_at;
    }
}

#[tokio::test]
async fn a_patch_that_breaks_a_rule_changes_nothing() {
    let gateway = TestGateway::start().await;
    let made = gateway.endpoint("my-org/a").await;
    let path = format!("{PATH}/{}", made.id);
    for (body, part) in [
        (json!({}), "slug or targets"),
        (json!({"slug": null, "name": "x"}), "slug or targets"),
        (json!({"region": "EU"}), "slug or targets"),
        (json!({"slug": "my-org/b", "region": "EU"}), "region cannot be changed"),
        (json!({"slug": "my-org/glm-5.2"}), "already in use"),
        (json!({"slug": "other-org/private-llm"}), "prefix"),
        (json!({"targets": []}), "exactly one"),
        (json!({"slug": "my-org/b", "targets": [{"provider": "BASETEN", "model_id": "nope"}]}), "model_id nope"),
    ] {
        gateway.patch(&path, &body).await.is_error(400, "VALIDATION_ERROR", part);
    }
    assert_eq!(gateway.get(&path).await.body::<Endpoint>(), made);
}

#[tokio::test]
async fn if_match_guards_patch_and_delete() {
    let gateway = TestGateway::start().await;
    let made = gateway.endpoint("my-org/a").await;
    let path = format!("{PATH}/{}", made.id);
    let guarded = |method: Method, tag: String, body: Value| {
        send(gateway.request(method, &path).header("if-match", tag).body(body.to_string()))
    };
    let body = json!({"slug": "my-org/b"});
    let first = guarded(Method::PATCH, made.updated_at.to_string(), body.clone()).await;
    assert_eq!(first.status, 200);
    let late = guarded(Method::PATCH, format!("\"{}\"", made.updated_at), body.clone()).await;
    late.is_error(412, "PRECONDITION_FAILED", &first.body::<Endpoint>().updated_at.to_string());
    guarded(Method::DELETE, made.updated_at.to_string(), json!({})).await.is_error(412, "PRECONDITION_FAILED", "");
    guarded(Method::PATCH, "yesterday".to_owned(), body).await.is_error(400, "VALIDATION_ERROR", "If-Match");
    let current = first.body::<Endpoint>().updated_at.to_string();
    assert_eq!(guarded(Method::DELETE, current, json!({})).await.status, 200);
}

#[tokio::test]
async fn delete_answers_a_tombstone_and_frees_the_slug() {
    let gateway = TestGateway::start().await;
    let made = gateway.endpoint("my-org/a").await;
    let path = format!("{PATH}/{}", made.id);
    let reply = gateway.delete(&path).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body::<EndpointTombstone>(), EndpointTombstone { id: made.id.clone(), slug: made.slug.clone() });
    gateway.delete(&path).await.is_error(404, "NOT_FOUND", made.id.as_str());
    gateway.get(&path).await.is_error(404, "NOT_FOUND", "");
    gateway.patch(&path, &json!({"slug": "my-org/b"})).await.is_error(404, "NOT_FOUND", "");
    assert_ne!(gateway.endpoint("my-org/a").await.id, made.id);
}

#[tokio::test]
async fn a_neighbours_endpoint_is_403_and_in_no_list() {
    let gateway = TestGateway::start().await;
    gateway.get(NEIGHBOUR).await.is_error(403, "FORBIDDEN", "another workspace");
    gateway.patch(NEIGHBOUR, &json!({})).await.is_error(403, "FORBIDDEN", "");
    gateway.delete(NEIGHBOUR).await.is_error(403, "FORBIDDEN", "");
    let page: Page<Endpoint> = gateway.get(&format!("{PATH}?limit=1000")).await.body();
    assert!(page.items.iter().all(|endpoint| endpoint.slug.org_prefix() == "my-org"));
}

#[tokio::test]
async fn the_demo_has_14_endpoints_over_all_providers() {
    let gateway = TestGateway::start().await;
    let page: Page<Endpoint> = gateway.get(PATH).await.body();
    assert_eq!(page.items.len(), 14);
    for provider in Provider::KNOWN {
        assert!(page.items.iter().any(|endpoint| endpoint.target().unwrap().provider == *provider), "{provider}");
    }
    assert!(page.items.is_sorted_by_key(|endpoint| endpoint.created_at), "the order is that of creation");
}

#[tokio::test]
async fn an_id_that_is_no_id_is_404_and_never_sql() {
    let gateway = TestGateway::start().await;
    for id in ["x'%20OR%20'1'='1", "%00", "..%2f..", "%F0%9F%92%A9", &"a".repeat(5000)] {
        assert_eq!(gateway.get(&format!("{PATH}/{id}")).await.status, 404, "{id}");
    }
    assert_eq!(gateway.get(&format!("{PATH}/%FF")).await.status, 404);
    assert_eq!(gateway.get(PATH).await.body::<Page<Endpoint>>().items.len(), 14);
}
