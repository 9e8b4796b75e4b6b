//! Binding keys anew: what the configuration wishes is read, and refused where it would leave an action without a way
//! to it or give one key two meanings in a place.

use super::{Binding, Chord, Keymap, Own, Place, TABLE};

/// Keys for an action, in one place or wherever it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish<'a> {
    /// The name of a place; `None` for wherever the action works.
    pub place: Option<&'a str>,
    /// The name of the action.
    pub action: &'a str,
    /// Its keys from now on; none takes all of them away.
    pub keys: Vec<&'a str>,
}

/// Why the wishes cannot be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which wish, counted from 0.
    pub wish: usize,
    /// Which of its keys, where it is one of them.
    pub key: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What may have been meant, or what to do.
    pub hint: Option<String>,
}

/// Keys that a terminal sends as another key.
const SAME: [(char, &str); 4] = [('i', "tab"), ('m', "enter"), ('j', "enter"), ('[', "esc")];
/// Without a key for these nobody gets out of what is open.
const NEEDED: [&str; 3] = ["confirm", "back", "quit"];

impl Keymap {
    /// The table's own keys, but for what is wished.
    ///
    /// # Errors
    /// A name or a key that does not exist, an action that does not work in the place, a key that would mean two
    /// things there or be typed as a letter, a wish that would leave no way out.
    pub fn with(wishes: &[Wish<'_>]) -> Result<Self, Refused> {
        let mut keymap = Self::default();
        let mut changed: Vec<(usize, Option<Place>, usize)> = Vec::new();
        for (index, wish) in wishes.iter().enumerate() {
            let refuse = |key, (message, hint)| Refused { wish: index, key, message, hint };
            let place = wish.place.map(place).transpose().map_err(|why| refuse(None, why))?;
            let rows = rows(wish.action, place).map_err(|why| refuse(None, why))?;
            let mut keys = Vec::new();
            for (at, key) in wish.keys.iter().enumerate() {
                keys.push(chord(key).map_err(|why| refuse(Some(at), why))?);
            }
            for row in rows {
                has_way(row.1, place, &keys).map_err(|why| refuse(None, why))?;
                changed.push((row.0, place, index));
                keymap.set(row.0, place, keys.clone());
            }
        }
        keymap.one_meaning(&changed)?;
        Ok(keymap)
    }

    fn set(&mut self, row: usize, place: Option<Place>, keys: Vec<Chord>) {
        match place {
            Some(place) => {
                self.own.retain(|own| (own.row, own.place) != (row, place));
                self.own.push(Own { row, place, keys });
            }
            None => {
                if let Some(bound) = self.keys.get_mut(row) {
                    *bound = keys;
                }
            }
        }
    }

    /// Looks for a wished key that means something else in a place already.
    fn one_meaning(&self, changed: &[(usize, Option<Place>, usize)]) -> Result<(), Refused> {
        for (row, only, wish) in changed.iter().copied() {
            let Some(binding) = TABLE.get(row) else { continue };
            for place in Place::ALL.iter().copied().filter(|place| only.is_none_or(|only| only == *place)) {
                let rows = || self.rows(place, true).chain(self.rows(place, false));
                let Some(keys) = rows().find(|(found, _)| std::ptr::eq(*found, binding)).map(|(_, keys)| keys) else {
                    continue;
                };
                let is_mute = place.takes_text() || (place.holds_draft() && binding.places.is_empty());
                for chord in keys.iter().filter(|chord| !(is_mute && chord.is_printable())) {
                    let taken = |(other, keys): &(&'static Binding, &[Chord])| {
                        other.action != binding.action && keys.contains(chord) && !was_so(binding, other, *chord)
                    };
                    if let Some((other, _)) = rows().find(taken) {
                        return Err(twice(wish, *chord, binding, other, place));
                    }
                }
            }
        }
        Ok(())
    }
}

/// True where both rows have the key by themselves: one of them comes first, and is meant to.
fn was_so(one: &Binding, other: &Binding, chord: Chord) -> bool {
    one.keys.contains(&chord) && other.keys.contains(&chord)
}

fn twice(wish: usize, chord: Chord, binding: &Binding, other: &Binding, place: Place) -> Refused {
    let key = chord.written();
    Refused {
        wish,
        key: None,
        message: format!("{key} would be {} and {} in {}", binding.name, other.name, place.words()),
        hint: Some(format!("give {} another key too, or {} another than {key}", other.name, binding.name)),
    }
}

const LISTED: &str = "repoint keymap lists all places and actions";

type Why = (String, Option<String>);

fn place(name: &str) -> Result<Place, Why> {
    let names = Place::ALL.iter().map(|place| place.name());
    Place::named(name).ok_or_else(|| {
        (
            format!("there is no place {name:?}"),
            crate::near::did_you_mean(name, names).or_else(|| Some(LISTED.to_owned())),
        )
    })
}

/// The rows of an action, with their places in the table.
fn rows(name: &str, place: Option<Place>) -> Result<Vec<(usize, &'static Binding)>, Why> {
    let all = || TABLE.iter().enumerate().filter(|(_, binding)| binding.name == name);
    let rows: Vec<_> = all().filter(|(_, binding)| place.is_none_or(|place| binding.works_in(place))).collect();
    if !rows.is_empty() {
        return Ok(rows);
    }
    if let (Some((_, binding)), Some(place)) = (all().next(), place) {
        let where_it_works: Vec<&str> = binding.places.iter().map(|place| place.name()).collect();
        let hint = format!("it works in {}", where_it_works.join(", "));
        return Err((format!("{name} does not work in {}", place.words()), Some(hint)));
    }
    let names = TABLE.iter().map(|binding| binding.name);
    Err((
        format!("there is no action {name:?}"),
        crate::near::did_you_mean(name, names).or_else(|| Some(LISTED.to_owned())),
    ))
}

fn chord(written: &str) -> Result<Chord, Why> {
    let Some(chord) = Chord::parse(written) else {
        let hint = "such as p, G, space, enter, esc, tab, up, pageup, f2, ctrl-d, alt-p";
        return Err((format!("{written:?} is no key"), Some(hint.to_owned())));
    };
    match SAME.iter().find(|(letter, _)| chord == Chord::control(*letter)) {
        Some((_, other)) => {
            Err((format!("{written} cannot be told from {other} in a terminal"), Some("choose another key".to_owned())))
        }
        None => Ok(chord),
    }
}

/// Looks whether the row can still be reached wherever it works.
fn has_way(binding: &Binding, only: Option<Place>, keys: &[Chord]) -> Result<(), Why> {
    let places = binding.places.iter().copied().filter(|place| only.is_none_or(|only| only == *place));
    let typed = places.chain(only).find(|place| place.takes_text());
    let lettered = |keys: &[Chord]| keys.iter().all(|chord| chord.is_printable());
    if let Some(place) = typed.filter(|_| !keys.is_empty() && lettered(keys) && !lettered(binding.keys)) {
        let why = format!("{} needs a key that is no letter", binding.name);
        return Err((why, Some(format!("it works in {} too, where letters are typed", place.words()))));
    }
    if keys.is_empty() && NEEDED.contains(&binding.name) {
        return Err((format!("{} must keep a key", binding.name), None));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::tui::keymap::Action;

    fn wish<'a>(place: Option<&'a str>, action: &'a str, keys: &[&'a str]) -> Wish<'a> {
        Wish { place, action, keys: keys.to_vec() }
    }

    fn resolved(keymap: &Keymap, place: Place, key: &str) -> Option<Action> {
        let chord = Chord::parse(key).unwrap();
        keymap.resolve(place, &KeyEvent::new(chord.code, chord.modifiers))
    }

    #[test]
    fn an_action_can_have_several_keys_and_others_in_one_place() {
        let keymap = Keymap::with(&[
            wish(None, "re-point", &["p", "alt-r"]),
            wish(Some("board"), "re-point", &["z"]),
            wish(Some("list"), "help", &["Z"]),
        ])
        .unwrap();
        assert_eq!(resolved(&keymap, Place::List, "p"), Some(Action::Repoint));
        assert_eq!(resolved(&keymap, Place::List, "alt-r"), Some(Action::Repoint));
        assert_eq!(resolved(&keymap, Place::List, "r"), None);
        assert_eq!(resolved(&keymap, Place::Board, "z"), Some(Action::Repoint));
        assert_eq!(resolved(&keymap, Place::Board, "p"), None);
        assert_eq!(resolved(&keymap, Place::List, "Z"), Some(Action::Help));
        assert_eq!(resolved(&keymap, Place::List, "?"), None);
        assert_eq!(resolved(&keymap, Place::Board, "?"), Some(Action::Help));
        assert_eq!(keymap.shown(Action::Repoint), "p");
        assert!(keymap.bindings(Place::Board).any(|(row, key)| (row.name, key) == ("re-point", Chord::letter('z'))));
    }

    #[test]
    fn an_action_without_a_key_is_shown_by_its_name() {
        let keymap = Keymap::with(&[wish(None, "mouse", &[])]).unwrap();
        assert_eq!(resolved(&keymap, Place::List, "m"), None);
        assert_eq!(keymap.shown(Action::Mouse), ":mouse");
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_was_meant() {
        let refused = [
            (wish(None, "repiont", &["p"]), "no action", "re-point"),
            (wish(Some("lst"), "re-point", &["p"]), "no place", "list"),
            (wish(Some("gateway"), "re-point", &["p"]), "does not work in the Gateway tab", "list, detail"),
            (wish(None, "re-point", &["hyper-p"]), "is no key", "alt-p"),
            (wish(None, "re-point", &["ctrl-i"]), "told from tab", "another"),
            (wish(None, "re-point", &["n"]), "n would be re-point and new in the list", "another"),
            (wish(None, "re-point", &["m"]), "m would be re-point and mouse in the list", "another"),
            (wish(None, "help", &["h"]), "h would be help and previous-pane", "another"),
            (wish(Some("list"), "help", &["h"]), "h would be help and previous-pane", "another"),
            (wish(None, "back", &["x"]), "no letter", "where letters are typed"),
            (wish(None, "quit", &[]), "must keep a key", ""),
        ];
        for (wish, said, hinted) in refused {
            let refused = Keymap::with(&[wish]).unwrap_err();
            assert!(refused.message.contains(said), "{refused:?}");
            assert!(refused.hint.clone().unwrap_or_default().contains(hinted), "{refused:?}");
        }
    }

    #[test]
    fn two_actions_may_change_places() {
        let keymap = Keymap::with(&[wish(None, "re-point", &["n"]), wish(None, "new", &["r"])]);
        // The Gateway tab has its own `n`, and re-point does not work there.
        assert_eq!(resolved(&keymap.unwrap(), Place::List, "n"), Some(Action::Repoint));
    }

    #[test]
    fn a_key_beside_those_of_the_table_keeps_them() {
        let keymap = Keymap::with(&[wish(None, "quit", &["q", "ctrl-c", "ctrl-q"])]).unwrap();
        assert_eq!(resolved(&keymap, Place::Reader, "q"), Some(Action::Back));
        assert_eq!(resolved(&keymap, Place::List, "q"), Some(Action::Quit));
    }

    #[test]
    fn wishing_for_what_is_there_changes_nothing() {
        for binding in TABLE {
            let rows = TABLE.iter().filter(|row| row.name == binding.name);
            let same = rows.clone().all(|row| row.keys == binding.keys);
            let written: Vec<String> = binding.keys.iter().map(|key| key.written()).collect();
            let wish = Wish { place: None, action: binding.name, keys: written.iter().map(String::as_str).collect() };
            if same {
                assert_eq!(Keymap::with(&[wish]), Ok(Keymap::default()), "{}", binding.name);
            }
        }
    }

    #[test]
    fn modifiers_count() {
        let keymap = Keymap::with(&[wish(None, "re-point", &["ctrl-r"])]).unwrap();
        assert_eq!(
            keymap.resolve(Place::List, &KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL)),
            Some(Action::Repoint)
        );
    }
}
