//! What simulated models can be told to do wrong, for which model, how often and until when.
//!
//! ```json
//! {"faults": [{"model": "3kZ9xqd/staging", "kind": "status", "status": 503, "share": 0.5, "expires_in_seconds": 60}]}
//! ```

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::api::{DELAY_MS_MAX, FAULTS_MAX, Fault, FaultKind, FaultList, Time};

/// What one request meets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effects {
    /// The answer waits this long.
    pub latency: Option<Duration>,
    /// Each token waits this long.
    pub token_delay: Option<Duration>,
    /// The answer is this status.
    pub status: Option<u16>,
    /// With this `Retry-After`.
    pub retry_after_seconds: Option<u64>,
    /// Nothing comes after so many pieces.
    pub stall_after: Option<u64>,
    /// The connection breaks after so many pieces.
    pub cut_after: Option<u64>,
    /// The answer is no JSON.
    pub is_garbage: bool,
    /// There is no answer.
    pub is_down: bool,
}

/// The faults that are on.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Armed>>);

#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// Requests that the fault could have hit.
    seen: u64,
}

impl Faults {
    /// Replaces all faults.
    ///
    /// # Errors
    /// A sentence that names what is wrong; nothing is changed then.
    pub fn set(&self, list: FaultList, now: Time) -> Result<(), String> {
        if list.faults.len() > FAULTS_MAX {
            return Err(format!("faults must have at most {FAULTS_MAX} items"));
        }
        let mut armed = Vec::with_capacity(list.faults.len());
        for (index, mut fault) in list.faults.into_iter().enumerate() {
            check(&fault).map_err(|problem| format!("faults[{index}].{problem}"))?;
            if let Some(seconds) = fault.expires_in_seconds.take() {
                fault.expires_at = Some(now.plus(Duration::from_secs(seconds)));
            }
            armed.push(Armed { fault, seen: 0 });
        }
        let mut current = self.lock();
        for new in &mut armed {
            // Switching one on or off lets the others go on counting.
            let old = current.iter().find(|old| old.is_same(new));
            (new.fault.hits, new.seen) = old.map_or((0, 0), |old| (old.fault.hits, old.seen));
        }
        *current = armed;
        Ok(())
    }

    /// Those that are on now.
    #[must_use]
    pub fn list(&self, now: Time) -> FaultList {
        let mut armed = self.lock();
        armed.retain(|armed| armed.is_on(now));
        FaultList { faults: armed.iter().map(|armed| armed.fault.clone()).collect() }
    }

    /// What a request to a model of these names meets. It counts for the shares.
    #[must_use]
    pub fn effects(&self, names: &[String], now: Time) -> Effects {
        let mut effects = Effects::default();
        for armed in self.lock().iter_mut() {
            let is_meant = armed.fault.model == "*" || names.contains(&armed.fault.model);
            if is_meant && armed.is_on(now) && armed.strikes() {
                effects.add(armed.fault.kind);
            }
        }
        effects
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Armed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn is_same(&self, other: &Self) -> bool {
        let of = |armed: &Self| Fault { hits: 0, ..armed.fault.clone() };
        of(self) == of(other)
    }

    fn is_on(&self, now: Time) -> bool {
        self.fault.expires_at.is_none_or(|end| now < end)
    }

    /// Spread evenly: of every n requests exactly the share is hit.
    fn strikes(&mut self) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a share of requests needs no more than 52 bits")]
        let due = |seen: u64| (seen as f64 * self.fault.share).floor();
        let is_due = due(self.seen + 1) > due(self.seen);
        self.seen += 1;
        self.fault.hits += u64::from(is_due);
        is_due
    }
}

impl Effects {
    fn add(&mut self, kind: FaultKind) {
        match kind {
            FaultKind::Latency { delay_ms } => self.latency = Some(Duration::from_millis(delay_ms)),
            FaultKind::Pace { token_delay_ms } => self.token_delay = Some(Duration::from_millis(token_delay_ms)),
            FaultKind::Status { status } => self.status = Some(status),
            FaultKind::RateLimited { retry_after_seconds } => {
                self.status = Some(429);
                self.retry_after_seconds = Some(retry_after_seconds);
            }
            FaultKind::Stall { after_tokens } => self.stall_after = Some(after_tokens),
            FaultKind::Cut { after_tokens } => self.cut_after = Some(after_tokens),
            FaultKind::Garbage => self.is_garbage = true,
            FaultKind::Down => self.is_down = true,
        }
    }
}

