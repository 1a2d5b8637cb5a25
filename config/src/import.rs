//! Conversion of files of other clients into `mcpServers` files.

use serde::Serialize;
use serde::ser::{Error, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

use crate::file::{self, Findings, Source};
use crate::keys;
use crate::locate::{self, Form, Found, LISTS};
use crate::report::{Finding, Level};
use crate::syntax::{self, Json, Member, Node, member};
use crate::toml_file;

/// A converted file.
#[derive(Debug)]
pub struct Imported {
    /// The file, as JSON. It has the secrets of the sources.
    pub text: String,
    /// The findings. With an error among them, the text is of no use.
    pub findings: Vec<Finding>,
}

/// The keys of an entry that are written, in this order.
const KEYS: [&str; 17] = [
    "type",
    "transport",
    "transportType",
    "server_type",
    "command",
    "args",
    "env",
    "envFile",
    "cwd",
    "url",
    "serverUrl",
    "httpUrl",
    "headers",
    "disabled",
    "enabled",
    "description",
    "pontoon",
];

/// Converts files into one `mcpServers` file.
pub fn import(sources: &[Source]) -> Imported {
    let mut servers: Vec<Member> = Vec::new();
    let mut settings = None;
    let mut all = Vec::new();
    for source in sources {
        let mut findings = Findings::new(source);
        let from_toml = toml_file::parse(&source.bytes).filter(|_| !is_json(source));
        let root = from_toml.or_else(|| file::parse(source, &mut findings)).unwrap_or_default();
        if !findings.is_unusable() {
            let first = servers.len();
            file::check_duplicates(&mut findings, &root, None, "");
            servers.extend(of_file(&root, &mut findings));
            settings = member(&root, "pontoon").cloned().or(settings);
            if servers.len() == first && !findings.is_unusable() {
                findings.add(Level::Warning, (1, None, ""), "no servers", None);
            }
            for (at, server) in servers.iter().enumerate().skip(first) {
                if member(&servers[..at], &server.name).is_some() {
                    let place = (server.line, Some((LISTS[0], server.name.as_str())), "");
                    let hint = "rename or remove one of them".to_owned();
                    findings.add(Level::Error, place, "the name occurs twice", hint);
                }
            }
        }
        all.append(&mut findings.all);
    }
    let list = Member { name: LISTS[0].to_owned(), line: 1, node: object_of(servers) };
    let root = object_of(settings.into_iter().chain([list]).collect());
    let text = serde_json::to_string_pretty(&root).unwrap_or_default() + "\n";
    Imported { text, findings: all }
}

fn is_json(source: &Source) -> bool {
    syntax::parse(&source.bytes).is_ok()
}

/// Returns the converted entries of a file.
fn of_file(root: &[Member], findings: &mut Findings<'_>) -> Vec<Member> {
    let mut servers = Vec::new();
    match locate::find(root) {
        Found::Nothing => {}
        Found::Lists(lists) => {
            for (list, found) in lists {
                match &found.node.value {
                    Json::Object(members) => servers.extend(members.iter().cloned()),
                    Json::List(items) => servers.extend(named(list, items, findings)),
                    other => {
                        let text = format!("must be an object of names, and is {}", other.kind());
                        findings.add(Level::Error, (found.line, None, list), text, None);
                    }
                }
            }
            return entries(Form::Settings, servers, findings);
        }
        Found::Other(other) if other.form == Form::Unknown => {
            let text = "no servers of a known form";
            let hint = r#"the servers belong under `mcpServers`, each with a name"#.to_owned();
            findings.add(Level::Error, (other.line, None, &other.key), text, hint);
        }
        Found::Other(other) if !other.is_object => {
            let text = "must be an object of names";
            findings.add(Level::Error, (other.line, None, &other.key), text, None);
        }
        Found::Other(other) => {
            let is_entry = |it: &&Member| other.form != Form::Bare || locate::looks_like_entry(it);
            servers.extend(other.servers.iter().filter(is_entry).cloned());
            return entries(other.form, servers, findings);
        }
    }
    servers
}

/// Returns the entries of a list, whose items have a `name`.
fn named(list: &str, items: &[Node], findings: &mut Findings<'_>) -> Vec<Member> {
    let mut servers = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let name = match &item.value {
            Json::Object(members) => member(members, "name").map(|it| &it.node.value),
            _ => None,
        };
        match name {
            Some(Json::Text(name)) => {
                servers.push(Member { name: name.clone(), line: item.line, node: item.clone() });
            }
            _ => {
                let key = format!("{list}[{at}]");
                let text = "has no name";
                findings.add(Level::Error, (item.line, None, &key), text, None);
            }
        }
    }
    servers
}

