//! The wires as cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::routing::{Net, Pin, Routing};
use crate::tui::draw::lines::{self, Arms, Weight};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// Columns before the first trunk and behind the last.
const MARGIN: usize = 2;
/// The widest step from trunk to trunk.
const STEP_MAX: usize = 4;

#[derive(Debug, Clone, Default)]
struct Cell {
    arms: Arms,
    net: Option<usize>,
    is_dashed: bool,
    role: Option<Role>,
    letter: Option<String>,
}

/// A picture of wires, `columns` wide. Its first and last column are the borders of the lists at its sides.
#[derive(Debug, Clone)]
pub struct Grid {
    columns: usize,
    cells: Vec<Cell>,
}

/// How a piece of wire is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    /// Whose it is.
    pub net: usize,
    /// How strong.
    pub weight: Weight,
    /// Whether it is dashed.
    pub is_dashed: bool,
    /// What it means.
    pub role: Role,
}

impl Grid {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![Cell::default(); columns * rows] }
    }

    fn cell(&mut self, column: usize, row: usize) -> Option<&mut Cell> {
        if column < self.columns { self.cells.get_mut(row * self.columns + column) } else { None }
    }

    fn lay(&mut self, column: usize, row: usize, arms: Arms, pen: Pen) {
        let Some(cell) = self.cell(column, row) else { return };
        if cell.net == Some(pen.net) {
            cell.arms = cell.arms.with(arms);
            cell.is_dashed &= pen.is_dashed;
            if pen.weight == Weight::Heavy {
                cell.role = Some(pen.role);
                cell.is_dashed = pen.is_dashed;
            }
        } else {
            // Another wire's: that one is broken here, so that nothing seems to join.
            *cell = Cell { arms, net: Some(pen.net), is_dashed: pen.is_dashed, role: Some(pen.role), letter: None };
        }
    }

    /// A line in a row from one column to another, ends included.
    pub(super) fn across(&mut self, row: usize, from: usize, to: usize, pen: Pen) {
        let (from, to) = (from.min(to), from.max(to));
        for column in from..=to {
            let mut arms = Arms::horizontal(pen.weight);
            if column == from {
                arms.left = Weight::None;
            }
            if column == to {
                arms.right = Weight::None;
            }
            self.lay(column, row, arms, pen);
        }
    }

    /// A line in a column from one row to another, ends included.
    pub(super) fn along(&mut self, column: usize, from: usize, to: usize, pen: Pen) {
        let (from, to) = (from.min(to), from.max(to));
        for row in from..=to {
            let mut arms = Arms::vertical(pen.weight);
            if row == from {
                arms.up = Weight::None;
            }
            if row == to {
                arms.down = Weight::None;
            }
            self.lay(column, row, arms, pen);
        }
    }

    /// A wire leaves the list at the left.
    pub(super) fn leave(&mut self, row: usize, pen: Pen) {
        self.joint(0, row, Arms { right: pen.weight, ..Arms::vertical(Weight::Light) }, pen);
    }

    /// A wire reaches the list at the right.
    pub(super) fn arrive(&mut self, row: usize, pen: Pen) {
        let column = self.columns.saturating_sub(1);
        self.joint(column, row, Arms { left: pen.weight, ..Arms::vertical(Weight::Light) }, pen);
    }

    fn joint(&mut self, column: usize, row: usize, arms: Arms, pen: Pen) {
        if let Some(cell) = self.cell(column, row) {
            *cell = Cell { arms, net: Some(pen.net), is_dashed: false, role: Some(pen.role), letter: None };
        }
    }

    /// A light branch leaves a heavy line that runs through the cell, downwards or upwards.
    pub(super) fn branch(&mut self, column: usize, row: usize, is_down: bool) {
        if let Some(cell) = self.cell(column, row) {
            let end = if is_down { &mut cell.arms.down } else { &mut cell.arms.up };
            *end = Weight::Light;
        }
    }

    /// Writes a text over a row.
    pub(super) fn write(&mut self, column: usize, row: usize, written: &str, role: Role) {
        let mut at = column;
        for letter in unicode_segmentation::UnicodeSegmentation::graphemes(written, true) {
            if let Some(cell) = self.cell(at, row) {
                cell.letter = Some(letter.to_owned());
                cell.role = Some(role);
            }
            for behind in at + 1..at + text::width(letter) {
                if let Some(cell) = self.cell(behind, row) {
                    cell.letter = Some(String::new());
                }
            }
            at += text::width(letter);
        }
    }

    /// Draws the picture from the area's corner on; what has no room is left out.
    pub fn draw(&self, theme: Theme, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        for (row, cells) in (area.top()..area.bottom()).zip(self.cells.chunks(self.columns.max(1))) {
            for (column, cell) in (area.left()..area.right()).zip(cells) {
                let Some(role) = cell.role else { continue };
                let Some(target) = buffer.cell_mut((column, row)) else { continue };
                match &cell.letter {
                    Some(letter) if letter.is_empty() => continue,
                    Some(letter) => target.set_symbol(letter),
                    None => target.set_char(cell.glyph()),
                };
                target.set_style(theme.style(role));
            }
        }
    }
}

impl Cell {
    fn glyph(&self) -> char {
        if self.is_dashed {
            let Arms { up, right, down, left } = self.arms;
            if up == Weight::None && down == Weight::None {
                return lines::dashed_horizontal(right.max(left));
            }
            if right == Weight::None && left == Weight::None {
                return lines::dashed_vertical(up.max(down));
            }
        }
        self.arms.glyph()
    }
}

/// How many trunks have a column of their own in so many columns.
#[must_use]
pub fn lanes_max(columns: usize) -> usize {
    columns.saturating_sub(2 + 2 * MARGIN)
}

