//! What was changed last, by whomever: the third column of wide terminals.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Endpoints;
use super::table::state_role;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// Draws the pane.
pub fn draw(screen: &Endpoints, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
    let title = Line::from(shared.span(Role::Strong, "Last changes"));
    let inner = layout::inset(layout::pane(shared, area, false, title, Line::default(), frame), 1);
    let columns = usize::from(inner.width);
    let mut rows = layout::rows(inner);
    for row in screen.latest() {
        let state = screen.state(shared, row);
        let ago = text::fit_right(&text::ago(shared.server_now(), row.updated_at), 13);
        let head = Line::from(vec![
            shared.span(state_role(&state), format!("{} ", state.glyph())),
            shared.span(Role::Text, text::fit(row.slug.as_str(), columns.saturating_sub(15))),
            shared.span(Role::Muted, ago),
        ]);
        let routes = format!("  └▶ {} {}", row.targets.provider, row.targets.label);
        let (Some(first), Some(second)) = (rows.next(), rows.next()) else { return };
        frame.render_widget(head, first);
        frame.render_widget(shared.span(Role::Muted, text::cut(&routes, columns).into_owned()), second);
    }
}
