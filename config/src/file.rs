//! One file: from its bytes to its lists of servers, or the reason that it is unusable.

use serde::de::IgnoredAny;

use std::path::PathBuf;

use crate::locate::{self, Form, Found, LISTS};
use crate::report::{Finding, Level};
use crate::settings::{self, Settings};
use crate::syntax::{self, Json, Member, SyntaxError, duplicates, member};
use crate::{keys, toml_file};

/// A file to read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name for messages.
    pub name: String,
    /// Its absolute path. Links in it are not followed.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The findings about a file, and whether it is unusable.
pub(crate) struct Findings<'a> {
    pub(crate) file: &'a str,
    pub(crate) all: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Findings { file: &source.name, all: Vec::new() }
    }

    /// Adds a finding about the file, or about the place of an entry in it.
    pub(crate) fn add(
        &mut self,
        level: Level,
        (line, entry, key): (usize, Option<(&'static str, &str)>, &str),
        text: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.all.push(Finding {
            level,
            file: self.file.to_owned(),
            line,
            entry: entry.map(|(_, entry)| entry.to_owned()),
            key: key.to_owned(),
            text: text.into(),
            hint: hint.into(),
            list: entry.map_or(LISTS[0], |(list, _)| list),
        });
    }

    pub(crate) fn is_unusable(&self) -> bool {
        self.all.iter().any(|finding| finding.level == Level::Error)
    }

    fn error(&mut self, line: usize, key: &str, text: impl Into<String>, hint: Option<String>) {
        self.add(Level::Error, (line, None, key), text, hint);
    }
}

/// Reads the syntax of a file; `None` if it is unusable.
pub(crate) fn parse(source: &Source, findings: &mut Findings<'_>) -> Option<Vec<Member>> {
    match syntax::parse(&source.bytes).map(|root| (root.line, root.value)) {
        Ok((_, Json::Object(members))) => Some(members),
        Ok((line, other)) => {
            let hint = r#"an entry has a name: {"mcpServers": {"name": {"command": "…"}}}"#;
            let text = format!("must be an object, and is {}", other.kind());
            findings.error(line, "", text, Some(hint.to_owned()));
            None
        }
        Err(error) => {
            let SyntaxError { line, text, hint } = of_another_language(source).unwrap_or(error);
            findings.error(line, "", text, hint);
            None
        }
    }
}

/// Returns the error for a file in TOML or YAML.
fn of_another_language(source: &Source) -> Option<SyntaxError> {
    let extension = source.path.extension().and_then(|it| it.to_str()).unwrap_or_default();
    if ["yaml", "yml"].contains(&extension) {
        let text = "not JSON; by its name it is YAML, written for another client".to_owned();
        let hint = Some(r#"write the entries into {"mcpServers": {…}}"#.to_owned());
        return Some(SyntaxError { line: 1, text, hint });
    }
    let is_toml = extension == "toml" || toml_file::parse(&source.bytes).is_some();
    is_toml.then(|| SyntaxError {
        line: 1,
        text: "not JSON but TOML, written for another client".to_owned(),
        hint: Some(converts(source)),
    })
}

fn converts(source: &Source) -> String {
    format!("`pontoon config import {}` converts it", source.name)
}

/// Returns the lists of servers of a file; none if it is unusable.
pub(crate) fn lists<'a>(
    source: &Source,
    root: &'a [Member],
    findings: &mut Findings<'_>,
) -> Vec<(&'static str, &'a [Member])> {
    check_duplicates(findings, root, None, "");
    check_spelling(findings, root);
    let lists = match locate::find(root) {
        Found::Lists(lists) => lists,
        Found::Nothing => {
            let hint = r#"the servers belong under `mcpServers`"#.to_owned();
            findings.add(Level::Warning, (1, None, ""), "no servers", hint);
            return Vec::new();
        }
        Found::Other(other) => {
            explain(source, root, &other, findings);
            return Vec::new();
        }
    };
    let mut read = Vec::new();
    for (list, found) in lists {
        let Json::Object(members) = &found.node.value else {
            let text = format!("must be an object of names, and is {}", found.node.value.kind());
            let hint = format!(r#""{list}": {{ "name": {{ "command": "…" }} }}"#);
            findings.error(found.line, list, text, Some(hint));
            continue;
        };
        check_entries(findings, list, members);
        read.push((list, members.as_slice()));
    }
    check_both(findings, &read);
    if let Some(other) = locate::of_client(root) {
        let text = "not read, since the file has a list of servers of its own";
        findings.add(Level::Note, (other.line, None, &other.key), text, None);
    }
    if !findings.is_unusable() && read.iter().all(|(_, members)| members.iter().all(is_comment)) {
        let line = root.iter().find(|it| LISTS.contains(&it.name.as_str())).map_or(1, |it| it.line);
        let hint = r#"an entry is "name": { "command": "…" }"#.to_owned();
        findings.add(Level::Warning, (line, None, ""), "no servers", hint);
    }
    check_strictness(source, findings);
    read
}

/// Reports keys of the root that are nearly ones that are read. Settings that are not read could be
/// those of authentication, so that is an error.
fn check_spelling(findings: &mut Findings<'_>, root: &[Member]) {
    for found in root {
        let name = found.name.as_str();
        if locate::is_near(name, "pontoon") {
            let hint = "rename it to `pontoon`".to_owned();
            findings.error(found.line, name, "unknown key", Some(hint));
        }
        let is_list = LISTS.iter().any(|list| locate::is_near(name, list));
        let has_list = LISTS.iter().any(|list| member(root, list).is_some());
        let has_entries = syntax::members(found).iter().any(locate::looks_like_entry);
        if is_list && has_list && has_entries && !LISTS.contains(&name) {
            let hint = "move its entries into `mcpServers`".to_owned();
            findings.add(Level::Warning, (found.line, None, name), "not read", hint);
        }
    }
}

/// Returns whether an entry is a comment.
fn is_comment(entry: &Member) -> bool {
    keys::is_comment(&entry.name) && !matches!(entry.node.value, Json::Object(_))
}

/// Reports names that occur twice: of servers, in entries, and in their `env`.
fn check_entries(findings: &mut Findings<'_>, list: &'static str, entries: &[Member]) {
    for (entry, first) in duplicates(entries) {
        let text = format!("the name occurs twice, on line {first} and here");
        let place = (entry.line, Some((list, entry.name.as_str())), "");
        findings.add(Level::Error, place, text, "rename or remove one of them".to_owned());
    }
    for entry in entries {
        let members = syntax::members(entry);
        let place = Some((list, entry.name.as_str()));
        check_duplicates(findings, members, place, "");
        if let Some(env) = member(members, "env") {
            check_duplicates(findings, syntax::members(env), place, "env.");
        }
    }
}

/// Reports keys that occur twice.
pub(crate) fn check_duplicates(
    findings: &mut Findings<'_>,
    members: &[Member],
    entry: Option<(&'static str, &str)>,
    prefix: &str,
) {
    for (found, first) in duplicates(members) {
        let text = format!("the key occurs twice, on line {first} and here");
        let key = format!("{prefix}{}", found.name);
        let hint = "remove one of them".to_owned();
        findings.add(Level::Error, (found.line, entry, &key), text, hint);
    }
}

/// Reports names that are in both lists.
fn check_both(findings: &mut Findings<'_>, lists: &[(&'static str, &[Member])]) {
    let [(first_list, first), (second_list, second)] = lists else { return };
    for entry in *second {
        if let Some(before) = member(first, &entry.name) {
            let text = format!("the name is also in `{first_list}`, on line {}", before.line);
            let place = (entry.line, Some((*second_list, entry.name.as_str())), "");
            findings.add(Level::Error, place, text, "rename or remove one of them".to_owned());
        }
    }
}

/// Warns that other clients refuse a file that they share, if it is not strict JSON.
fn check_strictness(source: &Source, findings: &mut Findings<'_>) {
    let is_shared = source.path.file_name().is_some_and(|name| name == ".mcp.json");
    if is_shared && serde_json::from_slice::<IgnoredAny>(&source.bytes).is_err() {
        let text = "comments, trailing commas or a byte order mark: other clients refuse this file";
        findings.add(Level::Warning, (1, None, ""), text, None);
    }
}

/// Reports a file without a list of servers, with the form that was found.
fn explain(
    source: &Source,
    root: &[Member],
    other: &locate::Other<'_>,
    findings: &mut Findings<'_>,
) {
    let names = |members: &mut dyn Iterator<Item = &Member>| {
        let names: Vec<String> = members.take(5).map(|it| format!("`{}`", it.name)).collect();
        names.join(", ")
    };
    let (text, hint) = match other.form {
        Form::Bare => {
            let entries = names(&mut root.iter().filter(|it| locate::looks_like_entry(it)));
            let text = "no `mcpServers`; this looks like an entry".to_owned();
            (text, format!("wrap the entries in `mcpServers`: {entries}"))
        }
        Form::Misspelt => {
            ("no `mcpServers`, but this key".to_owned(), "rename it to `mcpServers`".to_owned())
        }
        Form::Unknown if is_entry(root) => {
            let text = "no `mcpServers`; the file itself looks like an entry".to_owned();
            let hint = r#"give it a name: {"mcpServers": {"name": {"command": "…"}}}"#.to_owned();
            (text, hint)
        }
        Form::Unknown => {
            if let Some(outer) = root.iter().find(|it| has_list(it)) {
                let text = format!("no `mcpServers` at the top; found it within `{}`", outer.name);
                let hint = "move `mcpServers` to the top of the file".to_owned();
                return findings.error(outer.line, &outer.name, text, Some(hint));
            }
            let text =
                format!("neither `mcpServers` nor `servers`; found {}", names(&mut root.iter()));
            (text, r#"the servers belong under `mcpServers`"#.to_owned())
        }
        form => {
            let client = form.client().unwrap_or("another client");
            (format!("no `mcpServers`; written for another client ({client})"), converts(source))
        }
    };
    findings.error(other.line, &other.key, text, Some(hint));
}

/// Returns whether the members are those of an entry.
fn is_entry(members: &[Member]) -> bool {
    members.iter().any(|it| locate::is_telling(it) && !matches!(it.node.value, Json::Object(_)))
}

/// Returns whether a list of servers is in a member, at any depth.
fn has_list(outer: &Member) -> bool {
    let inner = syntax::members(outer);
    member(inner, LISTS[0]).is_some() || inner.iter().any(has_list)
}

/// Reads the settings of a file.
pub(crate) fn settings(root: &[Member], findings: &mut Findings<'_>) -> Option<(usize, Settings)> {
    let found = member(root, "pontoon")?;
    let (settings, problems) = settings::read::<Settings>(found);
    for problem in problems {
        let place = (problem.line, None, problem.key.as_str());
        findings.add(Level::Error, place, problem.text, problem.hint);
    }
    Some((found.line, settings?))
}
