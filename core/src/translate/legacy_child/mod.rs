//! A modern client in front of a legacy child.
//!
//! The bridge opens the child's session itself ([`initialize`], [`discover`]) and removes the
//! members of each request that only the modern era has ([`params`]). A server request of the child
//! becomes an `input_required` result:
//!
//! ```text
//!   child                        bridge                                client
//!     │ elicitation/create, id 7   │                                      │
//!     ├───────────────────────────►│ question ─► input_required           │
//!     │                            ├─────────────────────────────────────►│
//!     │                            │ a new request: inputResponses, state │
//!     │ result of 7       answer ◄─┤◄─────────────────────────────────────┤
//!     │◄───────────────────────────┤                                      │
//! ```

mod answer;
mod error;
pub(super) mod introduction;
mod params;
mod question;
mod result;

pub(crate) use answer::{answer, give_up, responses};
pub(crate) use error::{Failure, error};
pub(crate) use introduction::{InitializeResult, welcome};
pub(crate) use introduction::{counteroffer, initialize};
pub(crate) use params::params;
pub(crate) use question::{Question, Refusal, input_required, key, question};
pub(crate) use result::result;
