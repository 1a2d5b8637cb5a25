//! Where the servers of a file are, and the forms of files of other clients.

use crate::keys;
use crate::kind::ADDRESSES;
use crate::syntax::{Json, Member, member, members};

/// The keys that hold the servers.
pub(crate) const LISTS: [&str; 2] = ["mcpServers", "servers"];

/// The place of the servers.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// `mcpServers`, `servers` or both.
    Lists(Vec<(&'static str, &'a Member)>),
    /// The root is an empty object.
    Nothing,
    /// Another form.
    Other(Other<'a>),
}

/// Another form of a file.
#[derive(Debug)]
pub(crate) struct Other<'a> {
    /// The form.
    pub(crate) form: Form,
    /// The key that shows it, and its line.
    pub(crate) key: String,
    pub(crate) line: usize,
    /// The servers.
    pub(crate) servers: &'a [Member],
    /// Whether the value of the key is an object.
    pub(crate) is_object: bool,
}

/// The forms of files that have neither `mcpServers` nor `servers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `mcp`, of opencode.
    Agent,
    /// Entries without a key around them.
    Bare,
    /// `context_servers`, of Zed.
    Editor,
    /// `mcp_servers`, of Codex.
    Cli,
    /// `mcp.servers` or `amp.mcpServers`: the usual entries in the settings of an editor.
    Settings,
    /// A key that is nearly `mcpServers`.
    Misspelt,
    /// None of these.
    Unknown,
}

impl Form {
    /// Returns the client whose form it is.
    pub(crate) fn client(self) -> Option<&'static str> {
        match self {
            Form::Agent => Some("opencode"),
            Form::Editor => Some("Zed"),
            Form::Cli => Some("Codex"),
            Form::Settings => Some("an editor"),
            Form::Bare | Form::Misspelt | Form::Unknown => None,
        }
    }
}

/// Finds the servers of a file.
pub(crate) fn find(root: &[Member]) -> Found<'_> {
    let lists: Vec<_> =
        LISTS.into_iter().filter_map(|list| Some((list, member(root, list)?))).collect();
    if !lists.is_empty() {
        return Found::Lists(lists);
    }
    if root.is_empty() {
        return Found::Nothing;
    }
    let other = of_client(root).or_else(|| misspelt(root)).or_else(|| bare(root));
    Found::Other(other.unwrap_or(Other {
        form: Form::Unknown,
        key: String::new(),
        line: root[0].line,
        servers: &[],
        is_object: true,
    }))
}

/// Returns the form of a client by its key.
pub(crate) fn of_client(root: &[Member]) -> Option<Other<'_>> {
    const KEYS: [(&str, Form); 6] = [
        ("context_servers", Form::Editor),
        ("mcp_servers", Form::Cli),
        ("amp.mcpServers", Form::Settings),
        ("mcp.servers", Form::Settings),
        ("mcp.mcpServers", Form::Settings),
        ("mcp", Form::Agent),
    ];
    let mut found = KEYS.into_iter().filter_map(|(key, form)| Some((form, member(root, key)?)));
    let (form, outer) = found.next()?;
    let inner = LISTS.into_iter().find_map(|list| member(members(outer), list));
    match inner.filter(|_| form == Form::Agent) {
        Some(inner) => Some(Other {
            form: Form::Settings,
            key: format!("mcp.{}", inner.name),
            line: inner.line,
            servers: members(inner),
            is_object: is_object(inner),
        }),
        None => Some(Other {
            form,
            key: outer.name.clone(),
            line: outer.line,
            servers: members(outer),
            is_object: is_object(outer),
        }),
    }
}

/// Returns whether a key is another one but for its case, its separators or one letter.
pub(crate) fn is_near(key: &str, other: &str) -> bool {
    let letters = |key: &str| key.replace(['-', '_', ' ', '.'], "").to_lowercase();
    key != other && strsim::osa_distance(&letters(key), &letters(other)) <= 1
}

fn misspelt(root: &[Member]) -> Option<Other<'_>> {
    let found = root.iter().find(|member| {
        matches!(member.node.value, Json::Object(_) | Json::List(_))
            && LISTS.iter().any(|list| is_near(&member.name, list))
    })?;
    let (key, line) = (found.name.clone(), found.line);
    let (servers, is_object) = (members(found), is_object(found));
    Some(Other { form: Form::Misspelt, key, line, servers, is_object })
}

fn bare(root: &[Member]) -> Option<Other<'_>> {
    let first = root.iter().find(|member| looks_like_entry(member))?;
    let (key, line) = (first.name.clone(), first.line);
    Some(Other { form: Form::Bare, key, line, servers: root, is_object: true })
}

/// Returns whether a member of the root looks like a server.
pub(crate) fn looks_like_entry(member: &Member) -> bool {
    members(member).iter().any(is_telling)
}

/// Returns whether a key shows that the object around it is a server.
pub(crate) fn is_telling(member: &Member) -> bool {
    let name = member.name.as_str();
    name == "command" || ADDRESSES.contains(&name) || keys::meant(name) == Some("command")
}

fn is_object(member: &Member) -> bool {
    matches!(member.node.value, Json::Object(_))
}
