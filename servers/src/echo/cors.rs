//! `corsAnalysis`: the effect of CORS on this request and on its answer.
//!
//! The headers that the server sends are taken from the code that sends them, so that the report is
//! always true.

use pontoon_core::http::{Cors, ReplyHead, allows_origin, endpoint_methods};
use pontoon_core::server::{Field, Kind, RpcError, Schema, Tool, ToolResult, secrets};
use serde_json::{Value, json};

use super::headers::capitalised;
use super::shape::{a, list, maybe, object};
use super::text::{Page, known};
use super::{Call, Program};

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
            "Analyses this request, or an origin, against the CORS settings of this server.",
            Schema::closed().field(Field::new(
                "origin",
                Kind::String,
                "The origin to analyse, such as https://app.example.com; that of this request if \
                 it is left out.",
            )),
        )
    }
}

/// The CORS policy of this server for a page of an allowed origin.
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
}

/// Returns the CORS headers of an answer to a page of this origin.
fn sent(program: Program, origin: &str, preflight: bool) -> Vec<(&'static str, String)> {
    let mut head = ReplyHead::new(204);
    head.allow = Some(endpoint_methods(program == Program::Stateful));
    head.cors = Some(Cors { preflight, ..Cors::of(origin) });
    let mut sent = Vec::new();
    head.headers(|name, value| {
        if name.starts_with("access-control-") {
            sent.push((name, value.into_owned()));
        }
    });
    sent
}

/// The origins that are always allowed.
const LOOPBACK: &str = "http(s)://localhost, 127.0.0.1 and [::1] with any port";

/// The text after the headers that are always allowed.
const ANY_OTHER: &str = ", and any other that is asked for";

fn members(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default().split(',').map(str::trim).filter(|member| !member.is_empty())
}

/// The analysed request: this one, or one from an origin given as an argument.
struct Asked {
    origin: Option<String>,
    /// Whether the origin is an argument.
    is_argument: bool,
    method: Option<String>,
    headers: Option<String>,
    /// Whether the server gives CORS headers to this origin.
    allowed: bool,
    method_allowed: bool,
}

impl Asked {
    fn of(call: &Call<'_>, policy: &Policy) -> Result<Asked, RpcError> {
        let http = call.context.http.map(|http| &**http);
        let value = |name: &str| http.and_then(|http| http.value(name));
        let argument = call.text("origin")?;
        let method = value("access-control-request-method");
        let headers = value("access-control-request-headers");
        let allowed = match &argument {
            Some(origin) => allows_origin(&call.settings.origins, origin),
            None => http.is_some_and(|http| http.cors),
        };
        let used = method.as_deref().or(http.map(|http| &*http.method)).unwrap_or("POST");
        let origin = argument.as_deref().map(str::to_owned).or_else(|| value("origin"));
        Ok(Asked {
            origin: origin.map(|origin| secrets::header("origin", origin.as_bytes())),
            is_argument: argument.is_some(),
            allowed,
            method_allowed: allowed && policy.allows_method(used),
            method: method.map(|value| secrets::header("", value.as_bytes())),
            headers: headers.map(|value| secrets::header("", value.as_bytes())),
        })
    }
}

pub(super) fn answer(call: &Call<'_>) -> Result<ToolResult, RpcError> {
    let policy = Policy::of_server(call.program);
    let asked = Asked::of(call, &policy)?;
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
    Ok(ToolResult::text(page).with(json!({
        "origin": asked.origin,
        "allowed": asked.allowed,
        "method_allowed": asked.method_allowed,
        // A page of an allowed origin may send any header.
        "headers_allowed": asked.allowed,
        "credentials_allowed": asked.allowed && policy.credentials,
        "allowed_origins": call.settings.origins,
        "response_headers": headers,
    })))
}

fn stateful(call: &Call<'_>, policy: &Policy, asked: &Asked) -> String {
    let origins = &call.settings.origins;
    let mut page = Page::new(Program::Stateful, "🌐 CORS Analysis");
    page.line("");
    let mut setting = |name: &str, value: Option<String>| {
        page.line(format_args!("{name}: {}", value.as_deref().unwrap_or("not sent")));
    };
    let named = |list: &Option<String>| {
        let names: Vec<_> = members(list.as_deref()).map(capitalised).collect();
        Some(names.join(", ")).filter(|names| !names.is_empty())
    };
    let listed = origins.iter().map(String::as_str);
    setting(
        "Allowed Origins",
        Some([LOOPBACK].into_iter().chain(listed).collect::<Vec<_>>().join(", ")),
    );
    setting("Allowed Methods", policy.methods.clone());
    setting("Allowed Headers", named(&policy.headers).map(|names| names + ANY_OTHER));
    setting("Exposed Headers", named(&policy.exposed));
    setting("Max Age", policy.max_age.clone());
    setting("Credentials", Some(policy.credentials.to_string()));
    let this = match (&asked.origin, asked.allowed) {
        (None, _) => "no Origin header, so CORS does not apply".to_owned(),
        (Some(origin), true) => format!("✅ {origin} may read the answer"),
        (Some(origin), false) => format!("❌ {origin} may not read the answer"),
    };
    let subject = if asked.is_argument { "This Origin" } else { "This Request" };
    page.line(format_args!("{subject}: {this}"));
    page.line("");
    page.line(match origins.len() {
        0 => "Status: 🔒 CORS for pages of this machine only".to_owned(),
        1 => "Status: ✅ CORS for pages of this machine and 1 allowed origin".to_owned(),
        count => format!("Status: ✅ CORS for pages of this machine and {count} allowed origins"),
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
    let headers = policy.headers.as_ref().map(|names| names.clone() + ANY_OTHER);
    page.entry("Access-Control-Allow-Headers", sent(headers.as_ref()));
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
    verdict("Headers", asked.allowed);
    verdict("Credentials", asked.allowed && policy.credentials);
    page.section("💡 Recommendations");
    page.line("- Let only the gateway (Traefik) send CORS headers");
    page.line(match call.settings.origins.len() {
        0 => "- This server sends them to pages of this machine only".to_owned(),
        1 => "- This server sends them to pages of this machine and 1 allowed origin".to_owned(),
        count => {
            format!("- This server sends them to pages of this machine and {count} allowed origins")
        }
    });
    page.line("- List origins explicitly: a wildcard admits every site");
    page.finish()
}

#[cfg(test)]
mod tests;
