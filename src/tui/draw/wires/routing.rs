//! Which row a target stands in, and which column its trunk has.

use std::collections::BTreeMap;

/// A row at the left that has a wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// What it leads to. Rows with the same number share their target.
    pub net: usize,
    /// True where it is not in effect yet.
    pub is_waiting: bool,
    /// What is written into the wire, such as a countdown; empty for nothing.
    pub note: String,
}

/// A target in view: where it stands and how its rows reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Net {
    /// The row beside which it stands.
    pub anchor: usize,
    /// The first and the last of its rows.
    pub span: (usize, usize),
    /// The trunk's place among the trunks, from the left. `None` where a single row needs none, or no column is free.
    pub lane: Option<usize>,
}

/// Where everything runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routing {
    pub(super) nets: BTreeMap<usize, Net>,
    pub(super) lanes: usize,
}

impl Routing {
    /// The row beside which a target stands; `None` where no row in view leads to it.
    #[must_use]
    pub fn anchor(&self, net: usize) -> Option<usize> {
        self.nets.get(&net).map(|net| net.anchor)
    }

    /// The targets in view with their rows, from top to bottom.
    #[must_use]
    pub fn anchors(&self) -> Vec<(usize, usize)> {
        let mut anchors: Vec<_> = self.nets.iter().map(|(number, net)| (net.anchor, *number)).collect();
        anchors.sort_unstable();
        anchors
    }

    /// True where the wire of a row ends in an arrow with its target's name, because no column was free for its trunk.
    #[must_use]
    pub fn is_loose(&self, row: usize, net: usize) -> bool {
        self.nets.get(&net).is_some_and(|net| net.lane.is_none() && net.anchor != row)
    }
}

/// Routes the rows in view, `None` for a row without a wire.
///
/// `home` tells the row where a target would stand if everything were in view (it may lie outside): the target stands
/// beside the nearest of its own rows, so it keeps its place while the list scrolls. At most `lanes_max` trunks get a
/// column; the shortest first.
#[must_use]
pub fn route(pins: &[Option<Pin>], home: impl Fn(usize) -> i64, lanes_max: usize) -> Routing {
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, pin) in pins.iter().enumerate() {
        if let Some(pin) = pin {
            rows.entry(pin.net).or_default().push(row);
        }
    }
    let mut nets: BTreeMap<usize, Net> = rows
        .into_iter()
        .filter_map(|(number, rows)| {
            let home = home(number);
            let distance = |row: usize| i64::try_from(row).unwrap_or(i64::MAX).abs_diff(home);
            let anchor = rows.iter().copied().min_by_key(|row| distance(*row))?;
            Some((number, Net { anchor, span: (*rows.first()?, *rows.last()?), lane: None }))
        })
        .collect();
    let lanes = assign_lanes(&mut nets, lanes_max);
    Routing { nets, lanes }
}

/// Gives each trunk the leftmost column that is free along it, short trunks first: a short one inside a long one then
/// crosses it once, and the long one does not cross it at all.
fn assign_lanes(nets: &mut BTreeMap<usize, Net>, lanes_max: usize) -> usize {
    let mut order: Vec<(usize, usize, usize)> = nets
        .iter()
        .filter(|(_, net)| net.span.0 < net.span.1)
        .map(|(number, net)| (net.span.1 - net.span.0, net.span.0, *number))
        .collect();
    order.sort_unstable();
    let mut taken: Vec<Vec<(usize, usize)>> = Vec::new();
    for (_, _, number) in order {
        let Some(net) = nets.get_mut(&number) else { continue };
        let is_free =
            |lane: &[(usize, usize)]| lane.iter().all(|(first, last)| net.span.1 < *first || net.span.0 > *last);
        let lane = taken.iter().position(|lane| is_free(lane)).unwrap_or(taken.len());
        if lane >= lanes_max {
            continue;
        }
        if lane == taken.len() {
            taken.push(Vec::new());
        }
        if let Some(spans) = taken.get_mut(lane) {
            spans.push(net.span);
        }
        net.lane = Some(lane);
    }
    taken.len()
}
