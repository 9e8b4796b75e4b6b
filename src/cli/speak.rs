//! How a command speaks: `-o` and `--quiet`.

use clap::Args;

use super::output::{Format, Output};

/// How a command speaks.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct Speak {
    /// How data is written: table, json or yaml
    #[arg(short, long, global = true, value_enum, default_value_t, hide_possible_values = true, value_name = "FORMAT")]
    pub output: Format,
    /// Say nothing but data and failures
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl Speak {
    /// Where and how the command speaks.
    #[must_use]
    pub fn out(self) -> Output {
        Output::new(self.output, self.quiet)
    }
}
