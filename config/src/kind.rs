//! The kind of an entry: a command, or the address of a remote server; and whether it is switched
//! off.

use crate::cx::Cx;
use crate::keys;
use crate::syntax::{Json, Member, member};

/// The keys that name the kind.
const KINDS: [&str; 4] = ["type", "transport", "transportType", "server_type"];

/// The keys that hold an address.
pub(crate) const ADDRESSES: [&str; 3] = ["url", "serverUrl", "httpUrl"];

/// The kinds of commands.
const LOCAL: [&str; 2] = ["stdio", "local"];

/// The kinds of remote servers.
const REMOTE: [&str; 6] = ["http", "sse", "streamable-http", "streamablehttp", "remote", "ws"];

/// The kind of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A command.
    Stdio,
    /// A remote server: the reason to skip it.
    Remote(String),
}

/// Returns the kind of an entry; `None` if it is broken.
pub(crate) fn kind(cx: &mut Cx<'_>, line: usize, members: &[Member]) -> Option<Kind> {
    let declared = declared(cx, members)?;
    let address = address(cx, members)?;
    // Clients that write every key give the one that they do not use as `null`.
    let is_used = |it: &&Member| address.is_none() || !matches!(it.node.value, Json::Null);
    let command = member(members, "command").filter(is_used);
    match (declared, command, address) {
        (Some((_, false)) | None, Some(_), None) => Some(Kind::Stdio),
        (Some((_, false)), Some(_), Some(address)) => {
            let text = "not used, since the entry is a command".to_owned();
            cx.warn(&address.name, address.line, text, None);
            Some(Kind::Stdio)
        }
        (Some((kind, true)), _, Some(_)) => Some(Kind::Remote(format!("remote server ({kind})"))),
        (None, None, Some(_)) => Some(Kind::Remote("remote server (http)".to_owned())),
        (None, Some(_), Some(address)) => {
            let hint = format!(r#"remove `command` or `{0}`, or give a `type`"#, address.name);
            cx.error("", line, "two servers in one entry: a command and an address", hint);
            None
        }
        (Some((kind, true)), command, None) => {
            let text = format!("{kind} needs an address, and there is none");
            let hint = match command {
                Some(_) => "remove `type`, or make it \"stdio\", to run `command`".to_owned(),
                None => near_address(members),
            };
            cx.error("", line, text, hint);
            None
        }
        (Some((kind, false)), None, _) => {
            let hint = near_command(members).unwrap_or("add `command`").to_owned();
            cx.error("", line, format!("{kind} needs a command, and there is none"), hint);
            None
        }
        (None, None, None) => {
            let hint = near_command(members).map_or_else(|| near_address(members), str::to_owned);
            cx.error("", line, "neither a command nor an address", hint);
            None
        }
    }
}

/// Returns whether an entry is switched off; `None` is an error.
pub(crate) fn is_off(cx: &mut Cx<'_>, members: &[Member]) -> Option<bool> {
    let mut off = Some(false);
    for (name, meaning) in [("disabled", true), ("enabled", false), ("isActive", false)] {
        let Some(found) = member(members, name) else { continue };
        match found.node.value {
            Json::Bool(value) => off = off.map(|off| off || value == meaning),
            ref other => {
                let text = format!("must be true or false, and is {}", other.kind());
                let hint = format!(r#"write "{name}": true or "{name}": false, without quotes"#);
                cx.error(name, found.line, text, hint);
                off = None;
            }
        }
    }
    off
}

/// Returns the declared kind, and whether it is that of a remote server. The outer `None` is an
/// error.
#[expect(clippy::option_option, reason = "an error, no kind, and a kind are three things")]
fn declared<'a>(cx: &mut Cx<'_>, members: &'a [Member]) -> Option<Option<(&'a str, bool)>> {
    let mut declared: Option<(&str, bool)> = None;
    for found in members.iter().filter(|member| KINDS.contains(&member.name.as_str())) {
        let Json::Text(text) = &found.node.value else {
            let text = format!("must be a string, and is {}", found.node.value.kind());
            let has_address = matches!(&found.node.value, Json::Object(inner)
                if inner.iter().any(|it| ADDRESSES.contains(&it.name.as_str())));
            let hint = match (has_address, &found.node.value) {
                (true, _) => Some("put `type` and `url` into the entry itself".to_owned()),
                (false, Json::Null) => Some(format!("remove `{}`", found.name)),
                (false, _) => None,
            };
            cx.error(&found.name, found.line, text, hint);
            return None;
        };
        let lower = text.to_lowercase();
        let is_remote = REMOTE.contains(&lower.as_str());
        if !is_remote && !LOCAL.contains(&lower.as_str()) {
            let hint = "\"stdio\" for a command; \"http\" or \"sse\" for an address".to_owned();
            cx.error(&found.name, found.line, "unknown kind of server", hint);
            return None;
        }
        if let Some((_, before)) = declared
            && before != is_remote
        {
            let hint = "keep one of `type` and its other names".to_owned();
            cx.error(&found.name, found.line, "contradicts another key for the kind", hint);
            return None;
        }
        declared = Some((text, is_remote));
    }
    Some(declared)
}

/// Returns the address. The outer `None` is an error; `null` is no address.
#[expect(clippy::option_option, reason = "an error, no address, and an address are three things")]
fn address<'a>(cx: &mut Cx<'_>, members: &'a [Member]) -> Option<Option<&'a Member>> {
    let mut address = None;
    for found in members.iter().filter(|member| ADDRESSES.contains(&member.name.as_str())) {
        match &found.node.value {
            Json::Null => {}
            Json::Text(_) => address = address.or(Some(found)),
            other => {
                let text = format!("must be a string, and is {}", other.kind());
                cx.error(&found.name, found.line, text, None);
                return None;
            }
        }
    }
    Some(address)
}

fn near_command(members: &[Member]) -> Option<&'static str> {
    let near = members.iter().any(|member| keys::meant(&member.name) == Some("command"));
    near.then_some("the program belongs under `command`")
}

fn near_address(members: &[Member]) -> String {
    match members.iter().find(|member| keys::meant(&member.name) == Some("url")) {
        Some(member) => format!("`{}` is not read; an address belongs under `url`", member.name),
        None => "add `command`, or `url` for a remote server".to_owned(),
    }
}
