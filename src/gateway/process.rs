//! A gateway's life: its options, its start, and its end.
//!
//! ```text
//!   options ──▶ checked ──▶ directory locked ──▶ store opened, seeded ──▶ first sync ──▶ both addresses answer
//!                                                                                            │ stop
//!                 store closed ◀── records stored ◀── requests under way have ended ◀────────┘
//! ```
//!
//! `cli::gateway` is the life of the process around it: flags, signals, the ready line, the exit code.

pub mod lifecycle;
pub mod options;
