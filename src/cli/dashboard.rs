//! `repoint` without a subcommand: the dashboard.
//!
//! Nothing is waited for before the first paint: the configuration is one file, keys are read and servers
//! called afterwards.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ratatui::style::Color;
use tokio::runtime::Handle;

use super::select::Select;
use super::{Exit, keymap, logging, output};
use crate::client::{ClientError, ErrorKind};
use crate::config::{self, ColumnName, Config, ConfigError, Context, Server, Settings, variable};
use crate::connect;
use crate::tui::perform::How;
use crate::tui::screens::endpoints::columns::Column;
use crate::tui::screens::endpoints::filter::{Query, Saved};
use crate::tui::session::{ContextInfo, ContextKind};
use crate::tui::theme::Depth;
use crate::tui::theme::palette::{Background, NIGHT, Palette, background_of};
use crate::tui::{self, Open, Start, StartContext};

/// Opens the dashboard on the context that is named, or the welcome screen.
///
/// # Errors
/// The context is unknown, or the terminal went away.
pub fn run(select: &Select, config: &Config) -> anyhow::Result<Exit> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        output::talk("error: the dashboard needs a terminal");
        output::talk("hint: repoint --help lists what works without one");
        return Ok(Exit::Differs);
    }
    let named = select.named(config)?;
    let unlogged = logging::to_file(&config.paths.log_file).err();
    let notice = unlogged.map(|error| format!("no log is kept: {}: {error}", config.paths.log_file.display()));
    let mut start = start(config, named, select.sync_interval, notice);
    start.keymap = keymap::of(config)?;
    start.filters = filters(config)?;
    start.palette = palette(&config.settings, variable("COLORFGBG").as_deref())?;
    let ended_well = tui::run(start).context("the terminal went away")? == std::process::ExitCode::SUCCESS;
    Ok(if ended_well { Exit::Done } else { Exit::Failed })
}

fn start(config: &Config, named: Option<Context>, sync_interval: Option<Duration>, notice: Option<String>) -> Start {
    let mut contexts = config.contexts.clone();
    let open = named.map_or(Open::Welcome, |named| {
        let known = contexts.iter().position(|context| context.name == named.name && context.server == named.server);
        Open::Context(known.unwrap_or_else(|| {
            contexts.push(named);
            contexts.len() - 1
        }))
    });
    Start {
        contexts: contexts.into_iter().map(|context| start_context(config, context, sync_interval)).collect(),
        open,
        depth: depth(variable("NO_COLOR").as_deref(), variable("COLORTERM").as_deref(), variable("TERM").as_deref()),
        palette: NIGHT,
        takes_mouse: config.settings.mouse.unwrap_or(true),
        keymap: tui::keymap::Keymap::default(),
        filters: Saved::new(),
        columns: columns(&config.settings),
        sort: config.settings.sort.map_or(Column::Slug, column),
        notice,
        journal: config.paths.journal.clone(),
        editor: config::editor(),
        who: config::author(),
    }
}

fn start_context(config: &Config, context: Context, sync_interval: Option<Duration>) -> StartContext {
    let (kind, how) = match &context.server {
        Server::Local => (ContextKind::Local, How::Local(Box::new(connect::launch(config, sync_interval)))),
        Server::Remote { .. } => {
            let kind = if context.is_hosted() { ContextKind::Hosted } else { ContextKind::Remote };
            (kind, how(context.clone()))
        }
    };
    let address = context.management_url().map_or("", url::Url::as_str).trim_end_matches('/').to_owned();
    let info = ContextInfo {
        name: context.name,
        address,
        kind,
        is_protected: context.is_protected,
        is_read_only: context.is_read_only,
        accent: context
            .accent
            .as_deref()
            .and_then(config::accent)
            .map(|[red, green, blue]| Color::Rgb(red, green, blue)),
    };
    StartContext { info, how }
}

/// Called by the dashboard on a thread that may wait, within its runtime.
fn how(context: Context) -> How {
    How::Address(Arc::new(move || {
        Handle::current().block_on(connect::options(&context)).map_err(|error| {
            let refused = ClientError::new(ErrorKind::Refused, error.message);
            match error.hint {
                Some(hint) => refused.with_hint(hint),
                None => refused,
            }
        })
    }))
}

