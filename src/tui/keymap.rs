//! One table of actions: the keys, where they work, how they are called.
//!
//! The bottom line, the `?` help and whatever else lists keys is made from [`TABLE`], and the same table
//! decides what a key does ([`Keymap::resolve`]), so that what is shown is what works. A new action is a
//! variant of [`Action`], a row here, and an arm in the screen that owns it. Keys are data in a [`Keymap`], so
//! that they can be bound anew; nothing outside this file compares key codes but text fields ([`super::form`]).

mod bind;
mod chord;
mod place;
mod screens;
mod table;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use bind::{Refused, Wish};
pub use chord::Chord;
pub use place::Place;
pub use table::TABLE;

/// What a person can want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each has its sentence in the table")]
pub enum Action {
    Confirm,
    Back,
    Up,
    Down,
    Top,
    Bottom,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    Left,
    Right,
    NextPane,
    PreviousPane,
    Open,
    Repoint,
    New,
    Edit,
    Delete,
    Undo,
    Redo,
    Mark,
    MarkAll,
    Promote,
    EditAsText,
    TryIt,
    Filter,
    Sort,
    SortReverse,
    Group,
    NewChild,
    MintKey,
    RegisterKey,
    RevokeKey,
    ClearFilter,
    Copy,
    CopyAsCommand,
    ShowJson,
    ReadAgain,
    SwitchContext,
    TakeTheirs,
    WriteMine,
    GatewayStart,
    GatewayStop,
    GatewayRestart,
    GatewayReset,
    SeedDemo,
    SwitchFault,
    FaultsOff,
    LogLevel,
    SyncNow,
    Log,
    Notices,
    Mouse,
    Tab1,
    Tab2,
    Tab3,
    Tab4,
    Tab5,
    Tab6,
    Help,
    GoBack,
    GoForward,
    ToEndpoints,
    ToGroups,
    ToTraffic,
    ToHistory,
    Pause,
    Chart,
    Palette,
    Tour,
    Complete,
    Redraw,
    Suspend,
    Quit,
}

/// A heading of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Endpoints and their changes.
    Endpoints,
    /// The Board tab.
    Board,
    /// The Groups tab.
    Groups,
    /// The Traffic tab.
    Traffic,
    /// The History tab.
    History,
    /// What is open on top: pickers, forms, questions.
    Panes,
    /// The Gateway tab.
    Gateway,
    /// Moving about.
    Moving,
    /// What works everywhere.
    Everywhere,
}

impl Section {
    /// All, in the order of the help.
    pub const ALL: [Self; 9] = [
        Self::Endpoints,
        Self::Board,
        Self::Groups,
        Self::Traffic,
        Self::History,
        Self::Panes,
        Self::Gateway,
        Self::Moving,
        Self::Everywhere,
    ];

    /// The heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Endpoints => "Endpoints",
            Self::Board => "Board",
            Self::Groups => "Groups",
            Self::Traffic => "Traffic",
            Self::History => "History",
            Self::Panes => "Pickers, forms and questions",
            Self::Gateway => "Gateway",
            Self::Moving => "Moving",
            Self::Everywhere => "Everywhere",
        }
    }
}

/// A row of the table: what an action is called, where it works and, if nobody binds it anew, its keys.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// Its name in the configuration and in the palette: `re-point`.
    pub name: &'static str,
    /// The keys where nobody has bound others; the first is the one that is shown.
    pub keys: &'static [Chord],
    /// Where it works; empty means everywhere.
    pub places: &'static [Place],
    /// What the bottom line calls it; empty where it is not worth room there.
    pub hint: &'static str,
    /// One line of the help.
    pub help: &'static str,
    /// Where it stands in the help.
    pub section: Section,
    /// True where it leads to a write: it waits while another write is under way, and is gone where a context
    /// may only be read.
    pub writes: bool,
}

impl Binding {
    /// True where the action works in the place.
    #[must_use]
    pub fn works_in(&self, place: Place) -> bool {
        self.places.is_empty() || self.places.contains(&place)
    }
}

/// The keys as they are bound now. [`bind`] reads what the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// By row of the table.
    keys: Vec<Vec<Chord>>,
    /// What is otherwise in one place.
    own: Vec<Own>,
    /// True where keys are called by their names: `Enter`, not by signs.
    pub is_in_words: bool,
}

/// The keys of a row in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    row: usize,
    place: Place,
    keys: Vec<Chord>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: TABLE.iter().map(|binding| binding.keys.to_vec()).collect(), own: Vec::new(), is_in_words: false }
    }
}

impl Keymap {
    /// What a key does in a place. Where a text field has the keys, what could be typed is never an action.
    #[must_use]
    pub fn resolve(&self, place: Place, key: &KeyEvent) -> Option<Action> {
        if place.takes_text() && is_printable(key) {
            return None;
        }
        let chord = Chord::of(key);
        let bound = |is_own: bool| {
            self.rows(place, is_own)
                .filter(|_| is_own || !(place.holds_draft() && chord.is_printable()))
                .find(|(_, keys)| keys.contains(&chord))
                .map(|(binding, _)| binding.action)
        };
        bound(true).or_else(|| bound(false))
    }

