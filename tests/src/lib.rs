//! The suite that tests pontoon from outside: the built program, real sockets, real processes. The
//! same cases run on a simulated program too, in a world of memory and virtual time.
//!
//! Owns: [`wire`] (HTTP/1.1 down to single bytes), [`client`] and [`modern`] (small MCP clients,
//! one for each era), [`pontoon`] (the program under test), [`record`] (the input of its children),
//! [`schema_check`] (checks every message against its [`schema`]), [`probe`] (the system's view of
//! processes), [`wait`] (time), [`canary`] (a session that has to be served under any conditions),
//! [`silent_clients`] (idle connections), [`tls`] (certificates), the [`cases`], [`parity`] (compares
//! servers across runtimes), [`fixture_client`] (a client that uses every feature), [`issuer`] (an
//! authorization server), [`transcript`] (behaviour as text), and [`sim`], the simulated world. Never,
//! except for [`sim`]: a type of the product. Cases assert only behaviour that users can see.
//!
//! A case is a `pub fn name(target: &Target)`. Each file of cases makes a macro that expands to one
//! `#[test]` per case, and [`every_case!`] expands to all of them, so a test crate for each runtime
//! is one line, and a failing case names itself and the runtime:
//!
//! ```ignore
//! mod tokio {
//!     pontoon_suite::every_case!(pontoon_suite::Target::new("tokio"));
//! }
//! ```
//!
//! A case does not depend on its world: it uses time and connections of [`wait`] and [`wire`], not
//! of the standard library.

pub mod canary;
pub mod cases;
pub mod client;
pub mod differential;
pub mod entry;
pub mod fixture_client;
pub mod issuer;
pub mod modern;
pub mod parity;
pub mod pontoon;
pub mod probe;
pub mod record;
pub mod response;
pub mod schema;
pub mod schema_check;
mod schema_sessions;
pub mod silent_clients;
pub mod sim;
mod subcommand;
pub mod target;
pub mod tls;
pub mod transcript;
pub mod wait;
pub mod wire;

pub use target::Target;
