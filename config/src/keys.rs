//! The keys of an entry that pontoon does not read.

use crate::cx::Cx;
use crate::syntax::Member;

/// The keys that are read.
const READ: [&str; 16] = [
    "args",
    "command",
    "cwd",
    "disabled",
    "enabled",
    "env",
    "envFile",
    "httpUrl",
    "isActive",
    "pontoon",
    "serverUrl",
    "server_type",
    "transport",
    "transportType",
    "type",
    "url",
];

/// Keys that clients define for themselves.
const OF_CLIENTS: [&str; 41] = [
    "$schema",
    "alwaysAllow",
    "alwaysAllowTools",
    "auth",
    "authProviderType",
    "autoApprove",
    "autoApproveTools",
    "bearer_token_env_var",
    "description",
    "dev",
    "disabledTools",
    "disabled_tools",
    "displayName",
    "enabledTools",
    "enabled_tools",
    "excludeTools",
    "fromGalleryId",
    "gallery",
    "headers",
    "headersHelper",
    "id",
    "includeTools",
    "initTimeout",
    "instructions",
    "name",
    "networkTimeout",
    "note",
    "notes",
    "oauth",
    "oauthScopes",
    "requestInit",
    "requestOptions",
    "scope",
    "source",
    "startupTimeout",
    "timeout",
    "title",
    "tools",
    "trust",
    "version",
    "watchPaths",
];

/// Keys that authors write for another one.
const NEAR: [(&str, &str); 18] = [
    ("arguments", "args"),
    ("argv", "args"),
    ("cmd", "command"),
    ("directory", "cwd"),
    ("endpoint", "url"),
    ("env_file", "envFile"),
    ("environment", "env"),
    ("environmentVariables", "env"),
    ("envs", "env"),
    ("envVars", "env"),
    ("executable", "command"),
    ("link", "url"),
    ("program", "command"),
    ("uri", "url"),
    ("workdir", "cwd"),
    ("workingDir", "cwd"),
    ("workingDirectory", "cwd"),
    ("working_directory", "cwd"),
];

/// Returns the key that was probably meant by one that is not read.
pub(crate) fn meant(key: &str) -> Option<&'static str> {
    if READ.contains(&key) || OF_CLIENTS.contains(&key) {
        return None;
    }
    let letters = |key: &str| key.replace(['-', '_', ' '], "").to_lowercase();
    let near = NEAR.iter().find(|(near, _)| letters(near) == letters(key));
    let spelt = || READ.into_iter().find(|read| letters(read) == letters(key));
    let typed = || {
        let distance = |read: &&str| strsim::osa_distance(read, key);
        READ.into_iter().find(|read| key.len() > 2 && distance(read) == 1)
    };
    near.map(|(_, meant)| *meant).or_else(spelt).or_else(typed)
}

/// Returns whether a name marks a comment.
pub(crate) fn is_comment(name: &str) -> bool {
    ["_", "$", "#", "//"].iter().any(|mark| name.starts_with(mark))
}

/// Reports the keys of an entry that are not read: a warning for each near miss, and one note for
/// the others that no client is known to define.
pub(crate) fn check(cx: &mut Cx<'_>, line: usize, members: &[Member]) {
    let mut unknown = Vec::new();
    for Member { name, line, .. } in members {
        if let Some(meant) = meant(name) {
            cx.warn(name, *line, "not read", format!("`{meant}` is the key for this"));
        } else if name == "sandboxEnabled" {
            cx.note(name, *line, "pontoon does not put servers into a sandbox");
        } else if !is_silent(name) {
            unknown.push(format!("`{name}`"));
        }
    }
    if !unknown.is_empty() {
        cx.note("", line, format!("not read: {}", unknown.join(", ")));
    }
}

fn is_silent(name: &str) -> bool {
    READ.contains(&name)
        || OF_CLIENTS.contains(&name)
        || name.starts_with("sandbox")
        || name.starts_with("x-")
        || is_comment(name)
}
