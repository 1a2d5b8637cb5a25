//! A legacy client in front of a modern child.
//!
//! The client's data from `initialize` and `logging/setLevel` is added to every request
//! ([`params`]). An `input_required` result becomes a server request to the client, and its answer
//! is sent to the child with a retry:
//!
//! ```text
//!   client                       bridge                                 child
//!     │ tools/call                 │ params                               │
//!     ├───────────────────────────►├─────────────────────────────────────►│
//!     │ elicitation/create         │ result: Outcome::InputRequired       │
//!     │◄──────────────── question ─┤◄─────────────────────────────────────┤
//!     │ its answer                 │ retry                                │
//!     ├─────────────────► answer ─►├─────────────────────────────────────►│
//!     │ result                     │ result: Outcome::Complete            │
//!     │◄───────────────────────────┤◄─────────────────────────────────────┤
//! ```

mod answer;
mod contents;
mod error;
mod form;
mod introduction;
mod listing;
mod params;
mod probe;
mod question;
mod result;
mod sampling;

pub(crate) use answer::answer;
pub(crate) use error::error;
pub(crate) use introduction::{client_capabilities, initialize};
pub(crate) use params::{Caller, own, params, retry, uri};
pub(crate) use probe::{Probed, probe, speaks_both};
pub(crate) use question::question;
pub(crate) use result::{InputRequest, Outcome, result};
