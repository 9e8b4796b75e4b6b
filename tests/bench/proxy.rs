//! What the gateway adds to a call: side by side with the upstream called directly, a bare hyper proxy and nginx.
//!
//! Run with `cargo bench --bench proxy`. Every contestant forwards to the same upstream process; rounds are
//! interleaved, so that a machine that slows down slows all of them. Read the ratios, not the microseconds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails by a panic")]
#![allow(clippy::print_stdout, clippy::exit, reason = "printing is what a benchmark is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people, far below the limits of a double"
)]

#[path = "proxy/contestants.rs"]
mod contestants;
#[path = "support/figures.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod figures;
#[path = "proxy/load.rs"]
mod load;
#[path = "support/process.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod process;
#[path = "proxy/roles.rs"]
mod roles;
#[path = "proxy/setup.rs"]
mod setup;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contestants::{Contestant, SLUG};
use figures::Figures;
use load::{Caller, request};

const ROUNDS: usize = 8;
const CALLS: usize = 500;
const CONNECTIONS: usize = 32;
const SPELL: Duration = Duration::from_millis(1500);
/// Of so many calls one presents a good key.
const BAD_IN_A_ROW: usize = 10;
const PATH: &str = "/v1/chat/completions";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--role") {
        roles::run(&arguments[at + 1], arguments.get(at + 2).map(String::as_str));
    }
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let upstream = Contestant::role("upstream", "upstream", None);
        let mut all = vec![
            Contestant::direct(upstream.address),
            Contestant::role("bare hyper", "bare", Some(upstream.address)),
            Contestant::ours(upstream.address),
        ];
        all.extend(Contestant::nginx(upstream.address));
        println!("ready after the start: repoint {:.0} ms", ours(&all).start.as_secs_f64() * 1e3);
        let idle = resident(ours(&all));
        one_connection(&all, "small chat completion, 1 connection", &chat("Say something short.", "")).await;
        one_connection(&all, "100 KB prompt, 1 connection", &chat(&"lorem ipsum ".repeat(8533), "")).await;
        many_connections(&all).await;
        streams(&all).await;
        println!(
            "\nmemory of repoint, MB: idle {idle:.1} (at most 14), after load {:.1} (at most 20)",
            resident(ours(&all))
        );
        open_streams(&all).await;
        bad_keys(&all).await;
    });
}

fn ours(all: &[Contestant]) -> &Contestant {
    all.iter().find(|contestant| contestant.name == "repoint").expect("repoint takes part")
}

fn resident(contestant: &Contestant) -> f64 {
    contestant.sample().resident_bytes as f64 / 1e6
}

fn chat(prompt: &str, more: &str) -> String {
    format!("{{\"model\":\"{SLUG}\",\"messages\":[{{\"role\":\"user\",\"content\":\"{prompt}\"}}]{more}}}")
}

fn stream(chunks: u32, pace_ms: u32) -> String {
    chat("Say something long.", &format!(",\"user\":\"chunks={chunks} pace={pace_ms} \",\"stream\":true"))
}

/// Latency where nobody else calls.
async fn one_connection(all: &[Contestant], title: &str, body: &str) {
    let mut figures: Vec<Figures> = all.iter().map(|_| Figures::default()).collect();
    for _ in 0..ROUNDS {
        for (contestant, figures) in all.iter().zip(&mut figures) {
            let request = request(PATH, &contestant.key, body);
            let mut caller = Caller::connect(contestant.address).await;
            for index in 0..CALLS {
                let answer = caller.call(&request).await;
                assert_eq!(answer.status, 200, "{}", contestant.name);
                if index >= CALLS / 10 {
                    figures.add(answer.whole);
                }
            }
        }
    }
    let direct = (figures[0].at(0.5), figures[0].at(0.99));
    println!("\n{title}, µs: direct p50 {:.0} p99 {:.0}", direct.0 * 1e3, direct.1 * 1e3);
    for (contestant, figures) in all.iter().zip(&figures).skip(1) {
        let (p50, p99) = ((figures.at(0.5) - direct.0) * 1e3, (figures.at(0.99) - direct.1) * 1e3);
        println!("  {:<12} added p50 {p50:7.0}   added p99 {p99:7.0}", contestant.name);
    }
}

/// Requests a second and processor time a request, with many callers.
async fn many_connections(all: &[Contestant]) {
    let mut totals = vec![(0_u64, Duration::ZERO, Duration::ZERO); all.len()];
    let body = chat("Say something short.", "");
    for _ in 0..ROUNDS {
        for (contestant, total) in all.iter().zip(&mut totals) {
            let before = contestant.sample();
            let begun = Instant::now();
            total.0 += hammer(contestant, &body, SPELL).await;
            total.1 += begun.elapsed();
            total.2 += contestant.sample().cpu.saturating_sub(before.cpu);
        }
    }
    let rate = |total: &(u64, Duration, Duration)| total.0 as f64 / total.1.as_secs_f64();
    println!("\n{CONNECTIONS} connections: direct {:.0} requests/s", rate(&totals[0]));
    for (contestant, total) in all.iter().zip(&totals).skip(1) {
        println!(
            "  {:<12} {:8.0} requests/s   {:.2} of direct   CPU {:6.1} µs a request",
            contestant.name,
            rate(total),
            rate(total) / rate(&totals[0]),
            total.2.as_secs_f64() * 1e6 / total.0 as f64
        );
    }
}

