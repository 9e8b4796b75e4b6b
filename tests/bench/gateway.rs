//! The gateway's management plane: ready, pages and durable writes with 100,000 endpoints.
//!
//! Run with `cargo bench --bench gateway`. It prints; it never fails for a slow machine. Every figure stands beside
//! what the bare database does on the same disk at the same time, and the ratio is what counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails by a panic")]
#![allow(clippy::print_stdout, reason = "printing is what a benchmark is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "figures for people, far below the limits of a double"
)]

#[path = "support/figures.rs"]
mod figures;
#[path = "support/process.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod process;
#[path = "support/rows.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod rows;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use figures::{Figures, grouped, row};
use process::Sample;
use rows::{ENDPOINTS_WITH_KEYS, GROUPS, KEYS};
use rusqlite::Connection;

const KEY: &str = "benchmark-management-key";
const ENDPOINTS: usize = 100_000;
const STARTS: usize = 9;
const PAGES: usize = 200;
const WRITERS: usize = 32;
const WRITING: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

fn main() {
    // `cargo test --benches` passes `--test`: there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("gateway, management plane, {cores} cores");
    let directory = tempfile::tempdir().expect("a folder for the run");
    empty(directory.path());
    let data = directory.path().join("full");
    fill(&data, ENDPOINTS);
    ready(&data);
    ready_with_keys(&directory.path().join("keys"));
    pages(&data);
    writes(directory.path());
}

/// A gateway in a process of its own.
struct Gateway {
    child: Child,
    address: String,
    started: Duration,
}

