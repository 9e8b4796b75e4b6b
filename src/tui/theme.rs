//! What things look like: a role for everything that has a meaning, and one table from role to style.
//!
//! Screens name roles, never colours. Three depths: true colour, the terminal's own sixteen, and none
//! (`NO_COLOR`), where weight and inversion carry what colour does elsewhere. A state always has a glyph and
//! a word too, so nothing is lost without colour. The background stays the terminal's own.

use ratatui::style::{Color, Modifier, Style};

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
    /// The bar of a protected context, and of what cannot be taken back.
    Alarm,
    /// A button that has the focus.
    Button,
    /// A banner over stale data.
    Banner,
}

/// A set of styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    /// How many colours may be used.
    pub depth: Depth,
}

const ACCENT: Color = Color::Rgb(0x7d, 0xb4, 0xff);
const OK: Color = Color::Rgb(0x8f, 0xd4, 0x8a);
const WAITING: Color = Color::Rgb(0xf0, 0xc0, 0x6a);
const DANGER: Color = Color::Rgb(0xff, 0x7b, 0x85);
const DRIFTED: Color = Color::Rgb(0xc7, 0x9b, 0xff);
const STRONG: Color = Color::Rgb(0xee, 0xf2, 0xf7);
const MUTED: Color = Color::Rgb(0x8b, 0x95, 0xa3);
const FAINT: Color = Color::Rgb(0x4c, 0x56, 0x63);
const BORDER: Color = Color::Rgb(0x3a, 0x44, 0x51);
const SELECTED: Color = Color::Rgb(0x22, 0x32, 0x4a);
const SELECTED_ELSEWHERE: Color = Color::Rgb(0x1d, 0x24, 0x2e);
const INK: Color = Color::Rgb(0x0f, 0x14, 0x1a);

impl Theme {
    /// The theme for a terminal with so many colours.
    #[must_use]
    pub fn new(depth: Depth) -> Self {
        Self { depth }
    }

    /// How a role looks.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        match self.depth {
            Depth::True => true_colour(role),
            Depth::Sixteen => sixteen(role),
            Depth::None => colourless(role),
        }
    }

    /// What the selected row is laid on. Without colours the focused row is inverted, the other underlined.
    #[must_use]
    pub fn selection(self, focused: bool) -> Style {
        let style = Style::new();
        match (self.depth, focused) {
            (Depth::True, true) => style.bg(SELECTED),
            (Depth::True, false) => style.bg(SELECTED_ELSEWHERE),
            (Depth::Sixteen, true) => style.bg(Color::Blue).fg(Color::White),
            (Depth::Sixteen | Depth::None, false) => style.add_modifier(Modifier::UNDERLINED),
            (Depth::None, true) => style.add_modifier(Modifier::REVERSED),
        }
    }
}

fn true_colour(role: Role) -> Style {
    let style = Style::new();
    match role {
        Role::Text => style,
        Role::Strong => style.fg(STRONG).add_modifier(Modifier::BOLD),
        Role::Muted => style.fg(MUTED),
        Role::Faint => style.fg(FAINT),
        Role::Accent | Role::BorderFocused => style.fg(ACCENT),
        Role::Ok => style.fg(OK),
        Role::Waiting => style.fg(WAITING),
        Role::Danger => style.fg(DANGER),
        Role::Drifted => style.fg(DRIFTED),
        Role::Border => style.fg(BORDER),
        Role::Match => style.fg(WAITING).add_modifier(Modifier::BOLD),
        Role::Alarm => style.fg(INK).bg(DANGER).add_modifier(Modifier::BOLD),
        Role::Button => style.fg(INK).bg(ACCENT).add_modifier(Modifier::BOLD),
        Role::Banner => style.fg(INK).bg(WAITING),
    }
}

fn sixteen(role: Role) -> Style {
    let style = Style::new();
    match role {
        Role::Text => style,
        Role::Strong => style.add_modifier(Modifier::BOLD),
        Role::Muted => style.fg(Color::Gray),
        Role::Faint | Role::Border => style.fg(Color::DarkGray),
        Role::Accent | Role::BorderFocused => style.fg(Color::Cyan),
        Role::Ok => style.fg(Color::Green),
        Role::Waiting => style.fg(Color::Yellow),
        Role::Danger => style.fg(Color::Red),
        Role::Drifted => style.fg(Color::Magenta),
        Role::Match => style.fg(Color::Yellow).add_modifier(Modifier::BOLD),
        Role::Alarm => style.fg(Color::White).bg(Color::Red).add_modifier(Modifier::BOLD),
        Role::Button => style.fg(Color::Black).bg(Color::Cyan),
        Role::Banner => style.fg(Color::Black).bg(Color::Yellow),
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
        Role::Danger => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Role::Match => style.add_modifier(Modifier::UNDERLINED),
        Role::Alarm | Role::Button | Role::Banner => style.add_modifier(Modifier::REVERSED | Modifier::BOLD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 15] = [
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
        let theme = Theme::new(Depth::Sixteen);
        for role in ROLES {
            let style = theme.style(role);
            assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_))), "{role:?}");
            assert!(!matches!(style.bg, Some(Color::Rgb(..) | Color::Indexed(_))), "{role:?}");
        }
    }
}
