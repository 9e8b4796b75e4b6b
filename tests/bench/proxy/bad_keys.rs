//! What a key that opens nothing costs, and what a flood of them does to those whose key is good.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::contestants::Contestant;
use crate::figures::Figures;
use crate::load::{Caller, request};
use crate::{PATH, middle, small};

/// Short rounds: what a wake-up costs changes from one second to the next, and both kinds are to see the same.
const ROUNDS: usize = 80;
const CALLS: usize = 200;
/// Of so many calls one presents a good key.
const BAD_IN_A_ROW: usize = 10;
const FLOODS: usize = 5;
const CALLS_IN_A_FLOOD: usize = 2_000;

pub(crate) async fn run(upstream: &Contestant, contestant: &Contestant) {
    let good = request(PATH, &contestant.key, &small());
    let bad = request(PATH, "sky_AAAAAAAAAAAA.nothing-that-opens-a-door", &small());
    cost(upstream, contestant, &good, &bad).await;
    flooded(contestant, &good, &bad).await;
}

async fn cost(upstream: &Contestant, contestant: &Contestant, good: &[u8], bad: &[u8]) {
    let mut caller = Caller::connect(contestant.address).await;
    let mut direct = Caller::connect(upstream.address).await;
    let (mut served, mut rejected, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let plain = cpu(contestant, &mut caller, |_| good).await;
        // Bad keys in a row are held back after the sixteenth: a good one between keeps them at their plain cost.
        let mixed = |index: usize| if index.is_multiple_of(BAD_IN_A_ROW) { good } else { bad };
        let mixed = cpu(contestant, &mut caller, mixed).await;
        let bad_share = (BAD_IN_A_ROW - 1) as f64 / BAD_IN_A_ROW as f64;
        bare.push(cpu(upstream, &mut direct, |_| good).await);
        served.push(plain);
        rejected.push((mixed - plain * (1.0 - bad_share)) / bad_share);
    }
    let ratios = rejected.iter().zip(&served).map(|(rejected, served)| rejected / served).collect();
    println!(
        "\na rejected key costs {:.1} µs, {:.2} of a served request's CPU (at most 0.3); a bare hyper server's answer {:.1} µs",
        middle(rejected),
        middle(ratios),
        middle(bare)
    );
}

/// Microseconds of processor time for each call.
async fn cpu<'a>(contestant: &Contestant, caller: &mut Caller, which: impl Fn(usize) -> &'a [u8]) -> f64 {
    let before = contestant.sample();
    for index in 0..CALLS {
        caller.call(which(index)).await;
    }
    contestant.sample().cpu.saturating_sub(before.cpu).as_secs_f64() * 1e6 / CALLS as f64
}

async fn flooded(contestant: &Contestant, good: &[u8], bad: &[u8]) {
    let mut ratios = Vec::new();
    for _ in 0..FLOODS {
        let quiet = good_traffic(contestant, good).await;
        let stop = Arc::new(AtomicBool::new(false));
        let flood = flood(contestant, bad.to_vec(), Arc::clone(&stop));
        let flooded = good_traffic(contestant, good).await;
        stop.store(true, Ordering::Relaxed);
        flood.join().expect("the flood ends");
        ratios.push(flooded.at(0.99) / quiet.at(0.99));
    }
    println!("good traffic's p99 under a flood of bad keys: {:.2} of without (at most 1.5)", middle(ratios));
}

async fn good_traffic(contestant: &Contestant, request: &[u8]) -> Figures {
    let mut caller = Caller::connect(contestant.address).await;
    let mut figures = Figures::default();
    for _ in 0..CALLS_IN_A_FLOOD {
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
