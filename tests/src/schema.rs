//! Validation of messages against the JSON Schema of their revision.
//!
//! Owns: the definition for each message, and corrections of the published schemas. Never: the
//! source of a message; [`crate::schema_check`] knows that.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// The revisions that have sessions, in order.
pub const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The revision with self-contained requests.
pub const MODERN: &str = "2026-07-28";

/// The sender of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Client,
    Server,
}

impl Sender {
    /// Returns its prefix in the names of the schemas' unions.
    fn name(self) -> &'static str {
        match self {
            Sender::Client => "Client",
            Sender::Server => "Server",
        }
    }
}

/// Returns the revision of this name, if it is known.
pub fn known(revision: &str) -> Option<&'static str> {
    LEGACY.into_iter().chain([MODERN]).find(|name| *name == revision)
}

/// Returns whether a revision defines a request or a notification of this name for a side to send.
pub fn defines(revision: &str, sender: Sender, method: &str) -> bool {
    let kinds = ["Request", "Notification"];
    let is_task = revision == MODERN && TASK_METHODS.contains(&method);
    let book = BOOKS.get(revision);
    is_task
        || book.is_some_and(|it| kinds.iter().any(|kind| it.member(sender, kind, method).is_some()))
}

/// Validates a message against the schema of a revision. `answered` is the method of the request
/// that a result answers, if it is known.
///
/// # Errors
///
/// A description of what is wrong with the message.
pub fn check(
    revision: &str,
    sender: Sender,
    message: &Value,
    answered: Option<&str>,
) -> Result<(), String> {
    let book = BOOKS.get(revision).ok_or_else(|| format!("there is no revision {revision}"))?;
    let method = message["method"].as_str();
    match (method, message.get("id"), message.get("result"), message.get("error")) {
        (Some(method), Some(_), None, None) => book.request(sender, method, message),
        (Some(method), None, None, None) => book.notification(sender, method, message),
        (None, _, Some(result), None) => book.result(message, result, answered),
        (None, _, None, Some(error)) => book.error(message, error),
        _ => Err("neither a request nor a notification nor a response".to_owned()),
    }
}

/// The schema of one revision.
struct Book {
    revision: &'static str,
    schema: Value,
    /// The key of the schema's definitions.
    shelf: &'static str,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

static BOOKS: LazyLock<BTreeMap<&'static str, Book>> = LazyLock::new(|| {
    let texts = [
        include_str!("../schema/2024-11-05.json"),
        include_str!("../schema/2025-03-26.json"),
        include_str!("../schema/2025-06-18.json"),
        include_str!("../schema/2025-11-25.json"),
        include_str!("../schema/2026-07-28.json"),
    ];
    let revisions = LEGACY.into_iter().chain([MODERN]);
    revisions.zip(texts).map(|(revision, text)| (revision, Book::open(revision, text))).collect()
});

impl Book {
    fn open(revision: &'static str, text: &str) -> Book {
        let mut schema: Value = text.parse().expect("a schema is JSON");
        let shelf = if schema.get("$defs").is_some() { "$defs" } else { "definitions" };
        correct(&mut schema[shelf]);
        Book { revision, schema, shelf, validators: Mutex::default() }
    }

    fn is_modern(&self) -> bool {
        self.revision == MODERN
    }

    fn request(&self, sender: Sender, method: &str, message: &Value) -> Result<(), String> {
        self.fit(&["JSONRPCRequest"], message)?;
        match self.member(sender, "Request", method) {
            Some(name) => self.fit(&[name], message),
            None if self.is_modern() && TASK_METHODS.contains(&method) => Ok(()),
            None => Err(format!("{} has no request {method} of a {sender:?}", self.revision)),
        }
    }

    fn notification(&self, sender: Sender, method: &str, message: &Value) -> Result<(), String> {
        self.fit(&["JSONRPCNotification"], message)?;
        match self.member(sender, "Notification", method) {
            Some(name) => self.fit(&[name], message),
            None => Err(format!("{} has no notification {method} of a {sender:?}", self.revision)),
        }
    }

    fn result(
        &self,
        message: &Value,
        result: &Value,
        answered: Option<&str>,
    ) -> Result<(), String> {
        self.fit(&["JSONRPCResultResponse", "JSONRPCResponse"], message)?;
        let Some(method) = answered else { return Ok(()) };
        match result["resultType"].as_str().filter(|_| self.is_modern()) {
            Some("input_required") => return self.input_required(result, method),
            Some("task") if method == "tools/call" => return Ok(()),
            Some("complete") | None => {}
            Some(other) => return Err(format!("result type {other}")),
        }
        let request = [Sender::Client, Sender::Server]
            .into_iter()
            .find_map(|asker| self.member(asker, "Request", method));
        let Some(stem) = request.and_then(|name| name.strip_suffix("Request")) else {
            return Ok(());
        };
        let name = format!("{stem}Result");
        if self.definition(&name).is_some() {
            return self.fit(&[&name], result);
        }
        // `EmptyResult` allows all members; the specification's schema.ts does not ("a response
        // that indicates success but carries no data").
        match result.as_object().is_some_and(Map::is_empty) {
            true => Ok(()),
            false => Err(format!("the result of {method} is not empty")),
        }
    }

