//! `corsAnalysis`: what a browser would make of this request and of the answer it is about to get.
//!
//! What the server sends is asked of the code that sends it, so that nothing is claimed here that
//! is not so.

use serde_json::{Value, json};

use super::headers::capitalised;
use super::shape::{a, list, maybe, object};
use super::text::{Page, known};
use super::{Call, Program};
use crate::http::{Cors, ReplyHead, endpoint_methods};
use crate::secrets;
use crate::server::{HttpScene, Schema, Tool, ToolResult};

pub(super) fn tool() -> Tool {
    Tool {
        title: Some("Analyse CORS"),
        output: Some(object([
            ("origin", maybe("string")),
            ("allowed", a("boolean")),
            ("method_allowed", a("boolean")),
            ("headers_allowed", a("boolean")),
            ("credentials_allowed", a("boolean")),
            ("allowed_origins", list(a("string"))),
            ("response_headers", a("object")),
        ])),
        ..Tool::new(
            "corsAnalysis",
            "Analyses this request against the CORS settings of this server.",
            Schema::closed(),
        )
    }
}

/// What this server lets a page of an allowed origin do.
struct Policy {
    methods: Option<String>,
    headers: Option<String>,
    exposed: Option<String>,
    max_age: Option<String>,
    credentials: bool,
}

impl Policy {
    fn of_server(program: Program) -> Policy {
        let sent = |name: &str| {
            let on = |preflight| {
                sent(program, "null", preflight).into_iter().find(|(sent, _)| *sent == name)
            };
            on(true).or_else(|| on(false)).map(|(_, value)| value)
        };
        Policy {
            methods: sent("access-control-allow-methods"),
            headers: sent("access-control-allow-headers"),
            exposed: sent("access-control-expose-headers"),
            max_age: sent("access-control-max-age"),
            credentials: sent("access-control-allow-credentials").is_some(),
        }
    }

    fn allows_method(&self, method: &str) -> bool {
        members(self.methods.as_deref()).any(|allowed| allowed == method)
    }

    fn allows_header(&self, name: &str) -> bool {
        let is_param = name.to_ascii_lowercase().starts_with("mcp-param-");
        is_param || members(self.headers.as_deref()).any(|one| one.eq_ignore_ascii_case(name))
    }
}

/// The CORS headers of an answer to a page of this origin.
fn sent(program: Program, origin: &str, preflight: bool) -> Vec<(&'static str, String)> {
    let mut head = ReplyHead::new(204);
    head.allow = Some(endpoint_methods(program == Program::Stateful));
    head.cors = Some(Cors { origin: origin.into(), preflight, params: Box::default() });
    let mut sent = Vec::new();
    head.headers(|name, value| {
        if name.starts_with("access-control-") {
            sent.push((name, value.into_owned()));
        }
    });
    sent
}

fn members(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default().split(',').map(str::trim).filter(|member| !member.is_empty())
}

/// What this request asks of the policy.
struct Asked {
    origin: Option<String>,
    method: Option<String>,
    headers: Option<String>,
    /// Whether the server gives CORS headers to this origin.
    allowed: bool,
    method_allowed: bool,
    headers_allowed: bool,
}

impl Asked {
    fn of(http: Option<&HttpScene>, policy: &Policy) -> Asked {
        let value = |name: &str| http.and_then(|http| http.value(name));
        let method = value("access-control-request-method");
        let headers = value("access-control-request-headers");
        let allowed = http.is_some_and(|http| http.cors);
        let used_method = method.clone().or_else(|| http.map(|http| http.method.to_string()));
        // A request that is no preflight has the headers it would have had to ask for: those that
        // a page sets to speak MCP. Others may be the browser's, or a gateway's.
        let own = |name: &&str| OF_A_PAGE.contains(name) || name.starts_with("mcp-");
        let used_headers = http.into_iter().flat_map(|http| &http.headers).map(|(name, _)| &**name);
        let headers_fit = match &headers {
            Some(asked) => members(Some(asked)).all(|name| policy.allows_header(name)),
            None => used_headers.filter(own).all(|name| policy.allows_header(name)),
        };
        Asked {
            origin: value("origin").map(|origin| secrets::header("origin", origin.as_bytes())),
            allowed,
            method_allowed: allowed && used_method.is_some_and(|used| policy.allows_method(&used)),
            headers_allowed: allowed && headers_fit,
            method: method.map(|value| secrets::header("", value.as_bytes())),
            headers: headers.map(|value| secrets::header("", value.as_bytes())),
        }
    }
}

const OF_A_PAGE: &[&str] = &["accept", "authorization", "content-type", "last-event-id"];

