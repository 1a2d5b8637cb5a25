//! The settings of `pontoon probe`.

use clap::Args;
use pontoon_core::time::Duration;

use crate::values::{self, ProbeUrl};

/// The settings of `pontoon probe`.
#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// What to ask
    #[arg(value_name = "URL", default_value = "", value_parser = values::probe_url)]
    pub(crate) url: ProbeUrl,

    /// Time it has to answer
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = values::time)]
    pub(crate) timeout: Duration,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  pontoon probe
  pontoon probe http://127.0.0.1:1071/health
  HEALTHCHECK CMD [\"pontoon\", \"probe\"]         in a Dockerfile

Well is an answer of 200 to 299. There is no TLS: a probe asks its own machine.";
