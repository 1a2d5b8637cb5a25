//! The suite that judges pontoon from outside: the built program, real sockets, real processes.
//! The same cases are run by a simulated program too, in a world of memory and virtual time.
//!
//! Owns: [`wire`] (HTTP/1.1 down to single bytes), [`client`] and [`modern`] (small MCP clients on
//! it, one of each era), [`pontoon`] (the program under test), [`record`] (what reached its
//! children), [`witness`] (who holds every message against its [`schema`]), [`probe`] (what the
//! system says of processes), [`wait`] (time), [`canary`] (who has to be served whatever happens),
//! [`crowd`] (who only takes room), the [`cases`], [`answers`] (questions that have to be answered
//! alike), [`visitor`] (who tries everything there is), and [`sim`], the simulated world.
//! Never, but for [`sim`]: a type of the product. What a user cannot see, no case asserts.
//!
//! A case is a `pub fn name(target: &Target)`. Each file of cases makes a macro that expands to
//! one `#[test]` per case, and [`every_case!`] mounts all of them, so a test crate for each runtime
//! is one line, and a case that fails there names itself and the runtime:
//!
//! ```ignore
//! mod tokio {
//!     pontoon_suite::every_case!(pontoon_suite::Target::new("tokio"));
//! }
//! ```
//!
//! A case says nothing of the world it runs in: it takes time and connections from [`wait`] and
//! [`wire`], not from the standard library.

pub mod agreement;
pub mod answers;
pub mod canary;
pub mod cases;
pub mod client;
pub mod crowd;
pub mod modern;
pub mod pontoon;
pub mod probe;
pub mod record;
pub mod schema;
pub mod sim;
pub mod target;
pub mod visitor;
pub mod wait;
pub mod wire;
pub mod witness;

pub use target::Target;
