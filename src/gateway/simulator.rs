//! Simulated models on a loopback address of their own: what seeded targets answer without any real model.
//!
//! Each answers like its provider would: deterministic text that names the model, tokens that are really counted,
//! no delay. [`fault`] holds what can be switched on to see what callers do when a model misbehaves. The path says
//! which model is meant (`/baseten/MODEL/ENVIRONMENT/v1/…`, `/openai/v1/…`), as [`crate::gateway::routing::provider`] builds it.

pub mod fault;
mod reply;
mod text;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::ModelId;
use crate::gateway::routing::provider::Operation;
use crate::gateway::state::Shared;
use fault::Effects;
use reply::{Ask, Script};

/// The largest request that a simulated model reads.
const BODY_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Answers until `stop`, and then until the calls under way are gone.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        if let Ok((stream, _)) = accepted {
            connections.spawn(connection(stream, Arc::clone(&shared), stop.clone()));
        }
    }
    connections.close();
    connections.wait().await;
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, stop: CancellationToken) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    // The gateway has drained before it stops its models: what is still open is idle, or stalls for good.
    tokio::select! {
        _ = connection => {}
        () = stop.cancelled() => {}
    }
}

/// A model is down: the connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the simulated model is down")]
struct Down;

/// The end of a body that was to be cut.
#[derive(Debug, thiserror::Error)]
#[error("the simulated model broke off")]
struct Cut;

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Playing>, Down> {
    let (parts, body) = request.into_parts();
    let Some((place, operation)) = route(parts.uri.path()).filter(|_| parts.method == Method::POST) else {
        return Ok(failure(StatusCode::NOT_FOUND, "the simulated model has no such route"));
    };
    let Ok(body) = http_body_util::Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(failure(StatusCode::BAD_REQUEST, "the body could not be read"));
    };
    let Some(ask) = Ask::read(operation, &body.to_bytes()) else {
        return Ok(failure(StatusCode::BAD_REQUEST, "the body is no request of this route"));
    };
    let model = Model::of(&shared, &place, &ask);
    let effects = shared.faults.effects(&model.names, shared.clock.now());
    if effects.is_down {
        return Err(Down);
    }
    if let Some(delay) = effects.latency {
        tokio::time::sleep(delay).await;
    }
    if let Some(status) = effects.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        let mut failed = failure(status, "the simulated model was told to fail");
        if let Some(seconds) = effects.retry_after_seconds {
            failed.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        return Ok(failed);
    }
    if effects.stall_after == Some(0) {
        std::future::pending::<Infallible>().await;
    }
    let script = reply::script(operation, &ask, &model.title);
    Ok(play(script, &effects))
}

/// Which model is meant.
#[derive(Debug)]
struct Model {
    /// By which faults know it.
    names: Vec<String>,
    /// As its text says it.
    title: String,
}

impl Model {
    fn of(shared: &Shared, place: &[&str], ask: &Ask) -> Self {
        match place {
            ["baseten", model, environment] => {
                let routes = shared.snapshots.enter();
                let name = routes.models.get(&ModelId::from(*model)).map_or(*model, |known| known.name.as_str());
                let names = vec![(*model).to_owned(), format!("{model}/{environment}")];
                Self { names, title: format!("{name} ({model}, {environment})") }
            }
            _ => Self { names: vec![ask.model.clone()], title: ask.model.clone() },
        }
    }
}

/// What stands before `/v1`, and the operation behind it.
fn route(path: &str) -> Option<(Vec<&str>, Operation)> {
    let at = path.find("/v1/")?;
    let (place, operation) = path.split_at(at);
    Some((place.split('/').filter(|part| !part.is_empty()).collect(), Operation::at(operation)?))
}

fn failure(status: StatusCode, message: &str) -> Response<Playing> {
    let body = serde_json::json!({"error": {"message": message, "type": "simulated", "code": status.as_u16()}});
    let mut response = Response::new(Playing::whole(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn play(script: Script, effects: &Effects) -> Response<Playing> {
    let content_type = if script.is_stream { "text/event-stream" } else { "application/json" };
    let mut response = Response::new(Playing::script(script, effects));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A body that is given out piece by piece.
struct Playing {
    pieces: Pin<Box<dyn Stream<Item = Result<Bytes, Cut>> + Send>>,
}

impl Playing {
    fn whole(text: String) -> Self {
        Self { pieces: Box::pin(futures_util::stream::iter([Ok(Bytes::from(text))])) }
    }

    fn script(script: Script, effects: &Effects) -> Self {
        let (cut, stall, pace) = (effects.cut_after, effects.stall_after, effects.token_delay);
        let pieces = if effects.is_garbage { script.as_garbage() } else { script.pieces };
        let steps = futures_util::stream::unfold((pieces.into_iter(), 0_u64), move |(mut pieces, passed)| async move {
            if stall.is_some_and(|after| passed >= after) {
                std::future::pending::<Infallible>().await;
            }
            if cut.is_some_and(|after| passed >= after) {
                // What was said before has to go out first.
                tokio::task::yield_now().await;
                return Some((Err(Cut), (Vec::new().into_iter(), u64::MAX)));
            }
            let piece = pieces.next()?;
            if let Some(delay) = pace.filter(|_| passed > 0) {
                tokio::time::sleep(delay).await;
            }
            Some((Ok(Bytes::from(piece)), (pieces, passed.saturating_add(1))))
        });
        Self { pieces: Box::pin(steps) }
    }
}

impl Body for Playing {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        self.pieces.as_mut().poll_next(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