/// The wires of a routing, `columns` wide with the borders. `lit` is the row whose wire is lit from end to end; `label`
/// tells the name of a target whose trunk found no column.
#[must_use]
pub fn paint(
    pins: &[Option<Pin>],
    routing: &Routing,
    lit: Option<usize>,
    columns: usize,
    label: impl Fn(usize) -> String,
) -> Grid {
    let mut grid = Grid::new(columns, pins.len());
    let lanes = Lanes::new(pins, routing, columns);
    let painter = Painter { pins, routing, lanes, last: columns.saturating_sub(1) };
    // Trunks go over what crosses them, the lit wire over everything.
    for (row, pin) in pins.iter().enumerate().filter_map(|(row, pin)| Some((row, pin.as_ref()?))) {
        painter.row(&mut grid, row, pin, false, &label);
    }
    for (number, net) in &routing.nets {
        painter.trunk(&mut grid, *number, net);
    }
    if let Some((row, pin)) = lit.and_then(|row| Some((row, pins.get(row)?.as_ref()?))) {
        painter.row(&mut grid, row, pin, true, &label);
        painter.lit_trunk(&mut grid, row, pin);
    }
    grid
}

/// Where the trunks stand.
struct Lanes {
    first: usize,
    step: usize,
    has_notes: bool,
}

impl Lanes {
    fn new(pins: &[Option<Pin>], routing: &Routing, columns: usize) -> Self {
        let room = columns.saturating_sub(2 + 2 * MARGIN);
        let widest = pins.iter().flatten().map(|pin| text::width(&pin.note)).max().unwrap_or(0);
        let notes = if widest > 0 { widest + 3 } else { 0 };
        let has_notes = routing.lanes + notes <= room;
        let notes = if has_notes { notes } else { 0 };
        let step = ((room - notes.min(room)) / routing.lanes.max(1)).clamp(1, STEP_MAX);
        let used = routing.lanes.saturating_sub(1) * step;
        let first = 1 + MARGIN + notes + (room.saturating_sub(notes + used)) / 2;
        Self { first, step, has_notes }
    }

    fn column(&self, lane: usize) -> usize {
        self.first + lane * self.step
    }
}

struct Painter<'a> {
    pins: &'a [Option<Pin>],
    routing: &'a Routing,
    lanes: Lanes,
    last: usize,
}

impl Painter<'_> {
    fn pen(pin: &Pin, is_lit: bool) -> Pen {
        let weight = if is_lit { Weight::Heavy } else { Weight::Light };
        let role = match (is_lit, pin.is_waiting) {
            (true, _) => Role::Accent,
            (false, true) => Role::Waiting,
            (false, false) => Role::Muted,
        };
        Pen { net: pin.net, weight, is_dashed: pin.is_waiting, role }
    }

    /// The wire of a row: to its trunk, and where its target stands beside it, on to the target.
    fn row(&self, grid: &mut Grid, row: usize, pin: &Pin, is_lit: bool, label: &impl Fn(usize) -> String) {
        let Some(net) = self.routing.nets.get(&pin.net) else { return };
        let pen = Self::pen(pin, is_lit);
        let is_home = net.anchor == row;
        match net.lane.map(|lane| self.lanes.column(lane)) {
            Some(column) => {
                grid.across(row, 0, column, pen);
                if is_home {
                    grid.across(row, column, self.last, self.feed(pin.net, pen));
                }
            }
            None if is_home => grid.across(row, 0, self.last, pen),
            None => {
                grid.across(row, 0, 2, pen);
                let name = format!("▸ {}", label(pin.net));
                grid.write(3, row, &text::cut(&name, self.last.saturating_sub(4)), pen.role);
            }
        }
        grid.leave(row, Pen { role: if is_lit { pen.role } else { Role::Border }, ..pen });
        if is_home {
            let feed = self.feed(pin.net, pen);
            grid.arrive(row, Pen { role: if is_lit { feed.role } else { Role::Border }, ..feed });
        }
        if self.lanes.has_notes && !pin.note.is_empty() && !self.routing.is_loose(row, pin.net) {
            grid.write(2, row, &format!(" {} ", text::clean(&pin.note)), pen.role);
        }
    }

    /// What all rows of a target share is dashed only where all of them wait.
    fn feed(&self, number: usize, pen: Pen) -> Pen {
        let all_wait = self.pins.iter().flatten().filter(|pin| pin.net == number).all(|pin| pin.is_waiting);
        let role = match (pen.weight, all_wait) {
            (Weight::Heavy, _) => pen.role,
            (Weight::None | Weight::Light, true) => Role::Waiting,
            (Weight::None | Weight::Light, false) => Role::Muted,
        };
        Pen { is_dashed: all_wait, role, ..pen }
    }

    fn trunk(&self, grid: &mut Grid, number: usize, net: &Net) {
        let Some(lane) = net.lane else { return };
        let pen = Pen { net: number, weight: Weight::Light, is_dashed: false, role: Role::Muted };
        grid.along(self.lanes.column(lane), net.span.0, net.span.1, self.feed(number, pen));
    }

    /// The part of the trunk between a lit row and its target, and the way from there on.
    fn lit_trunk(&self, grid: &mut Grid, row: usize, pin: &Pin) {
        let Some(net) = self.routing.nets.get(&pin.net) else { return };
        let Some(column) = net.lane.map(|lane| self.lanes.column(lane)) else { return };
        let pen = self.feed(pin.net, Self::pen(pin, true));
        if net.anchor != row {
            grid.along(column, row, net.anchor, pen);
            grid.across(net.anchor, column, self.last, pen);
            grid.arrive(net.anchor, pen);
        }
    }
}
