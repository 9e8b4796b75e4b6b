//! The palette: every action by its name, run where it was opened.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use repoint::tui::effect::Effect;
use repoint::tui::keymap::{Action, Place, TABLE};
use repoint::tui::overlays::Overlay;
use repoint::tui::screens::endpoints::work::Work;

use super::setting::at;
use crate::screens::stage::{SIZES, Stage};

fn names(stage: &Stage) -> Vec<&'static str> {
    let Some(Overlay::Palette(palette)) = stage.model.overlays.last() else { panic!("no palette is open") };
    palette.names().collect()
}

#[test]
fn it_knows_every_name_of_the_table() {
    let mut stage = at(120, 36);
    stage.press(":");
    assert_eq!(stage.model.place(), Place::Palette);
    let known: BTreeSet<&str> = names(&stage).into_iter().collect();
    let hidden = |name: &&str| !known.contains(name);
    let missing: BTreeSet<&str> = TABLE.iter().map(|row| row.name).filter(hidden).collect();
    assert_eq!(missing, BTreeSet::from(["complete", "palette"]), "the palette itself, and what works in it alone");
}

#[test]
fn what_is_chosen_runs_where_it_was_opened() {
    let mut stage = at(120, 36);
    stage.press(":repoint");
    assert_eq!(names(&stage).first(), Some(&"re-point"));
    stage.press("<enter>");
    assert!(stage.model.overlays.is_empty());
    assert!(matches!(stage.model.endpoints.work, Work::Repoint(_)));

    let mut stage = at(120, 36);
    stage.press("o:top<enter>");
    assert_eq!(stage.model.place(), Place::Reader, "it acts on the text beneath, and closes nothing");
}

#[test]
fn what_was_run_comes_first_the_next_time() {
    let mut stage = at(120, 36);
    stage.press(":sort-rev<enter>:sort<enter>:");
    assert_eq!(names(&stage)[..2], ["sort", "sort-reverse"]);
}

#[test]
fn what_cannot_be_done_says_why_and_does_nothing() {
    let mut stage = at(120, 36);
    stage.model.shared.contexts[0].is_read_only = true;
    stage.press(":delete");
    assert!(stage.text().contains("this context is read-only"), "{}", stage.text());
    stage.press("<enter>");
    assert!(stage.model.endpoints.work.is_none());
    assert!(stage.text().contains("delete: this context is read-only"), "{}", stage.text());

    let mut stage = at(120, 36);
    stage.press(":sync-now");
    assert!(stage.text().contains("works in the Gateway tab"), "{}", stage.text());
}

#[test]
fn a_name_is_completed_by_tab() {
    let mut stage = at(120, 36);
    stage.press(":switch");
    assert!(stage.text().contains(": switch-context"), "the rest is shown as a ghost\n{}", stage.text());
    stage.press("<tab>");
    let Some(Overlay::Palette(palette)) = stage.model.overlays.last() else { panic!("no palette is open") };
    assert_eq!(palette.typed.text(), "switch-context");
}

#[test]
fn letters_are_typed_and_escape_leaves_everything_as_it_is() {
    let mut stage = at(120, 36);
    stage.press(":qqq");
    assert!(!stage.effects.contains(&Effect::Quit));
    assert!(stage.text().contains("no action is called so"), "{}", stage.text());
    stage.press("<enter>");
    assert_eq!(stage.model.place(), Place::Palette);
    stage.press("<esc>");
    assert_eq!(stage.model.place(), Place::List);
}

#[test]
fn over_a_form_nothing_in_it_leaves_the_form() {
    let mut stage = at(120, 36);
    stage.press("nglm");
    stage.press_control('p');
    assert_eq!(stage.model.place(), Place::Palette);
    stage.press("tab-6<enter>");
    assert_eq!(stage.model.place(), Place::Form);
    assert!(stage.text().contains("not while something is being changed"), "{}", stage.text());
    stage.press_control('p');
    stage.press("copy-command<enter>");
    assert_eq!(stage.model.place(), Place::Form);
}

#[test]
fn every_action_has_one_name_in_each_place() {
    for place in Place::ALL.iter().copied() {
        let mut seen: Vec<(&str, Action)> = Vec::new();
        for row in TABLE.iter().filter(|row| row.works_in(place)) {
            let other = seen.iter().find(|(name, action)| *name == row.name && *action != row.action);
            assert_eq!(other, None, "{} in {place:?}", row.name);
            seen.push((row.name, row.action));
        }
    }
}

#[test]
fn no_place_is_called_like_an_action() {
    let names: BTreeSet<&str> = TABLE.iter().map(|row| row.name).collect();
    let both: Vec<&str> = Place::ALL.iter().map(|place| place.name()).filter(|name| names.contains(name)).collect();
    assert_eq!(both, Vec::<&str>::new());
}

#[test]
fn how_it_looks() {
    // A word that few names have: the picture stays while actions come.
    for (columns, rows) in SIZES {
        let mut stage = at(columns, rows);
        stage.press(":board");
        assert_snapshot!(format!("palette_{columns}x{rows}"), stage.text());
    }
    let mut stage = at(120, 36);
    stage.press(":board");
    assert_snapshot!("palette_styles", stage.styles());
}
