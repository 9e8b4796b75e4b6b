//! Palettes: which colour each role has where the terminal has 24 bits.
//!
//! Three come with the program, others are read from TOML. The background stays the terminal's own, so a palette
//! is made for a dark or for a light one; [`background_of`] tells which the terminal says that it has.

use ratatui::style::Color;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// The program's own colour.
    pub accent: Color,
    /// In effect.
    pub ok: Color,
    /// On its way.
    pub waiting: Color,
    /// Failed, or about to destroy.
    pub danger: Color,
    /// Changed by somebody else.
    pub drifted: Color,
    /// Text that stands out.
    pub strong: Color,
    /// Text that supports.
    pub muted: Color,
    /// What is barely there.
    pub faint: Color,
    /// Borders of panes.
    pub border: Color,
    /// Behind the selected row of the pane that has the keys.
    pub selected: Color,
    /// Behind the selected row of another pane.
    pub selected_elsewhere: Color,
    /// Text on a filled button or bar.
    pub ink: Color,
}

/// What the terminal's background is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

/// For dark backgrounds; where nothing else is said.
pub const NIGHT: Palette = Palette {
    accent: rgb(0x7d_b4ff),
    ok: rgb(0x8f_d48a),
    waiting: rgb(0xf0_c06a),
    danger: rgb(0xff_7b85),
    drifted: rgb(0xc7_9bff),
    strong: rgb(0xee_f2f7),
    muted: rgb(0x8b_95a3),
    faint: rgb(0x4c_5663),
    border: rgb(0x3a_4451),
    selected: rgb(0x22_324a),
    selected_elsewhere: rgb(0x1d_242e),
    ink: rgb(0x0f_141a),
};

/// For light backgrounds.
pub const DAY: Palette = Palette {
    accent: rgb(0x1f_5fbf),
    ok: rgb(0x1e_7d32),
    waiting: rgb(0x9a_5b00),
    danger: rgb(0xb8_1d2c),
    drifted: rgb(0x7a_3fb5),
    strong: rgb(0x10_161d),
    muted: rgb(0x5a_6472),
    faint: rgb(0xa6_aeb8),
    border: rgb(0xb9_c1cb),
    selected: rgb(0xd3_e3fb),
    selected_elsewhere: rgb(0xe7_ebf0),
    ink: rgb(0xff_ffff),
};

/// For dark backgrounds, warm and with more contrast.
pub const EMBER: Palette = Palette {
    accent: rgb(0xff_b454),
    ok: rgb(0xb8_d977),
    waiting: rgb(0xff_e08a),
    danger: rgb(0xff_6a5e),
    drifted: rgb(0xe3_a5ff),
    strong: rgb(0xff_f6e8),
    muted: rgb(0xb5_a893),
    faint: rgb(0x6b_6152),
    border: rgb(0x5a_5043),
    selected: rgb(0x4a_3620),
    selected_elsewhere: rgb(0x2c_261e),
    ink: rgb(0x17_120b),
};

/// The palettes that come with the program, by name.
pub const NAMED: [(&str, Palette); 3] = [("night", NIGHT), ("day", DAY), ("ember", EMBER)];

/// Why a palette cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct PaletteError {
    /// What is wrong.
    pub message: String,
    /// What to do, or what may have been meant.
    pub hint: Option<String>,
    /// On which line, from 1, where it is known.
    pub line: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    base: Option<Spanned<String>>,
    accent: Option<Spanned<String>>,
    ok: Option<Spanned<String>>,
    waiting: Option<Spanned<String>>,
    danger: Option<Spanned<String>>,
    drifted: Option<Spanned<String>>,
    strong: Option<Spanned<String>>,
    muted: Option<Spanned<String>>,
    faint: Option<Spanned<String>>,
    border: Option<Spanned<String>>,
    selected: Option<Spanned<String>>,
    selected_elsewhere: Option<Spanned<String>>,
    ink: Option<Spanned<String>>,
}

