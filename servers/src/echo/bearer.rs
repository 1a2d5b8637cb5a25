//! `bearerDecode`: the contents of a JWT, unverified.

use std::borrow::Cow;

use pontoon_core::server::{Field, Kind, RpcError, Schema, Tool, ToolResult, secrets};
use serde_json::{Value, json};

use super::jwt::{Jwt, Time, Validity};
use super::shape::{a, list, maybe, object, word};
use super::text::{Page, age};
use super::{Call, Program};

pub(super) fn tool() -> Tool {
    let input = Schema::closed()
        .field(Field::new(
            "token",
            Kind::String,
            "The JWT to decode; if it is left out, that of the Authorization header.",
        ))
        .field(
            Field::new("includeRaw", Kind::Boolean, "Show header and payload undecoded, too.")
                .default(false),
        );
    Tool {
        title: Some("Decode a JWT"),
        output: Some(object([
            ("decoded", a("boolean")),
            ("verified", json!({ "const": false })),
            ("problem", maybe("string")),
            ("source", word(&["argument", "authorization"])),
            ("header", maybe("object")),
            ("payload", maybe("object")),
            ("signed", maybe("boolean")),
            ("issued_at", maybe("integer")),
            ("expires_at", maybe("integer")),
            ("not_before", maybe("integer")),
            ("status", word(&[&Validity::ALL.map(Validity::as_str)[..], &["n/a"]].concat())),
            ("raw", list(a("string"))),
        ])),
        ..Tool::new(
            "bearerDecode",
            "Decodes a JWT without verifying it; for debugging only. The token is not repeated.",
            input,
        )
    }
}

/// A token, and its source.
struct Found {
    token: String,
    source: &'static str,
}

pub(super) fn answer(call: &Call<'_>) -> Result<ToolResult, RpcError> {
    let argument = call.text("token")?;
    let source = if argument.is_some() { "argument" } else { "authorization" };
    let decoded = match find(call, argument) {
        Ok(found) => match Jwt::parse(&found.token) {
            Ok(jwt) => return Ok(report(call, &jwt, found.source)),
            Err(malformed) => malformed.to_string(),
        },
        Err(problem) => problem,
    };
    Ok(failure(call.program, source, &decoded))
}

fn find(call: &Call<'_>, argument: Option<Cow<'_, str>>) -> Result<Found, String> {
    if let Some(token) = argument {
        let token = match secrets::credentials(&token) {
            Some(("Bearer", token)) => token,
            _ => token.trim(),
        };
        return Ok(Found { token: token.to_owned(), source: "argument" });
    }
    let header = call.context.http.and_then(|http| http.value("authorization"));
    let header =
        header.ok_or("No token: pass one as an argument or in the Authorization header")?;
    match secrets::credentials(&header) {
        Some(("Bearer", "")) => Err("the Authorization header holds no token".to_owned()),
        Some(("Bearer", token)) => Ok(Found { token: token.to_owned(), source: "authorization" }),
        Some((scheme, _)) => {
            Err(format!("the Authorization header holds no Bearer token: its scheme is {scheme}"))
        }
        None => Err("the Authorization header holds no Bearer token".to_owned()),
    }
}

/// Returns an answer that nothing was decoded, which is not an error of the tool.
fn failure(program: Program, source: &str, problem: &str) -> ToolResult {
    let mut page = Page::new(program, title(program));
    page.line("");
    page.line(format_args!("❌ {problem}"));
    ToolResult::text(page.finish()).with(json!({
        "decoded": false,
        "verified": false,
        "problem": problem,
        "source": source,
        "header": null,
        "payload": null,
        "signed": null,
        "issued_at": null,
        "expires_at": null,
        "not_before": null,
        "status": "n/a",
        "raw": [],
    }))
}

fn report(call: &Call<'_>, jwt: &Jwt<'_>, source: &str) -> ToolResult {
    let raw = if call.arguments.is_set("includeRaw") { &jwt.parts[..2] } else { &[] };
    let seconds = |claim| jwt.time(claim).and_then(|time| time.seconds());
    let structured = json!({
        "decoded": true,
        "verified": false,
        "problem": null,
        "source": source,
        "header": jwt.header,
        "payload": jwt.payload,
        "signed": !jwt.parts[2].is_empty(),
        "issued_at": seconds("iat"),
        "expires_at": seconds("exp"),
        "not_before": seconds("nbf"),
        "status": jwt.validity(call.context.unix_time).as_str(),
        "raw": raw,
    });
    ToolResult::text(page(call, jwt, raw)).with(structured)
}

