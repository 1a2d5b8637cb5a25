//! Dispatches a request to the handler, or answers it from the catalog.

use super::outcome::request_context;
use super::{MessageContext, ServerConnection};
use crate::log_text::truncate_for_log;
use crate::protocol::{Era, Revision};
use crate::server::incoming::Incoming;
use crate::server::params::{Completed, Params, Reference, string};
use crate::server::waiting_request::RequestInProgress;
use crate::server::{
    Catalog, LogLevel, MessageSink, Notifications, Outcome, Prompt, Request, RpcError, check,
    encode, legacy,
};

impl ServerConnection {
    /// Answers a legacy request, starts a task that answers it later, or answers with an error.
    pub(super) fn on_request(
        &mut self,
        incoming: Incoming<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        if let Err(fault) = self.serve(incoming, at, out) {
            encode::error(out, Some(incoming.id), &fault);
        }
    }

    /// Serves a request. Nothing has been written if it returns an error.
    fn serve(
        &mut self,
        Incoming { id, token, method, params }: Incoming<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) -> Result<(), RpcError> {
        if !self.has(method) {
            return Err(no_method(method));
        }
        let params = Params::parse(params)?;
        let asked = RequestInProgress {
            id,
            token,
            arrived: at.arrived,
            http: at.http,
            principal: at.principal,
            random: at.random,
            reached: None,
            modern: None,
            subject: None,
        };
        let revision = self.revision;
        match method {
            "initialize" => {
                let revision = self.initialize(&params)?;
                let catalog = self.server.catalog();
                encode::answer(out, id, |result| legacy::introduction(result, catalog, revision));
            }
            "logging/setLevel" => {
                let level = LogLevel::parse(&string(params.level, "params.level")?)?;
                self.client.log_level = Some(level);
                encode::answer(out, id, |_| {});
            }
            "ping" => encode::answer(out, id, |_| {}),
            "prompts/list" | "resources/list" | "resources/templates/list" | "tools/list" => {
                params.no_cursor()?;
                let catalog = self.server.catalog();
                encode::answer(out, id, |result| {
                    encode::list(result, method, catalog, revision, at.permissions);
                });
            }
            _ => return self.call_handler(asked, method, &params, at, out),
        }
        Ok(())
    }

    /// Passes a request to the handler, after its target and arguments were validated.
    pub(super) fn call_handler(
        &mut self,
        asked: RequestInProgress<'_>,
        method: &str,
        params: &Params<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) -> Result<(), RpcError> {
        match method {
            "completion/complete" => self.complete(asked, params, at, out),
            "prompts/get" => self.get_prompt(asked, params, at, out),
            "tools/call" => self.call_tool(asked, params, at, out),
            _ => self.about_resource(asked, method, params, at, out),
        }
    }

    /// Returns whether the legacy era has a method: only announced methods exist.
    fn has(&self, method: &str) -> bool {
        let catalog = self.server.catalog();
        match method {
            "initialize" | "ping" | "tools/call" | "tools/list" => true,
            "completion/complete" => catalog.completions,
            "logging/setLevel" => catalog.logging,
            "prompts/get" | "prompts/list" => catalog.has_prompts(),
            "resources/list" | "resources/read" | "resources/templates/list" => {
                catalog.has_resources()
            }
            "resources/subscribe" | "resources/unsubscribe" => {
                catalog.has_resources() && catalog.subscriptions
            }
            _ => false,
        }
    }

    fn initialize(&mut self, params: &Params<'_>) -> Result<Revision, RpcError> {
        let wanted = params.protocol_version()?;
        let spoken: Vec<_> = self.allowed_revisions().collect();
        let revision = legacy::agree(wanted.as_deref(), &spoken)?;
        self.client = params.client()?.within(revision);
        self.listeners.unsubscribe_all();
        self.revision = revision;
        self.is_initialized = true;
        if let Some(connection) = &mut self.connection {
            connection.initialized = true;
        }
        Ok(revision)
    }

    fn call_tool(
        &mut self,
        asked: RequestInProgress<'_>,
        params: &Params<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) -> Result<(), RpcError> {
        let name = string(params.name, "params.name")?;
        let Some(tool) = self.catalog(&asked).tool(&name) else {
            return Err(self.server.unknown_tool(&truncate_for_log(&name)));
        };
        let arguments = check::arguments(params.arguments)?;
        check::tool(&tool.input, &arguments)?;
        let request = Request::CallTool { name: &name, arguments: &arguments };
        self.evaluate(asked, &request, at, out);
        Ok(())
    }

