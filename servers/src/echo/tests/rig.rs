//! The environment of one call: a server, a context that tests change as needed, and facts.

use std::borrow::Cow;
use std::sync::Arc;

use pontoon_core::server::{
    Arguments, Client, Content, Event, Handler, HttpRequestHead, Notification, Notifications,
    Outcome, Reply, Request, RequestContext, RpcError, Server, SessionInfo, ToolResult, Wait,
};
use pontoon_core::{
    Counters, Duration, HostStats, Instant, Principal, ProcessStats, Revision, SessionId, StateKey,
    SystemStats,
};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::echo::{Echo, Settings};

#[derive(Debug)]
pub(in crate::echo) struct Stage {
    server: fn(Settings) -> Echo,
    pub(in crate::echo) settings: Settings,
    pub(in crate::echo) http: Option<HttpRequestHead>,
    pub(in crate::echo) session: Option<SessionInfo>,
    pub(in crate::echo) client: Client,
    pub(in crate::echo) facts: HostStats,
    pub(in crate::echo) took: Duration,
    pub(in crate::echo) wall: Duration,
    pub(in crate::echo) random: u64,
}

const NOW: Instant = Instant::from_micros(10_000_000_000);

pub(in crate::echo) const SESSION: &str = "550e8400-e29b-41d4-a716-446655440000";

/// Returns a POST to the stateful server, 5 minutes and 30 seconds into a session.
pub(in crate::echo) fn stateful() -> Stage {
    let session = SessionInfo {
        id: SessionId::parse(SESSION.as_bytes()),
        initialized: true,
        since: before(Duration::from_secs(330)),
        used_at: before(Duration::from_secs(30)),
        idle_max: Some(Duration::from_secs(3600)),
        requests: 42,
        took: Duration::from_micros(18_700 * 41),
        queued: 3,
    };
    Stage { server: Echo::stateful, session: Some(session), ..stateless() }
}

/// Returns a POST to the stateless server.
pub(in crate::echo) fn stateless() -> Stage {
    Stage {
        server: Echo::stateless,
        settings: Settings::default(),
        http: Some(HttpRequestHead {
            method: "POST".into(),
            target: "/mcp".into(),
            headers: Vec::new(),
            peer: None,
            cors: false,
        }),
        session: None,
        client: Client {
            name: Some("test-client".to_owned()),
            version: Some("1.0".to_owned()),
            ..Client::default()
        },
        facts: facts(),
        took: Duration::from_micros(22_222),
        wall: Duration::new(1_704_110_400, 145_678_000),
        random: 0,
    }
}

fn before(span: Duration) -> Instant {
    Instant::from_micros(NOW.as_micros() - span.as_micros() as u64)
}

/// Returns the facts of the documents.
fn facts() -> HostStats {
    HostStats {
        process: ProcessStats {
            pid: 1234,
            uptime: Duration::from_secs(5025),
            memory: Some(256 << 20),
            threads: Some(4),
            open_files: Some(42),
            connections: Some(23),
            children: None,
        },
        system: SystemStats {
            platform: "Linux 5.15.0 x86_64".to_owned(),
            host: None,
            cores: 2,
            cpu: Some(0.125),
            load: Some([0.15, 0.2, 0.18]),
            memory_total: Some(1024 << 20),
            memory_available: Some(768 << 20),
            disk_total: Some(1000),
            disk_available: Some(550),
        },
        counters: Counters {
            requests: 10_050,
            errors: 10,
            took: Duration::from_micros(18_500 * 10_050),
            sessions: 5,
            sessions_opened: 127,
            sessions_expired: 122,
            sessions_lived: Duration::from_secs(750 * 122),
            sessions_ended: 122,
            stored_bytes: Some(12 << 10),
            queue_bytes: 8 << 10,
            queued: 16,
            cleanups: 61,
            last_cleanup: Some(Duration::from_secs(45)),
        },
    }
}

impl Stage {
    pub(in crate::echo) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Stage {
        let http = self.http.as_mut().expect("an HTTP request");
        http.headers.push((name.into(), value.as_ref().into()));
        self
    }

    pub(in crate::echo) fn headers(self, headers: &[(&str, &str)]) -> Stage {
        headers.iter().fold(self, |stage, (name, value)| stage.header(name, value))
    }

    pub(in crate::echo) fn open(&self) -> Box<dyn Handler> {
        (self.server)(self.settings.clone()).new_handler()
    }

