//! `printHeader`: every header line of the request, each in one group.

use pontoon_core::escape_untrusted;
use pontoon_core::server::{
    Field, HttpRequestHead, Kind, RpcError, Schema, Tool, ToolResult, secrets,
};
use serde_json::json;

use super::shape::{a, list, object};
use super::text::Page;
use super::{Call, Program};

/// The group of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Credentials and identities.
    Authentication,
    /// Headers in the standards of HTTP and of browsers.
    Standard,
    /// Headers of MCP.
    Mcp,
    /// Headers that a gateway adds, such as Traefik.
    Traefik,
    /// Everything else.
    Custom,
}

impl Group {
    /// All groups, in the order in which they are shown.
    pub(super) const ALL: [Group; 5] =
        [Group::Authentication, Group::Standard, Group::Mcp, Group::Traefik, Group::Custom];

    /// Returns the group of a header, its name in lower case.
    pub(super) fn of(name: &str) -> Group {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        if begins(&["mcp-"]) {
            Group::Mcp
        } else if begins(&["x-forwarded-", "x-original-", "x-traefik-"]) || name == "x-real-ip" {
            Group::Traefik
        } else if begins(&["x-auth-", "x-oauth-", "x-user-"]) || name == "x-client-id" {
            Group::Authentication
        } else if STANDARD.contains(&name) || begins(&["access-control-", "if-", "sec-"]) {
            Group::Standard
        } else if secrets::is_secret(name) {
            Group::Authentication
        } else {
            Group::Custom
        }
    }

    /// Returns its name in arguments and answers.
    const fn as_str(self) -> &'static str {
        match self {
            Group::Authentication => "auth",
            Group::Standard => "standard",
            Group::Mcp => "mcp",
            Group::Traefik => "traefik",
            Group::Custom => "custom",
        }
    }

    const fn heading(self, program: Program) -> &'static str {
        match (self, program) {
            (Group::Authentication, _) => "🔐 Authentication Headers",
            (Group::Standard, Program::Stateful) => "🌐 Standard Headers",
            (Group::Standard, Program::Stateless) => "🌐 Standard HTTP Headers",
            (Group::Mcp, Program::Stateful) => "🔄 MCP Headers",
            (Group::Mcp, Program::Stateless) => "🔧 MCP Protocol Headers",
            (Group::Traefik, _) => "🚀 Traefik Headers",
            (Group::Custom, _) => "📦 Custom Headers",
        }
    }
}

/// Request headers in RFC 9110 to 9112, the Fetch standard and Trace Context, besides families that
/// are recognised by their prefix.
const STANDARD: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "baggage",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "dnt",
    "expect",
    "forwarded",
    "from",
    "host",
    "keep-alive",
    "last-event-id",
    "max-forwards",
    "origin",
    "pragma",
    "priority",
    "range",
    "referer",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
];

pub(super) fn tool() -> Tool {
    const CATEGORIES: &[&str] = &["auth", "standard", "mcp", "traefik", "custom"];
    let input = Schema::closed().field(Field::new(
        "category",
        Kind::Choice(CATEGORIES),
        "The only group to show; all of them if it is left out.",
    ));
    let line = || list(object([("name", a("string")), ("value", a("string"))]));
    Tool {
        title: Some("Show the HTTP headers"),
        output: Some(object([
            ("total", a("integer")),
            ("auth", line()),
            ("standard", line()),
            ("mcp", line()),
            ("traefik", line()),
            ("custom", line()),
        ])),
        ..Tool::new(
            "printHeader",
            "Shows the headers of the HTTP request by category. Credentials are masked.",
            input,
        )
    }
}

/// A header line, ready to be shown.
struct Line {
    group: Group,
    name: String,
    value: String,
}

pub(super) fn answer(call: &Call<'_>) -> Result<ToolResult, RpcError> {
    let category = call.text("category")?;
    let lines = lines(call.program, call.context.http.map(|http| &**http));
    let only = Group::ALL.into_iter().find(|group| category.as_deref() == Some(group.as_str()));
    let mut structured = json!({ "total": lines.len() });
    for group in Group::ALL {
        let of_group = lines.iter().filter(|line| line.group == group);
        let shown = of_group.filter(|_| only.is_none_or(|only| only == group));
        structured[group.as_str()] =
            shown.map(|line| json!({ "name": line.name, "value": line.value })).collect();
    }
    Ok(ToolResult::text(page(call, &lines, only)).with(structured))
}

fn lines(program: Program, http: Option<&HttpRequestHead>) -> Vec<Line> {
    let headers = http.map_or(&[][..], |http| &http.headers);
    let shown = headers.iter().map(|(name, value)| Line {
        group: Group::of(name),
        name: escape_untrusted(name.as_bytes()),
        value: match (program, &**name) {
            // The whole id of a stateful server's session gives access to it.
            (Program::Stateful, "mcp-session-id") => shortened(&escape_untrusted(value)),
            _ => secrets::header(name, value),
        },
    });
    shown.collect()
}

fn shortened(id: &str) -> String {
    match id.char_indices().nth(8) {
        Some((end, _)) => format!("{}...", &id[..end]),
        None => id.to_owned(),
    }
}

fn page(call: &Call<'_>, lines: &[Line], only: Option<Group>) -> String {
    let mut page = match call.program {
        Program::Stateful => Page::new(call.program, "📋 HTTP Headers Analysis"),
        Program::Stateless => Page::new(
            call.program,
            format_args!("📋 HTTP Headers Analysis ({} total headers)", lines.len()),
        ),
    };
    if call.context.http.is_none() {
        page.line("");
        page.line("This request did not come over HTTP: it has no headers.");
    }
    for group in Group::ALL {
        let of_group: Vec<_> = lines.iter().filter(|line| line.group == group).collect();
        if only.is_some_and(|only| only != group) || (of_group.is_empty() && only.is_none()) {
            continue;
        }
        page.section(group.heading(call.program));
        for line in &of_group {
            let name = match call.program {
                Program::Stateful => capitalised(&line.name),
                Program::Stateless => line.name.clone(),
            };
            page.line(format_args!("  {name}: {}", line.value));
        }
        if of_group.is_empty() {
            page.line("  (none)");
        }
    }
    if call.program == Program::Stateful {
        statistics(&mut page, lines);
    }
    page.finish()
}

fn statistics(page: &mut Page, lines: &[Line]) {
    let count = |group| lines.iter().filter(|line| line.group == group).count();
    page.section("📊 Header Statistics");
    page.line(format_args!("  Total headers: {}", lines.len()));
    page.line(format_args!("  Auth headers: {}", count(Group::Authentication)));
    page.line(format_args!("  Custom headers: {}", count(Group::Custom)));
}

/// Formats `mcp-session-id` as `Mcp-Session-Id`.
pub(super) fn capitalised(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut chars = word.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests;
