//! The settings of `pontoon config`.

use std::path::PathBuf;

use clap::Subcommand;

/// The subcommands of `pontoon config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigArgs {
    /// Show the command of each entry, with secrets masked, and all problems with their lines
    #[command(after_help = CHECK)]
    Check {
        /// Files with `mcpServers` or `servers`; an entry of a later file replaces one of an earlier
        /// file that has the same name
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Convert files of other clients; prints one `mcpServers` file, with the secrets they hold
    #[command(after_help = IMPORT)]
    Import {
        /// Files of Zed, opencode, Codex (TOML), VS Code or Amp, lists of servers, or bare entries
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of files with the settings of pontoon
    Schema,
}

const CHECK: &str = "\
Exit code: 0 if every entry can be served or is skipped (switched off, or a remote server), 1 if an
entry is broken or a file cannot be used. No program is started, and nothing is fetched.

A relative path starts from the folder of its file, or from the folder above if the name of that
folder begins with a dot (.vscode). Variables are those of this environment.";

const IMPORT: &str = "\
Examples:
  pontoon config import ~/.config/zed/settings.json > servers.json
  pontoon config import ~/.codex/config.toml opencode.json > servers.json";
