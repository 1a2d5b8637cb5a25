//! Translations for a legacy client without a session, in front of a modern child.

use super::Outcome;
use crate::json::object::Object;
use crate::json::{Answer, Message};
use crate::legacy_facade::lacks;
use crate::protocol::Revision;
use crate::reject::INTERNAL_ERROR;
use crate::translate::modern_child::{self, Caller};
use crate::translate::stateless;

/// The minimum severity of log messages, because `logging/setLevel` sets nothing without a session.
pub(crate) const LOG_LEVEL: &str = "info";

/// The client's description of itself for a modern child.
const CALLER: Caller<'static> =
    Caller { capabilities: b"{}", info: None, log_level: Some(br#""info""#) };

/// Returns the revision that is negotiated with `initialize`.
pub(crate) fn agreed(initialize: &Message, served: &[Revision]) -> Revision {
    let wanted = text_of(initialize, "protocolVersion").unwrap_or_default();
    Revision::agreed(&wanted, served)
}

/// Returns a text in the params of a request.
pub(crate) fn text_of(request: &Message, member: &str) -> Option<String> {
    Some(Object::read(request.params()?)?.text(member)?.into_owned())
}

/// Returns the method and the params of a request for a modern child, or `None` if its params are
/// not an object.
pub(crate) fn for_modern(request: &Message) -> (&str, Option<Vec<u8>>) {
    match request.method().unwrap_or_default() {
        "initialize" => ("server/discover", Some(modern_child::own(None))),
        method => (method, modern_child::params(method, request.params(), &CALLER, 0)),
    }
}

/// Returns the answer of a modern child for a client of this revision, or `None` if it is invalid.
pub(crate) fn of_modern(
    request: &Message,
    answer: &Answer<'_>,
    revision: Revision,
    served: &[Revision],
) -> Option<Outcome> {
    let method = request.method().unwrap_or_default();
    let answer = match answer {
        Answer::Error(error) => modern_child::error(method, error, request.uri()),
        Answer::Result(result) if method == "initialize" => {
            let revision = agreed(request, served);
            let result = modern_child::initialize(result, revision)?;
            Answer::result(stateless::initialize(&result, revision)?)
        }
        Answer::Result(result) => match modern_child::result(method, result, revision)? {
            modern_child::Outcome::Complete(result) => Answer::result(result),
            modern_child::Outcome::InputRequired { requests, .. } if requests.is_empty() => {
                Answer::error(INTERNAL_ERROR, ANOTHER_ROUND)
            }
            modern_child::Outcome::InputRequired { requests, .. } => {
                let needs: Vec<_> = requests.iter().map(|request| request.needs).collect();
                lacks(method, &needs)
            }
        },
    };
    Some(match answer {
        Answer::Result(result) => Outcome::Result(result.into_owned().into()),
        Answer::Error(error) => Outcome::Error { error: error.into_owned().into(), status: 200 },
    })
}

const ANOTHER_ROUND: &str =
    "The server needs another round, which takes a session: start pontoon without --stateless";