impl Palette {
    /// A palette that comes with the program.
    ///
    /// # Errors
    /// None has this name.
    pub fn named(name: &str) -> Result<Self, PaletteError> {
        let found = NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()));
        found.map(|(_, palette)| *palette).ok_or_else(|| PaletteError {
            message: format!("there is no palette {name:?}"),
            hint: Some("night, day and ember come with the program".to_owned()),
            line: None,
        })
    }

    /// Reads a palette: any of the roles as `accent = "#7db4ff"`; the rest is that of `base` (`night` where absent).
    ///
    /// # Errors
    /// TOML that cannot be read, a role or a base that does not exist, a colour that is none; each with its line.
    pub fn from_toml(text: &str) -> Result<Self, PaletteError> {
        NIGHT.with_toml(text)
    }

    /// The same with other colours, as [`Palette::from_toml`] reads them; a `base` replaces all of them first.
    ///
    /// # Errors
    /// As [`Palette::from_toml`].
    pub fn with_toml(&self, text: &str) -> Result<Self, PaletteError> {
        let line = |at: usize| Some(text.get(..at).unwrap_or(text).matches('\n').count() + 1);
        let written: Written = toml::from_str(text).map_err(|error| PaletteError {
            message: error.message().to_owned(),
            hint: crate::near::meant(error.message()),
            line: error.span().and_then(|span| line(span.start)),
        })?;
        let base = match &written.base {
            Some(base) => {
                Self::named(base.get_ref()).map_err(|error| PaletteError { line: line(base.span().start), ..error })?
            }
            None => *self,
        };
        let take = |role: &str, value: Option<Spanned<String>>, otherwise: Color| match value {
            None => Ok(otherwise),
            Some(value) => colour(value.get_ref()).ok_or_else(|| PaletteError {
                message: format!("{role} = {:?} is no colour", value.get_ref()),
                hint: Some("write it as \"#7db4ff\"".to_owned()),
                line: line(value.span().start),
            }),
        };
        Ok(Self {
            accent: take("accent", written.accent, base.accent)?,
            ok: take("ok", written.ok, base.ok)?,
            waiting: take("waiting", written.waiting, base.waiting)?,
            danger: take("danger", written.danger, base.danger)?,
            drifted: take("drifted", written.drifted, base.drifted)?,
            strong: take("strong", written.strong, base.strong)?,
            muted: take("muted", written.muted, base.muted)?,
            faint: take("faint", written.faint, base.faint)?,
            border: take("border", written.border, base.border)?,
            selected: take("selected", written.selected, base.selected)?,
            selected_elsewhere: take("selected_elsewhere", written.selected_elsewhere, base.selected_elsewhere)?,
            ink: take("ink", written.ink, base.ink)?,
        })
    }

    /// What it is made for: text that stands out is darker than what is selected only where the background is light.
    #[must_use]
    pub fn background(&self) -> Background {
        if brightness(self.strong) < brightness(self.selected) { Background::Light } else { Background::Dark }
    }

    /// What is fit for a background.
    #[must_use]
    pub fn fit_for(background: Background) -> Self {
        match background {
            Background::Dark => NIGHT,
            Background::Light => DAY,
        }
    }
}

/// A colour as it is written, `#rrggbb`.
#[must_use]
pub fn colour(text: &str) -> Option<Color> {
    let digits = text.trim().strip_prefix('#')?;
    let is_hexadecimal = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal.then(|| u32::from_str_radix(digits, 16).ok()).flatten().map(rgb)
}

/// What `COLORFGBG` tells (`15;0`: white on black). Terminals set it; it is never asked for.
#[must_use]
pub fn background_of(colorfgbg: &str) -> Option<Background> {
    let index: u8 = colorfgbg.rsplit(';').next()?.trim().parse().ok()?;
    match index {
        0..=6 | 8 => Some(Background::Dark),
        7 | 9..=15 => Some(Background::Light),
        _ => None,
    }
}

/// What a terminal answers to the question for its background: `rgb:1010/1414/1818`, of one to four digits each.
#[must_use]
pub fn background_in(answer: &str) -> Option<Background> {
    let channel = |digits: &str| {
        let most = (1_u32 << (4 * u32::try_from(digits.len()).ok()?)).checked_sub(1)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        (1..=4).contains(&digits.len()).then(|| u8::try_from(value * 255 / most).unwrap_or(u8::MAX))
    };
    let mut channels = answer.trim_start_matches("rgba:").trim_start_matches("rgb:").split('/').map(channel);
    let (red, green, blue) = (channels.next()??, channels.next()??, channels.next()??);
    let is_light = brightness(Color::Rgb(red, green, blue)) > 127;
    Some(if is_light { Background::Light } else { Background::Dark })
}