fn check(fault: &Fault) -> Result<(), String> {
    if fault.model.is_empty() {
        return Err("model must not be empty; * stands for all".to_owned());
    }
    if !(fault.share > 0.0 && fault.share <= 1.0) {
        return Err("share must be above 0 and at most 1".to_owned());
    }
    match fault.kind {
        FaultKind::Latency { delay_ms: delay } | FaultKind::Pace { token_delay_ms: delay } if delay > DELAY_MS_MAX => {
            Err(format!("delay must be at most {DELAY_MS_MAX} ms"))
        }
        FaultKind::Status { status } if !(400..600).contains(&status) => {
            Err("status must be between 400 and 599".to_owned())
        }
        FaultKind::Latency { .. }
        | FaultKind::Pace { .. }
        | FaultKind::Status { .. }
        | FaultKind::RateLimited { .. }
        | FaultKind::Stall { .. }
        | FaultKind::Cut { .. }
        | FaultKind::Garbage
        | FaultKind::Down => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(faults: &Faults, text: &str) -> Result<(), String> {
        faults.set(serde_json::from_str(text).unwrap(), Time::EPOCH)
    }

    #[test]
    fn a_share_hits_exactly_its_share() {
        let faults = Faults::default();
        set(&faults, r#"{"faults":[{"model":"m","kind":"status","status":503,"share":0.25}]}"#).unwrap();
        let names = ["m".to_owned()];
        let hit = (0..100).filter(|_| faults.effects(&names, Time::EPOCH).status == Some(503)).count();
        assert_eq!((hit, faults.list(Time::EPOCH).faults[0].hits), (25, 25));
        assert_eq!(faults.effects(&["other".to_owned()], Time::EPOCH), Effects::default());
    }

    #[test]
    fn a_list_that_is_set_again_goes_on_counting() {
        let faults = Faults::default();
        set(&faults, r#"{"faults":[{"model":"m","kind":"down","share":0.5}]}"#).unwrap();
        let names = ["m".to_owned()];
        assert!(!faults.effects(&names, Time::EPOCH).is_down && faults.effects(&names, Time::EPOCH).is_down);
        set(&faults, r#"{"faults":[{"model":"*","kind":"garbage"},{"model":"m","kind":"down","share":0.5}]}"#).unwrap();
        let hits: Vec<u64> = faults.list(Time::EPOCH).faults.iter().map(|fault| fault.hits).collect();
        assert_eq!(hits, [0, 1]);
        assert!(!faults.effects(&names, Time::EPOCH).is_down, "the share goes on where it was");
    }

    #[test]
    fn a_fault_expires_by_itself() {
        let faults = Faults::default();
        set(&faults, r#"{"faults":[{"model":"*","kind":"down","expires_in_seconds":60}]}"#).unwrap();
        let end = Time::EPOCH.plus(Duration::from_mins(1));
        assert!(faults.effects(&[], Time::EPOCH).is_down);
        assert!(!faults.effects(&[], end).is_down);
        assert!(faults.list(end).faults.is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_changes_nothing() {
        let faults = Faults::default();
        set(&faults, r#"{"faults":[{"model":"m","kind":"garbage"}]}"#).unwrap();
        for (text, problem) in [
            (r#"{"faults":[{"model":"","kind":"down"}]}"#, "faults[0].model"),
            (r#"{"faults":[{"model":"m","kind":"down","share":0}]}"#, "faults[0].share"),
            (r#"{"faults":[{"model":"m","kind":"status","status":200}]}"#, "faults[0].status"),
        ] {
            assert!(set(&faults, text).unwrap_err().starts_with(problem));
        }
        assert_eq!(faults.list(Time::EPOCH).faults.len(), 1);
    }

    #[test]
    fn a_list_reads_as_it_is_written() {
        let faults = Faults::default();
        set(&faults, r#"{"faults":[{"model":"m","kind":"cut","after_tokens":3}]}"#).unwrap();
        let text = serde_json::to_string(&faults.list(Time::EPOCH)).unwrap();
        assert_eq!(text, r#"{"faults":[{"model":"m","kind":"cut","after_tokens":3,"share":1.0,"hits":0}]}"#);
        set(&faults, &text).unwrap();
    }
}
