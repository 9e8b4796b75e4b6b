//! `repoint doctor`: is everything as it should be, and if not, what to do?

mod checks;

use clap::Args;
use serde_json::{Value, json};

use super::Exit;
use super::output::{Output, Table};
use super::select::Select;

/// `repoint doctor`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Checks configuration, terminal, files, key, network, rights, onboarding and clock, and says what to do. Nothing is written to a server, and no key is shown. Exits with 1 where something is wrong.\n\nExamples:\n  repoint doctor\n  repoint doctor -c prod -o json"
)]
pub struct Doctor {
    /// Do not ask the server
    #[arg(long)]
    offline: bool,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    /// It works, and could be better.
    Doubtful,
    Bad,
    /// It could not be looked at, because of something before it.
    Skipped,
}

impl Verdict {
    fn glyph(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Doubtful => "!",
            Self::Bad => "✗",
            Self::Skipped => "-",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
            Self::Skipped => "skipped",
        }
    }
}

/// A check that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    text: String,
    hint: Option<String>,
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { check, verdict, text: text.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Checks everything.
///
/// # Errors
/// Standard output cannot be written.
pub async fn run(doctor: &Doctor, select: &Select, out: Output) -> anyhow::Result<Exit> {
    let mut findings = vec![checks::terminal(), checks::locale()];
    let (config, finding) = checks::configuration();
    findings.push(finding);
    if let Some(config) = config {
        findings.push(checks::journal(&config));
        if doctor.offline {
            findings.push(Finding::new("server", Verdict::Skipped, "not asked (--offline)"));
        } else {
            findings.extend(checks::server(select, &config).await);
        }
    }
    let mut table = Table::plain(3);
    for finding in &findings {
        table.push([finding.verdict.glyph().to_owned(), finding.check.to_owned(), finding.text.clone()]);
        if let Some(hint) = &finding.hint {
            table.push([String::new(), String::new(), format!("hint: {hint}")]);
        }
    }
    let values: Vec<Value> = findings
        .iter()
        .map(|it| json!({ "check": it.check, "verdict": it.verdict.word(), "text": it.text, "hint": it.hint }))
        .collect();
    out.list(&table, &values)?;
    let is_bad = findings.iter().any(|finding| finding.verdict == Verdict::Bad);
    Ok(if is_bad { Exit::Failed } else { Exit::Done })
}
