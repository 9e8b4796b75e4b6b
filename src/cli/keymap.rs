//! `repoint keymap`: which keys do what in the dashboard, and how to bind others.
//!
//! Everything here is made from the dashboard's own table: the list, the page `assets/KEYS.md`, and the part of the
//! configuration's schema that says what `[keys]` takes. Tests compare both files with what is made here.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::Exit;
use super::output::{Output, Table};
use crate::config::{Config, ConfigError, Paths};
use crate::tui::keymap::{Binding, Chord, Keymap, Place, Section, TABLE, Wish};

/// `repoint keymap`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Keys are bound anew in the configuration: re-point = \"p\" under [keys], or under [keys.list] for the list alone. This is about the dashboard's keys; repoint keys is about the keys of groups.\n\nExamples:\n  repoint keymap\n  repoint keymap --place list\n  repoint keymap -o json"
)]
pub struct Args {
    /// Only what works in this place, such as list or board
    #[arg(long, value_name = "PLACE", value_parser = place)]
    place: Option<Place>,
}

fn place(name: &str) -> Result<Place, String> {
    let names = || Place::ALL.iter().map(|place| place.name());
    Place::named(name).ok_or_else(|| {
        let all = || format!("there are {}", names().collect::<Vec<_>>().join(", "));
        crate::near::did_you_mean(name, names()).unwrap_or_else(all)
    })
}

/// Lists the keys as they are bound here.
///
/// # Errors
/// The configuration is wrong, or standard output cannot be written.
pub fn run(args: &Args, out: Output) -> anyhow::Result<Exit> {
    let keymap = of(&Config::load(Paths::find()?)?)?;
    let rows: Vec<Row> = rows(&keymap).into_iter().filter(|row| args.place.is_none_or(|at| row.is_in(at))).collect();
    let mut table = Table::new(&["ACTION", "KEYS", "DOES", "WHERE"]);
    for row in &rows {
        table.push([row.binding.name.to_owned(), row.keys(), row.binding.help.to_owned(), row.places()]);
    }
    let value: Vec<Value> = rows.iter().map(Row::value).collect();
    out.list(&table, &value)?;
    Ok(Exit::Done)
}

/// The keys that the configuration binds.
///
/// # Errors
/// What is wrong there, with its line.
pub fn of(config: &Config) -> Result<Keymap, ConfigError> {
    let wishes: Vec<Wish<'_>> = config
        .keys
        .iter()
        .map(|line| Wish {
            place: line.place.as_deref(),
            action: &line.action,
            keys: line.keys.iter().map(|(key, _)| key.as_str()).collect(),
        })
        .collect();
    Keymap::with(&wishes).map_err(|refused| {
        let line = config.keys.get(refused.wish);
        let key = line.and_then(|line| line.keys.get(refused.key?)).map(|(_, line)| *line);
        let error =
            ConfigError::in_file(&config.paths.config_file, key.or(line.map(|line| line.line)), refused.message);
        ConfigError { hint: refused.hint, ..error }
    })
}

/// A row of the table with its keys.
struct Row {
    binding: &'static Binding,
    places: Vec<Place>,
    keys: Vec<Chord>,
}

impl Row {
    fn is_in(&self, place: Place) -> bool {
        self.places.is_empty() || self.places.contains(&place)
    }

    fn keys(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(|key| key.written()).collect();
        if keys.is_empty() { "-".to_owned() } else { keys.join(" ") }
    }

    fn places(&self) -> String {
        let names: Vec<&str> = self.places.iter().map(|place| place.name()).collect();
        if names.is_empty() { "everywhere".to_owned() } else { names.join(" ") }
    }

    fn value(&self) -> Value {
        json!({
            "action": self.binding.name,
            "keys": self.keys.iter().map(|key| key.written()).collect::<Vec<_>>(),
            "places": self.places.iter().map(|place| place.name()).collect::<Vec<_>>(),
            "does": self.binding.help,
            "writes": self.binding.writes,
        })
    }
}

/// Every row in the order of the help; a place with keys of its own has a row of its own, and none in the row that it is taken from.
fn rows(keymap: &Keymap) -> Vec<Row> {
    let own: Vec<(&Binding, Place)> = keymap.all().filter_map(|(row, place, _)| Some((row, place?))).collect();
    let has_own =
        |binding: &Binding, place: Place| own.iter().any(|(row, at)| std::ptr::eq(*row, binding) && *at == place);
    let mut rows: Vec<Row> = keymap
        .all()
        .map(|(binding, only, keys)| {
            let places = binding.places.iter().copied().filter(|place| !has_own(binding, *place)).collect();
            Row { binding, places: only.map_or(places, |place| vec![place]), keys: keys.to_vec() }
        })
        .filter(|row| row.binding.places.is_empty() || !row.places.is_empty())
        .collect();
    rows.sort_by_key(|row| row.binding.section);
    rows
}

/// The page of all keys, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = "\
# Keys

Every action of the dashboard, made from the table that handles them. `?` shows the same where you are, `:` runs any of
them by its name, and `repoint keymap` prints them as they are bound on your machine.

Bind others in the configuration (`repoint doctor` says where it lies). An action may have several keys, or none, and
other keys in one place:

```toml
[keys]
re-point = [\"p\", \"alt-r\"]
mouse = []

[keys.board]
re-point = \"w\"
```

A key is a letter or a sign (`p`, `G`, `/`), a name (`enter`, `esc`, `space`, `tab`, `backspace`, `delete`, `insert`,
`up`, `down`, `left`, `right`, `home`, `end`, `pageup`, `pagedown`, `f1` to `f12`), or one of them after `ctrl-`, `alt-`
or `shift-`. A key that would mean two things in one place is refused, with the line where it stands. Where a text field
has the keys, letters are typed.
"
    .to_owned();
    for section in Section::ALL {
        let rows = rows(&Keymap::default());
        let mut rows = rows.iter().filter(|row| row.binding.section == section).peekable();
        if rows.peek().is_none() {
            continue;
        }
        // Nothing can go wrong in writing to a text.
        let _ = write!(page, "\n## {}\n\n| keys | action | where | what |\n|---|---|---|---|\n", section.title());
        for row in rows {
            let keys: Vec<String> = row.keys.iter().map(|key| format!("`{}`", key.written())).collect();
            let places: Vec<String> = row.places.iter().map(|place| format!("`{}`", place.name())).collect();
            let places = if places.is_empty() { "everywhere".to_owned() } else { places.join(" ") };
            let _ = writeln!(page, "| {} | `{}` | {places} | {} |", keys.join(" "), row.binding.name, row.binding.help);
        }
    }
    page
}

/// What `[keys]` may hold, as JSON schema.
#[must_use]
pub fn schema() -> Value {
    let keys = || json!({ "$ref": "#/$defs/keys" });
    let mut properties = Map::new();
    for binding in TABLE {
        properties.insert(binding.name.to_owned(), keys());
    }
    for place in Place::ALL.iter().copied() {
        let mut names: Vec<&str> = Vec::new();
        for binding in TABLE.iter().filter(|binding| binding.works_in(place)) {
            if !names.contains(&binding.name) {
                names.push(binding.name);
            }
        }
        let schema = json!({
            "description": format!("Keys in {} alone.", place.words()),
            "type": "object",
            "propertyNames": { "enum": names },
            "additionalProperties": keys(),
        });
        properties.insert(place.name().to_owned(), schema);
    }
    json!({
        "description": "Keys of actions, instead of their own; see assets/KEYS.md. A table of a place holds those of that place alone.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}
