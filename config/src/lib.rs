//! Reads `mcpServers` files, the configuration of MCP clients, and tells for each entry the command
//! that it names and the problems that it has.
//!
//! Owns: the rules for such files (syntax, kinds of entries, variables, paths, secrets) and the
//! settings under the key `pontoon`. Never: the file system, the environment or output: those come
//! in through [`Facts`], and what is found goes out as a [`Report`]. No value of a variable is in
//! the text of a [`Finding`] or in [`Server::shown`].
//!
//! ```
//! use pontoon_config::{Outcome, Source, read};
//! # use pontoon_config::{Facts, FileKind};
//! # struct Machine;
//! # impl Facts for Machine {
//! #     fn variable(&self, name: &str) -> Option<std::ffi::OsString> {
//! #         (name == "PATH").then(|| "/bin".into())
//! #     }
//! #     fn home(&self) -> Option<std::path::PathBuf> { None }
//! #     fn kind(&self, path: &std::path::Path) -> FileKind {
//! #         if path == std::path::Path::new("/bin/node") { FileKind::Program } else { FileKind::Folder }
//! #     }
//! #     fn read(&self, _: &std::path::Path) -> std::io::Result<Vec<u8>> { Ok(Vec::new()) }
//! # }
//! let text = br#"{ "mcpServers": { "tides": { "command": "node", "args": ["tides.js"] } } }"#;
//! let file = Source { name: "mcp.json".into(), path: "/srv/mcp.json".into(), bytes: text.to_vec() };
//! let report = read(&[file], &Machine);
//! let Outcome::Served(server) = &report.entries[0].outcome else { panic!("a server") };
//! assert_eq!((server.path.as_str(), server.args[0].as_str()), ("tides", "tides.js"));
//! ```

mod base;
mod command;
mod containers;
mod cx;
mod entry;
mod env;
mod expand;
mod facts;
mod file;
mod import;
mod keys;
mod kind;
mod locate;
mod paths;
mod placeholder;
mod read;
mod report;
mod schema;
mod secrets;
pub mod settings;
mod syntax;
mod toml_file;
mod windows;

pub use base::resolve;
pub use facts::{Facts, FileKind};
pub use file::Source;
pub use import::{Imported, import};
pub use read::read;
pub use report::{Entry, Finding, Level, Outcome, Report, Server, Value, escape, shown_name};
pub use schema::schema;