/// How bright a colour is to the eye, from 0 to 255.
fn brightness(colour: Color) -> u32 {
    let Color::Rgb(red, green, blue) = colour else { return 0 };
    (u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1000
}

/// The one of the terminal's own colours that is nearest in hue.
#[must_use]
pub fn nearest(colour: Color) -> Color {
    let Color::Rgb(red, green, blue) = colour else { return colour };
    let most = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    // What is above the middle of brightest and darkest counts as lit.
    let lit = |channel: u8| u32::from(channel) * 2 > u32::from(most) + u32::from(least);
    if most - least < 24 {
        return Color::Gray;
    }
    match (lit(red), lit(green), lit(blue)) {
        (true, true, _) => Color::Yellow,
        (true, false, true) => Color::Magenta,
        (true, false, false) => Color::Red,
        (false, true, true) => Color::Cyan,
        (false, true, false) => Color::Green,
        (false, false, _) => Color::Blue,
    }
}

const fn rgb(value: u32) -> Color {
    let [_, red, green, blue] = value.to_be_bytes();
    Color::Rgb(red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.
    fn luminance(colour: Color) -> f64 {
        let Color::Rgb(red, green, blue) = colour else { panic!("palettes have 24 bits") };
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(one: Color, other: Color) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_palette_can_be_read_on_its_background() {
        for (name, palette) in NAMED {
            let background = if name == "day" { rgb(0xff_ffff) } else { rgb(0x10_1418) };
            for (role, colour) in [
                ("accent", palette.accent),
                ("ok", palette.ok),
                ("waiting", palette.waiting),
                ("danger", palette.danger),
                ("drifted", palette.drifted),
                ("strong", palette.strong),
                ("muted", palette.muted),
            ] {
                assert!(contrast(colour, background) >= 4.5, "{name} {role} on its background");
                assert!(contrast(colour, palette.selected) >= 3.5, "{name} {role} on the selected row");
            }
            for filled in [palette.accent, palette.danger, palette.waiting] {
                assert!(contrast(palette.ink, filled) >= 4.5, "{name} ink");
            }
        }
    }

    #[test]
    fn a_written_palette_changes_what_it_names() {
        let palette = Palette::from_toml("base = \"day\"\naccent = \"#010203\"\n").unwrap();
        assert_eq!(palette, Palette { accent: rgb(0x01_0203), ..DAY });
    }

    #[test]
    fn what_is_wrong_in_a_palette_is_named_with_its_line() {
        let colour = Palette::from_toml("base = \"day\"\nok = \"green\"").unwrap_err();
        assert!(colour.message.contains("ok = \"green\"") && colour.line == Some(2), "{colour:?}");
        let role = Palette::from_toml("\n\nacent = \"#010203\"").unwrap_err();
        assert_eq!((role.line, role.hint.as_deref()), (Some(3), Some("did you mean accent or faint?")), "{role:?}");
        let base = Palette::from_toml("base = \"dawn\"").unwrap_err();
        assert_eq!(base.line, Some(1));
        assert!(Palette::named("dawn").unwrap_err().hint.unwrap().contains("ember"));
    }

    #[test]
    fn each_palette_knows_its_background() {
        assert_eq!(DAY.background(), Background::Light);
        assert_eq!((NIGHT.background(), EMBER.background()), (Background::Dark, Background::Dark));
    }

    #[test]
    fn an_answer_about_the_background_is_read_in_all_its_lengths() {
        assert_eq!(background_in("rgb:ffff/ffff/ffff"), Some(Background::Light));
        assert_eq!(background_in("rgb:1010/1414/1818"), Some(Background::Dark));
        assert_eq!(background_in("rgb:f/f/e"), Some(Background::Light));
        assert_eq!(background_in("rgb:00/2b/36"), Some(Background::Dark));
        for odd in ["rgb:", "rgb:1/2", "rgb:x/y/z", "rgb:11111/2/3", ""] {
            assert_eq!(background_in(odd), None, "{odd}");
        }
    }

    #[test]
    fn every_accent_has_its_nearest_colour() {
        let near = |value| nearest(rgb(value));
        assert_eq!(near(0xff_7b85), Color::Red);
        assert_eq!(near(0x7d_b4ff), Color::Blue);
        assert_eq!(near(0x8f_d48a), Color::Green);
        assert_eq!(near(0xf0_c06a), Color::Yellow);
        assert_eq!(near(0x88_8888), Color::Gray);
    }

    #[test]
    fn the_background_is_the_last_number() {
        assert_eq!(background_of("15;0"), Some(Background::Dark));
        assert_eq!(background_of("0;default;15"), Some(Background::Light));
        assert_eq!(background_of("0;default"), None);
    }
}
