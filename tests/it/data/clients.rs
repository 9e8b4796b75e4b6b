//! Callers as they are: what official clients and agents send first, beside, and instead of a plain call.

use repoint::api::{Provider, Target};
use serde_json::{Value, json};

use super::caller::{Answer, Caller, chat, post, post_with};
use super::plane::{GLM, KEY, PREFIX, Plane, RENAMED, SECRET};
use super::script::{Script, completion, json_answer, status_answer};

const CLAUDE: &str = "my-org/claude";

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\n{headers}\r\n")
}

fn ids(answer: &Answer) -> Vec<String> {
    let models = answer.json();
    models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn another_protocol_that_is_offered_is_not_taken_up_and_the_call_is_served() {
    let upstream = Script::start().await.always(|arrived| {
        assert_eq!((arrived.header("upgrade"), arrived.header("http2-settings")), (None, None));
        completion()
    });
    let plane = Plane::start(upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    // As JDK's HttpClient and `curl --http2` send it, and twice on one connection.
    for offer in ["h2c", "h2c", "TLS/1.0, x", "websocket"] {
        let headers = format!(
            "authorization: Api-Key {KEY}\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: {offer}\r\n\
             http2-settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n"
        );
        let answer = caller.call(&post_with("/v1/chat/completions", &headers, r#"{"model":"my-org/glm"}"#)).await;
        assert_eq!((answer.status, answer.header("upgrade")), (200, None), "{offer}");
    }
}

#[tokio::test]
async fn a_websocket_for_responses_is_426_whoever_asks_and_the_post_behind_it_is_served() {
    let upstream = Script::start().await.always(|_| json_answer(r#"{"id":"r1","model":"upstream-model"}"#));
    let plane = Plane::start(upstream).await;
    for key in [KEY, "bad"] {
        let mut caller = Caller::connect(plane.address).await;
        let handshake = format!(
            "GET /v1/responses HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\nconnection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let answer = caller.call(&handshake).await;
        assert_eq!((answer.status, answer.header("upgrade")), (426, Some("HTTP/1.1")));
        assert_eq!(answer.json()["error"], "websockets are not spoken here; post the request instead");
        let answer = caller.call(&post("/v1/responses", r#"{"model":"my-org/glm","input":"x"}"#)).await;
        assert_eq!((answer.status, answer.json()["model"].as_str()), (200, Some(GLM)));
    }
}

#[tokio::test]
async fn head_at_an_unknown_path_is_404_without_a_key_and_is_held_against_nobody() {
    let plane = Plane::start(Script::start().await.address).await;
    let mut caller = Caller::connect(plane.address).await;
    // More than the bad keys after which answers come late; a strike each would make this slow, not wrong: what is
    // checked is that the connection goes on and needs no key.
    for _ in 0..20 {
        caller.send("HEAD / HTTP/1.1\r\nhost: gateway\r\n\r\n").await;
        let (status, head) = caller.head().await;
        assert_eq!(status, 404, "{head}");
    }
    caller.send(format!("HEAD /v1/models HTTP/1.1\r\nhost: g\r\nx-api-key: {KEY}\r\n\r\n")).await;
    assert_eq!(caller.head().await.0, 200);
    assert_eq!(caller.call("GET / HTTP/1.1\r\nhost: gateway\r\n\r\n").await.status, 401);
}

#[tokio::test]
async fn x_api_key_is_taken_on_every_route() {
    let upstream = Script::start().await.always(|arrived| {
        assert!(!arrived.head.contains("canary-key"), "{}", arrived.head);
        completion()
    });
    let plane = Plane::start(upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    let headers = format!("x-api-key: {KEY}\r\n");
    for path in ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages"] {
        assert_eq!(caller.call(&post_with(path, &headers, r#"{"model":"my-org/glm"}"#)).await.status, 200, "{path}");
    }
    for path in ["/v1/models", "/v1/models/my-org/glm"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: gateway\r\n{headers}\r\n");
        assert_eq!(caller.call(&request).await.status, 200, "{path}");
    }
    for wrong in ["x-api-key: no\r\n".to_owned(), headers.repeat(2)] {
        assert_eq!(caller.call(&post_with("/v1/chat/completions", &wrong, "{}")).await.status, 403);
    }
    // `Authorization` goes first, as the contract writes it.
    let both = format!("authorization: Bearer no\r\n{headers}");
    assert_eq!(caller.call(&post_with("/v1/chat/completions", &both, "{}")).await.status, 403);
}

#[tokio::test]
async fn models_are_told_in_the_shape_that_the_caller_reads() {
    let plane = Plane::start(Script::start().await.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let version = "anthropic-version: 2023-06-01\r\n";
    let list = caller.call(&get("/v1/models?limit=1", version)).await;
    assert_eq!(
        list.json(),
        json!({
            "data": [{"type": "model", "id": GLM, "display_name": GLM, "created_at": "1970-01-01T00:00:00.000000Z"}],
            "has_more": true, "first_id": GLM, "last_id": GLM,
        })
    );
    assert_eq!(ids(&caller.call(&get("/v1/models?limit=1&after_id=my-org%2Fglm", version)).await), [RENAMED]);
    assert_eq!(ids(&caller.call(&get("/v1/models?before_id=my-org/renamed", version)).await), [GLM]);
    assert_eq!(ids(&caller.call(&get("/v1/models?limit=1", "")).await), [GLM, RENAMED], "OpenAI's list has no pages");
    let wrong = caller.call(&get("/v1/models?limit=0", version)).await;
    assert_eq!((wrong.status, wrong.json()["error"]["type"].as_str()), (400, Some("invalid_request_error")));
}

#[tokio::test]
async fn one_model_is_told_by_its_slug_with_the_slash_in_either_spelling() {
    let plane = Plane::start(Script::start().await.address).await;
    let mut caller = Caller::connect(plane.address).await;
    for path in ["/v1/models/my-org/glm", "/v1/models/my-org%2Fglm", "/v1/models/my-org%2fglm?x=1"] {
        let answer = caller.call(&get(path, "")).await;
        let expected = json!({"id": GLM, "object": "model", "created": 0, "owned_by": "my-org"});
        assert_eq!((answer.status, answer.json()), (200, expected), "{path}");
        let answer = caller.call(&get(path, "anthropic-version: 2023-06-01\r\n")).await;
        assert_eq!(answer.json()["type"], "model");
    }
    for path in ["/v1/models/my-org%2Fgone", "/v1/models/my-org", "/v1/models/%00"] {
        let answer = caller.call(&get(path, "")).await;
        let expected = r#"{"error":"please check the model you provided"}"#;
        assert_eq!(
            (answer.status, answer.body.as_str(), answer.header("x-should-retry")),
            (404, expected, Some("false"))
        );
    }
    let answer = caller.call(&post("/v1/models/my-org/glm", "{}")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
    // No name of a slug becomes a path in what is counted.
    assert_eq!(plane.recorded(1).await[0].path, "/v1/models/{slug}");
}

const PROMPT: &str =
    r#"{"model":"my-org/claude","system":"be kind","messages":[{"role":"user","content":"hello there"}]}"#;

async fn claude(upstream: std::net::SocketAddr, target: Target) -> Plane {
    let plane = Plane::start(upstream).await;
    plane.serve(2, &[(CLAUDE, target)]);
    let limits = json!([{"type": "REQUEST", "unit": "MINUTE", "threshold": 0}]);
    plane.grant(&json!([{"slug": CLAUDE, "rate_limits": limits}]));
    plane
}

#[tokio::test]
async fn tokens_are_counted_by_the_target_and_nothing_is_spent() {
    let upstream = Script::start().await;
    let plane = claude(upstream.address, Target::external(Provider::Anthropic, "s", "claude-x")).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(post("/v1/messages/count_tokens?beta=true", PROMPT)).await;
    let (arrived, _connection) = upstream.answer_once(&json_answer(r#"{"input_tokens":14}"#)).await;
    assert_eq!(arrived.line(), "POST /v1/messages/count_tokens?beta=true HTTP/1.1");
    assert_eq!((arrived.header("x-api-key"), arrived.json()["model"].as_str()), (Some(SECRET), Some("claude-x")));
    let answer = caller.answer().await;
    // The limit of zero requests stands in its way as little as any other.
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"input_tokens":14}"#));
    assert_eq!(plane.recorded(1).await[0].path, "/v1/messages/count_tokens");
    assert!(plane.stop().await.is_empty(), "nothing is billed");
}

#[tokio::test]
async fn tokens_are_estimated_where_the_target_does_not_count() {
    for status in ["404 Not Found", "405 Method Not Allowed", "501 Not Implemented"] {
        let unknown = status_answer(status, "application/json", r#"{"detail":"Not Found"}"#);
        let upstream = Script::start().await.always(move |_| unknown.clone());
        let plane = claude(upstream, Target::baseten("m", None)).await;
        let answer = Caller::connect(plane.address).await.call(&post("/v1/messages/count_tokens", PROMPT)).await;
        let tokens = answer.json()["input_tokens"].as_u64().unwrap();
        assert!(answer.status == 200 && (4..12).contains(&tokens), "{}", answer.body);
    }
    // A provider that has no such route is not asked at all.
    let upstream = Script::start().await;
    let plane = claude(upstream.address, Target::external(Provider::OpenAi, "s", "gpt")).await;
    let mut caller = Caller::connect(plane.address).await;
    let answer = caller.call(&post("/v1/messages/count_tokens", PROMPT)).await;
    assert!(answer.status == 200 && answer.json()["input_tokens"].is_u64() && upstream.is_untouched());
    let other = caller.call(&post("/v1/messages/count_tokens", r#"{"model":"my-org/other","messages":[]}"#)).await;
    assert_eq!((other.status, other.json()["error"]["type"].as_str()), (404, Some("not_found_error")));
}

#[tokio::test]
async fn an_upstreams_own_refusal_to_count_passes() {
    let busy = status_answer("529 Overloaded", "application/json", r#"{"type":"error"}"#);
    let upstream = Script::start().await.always(move |_| busy.clone());
    let plane = claude(upstream, Target::external(Provider::Anthropic, "s", "claude-x")).await;
    let answer = Caller::connect(plane.address).await.call(&post("/v1/messages/count_tokens", PROMPT)).await;
    assert_eq!((answer.status, answer.body.as_str()), (529, r#"{"type":"error"}"#));
}

#[tokio::test]
async fn an_unknown_route_of_anthropics_protocol_is_refused_in_its_shape() {
    let plane = Plane::start(Script::start().await.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let answer = caller.call(&post("/v1/messages/batches", "{}")).await;
    assert_eq!((answer.status, answer.json()["error"]["type"].as_str()), (404, Some("not_found_error")));
    let answer = caller.call(&post("/v1/audio/speech", "{}")).await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (404, Some("there is no such route")));
}

#[tokio::test]
async fn upstreams_are_asked_for_what_can_be_counted_whatever_the_caller_could_read() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let mut connection = None;
    for accept in ["", "accept: application/msgpack, */*\r\n", "accept: text/plain\r\naccept: application/json\r\n"] {
        let headers = format!("authorization: Bearer {KEY}\r\n{accept}");
        caller.send(post_with("/v1/embeddings", &headers, r#"{"model":"my-org/glm","input":"x"}"#)).await;
        let connection = match &mut connection {
            Some(connection) => connection,
            none => none.insert(upstream.accept().await),
        };
        let arrived = connection.request().await;
        connection.send(&completion()).await;
        assert_eq!(arrived.head.to_lowercase().matches("\r\naccept: ").count(), 1, "{}", arrived.head);
        assert_eq!(arrived.header("accept"), Some("application/json, text/event-stream"));
        assert_eq!(caller.answer().await.status, 200);
    }
}

#[tokio::test]
async fn what_stays_refused_says_so() {
    let plane = Plane::start(Script::start().await.address).await;
    let mut caller = Caller::connect(plane.address).await;
    plane.grant(&json!([{"slug": GLM, "rate_limits": [{"type": "REQUEST", "unit": "MINUTE", "threshold": 0}]}]));
    let bad_key = post_with("/v1/messages", "authorization: Bearer no\r\n", "{}");
    for (request, status) in
        [(post("/v1/chat/completions", "[]"), 400), (bad_key, 403), (chat("my-org/never"), 404), (chat(GLM), 429)]
    {
        let answer = caller.call(&request).await;
        assert_eq!((answer.status, answer.header("x-should-retry")), (status, Some("false")), "{request}");
        assert_eq!((answer.header("retry-after"), answer.header("retry-after-ms")), (None, None));
    }
    plane.shared.access.revoke_key(&PREFIX.into());
    let answer = caller.call(&chat(GLM)).await;
    assert_eq!((answer.status, answer.header("x-should-retry")), (403, Some("false")));
    let nothing: Value = answer.json();
    assert_eq!(nothing["error"], "please check the api-key you provided");
}
