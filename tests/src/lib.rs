//! The suite that judges pontoon from outside: the built program, real sockets, real processes.
//!
//! Owns: [`wire`] (HTTP/1.1 down to single bytes), [`client`] (a small MCP client on it),
//! [`pontoon`] (the program under test), [`record`] (what reached its children), [`probe`] (what
//! the system says of processes), and the [`cases`].
//! Never: a type of the product. What a user cannot see, no case asserts.
//!
//! A case is a `pub fn name(target: &Target)`. Each file of cases makes a macro that expands to
//! one `#[test]` per case, so a test crate mounts the same list for as many targets as there are:
//!
//! ```ignore
//! mod framing {
//!     pontoon_suite::framing!(crate::target());
//! }
//! ```

pub mod cases;
pub mod client;
pub mod pontoon;
pub mod probe;
pub mod record;
pub mod target;
pub mod wait;
pub mod wire;

pub use target::Target;