    /// 2026-07-28, basic/patterns/mrtr.
    fn input_required(&self, result: &Value, method: &str) -> Result<(), String> {
        self.fit(&["InputRequiredResult"], result)?;
        if !["tools/call", "prompts/get", "resources/read"].contains(&method) {
            return Err(format!("{method} may not require input"));
        }
        if result.get("inputRequests").is_none() && result.get("requestState").is_none() {
            return Err("neither inputRequests nor requestState".to_owned());
        }
        Ok(())
    }

    fn error(&self, message: &Value, error: &Value) -> Result<(), String> {
        let names = ["JSONRPCErrorResponse", "JSONRPCError"];
        // Up to 2025-06-18 the id is required, though an unreadable request has none.
        if LEGACY[..3].contains(&self.revision) && message.get("id").is_none() {
            let mut identified = message.clone();
            identified["id"] = json!(0);
            self.fit(&names, &identified)?;
        } else {
            self.fit(&names, message)?;
        }
        match self.error_of(&error["code"]) {
            Some(name) => self.fit(&[name], message),
            None => Ok(()),
        }
    }

    /// Returns the definition of an error response with this code.
    fn error_of(&self, code: &Value) -> Option<&str> {
        let errors = self.definitions().iter().filter(|(_, definition)| {
            let parts = definition["properties"]["error"]["allOf"].as_array();
            let has_code = |part: &Value| part["properties"]["code"]["const"] == *code;
            parts.is_some_and(|parts| parts.iter().any(has_code))
        });
        errors.map(|(name, _)| name.as_str()).next()
    }

    /// Returns the definition in the union `ClientRequest`, `ServerNotification`, … with this
    /// method.
    fn member(&self, sender: Sender, kind: &str, method: &str) -> Option<&str> {
        let union = self.definition(&format!("{}{kind}", sender.name()))?;
        let is_of = |definition: &Value| definition["properties"]["method"]["const"] == method;
        let Some(members) = union["anyOf"].as_array() else {
            // A union of one has been replaced by its only member.
            let mut all = self.definitions().iter();
            let same = all.find(|(name, it)| is_of(union) && is_of(it) && name.ends_with(kind));
            return same.map(|(name, _)| name.as_str());
        };
        let names = members.iter().filter_map(|member| member["$ref"].as_str()?.rsplit('/').next());
        names.into_iter().find(|name| self.definition(name).is_some_and(is_of))
    }

    fn definitions(&self) -> &Map<String, Value> {
        self.schema[self.shelf].as_object().expect("definitions")
    }

    fn definition(&self, name: &str) -> Option<&Value> {
        self.definitions().get(name)
    }

    /// Validates a value against the first of these definitions that this revision has.
    fn fit(&self, names: &[&str], value: &Value) -> Result<(), String> {
        let name = names.iter().find(|name| self.definition(name).is_some());
        let name = name.unwrap_or_else(|| panic!("{} has no {names:?}", self.revision));
        let validator = self.validator(name);
        let wrong: Vec<_> = validator
            .iter_errors(value)
            .take(ERRORS_MAX)
            .map(|error| format!("{}: {error:.200}", error.instance_path()))
            .collect();
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(format!("no {name} of {}: {}", self.revision, wrong.join("; "))),
        }
    }

    fn validator(&self, name: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let made = validators.entry(name.to_owned()).or_insert_with(|| {
            let shelf = self.shelf;
            let schema = json!({"$ref": format!("#/{shelf}/{name}"), shelf: self.schema[shelf]});
            let draft = if shelf == "$defs" { Draft::Draft202012 } else { Draft::Draft7 };
            let made = jsonschema::options().with_draft(draft).build(&schema);
            Arc::new(made.unwrap_or_else(|error| panic!("{}, {name}: {error}", self.revision)))
        });
        made.clone()
    }
}

/// Corrects the types that the generator of the schemas made of `number`: integers.
fn correct(definitions: &mut Value) {
    for place in [
        "/ElicitResult/properties/content/additionalProperties/type",
        "/ElicitResult/properties/content/additionalProperties/anyOf/1/type",
        "/JSONValue/anyOf/2/type",
    ] {
        let types = definitions.pointer_mut(place).and_then(Value::as_array_mut);
        types.into_iter().flatten().filter(|it| **it == "integer").for_each(|it| {
            *it = json!("number");
        });
    }
}

/// The requests of the extension `io.modelcontextprotocol/tasks`, which no schema defines.
const TASK_METHODS: [&str; 3] = ["tasks/cancel", "tasks/get", "tasks/update"];

/// The maximum number of reported errors for one message.
const ERRORS_MAX: usize = 3;

#[cfg(test)]
mod tests;
