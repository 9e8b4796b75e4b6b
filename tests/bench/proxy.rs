//! What the gateway adds to a call: side by side with the upstream called directly, a bare hyper proxy and nginx.
//!
//! Run with `cargo bench --bench proxy`, or with `-- NAME…` for some of its parts ([`PARTS`]). Every contestant
//! forwards to the same upstream process. Rounds are interleaved, so that a machine that slows down slows all of
//! them; a ratio is taken within each round, and the middle one of all rounds is told. `direct again` is the upstream
//! called a second time: how far it is from 1 is how far any of them may be from the truth.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails by a panic")]
#![allow(clippy::print_stdout, clippy::exit, reason = "printing is what a benchmark is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "figures for people, far below the limits of a double"
)]

#[path = "proxy/bad_keys.rs"]
mod bad_keys;
#[path = "proxy/calls.rs"]
mod calls;
#[path = "proxy/contestants.rs"]
mod contestants;
#[path = "support/figures.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod figures;
#[path = "proxy/load.rs"]
mod load;
#[path = "proxy/memory.rs"]
mod memory;
#[path = "support/process.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod process;
#[path = "proxy/roles.rs"]
mod roles;
#[path = "support/rows.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod rows;
#[path = "proxy/scale.rs"]
mod scale;
#[path = "proxy/setup.rs"]
mod setup;
#[path = "proxy/streams.rs"]
mod streams;

use contestants::{Contestant, SLUG};

/// The parts of this benchmark, in the order in which they run. `calls` and `streams` are the load of `memory`.
const PARTS: [&str; 6] = ["calls", "streams", "memory", "bad_keys", "scale", "flat"];
const PATH: &str = "/v1/chat/completions";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--role") {
        roles::run(&arguments[at + 1], arguments.get(at + 2).map(String::as_str));
    }
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let named: Vec<&String> = arguments.iter().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if let Some(unknown) = named.iter().find(|name| !PARTS.contains(&name.as_str())) {
        println!("there is no part {unknown}; there are {}", PARTS.join(", "));
        std::process::exit(2);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for part in PARTS.iter().filter(|part| named.is_empty() || named.iter().any(|name| name == *part)) {
        runtime.block_on(run(part));
    }
}

/// Each part has processes of its own: what an earlier one left in their memory is no figure of a later one.
async fn run(part: &str) {
    let upstream = Contestant::role("upstream", "upstream", None);
    let others = || {
        let mut others = vec![
            Contestant::direct("direct", upstream.address),
            Contestant::direct("direct again", upstream.address),
            Contestant::role("bare hyper", "bare", Some(upstream.address)),
        ];
        others.extend(Contestant::nginx(upstream.address));
        others
    };
    match part {
        "scale" => return scale::run(upstream.address).await,
        "flat" => return memory::flat(&Contestant::ours(upstream.address)).await,
        "bad_keys" => return bad_keys::run(&upstream, &Contestant::ours(upstream.address)).await,
        _ => {}
    }
    let all: Vec<Contestant> = others().into_iter().chain([Contestant::ours(upstream.address)]).collect();
    match part {
        "calls" => calls::run(&all).await,
        "streams" => streams::run(&all).await,
        _ => memory::run(&all).await,
    }
}

fn ours(all: &[Contestant]) -> &Contestant {
    find(all, "repoint").expect("repoint takes part")
}

fn find<'a>(all: &'a [Contestant], name: &str) -> Option<&'a Contestant> {
    all.iter().find(|contestant| contestant.name == name)
}

fn chat(prompt: &str, more: &str) -> String {
    format!("{{\"model\":\"{SLUG}\",\"messages\":[{{\"role\":\"user\",\"content\":\"{prompt}\"}}]{more}}}")
}

fn small() -> String {
    chat("Say something short.", "")
}

fn stream(chunks: u32, pace_ms: u32) -> String {
    chat("Say something long.", &format!(",\"user\":\"chunks={chunks} pace={pace_ms} \",\"stream\":true"))
}

/// The middle one.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
