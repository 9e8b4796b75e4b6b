//! Typing into the filter, letter by letter, against filtering at once.

use proptest::prelude::*;

use crate::screens::stage::{Stage, dozen};

fn typed(stage: &mut Stage, text: &str) -> Vec<String> {
    stage.press(text);
    let endpoints = &stage.model.endpoints;
    endpoints.list.order.iter().map(|index| endpoints.rows.get(*index).unwrap().slug.to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// However the filter came about, by letters more and letters less, it shows the same.
    #[test]
    fn the_way_to_a_filter_does_not_matter(
        first in "[gmlcp5 -]{1,4}",
        less in 0_usize..4,
        more in "(provider:op|slug:g|[glmae2]{1,3})",
    ) {
        let mut wandering = Stage::with((80, 24), dozen());
        let mut text = format!("{first} {more}");
        typed(&mut wandering, "/");
        typed(&mut wandering, &first);
        typed(&mut wandering, " ");
        typed(&mut wandering, &more);
        for _ in 0..less {
            text.pop();
            typed(&mut wandering, "<backspace>");
        }
        let mut direct = Stage::with((80, 24), dozen());
        direct.press("/");
        direct.tell(repoint::tui::message::Message::Paste(text.clone()));
        let at_once = typed(&mut direct, "");
        prop_assert_eq!(typed(&mut wandering, ""), at_once, "{}", text);
        prop_assert_eq!(wandering.model.endpoints.list.widest, direct.model.endpoints.list.widest);
    }
}
