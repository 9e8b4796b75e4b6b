//! Calls that are answered whole: what is added to one, and how many go through at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::contestants::Contestant;
use crate::figures::Figures;
use crate::load::{Caller, request};
use crate::{PATH, chat, middle, ours, small};

const ROUNDS: usize = 24;
const CALLS: usize = 400;
/// The first calls of a connection pay for the connections behind it.
const WARM: usize = 40;
const SPELLS: usize = 10;
const SPELL: Duration = Duration::from_secs(1);
pub(crate) const CONNECTIONS: usize = 32;

pub(crate) async fn run(all: &[Contestant]) {
    println!("ready after the start: repoint {:.0} ms", ours(all).start.as_secs_f64() * 1e3);
    one_connection(all, "small chat completion", &small(), ("nginx", 1.5, 2.0)).await;
    let prompt = chat(&"lorem ipsum ".repeat(8533), "");
    one_connection(all, "100 KB prompt", &prompt, ("bare hyper", 1.5, f64::INFINITY)).await;
    many_connections(all).await;
}

/// Added latency where nobody else calls, each round's beside that of `(contestant, limit of p50, limit of p99)`.
async fn one_connection(all: &[Contestant], title: &str, body: &str, (beside, p50_max, p99_max): (&str, f64, f64)) {
    let mut rounds: Vec<Vec<(f64, f64)>> = vec![Vec::new(); all.len()];
    for _ in 0..ROUNDS {
        for (contestant, rounds) in all.iter().zip(&mut rounds) {
            let figures = in_a_row(contestant, body, CALLS).await;
            rounds.push((figures.at(0.5) * 1e3, figures.at(0.99) * 1e3));
        }
    }
    let direct = rounds[0].clone();
    let added = |index: usize, of: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        rounds[index].iter().zip(&direct).map(|(round, direct)| of(round) - of(direct)).collect()
    };
    let p50 = |round: &(f64, f64)| round.0;
    let p99 = |round: &(f64, f64)| round.1;
    println!(
        "\n{title}, 1 connection, µs: direct p50 {:.0} p99 {:.0}",
        middle(direct.iter().map(p50).collect()),
        middle(direct.iter().map(p99).collect())
    );
    for (index, contestant) in all.iter().enumerate().skip(1) {
        let (p50, p99) = (middle(added(index, p50)), middle(added(index, p99)));
        println!("  {:<12} added p50 {p50:7.0}   added p99 {p99:7.0}", contestant.name);
    }
    let at = |name: &str| all.iter().position(|contestant| contestant.name == name);
    let (Some(ours), Some(other)) = (at("repoint"), at(beside)) else { return };
    let ratio = |of: fn(&(f64, f64)) -> f64| {
        let both = added(ours, of).into_iter().zip(added(other, of));
        middle(both.map(|(ours, other)| ours / other).collect())
    };
    println!(
        "  added, of {beside}'s: p50 {:.2} (at most {p50_max}), p99 {:.2} (at most {p99_max})",
        ratio(p50),
        ratio(p99)
    );
}

/// Calls on one connection, one behind the other.
pub(crate) async fn in_a_row(contestant: &Contestant, body: &str, calls: usize) -> Figures {
    let request = request(PATH, &contestant.key, body);
    let mut caller = Caller::connect(contestant.address).await;
    let mut figures = Figures::default();
    for index in 0..WARM + calls {
        let answer = caller.call(&request).await;
        assert_eq!(answer.status, 200, "{}", contestant.name);
        if index >= WARM {
            figures.add(answer.whole);
        }
    }
    figures
}

/// Requests a second and processor time a request, with many callers.
async fn many_connections(all: &[Contestant]) {
    let mut rounds: Vec<Vec<(f64, f64)>> = vec![Vec::new(); all.len()];
    for _ in 0..SPELLS {
        for (contestant, rounds) in all.iter().zip(&mut rounds) {
            rounds.push(spell(contestant).await);
        }
    }
    let rate = |index: usize| middle(rounds[index].iter().map(|round| round.0).collect());
    println!("\n{CONNECTIONS} connections: direct {:.0} requests/s", rate(0));
    for (index, contestant) in all.iter().enumerate().skip(1) {
        println!(
            "  {:<12} {:8.0} requests/s   {:.2} of direct   CPU {:6.1} µs a request",
            contestant.name,
            rate(index),
            rate(index) / rate(0),
            middle(rounds[index].iter().map(|round| round.1).collect())
        );
    }
    let beside = |name: &str, of: fn(&(f64, f64)) -> f64| {
        let at = |name: &str| all.iter().position(|contestant| contestant.name == name);
        let (Some(ours), Some(other)) = (at("repoint"), at(name)) else { return f64::NAN };
        middle(rounds[ours].iter().zip(&rounds[other]).map(|(ours, other)| of(ours) / of(other)).collect())
    };
    println!("  requests/s of nginx's {:.2} (at least 0.6)", beside("nginx", |round| round.0));
    println!("  CPU a request of bare hyper's {:.2} (at most 1.6)", beside("bare hyper", |round| round.1));
}

/// Requests a second, and microseconds of processor time for each.
async fn spell(contestant: &Contestant) -> (f64, f64) {
    let before = contestant.sample();
    let begun = Instant::now();
    let count = hammer(contestant, &small(), SPELL).await as f64;
    let cpu = contestant.sample().cpu.saturating_sub(before.cpu);
    (count / begun.elapsed().as_secs_f64(), cpu.as_secs_f64() * 1e6 / count)
}

/// Calls on many connections for so long. Gives how many there were.
pub(crate) async fn hammer(contestant: &Contestant, body: &str, spell: Duration) -> u64 {
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
