//! The inference address: takes connections and deals them to workers, a thread and a runtime each.
//!
//! A request and its upstream connection live on one thread: nothing is handed over between threads, and nothing
//! that the management plane does takes a worker's time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::budget::Budget;
use super::connection;
use super::settings::Settings;
use super::usage_refused::NotAsked;
use super::worker::Worker;
use crate::clock;
use crate::gateway::planes::linger::Linger;
use crate::gateway::state::Shared;

/// How often idle upstream connections are looked through.
const SWEEP: Duration = Duration::from_secs(2);
/// What is answered where no connection more is taken.
const FULL: &str = "{\"error\":\"too many connections; please try again\"}";
/// How long that answer may take.
const FULL_TIMEOUT: Duration = Duration::from_secs(1);
/// The most of those answers at the same time; beyond them a connection is just closed.
const FULL_MAX: usize = 256;

/// A thread that serves.
struct Seat {
    connections: mpsc::UnboundedSender<std::net::TcpStream>,
    open: Arc<AtomicUsize>,
    ended: oneshot::Receiver<()>,
}

/// Serves until `stop`, and then until what was under way has ended or the drain time is over.
pub(super) async fn serve(listener: TcpListener, shared: &Arc<Shared>, stop: CancellationToken) -> io::Result<()> {
    let settings = Arc::new(shared.settings.clone());
    let budget = Arc::new(Budget::new(settings.bodies_bytes_max));
    let streams = Arc::new(Budget::new(settings.streams_max));
    let not_asked = Arc::<NotAsked>::default();
    let providers = Arc::new(shared.providers.clone());
    let mut seats = Vec::new();
    for number in 0..settings.workers.max(1) {
        let worker = Worker::new(
            Arc::clone(shared),
            Arc::clone(&settings),
            [&budget, &streams].map(Arc::clone),
            Arc::clone(&not_asked),
            Arc::clone(&providers),
        );
        seats.push(Seat::take(number, Arc::new(worker), stop.clone())?);
    }
    let turned_away = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => deal(&seats, stream, &settings, &turned_away),
            Err(error) => {
                // Mostly too many open files: others must end before the next can begin.
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    turned_away.close();
    turned_away.wait().await;
    for Seat { connections, ended, .. } in seats {
        drop(connections);
        // A worker that is gone has ended too.
        let _ = ended.await;
    }
    Ok(())
}

/// Gives a connection to the worker that has the fewest.
fn deal(seats: &[Seat], stream: TcpStream, settings: &Settings, turned_away: &TaskTracker) {
    let open: usize = seats.iter().map(|seat| seat.open.load(Ordering::Relaxed)).sum();
    if open >= settings.connections_max {
        if turned_away.len() < FULL_MAX {
            turned_away.spawn(tokio::time::timeout(FULL_TIMEOUT, turn_away(stream)));
        }
        return;
    }
    let Some(seat) = seats.iter().min_by_key(|seat| seat.open.load(Ordering::Relaxed)) else { return };
    let dealt = stream.set_nodelay(true).and_then(|()| stream.into_std());
    match dealt {
        Ok(stream) => {
            seat.open.fetch_add(1, Ordering::Relaxed);
            if seat.connections.send(stream).is_err() {
                seat.open.fetch_sub(1, Ordering::Relaxed);
            }
        }
        Err(error) => tracing::debug!(%error, "a connection went before it was served"),
    }
}

async fn turn_away(mut stream: TcpStream) {
    let id = uuid::Uuid::now_v7().simple();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nx-baseten-request-id: {id}\r\n\
         retry-after: 1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{FULL}",
        FULL.len()
    );
    // A caller that does not read its answer is none of ours.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    let mut linger = Linger::new();
    std::future::poll_fn(|context| linger.poll(context, &mut stream)).await;
}

impl Seat {
    fn take(number: usize, worker: Arc<Worker>, stop: CancellationToken) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (connections, dealt) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let open = Arc::new(AtomicUsize::new(0));
        let open_here = Arc::clone(&open);
        std::thread::Builder::new().name(format!("data-{number}")).spawn(move || {
            runtime.block_on(work(worker, dealt, open_here, stop));
            // What is left of requests is dropped here, and settled by that.
            drop(runtime);
            let _ = end.send(());
        })?;
        Ok(Self { connections, open, ended })
    }
}

async fn work(
    worker: Arc<Worker>,
    mut dealt: mpsc::UnboundedReceiver<std::net::TcpStream>,
    open: Arc<AtomicUsize>,
    stop: CancellationToken,
) {
    let tasks = TaskTracker::new();
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            stream = dealt.recv() => match stream {
                Some(stream) => {
                    // A token of its own: all would wait for the lock of one.
                    let connection =
                        connection::serve(Arc::clone(&worker), stream, tasks.clone(), stop.child_token());
                    let open = Arc::clone(&open);
                    tasks.spawn(async move {
                        connection.await;
                        open.fetch_sub(1, Ordering::Relaxed);
                    });
                }
                None => break,
            },
            _ = sweep.tick() => worker.sweep(clock::instant()),
        }
    }
    tasks.close();
    if tokio::time::timeout(worker.settings.drain_timeout, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "requests were cut: they did not finish within the drain time");
    }
}
