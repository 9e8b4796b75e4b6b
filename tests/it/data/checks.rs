//! What is checked before an upstream is asked, and in which order.

use repoint::api::{Provider, Target};

use super::caller::{Caller, chat, post, post_with};
use super::plane::{GLM, KEY, Plane};
use super::script::{Script, completion};

#[tokio::test]
async fn no_key_is_401_and_a_bad_one_403_with_the_same_body() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let body = r#"{"error":"please check the api-key you provided"}"#;
    for (headers, status) in [
        ("", 401),
        ("authorization: Api-Key sky_AAAAAAAAAAAA.wrong\r\n", 403),
        ("authorization: Basic dTpw\r\n", 403),
        ("authorization: nonsense\r\n", 403),
        ("authorization: Api-Key \r\n", 403),
        ("authorization: Api-Key ' OR 1=1 --\r\n", 403),
        ("x-api-key: whatever\r\n", 403),
        ("cookie: session=1\r\n", 401),
    ] {
        let answer = caller.call(&post_with("/v1/chat/completions", headers, "not even JSON")).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{headers}");
        assert!(answer.header("x-baseten-request-id").is_some());
    }
    let twice = format!("authorization: Api-Key {KEY}\r\nauthorization: Api-Key {KEY}\r\n");
    assert_eq!(caller.call(&post_with("/v1/chat/completions", &twice, "{}")).await.status, 403);
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn keys_are_taken_by_api_key_by_bearer_and_by_x_api_key() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    for headers in [format!("authorization: Api-Key {KEY}\r\n"), format!("authorization: Bearer {KEY}\r\n")] {
        assert_eq!(caller.call(&post_with("/v1/chat/completions", &headers, "[]")).await.status, 400);
    }
    let answer = caller.call(&post_with("/v1/messages", &format!("x-api-key: {KEY}\r\n"), "[]")).await;
    assert_eq!((answer.status, answer.json()["error"]["type"].as_str()), (400, Some("invalid_request_error")));
}

#[tokio::test]
async fn a_body_without_one_model_is_400_and_nothing_goes_up() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    for body in
        ["", "[]", "{", r#"{"model":1}"#, r#"{"Model":"my-org/glm"}"#, r#"{"model":"a/b","model":"my-org/glm"}"#]
    {
        let answer = caller.call(&post("/v1/chat/completions", body)).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"error":"Invalid request body"}"#), "{body}");
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_slug_that_is_unknown_or_not_granted_is_404() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    for slug in ["my-org/gone", "my-org/never", "", "../../etc/passwd", "a\\r\\nb"] {
        let answer = caller.call(&chat(slug)).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"error":"please check the model you provided"}"#));
    }
    plane.grant(&serde_json::json!([]));
    assert_eq!(caller.call(&chat(GLM)).await.status, 404);
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn unknown_paths_are_404_and_other_methods_405() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    for path in ["/", "/v1", "/v1/chat", "/v1/chat/completions/", "/debug", "/v1/../admin"] {
        assert_eq!(caller.call(&post(path, "{}")).await.status, 404, "{path}");
    }
    for method in ["GET", "PUT", "DELETE", "TRACE", "OPTIONS", "PATCH", "BREW"] {
        let request =
            format!("{method} /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Api-Key {KEY}\r\n\r\n");
        let answer = caller.call(&request).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    assert_eq!(caller.call(&post("/v1/chat/completions", "[]")).await.status, 400);
    plane.shared.access.revoke_key(&super::plane::PREFIX.into());
    assert_eq!(caller.call(&post("/v1/chat/completions", "[]")).await.status, 403);
}

#[tokio::test]
async fn line_ends_in_names_make_no_header_on_either_side() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let name = "a\r\nx-injected: 1\r\n\r\nGET /hidden HTTP/1.1\u{0}é";
    let mut target = Target::baseten("m", None);
    target.target_model = Some(name.to_owned());
    plane.serve(2, &[(GLM, target), ("my-org/external", Target::external(Provider::OpenAi, "s", name))]);
    plane.grant(&serde_json::json!([{"slug": GLM}, {"slug": "my-org/external"}]));
    let mut connection = None;
    for slug in [GLM, "my-org/external"] {
        caller.send(chat(slug)).await;
        let connection = match &mut connection {
            Some(connection) => connection,
            none => none.insert(upstream.accept().await),
        };
        let arrived = connection.request().await;
        connection.send(&completion()).await;
        let answer = caller.answer().await;
        assert_eq!((answer.status, arrived.json()["model"].as_str()), (200, Some(name)));
        assert_eq!((arrived.header("x-injected"), answer.header("x-injected")), (None, None));
        assert!(answer.header("x-repoint-target").unwrap().is_ascii());
    }
    for target in ["/v1/chat/completions?a=%0d%0ax-injected:1", "/v1/chat%2Fcompletions", "/v1/%2e%2e/admin", "*"] {
        let answer = caller.call(&post(target, "[]")).await;
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
    }
}

#[tokio::test]
async fn bad_keys_without_end_are_answered_and_hold_back_nobody_else() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut stranger = Caller::connect(plane.address).await;
    let bad = post_with("/v1/chat/completions", "authorization: Api-Key bad\r\n", "{}");
    for _ in 0..20 {
        assert_eq!(stranger.call(&bad).await.status, 403);
    }
    // The next answer is held back; a good key on another connection is served meanwhile.
    stranger.send(&bad).await;
    let mut caller = Caller::connect(plane.address).await;
    assert_eq!(caller.call(&post("/v1/chat/completions", "[]")).await.status, 400);
    assert_eq!(stranger.answer().await.status, 403);
    assert!(upstream.is_untouched());
}
