//! What the system tells about a running process.

use std::time::{Duration, Instant};

/// One look at a process and all its threads.
#[derive(Default)]
pub(crate) struct Sample {
    pub(crate) wakeups: u64,
    pub(crate) cpu: Duration,
    pub(crate) resident_bytes: u64,
    /// What of it is no file: heap and stacks.
    pub(crate) anonymous_bytes: u64,
}

impl Sample {
    pub(crate) fn of(process_id: u32) -> Self {
        let mut sample = Self { wakeups: 0, cpu: Duration::ZERO, resident_bytes: 0, anonymous_bytes: 0 };
        let threads = std::fs::read_dir(format!("/proc/{process_id}/task")).expect("the process runs");
        for thread in threads.flatten() {
            let status = std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            sample.wakeups += number(&status, "voluntary_ctxt_switches:");
            sample.resident_bytes = number(&status, "VmRSS:") * 1024;
            sample.anonymous_bytes = number(&status, "RssAnon:") * 1024;
            let schedule = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            let nanos = schedule.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
            sample.cpu += Duration::from_nanos(nanos);
        }
        sample
    }
}

fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_ascii_whitespace().nth(1)).and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// The processes that this one started.
pub(crate) fn children(process_id: u32) -> Vec<u32> {
    let path = format!("/proc/{process_id}/task/{process_id}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// How long this machine takes to start and end a process that does nothing.
pub(crate) fn bare_start() -> Duration {
    let begun = Instant::now();
    std::process::Command::new("true").status().expect("a process starts");
    begun.elapsed()
}