/// Converts entries.
fn entries(form: Form, servers: Vec<Member>, findings: &mut Findings<'_>) -> Vec<Member> {
    let mut converted = Vec::new();
    for Member { name, line, node } in servers {
        let Json::Object(mut members) = node.value else {
            if !keys::is_comment(&name) {
                let place = (line, Some((LISTS[0], name.as_str())), "");
                let text = "left out, since it is not an object";
                findings.add(Level::Warning, place, text, None);
            }
            continue;
        };
        let place = (line, Some((LISTS[0], name.as_str())), "");
        file::check_duplicates(findings, &members, place.1, "");
        if let Some(env) = member(&members, "env").or(member(&members, "environment")) {
            file::check_duplicates(findings, syntax::members(env), place.1, "env.");
        }
        match form {
            Form::Agent => {
                if has_text(&members, "{file:") {
                    let text = "{file:…} is not known to other clients than opencode";
                    let hint = "put the value into a variable, and write {env:NAME}".to_owned();
                    findings.add(Level::Error, place, text, hint);
                }
                of_agent(&mut members);
            }
            Form::Editor => {
                of_editor(&mut members);
                if !["command", "url"].iter().any(|key| member(&members, key).is_some()) {
                    let text = "left out, since an extension of the editor starts it";
                    let hint = "add an entry with the command of the server".to_owned();
                    findings.add(Level::Warning, place, text, hint);
                    continue;
                }
            }
            Form::Cli => of_cli(&mut members),
            Form::Bare | Form::Misspelt | Form::Settings | Form::Unknown => {}
        }
        let is_kept = |it: &Member| KEYS.contains(&it.name.as_str());
        let left_out = members.iter().filter(|it| !is_kept(it)).map(|it| format!("`{}`", it.name));
        let left_out = left_out.filter(|it| it != "`name`" && it != "`source`").collect::<Vec<_>>();
        if !left_out.is_empty() {
            let place = (line, Some((LISTS[0], name.as_str())), "");
            let text = format!("left out: {}", left_out.join(", "));
            findings.add(Level::Note, place, text, None);
        }
        members.retain(is_kept);
        members.sort_by_key(|it| KEYS.iter().position(|key| *key == it.name));
        let node = object_of(members);
        converted.push(Member { name, line, node });
    }
    converted
}

/// Converts an entry of opencode: `environment`, `{env:NAME}`.
fn of_agent(members: &mut Vec<Member>) {
    each_text(members, &|text| {
        let mut parts = text.split("{env:");
        let mut converted = escaped(parts.next().unwrap_or_default());
        for part in parts {
            match part.split_once('}') {
                Some((name, rest)) => converted += &format!("${{{name}}}{}", escaped(rest)),
                None => converted += &format!("{{env:{}", escaped(part)),
            }
        }
        converted
    });
    for member in members {
        if member.name == "environment" {
            member.name = "env".to_owned();
        }
    }
}

/// Converts an entry of Zed, whose `command` can be an object.
fn of_editor(members: &mut Vec<Member>) {
    each_text(members, &escaped);
    let at = members.iter().position(|member| member.name == "command");
    let Some(at) = at.filter(|at| matches!(members[*at].node.value, Json::Object(_))) else {
        return;
    };
    let command = members.remove(at);
    let inner = syntax::members(&command).iter().cloned();
    members.extend(inner.map(|mut inner| {
        if inner.name == "path" {
            inner.name = "command".to_owned();
        }
        inner
    }));
}

