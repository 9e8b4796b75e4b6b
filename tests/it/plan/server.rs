//! A management API in memory that does what a script says: write behind the client's back, refuse, lose the answer
//! before or after the write, answer late, die. It keeps a list of the writes that it did.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::world::World;

/// What happens to one request.
pub(crate) enum Fate {
    /// It is handled as it should be.
    Handle,
    /// It is not handled; this is the answer.
    Refuse(u16, String),
    /// The connection is cut, and nothing was done.
    CutBefore,
    /// It is handled, and the connection cut instead of an answer.
    CutAfter,
    /// Nothing is done and no answer comes.
    HangBefore,
    /// It is handled, and no answer comes.
    HangAfter,
    /// It is handled, and answered once there is a permit.
    HandleSlowly(Arc<Semaphore>),
}

/// A request as a script sees it.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    /// The how many-th write, from 1; 0 for reads.
    pub(crate) write: usize,
}

type Script = Box<dyn FnMut(&Asked<'_>, &mut World) -> Fate + Send>;

pub(crate) struct Server {
    pub(crate) url: url::Url,
    pub(crate) world: Arc<Mutex<World>>,
    script: Arc<Mutex<Script>>,
    hanging: Arc<Notify>,
    stop: CancellationToken,
}

impl Server {
    pub(crate) async fn start(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(listener, Arc::new(Mutex::new(world)))
    }

    fn serve(listener: TcpListener, world: Arc<Mutex<World>>) -> Self {
        let url = url::Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(|_, _| Fate::Handle)));
        let server = Self { url, world, script, hanging: Arc::default(), stop: CancellationToken::new() };
        let (world, script, hanging, stop) =
            (server.world.clone(), server.script.clone(), server.hanging.clone(), server.stop.clone());
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = stop.cancelled() => break,
                };
                let Ok((stream, _)) = accepted else { break };
                let (world, script, hanging) = (world.clone(), script.clone(), hanging.clone());
                let stop = stop.clone();
                tokio::spawn(async move {
                    let service =
                        service_fn(move |request| answer(request, world.clone(), script.clone(), hanging.clone()));
                    let connection =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    tokio::select! {
                        _ = connection => {}
                        () = stop.cancelled() => {}
                    }
                });
            }
        });
        server
    }

    /// What shall happen from now on.
    pub(crate) fn script(&self, script: impl FnMut(&Asked<'_>, &mut World) -> Fate + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// Waits until a request hangs.
    pub(crate) async fn hangs(&self) {
        self.hanging.notified().await;
    }

    /// Dies: listener and connections are gone, what was written stays.
    pub(crate) fn die(&self) -> Arc<Mutex<World>> {
        self.stop.cancel();
        self.world.clone()
    }

    /// Kills it from inside a script.
    pub(crate) fn stopper(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Comes back with what was written.
    pub(crate) async fn again(world: Arc<Mutex<World>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(listener, world)
    }

    pub(crate) fn endpoints(&self) -> Vec<repoint::api::Endpoint> {
        self.world.lock().unwrap().endpoints.clone()
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        self.world.lock().unwrap().writes.clone()
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.world.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An error ends the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

async fn answer(
    request: Request<Incoming>,
    world: Arc<Mutex<World>>,
    script: Arc<Mutex<Script>>,
    hanging: Arc<Notify>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let if_match = parts.headers.get("if-match").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    let (fate, response) = {
        let mut world = world.lock().unwrap();
        let is_write = parts.method != Method::GET && !path.starts_with("/v1/chat/");
        if is_write {
            let sent = String::from_utf8_lossy(&body);
            let guard = if_match.as_deref().unwrap_or("-");
            world.wire.push(format!("{} {path} if-match {guard}\n{sent}", parts.method));
            world.bodies.push(serde_json::from_slice(&body).unwrap_or(Value::Null));
        }
        let write = if is_write { world.bodies.len() } else { 0 };
        let asked = Asked { method: &parts.method, path: &path, write };
        let fate = script.lock().unwrap()(&asked, &mut world);
        let response = match &fate {
            Fate::Handle | Fate::HandleSlowly(_) | Fate::CutAfter | Fate::HangAfter => {
                Some(world.handle(&parts.method, &path, &body, if_match.as_deref()))
            }
            Fate::Refuse(..) | Fate::CutBefore | Fate::HangBefore => None,
        };
        (fate, response)
    };
    match fate {
        Fate::Handle => Ok(response.unwrap()),
        Fate::Refuse(status, body) => Ok(plain(status, &body)),
        Fate::CutBefore | Fate::CutAfter => Err(Cut),
        Fate::HandleSlowly(released) => {
            hanging.notify_one();
            released.acquire().await.unwrap().forget();
            Ok(response.unwrap())
        }
        Fate::HangBefore | Fate::HangAfter => {
            hanging.notify_one();
            match std::future::pending::<Infallible>().await {}
        }
    }
}

fn plain(status: u16, body: &str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(Bytes::from(body.to_owned()))).unwrap()
}
