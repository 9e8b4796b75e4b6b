//! Palettes: which colour each role has where the terminal has 24 bits.
//!
//! Three come with the program, others are read from TOML. The background stays the terminal's own, so a palette
//! is made for a dark or for a light one; [`background_of`] tells which the terminal says that it has.

use ratatui::style::Color;
use serde::Deserialize;
use thiserror::Error;

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
pub enum PaletteError {
    /// No palette has this name.
    #[error("there is no palette {0:?}\nhint: night, day and ember come with the program")]
    Unknown(String),
    /// A colour that is none.
    #[error("{role} = {value:?} is no colour\nhint: write it as \"#7db4ff\"")]
    Colour {
        /// Whose colour it should be.
        role: &'static str,
        /// What was written.
        value: String,
    },
    /// The TOML itself is wrong, or names a role that does not exist.
    #[error("{0}")]
    Toml(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    base: Option<String>,
    accent: Option<String>,
    ok: Option<String>,
    waiting: Option<String>,
    danger: Option<String>,
    drifted: Option<String>,
    strong: Option<String>,
    muted: Option<String>,
    faint: Option<String>,
    border: Option<String>,
    selected: Option<String>,
    selected_elsewhere: Option<String>,
    ink: Option<String>,
}

impl Palette {
    /// A palette that comes with the program.
    ///
    /// # Errors
    /// None has this name.
    pub fn named(name: &str) -> Result<Self, PaletteError> {
        let found = NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()));
        found.map(|(_, palette)| *palette).ok_or_else(|| PaletteError::Unknown(name.to_owned()))
    }

    /// Reads a palette: any of the roles as `accent = "#7db4ff"`; the rest is that of `base` (`night` where absent).
    ///
    /// # Errors
    /// TOML that cannot be read, a role or a base that does not exist, a colour that is none.
    pub fn from_toml(text: &str) -> Result<Self, PaletteError> {
        let written: Written = toml::from_str(text).map_err(|error| PaletteError::Toml(error.to_string()))?;
        let base = written.base.as_deref().map_or(Ok(NIGHT), Self::named)?;
        let take = |role: &'static str, value: Option<String>, otherwise: Color| match value {
            None => Ok(otherwise),
            Some(value) => colour(&value).ok_or(PaletteError::Colour { role, value }),
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
    fn what_is_wrong_in_a_palette_is_named() {
        let colour = Palette::from_toml("ok = \"green\"").unwrap_err().to_string();
        assert!(colour.contains("ok = \"green\"") && colour.contains("hint:"), "{colour}");
        let role = Palette::from_toml("okay = \"#010203\"").unwrap_err().to_string();
        assert!(role.contains("okay"), "{role}");
        assert_eq!(Palette::named("dawn"), Err(PaletteError::Unknown("dawn".to_owned())));
    }

    #[test]
    fn the_background_is_the_last_number() {
        assert_eq!(background_of("15;0"), Some(Background::Dark));
        assert_eq!(background_of("0;default;15"), Some(Background::Light));
        assert_eq!(background_of("0;default"), None);
    }
}
