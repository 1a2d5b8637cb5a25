//! The settings of `pontoon probe`.

use std::path::PathBuf;

use clap::Args;
use pontoon_core::Duration;

use crate::values::{self, ProbeUrl};

/// The settings of `pontoon probe`.
#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// URL to request, http or https. If not given, /health at the address that MCP_ADMIN sets, or of
    /// the server whose port MCP_PORT, MCP_ECHO_PORT or PORT sets; if none is set, of port 3000, or of 1071 if nothing listens there;
    /// with TLS if MCP_TLS_CERT is set
    #[arg(env = "PONTOON_PROBE", value_name = "URL", value_parser = values::probe_url)]
    pub(crate) url: Option<ProbeUrl>,

    /// For https: file (PEM) with the certificate of the server, whose name is not compared then, or
    /// with those of issuers
    #[arg(long, env = "MCP_TLS_CERT", value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,

    /// Time limit for the answer
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = values::time)]
    pub(crate) timeout: Duration,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  pontoon probe
  MCP_PORT=8080 pontoon probe                  http://127.0.0.1:8080/health
  pontoon probe http://127.0.0.1:1071/health
  pontoon probe --cacert cert.pem https://127.0.0.1:3000/health
  HEALTHCHECK CMD [\"pontoon\", \"probe\"]         in a Dockerfile

A status of 200 to 299 is healthy.";
