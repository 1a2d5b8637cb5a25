//! Requests of the modern era: each one is self-contained.
//!
//! | the first that fails | error |
//! |---|---|
//! | `_meta` has a version and capabilities | -32602 |
//! | that version is supported | -32022 |
//! | the method exists | -32601 |
//! | the rest of `_meta` is valid | -32602 |
//! | the client has the method's extension | -32021 |
//! | the parameters are valid | -32602 |
//! | `requestState` belongs to this request and has not expired | -32602 |
//!
//! Source: 2026-07-28, basic/index, basic/versioning, basic/patterns/mrtr.

use super::dispatch::no_method;
use super::outcome::{Next, request_context};
use super::{MessageContext, ServerConnection};
use crate::reject::Reject;
use crate::seal::SalientParams;
use crate::server::incoming::Incoming;
use crate::server::modern::{self, CacheTtl};
use crate::server::params::{Meta, Params};
use crate::server::rounds::{RoundStatus, Rounds, Subject, given};
use crate::server::rpc_error::wrong;
use crate::server::waiting_request::{Modern, RequestInProgress};
use crate::server::{
    Announces, Client, MessageSink, Notifications, Outcome, Question, Request, RpcError,
    SubscriptionStream, check, encode,
};
use crate::translate::error_data;

impl ServerConnection {
    /// Answers a modern request, starts a task that answers it later, or answers with an error.
    pub(super) fn on_modern_request(
        &mut self,
        incoming: Incoming<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        if let Err(fault) = self.serve_modern(incoming, at, out) {
            modern::error(out, incoming.id, fault);
        }
    }

    /// Serves a request. Nothing has been written if it returns an error.
    fn serve_modern(
        &mut self,
        Incoming { id, token, method, params: text }: Incoming<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) -> Result<(), RpcError> {
        let params = Params::parse(text)?;
        let meta = params.meta()?;
        self.check_version(method, &params, &meta)?;
        let catalog = self.server.modern_catalog();
        if !catalog.has_modern(method) {
            return Err(no_method(method));
        }
        let client = Client { wants_progress: token.is_some(), ..meta.client()? };
        match method {
            "server/discover" => {
                let fresh = Some(CacheTtl::of(catalog));
                modern::answer(out, id, catalog, fresh, |result| {
                    modern::discovery(result, catalog, self.allowed_revisions());
                });
                return Ok(());
            }
            "prompts/list" | "resources/list" | "resources/templates/list" | "tools/list" => {
                params.no_cursor()?;
                modern::answer(out, id, catalog, Some(CacheTtl::of(catalog)), |result| {
                    encode::list(result, method, catalog, modern::REVISION, at.permissions);
                });
                return Ok(());
            }
            _ => {}
        }
        let extension = catalog.extension_of(method);
        if let Some(extension) = extension.filter(|it| !client.has_extension(it.name)) {
            return Err(RpcError::missing_extension(extension.name));
        }
        let subject = subject(method, &params);
        let rounds = rounds(subject.as_ref(), &params, at)?;
        let asked = RequestInProgress {
            id,
            token,
            arrived: at.arrived,
            http: at.http,
            principal: at.principal,
            random: at.random,
            reached: None,
            modern: Some(Box::new(Modern { client, rounds })),
            subject,
        };
        if method == "subscriptions/listen" {
            let listen = SubscriptionStream::open(id, text, Announces::of(catalog))?;
            return self.open_subscription(&asked, listen, at, out);
        }
        if extension.is_none() {
            return self.call_handler(asked, method, &params, at, out);
        }
        let params = check::members(text.unwrap_or("{}"), "params")?;
        self.evaluate(asked, &Request::Extended { method, params: &params }, at, out);
        Ok(())
    }

    /// Opens a stream of changes. Resources that the server refuses to watch are left out.
    fn open_subscription(
        &mut self,
        asked: &RequestInProgress<'_>,
        mut listen: SubscriptionStream,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) -> Result<(), RpcError> {
        let mut handler = self.server.new_handler();
        let context =
            request_context((&self.client, self.revision, self.connection.as_ref()), asked, at);
        listen.retain(|uri| {
            let outcome = handler.evaluate(
                &Request::Subscribe { uri },
                &context,
                &mut Notifications::default(),
            );
            matches!(outcome, Outcome::Done(Ok(_)))
        });
        self.listeners.open(listen, out)
    }

    /// Checks that a request's revision is supported.
    fn check_version(
        &self,
        method: &str,
        params: &Params<'_>,
        meta: &Meta<'_>,
    ) -> Result<(), RpcError> {
        let version = match meta.version() {
            // A client that sends `initialize` does not know this era, but may be able to use a
            // list of supported revisions (basic/versioning).
            Err(_) if method == "initialize" && !meta.is_modern() => {
                params.protocol_version()?.unwrap_or_default()
            }
            version => version?,
        };
        if version == modern::REVISION.as_str() {
            return Ok(());
        }
        let data = Some(error_data::unsupported_revision(self.allowed_revisions(), &version));
        Err(RpcError { data, ..RpcError::of(Reject::UnsupportedRevision) })
    }

    /// Sends questions to a modern client: they are the result of this request, and a second
    /// request brings the answers.
    pub(super) fn require_input(
        &self,
        asked: &mut RequestInProgress<'_>,
        questions: Vec<Question>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) -> Result<Next, RpcError> {
        let (Some(modern), Some(subject)) = (&mut asked.modern, &asked.subject) else {
            return Err(RpcError::internal("The server asks where nothing can be asked"));
        };
        Ok(match modern.rounds.answers_to(questions, &modern.client)? {
            RoundStatus::Answered(answers) => Next::Go(answers),
            RoundStatus::Open(questions) => {
                let binding = subject.binding(&asked.principal);
                let state = modern.rounds.seal(at.seal, &binding, at.unix_time)?;
                let catalog = self.server.modern_catalog();
                modern::questions(out, asked.id, catalog, &questions, &state);
                Next::Over
            }
        })
    }
}

/// Returns the target of a request whose method may ask the client for input.
fn subject<'a>(method: &str, params: &Params<'a>) -> Option<Subject<'a>> {
    let (name, arguments) = (params.name.map(str::as_bytes), params.arguments.map(str::as_bytes));
    let named = SalientParams { name, arguments, uri: None };
    Some(match method {
        "prompts/get" => Subject::new("prompts/get", named),
        "resources/read" => {
            let uri = params.uri.map(str::as_bytes);
            Subject::new("resources/read", SalientParams { uri, ..SalientParams::default() })
        }
        "tools/call" => Subject::new("tools/call", named),
        _ => return None,
    })
}

/// Returns the answers that the client has given so far.
fn rounds(
    subject: Option<&Subject<'_>>,
    params: &Params<'_>,
    at: &MessageContext<'_>,
) -> Result<Rounds, RpcError> {
    let Some(subject) = subject else { return Ok(Rounds::first(at.random, given(None)?)) };
    let given = given(params.input_responses)?;
    let Some(state) = params.request_state else { return Ok(Rounds::first(at.random, given)) };
    let state: String = serde_json::from_str(state)
        .map_err(|_| wrong("params.requestState", "must be a string"))?;
    Rounds::again(at.seal, (subject, &at.principal), at.unix_time, &state, given)
}
