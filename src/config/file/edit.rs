//! Changes to the file: what the user wrote, comments and order, stays.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use super::super::{ConfigError, Context, KeySource, Server};

/// What a new file begins with.
const HEADER: &str = include_str!("../../../assets/config.toml");

/// Adds a context. The file is made where it is missing.
///
/// # Errors
/// The name is taken, the key would have to stand in the file, or the file cannot be written.
pub fn add_context(path: &Path, context: &Context) -> Result<(), ConfigError> {
    change(path, |document| {
        let contexts = contexts(document)?;
        if contexts.contains_key(&context.name) {
            return Err(ConfigError::new(format!("there is a context {:?} already", context.name))
                .with_hint("choose another name, or remove it first"));
        }
        contexts.insert(&context.name, Item::Table(written(context)?));
        Ok(())
    })
}

/// Removes a context, and forgets that it was the one to open.
///
/// # Errors
/// There is none of this name, or the file cannot be written.
pub fn remove_context(path: &Path, name: &str) -> Result<(), ConfigError> {
    change(path, |document| {
        if contexts(document)?.remove(name).is_none() {
            return Err(ConfigError::new(format!("there is no context {name:?} in {}", path.display())));
        }
        if document.get("context").and_then(Item::as_str) == Some(name) {
            document.remove("context");
        }
        Ok(())
    })
}

/// Makes a context the one that is opened where none is named. That there is one of this name is for the caller to see.
///
/// # Errors
/// The file cannot be written.
pub fn use_context(path: &Path, name: &str) -> Result<(), ConfigError> {
    change(path, |document| {
        document["context"] = value(name);
        Ok(())
    })
}

fn contexts(document: &mut DocumentMut) -> Result<&mut Table, ConfigError> {
    let entry = document.entry("contexts").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    entry.as_table_mut().ok_or_else(|| ConfigError::new("contexts must be a table, such as [contexts.sandbox]"))
}

fn written(context: &Context) -> Result<Table, ConfigError> {
    let Server::Remote { management_url, inference_url } = &context.server else {
        return Err(ConfigError::new("the local gateway needs no context"));
    };
    let mut table = Table::new();
    table.insert("management_url", value(management_url.as_str()));
    if let Some(url) = inference_url {
        table.insert("inference_url", value(url.as_str()));
    }
    table.insert("key", value(written_key(&context.key)?));
    if !context.org_prefixes.is_empty() {
        table.insert("org_prefixes", value(context.org_prefixes.iter().collect::<Array>()));
    }
    // Written even where it is false: a later default must not change what was chosen.
    table.insert("protected", value(context.is_protected));
    if context.is_read_only {
        table.insert("read_only", value(true));
    }
    if let Some(accent) = &context.accent {
        table.insert("accent", value(accent));
    }
    if let Some(key) = &context.probe_key {
        table.insert("probe_key", value(written_key(key)?));
    }
    if let Some(path) = &context.certificates {
        table.insert("certificates", value(path.display().to_string()));
    }
    Ok(table)
}

fn written_key(key: &KeySource) -> Result<InlineTable, ConfigError> {
    let mut table = InlineTable::new();
    match key {
        KeySource::Variable(name) => table.insert("env", name.into()),
        KeySource::Command(words) => table.insert("command", words.iter().collect::<Array>().into()),
        KeySource::Keyring(name) => table.insert("keyring", name.into()),
        KeySource::File(path) => table.insert("file", path.display().to_string().into()),
        KeySource::Given(_) | KeySource::Kept => {
            return Err(ConfigError::new("a key is never written into the configuration")
                .with_hint("say where it comes from: a variable, a command, the keyring or a file"));
        }
    };
    Ok(table)
}

fn change(path: &Path, edit: impl FnOnce(&mut DocumentMut) -> Result<(), ConfigError>) -> Result<(), ConfigError> {
    let cannot = |what: &str, error: &dyn std::fmt::Display| {
        ConfigError::in_file(path, None, format!("cannot {what} it: {error}"))
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => HEADER.to_owned(),
        Err(error) => return Err(cannot("read", &error)),
    };
    // A file that is wrong is not touched: what is meant by it is not known.
    super::parse(&text, path)?;
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| cannot("read", &error))?;
    // In a file of comments alone they would come to stand below what is added.
    let comments = if document.is_empty() { std::mem::take(&mut document).to_string() } else { String::new() };
    edit(&mut document)?;
    let text = if comments.is_empty() { document.to_string() } else { format!("{comments}\n{document}") };
    super::parse(&text, path)?;
    write(path, &text).map_err(|error| cannot("write", &error))
}

/// Writes it whole under another name first: a crash leaves the old file or the new one.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // A link (a dotfile repository's, say) stays a link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension("toml.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}
