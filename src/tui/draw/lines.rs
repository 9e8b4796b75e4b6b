//! Box characters by their arms, and the lines of a tree.

/// How strong an arm of a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Weight {
    /// There is none.
    #[default]
    None,
    /// A thin line.
    Light,
    /// A thick line.
    Heavy,
}

/// The four arms of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arms {
    /// To the row above.
    pub up: Weight,
    /// To the column at the right.
    pub right: Weight,
    /// To the row below.
    pub down: Weight,
    /// To the column at the left.
    pub left: Weight,
}

impl Arms {
    /// A line from left to right.
    #[must_use]
    pub fn horizontal(weight: Weight) -> Self {
        Self { right: weight, left: weight, ..Self::default() }
    }

    /// A line from top to bottom.
    #[must_use]
    pub fn vertical(weight: Weight) -> Self {
        Self { up: weight, down: weight, ..Self::default() }
    }

    /// Both together; where both have an arm, the stronger one.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            up: self.up.max(other.up),
            right: self.right.max(other.right),
            down: self.down.max(other.down),
            left: self.left.max(other.left),
        }
    }

    /// The character with these arms. Light corners are round.
    #[must_use]
    pub fn glyph(self) -> char {
        let index = |weight: Weight| match weight {
            Weight::None => 0,
            Weight::Light => 1,
            Weight::Heavy => 2,
        };
        let place = ((index(self.up) * 3 + index(self.right)) * 3 + index(self.down)) * 3 + index(self.left);
        GLYPHS.chars().nth(place).unwrap_or(' ')
    }
}

/// By up, right, down, left, each none, light or heavy, left changing fastest.
const GLYPHS: &str = concat!(
    // Up none; right none, light, heavy.
    " ╴╸╷╮┑╻┒┓",
    "╶─╾╭┬┭┎┰┱",
    "╺╼━┍┮┯┏┲┳",
    // Up light.
    "╵╯┙│┤┥╽┧┪",
    "╰┴┵├┼┽┟╁╅",
    "┕┶┷┝┾┿┢╆╈",
    // Up heavy.
    "╹┚┛╿┦┩┃┨┫",
    "┖┸┹┞╀╃┠╂╉",
    "┗┺┻┡╄╇┣╊╋",
);

/// A dashed line from left to right, of this weight.
#[must_use]
pub fn dashed_horizontal(weight: Weight) -> char {
    if weight == Weight::Heavy { '╍' } else { '╌' }
}

/// A dashed line from top to bottom, of this weight.
#[must_use]
pub fn dashed_vertical(weight: Weight) -> char {
    if weight == Weight::Heavy { '╏' } else { '╎' }
}

/// What stands before a row of a tree: for each level above it whether that line goes on below, then its own branch.
///
/// `goes_on` has an entry a level, the row's own last; it is empty for a root.
#[must_use]
pub fn tree_prefix(goes_on: &[bool]) -> String {
    let Some((own, above)) = goes_on.split_last() else { return String::new() };
    let mut prefix: String = above.iter().map(|goes_on| if *goes_on { "│  " } else { "   " }).collect();
    prefix.push_str(if *own { "├─ " } else { "╰─ " });
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_of_arms_has_its_own_character() {
        let glyphs: Vec<char> = GLYPHS.chars().collect();
        assert_eq!(glyphs.len(), 81);
        let distinct: std::collections::BTreeSet<char> = glyphs.iter().copied().collect();
        assert_eq!(distinct.len(), 81);
    }

    #[test]
    fn glyphs_have_the_arms_that_they_are_asked_for() {
        use Weight::{Heavy, Light};
        assert_eq!(Arms::horizontal(Light).glyph(), '─');
        assert_eq!(Arms::vertical(Heavy).glyph(), '┃');
        assert_eq!(Arms { up: Light, down: Light, right: Heavy, ..Arms::default() }.glyph(), '┝');
        assert_eq!(Arms { left: Light, down: Light, ..Arms::default() }.glyph(), '╮');
        assert_eq!(Arms { left: Heavy, up: Heavy, down: Light, ..Arms::default() }.glyph(), '┩');
        assert_eq!(Arms::horizontal(Light).with(Arms::vertical(Heavy)).glyph(), '╂');
    }

    #[test]
    fn a_tree_shows_which_lines_go_on() {
        assert_eq!(tree_prefix(&[]), "");
        assert_eq!(tree_prefix(&[true]), "├─ ");
        assert_eq!(tree_prefix(&[true, false]), "│  ╰─ ");
        assert_eq!(tree_prefix(&[false, true, false]), "   │  ╰─ ");
    }
}
