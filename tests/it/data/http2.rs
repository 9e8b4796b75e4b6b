//! Callers that speak HTTP/2 from the first byte on.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use repoint::gateway::planes::data::Settings;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::caller::Caller;
use super::plane::{GLM, KEY, Plane, settings};
use super::script::{EVENTS, Script, completion};

type Caller2 = SendRequest<Full<Bytes>>;

async fn connect(address: SocketAddr) -> (Caller2, JoinHandle<hyper::Result<()>>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (caller, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (caller, tokio::spawn(connection))
}

fn request(key: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("http://gateway/v1/chat/completions")
        .header("authorization", format!("Bearer {key}"))
        .body(Full::new(body.into()))
        .unwrap()
}

fn chat() -> Request<Full<Bytes>> {
    request(KEY, format!(r#"{{"model":"{GLM}","messages":[]}}"#))
}

fn chat_stream() -> Request<Full<Bytes>> {
    request(KEY, format!(r#"{{"model":"{GLM}","messages":[],"stream":true}}"#))
}

async fn text(answer: Response<Incoming>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn calls_at_once_on_one_connection_are_served() {
    let upstream = Script::start().await.always(|arrived| {
        assert!(arrived.line().ends_with(" HTTP/1.1") && arrived.header("host").is_some(), "{}", arrived.head);
        completion()
    });
    let plane = Plane::start(upstream).await;
    let (caller, _connection) = connect(plane.address).await;
    let calls = (0..50).map(|_| {
        let mut caller = caller.clone();
        async move { caller.send_request(chat()).await.unwrap() }
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-repoint-target"], "ep-my-org-glm BASETEN m/production 1");
        assert!(text(answer).await.contains(r#""model":"my-org/glm""#));
    }
    assert_eq!(plane.recorded(50).await.len(), 50);
}

#[tokio::test]
async fn refusals_are_those_of_http_1_and_end_nothing() {
    let upstream = Script::start().await;
    let settings = Settings { body_bytes_max: 1 << 20, ..settings() };
    let plane = Plane::start_with(upstream.address, settings, |_| ()).await;
    let (mut caller, _connection) = connect(plane.address).await;
    for (request, status) in [
        (request("bad", "{}"), 403),
        (request("bad", vec![b'x'; 5 << 20]), 403),
        (request(KEY, vec![b'x'; 12 << 20]), 413),
        (request(KEY, "[]"), 400),
        (Request::head("http://gateway/").body(Full::default()).unwrap(), 404),
        (Request::get("http://gateway/v1/models").body(Full::default()).unwrap(), 401),
    ] {
        let answer = caller.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.headers().contains_key("x-baseten-request-id"));
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_stream_passes_and_its_caller_who_takes_it_back_ends_the_call() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let (mut caller, _connection) = connect(plane.address).await;
    for goes in [false, true] {
        let (answer, (_, mut above)) = tokio::join!(caller.send_request(chat_stream()), upstream.answer_once(EVENTS));
        let mut body = answer.unwrap().into_body();
        above.chunk("data: {\"model\":\"x\",\"choices\":[]}\n\n").await;
        let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(piece, "data: {\"model\":\"my-org/glm\",\"choices\":[]}\n\n");
        if goes {
            drop(body);
            above.closed().await;
        } else {
            above.chunk("data: [DONE]\n\n").await;
            above.send("0\r\n\r\n").await;
            assert_eq!(body.collect().await.unwrap().to_bytes(), "data: [DONE]\n\n");
        }
    }
    assert_eq!(plane.recorded(2).await[1].outcome, "caller_gone");
}

#[tokio::test]
async fn a_stream_that_the_upstream_cut_is_reset_and_not_ended() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let (mut caller, _connection) = connect(plane.address).await;
    let (answer, (_, mut above)) = tokio::join!(caller.send_request(chat_stream()), upstream.answer_once(EVENTS));
    above.chunk("data: {\"choices\":[]}\n\n").await;
    drop(above);
    assert!(answer.unwrap().into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_header_flood_is_refused_and_hurts_nobody_else() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    let (mut flooding, _flooding) = connect(plane.address).await;
    let mut flood = chat();
    for number in 0..40 {
        let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
        flood.headers_mut().insert(name, "y".repeat(8_000).parse().unwrap());
    }
    match flooding.send_request(flood).await {
        Ok(answer) => assert_eq!(answer.status(), 431),
        Err(error) => assert!(!error.is_timeout(), "{error}"),
    }
    let (mut caller, _connection) = connect(plane.address).await;
    assert_eq!(caller.send_request(chat()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_connection_that_does_nothing_ends() {
    let upstream = Script::start().await.always(|_| completion());
    let settings = Settings { header_timeout: Duration::from_millis(200), ..settings() };
    let plane = Plane::start_with(upstream, settings, |_| ()).await;
    let (mut caller, connection) = connect(plane.address).await;
    assert_eq!(caller.send_request(chat()).await.unwrap().status(), 200);
    drop(connection.await.unwrap());
    // One that says nothing at all, and one that begins to say what it speaks.
    for bytes in ["", "P", "PRI * HT"] {
        let mut silent = Caller::connect(plane.address).await;
        silent.send(bytes).await;
        assert_eq!(silent.rest().await, "");
    }
}

#[tokio::test]
async fn the_end_of_the_gateway_lets_what_is_under_way_finish() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let (mut caller, connection) = connect(plane.address).await;
    let (answer, (_, mut above)) = tokio::join!(caller.send_request(chat_stream()), upstream.answer_once(EVENTS));
    plane.begin_stop();
    above.chunk("data: [DONE]\n\n").await;
    above.send("0\r\n\r\n").await;
    assert_eq!(text(answer.unwrap()).await, "data: [DONE]\n\n");
    drop(caller);
    drop(connection.await.unwrap());
    assert_eq!(plane.stop().await.len(), 1);
}

#[tokio::test]
async fn a_first_line_in_pieces_is_read_as_what_it_is() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    for piece in ["P", "O", "ST /v1/mo", "dels HTTP/1.1\r\nhost: g\r\n", "content-length: 0\r\n\r\n"] {
        caller.send(piece).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(caller.answer().await.status, 401);
}
