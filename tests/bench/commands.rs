//! How long a command takes from its start to its end: `repoint endpoints list` against a server on this machine.
//!
//! `cargo bench --bench commands` prints the figures; nothing fails by being slow.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by a panic"
)]

#[path = "support/figures.rs"]
#[allow(
    dead_code,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shared with other benchmarks"
)]
mod figures;
#[path = "support/server.rs"]
#[allow(dead_code, reason = "shared with other benchmarks")]
mod server;

use std::process::{Command, Stdio};
use std::time::Duration;

use figures::Figures;

/// How often each command is run.
const RUNS: usize = 60;

fn main() {
    let home = tempfile::tempdir().expect("a home directory");
    println!("A command from its start to its end, {RUNS} runs each, in milliseconds:");
    for (count, most_ms) in [(10, 30.0), (1_000, f64::INFINITY), (10_000, f64::INFINITY)] {
        let server = server::Server::start(count);
        for words in [&["endpoints", "list"][..], &["endpoints", "list", "-o", "json"]] {
            let mut figures = Figures::default();
            for _ in 0..RUNS {
                figures.add(run(&server.url(), words, home.path()));
            }
            println!("{}", figures::row(&format!("{count} rows, {}", words.join(" ")), &figures, most_ms));
        }
    }
    let mut figures = Figures::default();
    for _ in 0..RUNS {
        figures.add(run("http://127.0.0.1:1", &["--version"], home.path()));
    }
    println!("{}", figures::row("--version, for comparison", &figures, f64::INFINITY));
}

fn run(url: &str, words: &[&str], home: &std::path::Path) -> Duration {
    let started = repoint::clock::instant();
    let output = Command::new(env!("CARGO_BIN_EXE_repoint"))
        .env_clear()
        .env("HOME", home)
        .env("REPOINT_API_KEY", "bench-key-0123456789")
        .args(["--url", url])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let took = started.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    took
}
