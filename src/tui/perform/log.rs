//! The requests that were made, as lines to read: when, what, how it ended. They hold neither bodies nor keys.

use std::path::Path;

use crate::client::{Client, LogEntry};
use crate::tui::overlays::reader::ReaderLine;
use crate::tui::text;
use crate::tui::theme::Role;

/// The open context's requests, newest first, and where the program's own log lies.
pub(super) fn lines(client: Option<&Client>, journal: &Path) -> Vec<ReaderLine> {
    let entries = client.map(|client| client.log().entries()).unwrap_or_default();
    let mut lines: Vec<ReaderLine> = entries.iter().rev().flat_map(entry).collect();
    if lines.is_empty() {
        lines.push(ReaderLine { role: Role::Muted, text: "no request was made yet".to_owned() });
    }
    let log = journal.with_file_name("repoint.log");
    lines.push(ReaderLine { role: Role::Faint, text: String::new() });
    lines.push(ReaderLine { role: Role::Faint, text: format!("the program's own log: {}", log.display()) });
    lines
}

fn entry(entry: &LogEntry) -> Vec<ReaderLine> {
    let status = entry.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
    let (clock, took) = (text::clock(entry.at), entry.took.as_millis());
    let role = if entry.error.is_some() { Role::Danger } else { Role::Text };
    let mut lines =
        vec![ReaderLine { role, text: format!("{clock}  {:<6} {status} {took:>6} ms  {}", entry.method, entry.url) }];
    if let Some(error) = &entry.error {
        let next = match entry.again_in {
            Some(pause) => format!("; try {} in {} ms", entry.attempt + 1, pause.as_millis()),
            None if entry.attempt > 1 => format!("; given up after {} tries", entry.attempt),
            None => String::new(),
        };
        lines.push(ReaderLine { role: Role::Muted, text: format!("          {error}{next}") });
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::api::Time;

    #[test]
    fn a_try_that_failed_says_when_the_next_one_is() {
        let failed = LogEntry {
            number: 1,
            at: Time::parse("2026-11-22T13:30:02Z").unwrap(),
            method: "GET",
            url: "http://127.0.0.1/v1/models".to_owned(),
            status: Some(503),
            error: Some("out for lunch (503)".to_owned()),
            took: Duration::from_millis(7),
            attempt: 1,
            again_in: Some(Duration::from_millis(120)),
        };
        let shown: Vec<String> = entry(&failed).into_iter().map(|line| line.text).collect();
        assert!(shown[0].ends_with("GET    503      7 ms  http://127.0.0.1/v1/models"), "{shown:?}");
        assert_eq!(shown[1].trim(), "out for lunch (503); try 2 in 120 ms");
    }
}
