//! One entry: from its members to a server.

use std::path::{Path, PathBuf};

use crate::base::resolve;
use crate::expand::{Place, expand};
use crate::facts::{Facts, FileKind};
use crate::kind::{ADDRESSES, Kind, is_off, kind};
use crate::report::{Finding, Level, Outcome, Server, Value};
use crate::syntax::{Json, Member, member};
use crate::{command, containers, env, keys, settings, windows};

/// The surroundings of an entry, and the findings about it.
pub(crate) struct Cx<'a> {
    /// The machine.
    pub(crate) facts: &'a dyn Facts,
    /// The folder that relative places start from.
    pub(crate) base: &'a Path,
    /// The name of the file.
    pub(crate) file: &'a str,
    /// The key of the list of servers.
    pub(crate) list: &'static str,
    /// The name of the entry.
    pub(crate) entry: &'a str,
    /// The findings.
    pub(crate) findings: Vec<Finding>,
}

impl Cx<'_> {
    pub(crate) fn error(
        &mut self,
        key: &str,
        line: usize,
        text: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.add(Level::Error, key, line, text.into(), hint.into());
    }

    pub(crate) fn warn(
        &mut self,
        key: &str,
        line: usize,
        text: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.add(Level::Warning, key, line, text.into(), hint.into());
    }

    pub(crate) fn note(&mut self, key: &str, line: usize, text: impl Into<String>) {
        self.add(Level::Note, key, line, text.into(), None);
    }

    fn add(&mut self, level: Level, key: &str, line: usize, text: String, hint: Option<String>) {
        self.findings.push(Finding {
            level,
            file: self.file.to_owned(),
            line,
            entry: Some(self.entry.to_owned()),
            key: key.to_owned(),
            text,
            hint,
            list: self.list,
        });
    }

    /// Returns the number of errors.
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.level == Level::Error).count()
    }
}

/// Reads an entry; `None` if it is a comment. The path of a server is not known yet.
pub(crate) fn read(cx: &mut Cx<'_>, entry: &Member) -> Option<Outcome> {
    let Json::Object(members) = &entry.node.value else {
        if keys::is_comment(&entry.name) {
            return None;
        }
        let text = format!("an entry must be an object, and this is {}", entry.node.value.kind());
        let hint = r#"write { "command": "…", "args": ["…"] }"#.to_owned();
        cx.error("", entry.line, text, hint);
        return Some(Outcome::Broken);
    };
    match is_off(cx, members) {
        Some(true) => return Some(Outcome::Skipped("switched off".to_owned())),
        Some(false) => {}
        None => return Some(Outcome::Broken),
    }
    Some(match kind(cx, entry.line, members) {
        Some(Kind::Remote(reason)) => Outcome::Skipped(reason),
        Some(Kind::Stdio) => stdio(cx, entry.line, members),
        None => {
            let has = |key: &&str| member(members, key).is_some();
            // The other problems of what is a command once its kind is right.
            match has(&"command") && !ADDRESSES.iter().any(has) {
                true => drop(stdio(cx, entry.line, members)),
                false => keys::check(cx, entry.line, members),
            }
            Outcome::Broken
        }
    })
}

fn stdio(cx: &mut Cx<'_>, line: usize, members: &[Member]) -> Outcome {
    keys::check(cx, line, members);
    let cwd = cwd(cx, members);
    let env = env::read(cx, members);
    let line = command::read(cx, members, cwd.as_deref(), &env);
    let settings = member(members, "pontoon").and_then(|member| settings::of_entry(cx, member));
    if let Some(line) = &line {
        containers::check(cx, line);
        line.warn_of_secrets(cx);
    }
    let (Some(cwd), Some(line), false) = (cwd, line, cx.errors() > 0) else {
        return Outcome::Broken;
    };
    let shown = line.masked().into_iter().map(|masked| masked.text).collect();
    let values = env.into_iter().map(|(name, value)| (name, value.map(Value)));
    Outcome::Served(Box::new(Server {
        path: String::new(),
        program: line.path,
        args: line.args.into_iter().map(|word| Value(word.text.value)).collect(),
        env: values.collect(),
        cwd,
        settings: settings.unwrap_or_default(),
        shown,
    }))
}

/// Returns the working directory; `None` is an error.
fn cwd(cx: &mut Cx<'_>, members: &[Member]) -> Option<PathBuf> {
    let base = cx.base.to_owned();
    let Some(found) = member(members, "cwd") else { return Some(base) };
    let text = match &found.node.value {
        Json::Null => return Some(base),
        Json::Text(text) => expand(cx, text, &Place::of_path("cwd", found.line))?.value,
        other => {
            let text = format!("must be a string, and is {}", other.kind());
            cx.error("cwd", found.line, text, None);
            return None;
        }
    };
    let cwd = resolve(&base, Path::new(&text));
    let (problem, hint) = match cx.facts.kind(&cwd) {
        FileKind::Folder => return Some(cwd),
        FileKind::Missing => ("no such folder", "create it, or correct the path"),
        FileKind::File | FileKind::Program => ("not a folder", "name the folder of this file"),
    };
    let origin = match Path::new(&text).is_absolute() {
        true => String::new(),
        false if windows::is_windows(&text) => "; this is a path of Windows".to_owned(),
        false => format!("; a relative path starts from {}", cx.base.display()),
    };
    cx.error("cwd", found.line, problem, format!("{hint}{origin}"));
    None
}
