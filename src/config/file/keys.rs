//! `[keys]`: which keys do what, as it is written. What the names mean is known to the dashboard alone.

use toml_edit::{Document, Item, TableLike, Value};

use super::Source;
use crate::config::ConfigError;

/// One line of `[keys]`, or of the table of one of its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLine {
    /// The table it stands in: `list` for `[keys.list]`; `None` for `[keys]` itself.
    pub place: Option<String>,
    /// What is bound: `re-point`.
    pub action: String,
    /// The keys as they are written, each with its line.
    pub keys: Vec<(String, usize)>,
    /// Its line, from 1.
    pub line: usize,
}

/// Reads `[keys]`, in the order of the file.
pub(super) fn read(source: &Source<'_>) -> Result<Vec<KeyLine>, ConfigError> {
    // It was read once without places; only a document that keeps them says on which line something stands.
    let Ok(document) = Document::parse(source.text) else { return Ok(Vec::new()) };
    let Some(item) = document.get("keys") else { return Ok(Vec::new()) };
    let place = document.as_table().key("keys").and_then(toml_edit::Key::span).map_or(0, |span| span.start);
    let Some(table) = item.as_table_like() else {
        return Err(source.error(place, "keys must be a table").with_hint("[keys], then such as re-point = \"p\""));
    };
    let mut lines = Vec::new();
    read_table(source, table, None, &mut lines)?;
    lines.sort_by_key(|line| line.line);
    Ok(lines)
}

fn read_table(
    source: &Source<'_>,
    table: &dyn TableLike,
    place: Option<&str>,
    lines: &mut Vec<KeyLine>,
) -> Result<(), ConfigError> {
    for (name, item) in table.iter() {
        let at = table.key(name).and_then(toml_edit::Key::span).map_or(0, |span| span.start);
        match (item, place) {
            (Item::Table(table), None) => read_table(source, table, Some(name), lines)?,
            (Item::Value(Value::InlineTable(table)), None) => read_table(source, table, Some(name), lines)?,
            _ => lines.push(KeyLine {
                place: place.map(str::to_owned),
                action: name.to_owned(),
                keys: keys(source, item, name, at)?,
                line: source.line(at),
            }),
        }
    }
    Ok(())
}

fn keys(source: &Source<'_>, item: &Item, name: &str, at: usize) -> Result<Vec<(String, usize)>, ConfigError> {
    let place = |value: &Value| source.line(value.span().map_or(at, |span| span.start));
    let key = |value: &Value| value.as_str().map(|key| (key.to_owned(), place(value)));
    let keys = match item {
        Item::Value(Value::Array(keys)) => keys.iter().map(key).collect(),
        Item::Value(value) => key(value).map(|key| vec![key]),
        Item::None | Item::Table(_) | Item::ArrayOfTables(_) => None,
    };
    keys.ok_or_else(|| {
        let wrong = format!("{name} must be a key or a list of keys");
        source.error(at, wrong).with_hint(format!("{name} = \"p\", or {name} = [\"p\", \"ctrl-p\"]"))
    })
}
