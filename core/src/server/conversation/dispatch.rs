//! From a request to the seat, or to what is known without it.

use serde_json::{Map, Value};

use super::conclude::scene;
use super::{Circumstances, Conversation};
use crate::server::params::{Params, Reference, shown, string};
use crate::server::waiting::Asked;
use crate::server::{
    Client, Fault, LogLevel, Outbox, Outcome, Prompt, Request, Sink, check, legacy,
};

impl Conversation {
    /// Answers, or starts what answers later, or says why not; then nothing has been written.
    pub(super) fn on_request(
        &mut self,
        id: &str,
        method: &str,
        params: Option<&str>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), Fault> {
        if !self.has(method) {
            let text = format!("Method not found: {}", shown(method));
            return Err(Fault::method_not_found(text));
        }
        let params = Params::parse(params)?;
        let token = params.progress_token()?;
        let asked = Asked { id, token, arrived: at.arrived, http: at.http, reached: None };
        match method {
            "tools/call" => return self.call_tool(asked, &params, at, out),
            "prompts/get" => return self.get_prompt(asked, &params, at, out),
            "completion/complete" => return self.complete(asked, &params, at, out),
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
                return self.about_resource(asked, method, &params, at, out);
            }
            _ => {}
        }
        let result = match method {
            "initialize" => self.initialize(&params)?,
            "logging/setLevel" => {
                let level = LogLevel::parse(&string(params.level, "params.level")?)?;
                self.client.log_level = Some(level);
                empty()
            }
            "ping" => empty(),
            _ => self.list(method, &params)?,
        };
        legacy::answer(out, id, &result);
        Ok(())
    }

    /// Whether there is such a method: those that are announced, and no others.
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

    fn initialize(&mut self, params: &Params<'_>) -> Result<Value, Fault> {
        let wanted = params.protocol_version()?;
        let revision = legacy::agree(wanted.as_deref(), self.allowed.as_deref())?;
        let (name, version) = params.client()?;
        let capabilities = params.capabilities()?;
        self.subscriptions.clear();
        self.client = Client { name, version, capabilities, ..Client::default() };
        self.revision = revision;
        Ok(legacy::introduction(self.server.catalog(), revision))
    }

    fn list(&self, method: &str, params: &Params<'_>) -> Result<Value, Fault> {
        params.no_cursor()?;
        let catalog = self.server.catalog();
        Ok(match method {
            "prompts/list" => legacy::prompts(catalog, self.revision),
            "resources/list" => legacy::resources(catalog),
            "resources/templates/list" => legacy::templates(catalog),
            _ => legacy::tools(catalog, self.revision),
        })
    }

    fn call_tool(
        &mut self,
        asked: Asked<'_>,
        params: &Params<'_>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), Fault> {
        let name = string(params.name, "params.name")?;
        let tools = &self.server.catalog().tools;
        let Some(tool) = tools.iter().find(|tool| tool.name == name) else {
            return Err(self.server.unknown_tool(&shown(&name)));
        };
        let arguments = check::arguments(params.arguments)?;
        check::tool(&tool.input, &arguments)?;
        let request = Request::CallTool { name: &name, arguments: &arguments };
        self.evaluate(asked, &request, at, out);
        Ok(())
    }

    fn get_prompt(
        &mut self,
        asked: Asked<'_>,
        params: &Params<'_>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), Fault> {
        let name = string(params.name, "params.name")?;
        let prompt = self.prompt(&name)?;
        let arguments = check::arguments(params.arguments)?;
        check::prompt(prompt, &arguments)?;
        let request = Request::GetPrompt { name: &name, arguments: &arguments };
        self.evaluate(asked, &request, at, out);
        Ok(())
    }

    fn complete(
        &mut self,
        asked: Asked<'_>,
        params: &Params<'_>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), Fault> {
        let completed = params.completed()?;
        let of = match &completed.of {
            Reference::Prompt(name) => {
                let prompt = self.prompt(name)?;
                let is_argument = |name: &str| prompt.arguments.iter().any(|a| a.name == name);
                if !is_argument(&completed.argument) {
                    let text = "params.argument.name is no argument of this prompt";
                    return Err(Fault::invalid_params(text));
                }
                name
            }
            Reference::Template(uri) => {
                let catalog = self.server.catalog();
                if !catalog.templates.iter().any(|template| template.uri_template == *uri) {
                    let text = "params.ref.uri is no resource template of this server";
                    return Err(Fault::invalid_params(text));
                }
                uri
            }
        };
        let (argument, value) = (&completed.argument, &completed.value);
        self.evaluate(asked, &Request::Complete { of, argument, value }, at, out);
        Ok(())
    }

    fn about_resource(
        &mut self,
        asked: Asked<'_>,
        method: &str,
        params: &Params<'_>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), Fault> {
        let uri = &*string(params.uri, "params.uri")?;
        let request = match method {
            "resources/subscribe" => {
                self.subscribe(uri)?;
                Request::Subscribe { uri }
            }
            "resources/unsubscribe" => {
                self.subscriptions.remove(uri);
                Request::Unsubscribe { uri }
            }
            _ => Request::ReadResource { uri },
        };
        self.evaluate(asked, &request, at, out);
        Ok(())
    }

    fn subscribe(&mut self, uri: &str) -> Result<(), Fault> {
        if uri.len() > URI_BYTES_MAX {
            return Err(Fault::invalid_params("params.uri is too long"));
        }
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX && !self.subscriptions.contains(uri) {
            return Err(Fault::internal("Too many subscriptions"));
        }
        self.subscriptions.insert(uri.into());
        Ok(())
    }

    fn prompt(&self, name: &str) -> Result<&Prompt, Fault> {
        let found = self.server.catalog().prompts.iter().find(|prompt| prompt.name == name);
        found.ok_or_else(|| Fault::invalid_params(format!("Unknown prompt: {}", shown(name))))
    }

    /// Asks the seat, and goes on with what it says.
    fn evaluate(
        &mut self,
        asked: Asked<'_>,
        request: &Request<'_>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        let mut outbox = Outbox::default();
        self.client.wants_progress = asked.token.is_some();
        let scene = scene(&self.client, self.revision, asked, at);
        let outcome = self.seat.evaluate(request, &scene, &mut outbox);
        if let (Request::Subscribe { uri }, Outcome::Done(Err(_))) = (request, &outcome) {
            self.subscriptions.remove(*uri);
        }
        self.conclude(asked, outcome, outbox, at, out);
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// Bytes of a URI that is subscribed to.
const URI_BYTES_MAX: usize = 8 * 1024;

/// URIs a client may be subscribed to at once.
const SUBSCRIPTIONS_MAX: usize = 1000;
