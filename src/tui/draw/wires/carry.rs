//! One wire whose end is carried from target to target. All others step back.

use super::grid::{Grid, Pen};
use crate::tui::draw::lines::Weight;
use crate::tui::theme::Role;

const OLD: usize = 0;
const NEW: usize = 1;

/// Where a carried wire starts, hung before, and hangs now, as rows in view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// The row at the left that it starts from.
    pub from: usize,
    /// The row of the target that it leaves. It may lie above (negative) or below the view.
    pub old: Option<i64>,
    /// The row of the target over which it is held.
    pub new: usize,
}

/// The wire as it would be: heavy to where it is held, dashed and cut where it leaves.
#[must_use]
pub fn carry(carried: Carried, columns: usize, rows: usize) -> Grid {
    let mut grid = Grid::new(columns, rows);
    let last = columns.saturating_sub(1);
    let (old_column, new_column) = (columns / 3, columns * 2 / 3);
    let new = Pen { net: NEW, weight: Weight::Heavy, is_dashed: false, role: Role::Accent };
    if let Some(old) = carried.old.filter(|old| usize::try_from(*old) != Ok(carried.new)) {
        draw_old(&mut grid, carried.from, old, (old_column, last), rows);
    }
    if carried.from == carried.new {
        grid.across(carried.from, 0, last, new);
    } else {
        grid.across(carried.from, 0, new_column, new);
        grid.along(new_column, carried.from, carried.new, new);
        grid.across(carried.new, new_column, last, new);
    }
    // Where the old wire branches off the new one it must be seen to.
    if let Some(old) = carried.old.filter(|old| i64::try_from(carried.from) != Ok(*old)) {
        let is_held_there = usize::try_from(old) == Ok(carried.new);
        if !is_held_there {
            let below = i64::try_from(carried.from).is_ok_and(|from| old > from);
            grid.branch(old_column, carried.from, below);
        }
    }
    grid.leave(carried.from, new);
    grid.arrive(carried.new, new);
    grid.write(last.saturating_sub(1), carried.new, "▶", Role::Accent);
    grid
}

fn draw_old(grid: &mut Grid, from: usize, old: i64, (column, last): (usize, usize), rows: usize) {
    let pen = Pen { net: OLD, weight: Weight::Light, is_dashed: true, role: Role::Danger };
    match usize::try_from(old) {
        Ok(row) if row < rows => {
            grid.along(column, from, row, pen);
            grid.across(row, column, last.saturating_sub(1), pen);
            grid.write(last.saturating_sub(2), row, "╳ ", Role::Danger);
        }
        Ok(_) => grid.along(column, from, rows.saturating_sub(1), pen),
        Err(_) => grid.along(column, from, 0, pen),
    }
}
