//! The tabs that there are.

use crate::tui::keymap::Action;

/// A tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// What routes where.
    #[default]
    Endpoints,
    /// The same as a patch bay.
    Board,
    /// Who may call what.
    Groups,
    /// What is happening.
    Traffic,
    /// Who changed what.
    History,
    /// The local gateway.
    Gateway,
}

impl Tab {
    /// All that there are, in their order.
    pub const ALL: [Self; 6] =
        [Self::Endpoints, Self::Board, Self::Groups, Self::Traffic, Self::History, Self::Gateway];

    /// Its name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Endpoints => "Endpoints",
            Self::Board => "Board",
            Self::Groups => "Groups",
            Self::Traffic => "Traffic",
            Self::History => "History",
            Self::Gateway => "Gateway",
        }
    }

    /// The action that opens it.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::Endpoints => Action::Tab1,
            Self::Board => Action::Tab2,
            Self::Groups => Action::Tab3,
            Self::Traffic => Action::Tab4,
            Self::History => Action::Tab5,
            Self::Gateway => Action::Tab6,
        }
    }
}
