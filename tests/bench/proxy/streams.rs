//! The first token of a stream, and the gaps between tokens.

use std::sync::Arc;

use crate::contestants::Contestant;
use crate::figures::Figures;
use crate::load::{Answer, Caller, request};
use crate::{PATH, middle, stream};

const ROUNDS: usize = 16;
/// Streams of one caller, one behind the other; the first pays for the connections behind it and is not counted.
const STREAMS: usize = 4;
const MANY: usize = 1_000;
/// How much later than the usual one a first token may be.
const LATE_MS: f64 = 5.0;

pub(crate) async fn run(all: &[Contestant]) {
    for concurrent in [1, 16] {
        paced(all, concurrent).await;
    }
    first_tokens(all).await;
}

/// One round: the middle first token and the 99th percentile of the gaps, in milliseconds.
async fn round(contestant: &Contestant, concurrent: usize) -> (f64, f64) {
    let (mut first, mut gaps) = (Figures::default(), Figures::default());
    for answer in answers(contestant, concurrent, STREAMS, &stream(20, 5)).await {
        first.add(answer.first);
        answer.gaps.into_iter().for_each(|gap| gaps.add(gap));
    }
    (first.at(0.5), gaps.at(0.99))
}

async fn paced(all: &[Contestant], concurrent: usize) {
    let mut rounds: Vec<Vec<(f64, f64)>> = vec![Vec::new(); all.len()];
    for number in 0..ROUNDS {
        // Whoever goes first after the pause between two rounds has it better or worse: all take turns at it.
        for index in (0..all.len()).map(|index| (index + number) % all.len()) {
            rounds[index].push(round(&all[index], concurrent).await);
        }
    }
    let direct = rounds[0].clone();
    println!(
        "\n{concurrent} streams: direct first token p50 {:.2} ms, gap p99 {:.2} ms",
        middle(direct.iter().map(|round| round.0).collect()),
        middle(direct.iter().map(|round| round.1).collect())
    );
    for (contestant, rounds) in all.iter().zip(&rounds).skip(1) {
        let first = rounds.iter().zip(&direct).map(|(round, direct)| round.0 - direct.0).collect();
        let gap = rounds.iter().zip(&direct).map(|(round, direct)| round.1 / direct.1).collect();
        println!(
            "  {:<12} first token added p50 {:6.3} ms (at most 0.2)   gap p99 {:.3} of direct (at most 1.02)",
            contestant.name,
            middle(first),
            middle(gap)
        );
    }
}

/// How many of 1,000 streams begin late.
async fn first_tokens(all: &[Contestant]) {
    println!("\nfirst tokens of {MANY} streams, 16 at a time");
    let mut usual = 0.0;
    for contestant in all {
        let mut first = Figures::default();
        let body = stream(1, 0);
        for answer in answers(contestant, 16, MANY / 16 + 2, &body).await.into_iter().take(MANY) {
            first.add(answer.first);
        }
        if contestant.name == "direct" {
            usual = first.at(0.5);
        }
        println!(
            "  {:<12} p50 {:6.3}   max {:6.2} ms   {} over {LATE_MS} ms later than the usual direct one (at most 0)",
            contestant.name,
            first.at(0.5),
            first.at(1.0),
            first.over(usual + LATE_MS)
        );
    }
}

async fn answers(contestant: &Contestant, concurrent: usize, streams: usize, body: &str) -> Vec<Answer> {
    let request: Arc<[u8]> = request(PATH, &contestant.key, body).into();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..concurrent {
        let (request, address) = (Arc::clone(&request), contestant.address);
        callers.spawn(async move {
            let mut caller = Caller::connect(address).await;
            let mut answers = Vec::new();
            for _ in 0..streams {
                answers.push(caller.call(&request).await);
            }
            answers.split_off(1)
        });
    }
    callers.join_all().await.into_iter().flatten().collect()
}
