//! Durations of many runs, and how they are printed.

use std::time::Duration;

/// What was measured, run by run.
#[derive(Default)]
pub(crate) struct Figures(Vec<Duration>);

impl Figures {
    pub(crate) fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    pub(crate) fn median_ms(&self) -> f64 {
        self.at(0.5)
    }

    /// How many were longer than so many milliseconds.
    #[allow(dead_code, reason = "one benchmark uses it")]
    pub(crate) fn over(&self, most_ms: f64) -> usize {
        self.0.iter().filter(|duration| duration.as_secs_f64() * 1e3 > most_ms).count()
    }

    /// The value below which this share of the runs lies, in milliseconds.
    pub(crate) fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let index = ((sorted.len() as f64 - 1.0) * share).round() as usize;
        sorted.get(index).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1e3)
    }
}

/// One line: the middle, the 95th percentile, the worst, and the bound that was set for it.
pub(crate) fn row(name: &str, figures: &Figures, most_ms: f64) -> String {
    format!(
        "  {name:<24} p50 {:7.2}   p95 {:7.2}   max {:7.2}   (at most {most_ms:.0})",
        figures.at(0.5),
        figures.at(0.95),
        figures.at(1.0)
    )
}

/// `12,345`, as the dashboard writes counts.
#[allow(dead_code, reason = "one benchmark does not use it")]
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
