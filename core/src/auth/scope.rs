//! Scopes: the operations that a token may use, and the operation of each message.
//!
//! Owns: the one rule that calls and lists both ask. Never: a token, or an answer.
//!
//! A scope names a server, a method of it, or one target of a method:
//!
//! ```text
//!   mcp                              everything
//!   mcp:tools/call                   every tool
//!   mcp:tools/call:convert_time      one tool
//! ```
//!
//! `mcp` stands for the server; one of several has its own name in its place. Bytes of a name that a
//! scope cannot have (RFC 6749, section 3.3) are percent-encoded, and so is `%`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use crate::auth::scope_rule::{METHODS, ScopeRule};
use crate::json::object::{elements, map, member, text};
use crate::json::{Body, Kind, Message};

/// The scopes of an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// Everything is allowed.
    All,
    /// Only what these scopes name.
    Listed(Arc<[Box<str>]>),
}

impl Scopes {
    /// Returns the scopes in a list that is separated by spaces.
    pub fn parse(list: &str) -> Scopes {
        Scopes::Listed(list.split_ascii_whitespace().take(SCOPES_MAX).map(Box::from).collect())
    }
}

/// The maximum number of scopes of an identity; further ones are ignored.
pub(super) const SCOPES_MAX: usize = 1000;

/// The maximum length of a scope that a challenge names. A longer target is not named.
const SCOPE_BYTES_MAX: usize = 256;

/// An operation, as far as scopes tell operations apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation<'m> {
    /// Something that any scope of the server allows: `initialize`, `ping`, lists.
    Use,
    /// A method.
    Method(Cow<'m, str>),
    /// A method with a target: a tool, a prompt or a resource.
    Target(&'static str, Cow<'m, str>),
    /// Something whose target could be read in two ways. Only the scope of the whole server
    /// allows it.
    Ambiguous,
}

pub(crate) const TOOL: &str = "tools/call";
pub(crate) const PROMPT: &str = "prompts/get";
pub(crate) const RESOURCE: &str = "resources/read";

/// The lists that are filtered: the method, the member of its result, the member that names an
/// entry, and the method that uses an entry.
const LISTS: [(&str, &str, &str, &str); 4] = [
    ("tools/list", "tools", "name", TOOL),
    ("prompts/list", "prompts", "name", PROMPT),
    ("resources/list", "resources", "uri", RESOURCE),
    ("resources/templates/list", "resourceTemplates", "uriTemplate", RESOURCE),
];

/// A list whose entries are filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct List {
    pub(super) member: &'static str,
    key: &'static str,
    method: &'static str,
}

impl List {
    /// Returns the list that a method returns.
    pub(crate) fn of(method: &str) -> Option<List> {
        let found = LISTS.iter().find(|list| list.0 == method)?;
        let (_, member, key, method) = *found;
        Some(List { member, key, method })
    }

    /// Returns the operation that uses an entry (JSON text).
    pub(super) fn operation<'e>(self, entry: &'e [u8]) -> Operation<'e> {
        match member(entry, self.key).and_then(text) {
            _ if is_ambiguous(entry, &[self.key]) => Operation::Ambiguous,
            Some(target) => Operation::Target(self.method, target),
            None => Operation::Method(self.method.into()),
        }
    }
}

