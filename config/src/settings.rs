//! The settings under the key `pontoon`: at the top of a file, and in an entry.
//!
//! The types are the only definition: the reader and the published schema are derived from them.

mod values;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

pub use values::{HeaderName, Listen, Size, Time, VariableName};

use crate::base::resolve;
use crate::syntax::{Json, Member, Node, duplicates, member, members};

/// Settings for all servers of a file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Address to listen on, with the port
    pub listen: Option<Listen>,
    /// Address to serve the page, health and metrics on instead, with the port
    pub admin: Option<Listen>,
    /// Allowed host names, besides localhost and IP addresses; `*` for all
    pub allow_host: Vec<String>,
    /// Origins of web pages that may send requests and read answers (CORS)
    pub allow_origin: Vec<String>,
    /// Files for TLS; without them clients connect over plain HTTP
    pub tls: Option<Tls>,
    /// Authentication of clients
    #[serde(deserialize_with = "values::object")]
    pub auth: Auth,
    /// Limits of the endpoint
    #[serde(deserialize_with = "values::object")]
    pub limits: Limits,
}

impl Settings {
    /// Returns the settings with paths that start from this folder.
    pub(crate) fn resolved(mut self, folder: &Path) -> Settings {
        if let Some(Tls { cert, key }) = &mut self.tls {
            (*cert, *key) = (resolve(folder, cert), resolve(folder, key));
        }
        let Auth { token_file, jwks_file, introspection_secret_file, .. } = &mut self.auth;
        let files = [token_file, jwks_file, introspection_secret_file];
        for file in files.into_iter().flatten() {
            *file = resolve(folder, file);
        }
        self
    }
}

/// Files for TLS. Their paths start from the folder of the file, as `cwd` of an entry does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// File with the certificate and its chain (PEM)
    pub cert: PathBuf,
    /// File with the private key of the certificate (PEM, not encrypted)
    pub key: PathBuf,
}

/// Authentication of clients.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Auth {
    /// File with the SHA-256 of the tokens that clients may send
    pub token_file: Option<PathBuf>,
    /// URL of the endpoints as clients know it, without `/NAME/mcp`
    pub resource: Option<String>,
    /// Issuer of the tokens, an authorization server
    pub issuer: Option<String>,
    /// File with the keys of the issuer, a JWK set
    pub jwks_file: Option<PathBuf>,
    /// URL of the keys of the issuer, if they are neither in a file nor named by its metadata
    pub jwks_url: Option<String>,
    /// Introspection endpoint of the issuer
    pub introspection: Option<String>,
    /// Client id of this server at the introspection endpoint
    pub introspection_client: Option<String>,
    /// File with the secret of that client
    pub introspection_secret_file: Option<PathBuf>,
    /// Algorithms of signatures to accept
    pub algorithms: Vec<String>,
    /// Further audiences of tokens to accept
    pub audiences: Vec<String>,
    /// Authorization servers that clients are referred to
    pub servers: Vec<String>,
    /// Scopes that a client without a token is told to ask for
    pub scopes: Vec<String>,
    /// Scopes that an operation needs in place of the usual one: `tools/call:NAME=SCOPES`
    pub scopes_for: Vec<String>,
    /// Addresses of gateways that name the user in a header
    pub trust_from: Vec<String>,
    /// Header in which such a gateway names the user
    pub user_header: Option<HeaderName>,
    /// Header in which such a gateway sends the scopes of the user
    pub scopes_header: Option<HeaderName>,
}

