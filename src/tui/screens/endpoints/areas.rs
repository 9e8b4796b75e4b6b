//! Where the panes of the tab stand, and what is drawn at a position.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{Endpoints, Pane};
use crate::tui::layout::Breadth;

impl Endpoints {
    /// The areas of list, detail and last changes; an empty one is not shown.
    #[must_use]
    pub fn areas(&self, area: Rect) -> (Rect, Rect, Rect) {
        let none = Rect::default();
        match Breadth::of(area.width) {
            Breadth::Narrow if self.pane == Pane::Detail => (none, area, none),
            Breadth::Narrow => (area, none, none),
            Breadth::Medium => {
                let [list, detail] = Layout::horizontal([Constraint::Percentage(58), Constraint::Min(40)]).areas(area);
                (list, detail, none)
            }
            Breadth::Wide => {
                let widths = [Constraint::Percentage(50), Constraint::Min(48), Constraint::Percentage(22)];
                let [list, detail, recent] = Layout::horizontal(widths).areas(area);
                (list, detail, recent)
            }
        }
    }

    /// Where the pane of a change stands: over everything, or beside the list where there is room for both.
    pub(super) fn work_area(&self, area: Rect) -> Rect {
        match Breadth::of(area.width) {
            Breadth::Narrow | Breadth::Medium => area,
            Breadth::Wide => {
                let (list, _, _) = self.areas(area);
                Rect { x: list.right(), width: area.right().saturating_sub(list.right()), ..area }
            }
        }
    }

    /// The body of the screen has another size.
    pub fn resize(&mut self, body: Rect) {
        self.area = body;
        let (list, ..) = self.areas(body);
        let filter = u16::from(self.is_filter_shown());
        if !list.is_empty() {
            self.list.resize(usize::from(list.height.saturating_sub(3 + filter)));
        }
    }

    /// The place in the order of the row that is drawn at this position, where there is one.
    #[must_use]
    pub fn row_at(&self, column: u16, row: u16) -> Option<usize> {
        let (list, ..) = self.areas(self.area);
        let top = list.y + 2 + u16::from(self.is_filter_shown());
        let is_inside = column > list.x && column + 1 < list.right() && row >= top && row + 1 < list.bottom();
        let place = self.list.offset + usize::from(row.checked_sub(top).filter(|_| is_inside)?);
        (place < self.list.order.len()).then_some(place)
    }
}