/// Returns the operations of a message: every one must be allowed.
pub(crate) fn operations(message: &Message) -> SmallVec<[Operation<'_>; 1]> {
    let method = message.method().unwrap_or_default();
    let params = message.params();
    let named = |method: &'static str, key| {
        if params.is_some_and(|params| is_ambiguous(params, &[key])) {
            return Operation::Ambiguous;
        }
        let target = params.and_then(|params| text(member(params, key)?));
        target.map_or(Operation::Method(method.into()), |it| Operation::Target(method, it))
    };
    // Answers belong to the session of their question, and notifications have no effect beyond it.
    // A server could carry out a request without an id all the same.
    let is_request = match message.kind() {
        Kind::Request => true,
        Kind::Notification => !method.starts_with("notifications/"),
        _ => false,
    };
    if !is_request {
        return smallvec![Operation::Use];
    }
    smallvec![match method {
        TOOL => named(TOOL, "name"),
        PROMPT => named(PROMPT, "name"),
        RESOURCE | "resources/subscribe" | "resources/unsubscribe" => named(RESOURCE, "uri"),
        "completion/complete" => completed(params),
        "subscriptions/listen" => return watched(params),
        "initialize" | "ping" | "server/discover" | "logging/setLevel" | "tasks/get"
        | "tasks/list" | "tasks/result" | "tasks/cancel" | "tasks/update" => Operation::Use,
        _ if List::of(method).is_some() => Operation::Use,
        other => Operation::Method(other.into()),
    }]
}

/// Returns whether an object (JSON text) has one of these keys in another case, which some parsers
/// take for it, or any key twice.
pub(crate) fn is_ambiguous(object: &[u8], keys: &[&str]) -> bool {
    let fold = |key: &str| -> String {
        key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
    };
    let keys: SmallVec<[_; 4]> = keys.iter().map(|key| (*key, fold(key))).collect();
    let is_other = |name: &str| {
        let folded = fold(name);
        keys.iter().any(|(key, known)| name != *key && folded == *known)
    };
    map(object).is_none_or(|members| members.iter().any(|(name, _)| is_other(name)))
}

/// Returns the operation of a completion: that of the prompt or the resource it is for.
fn completed(params: Option<&[u8]>) -> Operation<'_> {
    let unknown = Operation::Method("completion/complete".into());
    let of = || {
        let params = params?;
        let reference = member(params, "ref")?;
        if is_ambiguous(params, &["ref"]) || is_ambiguous(reference, &["type", "name", "uri"]) {
            return Some(Operation::Ambiguous);
        }
        let get = |name| text(member(reference, name)?);
        Some(match &*get("type")? {
            "ref/prompt" => Operation::Target(PROMPT, get("name")?),
            "ref/resource" => Operation::Target(RESOURCE, get("uri")?),
            _ => return None,
        })
    };
    of().unwrap_or(unknown)
}

/// Returns the operations of a `subscriptions/listen`: it reads the resources that it names.
fn watched(params: Option<&[u8]>) -> SmallVec<[Operation<'_>; 1]> {
    let wanted = params.and_then(|params| member(params, "notifications"));
    let objects = [(params, "notifications"), (wanted, "resourceSubscriptions")];
    if objects.iter().any(|(object, key)| object.is_some_and(|it| is_ambiguous(it, &[key]))) {
        return smallvec![Operation::Ambiguous];
    }
    let uris = || elements(member(wanted?, "resourceSubscriptions")?);
    let uris = uris().unwrap_or_default();
    let read = uris.into_iter().map(|uri| match text(uri) {
        Some(uri) => Operation::Target(RESOURCE, uri),
        None => Operation::Method(RESOURCE.into()),
    });
    std::iter::once(Operation::Use).chain(read).collect()
}

/// The rule of an endpoint about scopes.
#[derive(Clone, Debug)]
pub struct ScopePolicy {
    /// The first part of the scopes of this server.
    prefix: Box<str>,
    /// The first parts of the scopes of the other servers of the program.
    others: Arc<[Box<str>]>,
    /// The scopes that a client without a token is told to ask for; empty if scopes are not
    /// checked.
    initial: Arc<[Box<str>]>,
    /// The operations that need other scopes.
    rules: Arc<[ScopeRule]>,
}

impl ScopePolicy {
    /// Creates the policy of a server of this name. `initial` are the scopes that a client without
    /// a token is told to ask for.
    pub fn new(server: &str, initial: &[String]) -> ScopePolicy {
        ScopePolicy::among(server, &[], initial)
    }

