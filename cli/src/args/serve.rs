//! The settings of `pontoon serve`.

use std::path::PathBuf;

use clap::Args;

use super::proxy::BridgeArgs;
use super::serving::{ServingArgs, SessionArgs};
use crate::values;

/// The settings of `pontoon serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    /// File with `mcpServers` or `servers`; an entry of a later file replaces one of an earlier file
    /// that has the same name. Repeatable; in the environment, one per line
    #[arg(long, env = "MCP_CONFIG", value_name = "FILE", help_heading = FILES)]
    pub(crate) config: Vec<PathBuf>,

    /// Refuse to start, or to reload, if an entry is broken. Without it, an entry that was served
    /// before a reload is served as before; the path of any other answers 503
    #[arg(long, env = "MCP_STRICT", help_heading = FILES, value_parser = values::bool_value)]
    pub(crate) strict: bool,

    /// Reload the files when they, or the files that they name, change, besides on SIGHUP
    #[arg(long, env = "MCP_WATCH", help_heading = FILES, value_parser = values::bool_value)]
    pub(crate) watch: bool,

    #[command(flatten)]
    pub(crate) serving: ServingArgs,

    #[command(flatten)]
    pub(crate) sessions: SessionArgs,

    #[command(flatten)]
    pub(crate) bridge: BridgeArgs,
}

const FILES: &str = "Files";

pub(super) const EXAMPLES: &str = "\
Examples:
  pontoon serve --config .mcp.json
  pontoon serve --config ~/.claude.json --config servers.json --watch
  pontoon config check .mcp.json               show what would be served, and what is wrong

Each stdio entry is served at /NAME/mcp, and GET / lists them. No process is started before its
first client. Flags override the settings under `pontoon` at the top of the last file; the settings of
an entry override flags. SIGHUP reloads the files: an entry that is unchanged keeps its sessions.";
