//! What things look like: a role for everything that has a meaning, and one table from role to style.
//!
//! Screens name roles, never colours. Three depths: true colour, the terminal's own sixteen, and none
//! (`NO_COLOR`), where weight and inversion carry what colour does elsewhere. A state always has a glyph and
//! a word too, so nothing is lost without colour. The background stays the terminal's own.

pub mod palette;
pub mod signs;

use ratatui::style::{Color, Modifier, Style};

use palette::{Background, Palette};
use signs::Signs;

/// How many colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// 24 bits.
    #[default]
    True,
    /// The sixteen that every terminal has.
    Sixteen,
    /// None: `NO_COLOR` is set, or the terminal has none.
    None,
}

/// What a piece of the screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Text to be read.
    Text,
    /// Text that stands out of its line: the slug, a heading.
    Strong,
    /// Text that supports: labels, ages, units.
    Muted,
    /// What is barely there: empty tracks, separators, ghosts.
    Faint,
    /// The program's own colour: the open tab, a key, the new wire.
    Accent,
    /// In effect.
    Ok,
    /// On its way.
    Waiting,
    /// Failed, or about to destroy.
    Danger,
    /// Changed by somebody else.
    Drifted,
    /// The border of a pane.
    Border,
    /// The border of the pane that has the keys.
    BorderFocused,
    /// The letters of a name that a filter matched.
    Match,
    /// A cell that says something else than a moment ago.
    Moved,
    /// The bar of a protected context, and of what cannot be taken back.
    Alarm,
    /// A button that has the focus.
    Button,
    /// A button that has not.
    ButtonIdle,
    /// A banner over stale data.
    Banner,
}

/// A set of styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// How many colours may be used.
    pub depth: Depth,
    /// Which they are, where there are 24 bits.
    pub palette: Palette,
    /// What lies beneath, as far as it matters to the sixteen colours.
    pub background: Background,
    /// The context's own accent.
    pub accent: Option<Color>,
    /// True where nobody should take the context for another: the pane that has the keys is framed in red.
    pub is_alarming: bool,
    /// Which signs may be drawn.
    pub signs: Signs,
}

impl Default for Theme {
    fn default() -> Self {
        Self::new(Depth::default())
    }
}

impl Theme {
    /// The theme for a terminal with so many colours.
    #[must_use]
    pub fn new(depth: Depth) -> Self {
        Self {
            depth,
            palette: palette::NIGHT,
            background: Background::Dark,
            accent: None,
            is_alarming: false,
            signs: Signs::All,
        }
    }

    /// The same with other colours.
    #[must_use]
    pub fn with_palette(self, palette: Palette) -> Self {
        Self { palette, background: palette.background(), ..self }
    }

    /// How a role looks.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        match self.depth {
            Depth::True if role == Role::BorderFocused && self.is_alarming => Style::new().fg(self.palette.danger),
            Depth::True => true_colour(&self.palette, role),
            Depth::Sixteen => self.sixteen(role),
            Depth::None => colourless(role),
        }
    }

    /// What the selected row is laid on. Without colours the focused row is inverted, the other underlined.
    #[must_use]
    pub fn selection(self, focused: bool) -> Style {
        let style = Style::new();
        match (self.depth, focused) {
            (Depth::True, true) => style.bg(self.palette.selected),
            (Depth::True, false) => style.bg(self.palette.selected_elsewhere),
            (Depth::Sixteen, true) => style.bg(Color::Blue).fg(Color::White),
            (Depth::Sixteen | Depth::None, false) => style.add_modifier(Modifier::UNDERLINED),
            (Depth::None, true) => style.add_modifier(Modifier::REVERSED),
        }
    }

    fn sixteen(self, role: Role) -> Style {
        let style = Style::new();
        let is_light = self.background == Background::Light;
        let accent = self.accent.map_or(if is_light { Color::Blue } else { Color::Cyan }, palette::nearest);
        match role {
            Role::Text => style,
            Role::Strong => style.add_modifier(Modifier::BOLD),
            Role::Muted => style.fg(if is_light { Color::DarkGray } else { Color::Gray }),
            Role::Faint | Role::Border => style.fg(if is_light { Color::Gray } else { Color::DarkGray }),
            Role::BorderFocused if self.is_alarming => style.fg(Color::Red),
            Role::Accent | Role::BorderFocused => style.fg(accent),
            Role::Ok => style.fg(Color::Green),
            Role::Waiting => style.fg(Color::Yellow),
            Role::Danger => style.fg(Color::Red),
            Role::Drifted => style.fg(Color::Magenta),
            Role::Match => style.fg(Color::Yellow).add_modifier(Modifier::BOLD),
            Role::Moved => style.fg(accent).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Role::Alarm => style.fg(Color::White).bg(Color::Red).add_modifier(Modifier::BOLD),
            Role::Button => style.fg(Color::Black).bg(Color::Cyan),
            Role::ButtonIdle => style.fg(Color::White).bg(Color::DarkGray),
            Role::Banner => style.fg(Color::Black).bg(Color::Yellow),
        }
    }
}