    /// Creates the policy of one of several servers. Of the scopes in `initial`, those of the other
    /// servers do not count.
    pub fn among(server: &str, others: &[&str], initial: &[String]) -> ScopePolicy {
        let prefix = encode(server, true);
        let others = others.iter().map(|other| encode(other, true));
        let others = others.filter(|other| *other != prefix).map(Box::from).collect();
        let prefix = prefix.into();
        let mut policy = ScopePolicy { prefix, others, initial: [].into(), rules: [].into() };
        let initial = initial.iter().filter(|scope| policy.is_for_server(scope));
        let initial: Vec<Box<str>> = initial.map(|scope| scope.as_str().into()).collect();
        policy.initial = match initial.is_empty() {
            true => [policy.prefix.clone()].into(),
            false => initial.into(),
        };
        policy
    }

    /// Asks for other scopes for some operations.
    pub fn with_rules(self, rules: Vec<ScopeRule>) -> ScopePolicy {
        ScopePolicy { rules: rules.into(), ..self }
    }

    /// Creates a policy that allows everything to every identity.
    pub fn unchecked() -> ScopePolicy {
        ScopePolicy { initial: [].into(), ..ScopePolicy::new("", &[]) }
    }

    /// Returns the scopes that a client without a token is told to ask for.
    pub fn initial(&self) -> &[Box<str>] {
        &self.initial
    }

    /// Returns whether a scope is one of this server, or one that names no server: an authorization
    /// server may have names of its own.
    fn is_for_server(&self, scope: &str) -> bool {
        let (name, rest) = scope.split_once(':').unwrap_or((scope, ""));
        if self.others.is_empty() || *name == *self.prefix {
            return true;
        }
        // The server may have been removed from the file.
        let is_removed = METHODS.iter().any(|method| rest.starts_with(method));
        !is_removed && !self.others.iter().any(|other| **other == *name)
    }

    /// Returns what an identity with these scopes may do; `None` if that is everything.
    pub(super) fn permissions(&self, scopes: &Scopes) -> Option<Arc<Permissions>> {
        let Scopes::Listed(scopes) = scopes else { return None };
        if self.initial.is_empty() || scopes.iter().any(|scope| **scope == *self.prefix) {
            return None;
        }
        let of_server = |scope: &str| {
            let rest = scope.strip_prefix(&*self.prefix)?.strip_prefix(':')?;
            Some(Box::from(rest))
        };
        let allowed: Vec<_> = scopes.iter().filter_map(|scope| of_server(scope)).collect();
        let of_rules = || self.rules.iter().flat_map(ScopeRule::scopes);
        let granted = scopes.iter().filter(|scope| of_rules().any(|it| it == *scope));
        let granted: Vec<_> = granted.cloned().collect();
        let may_use = !allowed.is_empty()
            || scopes.iter().any(|scope| self.initial.contains(scope))
            || granted.iter().any(|scope| self.is_for_server(scope));
        let (prefix, rules) = (self.prefix.clone(), self.rules.clone());
        Some(Arc::new(Permissions { prefix, allowed, granted, may_use, rules }))
    }
}

/// The operations that an identity may use, if it may not use all.
#[derive(Debug, PartialEq, Eq)]
pub struct Permissions {
    prefix: Box<str>,
    /// Its scopes of this server, without the name of the server.
    allowed: Vec<Box<str>>,
    /// Its scopes that the rules name.
    granted: Vec<Box<str>>,
    /// Whether any of its scopes is for this server.
    may_use: bool,
    rules: Arc<[ScopeRule]>,
}

impl Permissions {
    /// Returns whether it may not use the server at all.
    pub(crate) fn is_empty(&self) -> bool {
        !self.may_use
    }

    /// Returns the rule for an operation, if it needs other scopes than usual.
    fn rule(&self, operation: &Operation<'_>) -> Option<&ScopeRule> {
        match operation {
            Operation::Use | Operation::Ambiguous => None,
            Operation::Method(method) => ScopeRule::find(&self.rules, method, None),
            Operation::Target(method, target) => ScopeRule::find(&self.rules, method, Some(target)),
        }
    }

