//! What is resident: idle, after load, with many streams open, and after very many requests.

use std::time::{Duration, Instant};

use crate::calls::{CONNECTIONS, hammer, in_a_row};
use crate::contestants::Contestant;
use crate::load::{Caller, request};
use crate::{PATH, chat, ours, small, stream};

/// How long the load lasts that memory is looked at after.
const LOAD: Duration = Duration::from_secs(10);
const STREAMS: usize = 1_000;
/// Requests and streams that are left early, of the usual run; the variable multiplies both by ten.
const REQUESTS: usize = 100_000;
const ABORTED: usize = 1_000;
/// A little more than the longest window of a limit.
const MINUTE: Duration = Duration::from_secs(65);
const LONG: &str = "REPOINT_BENCH_LONG";

/// Megabytes that are resident, and what of them is heap and stacks: the rest is the program itself.
struct Resident(f64, f64);

impl Resident {
    fn of(contestant: &Contestant) -> Self {
        let sample = contestant.sample();
        Self(sample.resident_bytes as f64 / 1e6, sample.anonymous_bytes as f64 / 1e6)
    }
}

impl std::fmt::Display for Resident {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:5.1} ({:.1} of it heap)", self.0, self.1)
    }
}

pub(crate) async fn run(all: &[Contestant]) {
    let idle = Resident::of(ours(all));
    in_a_row(ours(all), &chat(&"lorem ipsum ".repeat(8533), ""), 1_000).await;
    hammer(ours(all), &small(), LOAD).await;
    println!("\nmemory, MB: idle {idle}, at most 14; after load {}, at most 20", Resident::of(ours(all)));
    println!("with 1,000 streams open (at most 45)");
    for contestant in all.iter().filter(|contestant| !contestant.name.starts_with("direct")) {
        let callers = open(contestant, STREAMS).await;
        println!("  {:<12} {}", contestant.name, Resident::of(contestant));
        drop(callers);
    }
}

async fn open(contestant: &Contestant, count: usize) -> Vec<Caller> {
    let request = request(PATH, &contestant.key, &stream(10_000, 1_000));
    let mut callers = Vec::new();
    for _ in 0..count {
        let mut caller = Caller::connect(contestant.address).await;
        caller.open(&request).await;
        callers.push(caller);
    }
    callers
}

/// Whether memory stays where it is, however many have called, and however many have left early.
pub(crate) async fn flat(contestant: &Contestant) {
    let times = if std::env::var_os(LONG).is_some() { 10 } else { 1 };
    println!("\nmemory over many requests, MB ({LONG}=1 makes it ten times as many)");
    // What is kept of the last requests, and of the last minute for its limits, has a bound; a long run has reached it
    // before the first look.
    let begun = Instant::now();
    let warm = if times > 1 { MINUTE } else { Duration::ZERO };
    let mut made = 0;
    while made < REQUESTS / 10 || begun.elapsed() < warm {
        made += hammer(contestant, &small(), Duration::from_secs(1)).await as usize;
    }
    println!("  after {made:>9} requests with {CONNECTIONS} connections {}", Resident::of(contestant));
    let first = made;
    for share in 1..=4 {
        while made - first < REQUESTS * times * share / 4 {
            made += hammer(contestant, &small(), Duration::from_secs(1)).await as usize;
        }
        println!("  after {made:>9} requests                    {}", Resident::of(contestant));
    }
    let mut aborted = 0;
    for share in [1, 5, 10] {
        while aborted < ABORTED * times * share / 10 {
            aborted += open(contestant, 100).await.len();
        }
        println!("  after {aborted:>9} streams that were left early   {}", Resident::of(contestant));
    }
}
