//! What simulated models do wrong, as switches: a model, a kind of fault, on or off. Pure.
//!
//! The server has one list that is replaced whole, so that a switch is a change of the list that is there
//! ([`Switch::apply`]): `perform` reads it, applies the switch and sends it back.

use std::time::Duration;

use super::text;
use crate::api::{DELAY_MS_MAX, Fault, FaultKind, FaultList};

/// What stands for every model.
pub const EVERY_MODEL: &str = "*";
/// The longest time after which a fault may end by itself, in seconds: a day.
pub const EXPIRES_MAX: u64 = 86_400;

/// A kind of fault, without how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The answer begins late.
    Slow,
    /// Tokens come slowly.
    Pace,
    /// The answer is an error.
    Error,
    /// The answer is 429.
    Limited,
    /// Nothing more comes.
    Hang,
    /// The connection breaks.
    Cut,
    /// The answer is no JSON.
    Junk,
    /// There is no answer at all.
    Down,
}

impl Kind {
    /// All, in the order of the switches.
    pub const ALL: [Self; 8] =
        [Self::Slow, Self::Pace, Self::Error, Self::Limited, Self::Hang, Self::Cut, Self::Junk, Self::Down];

    /// The kind of a fault.
    #[must_use]
    pub fn of(fault: FaultKind) -> Self {
        match fault {
            FaultKind::Latency { .. } => Self::Slow,
            FaultKind::Pace { .. } => Self::Pace,
            FaultKind::Status { .. } => Self::Error,
            FaultKind::RateLimited { .. } => Self::Limited,
            FaultKind::Stall { .. } => Self::Hang,
            FaultKind::Cut { .. } => Self::Cut,
            FaultKind::Garbage => Self::Junk,
            FaultKind::Down => Self::Down,
        }
    }

    /// At most four letters, for the head of a column.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Pace => "pace",
            Self::Error => "5xx",
            Self::Limited => "429",
            Self::Hang => "hang",
            Self::Cut => "cut",
            Self::Junk => "junk",
            Self::Down => "down",
        }
    }

    /// How much of it there is where nobody says.
    #[must_use]
    pub fn usual(self) -> FaultKind {
        self.with(match self {
            Self::Slow => 1_000,
            Self::Pace => 200,
            Self::Error => 503,
            Self::Limited => 5,
            Self::Hang | Self::Cut => 3,
            Self::Junk | Self::Down => 0,
        })
    }

    /// So much of it.
    #[must_use]
    pub fn with(self, amount: u64) -> FaultKind {
        match self {
            Self::Slow => FaultKind::Latency { delay_ms: amount },
            Self::Pace => FaultKind::Pace { token_delay_ms: amount },
            Self::Error => FaultKind::Status { status: u16::try_from(amount).unwrap_or(u16::MAX) },
            Self::Limited => FaultKind::RateLimited { retry_after_seconds: amount },
            Self::Hang => FaultKind::Stall { after_tokens: amount },
            Self::Cut => FaultKind::Cut { after_tokens: amount },
            Self::Junk => FaultKind::Garbage,
            Self::Down => FaultKind::Down,
        }
    }

    /// What the amount is, with its least and its greatest value; `None` where there is no more or less of it.
    #[must_use]
    pub fn amount(self) -> Option<(&'static str, u64, u64)> {
        match self {
            Self::Slow => Some(("Milliseconds", 1, DELAY_MS_MAX)),
            Self::Pace => Some(("Ms a token", 1, DELAY_MS_MAX)),
            Self::Error => Some(("Status", 400, 599)),
            Self::Limited => Some(("Retry after s", 0, EXPIRES_MAX)),
            Self::Hang | Self::Cut => Some(("After tokens", 0, 1_000_000)),
            Self::Junk | Self::Down => None,
        }
    }
}

