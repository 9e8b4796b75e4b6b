//! Which signs may be drawn: all, those of ASCII, or none that a screen reader would stumble over.
//!
//! Screens draw with all of them; what the terminal or the person cannot take is replaced once, when the frame is
//! whole. So no screen knows of it, and none can forget it.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

/// Which signs may be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signs {
    /// All.
    #[default]
    All,
    /// Those of ASCII, for terminals and locales that have no others.
    Ascii,
    /// Letters and their punctuation: no lines and no pictures. One pane at a time, states in words.
    Words,
}

/// With one pane at a time no line is longer, so that no terminal is wide enough for two.
const WORDS_COLUMNS: u16 = 99;

impl Signs {
    /// How many of so many columns are used.
    #[must_use]
    pub fn columns(self, columns: u16) -> u16 {
        match self {
            Self::All | Self::Ascii => columns,
            Self::Words => columns.min(WORDS_COLUMNS),
        }
    }

    /// Replaces what may not be drawn.
    pub fn apply(self, buffer: &mut Buffer) {
        if self == Self::All {
            return;
        }
        let mut trailing = 0;
        for cell in &mut buffer.content {
            // The cell behind a wide letter is not drawn; its place has to be.
            if trailing > 0 {
                trailing -= 1;
                cell.set_symbol("?");
                continue;
            }
            let symbol = cell.symbol();
            if symbol.is_ascii() {
                continue;
            }
            let wide = symbol.width();
            let sign = symbol.chars().next().and_then(plain);
            match (self, sign) {
                (Self::Words, Some(sign)) => {
                    let sign = if is_picture(symbol) { ' ' } else { sign };
                    cell.set_char(sign);
                }
                (_, Some(sign)) => {
                    cell.set_char(sign);
                }
                // A name in other letters is read out as it is.
                (Self::Words, None) => {}
                (_, None) => {
                    cell.set_char('?');
                    trailing = wide.saturating_sub(1);
                }
            }
        }
    }
}

/// Lines, bars and the signs of states: what words say beside them.
fn is_picture(symbol: &str) -> bool {
    symbol.chars().all(|sign| matches!(sign, '\u{2500}'..='\u{259f}' | '●' | '◐' | '○' | '◌' | '✓' | '≠' | '✗' | '•'))
        && symbol != "▌"
}

/// What stands for one of our signs; `None` for any other letter.
fn plain(sign: char) -> Option<char> {
    Some(match sign {
        '─' | '━' | '╌' | '╍' | '┄' | '┅' | '┈' | '┉' | '╴' | '╶' | '╸' | '╺' | '╼' | '╾' | '═' | '–' | '—' => {
            '-'
        }
        '│' | '┃' | '╎' | '╏' | '┆' | '┇' | '┊' | '┋' | '╵' | '╷' | '╹' | '╻' | '╽' | '╿' | '║' => {
            '|'
        }
        '╳' | '✗' => 'x',
        '\u{2500}'..='\u{257f}' => '+',
        '▌' | '▸' | '▶' | '›' | '→' => '>',
        '‹' | '←' | '↶' | '◀' => '<',
        '▴' | '↑' => '^',
        '▾' | '↓' => 'v',
        '▁' | '▏' | '▎' => '_',
        '▂' | '▃' | '▍' | '⋅' | '·' | '░' | '▒' | '▓' => '.',
        '▄' | '▅' | '▋' | '▊' => ':',
        '▆' | '▇' | '▉' => '=',
        '█' => '#',
        '●' | '•' => '*',
        '◐' => '%',
        '○' | '◌' => 'o',
        '✓' => 'V',
        '≠' => '!',
        '…' => '~',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        'µ' => 'u',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    fn drawn(signs: Signs, text: &str) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        buffer.set_string(0, 0, text, ratatui::style::Style::new());
        signs.apply(&mut buffer);
        buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn in_ascii_nothing_else_is_drawn_and_nothing_moves() {
        assert_eq!(drawn(Signs::Ascii, "╭─┬╮ ▌ ● live ◐ …"), "+-++ > * live % ~");
        assert_eq!(drawn(Signs::Ascii, "日本x é"), "????x ?");
        assert_eq!(drawn(Signs::All, "日"), "日");
    }

    #[test]
    fn in_words_no_line_is_drawn_and_names_stay() {
        assert_eq!(drawn(Signs::Words, "│ ▌ ● live █░ é"), "  >   live    é");
    }
}