/// The filters that are saved.
///
/// # Errors
/// One of them cannot be understood; the error says which line it stands on.
pub fn filters(config: &Config) -> Result<Saved, ConfigError> {
    let none = Saved::new();
    for filter in &config.filters {
        let is_name = !filter.name.is_empty() && !filter.name.contains(char::is_whitespace);
        let problem = match Query::parse(&filter.text, &none).problem {
            _ if !is_name => Some("a name is one word: it is typed as @name".to_owned()),
            _ if filter.text.split_whitespace().any(|word| word.starts_with('@')) => {
                Some("a saved filter names no other".to_owned())
            }
            problem => problem,
        };
        if let Some(problem) = problem {
            let wrong = format!("the filter {:?} cannot be used", filter.name);
            return Err(ConfigError::in_file(&config.paths.config_file, Some(filter.line), wrong).with_hint(problem));
        }
    }
    Ok(config.filters.iter().map(|filter| (filter.name.clone(), filter.text.clone())).collect())
}

/// The columns that are set. A list without slugs names nothing, so they are always there.
fn columns(settings: &Settings) -> Vec<Column> {
    let Some(names) = &settings.columns else { return Column::USUAL.to_vec() };
    let mut columns: Vec<Column> = Vec::new();
    for column in names.iter().copied().map(column) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    if !columns.contains(&Column::Slug) {
        columns.insert(0, Column::Slug);
    }
    columns
}

fn column(name: ColumnName) -> Column {
    match name {
        ColumnName::Slug => Column::Slug,
        ColumnName::Target => Column::Target,
        ColumnName::Provider => Column::Provider,
        ColumnName::Sync => Column::Sync,
        ColumnName::Changed => Column::Changed,
        ColumnName::Created => Column::Created,
        ColumnName::Id => Column::Id,
    }
}

/// The palette that is set, with the colours that are set; else what is fit for the terminal's background.
fn palette(settings: &Settings, colorfgbg: Option<&str>) -> anyhow::Result<Palette> {
    if settings.theme.is_none() && settings.colors.is_empty() {
        let background = colorfgbg.and_then(background_of).unwrap_or(Background::Dark);
        return Ok(Palette::fit_for(background));
    }
    let mut written = settings.colors.clone();
    written.extend(settings.theme.clone().map(|theme| ("base".to_owned(), theme)));
    let text = toml::to_string(&written).context("the dashboard's colours cannot be written")?;
    Palette::from_toml(&text).context("the configuration's [dashboard] cannot be used")
}

/// How many colours there are, as far as the environment tells. The terminal itself is not asked: it may not answer.
fn depth(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Depth {
    if no_color.is_some() || matches!(term, None | Some("dumb")) {
        Depth::None
    } else if matches!(colorterm, Some("truecolor" | "24bit")) || term.is_some_and(|term| term.ends_with("-direct")) {
        Depth::True
    } else {
        Depth::Sixteen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_is_the_set_one_or_fits_the_background() {
        let set = |theme: &str| Settings { theme: Some(theme.to_owned()), ..Settings::default() };
        assert_eq!(palette(&set("day"), Some("15;0")).unwrap(), Palette::named("day").unwrap());
        assert_eq!(palette(&Settings::default(), Some("0;15")).unwrap(), Palette::named("day").unwrap());
        assert_eq!(palette(&Settings::default(), None).unwrap(), NIGHT);
        assert!(format!("{:#}", palette(&set("dai"), None).unwrap_err()).contains("night, day and ember"));
        let mut coloured = set("night");
        coloured.colors.insert("accent".to_owned(), "#010203".to_owned());
        assert_eq!(palette(&coloured, None).unwrap().accent, Color::Rgb(1, 2, 3));
    }

    #[test]
    fn columns_are_those_that_are_set_and_slugs_are_always_there() {
        let set = |columns| columns_of(Some(columns));
        assert_eq!(columns_of(None), Column::USUAL);
        assert_eq!(set(vec![ColumnName::Id, ColumnName::Slug, ColumnName::Id]), [Column::Id, Column::Slug]);
        assert_eq!(set(vec![ColumnName::Sync]), [Column::Slug, Column::Sync]);
    }

    fn columns_of(columns: Option<Vec<ColumnName>>) -> Vec<Column> {
        super::columns(&Settings { columns, ..Settings::default() })
    }

    #[test]
    fn colours_are_what_the_environment_says() {
        assert_eq!(depth(None, Some("truecolor"), Some("xterm-256color")), Depth::True);
        assert_eq!(depth(None, None, Some("xterm-256color")), Depth::Sixteen);
        assert_eq!(depth(Some("1"), Some("truecolor"), Some("xterm")), Depth::None);
        assert_eq!(depth(None, Some("truecolor"), Some("dumb")), Depth::None);
    }
}