pub(super) fn answer(call: &Call<'_>) -> ToolResult {
    let policy = Policy::of_server(call.program);
    let asked = Asked::of(call.scene.http.map(|http| &**http), &policy);
    let page = match call.program {
        Program::Stateful => stateful(call, &policy, &asked),
        Program::Stateless => stateless(call, &policy, &asked),
    };
    let headers = match &asked.origin {
        Some(origin) if asked.allowed => sent(call.program, origin, true),
        _ => Vec::new(),
    };
    let headers: serde_json::Map<_, _> =
        headers.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    ToolResult::text(page).with(json!({
        "origin": asked.origin,
        "allowed": asked.allowed,
        "method_allowed": asked.method_allowed,
        "headers_allowed": asked.headers_allowed,
        "credentials_allowed": asked.allowed && policy.credentials,
        "allowed_origins": call.settings.origins,
        "response_headers": headers,
    }))
}

fn stateful(call: &Call<'_>, policy: &Policy, asked: &Asked) -> String {
    let origins = &call.settings.origins;
    let mut page = Page::new(Program::Stateful, "🌐 CORS Analysis");
    page.line("");
    let mut setting = |name: &str, value: Option<String>| {
        let value = value.filter(|_| !origins.is_empty());
        page.line(format_args!("{name}: {}", value.as_deref().unwrap_or("n/a (none sent)")));
    };
    let named = |list: &Option<String>| {
        let names: Vec<_> = members(list.as_deref()).map(capitalised).collect();
        Some(names.join(", ")).filter(|names| !names.is_empty())
    };
    setting("Allowed Origins", Some(origins.join(", ")));
    setting("Allowed Methods", policy.methods.clone());
    setting("Allowed Headers", named(&policy.headers));
    setting("Exposed Headers", named(&policy.exposed));
    setting("Max Age", policy.max_age.clone());
    setting("Credentials", Some(policy.credentials.to_string()));
    let this = match (&asked.origin, asked.allowed) {
        (None, _) => "it names no origin, so CORS does not apply to it".to_owned(),
        (Some(origin), true) => format!("✅ {origin} may read the answer"),
        (Some(origin), false) => format!("❌ {origin} may not read the answer"),
    };
    page.line(format_args!("This Request: {this}"));
    page.line("");
    page.line(match origins.len() {
        0 => "Status: 🔒 No CORS headers: pages of other origins cannot read answers".to_owned(),
        _ if origins.iter().any(|origin| origin == "*") => {
            "Status: ✅ Permissive CORS configuration".to_owned()
        }
        1 => "Status: ✅ CORS for 1 listed origin".to_owned(),
        count => format!("Status: ✅ CORS for {count} listed origins"),
    });
    page.finish()
}

fn stateless(call: &Call<'_>, policy: &Policy, asked: &Asked) -> String {
    let mut page = Page::new(Program::Stateless, "🌐 CORS Analysis");
    page.section("📥 Request Headers");
    page.entry("Origin", known(asked.origin.as_ref()));
    page.entry("Access-Control-Request-Method", known(asked.method.as_ref()));
    page.entry("Access-Control-Request-Headers", known(asked.headers.as_ref()));
    page.section("📤 Response Headers (Expected)");
    let sent = |value: Option<&String>| match value {
        Some(value) if asked.allowed => value.clone(),
        _ => "not sent".to_owned(),
    };
    let credentials = policy.credentials.then(|| "true".to_owned());
    page.entry("Access-Control-Allow-Origin", sent(asked.origin.as_ref()));
    page.entry("Access-Control-Allow-Methods", sent(policy.methods.as_ref()));
    page.entry("Access-Control-Allow-Headers", sent(policy.headers.as_ref()));
    page.entry("Access-Control-Allow-Credentials", sent(credentials.as_ref()));
    page.entry("Access-Control-Max-Age", sent(policy.max_age.as_ref()));
    page.section("🔍 CORS Status");
    if asked.origin.is_none() {
        page.item("⚠️ No origin: CORS does not apply to this request");
    }
    let mut verdict = |what: &str, allowed: bool| match (&asked.origin, allowed) {
        (None, _) => {}
        (Some(_), true) => page.item(format_args!("✅ {what} allowed")),
        (Some(_), false) => page.item(format_args!("❌ {what} not allowed")),
    };
    verdict("Origin", asked.allowed);
    verdict("Method", asked.method_allowed);
    verdict("Headers", asked.headers_allowed);
    verdict("Credentials", asked.allowed && policy.credentials);
    page.section("💡 Recommendations");
    page.line("- Let the gateway (Traefik) send CORS headers, and nobody else");
    page.line(match call.settings.origins.len() {
        0 => "- This server sends none: nothing to change".to_owned(),
        1 => "- This server sends them, for 1 listed origin".to_owned(),
        count => format!("- This server sends them, for {count} listed origins"),
    });
    page.line("- Name the origins that may come: a wildcard lets every page in");
    page.finish()
}

#[cfg(test)]
mod tests;
