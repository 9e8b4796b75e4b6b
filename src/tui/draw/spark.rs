//! Sparklines: a row of small bars that shows a course at one look.

use ratatui::text::{Line, Span};

use crate::tui::theme::{Role, Theme};

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar a value, the last `columns` of them, measured against the greatest. Nothing at all is a faint floor, so that
/// it cannot be taken for little.
#[must_use]
pub fn sparkline(theme: Theme, values: &[u64], columns: usize, role: Role) -> Line<'static> {
    let shown = values.get(values.len().saturating_sub(columns)..).unwrap_or(values);
    let greatest = shown.iter().copied().max().unwrap_or(0);
    let mut spans: Vec<Span<'static>> = Vec::new();
    let missing = columns - shown.len();
    for (is_zero, bar) in
        std::iter::repeat_n((true, ' '), missing).chain(shown.iter().map(|value| bar(*value, greatest)))
    {
        let style = theme.style(if is_zero { Role::Faint } else { role });
        match spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push(bar),
            Some(_) | None => spans.push(Span::styled(bar.to_string(), style)),
        }
    }
    Line::from(spans)
}

/// The same as high as `rows`, from top to bottom.
#[must_use]
pub fn bars(theme: Theme, values: &[u64], columns: usize, rows: usize, role: Role) -> Vec<Line<'static>> {
    if rows < 2 {
        return vec![sparkline(theme, values, columns, role)];
    }
    let shown = values.get(values.len().saturating_sub(columns)..).unwrap_or(values);
    let greatest = shown.iter().copied().max().unwrap_or(0).max(1);
    let missing = " ".repeat(columns - shown.len());
    let eighths_all = u128::try_from(rows * 8).unwrap_or(u128::MAX);
    (0..rows)
        .rev()
        .map(|row| {
            let mut spans: Vec<Span<'static>> = vec![Span::raw(missing.clone())];
            for value in shown {
                let eighths = (u128::from(*value) * eighths_all).div_ceil(u128::from(greatest));
                let level = usize::try_from(eighths).unwrap_or(usize::MAX).saturating_sub(row * 8).min(8);
                let (bar, role) = match level.checked_sub(1) {
                    Some(index) => (LEVELS.get(index).copied().unwrap_or('█'), role),
                    None if row == 0 => ('⋅', Role::Faint),
                    None => (' ', Role::Faint),
                };
                let style = theme.style(role);
                match spans.last_mut() {
                    Some(last) if last.style == style => last.content.to_mut().push(bar),
                    Some(_) | None => spans.push(Span::styled(bar.to_string(), style)),
                }
            }
            Line::from(spans)
        })
        .collect()
}

fn bar(value: u64, greatest: u64) -> (bool, char) {
    if value == 0 || greatest == 0 {
        return (true, '⋅');
    }
    let level = (u128::from(value) * 8).div_ceil(u128::from(greatest)).clamp(1, 8);
    let index = usize::try_from(level - 1).unwrap_or(0);
    (false, LEVELS.get(index).copied().unwrap_or('█'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(values: &[u64], columns: usize) -> String {
        sparkline(Theme::default(), values, columns, Role::Accent)
            .spans
            .iter()
            .map(|span| span.content.as_ref())
            .collect()
    }

    #[test]
    fn bars_are_measured_against_the_greatest() {
        assert_eq!(text(&[0, 1, 2, 4, 8], 5), "⋅▁▂▄█");
        assert_eq!(text(&[u64::MAX, 1], 2), "█▁");
        assert_eq!(text(&[0, 0], 2), "⋅⋅");
    }

    #[test]
    fn two_rows_tell_sixteen_levels() {
        let lines = bars(Theme::default(), &[0, 1, 8, 12, 16], 6, 2, Role::Accent);
        let texts: Vec<String> = lines.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["    ▄█", " ⋅▁███"]);
        assert_eq!(bars(Theme::default(), &[], 3, 2, Role::Accent).len(), 2);
    }

    #[test]
    fn the_newest_stand_at_the_right() {
        assert_eq!(text(&[1, 2, 4, 8], 2), "▄█");
        assert_eq!(text(&[8], 3), "  █");
        assert_eq!(text(&[], 2), "  ");
    }
}
