//! The checks themselves, each a finding in words.

use std::io::{self, IsTerminal};
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::{Finding, Verdict};
use crate::api::{Time, User};
use crate::cli::select::{Opened, Select};
use crate::cli::{dashboard, keymap, look};
use crate::client::{Access, Answer, CALL_TIMEOUT, Client, ClientError, ErrorKind, Inference, InferenceOptions};
use crate::clock;
use crate::config::{Config, Paths, variable};
use crate::plan::journal::{Bounds, Journal};
use crate::sync::ServerClock;
use crate::tui::text::counted;

/// A clock that is further off shows wrong ages.
const CLOCK_OFF_MAX: Duration = Duration::from_secs(5);
/// The dashboard asks for more room below this.
const COLUMNS_MIN: u16 = 60;
const ROWS_MIN: u16 = 16;

/// Whether the dashboard can be drawn here.
pub(super) fn terminal() -> Finding {
    let check = "terminal";
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Finding::new(check, Verdict::Doubtful, "none: commands work, the dashboard does not");
    }
    let Some((width, height)) = terminal_size::terminal_size() else {
        return Finding::new(check, Verdict::Doubtful, "it does not tell its size");
    };
    let name = variable("TERM").unwrap_or_else(|| "unknown".to_owned());
    let colours = if variable("NO_COLOR").is_some() {
        "no colour (NO_COLOR)"
    } else if variable("COLORTERM").is_some_and(|value| value.contains("truecolor") || value.contains("24bit")) {
        "true colour"
    } else {
        "the terminal's own colours"
    };
    let text = format!("{name}, {}x{}, {colours}", width.0, height.0);
    if name == "dumb" {
        return Finding::new(check, Verdict::Bad, text).hint("use a terminal that can move its cursor");
    }
    if width.0 < COLUMNS_MIN || height.0 < ROWS_MIN {
        return Finding::new(check, Verdict::Doubtful, text).hint("make the window larger: 80x24 shows everything");
    }
    Finding::new(check, Verdict::Good, text)
}

/// Whether lines and signs can be shown.
pub(super) fn locale() -> Finding {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    match locale {
        Some(locale) if locale.to_lowercase().replace('-', "").contains("utf8") => {
            Finding::new("locale", Verdict::Good, locale)
        }
        Some(locale) => Finding::new("locale", Verdict::Doubtful, format!("{locale} is not UTF-8"))
            .hint("export LANG=C.UTF-8, or another locale in UTF-8"),
        None => Finding::new("locale", Verdict::Doubtful, "none is set").hint("export LANG=C.UTF-8"),
    }
}

/// Whether the configuration can be read.
pub(super) fn configuration() -> (Option<Config>, Finding) {
    let check = "configuration";
    let loaded = Paths::find().and_then(Config::load).and_then(|config| {
        keymap::of(&config)?;
        dashboard::filters(&config)?;
        look::of(&config)?;
        Ok(config)
    });
    match loaded {
        Ok(config) => {
            let path = config.paths.config_file.display().to_string();
            let contexts = match config.contexts.len() {
                1 => "1 context".to_owned(),
                count => format!("{count} contexts"),
            };
            let text = if config.paths.config_file.exists() {
                format!("{path}, {contexts}")
            } else {
                format!("no file yet ({path}), {contexts}")
            };
            (Some(config), Finding::new(check, Verdict::Good, text))
        }
        Err(error) => {
            let finding = Finding::new(check, Verdict::Bad, error.message);
            (None, Finding { hint: error.hint, ..finding })
        }
    }
}

/// Whether what is done can be noted.
pub(super) fn journal(config: &Config) -> Finding {
    let check = "journal";
    let read = Journal::open(&config.paths.journal, Bounds::default())
        .and_then(|journal| Ok((journal.read()?, journal.interrupted()?)));
    match read {
        Err(error) => Finding::new(check, Verdict::Bad, error.to_string())
            .hint("nothing is written to a server without it: make the folder writable"),
        Ok((_, interrupted)) if !interrupted.is_empty() => {
            let were = if interrupted.len() == 1 { "was" } else { "were" };
            let text = format!("{} {were} interrupted", counted(interrupted.len(), "plan"));
            Finding::new(check, Verdict::Doubtful, text).hint("repoint apply --resume goes on")
        }
        Ok((history, _)) if history.unreadable > 0 => {
            let unreadable = counted(history.unreadable, "line");
            let text = format!("{} entries; {unreadable} cannot be read", history.entries.len());
            Finding::new(check, Verdict::Doubtful, text)
        }
        Ok((history, _)) => {
            let text = format!("{}, {} entries", config.paths.journal.display(), history.entries.len());
            Finding::new(check, Verdict::Good, text)
        }
    }
}

/// Key, network, rights, onboarding and clock of the server that is chosen.
pub(super) async fn server(select: &Select, config: &Config) -> Vec<Finding> {
    let context = match select.chosen(config) {
        Ok(context) => context,
        Err(error) => {
            let finding = Finding::new("context", Verdict::Doubtful, error.message);
            return vec![Finding { hint: error.hint, ..finding }];
        }
    };
    let address = context.management_url().map_or_else(|| "the local gateway".to_owned(), ToString::to_string);
    let mut findings = vec![Finding::new("context", Verdict::Good, format!("{}: {address}", context.name))];
    let opened = match select.open(config).await {
        Ok(opened) => opened,
        Err(error) => {
            let finding = Finding::new("key", Verdict::Bad, error.to_string());
            findings.push(Finding { hint: error.hint().map(str::to_owned), ..finding });
            return findings;
        }
    };
    findings.push(Finding::new("key", Verdict::Good, format!("from {}", context.key)));
    findings.extend(ask(&opened.connection.client).await);
    findings.push(data_plane(&opened).await);
    opened.close().await;
    findings
}

