//! Exit codes: what a script can tell from them.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; for `plan`, nothing to do; for `wait`, in effect.
    Done,
    /// 1: failed, or not all of it was done.
    Failed,
    /// 2: what the subcommand says: for `plan`, there are changes; for `conformance`, it differs; for the dashboard,
    /// there is no terminal.
    Differs,
    /// 3: somebody else wrote meanwhile; that change was not written.
    Conflict,
    /// 4: what was waited for has not come in time.
    NotInTime,
    /// 64: the command line is mistyped, or nobody is there to confirm. Not 2, so that it can't be taken for `plan`'s.
    Usage,
    /// 130: interrupted with Ctrl-C.
    Interrupted,
}

impl Exit {
    /// Every one, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Done, Self::Failed, Self::Differs, Self::Conflict, Self::NotInTime, Self::Usage, Self::Interrupted];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Differs => 2,
            Self::Conflict => 3,
            Self::NotInTime => 4,
            // `EX_USAGE` of sysexits.h.
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }

    /// What it means, for the help and the manual.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do; `wait`: in effect",
            Self::Failed => "failed, or not all of it was done",
            Self::Differs => "`plan`: there are changes to make; `conformance`: it differs; the dashboard: no terminal",
            Self::Conflict => "somebody else wrote meanwhile: that change was not written",
            Self::NotInTime => "`wait`, `--follow`: not in effect in time",
            Self::Usage => "mistyped command line, or nobody there to confirm",
            Self::Interrupted => "interrupted with Ctrl-C",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
