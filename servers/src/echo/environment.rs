//! `environmentDump`: the server's settings, without private data.
//!
//! Only variables in the lists below are shown with their values. Others that look like secrets are
//! listed by name as hidden; all others are left out.

use pontoon_core::escape_untrusted;
use pontoon_core::server::{Schema, Tool, ToolResult, secrets};
use serde_json::{Map, Value, json};

use super::shape::{a, list, maybe, object};
use super::text::{Page, known, mark};
use super::{Call, Program, Settings};

pub(super) fn tool() -> Tool {
    let flags =
        object([("debug", a("boolean")), ("binary", a("boolean")), ("compression", a("boolean"))]);
    let container =
        object([("docker", a("boolean")), ("id", maybe("string")), ("kubernetes", a("boolean"))]);
    Tool {
        title: Some("Show the environment"),
        output: Some(object([
            ("settings", a("object")),
            ("runtime", a("object")),
            ("hidden", list(a("string"))),
            ("flags", flags),
            ("container", container),
        ])),
        ..Tool::new(
            "environmentDump",
            "Shows the sanitized configuration of the server: never the value of a secret.",
            Schema::closed(),
        )
    }
}

/// Variables of the two servers that are shown if they are set, besides those that are always
/// shown.
const OPTIONAL: &[&str] = &[
    "ECHO_CLEANUP_INTERVAL",
    "ECHO_LOG_LEVEL",
    "ECHO_MAX_MESSAGE_SIZE",
    "ECHO_STATELESS_LOG_LEVEL",
    "ECHO_STATELESS_MAX_REQUESTS",
    "ECHO_STATELESS_WORKERS",
    "LOG_FILE",
    "MCP_MAX_SESSIONS",
    "MCP_SESSION_CLEANUP_INTERVAL",
    "WORKER_CONNECTIONS",
];

/// Variables about the environment of a program.
const RUNTIME: &[&str] = &["NODE_ENV", "LOG_LEVEL", "TZ"];

type Shown = Vec<(&'static str, String)>;

pub(super) fn answer(call: &Call<'_>) -> ToolResult {
    let settings = call.settings;
    let shown = shown(call.program, settings);
    let runtime: Shown = RUNTIME.iter().map(|name| (*name, or_not_set(settings, name))).collect();
    let hidden = hidden(settings);
    let page = match call.program {
        Program::Stateful => stateful(settings, &shown),
        Program::Stateless => stateless(settings, &shown, &runtime, &hidden),
    };
    let map = |shown: Shown| -> Map<_, _> {
        shown.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
    };
    ToolResult::text(page).with(json!({
        "settings": map(shown),
        "runtime": map(runtime),
        "hidden": hidden,
        "flags": {
            "debug": settings.debug,
            "binary": settings.binary,
            "compression": settings.compression,
        },
        "container": {
            "docker": settings.container.docker,
            "id": settings.container.id,
            "kubernetes": settings.container.kubernetes,
        },
    }))
}

/// Returns the settings in effect, under the names of their variables.
fn shown(program: Program, settings: &Settings) -> Shown {
    let revisions: Vec<_> = settings.revisions.iter().map(|revision| revision.as_str()).collect();
    let mut shown = vec![
        ("MCP_ECHO_HOST", escape_untrusted(settings.host.as_bytes())),
        ("MCP_ECHO_PORT", settings.port.to_string()),
    ];
    match program {
        Program::Stateful => {
            shown.push(("MCP_SESSION_TIMEOUT", settings.session_timeout.as_secs().to_string()));
        }
        Program::Stateless => shown.extend([
            ("MCP_ECHO_DEBUG", settings.debug.to_string()),
            ("MCP_PROTOCOL_VERSION", or_not_set(settings, "MCP_PROTOCOL_VERSION")),
            ("MCP_PROTOCOL_VERSIONS_SUPPORTED", revisions.join(",")),
        ]),
    }
    let set = OPTIONAL.iter().filter_map(|name| Some((*name, variable(settings, name)?)));
    shown.extend(set);
    shown
}

/// Returns a listed variable, masked if necessary.
fn variable(settings: &Settings, name: &str) -> Option<String> {
    let (_, value) = settings.environment.iter().rev().find(|(key, _)| key == name)?;
    Some(secrets::address(&escape_untrusted(value.as_bytes())))
}

fn or_not_set(settings: &Settings, name: &str) -> String {
    variable(settings, name).unwrap_or_else(|| "not set".to_owned())
}

/// Returns the names of variables that look like secrets. Only names in the usual format are
/// returned, because any other text may be a part of a value.
fn hidden(settings: &Settings) -> Vec<&str> {
    let is_name = |name: &str| {
        name.len() <= NAME_BYTES_MAX
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let names = settings.environment.iter().map(|(name, _)| &**name);
    let looks_secret = |name: &&str| {
        let is_place = PLACES.contains(name);
        is_name(name) && !is_place && secrets::is_secret(&name.to_lowercase())
    };
    let mut hidden: Vec<_> = names.filter(looks_secret).collect();
    hidden.sort_unstable();
    hidden.dedup();
    hidden.truncate(HIDDEN_MAX);
    hidden
}

/// Variables of every shell that only sound like a password: working directories.
const PLACES: &[&str] = &["OLDPWD", "PWD"];

const NAME_BYTES_MAX: usize = 64;
const HIDDEN_MAX: usize = 100;

fn stateful(settings: &Settings, shown: &Shown) -> String {
    let mut page = Page::new(Program::Stateful, "🔧 Environment Configuration");
    page.section("MCP Settings");
    for (name, value) in shown {
        page.entry(name, value);
    }
    page.section("Feature Flags");
    let flag = |is_set| mark(is_set, "Enabled", "Disabled");
    page.entry("Debug Mode", flag(settings.debug));
    page.entry("Binary Support", flag(settings.binary));
    page.entry("Compression", flag(settings.compression));
    page.finish()
}

fn stateless(settings: &Settings, shown: &Shown, runtime: &Shown, hidden: &[&str]) -> String {
    let mut page = Page::new(Program::Stateless, "🔧 Environment Configuration (Sanitized)");
    page.section("🌟 MCP Configuration");
    for (name, value) in shown {
        page.entry(name, value);
    }
    page.section("🔐 Sensitive Values (Hidden)");
    for name in hidden {
        page.entry(name, "******* (hidden)");
    }
    if hidden.is_empty() {
        page.item("(none)");
    }
    page.section("📊 Runtime Environment");
    for (name, value) in runtime {
        page.entry(name, value);
    }
    let container = &settings.container;
    page.section("🐳 Container Detection");
    page.entry("Running in Docker", mark(container.docker, "Yes", "No"));
    page.entry("Container ID", known(container.id.as_ref()));
    page.entry("Kubernetes", mark(container.kubernetes, "Yes", "No"));
    page.finish()
}

#[cfg(test)]
mod tests;
