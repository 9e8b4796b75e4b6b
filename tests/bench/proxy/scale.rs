//! A large gateway beside a small one: what 10,000 endpoints and 100,000 keys cost a request, and what a sync costs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::contestants::Contestant;
use crate::figures::Figures;
use crate::load::{Caller, request};
use crate::rows::{self, ENDPOINTS_WITH_KEYS, GROUPS, KEYS};
use crate::{PATH, middle, setup};

const ROUNDS: usize = 24;
const CALLS: usize = 500;
const SWAPS: usize = 60;
const PAUSE: Duration = Duration::from_millis(60);

pub(crate) async fn run(upstream: SocketAddr) {
    let small = Contestant::ours(upstream);
    let large = Contestant::ours_filled(upstream, |data| {
        rows::endpoints(data, ENDPOINTS_WITH_KEYS);
        rows::groups_and_keys(data);
    });
    println!(
        "\n{ENDPOINTS_WITH_KEYS} endpoints, {KEYS} keys: ready after {:.0} ms (at most 400)",
        large.start.as_secs_f64() * 1e3
    );
    beside(&small, &large).await;
    swaps(&large).await;
}

/// The small one has one key and one slug; in the large one each call has another key, and its group's slug.
async fn beside(small: &Contestant, large: &Contestant) {
    let one = vec![request(PATH, &small.key, &crate::small())];
    let many: Vec<Vec<u8>> = (0..KEYS).map(of_key).collect();
    let mut callers = [
        Caller::connect(small.address).await,
        Caller::connect(small.address).await,
        Caller::connect(large.address).await,
    ];
    for call in many.iter().take(GROUPS) {
        callers[2].call(call).await;
    }
    let mut rounds = Vec::new();
    for number in 0..ROUNDS {
        let mut p50 = [0.0; 3];
        for at in (0..3).map(|at| (at + number) % 3) {
            let requests = if at == 2 { &many } else { &one };
            p50[at] = calls(&mut callers[at], requests, number).await.at(0.5);
        }
        rounds.push(p50);
    }
    let ratio = |at: usize| middle(rounds.iter().map(|p50| p50[at] / p50[0]).collect());
    println!(
        "  a call, p50, of one to a small gateway: {:.3} (at most 1.10; the small one again {:.3})",
        ratio(2),
        ratio(1)
    );
}

fn of_key(number: usize) -> Vec<u8> {
    request(PATH, &rows::key(number), &crate::small().replace(crate::SLUG, &rows::slug(number % GROUPS)))
}

async fn calls(caller: &mut Caller, requests: &[Vec<u8>], round: usize) -> Figures {
    let mut figures = Figures::default();
    for index in 0..CALLS {
        // A step that meets keys and slugs in no order.
        let answer = caller.call(&requests[(round * CALLS + index) * 7_919 % requests.len()]).await;
        assert_eq!(answer.status, 200);
        figures.add(answer.whole);
    }
    figures
}

/// The longest call while a sync takes the whole store over, beside the longest in as long a time without one.
async fn swaps(large: &Contestant) {
    let stop = Arc::new(AtomicBool::new(false));
    let calling = call_on(large.address, Arc::clone(&stop));
    let management = large.management.expect("ours is managed");
    let mut swaps = Vec::new();
    for number in 0..SWAPS {
        let quiet = Instant::now();
        tokio::time::sleep(PAUSE).await;
        let target = json!({"provider": "BASETEN", "model_id": "3kZ9xqd", "target_model": format!("m{number}")});
        let endpoint = format!("/v1/gateway/endpoints/e{:010}", number % GROUPS);
        setup::send(management, "PATCH", &endpoint, &json!({"targets": [target]}));
        tokio::time::sleep(PAUSE).await;
        let begun = Instant::now();
        setup::send(management, "POST", "/repoint/v1/sync", &json!({}));
        swaps.push((quiet, begun, begun.elapsed()));
    }
    stop.store(true, Ordering::Relaxed);
    let calls = calling.join().expect("the calls end well");
    let longest = |from: Instant, until: Instant| -> f64 {
        let within = calls.iter().filter(|(begun, whole)| *begun < until && *begun + *whole > from);
        within.map(|(_, whole)| whole.as_secs_f64() * 1e3).fold(0.0, f64::max)
    };
    let during: Vec<f64> = swaps.iter().map(|(_, begun, whole)| longest(*begun, *begun + *whole)).collect();
    let before: Vec<f64> = swaps.iter().map(|(quiet, _, whole)| longest(*quiet, *quiet + *whole)).collect();
    let pauses: Vec<f64> = during.iter().zip(&before).map(|(during, before)| during - before).collect();
    let spent = middle(swaps.iter().map(|(.., whole)| whole.as_secs_f64() * 1e3).collect());
    println!(
        "  {SWAPS} syncs of {spent:.0} ms, the longest call meanwhile, ms: {:.2}, without {:.2}, a pause of {:.2} (at most 1)",
        middle(during),
        middle(before),
        middle(pauses)
    );
}

/// Calls one behind the other on a thread of its own. Gives when each began and how long it took.
fn call_on(address: SocketAddr, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<Vec<(Instant, Duration)>> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut caller = Caller::connect(address).await;
            let mut calls = Vec::new();
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let request = of_key(number * 7_919 % KEYS);
                let begun = Instant::now();
                assert_eq!(caller.call(&request).await.status, 200);
                calls.push((begun, begun.elapsed()));
            }
            calls
        })
    })
}
