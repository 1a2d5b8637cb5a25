//! `authContext`: the identity in the request. It is not verified.

use pontoon_core::server::{HttpRequestHead, Schema, Tool, ToolResult, secrets};
use serde_json::{Value, json};

use super::jwt::Jwt;
use super::shape::{maybe, object, word};
use super::text::{self, Page, known};
use super::{Call, Program};

pub(super) fn tool() -> Tool {
    let person = object([
        ("id", maybe("string")),
        ("name", maybe("string")),
        ("github", maybe("string")),
        ("email", maybe("string")),
        ("roles", maybe("string")),
    ]);
    let token = object([
        ("type", maybe("string")),
        ("length", maybe("integer")),
        ("algorithm", maybe("string")),
        ("issuer", maybe("string")),
        ("audience", maybe("string")),
    ]);
    let request = object([
        ("session", maybe("string")),
        ("client", maybe("string")),
        ("protocol", maybe("string")),
        ("origin", maybe("string")),
        ("address", maybe("string")),
        ("forwarded_for", maybe("string")),
        ("user_agent", maybe("string")),
        ("request_id", maybe("string")),
    ]);
    Tool {
        title: Some("Show who asks"),
        output: Some(object([
            ("status", word(&["unverified", "no credentials"])),
            ("presented", maybe("string")),
            ("user", person),
            ("token", token),
            ("request", request),
        ])),
        ..Tool::new(
            "authContext",
            "Shows who the request says is asking. Nothing of it is verified by this server.",
            Schema::closed(),
        )
    }
}

pub(super) fn answer(call: &Call<'_>) -> ToolResult {
    let seen = Seen::of(call);
    let page = match call.program {
        Program::Stateful => stateful(&seen),
        Program::Stateless => stateless(&seen),
    };
    ToolResult::text(page).with(seen.structured())
}

/// The identity in the request, ready to be shown.
#[derive(Debug, Default)]
struct Seen {
    user_id: Option<String>,
    user_name: Option<String>,
    github: Option<String>,
    email: Option<String>,
    roles: Option<String>,
    /// The kind of credentials.
    presented: Option<&'static str>,
    scheme: Option<&'static str>,
    length: Option<usize>,
    preview: Option<String>,
    algorithm: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    session: Option<String>,
    /// The session of the stateful server, for a text.
    shown_session: Option<String>,
    client: Option<String>,
    protocol: Option<&'static str>,
    origin: Option<String>,
    address: Option<String>,
    forwarded_for: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
}

impl Seen {
    fn of(call: &Call<'_>) -> Seen {
        let http = call.context.http.map(|http| &**http);
        let header = |names: &[&str]| http.and_then(|http| first(http, names));
        let mut seen = Seen {
            session: match call.program {
                Program::Stateful => call.session_id(),
                Program::Stateless => header(&["mcp-session-id"]),
            },
            shown_session: call.shown_session(),
            client: call.client(),
            protocol: call.protocol(),
            origin: header(&["origin"]),
            address: http.and_then(|http| http.peer).map(|peer| peer.to_string()),
            forwarded_for: header(&["x-forwarded-for", "x-real-ip"]),
            user_agent: header(&["user-agent"]),
            request_id: header(&["x-request-id", "x-correlation-id"]),
            ..Seen::default()
        };
        let authorization = http.and_then(|http| http.value("authorization"));
        seen.read_credentials(authorization.as_deref());
        seen.read_person(&header, authorization.as_deref());
        seen
    }

    fn read_credentials(&mut self, authorization: Option<&str>) {
        let Some(authorization) = authorization else { return };
        let Some((scheme, credentials)) = secrets::credentials(authorization) else {
            self.presented = Some("credentials of an unknown scheme");
            return;
        };
        self.presented = Some(match scheme {
            "Bearer" => "a Bearer token",
            _ => "credentials",
        });
        self.scheme = Some(scheme);
        self.length = Some(credentials.chars().count());
        self.preview = Some(secrets::preview(credentials, PREVIEW_CHARS));
    }

    /// Reads headers first, because a gateway that has verified the token adds them.
    fn read_person(
        &mut self,
        header: &impl Fn(&[&str]) -> Option<String>,
        authorization: Option<&str>,
    ) {
        let bearer = authorization.and_then(secrets::credentials);
        let token = bearer.filter(|(scheme, _)| *scheme == "Bearer").map(|(_, token)| token);
        let jwt = token.and_then(|token| Jwt::parse(token).ok());
        let claim = |names: &[&str]| {
            let payload = &jwt.as_ref()?.payload;
            names.iter().find_map(|name| payload.get(*name)).map(said)
        };
        let either = |headers: &[&str], claims: &[&str]| {
            header(headers).or_else(|| claim(claims).map(|said| format!("{said} (from token)")))
        };
        self.user_id = either(&["x-user-id", "x-auth-request-user", "x-forwarded-user"], &["sub"]);
        self.user_name = either(
            &["x-user-name", "x-auth-request-preferred-username", "x-forwarded-preferred-username"],
            &["preferred_username", "name"],
        );
        self.github =
            either(&["x-github-user", "x-github-login"], &["github_user", "github_login", "login"]);
        self.email =
            either(&["x-user-email", "x-auth-request-email", "x-forwarded-email"], &["email"]);
        self.roles = header(&["x-user-roles", "x-auth-request-groups", "x-forwarded-groups"])
            .map(|roles| listed(&roles))
            .or_else(|| claim(&["roles", "groups"]).map(|roles| format!("{roles} (from token)")));
        let algorithm = jwt.as_ref().and_then(|jwt| jwt.header.get("alg"));
        self.algorithm = algorithm.map(said);
        self.issuer = claim(&["iss"]);
        self.audience = claim(&["aud"]);
        if self.presented.is_none() && (self.user_id.is_some() || self.user_name.is_some()) {
            self.presented = Some("headers that name a user");
        }
    }