impl Gateway {
    fn start(data: &Path) -> Self {
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_repoint"))
            .args(["gateway", "run", "--listen", "127.0.0.1:0", "--inference-listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("REPOINT_GATEWAY_KEY", KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the gateway starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let started = begun.elapsed();
        let ready: serde_json::Value = serde_json::from_str(&line).expect("a ready line");
        let address = ready["management_url"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Self { child, address, started }
    }

    fn resident_mb(&self) -> f64 {
        Sample::of(self.child.id()).resident_bytes as f64 / 1e6
    }

    fn caller(&self) -> Caller {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Caller { stream: BufReader::with_capacity(1 << 16, stream) }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A kept-alive connection, with as little work of its own as possible.
struct Caller {
    stream: BufReader<TcpStream>,
}

impl Caller {
    fn call(&mut self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key {KEY}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        while line.trim() != "" {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).unwrap();
        answer
    }
}

/// A start without rows: what a person waits for the first time, and ever after.
fn empty(directory: &Path) {
    let (mut first, mut later) = (Figures::default(), Figures::default());
    let mut resident = 0.0;
    for run in 0..STARTS {
        let data = directory.join(format!("empty-{run}"));
        first.add(Gateway::start(&data).started);
        let again = Gateway::start(&data);
        later.add(again.started);
        resident = again.resident_mb();
    }
    println!(
        "ready without endpoints, ms (a process that does nothing: {:.2})",
        process::bare_start().as_secs_f64() * 1e3
    );
    println!("{}", row("first start", &first, 40.0));
    println!("{}", row("later starts", &later, 40.0));
    println!("  resident {resident:.1} MB (at most 14)");
}

/// A database that a gateway has made, with rows put in past it.
fn fill(data: &Path, count: usize) {
    drop(Gateway::start(data));
    rows::endpoints(data, count);
}

/// A start with all that the request path must know before the first request: endpoints, groups and keys.
fn ready_with_keys(data: &Path) {
    fill(data, ENDPOINTS_WITH_KEYS);
    rows::groups_and_keys(data);
    let mut figures = Figures::default();
    let mut resident = 0.0;
    for _ in 0..STARTS {
        let gateway = Gateway::start(data);
        figures.add(gateway.started);
        resident = gateway.resident_mb();
    }
    println!("ready with {ENDPOINTS_WITH_KEYS} endpoints, {GROUPS} groups and {KEYS} keys, ms");
    println!("{}", row("starts", &figures, 400.0));
    println!("  resident {resident:.1} MB");
}

/// Every column of every row, and nothing done with it.
fn bare_read(data: &Path) -> Duration {
    let begun = Instant::now();
    let connection = Connection::open(data.join("repoint.db")).unwrap();
    let mut statement = connection.prepare("SELECT * FROM endpoints").unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut bytes = 0;
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            let value: rusqlite::types::Value = row.get(column).unwrap();
            if let rusqlite::types::Value::Text(text) = value {
                bytes += text.len();
            }
        }
    }
    std::hint::black_box(bytes);
    begun.elapsed()
}

fn ready(data: &Path) {
    let (mut bare, mut ours) = (Figures::default(), Figures::default());
    let mut resident = 0.0;
    for _ in 0..STARTS {
        bare.add(bare_read(data));
        let gateway = Gateway::start(data);
        ours.add(gateway.started);
        resident = gateway.resident_mb();
    }
    println!("ready with {} endpoints on disk, ms", grouped(ENDPOINTS));
    println!("  bare read of the rows    p50 {:7.2}", bare.median_ms());
    println!("{}", row("ready", &ours, 1.5 * bare.median_ms()));
    println!("  ratio {:.2} (at most 1.5), resident {resident:.1} MB", ours.median_ms() / bare.median_ms());
}

fn pages(data: &Path) {
    let gateway = Gateway::start(data);
    let mut caller = gateway.caller();
    let mut figures = Figures::default();
    let mut cursor = String::new();
    let mut rows = 0;
    for _ in 0..PAGES {
        let begun = Instant::now();
        let body = caller.call("GET", &format!("/v1/gateway/endpoints?limit=1000{cursor}"), "");
        figures.add(begun.elapsed());
        let page: serde_json::Value = serde_json::from_slice(&body).unwrap();
        rows += page["items"].as_array().unwrap().len();
        cursor = page["pagination"]["cursor"].as_str().map_or(String::new(), |text| format!("&cursor={text}"));
    }
    println!("a page of 1,000 of {} endpoints, ms, from the request to its last byte", grouped(ENDPOINTS));
    println!("{}", row(&format!("{} rows read", grouped(rows)), &figures, 5.0));
}

/// Commits a second of the same rows, one a transaction, by a bare loop.
fn bare_commits(directory: &Path) -> f64 {
    let path = directory.join("bare.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS endpoints (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE,
                 slug TEXT UNIQUE, model TEXT, created_at INTEGER)",
        )
        .unwrap();
    let from: i64 = connection.query_row("SELECT count(*) FROM endpoints", [], |row| row.get(0)).unwrap();
    let mut statement = connection
        .prepare("INSERT INTO endpoints (id, slug, model, created_at) VALUES (?1, ?2, '3kZ9xqd', ?3)")
        .unwrap();
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < WRITING {
        let number = from + count;
        statement.execute((format!("e{number:010}"), format!("my-org/model-{number}"), number)).unwrap();
        count += 1;
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

/// Writes a second that are answered, from 32 callers on kept-alive connections.
fn answered_writes(gateway: &Gateway, round: usize) -> f64 {
    let begun = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let mut caller = gateway.caller();
            std::thread::spawn(move || {
                let mut count = 0;
                while begun.elapsed() < WRITING {
                    let body = format!(
                        r#"{{"slug":"my-org/r{round}-{writer}-{count}","targets":[{{"provider":"BASETEN","model_id":"3kZ9xqd"}}]}}"#
                    );
                    caller.call("POST", "/v1/gateway/endpoints", &body);
                    count += 1;
                }
                count
            })
        })
        .collect();
    let count: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    count as f64 / begun.elapsed().as_secs_f64()
}

fn writes(directory: &Path) {
    let gateway = Gateway::start(&directory.join("writes"));
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        bare.push(bare_commits(directory));
        ours.push(answered_writes(&gateway, round));
    }
    println!("durable writes a second, {ROUNDS} rounds of {} s, one after the other", WRITING.as_secs());
    let (bare, ours) = (middle(&mut bare), middle(&mut ours));
    println!("  bare loop of commits     {bare:9.0}");
    println!("  {WRITERS} writers over HTTP     {ours:9.0}");
    println!("  ratio {:.2} (at least 0.5)", ours / bare);
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