fn true_colour(palette: &Palette, role: Role) -> Style {
    let style = Style::new();
    match role {
        Role::Text => style,
        Role::Strong => style.fg(palette.strong).add_modifier(Modifier::BOLD),
        Role::Muted => style.fg(palette.muted),
        Role::Faint => style.fg(palette.faint),
        Role::Accent | Role::BorderFocused => style.fg(palette.accent),
        Role::Ok => style.fg(palette.ok),
        Role::Waiting => style.fg(palette.waiting),
        Role::Danger => style.fg(palette.danger),
        Role::Drifted => style.fg(palette.drifted),
        Role::Border => style.fg(palette.border),
        Role::Match => style.fg(palette.waiting).add_modifier(Modifier::BOLD),
        Role::Moved => style.fg(palette.accent).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Role::Alarm => style.fg(palette.ink).bg(palette.danger).add_modifier(Modifier::BOLD),
        Role::Button => style.fg(palette.ink).bg(palette.accent).add_modifier(Modifier::BOLD),
        Role::ButtonIdle => style.fg(palette.accent).bg(palette.selected_elsewhere).add_modifier(Modifier::BOLD),
        Role::Banner => style.fg(palette.ink).bg(palette.waiting),
    }
}

fn colourless(role: Role) -> Style {
    let style = Style::new();
    match role {
        Role::Text | Role::Ok | Role::Border => style,
        Role::Strong | Role::Accent | Role::Waiting | Role::Drifted | Role::BorderFocused => {
            style.add_modifier(Modifier::BOLD)
        }
        Role::Muted | Role::Faint => style.add_modifier(Modifier::DIM),
        Role::Danger | Role::Moved => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Role::Match => style.add_modifier(Modifier::UNDERLINED),
        Role::Alarm | Role::Banner => style.add_modifier(Modifier::REVERSED | Modifier::BOLD),
        // Slanted, which nothing else is: buttons are told by it where there are no colours.
        Role::Button => style.add_modifier(Modifier::REVERSED | Modifier::BOLD | Modifier::ITALIC),
        Role::ButtonIdle => style.add_modifier(Modifier::UNDERLINED | Modifier::BOLD | Modifier::ITALIC),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 17] = [
        Role::Text,
        Role::Strong,
        Role::Muted,
        Role::Faint,
        Role::Accent,
        Role::Ok,
        Role::Waiting,
        Role::Danger,
        Role::Drifted,
        Role::Border,
        Role::BorderFocused,
        Role::Match,
        Role::Alarm,
        Role::Button,
        Role::ButtonIdle,
        Role::Moved,
        Role::Banner,
    ];

    #[test]
    fn without_colours_no_style_names_one() {
        let theme = Theme::new(Depth::None);
        let styles = ROLES.iter().map(|role| theme.style(*role)).chain([theme.selection(true), theme.selection(false)]);
        for style in styles {
            assert_eq!((style.fg, style.bg), (None, None), "{style:?}");
        }
    }

    #[test]
    fn with_sixteen_colours_no_style_needs_more() {
        for palette in [palette::NIGHT, palette::DAY] {
            let theme = Theme { accent: Some(Color::Rgb(0xff, 0x50, 0x50)), ..Theme::new(Depth::Sixteen) };
            for role in ROLES {
                let style = theme.with_palette(palette).style(role);
                assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_))), "{role:?}");
                assert!(!matches!(style.bg, Some(Color::Rgb(..) | Color::Indexed(_))), "{role:?}");
            }
        }
    }

    #[test]
    fn on_white_nothing_is_written_in_white() {
        let theme = Theme::new(Depth::Sixteen).with_palette(palette::DAY);
        for role in [Role::Text, Role::Strong, Role::Muted, Role::Accent, Role::Ok, Role::Waiting, Role::Danger] {
            assert!(!matches!(theme.style(role).fg, Some(Color::White | Color::Gray)), "{role:?}");
        }
    }

    #[test]
    fn a_contexts_accent_is_seen_with_sixteen_colours_too() {
        let theme = Theme { accent: Some(Color::Rgb(0xff, 0x7b, 0x85)), ..Theme::new(Depth::Sixteen) };
        assert_eq!(theme.style(Role::Accent).fg, Some(Color::Red));
        let theme = Theme { is_alarming: true, ..Theme::new(Depth::Sixteen) };
        assert_eq!(theme.style(Role::BorderFocused).fg, Some(Color::Red));
    }
}