    fn get_prompt(
        &mut self,
        asked: RequestInProgress<'_>,
        params: &Params<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) -> Result<(), RpcError> {
        let name = string(params.name, "params.name")?;
        let prompt = self.prompt(&asked, &name)?;
        let arguments = check::arguments(params.arguments)?;
        check::prompt(prompt, &arguments)?;
        let request = Request::GetPrompt { name: &name, arguments: &arguments };
        self.evaluate(asked, &request, at, out);
        Ok(())
    }

    fn complete(
        &mut self,
        asked: RequestInProgress<'_>,
        params: &Params<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) -> Result<(), RpcError> {
        let completed = params.completed()?;
        let of = match &completed.of {
            Reference::Prompt(name) => {
                let prompt = self.prompt(&asked, name)?;
                let is_argument = |name: &str| prompt.arguments.iter().any(|a| a.name == name);
                if !is_argument(&completed.argument) {
                    let text = "params.argument.name is no argument of this prompt";
                    return Err(RpcError::invalid_params(text));
                }
                name
            }
            Reference::Template(uri) => {
                let catalog = self.catalog(&asked);
                if !catalog.templates.iter().any(|template| template.uri_template == *uri) {
                    let text = "params.ref.uri is no resource template of this server";
                    return Err(RpcError::invalid_params(text));
                }
                uri
            }
        };
        let Completed { argument, value, others, .. } = &completed;
        self.evaluate(asked, &Request::Complete { of, argument, value, others }, at, out);
        Ok(())
    }

    fn about_resource(
        &mut self,
        asked: RequestInProgress<'_>,
        method: &str,
        params: &Params<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) -> Result<(), RpcError> {
        let uri = &*string(params.uri, "params.uri")?;
        let request = match method {
            "resources/subscribe" => {
                self.listeners.subscribe(uri)?;
                Request::Subscribe { uri }
            }
            "resources/unsubscribe" => {
                self.listeners.unsubscribe(uri);
                Request::Unsubscribe { uri }
            }
            _ => Request::ReadResource { uri },
        };
        self.evaluate(asked, &request, at, out);
        Ok(())
    }

    fn prompt(&self, asked: &RequestInProgress<'_>, name: &str) -> Result<&Prompt, RpcError> {
        let found = self.catalog(asked).prompts.iter().find(|prompt| prompt.name == name);
        found.ok_or_else(|| {
            RpcError::invalid_params(format!("Unknown prompt: {}", truncate_for_log(name)))
        })
    }

    /// Returns the catalog for the era of a request.
    pub(super) fn catalog(&self, asked: &RequestInProgress<'_>) -> &Catalog {
        self.catalog_of(if asked.modern.is_some() { Era::Modern } else { Era::Legacy })
    }

    /// Returns the catalog for an era.
    pub(super) fn catalog_of(&self, era: Era) -> &Catalog {
        match era {
            Era::Legacy => self.server.catalog(),
            Era::Modern => self.server.modern_catalog(),
        }
    }

    /// Evaluates a request in the handler and handles the outcome. A modern request has a handler
    /// of its own, so that it sees nothing that another request left there.
    pub(super) fn evaluate(
        &mut self,
        asked: RequestInProgress<'_>,
        request: &Request<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        let mut notifications = Notifications::default();
        self.client.wants_progress = asked.token.is_some();
        let context =
            request_context((&self.client, self.revision, self.connection.as_ref()), &asked, at);
        let outcome = match asked.modern {
            Some(_) => self.server.new_handler().evaluate(request, &context, &mut notifications),
            None => {
                let handler = self.handler.get_or_insert_with(|| self.server.new_handler());
                handler.evaluate(request, &context, &mut notifications)
            }
        };
        if let (Request::Subscribe { uri }, Outcome::Done(Err(_))) = (request, &outcome) {
            self.listeners.unsubscribe(uri);
        }
        self.on_outcome(asked, outcome, notifications, at, out);
    }
}

/// Returns the fault for an unknown method.
pub(super) fn no_method(method: &str) -> RpcError {
    RpcError::method_not_found(format!("Method not found: {}", truncate_for_log(method)))
}