async fn ask(client: &Client) -> Vec<Finding> {
    let sent = clock::now();
    let me = client.me().await;
    let received = clock::now();
    let mut findings = vec![network(client, &me)];
    if me.as_ref().is_err_and(|error| error.status().is_none()) {
        return findings;
    }
    findings.push(rights(client).await);
    let date = me.as_ref().ok().and_then(|answer| answer.date);
    findings.extend(date.map(|date| clocks(date, sent, received)));
    findings.push(match client.sync_report().await {
        Ok(answer) => {
            let report = answer.body;
            let text = format!(
                "the gateway tells: every {} s; revision {} of {} is in effect",
                report.interval_seconds, report.applied_revision, report.revision
            );
            Finding::new("sync", Verdict::Good, text)
        }
        Err(_) => Finding::new(
            "sync",
            Verdict::Good,
            "the server does not tell: changes count as live after 60 s, or by a probe",
        ),
    });
    findings
}

fn network(client: &Client, me: &Result<Answer<User>, ClientError>) -> Finding {
    let host = client.management_url().host_str().unwrap_or_default().to_owned();
    match me {
        Ok(answer) => {
            let user = &answer.body;
            let who = user.email.as_ref().or(user.name.as_ref()).unwrap_or(&user.user_id);
            let place = user.workspace_name.as_ref().map(|name| format!(", in the workspace {name}"));
            let text = format!("{host} answers; the key is that of {who}{}", place.unwrap_or_default());
            Finding::new("network", Verdict::Good, text)
        }
        Err(error) if matches!(error.kind, ErrorKind::Unauthorized) => {
            Finding::new("network", Verdict::Bad, format!("{host} answers, and does not know the key"))
                .hint("make a new key in the workspace, and check where this context takes its key from")
        }
        // A server may refuse to say who a key belongs to.
        Err(error) if error.status().is_some() => {
            Finding::new("network", Verdict::Doubtful, format!("{host} answers, but not who the key is: {error}"))
        }
        Err(error) => {
            let finding = Finding::new("network", Verdict::Bad, error.message.clone());
            Finding { hint: error.hint.clone(), ..finding }
        }
    }
}

/// 403 on everything below `/v1/gateway/` means: not onboarded, or a key without management scope.
async fn rights(client: &Client) -> Finding {
    match client.endpoints_page(None, 1).await {
        Ok(_) => {
            let care = match client.access() {
                Access::ReadWrite => "",
                Access::Protected => "; the context is protected",
                Access::ReadOnly => "; the context is read-only",
            };
            Finding::new("rights", Verdict::Good, format!("the key may read endpoints{care}"))
        }
        Err(error) if error.kind == ErrorKind::Forbidden => {
            Finding::new("rights", Verdict::Bad, format!("refused: {error}"))
                .hint("the workspace is not onboarded to the gateway, or the key has no management scope")
        }
        Err(error) => {
            let finding = Finding::new("rights", Verdict::Bad, error.message);
            Finding { hint: error.hint, ..finding }
        }
    }
}

fn clocks(date: Time, sent: Time, received: Time) -> Finding {
    let server = ServerClock::default().observe(date, sent, received).now(received);
    let off = server.since(received).max(received.since(server));
    if off > CLOCK_OFF_MAX {
        let text = format!("{} s away from the server's", off.as_secs());
        return Finding::new("clock", Verdict::Doubtful, text)
            .hint("set this machine's clock; countdowns use the server's");
    }
    Finding::new("clock", Verdict::Good, "as the server's")
}

/// Whether probes and `repoint call` can be made.
async fn data_plane(opened: &Opened) -> Finding {
    let check = "data plane";
    let Some(url) = &opened.connection.inference_url else {
        return Finding::new(check, Verdict::Doubtful, "its address is not known")
            .hint("inference_url in the context allows probes and repoint call");
    };
    match &opened.context.probe_key {
        None => Finding::new(check, Verdict::Good, format!("{url}, not called: the context names no probe_key")),
        Some(source) => match source.read().await {
            Ok(key) => called(opened, url, key).await,
            Err(error) => {
                let finding = Finding::new(check, Verdict::Bad, format!("no probe key: {}", error.message));
                Finding { hint: error.hint, ..finding }
            }
        },
    }
}

/// Asks with the probe key which slugs it may call. It is the one question there that takes no tokens.
async fn called(opened: &Opened, url: &Url, key: SecretString) -> Finding {
    let check = "data plane";
    let mut options = InferenceOptions::new(url.clone(), key);
    options.timeout = CALL_TIMEOUT;
    options.extra_certificates = opened.connection.client.extra_certificates();
    let answer = match Inference::new(options) {
        Ok(inference) => inference.models().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(slugs) if slugs.is_empty() => {
            Finding::new(check, Verdict::Doubtful, format!("{url} answers; the probe key may call nothing"))
                .hint("grant its group the slugs that are to be probed")
        }
        Ok(slugs) => {
            let text = format!("{url} answers; the probe key may call {}", counted(slugs.len(), "slug"));
            Finding::new(check, Verdict::Good, text)
        }
        Err(error) => {
            let finding = Finding::new(check, Verdict::Bad, format!("{url}: {}", error.message));
            Finding { hint: error.hint, ..finding }
        }
    }
}
