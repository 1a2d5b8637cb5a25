//! One entry: from its members to a server.

use std::path::{Path, PathBuf};

use crate::base::resolve;
use crate::cx::Cx;
use crate::expand::{Place, expand};
use crate::facts::FileKind;
use crate::kind::{ADDRESSES, Kind, is_off, kind};
use crate::report::{Outcome, Server, Value};
use crate::settings::{EntrySettings, Problem};
use crate::syntax::{Json, Member, member};
use crate::{command, containers, env, keys, settings, windows};

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
    let settings = member(members, "pontoon").and_then(|member| own_settings(cx, member));
    if let Some(settings) = &settings {
        env::check_headers(cx, members, &env, settings);
    }
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

/// Reads the settings of an entry; `None` is an error.
fn own_settings(cx: &mut Cx<'_>, found: &Member) -> Option<EntrySettings> {
    let (settings, problems) = settings::read(found);
    for Problem { line, key, text, hint } in problems {
        cx.error(&key, line, text, hint);
    }
    settings
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
