//! The dashboard's figures: start, keys, idling and memory, in a real pseudo-terminal against a local server.
//!
//! Run with `cargo bench --bench dashboard`. It prints; it never fails for a slow machine. Every figure that
//! depends on the machine stands beside one that was taken on the same machine at the same time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails by a panic")]
#![allow(clippy::print_stdout, reason = "printing is what a benchmark is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people, far below the limits of a double"
)]

#[path = "support/figures.rs"]
mod figures;
#[path = "support/process.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod process;
#[path = "../it/support/pty.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use what the benchmark does not")]
mod pty;
#[path = "support/server.rs"]
mod server;

use std::time::{Duration, Instant};

use figures::{Figures, row};
use process::Sample;
use pty::Terminal;
use server::Server;

const COLUMNS: u16 = 160;
const ROWS: u16 = 45;
const STARTS: usize = 21;
const KEYS: usize = 300;
const IDLE: Duration = Duration::from_secs(20);

fn main() {
    // `cargo test --benches` passes `--test`: there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    println!("dashboard in a {COLUMNS}x{ROWS} pseudo-terminal, local server, {} cores", cores());
    start(1_000);
    for count in [10_000, 100_000] {
        keys(count);
    }
    tabs(10_000);
    for count in [0, 10_000, 100_000] {
        idle(count);
    }
    traffic(10_000);
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the run")
}

fn open(server: &Server, home: &std::path::Path) -> Terminal {
    let environment = [("REPOINT_API_KEY", "a-benchmark-key-of-no-worth")];
    Terminal::start_with(COLUMNS, ROWS, home, &["--url", &server.url()], &environment)
}

/// Waits until every endpoint has been read, so that what is measured next is not the loading.
fn settle(terminal: &Terminal, count: usize) {
    terminal.until(&format!("{} endpoints", repoint::tui::text::count(count)));
}

fn quit(mut terminal: Terminal) {
    terminal.press("q");
    terminal.wait();
}

/// From the start of the process to the first paint, and to the first page of rows on the screen.
fn start(count: usize) {
    let server = Server::start(count);
    let (mut bare, mut paint, mut ready) = (Figures::default(), Figures::default(), Figures::default());
    for _ in 0..STARTS {
        bare.add(process::bare_start());
        let home = home();
        let begun = Instant::now();
        let terminal = open(&server, home.path());
        terminal.until("repoint");
        paint.add(terminal.first_byte().map_or(Duration::ZERO, |at| at.duration_since(begun)));
        terminal.until(server::FIRST_SLUG);
        ready.add(begun.elapsed());
        settle(&terminal, count);
        quit(terminal);
    }
    println!("\nstart, {count} endpoints, ms (a bare process: {:.1})", bare.median_ms());
    println!("{}", row("first paint", &paint, 30.0));
    println!("{}", row("ready", &ready, 60.0));
}

/// From a key to the first byte back, in the list as it lies and while the list is read anew.
fn keys(count: usize) {
    let server = Server::start(count);
    let home = home();
    let mut terminal = open(&server, home.path());
    settle(&terminal, count);
    let most = if count > 10_000 { 16.0 } else { 5.0 };
    println!("\nkey to first byte, {count} endpoints, ms");
    let quiet = moves(&mut terminal);
    println!("{}", row("moving", &quiet, most));
    server.change_every(Duration::from_millis(300));
    let polled = moves(&mut terminal);
    server.stop_changing();
    println!("{}", row("while a poll is applied", &polled, most));
    terminal.press("/");
    terminal.watch(Duration::from_millis(300));
    let mut typing = Figures::default();
    for _ in 0..12 {
        for key in ["g", "l", "m", "\x7f", "\x7f", "\x7f"] {
            typing.add(terminal.latency_of(key));
            terminal.watch(Duration::from_millis(20));
        }
    }
    println!("{}", row("typing into the filter", &typing, most));
    terminal.press("\x1b");
    terminal.watch(Duration::from_millis(200));
    quit(terminal);
}

fn moves(terminal: &mut Terminal) -> Figures {
    let mut figures = Figures::default();
    for index in 0..KEYS {
        let key = ["j", "j", "\x1b[6~", "k", "G", "g"][index % 6];
        figures.add(terminal.latency_of(key));
        terminal.watch(Duration::from_millis(7));
    }
    figures
}