/// Limits of the endpoint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Maximum size of a request
    pub max_body: Option<Size>,
    /// Maximum bytes held for all clients and servers together
    pub max_memory: Option<Size>,
    /// Maximum number of connections
    pub max_connections: Option<NonZeroUsize>,
    /// Time limit for a client to send the head of a request
    pub head_timeout: Option<Time>,
    /// Time limit for a client to send the body of a request
    pub body_timeout: Option<Time>,
    /// Time for which a client may read nothing of an answer that waits for it
    pub write_timeout: Option<Time>,
    /// Time after which an idle connection is closed
    pub idle_timeout: Option<Time>,
    /// Interval between keep-alive comments on an event stream
    pub keep_alive: Option<Time>,
    /// Time limit for requests in flight after the request to stop
    pub drain_timeout: Option<Time>,
    /// Requests per second that a client may send to a server, on average
    pub requests_per_second: Option<NonZeroUsize>,
    /// Requests that a client may send at once, if there is a limit per second
    pub burst: Option<NonZeroUsize>,
    /// Requests of a client that may be in progress at the same time
    pub concurrent_requests: Option<NonZeroUsize>,
    /// Sessions that a client may have at a server
    pub sessions_per_client: Option<NonZeroUsize>,
}

/// Settings for the server of one entry.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EntrySettings {
    /// Headers of requests whose values the child gets as variables: `{"X-Api-Key": "API_KEY"}`
    pub header_env: BTreeMap<HeaderName, VariableName>,
    /// Time limit for the command to answer a request
    pub request_timeout: Option<Time>,
    /// Time limit for the command to start
    pub startup_timeout: Option<Time>,
    /// Time after which an unused session ends
    pub session_timeout: Option<Time>,
    /// Maximum number of sessions
    pub max_sessions: Option<NonZeroUsize>,
    /// Requests of 2026-07-28 that share a process of a legacy command
    pub child_per: Option<ChildPer>,
    /// Era of the command
    pub child_era: Option<ChildEra>,
    /// Consequence for a session of the end of its process
    pub on_child_exit: Option<OnChildExit>,
    /// Revisions to serve; all if not given
    pub revisions: Option<Vec<Revision>>,
    /// Maximum size of a message from the command
    pub max_line: Option<Size>,
    /// Pass only a short list of variables to the command, besides those of the entry
    pub clean_env: Option<bool>,
    /// Limits for each client of this server
    #[serde(deserialize_with = "values::object")]
    pub limits: ClientLimits,
}

/// Limits for each client of one server. Those that are not given are those of all servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClientLimits {
    /// Requests per second that a client may send, on average
    pub requests_per_second: Option<NonZeroUsize>,
    /// Requests that a client may send at once, if there is a limit per second
    pub burst: Option<NonZeroUsize>,
    /// Requests of a client that may be in progress at the same time
    pub concurrent_requests: Option<NonZeroUsize>,
    /// Sessions that a client may have
    pub sessions_per_client: Option<NonZeroUsize>,
}

/// Requests of 2026-07-28 that share a process of a legacy command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChildPer {
    /// Each request has a process of its own
    Call,
    /// Those of one principal
    Principal,
    /// Those of one principal; another word for it
    Session,
    /// All requests
    Shared,
}

/// The era of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChildEra {
    /// It begins with `initialize`
    Legacy,
    /// 2026-07-28
    Modern,
    /// The first process is asked
    Probe,
}

/// Consequence for a session of the end of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnChildExit {
    /// The session ends
    End,
    /// The next request of the session starts a new process
    Resume,
}

/// A revision of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Revision {
    /// The first revision, with HTTP+SSE
    #[serde(rename = "2024-11-05")]
    R20241105,
    /// The first revision with Streamable HTTP
    #[serde(rename = "2025-03-26")]
    R20250326,
    /// The first revision with structured results
    #[serde(rename = "2025-06-18")]
    R20250618,
    /// The last revision with sessions
    #[serde(rename = "2025-11-25")]
    R20251125,
    /// The first revision without sessions
    #[serde(rename = "2026-07-28")]
    R20260728,
}

/// A problem of a setting.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) line: usize,
    /// The key, from `pontoon` on.
    pub(crate) key: String,
    pub(crate) text: String,
    pub(crate) hint: Option<String>,
}

