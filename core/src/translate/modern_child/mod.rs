//! A legacy client in front of a modern child.
//!
//! What the client said once, in `initialize` and `logging/setLevel`, goes into every request
//! ([`params`]). An input that an answer requires becomes a request to the client, and its answer
//! part of another try:
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

pub use answer::answer;
pub use error::error;
pub use introduction::{client_capabilities, initialize};
pub use params::{Caller, own, params, retry, uri};
pub use probe::{Probed, probe, speaks_both};
pub use question::question;
pub use result::{InputRequest, Outcome, result};
