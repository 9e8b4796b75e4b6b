//! How much may be held at the same time: bytes of bodies, or streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is held by all requests together.
#[derive(Debug)]
pub(super) struct Budget {
    held: AtomicUsize,
    max: usize,
}

/// A share of the budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    amount: usize,
}

impl Budget {
    pub(super) fn new(max: usize) -> Self {
        Self { held: AtomicUsize::new(0), max }
    }

    /// An empty share, to grow as more is needed.
    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), amount: 0 }
    }
}

impl Share {
    /// Takes so much more. False, and nothing is taken, where there are not enough.
    pub(super) fn grow(&mut self, amount: usize) -> bool {
        let held = self.budget.held.fetch_add(amount, Ordering::Relaxed);
        if held.saturating_add(amount) > self.budget.max {
            self.budget.held.fetch_sub(amount, Ordering::Relaxed);
            return false;
        }
        self.amount += amount;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.amount, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_given_back() {
        let budget = Arc::new(Budget::new(10));
        let (mut one, mut two) = (budget.share(), budget.share());
        assert!(one.grow(6) && !two.grow(5) && two.grow(4));
        drop(one);
        assert!(two.grow(6) && !two.grow(1));
    }
}