/// Converts an entry of Codex: `env_vars`, `bearer_token_env_var`.
fn of_cli(members: &mut Vec<Member>) {
    each_text(members, &escaped);
    let taken = |members: &mut Vec<Member>, name: &str| {
        let at = members.iter().position(|member| member.name == name)?;
        Some(members.remove(at).node.value)
    };
    if let Some(Json::List(names)) = taken(members, "env_vars") {
        let names = names.into_iter().filter_map(|it| match it.value {
            Json::Text(name) => Some(name),
            // `{ name = "NAME", source = "local" }`
            Json::Object(inner) => match &member(&inner, "name")?.node.value {
                Json::Text(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        });
        let passed: Vec<Member> = names.map(|name| text(&name, &format!("${{{name}}}"))).collect();
        insert(members, "env", passed);
    }
    for (key, header) in [("http_headers", "headers"), ("headers", "headers")] {
        if let Some(Json::Object(headers)) = taken(members, key) {
            insert(members, header, headers);
        }
    }
    if let Some(Json::Text(name)) = taken(members, "bearer_token_env_var") {
        insert(members, "headers", vec![text("Authorization", &format!("Bearer ${{{name}}}"))]);
    }
}

/// Adds members to an object of an entry, unless it has them.
fn insert(members: &mut Vec<Member>, key: &str, added: Vec<Member>) {
    if !members.iter().any(|member| member.name == key) {
        members.push(Member { name: key.to_owned(), line: 1, node: object_of(Vec::new()) });
    }
    let found = members.iter_mut().find(|member| member.name == key);
    if let Some(Json::Object(inner)) = found.map(|member| &mut member.node.value) {
        let added = added.into_iter().filter(|it| member(inner, &it.name).is_none());
        let added: Vec<Member> = added.collect();
        inner.extend(added);
    }
}

/// The keys whose texts have variables.
const EXPANDED: [&str; 6] = ["command", "args", "env", "environment", "envFile", "cwd"];

/// Returns whether a text of a command, its environment or its folder has a part.
fn has_text(members: &[Member], part: &str) -> bool {
    fn has(node: &Node, part: &str) -> bool {
        match &node.value {
            Json::Text(text) => text.contains(part),
            Json::List(items) => items.iter().any(|item| has(item, part)),
            Json::Object(inner) => inner.iter().any(|it| has(&it.node, part)),
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
        }
    }
    let mut expanded = members.iter().filter(|it| EXPANDED.contains(&it.name.as_str()));
    expanded.any(|it| has(&it.node, part))
}

/// Changes the texts of a command, its environment and its folder.
fn each_text(members: &mut [Member], change: &dyn Fn(&str) -> String) {
    for member in members.iter_mut().filter(|it| EXPANDED.contains(&it.name.as_str())) {
        each_text_of(&mut member.node, change);
    }
}

fn each_text_of(node: &mut Node, change: &dyn Fn(&str) -> String) {
    match &mut node.value {
        Json::Text(text) => *text = change(text),
        Json::List(items) => items.iter_mut().for_each(|item| each_text_of(item, change)),
        Json::Object(inner) => inner.iter_mut().for_each(|it| each_text_of(&mut it.node, change)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Returns a text of a client that replaces no variables, so that it stays as it is.
fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

fn text(name: &str, value: &str) -> Member {
    let node = Node { line: 1, value: Json::Text(value.to_owned()) };
    Member { name: name.to_owned(), line: 1, node }
}

fn object_of(members: Vec<Member>) -> Node {
    Node { line: 1, value: Json::Object(members) }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(is) => serializer.serialize_bool(*is),
            // The digits stay as they are written.
            Json::Number(text) => {
                RawValue::from_string(text.clone()).map_err(S::Error::custom)?.serialize(serializer)
            }
            Json::Text(text) => serializer.serialize_str(text),
            Json::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Json::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|it| map.serialize_entry(&it.name, &it.node))?;
                map.end()
            }
        }
    }
}
