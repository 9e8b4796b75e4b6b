//! The data plane as a caller: streams that are whole, streams that are not.

use repoint::api::{Chat, Slug};
use repoint::client::{ErrorKind, Inference, InferenceOptions, Piece};
use secrecy::SecretString;
use serde_json::json;
use url::Url;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn caller(server: &MockServer) -> Inference {
    let url = Url::parse(&format!("{}/v1", server.uri())).unwrap();
    Inference::new(InferenceOptions::new(url, SecretString::from("sky_federated.key"))).unwrap()
}

fn chat(is_streamed: bool) -> Chat {
    Chat { tokens_max: Some(5), is_streamed, ..Chat::new(Slug::parse("my-org/glm").unwrap(), "hi") }
}

fn events(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_raw(body, "text/event-stream")
        .insert_header("x-repoint-target", "e1 BASETEN m/production 7")
        .insert_header("x-baseten-request-id", "r1")
}

#[tokio::test]
async fn a_stream_is_handed_on_piece_by_piece_to_its_end() {
    let server = MockServer::start().await;
    let body = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\ndata: [DONE]\n\n";
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .and(header("authorization", "Api-Key sky_federated.key"))
        .and(body_json(json!({"model": "my-org/glm", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5,
            "stream": true, "stream_options": {"include_usage": true}})))
        .respond_with(events(body))
        .mount(&server)
        .await;
    let mut speech = caller(&server).chat(&chat(true)).await.unwrap();
    assert_eq!(speech.target.as_deref(), Some("e1 BASETEN m/production 7"));
    assert_eq!(speech.request_id.as_deref(), Some("r1"));
    assert_eq!(speech.next().await.unwrap(), Some(Piece::Text("Hel".to_owned())));
    assert_eq!(speech.next().await.unwrap(), Some(Piece::Text("lo".to_owned())));
    assert_eq!(speech.next().await.unwrap(), None);
    assert_eq!(speech.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_that_never_says_that_it_is_done_is_whole_where_its_choice_said_why_it_ended() {
    let server = MockServer::start().await;
    let body = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}";
    Mock::given(method("POST")).respond_with(events(body)).mount(&server).await;
    let mut speech = caller(&server).chat(&chat(true)).await.unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = speech.next().await.unwrap() {
        pieces.push(piece);
    }
    let text = |text: &str| Piece::Text(text.to_owned());
    assert_eq!(pieces, [text("Hel"), text("lo"), Piece::Usage { input: 1, output: 2 }]);
}

#[tokio::test]
async fn a_stream_without_its_end_is_lost() {
    let server = MockServer::start().await;
    let body = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    Mock::given(method("POST")).respond_with(events(body)).mount(&server).await;
    let mut speech = caller(&server).chat(&chat(true)).await.unwrap();
    assert!(speech.next().await.unwrap().is_some());
    assert_eq!(speech.next().await.unwrap_err().kind, ErrorKind::Lost);
}

#[tokio::test]
async fn an_answer_in_one_is_text_and_usage() {
    let server = MockServer::start().await;
    let body =
        json!({"choices": [{"message": {"content": "Hello"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    let mut speech = caller(&server).chat(&chat(false)).await.unwrap();
    assert_eq!(speech.next().await.unwrap(), Some(Piece::Text("Hello".to_owned())));
    assert_eq!(speech.next().await.unwrap(), Some(Piece::Usage { input: 1, output: 2 }));
    assert_eq!(speech.next().await.unwrap(), None);
}

#[tokio::test]
async fn refusals_say_what_the_gateway_said() {
    let server = MockServer::start().await;
    let told = json!({"error": "please check the model you provided"});
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(404).set_body_json(told)).mount(&server).await;
    let refused = caller(&server).chat(&chat(false)).await.unwrap_err();
    assert_eq!(refused.status, Some(404));
    let error = refused.error;
    assert_eq!(
        (error.kind.clone(), error.to_string()),
        (ErrorKind::NotFound, "please check the model you provided (404)".to_owned())
    );
}

#[tokio::test]
async fn the_models_are_the_slugs_that_the_key_may_call() {
    let server = MockServer::start().await;
    let body = json!({"object": "list", "data": [{"id": "my-org/a"}, {"id": "my-org/b"}]});
    Mock::given(method("GET"))
        .and(path("/v1/models"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(&server)
        .await;
    let slugs = caller(&server).models().await.unwrap();
    assert_eq!(slugs.iter().map(Slug::as_str).collect::<Vec<_>>(), ["my-org/a", "my-org/b"]);
}
