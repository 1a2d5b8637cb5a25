//! The messages when the endpoint listens.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use pontoon_core::http::SSE_STREAM;
use pontoon_core::{ChildSpec, Level};
use serde_json::json;

use crate::hints::quoted;
use crate::log::{LISTENING, Notice};

/// The credentials in what can be pasted, where the reader puts in a token.
const TOKEN: &str = "Bearer YOUR_TOKEN";

/// An endpoint from its clients' point of view.
pub(crate) struct Endpoint<'a> {
    /// The addresses on which it listens; at least one.
    pub(crate) addrs: Vec<SocketAddr>,
    /// The URL of the listener for the page, health and metrics, if it is another one.
    pub(crate) admin: Option<String>,
    /// Whether clients connect with TLS.
    pub(crate) tls: bool,
    /// The path of the endpoint.
    pub(crate) path: &'a str,
    /// Whether HTTP+SSE is served too.
    pub(crate) sse: bool,
    /// Whether clients have to be given a token.
    pub(crate) needs_token: bool,
    /// The server behind it.
    pub(crate) about: About<'a>,
}

/// A description of the server behind an endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// Its name for the settings of a client.
    pub(crate) name: &'a str,
    /// The command or program behind it.
    pub(crate) what: &'a str,
}

impl Endpoint<'_> {
    /// Announces the address: at a terminal with everything that can be pasted, otherwise in one
    /// line.
    pub(crate) fn listening(&self, at_terminal: bool) -> Notice {
        let url = self.url();
        let words = match at_terminal {
            true => self.banner(),
            false => self.line(&url),
        };
        self.notice(url, words)
    }

    /// Returns the message in one line.
    fn line(&self, url: &str) -> String {
        let admin = self.admin.as_ref().map(|admin| format!("; page and metrics on {admin}/"));
        format!("pontoon listening on {url}{}{}", self.bound(), admin.unwrap_or_default())
    }

    fn notice(&self, url: String, words: String) -> Notice {
        let mut fields = vec![("url", url), ("address", listed(&self.addrs))];
        fields.extend(self.admin.clone().map(|admin| ("admin", admin)));
        Notice {
            level: Level::Info,
            name: LISTENING,
            message: "listening",
            fields,
            words: Some(words),
        }
    }

    /// Announces the address of a program with several servers, in one line.
    pub(crate) fn listening_for_servers(&self) -> Notice {
        let url = self.base();
        let words = self.line(&url);
        self.notice(url, words)
    }

    /// Warns if other machines can reach an endpoint without authentication, and no host name, or
    /// every one, is allowed.
    pub(crate) fn exposed(&self, allowed: &[String]) -> Option<Notice> {
        let is_limited = !allowed.is_empty() && allowed.iter().all(|host| host != "*");
        let reachable = self.addrs.iter().copied().filter(|addr| !addr.ip().is_loopback());
        let reachable: Vec<_> = reachable.collect();
        if reachable.is_empty() || is_limited {
            return None;
        }
        let addr = listed(&reachable);
        let others = match allowed.is_empty() {
            true => {
                "Until then requests are refused with 403 unless Host is localhost or an IP address."
            }
            false => {
                "`--allow-host '*'` accepts every name, so a web page can send requests here by DNS rebinding."
            }
        };
        let words = format!(
            "WARNING: {addr} can be reached from other machines, and clients are not authenticated.\n  \
             Anyone who can connect can call its tools.\n  \
             Give them tokens (--auth-token-file FILE) or put an authenticating proxy in front of it, and \
             name the host clients use: --allow-host NAME.\n  \
             {others}\n  \
             To serve this machine only: --host 127.0.0.1"
        );
        Some(Notice {
            level: Level::Warning,
            name: "exposed",
            message: "other machines can reach this endpoint, which does not authenticate clients",
            fields: vec![("address", addr)],
            words: Some(words),
        })
    }

    fn banner(&self) -> String {
        let (url, base, bound) = (self.url(), self.base(), self.bound());
        let About { name, what } = self.about;
        let site = self.admin.as_deref().unwrap_or(&base);
        let page = match (&self.admin, self.path) {
            // The endpoint is there.
            (None, "/") => String::new(),
            _ => format!("page       {site}/\n  "),
        };
        let sse = match self.sse {
            true => format!("HTTP+SSE   {base}{SSE_STREAM}\n  "),
            false => String::new(),
        };
        let mut settings = json!({"type": "http", "url": url});
        let (mut claude, mut curl) = (String::new(), String::new());
        if self.needs_token {
            settings["headers"] = json!({"Authorization": TOKEN});
            claude = format!(" --header 'Authorization: {TOKEN}'");
            curl = format!(" -H 'Authorization: {TOKEN}'");
        }
        let servers = json!({"mcpServers": {name: settings}});
        format!(
            "\n  pontoon listening on {url}{bound}\n\n  \
             serves     {what}\n  {sse}\
             {page}health     {site}/health\n  \
             metrics    {site}/metrics\n\n  \
             Claude     claude mcp add --transport http {name} {url}{claude}\n  \
             clients    {servers}\n  \
             curl       curl -sS {url} -H 'Content-Type: application/json' \
             -H 'Accept: application/json, text/event-stream'{curl} -d '{INITIALIZE}'\n\n  \
             Ctrl-C stops it; a second one stops it at once.\n"
        )
    }

    /// Returns the addresses that it listens on, unless the URL has the only one.
    fn bound(&self) -> String {
        match self.addrs[..] {
            [addr] if addr.ip().is_unspecified() => {
                format!(" (bound to {addr}: every address of this machine)")
            }
            [_] => String::new(),
            _ => format!(" (bound to {})", listed(&self.addrs)),
        }
    }

    fn url(&self) -> String {
        format!("{}{}", self.base(), self.path)
    }

    /// Returns the URL for this machine.
    pub(crate) fn base(&self) -> String {
        let mut addr = self.addrs[0];
        if addr.ip().is_unspecified() {
            addr.set_ip(match addr.ip() {
                IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
                IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            });
        }
        format!("{}://{addr}", scheme(self.tls))
    }
}

