//! A chart with axes: bars for one course, marks for a second one over it.
//!
//! ```text
//!  200 ┤                •  •
//!      │            •▃█████▆
//!  100 ┤      ▂▄▆███████████▇▅
//!      │▁▃▅▇██████████████████▆▄
//!    0 ┼───────────────────────────
//!       5 min ago                now
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::text;
use crate::tui::theme::{Role, Theme};

const LEVELS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const LABEL_MAX: usize = 8;

/// What a chart shows.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// A value a column, the newest last. More than fit lose their oldest.
    pub bars: &'a [u64],
    /// A second course over the bars, its newest last; `None` where there was nothing to measure.
    pub marks: &'a [Option<u64>],
    /// How a value is written at the axis.
    pub value: fn(u64) -> String,
    /// What stands under the left end.
    pub from: &'a str,
    /// What stands under the right end.
    pub until: &'a str,
}

/// The least of 1, 2, 5, 10, 20, 50 … that is at least `greatest`, so that axes end on round numbers.
#[must_use]
pub fn round_up(greatest: u64) -> u64 {
    let mut scale: u64 = 1;
    loop {
        for step in [1, 2, 5] {
            match scale.checked_mul(step) {
                Some(candidate) if candidate >= greatest => return candidate,
                Some(_) => {}
                None => return u64::MAX,
            }
        }
        let Some(next) = scale.checked_mul(10) else { return u64::MAX };
        scale = next;
    }
}

/// Draws the chart over the whole area. Under 4 rows or 12 columns nothing is drawn.
pub fn draw(theme: Theme, chart: &Chart<'_>, area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    if area.width < 12 || area.height < 4 {
        return;
    }
    let tail = |length: usize, columns: usize| length.saturating_sub(columns);
    let greatest = |from: usize, marks_from: usize| {
        let bars = chart.bars.iter().skip(from).copied();
        bars.chain(chart.marks.iter().skip(marks_from).flatten().copied()).max().unwrap_or(0)
    };
    // The labels' width decides how many columns are left, and these which values are seen: the widest label counts.
    let label_columns = text::width(&(chart.value)(round_up(greatest(0, 0).max(1)))).min(LABEL_MAX);
    let left = u16::try_from(label_columns + 2).unwrap_or(area.width);
    let plot = Rect { x: area.x + left, width: area.width.saturating_sub(left), height: area.height - 2, ..area };
    let columns = usize::from(plot.width);
    let (from, marks_from) = (tail(chart.bars.len(), columns), tail(chart.marks.len(), columns));
    let top = round_up(greatest(from, marks_from).max(1));
    draw_axes(theme, chart, area, plot, top, buffer);
    let column_of = |index: usize, shown: usize| plot.right() - u16::try_from(shown - index).unwrap_or(plot.width);
    let shown = chart.bars.len() - from;
    for (index, value) in chart.bars.iter().skip(from).enumerate() {
        draw_bar(theme, *value, top, column_of(index, shown), plot, buffer);
    }
    let shown = chart.marks.len() - marks_from;
    for (index, value) in chart.marks.iter().skip(marks_from).enumerate() {
        if let Some(value) = value {
            let row = plot.bottom() - 1 - row_of(*value, top, plot.height);
            buffer.set_string(column_of(index, shown), row, "•", theme.style(Role::Waiting));
        }
    }
}

fn row_of(value: u64, top: u64, rows: u16) -> u16 {
    let row = u128::from(value) * u128::from(rows) / u128::from(top.max(1));
    u16::try_from(row).unwrap_or(rows).min(rows.saturating_sub(1))
}

fn draw_bar(theme: Theme, value: u64, top: u64, column: u16, plot: Rect, buffer: &mut Buffer) {
    let eighths = (u128::from(value) * u128::from(plot.height) * 8).div_ceil(u128::from(top.max(1)));
    let mut left = usize::try_from(eighths).unwrap_or(usize::MAX).min(usize::from(plot.height) * 8);
    for row in (plot.top()..plot.bottom()).rev() {
        if left == 0 {
            return;
        }
        let level = left.min(8);
        buffer.set_string(column, row, LEVELS[level], theme.style(Role::Accent));
        left -= level;
    }
}

fn draw_axes(theme: Theme, chart: &Chart<'_>, area: Rect, plot: Rect, top: u64, buffer: &mut Buffer) {
    let (muted, faint) = (theme.style(Role::Muted), theme.style(Role::Faint));
    let axis = plot.x - 1;
    let columns = usize::from(plot.x - area.x).saturating_sub(2);
    let middle = plot.y + plot.height / 2;
    for row in plot.top()..plot.bottom() {
        let label = match row {
            row if row == plot.y => Some(top),
            // A middle that is no whole number, or too near to the others, would only confuse.
            row if row == middle && plot.height >= 6 && top.is_multiple_of(2) && plot.height.is_multiple_of(2) => {
                Some(top / 2)
            }
            _ => None,
        };
        buffer.set_string(axis, row, if label.is_some() { "┤" } else { "│" }, faint);
        if let Some(value) = label {
            buffer.set_string(area.x, row, text::fit_right(&(chart.value)(value), columns), muted);
        }
    }
    let floor = plot.bottom();
    buffer.set_string(area.x, floor, text::fit_right(&(chart.value)(0), columns), muted);
    buffer.set_string(axis, floor, "┼", faint);
    buffer.set_string(plot.x, floor, "─".repeat(usize::from(plot.width)), faint);
    let until = text::width(chart.until);
    let from = text::cut(chart.from, usize::from(plot.width).saturating_sub(until + 1));
    buffer.set_string(plot.x, floor + 1, from, muted);
    let right = u16::try_from(until).unwrap_or(0).min(plot.width);
    buffer.set_string(plot.right() - right, floor + 1, chart.until, muted);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(bars: &[u64], marks: &[Option<u64>], columns: u16, rows: u16) -> String {
        let area = Rect::new(0, 0, columns, rows);
        let mut buffer = Buffer::empty(area);
        let chart = Chart { bars, marks, value: |value| value.to_string(), from: "5 min ago", until: "now" };
        draw(Theme::default(), &chart, area, &mut buffer);
        let rows = buffer.content().chunks(usize::from(columns));
        rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned() + "\n")
            .collect()
    }

    #[test]
    fn axes_end_on_round_numbers() {
        let ends = [(0, 1), (1, 1), (3, 5), (5, 5), (6, 10), (101, 200), (u64::MAX, u64::MAX)];
        for (greatest, end) in ends {
            assert_eq!(round_up(greatest), end, "{greatest}");
        }
    }

    #[test]
    fn bars_and_marks_stand_on_one_scale() {
        let bars = [0, 10, 25, 50, 75, 100, 100, 50];
        let marks = [None, Some(20), Some(50), Some(100), Some(150), Some(200), Some(120), None];
        insta::assert_snapshot!(drawn(&bars, &marks, 30, 8));
    }

    #[test]
    fn the_oldest_go_where_there_is_no_room() {
        let bars: Vec<u64> = (1..=100).collect();
        insta::assert_snapshot!(drawn(&bars, &[], 24, 6));
    }

    #[test]
    fn nothing_is_drawn_without_room_or_past_the_buffer() {
        assert_eq!(drawn(&[1], &[], 11, 4).trim(), "");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 5));
        let chart = Chart { bars: &[1], marks: &[Some(7)], value: |value| value.to_string(), from: "", until: "" };
        draw(Theme::default(), &chart, Rect::new(3, 1, 100, 100), &mut buffer);
    }
}
