//! The other processes of the benchmark: the upstream that is called, and a bare proxy to compare with.
//!
//! The benchmark starts itself again with a role as its argument, so that each has a process of its own and its
//! processor time and memory can be told apart.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

/// What a small chat completion is answered with.
const ANSWER: &str = concat!(
    r#"{"id":"chatcmpl-1","object":"chat.completion","created":1780000000,"model":"upstream-model","choices":"#,
    r#"[{"index":0,"message":{"role":"assistant","content":"The quick brown fox jumps over the lazy dog."},"#,
    r#""finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":10,"total_tokens":22}}"#
);

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Runs this role until its standard input ends; prints its address first.
pub(crate) fn run(role: &str, upstream: Option<&str>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let upstream = upstream.map(str::to_owned);
    runtime.block_on(async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        println!("{}", listener.local_addr().expect("an address"));
        match role {
            "upstream" => tokio::spawn(serve_upstream(listener)),
            "bare" => tokio::spawn(serve_bare(listener, upstream.expect("the bare proxy needs an upstream"))),
            other => panic!("unknown role {other}"),
        };
        let mut end = [0];
        let _ = tokio::io::AsyncReadExt::read(&mut tokio::io::stdin(), &mut end).await;
    });
    std::process::exit(0);
}

async fn serve_upstream(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.expect("the upstream accepts");
        serve(stream, service_fn(answer));
    }
}

fn serve<S, B>(stream: TcpStream, service: S)
where
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    stream.set_nodelay(true).expect("a socket takes TCP_NODELAY");
    tokio::spawn(async move {
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    });
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let tail = body.get(body.len().saturating_sub(400)..).unwrap_or_default();
    let text = String::from_utf8_lossy(tail);
    if !text.contains("\"stream\":true") {
        let response = Response::builder().header("content-type", "application/json");
        return Ok(response.body(Full::from(ANSWER).boxed_unsync()).expect("a response"));
    }
    let chunks = setting(&text, "chunks=").unwrap_or(20);
    let pace = Duration::from_millis(setting(&text, "pace=").unwrap_or(5));
    let frames = stream::unfold(0, move |index| async move {
        if index > chunks {
            return None;
        }
        if index > 0 {
            tokio::time::sleep(pace).await;
        }
        let text = if index == chunks { "data: [DONE]\n\n".to_owned() } else { chunk(index) };
        Some((Ok(Frame::data(Bytes::from(text))), index + 1))
    });
    let response = Response::builder().header("content-type", "text/event-stream");
    Ok(response.body(StreamBody::new(frames).boxed_unsync()).expect("a response"))
}

fn chunk(index: u64) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1780000000,\"model\":\
         \"upstream-model\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"word{index} \"}},\
         \"finish_reason\":null}}]}}\n\n"
    )
}

fn setting(text: &str, name: &str) -> Option<u64> {
    let (_, after) = text.split_once(name)?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

async fn serve_bare(listener: TcpListener, upstream: String) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    let address: SocketAddr = upstream.parse().expect("an address");
    loop {
        let (stream, _) = listener.accept().await.expect("the proxy accepts");
        let client = client.clone();
        serve(stream, service_fn(move |request| forward(client.clone(), address, request)));
    }
}

async fn forward(
    client: Client<HttpConnector, Incoming>,
    upstream: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    *request.uri_mut() = format!("http://{upstream}{path}").parse::<Uri>().expect("a URL");
    request.headers_mut().remove("connection");
    client.request(request).await
}
