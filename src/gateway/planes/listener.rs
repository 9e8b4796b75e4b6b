//! One address: takes connections, hands their requests to a service, and ends them in order.
//!
//! Every connection has a time limit for its header and for taking what it asked for, there is a cap on how many are open, and at the end those
//! that are idle are closed and those with a request under way get to finish it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

use super::caller_stream::{CallerStream, Notes};
use super::error::ApiError;
use super::request_rules::broken_rule;

/// What one address may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeLimits {
    /// Connections at the same time; more wait in the system's queue.
    pub connections_max: usize,
    /// How long a request's header may take.
    pub header_timeout: Duration,
    /// Bytes that a request's header may have.
    pub header_bytes_max: usize,
    /// How long a caller may take nothing of its answer.
    pub write_timeout: Duration,
    /// How long requests under way may take to finish after the end was asked for.
    pub drain_timeout: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            header_timeout: Duration::from_secs(15),
            header_bytes_max: 64 * 1024,
            write_timeout: Duration::from_mins(1),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// Serves until `stop` is cancelled and all that was under way has ended or run out of time.
pub async fn serve<S>(listener: TcpListener, service: S, limits: ServeLimits, stop: CancellationToken)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let connections = TaskTracker::new();
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&permits).acquire_owned() => permit,
            () = stop.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, service.clone(), limits, stop.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Mostly too many open files: others must end before the next can begin.
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn connection<S>(stream: TcpStream, service: S, limits: ServeLimits, stop: CancellationToken)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection went before it was served");
        return;
    }
    let notes = Arc::<Notes>::default();
    let watched = CallerStream::new(stream, Bytes::new(), limits.write_timeout, Arc::clone(&notes));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes_max)
        .serve_connection(TokioIo::new(watched), service_fn(move |request| answer(service.clone(), request, &notes)));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
    };
    let ended = if let Some(ended) = ended {
        Ok(ended)
    } else {
        connection.as_mut().graceful_shutdown();
        tokio::time::timeout(limits.drain_timeout, connection).await
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Err(_) => tracing::warn!("a request was cut: it did not finish within the drain time"),
    }
}

/// Answers a request that keeps to the rules of HTTP.
fn answer<S>(
    service: S,
    request: Request<Incoming>,
    notes: &Arc<Notes>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send + use<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    notes.expect(request.body());
    let rule = broken_rule(&request, notes.take_framing());
    let request = request.map(|body| Body::new(Arriving { body, notes: Arc::clone(notes) }));
    async move {
        match rule {
            None => service.oneshot(request).await,
            Some(rule) => {
                let mut refused = ApiError::invalid(rule).into_response();
                refused.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                Ok(refused)
            }
        }
    }
}

/// A request's body, which notes whether some of it is yet to come.
struct Arriving {
    body: Incoming,
    notes: Arc<Notes>,
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.notes.has_come_whole();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tower::service_fn;

    use super::*;

    /// More than sockets hold between two who do not read.
    const LARGE: usize = 32 << 20;

    #[tokio::test]
    async fn a_caller_that_takes_nothing_makes_room_for_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = |request: Request<Body>| async move {
            let bytes = if request.uri().path() == "/large" { LARGE } else { 2 };
            Ok::<_, Infallible>(Response::new(Body::from(vec![b'x'; bytes])))
        };
        let limits =
            ServeLimits { connections_max: 1, write_timeout: Duration::from_millis(20), ..ServeLimits::default() };
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, service_fn(answer), limits, stop.clone()));
        let mut greedy = TcpStream::connect(address).await.unwrap();
        greedy.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        // Nobody else is served while the first has the only place.
        let mut next = TcpStream::connect(address).await.unwrap();
        next.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        next.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("xx"), "{text}");
        drop(greedy);
        stop.cancel();
        serving.await.unwrap();
    }
}
