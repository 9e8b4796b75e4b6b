//! One connection of a caller: HTTP/1.1, or HTTP/2 where it begins so (RFC 9113, section 3.3: by prior knowledge).

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::caller::{Caller, Talk};
use super::handle::handle;
use super::worker::Worker;
use crate::gateway::planes::caller_stream::CallerStream;

/// The largest buffer of a caller's connection: also bounds a head before its own limit is looked at.
///
/// Below 128 KiB, from where on the system's allocator takes and gives back blocks one by one: having given one back it
/// keeps so much more of all others.
const READ_BYTES_MAX: usize = 120 * 1024;
/// Room for a request's first line beside its header lines, where those may be larger than that.
const FIRST_LINE_BYTES: usize = 16 * 1024;
/// What a connection of HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How much is read to see that: most requests' heads are in it.
const BEGIN_BYTES: usize = 4 * 1024;
/// Requests at the same time on one connection of HTTP/2; a caller's further ones wait with it.
const STREAMS_MAX: u32 = 200;
/// Bytes of bodies that may be on their way to one request, and to all of a connection, before they are read.
const WINDOW_BYTES: u32 = 1 << 20;
/// Bytes of one answer that wait for its caller to take them.
const SEND_BYTES_MAX: usize = 64 * 1024;
/// Requests that a caller began and took back before they were looked at: more end the connection ("rapid reset").
const TAKEN_BACK_MAX: usize = 20;
/// Requests of one connection that may break HTTP/2's rules.
const BROKEN_MAX: usize = 100;
/// How often a silent connection of HTTP/2 is asked whether it is there, and how long it may think about it.
const ALIVE_EVERY: Duration = Duration::from_secs(20);
/// How much longer than a request's whole time the sending of its answer may take: whoever opens no window is cut then.
const ANSWER_GRACE: Duration = Duration::from_mins(1);

/// Serves a connection to its end.
pub(super) async fn serve(
    worker: Arc<Worker>,
    stream: std::net::TcpStream,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let Ok(mut stream) = TcpStream::from_std(stream) else { return };
    let metrics = &Arc::clone(&worker.shared).metrics;
    metrics.open.connections.fetch_add(1, Ordering::Relaxed);
    let begun = tokio::select! {
        begun = timeout(worker.settings.header_timeout, begin(&mut stream)) => begun,
        () = stop.cancelled() => Ok(Ok(Bytes::new())),
    };
    if let Ok(Ok(begun_with)) = begun
        && !begun_with.is_empty()
    {
        let talk = Arc::new(Talk::default());
        let is_http2 = begun_with.starts_with(PREFACE);
        let watched = CallerStream::new(stream, begun_with, worker.settings.write_timeout, Arc::clone(&talk.notes));
        let ended = if is_http2 {
            Box::pin(speak_http2(worker, watched, talk, tasks, stop)).await
        } else {
            Box::pin(speak_http1(worker, watched, talk, stop)).await
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
    metrics.open.connections.fetch_sub(1, Ordering::Relaxed);
}

/// The first bytes, as many as tell what is spoken. None where nothing comes.
async fn begin(stream: &mut TcpStream) -> io::Result<Bytes> {
    // No buffer while nothing comes.
    stream.readable().await?;
    let mut begun = Vec::with_capacity(BEGIN_BYTES);
    loop {
        let bytes = stream.read_buf(&mut begun).await?;
        let is_known = begun.len() >= PREFACE.len() || !PREFACE.starts_with(&begun);
        if bytes == 0 || is_known {
            return Ok(Bytes::from(begun));
        }
    }
}

async fn speak_http1(
    worker: Arc<Worker>,
    watched: CallerStream,
    talk: Arc<Talk>,
    stop: CancellationToken,
) -> hyper::Result<()> {
    let header_timeout = worker.settings.header_timeout;
    let head_bytes_max = worker.settings.header_bytes_max.saturating_add(FIRST_LINE_BYTES);
    let caller = Caller::new(watched, Arc::clone(&talk));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(READ_BYTES_MAX.max(head_bytes_max))
        .serve_connection(TokioIo::new(caller), service_fn(move |request| handle(Arc::clone(&worker), &talk, request)));
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

async fn speak_http2(
    worker: Arc<Worker>,
    watched: CallerStream,
    talk: Arc<Talk>,
    tasks: TaskTracker,
    stop: CancellationToken,
) -> hyper::Result<()> {
    let settings = Arc::clone(&worker.settings);
    let streams = Streams::new(tasks, settings.time_limit + ANSWER_GRACE);
    let header_bytes_max = u32::try_from(settings.header_bytes_max).unwrap_or(u32::MAX);
    let connection = http2::Builder::new(streams.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buf_size(SEND_BYTES_MAX)
        .max_header_list_size(header_bytes_max)
        .max_pending_accept_reset_streams(TAKEN_BACK_MAX)
        .max_local_error_reset_streams(BROKEN_MAX)
        .keep_alive_interval(ALIVE_EVERY)
        .keep_alive_timeout(ALIVE_EVERY)
        .serve_connection(
            TokioIo::new(watched),
            service_fn(move |request| handle(Arc::clone(&worker), &talk, request)),
        );
    let mut connection = pin!(connection);
    // As long as a connection of HTTP/1.1 may be idle; it is looked at twice in that time.
    let mut look = tokio::time::interval(settings.header_timeout.max(Duration::from_millis(2)) / 2);
    let mut idle_looks = 0_u32;
    let mut is_ending = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            () = stop.cancelled(), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = look.tick() => {
                idle_looks = if streams.was_idle() { idle_looks + 1 } else { 0 };
                match idle_looks {
                    // The first tick comes at once.
                    0..=2 => {}
                    3 => {
                        is_ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    // It was told, and stays.
                    _ => return Ok(()),
                }
            }
        }
    }
}

/// Runs the requests of one connection of HTTP/2, each as a task that the end of the worker waits for.
#[derive(Debug, Clone)]
struct Streams {
    tasks: TaskTracker,
    open: Arc<AtomicUsize>,
    /// Those that began since somebody looked.
    begun: Arc<AtomicUsize>,
    time_max: Duration,
}

impl Streams {
    fn new(tasks: TaskTracker, time_max: Duration) -> Self {
        Self { tasks, open: Arc::default(), begun: Arc::default(), time_max }
    }

    /// True where none is open, and none has begun since the last look.
    fn was_idle(&self) -> bool {
        self.begun.swap(0, Ordering::Relaxed) == 0 && self.open.load(Ordering::Relaxed) == 0
    }
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        let (open, time_max) = (Arc::clone(&self.open), self.time_max);
        let stream: Pin<Box<F>> = Box::pin(stream);
        self.tasks.spawn(async move {
            // What takes longer is dropped, which resets it.
            let _ = timeout(time_max, stream).await;
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}
