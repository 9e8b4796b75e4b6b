//! What commands say: data on standard output, talk on standard error.
//!
//! Nothing else in the program writes to standard output. A list is a [`Table`] and a JSON value made of the same
//! rows, so that `-o table`, `-o json` and `-o yaml` tell the same. Texts that came from a server are cleaned of
//! control characters before a person sees them; in JSON and YAML they are escaped instead.

mod table;
mod yaml;

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use crate::tui::text;

pub use table::{Column, Table};
pub use yaml::yaml;

/// How data is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// One JSON document, indented.
    Json,
    /// One YAML document.
    Yaml,
}

/// Where and how a command speaks.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    format: Format,
    is_quiet: bool,
    /// The columns of the terminal that standard output is. `None`: it is none, and nothing is cut.
    width: Option<usize>,
    /// True where standard error is a terminal: progress may be drawn over itself.
    has_progress: bool,
}

impl Output {
    /// As the standard streams are.
    #[must_use]
    pub fn new(format: Format, is_quiet: bool) -> Self {
        let width = io::stdout()
            .is_terminal()
            .then(|| terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)));
        Self { format, is_quiet, width, has_progress: io::stderr().is_terminal() && !is_quiet }
    }

    /// How data is written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// True where nothing but data and failures is said.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// True where a person can be asked: both the questions and the answers are on a terminal.
    #[must_use]
    pub fn can_ask() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Writes a list: as a table, or as the value.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn list<T: Serialize + ?Sized>(&self, table: &Table, value: &T) -> anyhow::Result<()> {
        match self.format {
            Format::Table => self.write(&table.render(self.width)),
            Format::Json | Format::Yaml => self.value(value),
        }
    }

    /// Writes one line of data.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn line(&self, line: &str) -> anyhow::Result<()> {
        self.write(&format!("{}\n", text::clean(line)))
    }

    /// Writes a table as it is.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn table(&self, table: &Table) -> anyhow::Result<()> {
        self.write(&table.render(self.width))
    }

    /// Writes one thing: a line a field, or as the value.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn value<T: Serialize + ?Sized>(&self, value: &T) -> anyhow::Result<()> {
        let value = serde_json::to_value(value).context("the answer cannot be written as JSON")?;
        match self.format {
            Format::Table => self.write(&fields(&value).render(self.width)),
            Format::Json => {
                let text = serde_json::to_string_pretty(&value).context("the answer cannot be written as JSON")?;
                self.write(&format!("{text}\n"))
            }
            Format::Yaml => self.write(&yaml(&value)),
        }
    }

    /// Writes a text as it is: a completion script, a page of the manual, a file of the workspace.
    ///
    /// # Errors
    /// Standard output cannot be written. That its reader has gone is not one.
    pub fn write(&self, text: &str) -> anyhow::Result<()> {
        data(text).context("cannot write to standard output")
    }

    /// Says something beside the data; silent with `--quiet`.
    pub fn say(&self, text: &str) {
        if !self.is_quiet {
            talk(text);
        }
    }

    /// Says how far something is, over what it said before; only on a terminal.
    pub fn progress(&self, text: &str) {
        if self.has_progress {
            raw(&format!("\r\x1b[K{}", text::clean(text)));
        }
    }

    /// Takes the last progress away.
    pub fn progress_over(&self) {
        if self.has_progress {
            raw("\r\x1b[K");
        }
    }
}

/// Writes data. A reader that has gone away (`| head`) is no failure.
///
/// # Errors
/// stdout cannot be written to.
pub fn data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a value as one line of JSON, and sees to it that it is read at once.
///
/// # Errors
/// Nobody reads any longer.
pub fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// Says something to the person, also with `--quiet`. Where nobody can hear it, nothing can be done about it.
pub fn talk(text: &str) {
    let lines: Vec<_> = text.lines().map(text::clean).collect();
    raw(&format!("{}\n", lines.join("\n")));
}

/// Asks a question on standard error and reads one line from standard input, without its line break.
///
/// # Errors
/// Standard input cannot be read, or ended.
pub fn ask(question: &str) -> anyhow::Result<String> {
    raw(question);
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line).context("cannot read the answer")?;
    anyhow::ensure!(read > 0, "no answer was given");
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Nobody may be listening to standard error: then there is nobody to tell.
fn raw(text: &str) {
    let mut err = io::stderr().lock();
    drop(err.write_all(text.as_bytes()).and_then(|()| err.flush()));
}

/// A value's fields one below the other.
fn fields(value: &Value) -> Table {
    let mut table = Table::plain(2);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                table.push([name.clone(), one_line(value)]);
            }
        }
        other => table.push([one_line(other), String::new()]),
    }
    table
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
