//! The columns of the list: which there are, which of them are shown, and how wide each is.

use super::list::Sort;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// What customers call.
    Slug,
    /// What answers.
    Target,
    /// Whose it is.
    Provider,
    /// Whether the last change is live.
    Sync,
    /// When it was last written.
    Changed,
    /// When it was created.
    Created,
    /// Its id.
    Id,
}

impl Column {
    /// What is shown where nothing else is wished for.
    pub const USUAL: [Self; 4] = [Self::Slug, Self::Target, Self::Sync, Self::Changed];

    /// What stands over it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Slug => "SLUG",
            Self::Target => "ROUTES TO",
            Self::Provider => "PROVIDER",
            Self::Sync => "SYNC",
            Self::Changed => "CHANGED",
            Self::Created => "CREATED",
            Self::Id => "ID",
        }
    }

    /// The order that it gives.
    #[must_use]
    pub fn sort(self) -> Sort {
        match self {
            Self::Slug => Sort::Slug,
            Self::Target => Sort::Target,
            Self::Provider => Sort::Provider,
            Self::Sync => Sort::State,
            Self::Changed => Sort::Updated,
            Self::Created => Sort::Created,
            Self::Id => Sort::Id,
        }
    }

    /// How wide it is; `None` for what takes the room that is left.
    fn width(self) -> Option<usize> {
        match self {
            Self::Slug | Self::Target => None,
            Self::Provider | Self::Sync => Some(13),
            Self::Changed | Self::Created | Self::Id => Some(14),
        }
    }
}

/// Before the first column, for the cursor and what marks a row.
pub const MARK: usize = 2;
/// Between two columns.
pub const GAP: usize = 2;
/// So many columns stay, however narrow the list is.
const KEPT: usize = 3;
/// Further columns go from the right where slug and target together would have less.
const FLEXIBLE_MIN: usize = 61;
const SLUG_MIN: usize = 12;

/// The columns that fit into a list of `width` columns, each with its own; `widest` is what the slugs need.
#[must_use]
pub fn fitted(wanted: &[Column], width: usize, widest: usize) -> Vec<(Column, usize)> {
    let mut shown: Vec<Column> = wanted.to_vec();
    let rest = |shown: &[Column]| {
        let fixed: usize = shown.iter().filter_map(|column| column.width()).sum();
        width.saturating_sub(MARK + fixed + GAP * shown.len().saturating_sub(1))
    };
    while shown.len() > KEPT && rest(&shown) < FLEXIBLE_MIN {
        shown.pop();
    }
    let rest = rest(&shown);
    let has_target = shown.contains(&Column::Target);
    // The slug gets what it needs, up to a little more than half: it is what people look for.
    let slug = if has_target { widest.min(rest * 55 / 100).max(SLUG_MIN).min(rest) } else { rest };
    let target = if shown.contains(&Column::Slug) { rest.saturating_sub(slug) } else { rest };
    shown
        .into_iter()
        .map(|column| {
            let width = match column {
                Column::Slug => slug,
                Column::Target => target,
                _ => column.width().unwrap_or_default(),
            };
            (column, width)
        })
        .collect()
}

/// The order after this one, among those of the columns.
#[must_use]
pub fn next_sort(columns: &[Column], sort: Sort) -> Sort {
    let at = columns.iter().position(|column| column.sort() == sort);
    let next = at.map_or(0, |at| (at + 1) % columns.len().max(1));
    columns.get(next).map_or(sort, |column| column.sort())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_from_the_right_where_room_lacks() {
        let names = |width| fitted(&Column::USUAL, width, 30).into_iter().map(|(column, _)| column).collect::<Vec<_>>();
        assert_eq!(names(96), Column::USUAL);
        assert_eq!(names(95), Column::USUAL[..3]);
        assert_eq!(names(58), Column::USUAL[..3]);
    }

    #[test]
    fn all_that_is_shown_fits() {
        let wanted = [Column::Slug, Column::Provider, Column::Target, Column::Id, Column::Sync, Column::Created];
        for width in 58..200 {
            let shown = fitted(&wanted, width, 40);
            let used: usize = shown.iter().map(|(_, width)| width).sum();
            assert!(MARK + used + GAP * (shown.len() - 1) <= width, "{width}: {shown:?}");
        }
    }

    #[test]
    fn sorting_goes_round_the_columns_that_were_chosen() {
        let columns = [Column::Slug, Column::Id];
        assert_eq!(next_sort(&columns, Sort::Slug), Sort::Id);
        assert_eq!(next_sort(&columns, Sort::Id), Sort::Slug);
        assert_eq!(next_sort(&columns, Sort::Updated), Sort::Slug);
    }
}
