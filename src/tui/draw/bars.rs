//! Bars: how much of a limit is used.

use ratatui::text::Span;

use crate::tui::theme::{Role, Theme};

const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// From this share on a limit is close, in percent.
pub const CLOSE_PERCENT: u64 = 80;

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// What is used.
    pub used: u64,
    /// The most that is admitted. 0 admits nothing.
    pub limit: u64,
}

impl Fill {
    /// The share in whole percent, rounded down so that a limit is never called reached before it is. `None` where
    /// the limit is 0, of which there is no share.
    #[must_use]
    pub fn percent(self) -> Option<u64> {
        let percent = (u128::from(self.used) * 100).checked_div(u128::from(self.limit))?;
        Some(u64::try_from(percent).unwrap_or(u64::MAX))
    }

    /// How it is meant: well within, close, or reached.
    #[must_use]
    pub fn role(self) -> Role {
        match self.percent() {
            None | Some(100..) => Role::Danger,
            Some(CLOSE_PERCENT..) => Role::Waiting,
            Some(_) => Role::Ok,
        }
    }

    /// The share in words: `61 %`, `blocked` for a limit that admits nothing.
    #[must_use]
    pub fn text(self) -> String {
        self.percent().map_or_else(|| "blocked".to_owned(), |percent| format!("{percent} %"))
    }
}

/// A bar of exactly `columns`, filled to an eighth of a column. What is used at all shows at least a sliver, and what
/// is not full leaves at least one.
#[must_use]
pub fn bar(theme: Theme, fill: Fill, columns: usize) -> Vec<Span<'static>> {
    let eighths_all = u128::try_from(columns * 8).unwrap_or(u128::MAX);
    let eighths = match (u128::from(fill.used) * eighths_all).checked_div(u128::from(fill.limit)) {
        None => eighths_all,
        Some(0) if fill.used > 0 => 1,
        Some(part) if fill.used < fill.limit => part.min(eighths_all.saturating_sub(1)),
        Some(part) => part.min(eighths_all),
    };
    let eighths = usize::try_from(eighths).unwrap_or(columns * 8);
    let (whole, rest) = (eighths / 8, eighths % 8);
    let mut filled = "█".repeat(whole);
    if rest > 0 {
        filled.push(EIGHTHS[rest]);
    }
    let empty = columns - whole - usize::from(rest > 0);
    vec![Span::styled(filled, theme.style(fill.role())), Span::styled("░".repeat(empty), theme.style(Role::Faint))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(used: u64, limit: u64, columns: usize) -> String {
        bar(Theme::default(), Fill { used, limit }, columns).iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn a_bar_is_full_only_at_its_limit() {
        assert_eq!(text(0, 10, 4), "░░░░");
        assert_eq!(text(5, 10, 4), "██░░");
        assert_eq!(text(999_999, 1_000_000, 4), "███▉");
        assert_eq!(text(10, 10, 4), "████");
        assert_eq!(text(25, 10, 4), "████");
        assert_eq!(text(1, 1_000_000, 4), "▏░░░");
    }

    #[test]
    fn a_limit_of_nothing_is_blocked() {
        let fill = Fill { used: 0, limit: 0 };
        assert_eq!((fill.text().as_str(), fill.role()), ("blocked", Role::Danger));
        assert_eq!(text(0, 0, 3), "███");
    }

    #[test]
    fn shares_are_rounded_down_and_never_overflow() {
        assert_eq!(Fill { used: u64::MAX, limit: u64::MAX }.percent(), Some(100));
        assert_eq!(Fill { used: 1999, limit: 2000 }.text(), "99 %");
        assert_eq!(Fill { used: 79, limit: 100 }.role(), Role::Ok);
        assert_eq!(Fill { used: 80, limit: 100 }.role(), Role::Waiting);
    }
}