    fn structured(&self) -> Value {
        json!({
            "status": if self.presented.is_some() { "unverified" } else { "no credentials" },
            "presented": self.presented,
            "user": {
                "id": self.user_id,
                "name": self.user_name,
                "github": self.github,
                "email": self.email,
                "roles": self.roles,
            },
            "token": {
                "type": self.scheme,
                "length": self.length,
                "algorithm": self.algorithm,
                "issuer": self.issuer,
                "audience": self.audience,
            },
            "request": {
                "session": self.session,
                "client": self.client,
                "protocol": self.protocol,
                "origin": self.origin,
                "address": self.address,
                "forwarded_for": self.forwarded_for,
                "user_agent": self.user_agent,
                "request_id": self.request_id,
            },
        })
    }
}

/// Returns the first of these headers that is present.
fn first(http: &HttpRequestHead, names: &[&str]) -> Option<String> {
    let found = names.iter().find_map(|name| Some((*name, http.values(name).next()?)));
    found.map(|(name, value)| secrets::header(name, value))
}

/// Returns a claim, without passwords in URLs.
fn said(claim: &Value) -> String {
    secrets::address(&text::value(claim))
}

/// Returns a list in a header, as JSON or separated by commas, as JSON.
fn listed(roles: &str) -> String {
    match serde_json::from_str::<Value>(roles) {
        Ok(list @ Value::Array(_)) => text::value(&list),
        _ => text::value(&roles.split(',').map(str::trim).collect()),
    }
}

fn stateful(seen: &Seen) -> String {
    let mut page = Page::new(Program::Stateful, "🔐 Authentication Context");
    page.section("👤 User Information");
    page.entry("User ID", known(seen.user_id.as_ref()));
    page.entry("Username", known(seen.user_name.as_ref()));
    page.entry("GitHub User", known(seen.github.as_ref()));
    page.section("🎫 Token Details");
    page.entry("Token Type", known(seen.scheme));
    page.entry("Token Length", length(seen));
    page.entry("Token Preview", known(seen.preview.as_ref()));
    page.section("🔑 Derived Information");
    match seen.presented {
        Some(what) => {
            page.entry("Authentication", format_args!("⚠️ Unverified ({what}, not checked here)"))
        }
        None => page.entry("Authentication", "❌ No credentials"),
    }
    page.entry("Session", known(seen.shown_session.as_ref()));
    page.entry("Request ID", known(seen.request_id.as_ref()));
    page.finish()
}

fn stateless(seen: &Seen) -> String {
    let mut page = Page::new(Program::Stateless, "🔐 Authentication Context Analysis");
    page.section("👤 User Information");
    page.entry("User ID", known(seen.user_id.as_ref()));
    page.entry("Username", known(seen.user_name.as_ref()));
    page.entry("Email", known(seen.email.as_ref()));
    page.entry("Roles", known(seen.roles.as_ref()));
    page.section("🎫 Token Analysis");
    page.entry("Type", known(seen.scheme));
    page.entry("Length", length(seen));
    page.entry(
        "Algorithm",
        known(seen.algorithm.as_ref().map(|alg| format!("{alg} (from header)"))),
    );
    page.entry("Issuer", known(seen.issuer.as_ref()));
    page.entry("Audience", known(seen.audience.as_ref()));
    page.section("🔑 Session Information");
    page.entry("Session ID", known(seen.session.as_ref()));
    page.entry("Client", known(seen.client.as_ref()));
    page.entry("Protocol", known(seen.protocol));
    page.section("🌐 Request Context");
    page.entry("Origin", known(seen.origin.as_ref()));
    page.entry("IP Address", address(seen));
    page.entry("User Agent", known(seen.user_agent.as_ref()));
    page.line("");
    match seen.presented {
        Some(what) => page.line(format_args!(
            "⚠️ Authentication Status: UNVERIFIED ({what}, not checked by this server)"
        )),
        None => page.line("❌ Authentication Status: NO CREDENTIALS"),
    }
    page.finish()
}

fn length(seen: &Seen) -> String {
    known(seen.length.map(|length| format!("{length} characters")))
}

/// Returns the connected address, and the one that an intermediary forwarded for.
fn address(seen: &Seen) -> String {
    match (&seen.address, &seen.forwarded_for) {
        (address, None) => known(address.as_ref()),
        (None, Some(behind)) => format!("n/a (forwarded for {behind})"),
        (Some(address), Some(behind)) => format!("{address} (forwarded for {behind})"),
    }
}

/// The number of visible characters of a token's header.
const PREVIEW_CHARS: usize = 6;

#[cfg(test)]
mod tests;
