//! How the dashboard looks: what the configuration sets and the environment tells.
//!
//! The terminal is asked for its background only where neither says anything of it, by the dashboard, which never waits
//! for the answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{ColumnName, Config, ConfigError, Settings, variable};
use crate::tui::load::{Failure, FailureKind};
use crate::tui::screens::endpoints::columns::Column;
use crate::tui::theme::Depth;
use crate::tui::theme::palette::{Background, NAMED, Palette, PaletteError, background_of};
use crate::tui::theme::signs::Signs;
use crate::tui::{Look, ThemeFile};

/// No theme is longer.
const THEME_BYTES_MAX: u64 = 64 << 10;

/// The look that is set.
///
/// # Errors
/// The theme does not exist or cannot be read; the error says where.
pub fn of(config: &Config) -> Result<Look, ConfigError> {
    let settings = &config.settings;
    let depth = depth(variable("NO_COLOR").as_deref(), variable("COLORTERM").as_deref(), variable("TERM").as_deref());
    let background = variable("COLORFGBG").as_deref().and_then(background_of);
    let theme = theme_file(config);
    let palette = match &theme {
        Some(theme) => read_theme(&theme.path, settings)?,
        None => palette(settings, background).map_err(|error| in_settings(config, error))?,
    };
    let is_open = settings.theme.is_none() && settings.colors.is_empty() && background.is_none();
    let is_mute = matches!(variable("TERM").as_deref(), None | Some("dumb" | "linux"));
    Ok(Look {
        depth,
        palette,
        asks_background: is_open && !is_mute && depth != Depth::None,
        theme,
        signs: signs(settings, locale().as_deref()),
        is_calm: settings.reduced_motion,
        columns: columns(settings),
        sort: settings.sort.map_or(Column::Slug, column),
    })
}

/// The file of a theme of one's own: a path, or a name in `themes` beside the configuration.
fn theme_file(config: &Config) -> Option<ThemeFile> {
    let name = config.settings.theme.as_deref()?;
    if NAMED.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return None;
    }
    let folder = config.paths.config_file.parent().unwrap_or(Path::new("."));
    let path = if name.contains(['/', '\\']) || Path::new(name).extension().is_some() {
        folder.join(name)
    } else {
        folder.join("themes").join(name).with_extension("toml")
    };
    let (read, settings): (PathBuf, Settings) = (path.clone(), config.settings.clone());
    let read = move || {
        read_theme(&read, &settings).map_err(|error| {
            let failure = Failure::new(FailureKind::Invalid, error.message);
            match error.hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })
    };
    Some(ThemeFile { path, read: Arc::new(read) })
}

fn read_theme(path: &Path, settings: &Settings) -> Result<Palette, ConfigError> {
    let cannot = |what: &dyn std::fmt::Display| {
        let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
        let error = ConfigError::in_file(path, None, format!("the theme cannot be read: {what}"));
        error.with_hint(format!("{} come with the program; others are files there", names.join(", ")))
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > THEME_BYTES_MAX => return Err(cannot(&"it has more than 64 KiB")),
        Ok(_) => {}
        Err(error) => return Err(cannot(&error)),
    }
    let text = fs::read_to_string(path).map_err(|error| cannot(&error))?;
    let placed = |error: PaletteError| {
        let placed = ConfigError::in_file(path, error.line, error.message);
        ConfigError { hint: error.hint, ..placed }
    };
    let palette = Palette::from_toml(&text).map_err(placed)?;
    coloured(palette, settings).map_err(placed)
}

fn in_settings(config: &Config, error: PaletteError) -> ConfigError {
    let placed = ConfigError::in_file(&config.paths.config_file, None, format!("[dashboard]: {}", error.message));
    ConfigError { hint: error.hint, ..placed }
}

/// The palette that is set, with the colours that are set; else what is fit for the terminal's background.
fn palette(settings: &Settings, background: Option<Background>) -> Result<Palette, PaletteError> {
    let palette = match &settings.theme {
        Some(name) => Palette::named(name)?,
        None => Palette::fit_for(background.unwrap_or(Background::Dark)),
    };
    coloured(palette, settings)
}

fn coloured(palette: Palette, settings: &Settings) -> Result<Palette, PaletteError> {
    let lines: Vec<String> = settings.colors.iter().map(|(role, colour)| format!("{role} = {colour:?}")).collect();
    // The line is that of a text that nobody has written.
    palette.with_toml(&lines.join("\n")).map_err(|error| PaletteError { line: None, ..error })
}

/// The locale's name; `None` where nothing says.
fn locale() -> Option<String> {
    ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable)
}

/// A locale that is set and not UTF-8 has no signs beyond ASCII. Where none is set, the terminal knows better.
fn signs(settings: &Settings, locale: Option<&str>) -> Signs {
    let is_utf8 = |locale: &str| locale.to_lowercase().replace('-', "").contains("utf8");
    if settings.screen_reader {
        Signs::Words
    } else if settings.ascii.unwrap_or_else(|| locale.is_some_and(|locale| !is_utf8(locale))) {
        Signs::Ascii
    } else {
        Signs::All
    }
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
    use ratatui::style::Color;

    use super::*;

    #[test]
    fn the_palette_is_the_set_one_or_fits_the_background() {
        let set = |theme: &str| Settings { theme: Some(theme.to_owned()), ..Settings::default() };
        assert_eq!(palette(&set("day"), Some(Background::Dark)).unwrap(), Palette::named("day").unwrap());
        let light = palette(&Settings::default(), Some(Background::Light));
        assert_eq!(light.unwrap(), Palette::named("day").unwrap());
        assert_eq!(palette(&Settings::default(), None).unwrap(), Palette::named("night").unwrap());
        let mut coloured = set("night");
        coloured.colors.insert("accent".to_owned(), "#010203".to_owned());
        assert_eq!(palette(&coloured, None).unwrap().accent, Color::Rgb(1, 2, 3));
        coloured.colors.insert("acent".to_owned(), "#010203".to_owned());
        assert_eq!(palette(&coloured, None).unwrap_err().hint.as_deref(), Some("did you mean accent or faint?"));
    }

    #[test]
    fn signs_follow_the_locale_where_nothing_is_set() {
        let set = Settings::default();
        assert_eq!(signs(&set, Some("de_DE.UTF-8")), Signs::All);
        assert_eq!(signs(&set, Some("C.utf8")), Signs::All);
        assert_eq!(signs(&set, Some("POSIX")), Signs::Ascii);
        assert_eq!(signs(&set, None), Signs::All);
        assert_eq!(signs(&Settings { ascii: Some(false), ..set.clone() }, Some("C")), Signs::All);
        assert_eq!(signs(&Settings { ascii: Some(true), ..set.clone() }, None), Signs::Ascii);
        assert_eq!(signs(&Settings { screen_reader: true, ..set }, None), Signs::Words);
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