/// From a key to the first byte back in each of the other tabs, and what each costs where nobody types.
fn tabs(count: usize) {
    let server = Server::start(count);
    let home = home();
    let mut terminal = open(&server, home.path());
    settle(&terminal, count);
    println!("\nother tabs, {count} endpoints, {} groups, ms", server::workspace::GROUPS);
    let tabs = [("2", "Board", "Targets"), ("3", "Groups", "Customer 000"), ("5", "History", "was changed yet")];
    for (key, name, shown) in tabs {
        terminal.press(key);
        terminal.until(shown);
        terminal.watch(Duration::from_millis(500));
        println!("{}", row(name, &moves_in(&mut terminal, name), 5.0));
    }
    terminal.press("6");
    terminal.until("Memory");
    terminal.press("\t");
    println!("{}", row("Gateway", &moves_in(&mut terminal, "Gateway"), 5.0));
    let quiet = Cost::of(&terminal, IDLE);
    println!("  Gateway, looked at: {quiet}");
    quit(terminal);
}

/// Only keys that change something: a screen that stays as it is writes nothing.
fn moves_in(terminal: &mut Terminal, tab: &str) -> Figures {
    let mut figures = Figures::default();
    if tab == "History" {
        for _ in 0..KEYS / 20 {
            for key in ["/", "x", "\x1b"] {
                figures.add(terminal.latency_of(key));
                terminal.watch(Duration::from_millis(20));
            }
        }
        return figures;
    }
    let order = if tab == "Gateway" { ["j", "l", "k", "h", "G", "g"] } else { ["j", "j", "\x1b[6~", "k", "G", "g"] };
    for index in 0..KEYS {
        figures.add(terminal.latency_of(order[index % 6]));
        terminal.watch(Duration::from_millis(7));
    }
    figures
}

/// What the dashboard spends.
struct Cost {
    frames: f64,
    bytes: f64,
    wakeups: f64,
    cpu_percent: f64,
    resident_mb: f64,
}

impl Cost {
    fn of(terminal: &Terminal, time: Duration) -> Self {
        let (before, frames) = (Sample::of(terminal.process_id()), terminal.frames());
        let bytes = terminal.watch(time);
        let (after, seconds) = (Sample::of(terminal.process_id()), time.as_secs_f64());
        Self {
            frames: (terminal.frames() - frames) as f64 / seconds,
            bytes: bytes as f64 / seconds,
            wakeups: (after.wakeups - before.wakeups) as f64 / seconds,
            cpu_percent: after.cpu.saturating_sub(before.cpu).as_secs_f64() / seconds * 100.0,
            resident_mb: after.resident_bytes as f64 / 1e6,
        }
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { frames, bytes, wakeups, cpu_percent, resident_mb } = self;
        write!(
            formatter,
            "{frames:.1} frames/s, {:.1} kB/s, CPU {cpu_percent:.2} %, {wakeups:.1} wake-ups/s, RSS {resident_mb:.1} MB",
            bytes / 1e3
        )
    }
}

/// Requests pass while the tab is looked at, and after it was left.
fn traffic(count: usize) {
    let server = Server::start(count);
    let home = home();
    let mut terminal = open(&server, home.path());
    settle(&terminal, count);
    println!("\nTraffic, {count} endpoints (at 1,000/s at most 4 frames/s, 20 kB/s, CPU 3 %)");
    terminal.press("4");
    terminal.until("live");
    for rate in [1_000, 10_000] {
        server.pass(rate);
        terminal.watch(Duration::from_secs(70));
        println!("  {rate:>6} requests/s  {}", Cost::of(&terminal, IDLE));
    }
    terminal.press("1");
    terminal.watch(Duration::from_secs(4));
    println!("  once it was left    {}", Cost::of(&terminal, IDLE));
    quit(terminal);
}

/// Nothing waits and nobody types.
fn idle(count: usize) {
    let server = Server::start(count);
    let home = home();
    let terminal = open(&server, home.path());
    settle(&terminal, count);
    terminal.watch(Duration::from_secs(4));
    let before = Sample::of(terminal.process_id());
    let bytes = terminal.watch(IDLE);
    let after = Sample::of(terminal.process_id());
    let seconds = IDLE.as_secs_f64();
    let most_mb = match count {
        0 => 15,
        10_000 => 25,
        _ => 60,
    };
    println!("\nidle for {seconds:.0} s, {count} endpoints");
    println!("  wake-ups/s {:6.2}   (at most 2)", (after.wakeups - before.wakeups) as f64 / seconds);
    println!(
        "  CPU %      {:6.3}   (at most 0.1)",
        after.cpu.saturating_sub(before.cpu).as_secs_f64() / seconds * 100.0
    );
    println!("  bytes/s    {:6.1}   (at most 40)", bytes as f64 / seconds);
    println!("  RSS MB     {:6.1}   (at most {most_mb})", after.resident_bytes as f64 / 1e6);
    quit(terminal);
}