/// How much of it a fault is.
#[must_use]
pub fn amount_of(fault: FaultKind) -> u64 {
    match fault {
        FaultKind::Latency { delay_ms: amount }
        | FaultKind::Pace { token_delay_ms: amount }
        | FaultKind::RateLimited { retry_after_seconds: amount }
        | FaultKind::Stall { after_tokens: amount }
        | FaultKind::Cut { after_tokens: amount } => amount,
        FaultKind::Status { status } => u64::from(status),
        FaultKind::Garbage | FaultKind::Down => 0,
    }
}

/// What callers notice of it.
#[must_use]
pub fn effect(fault: FaultKind) -> String {
    let after = |tokens: u64| match tokens {
        0 => "before the first token".to_owned(),
        _ => format!("after {}", text::counted(usize::try_from(tokens).unwrap_or(usize::MAX), "token")),
    };
    match fault {
        FaultKind::Latency { delay_ms } => {
            format!("answers begin {} late", text::latency(Duration::from_millis(delay_ms)))
        }
        FaultKind::Pace { token_delay_ms } => {
            format!("{} between two tokens", text::latency(Duration::from_millis(token_delay_ms)))
        }
        FaultKind::Status { status } => format!("answers are {status}"),
        FaultKind::RateLimited { retry_after_seconds } => format!("answers are 429, Retry-After {retry_after_seconds}"),
        FaultKind::Stall { after_tokens } => format!("nothing more comes {}", after(after_tokens)),
        FaultKind::Cut { after_tokens } => format!("the connection breaks {}", after(after_tokens)),
        FaultKind::Garbage => "answers are no JSON".to_owned(),
        FaultKind::Down => "connections end without an answer".to_owned(),
    }
}

/// A switch that was pressed.
#[derive(Debug, Clone, PartialEq)]
pub enum Switch {
    /// The faults of this kind at this model are this one, or none.
    Set {
        /// The model, or `id/environment`, or [`EVERY_MODEL`].
        model: String,
        /// Which of its switches.
        kind: Kind,
        /// What it shall do; `None` switches it off.
        fault: Option<Box<Fault>>,
    },
    /// No model does anything wrong any more.
    AllOff,
}

impl Switch {
    /// The list that the server shall have.
    #[must_use]
    pub fn apply(&self, mut list: FaultList) -> FaultList {
        match self {
            Self::AllOff => list.faults.clear(),
            Self::Set { model, kind, fault } => {
                list.faults.retain(|other| other.model != *model || Kind::of(other.kind) != *kind);
                list.faults.extend(fault.as_deref().cloned());
            }
        }
        list
    }
}

/// A fault that hits every request until it is switched off.
#[must_use]
pub fn always(model: &str, kind: FaultKind) -> Fault {
    Fault { model: model.to_owned(), kind, share: 1.0, expires_at: None, expires_in_seconds: None, hits: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_changes_its_own_fault_alone() {
        let list = FaultList {
            faults: vec![
                always("m", Kind::Slow.usual()),
                always("m", Kind::Cut.usual()),
                always("*", Kind::Slow.usual()),
            ],
        };
        let set = |fault: Option<Fault>| {
            Switch::Set { model: "m".to_owned(), kind: Kind::Slow, fault: fault.map(Box::new) }.apply(list.clone())
        };
        assert_eq!(set(None).faults, list.faults[1..]);
        let longer = always("m", Kind::Slow.with(9_000));
        assert_eq!(set(Some(longer.clone())).faults, [&list.faults[1..], &[longer]].concat());
        assert!(Switch::AllOff.apply(list).faults.is_empty());
    }

    #[test]
    fn every_kind_is_what_its_usual_fault_is() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.usual()), kind);
            let amount = amount_of(kind.usual());
            assert_eq!(kind.with(amount), kind.usual());
            assert!(kind.amount().is_none_or(|(_, least, most)| (least..=most).contains(&amount)), "{kind:?}");
            assert!(!effect(kind.usual()).is_empty() && kind.heading().len() <= 4);
        }
    }
}
