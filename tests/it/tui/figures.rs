//! Large lists do what small ones do. What they cost is the benchmark's to say.

use repoint::api::{Endpoint, Target};

use crate::screens::stage::{Stage, endpoint};

fn many(count: usize) -> Vec<Endpoint> {
    let target = |number: usize| Target::baseten(format!("model{}", number % 50), None);
    (0..count).map(|number| endpoint(&format!("name-{number:06}"), target(number), 90_000)).collect()
}

#[test]
fn twenty_thousand_rows_are_filtered_and_moved_in() {
    let mut stage = Stage::with((120, 36), many(20_000));
    stage.press("G");
    assert!(stage.text().contains("name-019999"));
    stage.press("/name019998");
    assert_eq!(stage.model.endpoints.list.order.len(), 1);
    stage.press("<esc>g");
    assert!(stage.text().contains("name-000000"));
}