fn page(call: &Call<'_>, jwt: &Jwt<'_>, raw: &[&str]) -> String {
    let mut page = Page::new(call.program, title(call.program));
    let (header, payload) = match call.program {
        Program::Stateful => ("Header", "Payload"),
        Program::Stateless => ("📄 Header", "📦 Payload"),
    };
    page.section(header);
    page.line(format_args!("{:#}", Value::Object(jwt.header.clone())));
    page.section(payload);
    page.line(format_args!("{:#}", Value::Object(jwt.payload.clone())));
    match call.program {
        Program::Stateful => status(&mut page, call, jwt),
        Program::Stateless => timeline(&mut page, call, jwt),
    }
    if let [header, payload] = raw {
        page.section("🧾 Raw Parts");
        page.entry("Header", header);
        page.entry("Payload", payload);
        page.entry("Signature", signature(jwt));
    }
    if call.program == Program::Stateless {
        notice(&mut page);
    }
    page.finish()
}

fn title(program: Program) -> &'static str {
    match program {
        Program::Stateful => "🔍 JWT Token Analysis",
        Program::Stateless => "🔍 JWT Token Analysis (Unverified)",
    }
}

/// Describes the signature without showing it, because it completes the token.
fn signature(jwt: &Jwt<'_>) -> String {
    match jwt.parts[2].len() {
        0 => "missing".to_owned(),
        length => format!("{length} characters (not shown)"),
    }
}

fn status(page: &mut Page, call: &Call<'_>, jwt: &Jwt<'_>) {
    page.section("⏱️ Token Status");
    for (name, claim) in [("Issued", "iat"), ("Expires", "exp"), ("Not Before", "nbf")] {
        if let Some(time) = jwt.time(claim) {
            page.entry(name, time);
        }
    }
    page.entry("Status", jwt.validity(call.context.unix_time).as_str());
    page.entry("Signature", "not verified");
}

fn timeline(page: &mut Page, call: &Call<'_>, jwt: &Jwt<'_>) {
    let now = i64::try_from(call.context.unix_time.as_secs()).unwrap_or(i64::MAX);
    let ago = |then: i64| age(then, now).unwrap_or_default();
    page.section("⏱️ Token Timeline");
    match jwt.time("iat") {
        None => page.entry("Issued At", "n/a"),
        Some(Time::At(then)) => {
            page.entry("Issued At", stamp(then));
            match then <= now {
                true => page.entry("Age", ago(then)),
                false => page.entry("Age", format_args!("issued {} in the future", ago(then))),
            }
        }
        Some(odd) => page.entry("Issued At", odd),
    }
    let [begins, expires] = ["nbf", "exp"].map(|claim| jwt.time(claim));
    if begins.is_some() || expires.is_some() {
        page.entry("Status", jwt.validity(call.context.unix_time).as_str());
    }
    match begins {
        None => {}
        Some(Time::At(then)) => page.entry("Not Before", stamp(then)),
        Some(odd) => page.entry("Not Before", odd),
    }
    match expires {
        None => {}
        Some(Time::At(then)) => {
            page.entry("Expires At", stamp(then));
            match then <= now {
                true => page.entry("Expired", format_args!("{} ago", ago(then))),
                false => page.entry("Expires In", ago(then)),
            }
        }
        Some(odd) => page.entry("Expires At", odd),
    }
}

/// Formats a time for people, and as in the token.
fn stamp(seconds: i64) -> String {
    format!("{} ({seconds})", Time::At(seconds))
}

fn notice(page: &mut Page) {
    page.section("⚠️ Security Notice");
    for line in [
        "The signature was not checked; anyone could have written this token.",
        "Do not base decisions on it.",
        "For debugging only.",
    ] {
        page.item(line);
    }
}

#[cfg(test)]
mod tests;
