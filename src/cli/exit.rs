//! Exit codes: what a script can tell from them.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; for `plan`, nothing to do.
    Done,
    /// 1: failed.
    Failed,
    /// 2: what the subcommand says: for `plan`, there are changes; for the dashboard, there is no terminal.
    Differs,
    /// 64: the command line is mistyped. Not 2, so that it can't be taken for `plan`'s.
    Usage,
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Differs => 2,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
