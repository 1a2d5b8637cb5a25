//! The settings of `pontoon check`.

use std::ffi::OsString;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use pontoon_core::Duration;

use crate::values::{self, Assignment};

/// The settings of `pontoon check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    /// Set this variable for the command; without a value, pass on the value it has here.
    /// Repeatable
    #[arg(
        long,
        value_name = "NAME[=VALUE]",
        value_parser = OsStringValueParser::new().try_map(values::assignment)
    )]
    pub(crate) env: Vec<Assignment>,

    /// Time limit for the command to start
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = values::time)]
    pub(crate) startup_timeout: Duration,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  pontoon check npx -y @modelcontextprotocol/server-memory
  pontoon check --env API_KEY node server.js

It starts the command behind an endpoint of its own, is a client of each era to it, lists what it
offers, and stops it. Exit code: 0 if nothing is wrong, 1 if something is, 126 or 127 if the command
cannot be run.";
