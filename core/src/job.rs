//! Work that takes longer for a longer message, carried out outside the engine's lock.
//!
//! Owns: [`Job`], a pure function with its arguments, and [`Done`], its result.
//! Never: decides what follows from a result; the engine does, once the result is reported to it.
//!
//! ```text
//!   engine (locked)          adapter (not locked)          engine (locked)
//!   Action::Work(job) ─────► job.run() ──────────────────► Input::Worked(done)
//! ```
//!
//! A message of up to [`Limits::inline_bytes_max`](crate::limits::Limits::inline_bytes_max) is dealt
//! with at once, without a job. While a job is under way, later facts of the same child wait in the
//! engine, so that nothing overtakes the message that the job is about. Everything else goes on, and
//! may make the result useless: a client may go away or give up, a child or a session may end.

use crate::bridge::{Prepared, Preparing, Translated, Translation};
use crate::ids::{ChildId, ExchangeId};
use crate::json::Message;
use crate::machine::Input;
use crate::session::{Evaluation, Interpretation};

/// Work of the engine that needs nothing but what it holds.
#[derive(Debug)]
pub struct Job(pub(crate) Work);

/// What there is to do.
#[derive(Debug)]
pub(crate) enum Work {
    /// A message of a child is to be translated.
    Translate { child: ChildId, message: Message, translation: Translation },
    /// A long request of a modern client needs work before a worker is given it.
    Prepare(Box<Preparing>),
    /// An interpreter is to take a fact.
    Interpret(Box<Interpretation>),
    /// A conversation with a server in this process is to take a fact.
    Evaluate(Box<Evaluation>),
}

/// The result of a job.
#[derive(Debug)]
pub struct Done(pub(crate) Finished);

/// What was done.
#[derive(Debug)]
pub(crate) enum Finished {
    /// A message of a child was translated.
    Translated { child: ChildId, message: Box<Message>, made: Box<(Translation, Translated)> },
    /// The work on a request was done.
    Prepared(ExchangeId, Box<Prepared>),
    /// An interpreter has taken its fact.
    Interpreted(Box<Interpretation>),
    /// A conversation has taken its fact.
    Evaluated(Box<Evaluation>),
}

impl Job {
    /// Carries out the work; the result is to be reported, also when nobody waits for it any more.
    pub fn run(self) -> Input {
        Input::Worked { done: Box::new(Done(self.0.finish())) }
    }
}

impl Work {
    fn finish(self) -> Finished {
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
        }
    }
}