/// Reads settings, with all problems that they have; `None` if they have one.
pub(crate) fn read<T: DeserializeOwned>(found: &Member) -> (Option<T>, Vec<Problem>) {
    let mut problems = Vec::new();
    let (line, key) = (found.line, found.name.clone());
    if !matches!(found.node.value, Json::Object(_)) {
        let text = format!("must be an object, and is {}", found.node.value.kind());
        return (None, vec![Problem { line, key, text, hint: None }]);
    }
    check_duplicates(found, &key, &mut problems);
    let mut node = found.node.clone();
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(node.value.plain()) {
            Ok(settings) => {
                return (Some(settings).filter(|_| problems.is_empty()), problems);
            }
            Err(error) => error,
        };
        let path: Vec<Segment> = error.path().iter().cloned().collect();
        let (line, key) = place(found, &path);
        let (text, hint) = explain(&error.inner().to_string(), &path);
        problems.push(Problem { line, key, text, hint });
        // Without the wrong part, the next problem shows.
        if !remove(&mut node, &path) {
            return (None, problems);
        }
    }
}

fn check_duplicates(found: &Member, key: &str, problems: &mut Vec<Problem>) {
    for (twice, first) in duplicates(members(found)) {
        problems.push(Problem {
            line: twice.line,
            key: format!("{key}.{}", twice.name),
            text: format!("the key occurs twice, on line {first} and here"),
            hint: Some("remove one of them".to_owned()),
        });
    }
    for inner in members(found) {
        check_duplicates(inner, &format!("{key}.{}", inner.name), problems);
    }
}

/// Returns the line and the key of a path.
fn place(found: &Member, path: &[Segment]) -> (usize, String) {
    let (mut line, mut key, mut node) = (found.line, found.name.clone(), Some(&found.node));
    for segment in path {
        match (segment, node.map(|node| &node.value)) {
            (
                Segment::Map { key: name } | Segment::Enum { variant: name },
                Some(Json::Object(_)),
            ) => {
                key += &format!(".{name}");
                let Some(Json::Object(inner)) = node.map(|node| &node.value) else { break };
                let inner = member(inner, name);
                line = inner.map_or(line, |inner| inner.line);
                node = inner.map(|inner| &inner.node);
            }
            (Segment::Seq { index }, Some(Json::List(items))) => {
                key += &format!("[{index}]");
                node = items.get(*index);
                line = node.map_or(line, |node| node.line);
            }
            _ => break,
        }
    }
    (line, key)
}

/// Removes the value at a path; returns whether there was one below the root.
fn remove(node: &mut Node, path: &[Segment]) -> bool {
    let Some((segment, rest)) = path.split_first() else { return false };
    match (segment, &mut node.value) {
        (Segment::Map { key }, Json::Object(inner)) => {
            let Some(at) = inner.iter().position(|member| member.name == *key) else {
                return false;
            };
            if !remove(&mut inner[at].node, rest) {
                inner.remove(at);
            }
            true
        }
        (Segment::Seq { index }, Json::List(items)) if *index < items.len() => {
            if !remove(&mut items[*index], rest) {
                items.remove(*index);
            }
            true
        }
        _ => false,
    }
}

/// Returns the text and the hint for an error of `serde`, without the value.
fn explain(error: &str, path: &[Segment]) -> (String, Option<String>) {
    let expected = error.rsplit_once(", expected ").map(|(_, expected)| expected);
    if error.starts_with("unknown field") {
        let keys: Vec<&str> = expected.unwrap_or_default().split('`').skip(1).step_by(2).collect();
        let name = match path.last() {
            Some(Segment::Map { key }) => key.as_str(),
            _ => "",
        };
        let letters = |key: &str| key.replace(['-', '_'], "").to_lowercase();
        let distance = |key: &&&str| strsim::osa_distance(&letters(key), &letters(name));
        let hint = match keys.iter().min_by_key(distance).filter(|key| distance(key) <= 2) {
            Some(key) => format!("`{key}`"),
            None => format!("the keys are {}", keys.join(", ")),
        };
        return ("unknown key".to_owned(), Some(hint));
    }
    match expected {
        Some(expected) if expected.starts_with("struct ") => ("must be an object".to_owned(), None),
        Some("a nonzero usize" | "usize") => ("must be a whole number from 1 on".to_owned(), None),
        Some(expected) => (format!("must be {}", expected.replace('`', "\"")), None),
        None => (error.to_owned(), None),
    }
}