    /// Calls a tool in a connection.
    pub(in crate::echo) fn ask(
        &self,
        handler: &mut dyn Handler,
        name: &str,
        arguments: &Value,
    ) -> (Result<ToolResult, RpcError>, Vec<Notification>) {
        let members: Vec<(&str, Box<RawValue>)> = arguments
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (&**name, to_raw_value(value).unwrap()))
            .collect();
        let arguments: Arguments<'_> =
            members.iter().map(|(name, value)| (Cow::Borrowed(*name), value.get())).collect();
        let http = self.http.clone().map(Arc::new);
        let seal = StateKey::new([0; 32]);
        let context = RequestContext {
            now: NOW,
            arrived: before(self.took),
            unix_time: self.wall,
            revision: Revision::V2025_06_18,
            client: &self.client,
            http: http.as_ref(),
            session: self.session.as_ref(),
            principal: &Principal::Anonymous,
            random: self.random,
            seal: &seal,
        };
        let mut out = Notifications::default();
        let request = Request::CallTool { name, arguments: &arguments };
        let mut outcome = handler.evaluate(&request, &context, &mut out);
        if let Outcome::Wait(wait, task) = outcome {
            assert_eq!(wait, Wait::Stats);
            outcome = task.resume(Event::Sampled(&self.facts), &context, &mut out);
        }
        let Outcome::Done(answer) = outcome else { panic!("it goes on waiting") };
        let answer = answer.map(|reply| match reply {
            Reply::Tool(result) => result,
            other => panic!("{other:?}"),
        });
        if let Ok(result) = &answer {
            self.check_structured(name, result);
        }
        (answer, out.drain().collect())
    }

    /// Returns the result of a tool in a new connection.
    pub(in crate::echo) fn call(&self, name: &str, arguments: Value) -> ToolResult {
        self.ask(&mut *self.open(), name, &arguments).0.unwrap()
    }

    /// Returns the text in the result of a tool in a new connection.
    pub(in crate::echo) fn text(&self, name: &str, arguments: Value) -> String {
        text(&self.call(name, arguments))
    }

    /// Returns the structured content of a tool in a new connection.
    pub(in crate::echo) fn data(&self, name: &str, arguments: Value) -> Value {
        self.call(name, arguments).structured.unwrap()
    }

    /// Checks the result against the tool's output schema, unless the tool failed (server/tools,
    /// Output Schema).
    fn check_structured(&self, name: &str, result: &ToolResult) {
        let server = (self.server)(self.settings.clone());
        let tool = server.catalog().tools.iter().find(|tool| tool.name == name);
        let schema = tool.expect("a tool of the catalog").output.as_ref();
        if !result.is_error {
            assert_eq!(result.structured.is_some(), schema.is_some(), "{name}");
        }
        if let Some((value, schema)) = result.structured.as_ref().zip(schema) {
            assert_eq!(misfit(value, schema), None, "{name}: {value:#}");
        }
    }
}

/// Returns the first content of a result.
pub(in crate::echo) fn text(result: &ToolResult) -> String {
    match &result.content[0] {
        Content::Text(text) => text.clone(),
        other => panic!("no text: {other:?}"),
    }
}

/// Returns where a value does not fit a schema; supports only the keywords used here.
pub(in crate::echo) fn misfit(value: &Value, schema: &Value) -> Option<String> {
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = any.iter().any(|schema| misfit(value, schema).is_none());
        return (!fits).then(|| format!("{value} fits none of {schema}"));
    }
    if let Some(wanted) = schema.get("const") {
        return (value != wanted).then(|| format!("{value} is not {wanted}"));
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |wanted: &Value| wanted == kind || (kind == "integer" && wanted == "number");
    if !types.iter().any(fits) {
        return Some(format!("{value} is no {schema}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Some(format!("{value} is none of {schema}"));
    }
    if let Some(items) = value.as_array() {
        return items.iter().find_map(|item| misfit(item, &schema["items"]));
    }
    let required = schema["required"].as_array().into_iter().flatten();
    let missing =
        required.map(|name| name.as_str().unwrap()).find(|name| value.get(name).is_none());
    if let Some(name) = missing {
        return Some(format!("{name} is missing"));
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .filter_map(|(name, schema)| Some((name, value.get(name)?, schema)))
        .find_map(|(name, value, schema)| Some(format!("{name}: {}", misfit(value, schema)?)))
}

/// Any number of header lines as a client could send them.
pub(in crate::echo) fn any_headers() -> impl proptest::strategy::Strategy<Value = HttpRequestHead> {
    use proptest::prelude::*;
    let name = prop_oneof![
        proptest::sample::select(
            &[
                "accept",
                "authorization",
                "cookie",
                "mcp-session-id",
                "origin",
                "x-auth-token",
                "x-forwarded-for",
                "x-user-roles",
                "access-control-request-headers",
                "x-custom",
            ][..]
        )
        .prop_map(str::to_owned),
        "[a-z0-9!#$%&'*+.^_`|~-]{0,12}",
    ];
    let value = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "(Bearer|Basic|bearer)? ?(eyJ)?[A-Za-z0-9_-]{0,9}\\.?[A-Za-z0-9_-]{0,9}\\.?"
            .prop_map(String::into_bytes),
        "\\PC{0,20}".prop_map(String::into_bytes),
    ];
    let headers = proptest::collection::vec((name, value), 0..12);
    (headers, any::<bool>()).prop_map(|(headers, cors)| HttpRequestHead {
        method: "POST".into(),
        target: "/mcp".into(),
        headers: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        peer: None,
        cors,
    })
}

/// Returns an unsigned token with these parts.
pub(in crate::echo) fn jwt(header: Value, payload: Value) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{payload}.c2lnbmF0dXJlLWJ5dGVz")
}

/// Returns the token of the documents.
pub(in crate::echo) fn documented_jwt() -> String {
    jwt(
        json!({"alg": "RS256", "typ": "JWT"}),
        json!({"sub": "1234567890", "name": "John Doe", "admin": true, "iat": 1516239022}),
    )
}