async fn hammer(contestant: &Contestant, body: &str, spell: Duration) -> u64 {
    let request: Arc<[u8]> = request(PATH, &contestant.key, body).into();
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (request, stop, count) = (Arc::clone(&request), Arc::clone(&stop), Arc::clone(&count));
        let address = contestant.address;
        callers.spawn(async move {
            let mut caller = Caller::connect(address).await;
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(caller.call(&request).await.status, 200);
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep(spell).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended.expect("a caller ends well");
    }
    count.load(Ordering::Relaxed)
}

/// The first token, and the gaps between tokens.
async fn streams(all: &[Contestant]) {
    for concurrent in [1, 16] {
        let mut figures: Vec<(Figures, Figures)> = all.iter().map(|_| Default::default()).collect();
        for _ in 0..ROUNDS {
            for (contestant, (first, gaps)) in all.iter().zip(&mut figures) {
                for answer in stream_round(contestant, concurrent).await {
                    first.add(answer.first);
                    answer.gaps.into_iter().for_each(|gap| gaps.add(gap));
                }
            }
        }
        println!("\n{concurrent} streams: direct first token p50 {:.2} ms", figures[0].0.at(0.5));
        for (contestant, (first, gaps)) in all.iter().zip(&figures).skip(1) {
            println!(
                "  {:<12} first token added p50 {:6.2} ms   max {:6.2} ms   gap p99 {:.3} of direct",
                contestant.name,
                first.at(0.5) - figures[0].0.at(0.5),
                first.at(1.0) - figures[0].0.at(0.5),
                gaps.at(0.99) / figures[0].1.at(0.99)
            );
        }
    }
}

async fn stream_round(contestant: &Contestant, concurrent: usize) -> Vec<load::Answer> {
    let request: Arc<[u8]> = request(PATH, &contestant.key, &stream(20, 5)).into();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..concurrent {
        let (request, address) = (Arc::clone(&request), contestant.address);
        callers.spawn(async move {
            let mut caller = Caller::connect(address).await;
            let mut answers = Vec::new();
            for _ in 0..4 {
                answers.push(caller.call(&request).await);
            }
            // The first call of a connection pays for the connections behind it.
            answers.split_off(1)
        });
    }
    callers.join_all().await.into_iter().flatten().collect()
}

/// Memory with 1,000 streams open.
async fn open_streams(all: &[Contestant]) {
    println!("memory with 1,000 streams open, MB");
    for contestant in all.iter().skip(1) {
        let request = request(PATH, &contestant.key, &stream(10_000, 1_000));
        let mut callers = Vec::new();
        for _ in 0..1_000 {
            let mut caller = Caller::connect(contestant.address).await;
            caller.open(&request).await;
            callers.push(caller);
        }
        println!("  {:<12} {:6.1}", contestant.name, resident(contestant));
    }
}

/// What a key that opens nothing costs, and what a flood of them does to those whose key is good.
async fn bad_keys(all: &[Contestant]) {
    let contestant = ours(all);
    let body = chat("Say something short.", "");
    let mut caller = Caller::connect(contestant.address).await;
    let good = request(PATH, &contestant.key, &body);
    let bad = request(PATH, "sky_AAAAAAAAAAAA.nothing-that-opens-a-door", &body);
    // Bad keys in a row are held back after the sixteenth: a good one between keeps them at their plain cost.
    let mut cost = [Duration::ZERO; 2];
    for _ in 0..ROUNDS {
        for (is_mixed, cost) in [false, true].into_iter().zip(&mut cost) {
            let before = contestant.sample();
            for index in 0..CALLS {
                let is_bad = is_mixed && index % BAD_IN_A_ROW > 0;
                caller.call(if is_bad { &bad } else { &good }).await;
            }
            *cost += contestant.sample().cpu.saturating_sub(before.cpu);
        }
    }
    let bad_share = (BAD_IN_A_ROW - 1) as f64 / BAD_IN_A_ROW as f64;
    let ratio = (cost[1].as_secs_f64() / cost[0].as_secs_f64() - (1.0 - bad_share)) / bad_share;
    println!("\na rejected key costs {ratio:.2} of a served request's CPU (at most 0.3)");
    let quiet = good_traffic(contestant, &good, CALLS * 4).await;
    let stop = Arc::new(AtomicBool::new(false));
    let flood = flood(contestant, bad, Arc::clone(&stop));
    let flooded = good_traffic(contestant, &good, CALLS * 4).await;
    stop.store(true, Ordering::Relaxed);
    flood.join().expect("the flood ends");
    println!(
        "good traffic's p99 under a flood of bad keys: {:.2} of without (at most 1.5)",
        flooded.at(0.99) / quiet.at(0.99)
    );
}

async fn good_traffic(contestant: &Contestant, request: &[u8], calls: usize) -> Figures {
    let mut caller = Caller::connect(contestant.address).await;
    let mut figures = Figures::default();
    for _ in 0..calls {
        let answer = caller.call(request).await;
        assert_eq!(answer.status, 200);
        figures.add(answer.whole);
    }
    figures
}

/// Four connections that present a bad key, 500 times a second each.
fn flood(contestant: &Contestant, request: Vec<u8>, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let address = contestant.address;
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut beat = tokio::time::interval(Duration::from_millis(2));
            let mut callers = Vec::new();
            for _ in 0..4 {
                callers.push(Caller::connect(address).await);
            }
            while !stop.load(Ordering::Relaxed) {
                beat.tick().await;
                for caller in &mut callers {
                    assert_eq!(caller.call(&request).await.status, 403);
                }
            }
        });
    })
}
