//! Checks of options that exclude or limit each other.

use pontoon_core::http::{SSE_MESSAGES, SSE_STREAM};

use crate::args::{ServingArgs, SessionArgs};
use crate::errors::{Failure, Setting};

/// Checks that the endpoint and HTTP+SSE do not share a path.
pub(crate) fn check_path(verb: &str, path: &str, sessions: &SessionArgs) -> Result<(), Failure> {
    let is_taken = sessions.sse && [SSE_STREAM, SSE_MESSAGES].contains(&path);
    match is_taken {
        true => {
            let why = "with --sse this path has a meaning of its own";
            Err(Failure::bad_value(verb, Setting::Flag("--path"), Some(path), why))
        }
        false => Ok(()),
    }
}

/// Checks that no sessions of HTTP+SSE are wanted from a proxy without sessions.
pub(crate) fn check_stateless(stateless: bool, sessions: &SessionArgs) -> Result<(), Failure> {
    match stateless && sessions.sse {
        true => Err(Failure {
            what: "--sse and --stateless exclude each other".into(),
            why: "each stream of HTTP+SSE is a session".into(),
            fix: "leave one of them out".into(),
            code: 2,
        }),
        false => Ok(()),
    }
}

/// Checks the memory: a session may use a quarter of it for request bodies, so one body must fit
/// into that.
pub(crate) fn check_limits(args: &ServingArgs) -> Result<(), Failure> {
    let client = &args.client_limits;
    if client.burst.is_some() && client.requests_per_second.is_none() {
        return Err(Failure {
            what: "--burst has no effect without --requests-per-second".into(),
            why: "it is the number of requests at once that this rate allows".into(),
            fix: "give --requests-per-second too, or leave --burst out".into(),
            code: 2,
        });
    }
    if args.max_body <= args.max_memory / 4 {
        return Ok(());
    }
    let mib = |bytes: usize| bytes.div_ceil(1024 * 1024);
    let (body, memory) = (mib(args.max_body), mib(args.max_memory));
    Err(Failure {
        what: format!("--max-body ({body} MiB) is too large for --max-memory ({memory} MiB)"),
        why: "the bodies of one session may use a quarter of the memory".into(),
        fix: format!("give --max-memory at least {}MiB, or a smaller --max-body", 4 * body),
        code: 2,
    })
}