    /// The rows that work in a place, its own first, each with the key that is shown for it there.
    pub fn bindings(&self, place: Place) -> impl Iterator<Item = (&'static Binding, Chord)> {
        let of = move |is_own: bool| self.rows(place, is_own).map(move |row| (row, is_own));
        of(true).chain(of(false)).filter_map(move |((binding, keys), is_own)| {
            let is_mute = place.takes_text() || (!is_own && place.holds_draft());
            let works = |chord: &&Chord| !(is_mute && chord.is_printable());
            keys.iter().find(works).map(|key| (binding, *key))
        })
    }

    /// The rows that work in a place, with their keys there: its own, or those that work everywhere.
    fn rows(&self, place: Place, is_own: bool) -> impl Iterator<Item = (&'static Binding, &[Chord])> {
        TABLE.iter().enumerate().filter_map(move |(row, binding)| {
            let own = self.own.iter().find(|own| own.row == row && own.place == place);
            let is_wanted = binding.works_in(place) && (own.is_some() || !binding.places.is_empty()) == is_own;
            let keys = own.map(|own| &own.keys).or_else(|| self.keys.get(row))?;
            is_wanted.then_some((binding, keys.as_slice()))
        })
    }

    /// The keys that the rows of a name have in a place.
    #[must_use]
    pub fn keys_in(&self, name: &str, place: Place) -> Vec<Chord> {
        let rows = || self.rows(place, true).chain(self.rows(place, false));
        rows().filter(|(binding, _)| binding.name == name).flat_map(|(_, keys)| keys.iter().copied()).collect()
    }

    /// Every row with the keys that it is bound to, in the order of the table. What is otherwise in one place follows
    /// its row, with that place.
    pub fn all(&self) -> impl Iterator<Item = (&'static Binding, Option<Place>, &[Chord])> {
        TABLE.iter().zip(&self.keys).enumerate().flat_map(|(row, (binding, keys))| {
            let own = self.own.iter().filter(move |own| own.row == row);
            let own = own.map(move |own| (binding, Some(own.place), own.keys.as_slice()));
            std::iter::once((binding, None, keys.as_slice())).chain(own)
        })
    }

    /// What a key is called on the screen.
    #[must_use]
    pub fn label(&self, chord: Chord) -> String {
        if self.is_in_words { chord.in_words() } else { chord.to_string() }
    }

    /// The key that is shown for an action; how to find it in the palette where it has none.
    #[must_use]
    pub fn shown(&self, action: Action) -> String {
        let mut rows = self.all().filter(|(binding, ..)| binding.action == action);
        match rows.find_map(|(_, _, keys)| keys.first()) {
            Some(key) => self.label(*key),
            None => binding(action).map(|binding| format!(":{}", binding.name)).unwrap_or_default(),
        }
    }
}

/// The row of an action, as it stands first in the table.
#[must_use]
pub fn binding(action: Action) -> Option<&'static Binding> {
    TABLE.iter().find(|binding| binding.action == action)
}

/// True for a key that a text field would write.
#[must_use]
pub fn is_printable(key: &KeyEvent) -> bool {
    let altgr = KeyModifiers::CONTROL | KeyModifiers::ALT;
    matches!(key.code, KeyCode::Char(_))
        && (!key.modifiers.intersects(altgr) || (cfg!(windows) && key.modifiers.contains(altgr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn letters_are_text_where_a_field_has_the_keys() {
        let keymap = Keymap::default();
        for place in Place::ALL.iter().copied().filter(|place| place.takes_text()) {
            for letter in "qrdn?/:u".chars() {
                assert_eq!(keymap.resolve(place, &key(KeyCode::Char(letter))), None, "{letter} in {place:?}");
            }
        }
        assert_eq!(keymap.resolve(Place::List, &key(KeyCode::Char('q'))), Some(Action::Quit));
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for place in Place::ALL.iter().copied() {
            let own = |specific: bool| TABLE.iter().filter(move |row| row.places.is_empty() != specific);
            for specific in [true, false] {
                let mut seen: Vec<(Chord, Action)> = Vec::new();
                for row in own(specific).filter(|row| row.works_in(place)) {
                    for chord in row.keys {
                        let other = seen.iter().find(|(taken, action)| taken == chord && *action != row.action);
                        assert_eq!(other, None, "{chord} in {place:?}: {:?}", row.action);
                        seen.push((*chord, row.action));
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_destructive_hangs_on_a_control_letter() {
        for row in TABLE.iter().filter(|row| row.writes) {
            for chord in row.keys {
                assert!(!chord.modifiers.contains(KeyModifiers::CONTROL), "{chord}: {}", row.name);
            }
        }
    }
}
