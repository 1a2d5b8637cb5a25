//! Work that grows with the length of a message, carried out outside the engine's lock.
//!
//! Owns: [`Job`], a pure function with its arguments, and [`Done`], its result.
//! Never: decides what follows from a result; the engine does, once the result is reported to it.
//!
//! ```text
//!   engine (locked)          adapter (not locked)          engine (locked)
//!   Action::Work(job) ─────► job.run() ──────────────────► Input::Worked(done)
//! ```
//!
//! A message of up to [`Limits::inline_bytes_max`](crate::limits::Limits::inline_bytes_max) is
//! handled at once, without a job; the code of a server in this process is always run by one.
//! During a job, later inputs about the same child, session or request wait in the engine, so that
//! none overtakes the message of the job. All other work continues, and may make the result
//! useless: a client may disconnect or cancel, a child or a session may end.

mod checkout;
mod evaluation;
mod interpretation;
mod outcome;
mod page;
mod preparing;
pub(crate) mod stateless;
mod translation;

use std::any::Any;

use crate::ids::{ChildId, ExchangeId};
use crate::json::Message;
use crate::native::{Continuation, Serving, StatelessOutcome};

pub(crate) use checkout::Checkout;
pub(crate) use evaluation::{Evaluation, Evaluator, InputContext, ServerInput, SessionOutput};
pub(crate) use interpretation::{FacadeInput, FacadeJob, handle_input};
pub(crate) use outcome::Outcome;
pub(crate) use page::{Known, Page, Table};
pub(crate) use preparing::{OpenQuestion, Prepared, Preparing, answers, translated};
pub(crate) use translation::{Change, Client, Probed, Translated, Translation, severity};

/// The number by which a job identifies a machine; unique for each loan.
pub(crate) type CheckoutId = u64;

/// A part of the engine's work that depends only on its own data.
#[derive(Debug)]
pub struct Job(pub(crate) Work);

/// The kinds of work.
#[derive(Debug)]
pub(crate) enum Work {
    /// The translation of a child's message.
    Translate { child: ChildId, message: Message, translation: Translation },
    /// The work on a long request before a worker gets it.
    Prepare(Box<Preparing>),
    /// An input of a facade.
    Interpret(Box<FacadeJob>),
    /// An input of a connection with a server in this process.
    Evaluate(Box<Evaluation>),
    /// An input of a request without a session that waits for a server in this process.
    Continue(Box<Continuation>),
    /// A request to a server in this process that named a session.
    Serve(Box<Serving>),
    /// The drop of a value that may hold much.
    Drop(Box<dyn Any + Send>),
}

/// The result of a job.
#[derive(Debug)]
pub struct Done(pub(crate) Finished);

/// The kinds of results.
#[derive(Debug)]
pub(crate) enum Finished {
    /// A translated message of a child.
    Translated { child: ChildId, message: Box<Message>, made: Box<(Translation, Translated)> },
    /// The results of the work on a request.
    Prepared(ExchangeId, Box<Prepared>),
    /// A facade after its input.
    Interpreted(Box<FacadeJob>),
    /// A connection after its input.
    Evaluated(Box<Evaluation>),
    /// A waiting request after its input.
    Continued(Box<Continuation>),
    /// The answer to such a request.
    Served(Box<(Serving, StatelessOutcome)>),
    /// A dropped value.
    Dropped,
}

impl Work {
    pub(crate) fn finish(self) -> Finished {
        match self {
            Work::Translate { child, message, translation } => {
                let translated = translation.make(&message);
                let made = Box::new((translation, translated));
                Finished::Translated { child, message: Box::new(message), made }
            }
            Work::Prepare(work) => {
                let (exchange, prepared) = work.carry_out();
                Finished::Prepared(exchange, prepared)
            }
            Work::Interpret(mut work) => {
                work.carry_out();
                Finished::Interpreted(work)
            }
            Work::Evaluate(mut work) => {
                work.carry_out();
                Finished::Evaluated(work)
            }
            Work::Continue(mut work) => {
                work.carry_out();
                Finished::Continued(work)
            }
            Work::Serve(mut work) => {
                let served = work.carry_out();
                Finished::Served(Box::new((*work, served)))
            }
            Work::Drop(value) => {
                drop(value);
                Finished::Dropped
            }
        }
    }
}