    /// Returns whether an operation may read the resource of a rule under another URI than that of
    /// the rule. The server decides whether it does, so only the scope of the whole server allows it.
    fn is_other_spelling(&self, operation: &Operation<'_>) -> bool {
        matches!(operation, Operation::Target(RESOURCE, uri) if ScopeRule::is_spelling(&self.rules, uri))
    }

    /// Returns whether an operation is allowed.
    pub(crate) fn allows(&self, operation: &Operation<'_>) -> bool {
        if self.is_other_spelling(operation) {
            return false;
        }
        if let Some(rule) = self.rule(operation) {
            return rule.scopes().iter().all(|scope| self.granted.contains(scope));
        }
        let has = |wanted: &str| self.allowed.iter().any(|scope| **scope == *wanted);
        match operation {
            Operation::Use => !self.is_empty(),
            Operation::Ambiguous => false,
            Operation::Method(method) => has(&encode(method, false)),
            Operation::Target(method, target) => {
                has(method) || has(&format!("{method}:{}", encode(target, false)))
            }
        }
    }

    /// Returns whether a target of a method may be used: a tool, a prompt or a resource.
    pub(crate) fn allows_target(&self, method: &'static str, target: &str) -> bool {
        self.allows(&Operation::Target(method, target.into()))
    }

    /// Checks the messages of a body.
    ///
    /// # Errors
    ///
    /// The scopes that it needs, if not all of them are granted.
    pub(crate) fn check(&self, body: &Body) -> Result<(), Vec<String>> {
        let messages = match body {
            Body::One(message) => std::slice::from_ref(message).iter().collect(),
            Body::Batch(messages) => messages.iter().flatten().collect::<Vec<_>>(),
        };
        let needed = messages.into_iter().flat_map(operations).collect::<Vec<_>>();
        if needed.iter().all(|operation| self.allows(operation)) {
            return Ok(());
        }
        let mut scopes: Vec<String> = Vec::new();
        // Any scope allows the rest, so that the server's own name would ask for too much.
        for operation in needed.iter().filter(|operation| **operation != Operation::Use) {
            for scope in self.scopes_of(operation) {
                if !scopes.contains(&scope) && scopes.len() < CHALLENGED_MAX {
                    scopes.push(scope);
                }
            }
        }
        if scopes.is_empty() {
            scopes.push(self.prefix.to_string());
        }
        Err(scopes)
    }

    /// Returns the smallest scopes that allow an operation together.
    fn scopes_of(&self, operation: &Operation<'_>) -> Vec<String> {
        match self.rule(operation) {
            _ if self.is_other_spelling(operation) => vec![self.prefix.to_string()],
            Some(rule) => rule.scopes().iter().map(|scope| scope.to_string()).collect(),
            None => vec![self.scope_of(operation)],
        }
    }

    /// Returns the smallest scope that allows an operation without a rule.
    fn scope_of(&self, operation: &Operation<'_>) -> String {
        let prefix = &self.prefix;
        let scope = match operation {
            Operation::Use | Operation::Ambiguous => return prefix.to_string(),
            Operation::Method(method) => format!("{prefix}:{}", encode(method, false)),
            Operation::Target(method, target) => {
                let scope = format!("{prefix}:{method}:{}", encode(target, false));
                if scope.len() > SCOPE_BYTES_MAX { format!("{prefix}:{method}") } else { scope }
            }
        };
        if scope.len() > SCOPE_BYTES_MAX { prefix.to_string() } else { scope }
    }
}

/// The maximum number of scopes that a challenge names.
const CHALLENGED_MAX: usize = 16;

/// Percent-encodes the bytes of a name that a scope cannot have, and `:` in the name of a server,
/// where it would end the name.
fn encode(name: &str, is_server: bool) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        let is_plain = matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        match is_plain && byte != b'%' && !(is_server && byte == b':') {
            true => encoded.push(char::from(byte)),
            false => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