/// Returns the scheme of URLs.
pub(crate) fn scheme(tls: bool) -> &'static str {
    if tls { "https" } else { "http" }
}

fn listed(addrs: &[SocketAddr]) -> String {
    addrs.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", ")
}

/// Warns of an entry of `--allow-host` or `--allow-origin` that no request can match.
pub(crate) fn useless(entry: &str) -> Notice {
    Notice {
        level: Level::Warning,
        name: "useless_entry",
        message: "this is neither a host nor an origin, and allows nothing",
        fields: vec![("entry", entry.to_owned())],
        words: None,
    }
}

/// Returns a name for the server in the settings of a client: the program, without its launcher.
pub(crate) fn name_of(child: &ChildSpec) -> String {
    let words = std::iter::once(&child.program).chain(&child.args);
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let program = stem(&words[0]);
    let is_launcher = LAUNCHERS.contains(&program.trim_end_matches(|c: char| !c.is_alphabetic()));
    let named = words[1..].iter().find(|word| !word.starts_with('-')).filter(|_| is_launcher);
    let name: String = named
        .map_or(program, |word| stem(word))
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    if name.is_empty() { "pontoon".to_owned() } else { quoted(&name) }
}

/// Returns the last part of a path or of a package's name, without extension and version.
fn stem(word: &str) -> &str {
    let last = word.trim_end_matches('/').rsplit('/').next().unwrap_or(word);
    let last = last.split_once('@').map_or(last, |(name, _)| name);
    Path::new(last).file_stem().and_then(|stem| stem.to_str()).unwrap_or(last)
}

/// Programs that run the program in their first argument.
const LAUNCHERS: [&str; 10] =
    ["bun", "bunx", "deno", "env", "node", "npx", "python", "ruby", "tsx", "uvx"];

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"curl","version":"1"}}}"#;

#[cfg(test)]
mod tests;
