//! The environment of a child: `envFile`, and then `env`.

use std::io;
use std::path::Path;

use crate::base::resolve;
use crate::cx::Cx;
use crate::expand::{Place, Text, expand};
use crate::secrets;
use crate::settings::EntrySettings;
use crate::syntax::{self, Json, Member, member};

/// The variables that differ from pontoon's own, in order; `None` removes one.
pub(crate) type Env = Vec<(String, Option<String>)>;

/// Reads the environment of an entry. Problems are among the findings.
pub(crate) fn read(cx: &mut Cx<'_>, members: &[Member]) -> Env {
    let mut env = Env::new();
    if let Some(found) = member(members, "envFile") {
        read_file(cx, found, &mut env);
    }
    let Some(found) = member(members, "env") else { return env };
    let variables = match &found.node.value {
        Json::Null => return env,
        Json::Object(variables) => variables,
        other => {
            let text = format!("must be an object of names and values, and is {}", other.kind());
            let hint = r#""env": { "NAME": "value" }"#.to_owned();
            cx.error("env", found.line, text, hint);
            return env;
        }
    };
    for variable in variables {
        let key = format!("env.{}", variable.name);
        if !check_name(cx, &key, variable.line, &variable.name) {
            continue;
        }
        if let Some(value) = value(cx, &key, variable) {
            set(&mut env, &variable.name, value);
        }
    }
    env
}

/// Returns the names that `env` of an entry sets.
pub(crate) fn names(members: &[Member]) -> impl Iterator<Item = &str> {
    let variables = match member(members, "env").map(|member| &member.node.value) {
        Some(Json::Object(variables)) => variables.as_slice(),
        _ => &[],
    };
    let set = variables.iter().filter(|variable| !matches!(variable.node.value, Json::Null));
    set.map(|variable| variable.name.as_str())
}

/// Checks the variables that the child gets from headers: each from one header, and from nothing
/// else.
pub(crate) fn check_headers(
    cx: &mut Cx<'_>,
    members: &[Member],
    env: &Env,
    settings: &EntrySettings,
) {
    let own = member(members, "pontoon").map_or(&[][..], syntax::members);
    let headers = member(own, "headerEnv").map_or(&[][..], syntax::members);
    for (at, found) in headers.iter().enumerate() {
        let Json::Text(variable) = &found.node.value else { continue };
        let key = format!("pontoon.headerEnv.{}", found.name);
        let earlier = headers[..at].iter().find(|earlier| {
            earlier.name.eq_ignore_ascii_case(&found.name)
                || matches!(&earlier.node.value, Json::Text(known) if known == variable)
        });
        if let Some(earlier) = earlier {
            let text = format!("the same header or variable as in {}", earlier.name);
            cx.error(&key, found.line, text, "leave one of them out".to_owned());
        }
    }
    for (header, variable) in &settings.header_env {
        let variable = &variable.0;
        if !env.iter().any(|(name, value)| name == variable && value.is_some()) {
            continue;
        }
        let set = member(members, "env").map_or(&[][..], syntax::members);
        let (key, line) = match (member(set, variable), member(members, "envFile")) {
            (Some(found), _) => (format!("env.{variable}"), found.line),
            (None, found) => ("envFile".to_owned(), found.map_or(1, |found| found.line)),
        };
        let text = format!(
            "{variable} has no effect: pontoon.headerEnv sets it from the header {}, and a child of \
             requests without that header does not get it",
            header.0
        );
        let hint = "remove it here, or name another variable in headerEnv".to_owned();
        cx.warn(&key, line, text, hint);
    }
}

/// Sets a variable; the later value counts.
fn set(env: &mut Env, name: &str, value: Option<String>) {
    match env.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => *known = value,
        None => env.push((name.to_owned(), value)),
    }
}

fn check_name(cx: &mut Cx<'_>, key: &str, line: usize, name: &str) -> bool {
    let problem = match name {
        "" => "the name of a variable is empty",
        name if name.contains('=') => "the name of a variable cannot contain =",
        name if name.contains('\0') => "NUL in the name of a variable",
        _ => return true,
    };
    cx.error(key, line, problem, None);
    false
}

/// Returns the value of a variable. The outer `None` is an error.
#[expect(clippy::option_option, reason = "an error, no variable, and a value are three things")]
fn value(cx: &mut Cx<'_>, key: &str, variable: &Member) -> Option<Option<String>> {
    let line = variable.line;
    match &variable.node.value {
        Json::Null => Some(None),
        Json::Text(raw) => {
            let text = expand(cx, raw, &Place::of_value(key, line))?;
            warn_of_secret(cx, key, line, &variable.name, raw, &text);
            Some(Some(text.value))
        }
        Json::Number(text) => {
            cx.warn(key, line, "a number; the child gets its text", "use a string".to_owned());
            Some(Some(text.clone()))
        }
        Json::Bool(is) => {
            let text = format!("a boolean; the child gets {is}");
            cx.warn(key, line, text, "use a string".to_owned());
            Some(Some(is.to_string()))
        }
        other => {
            let text = format!("must be a string, and is {}", other.kind());
            cx.error(key, line, text, "write the text that the server expects".to_owned());
            None
        }
    }
}

fn warn_of_secret(cx: &mut Cx<'_>, key: &str, line: usize, name: &str, raw: &str, text: &Text) {
    let is_secret = secrets::holds_secret(name);
    if text.is_placeholder {
        return;
    }
    if raw.is_empty() {
        if is_secret {
            cx.warn(key, line, "empty, and its name is that of a secret", None);
        }
        return;
    }
    // A default stands in the file as well.
    let is_plain = is_secret && secrets::can_be_secret(&text.shown);
    if is_plain || text.has_plain_secret || secrets::looks_secret(&text.shown) {
        let hint = format!("set it outside of the file, and write ${{{}}}", variable(name));
        cx.warn(key, line, "secret in plain text", hint);
    }
}

/// Returns a name for the hint.
fn variable(name: &str) -> &str {
    if crate::placeholder::is_name(name) { name } else { "NAME" }
}

fn read_file(cx: &mut Cx<'_>, found: &Member, env: &mut Env) {
    const KEY: &str = "envFile";
    let line = found.line;
    let text = match &found.node.value {
        Json::Null => return,
        Json::Text(text) => text,
        other => {
            let text = format!("must be a string, and is {}", other.kind());
            return cx.error(KEY, line, text, None);
        }
    };
    let Some(text) = expand(cx, text, &Place::of_path(KEY, line)) else { return };
    let path = resolve(cx.base, Path::new(&text.value));
    cx.files.push(path.clone());
    let bytes = match cx.facts.read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let hint = format!("a relative path starts from {}", cx.base.display());
            let text = match error.kind() {
                io::ErrorKind::NotFound => "no such file".to_owned(),
                _ => format!("the file cannot be read: {error}"),
            };
            return cx.error(KEY, line, text, hint);
        }
    };
    match syntax::decode(&bytes) {
        Ok(text) => read_lines(cx, line, text, env),
        Err(error) => {
            let text = format!("line {} of the file: {}", error.line, error.text);
            cx.error(KEY, line, text, error.hint);
        }
    }
}

fn read_lines(cx: &mut Cx<'_>, line: usize, text: &str, env: &mut Env) {
    for (at, text) in text.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let export = text.strip_prefix("export").filter(|it| it.starts_with([' ', '\t']));
        let assignment = export.unwrap_or(text).split_once('=');
        let assignment = assignment.map(|(name, value)| (name.trim(), value.trim()));
        let Some((name, value)) = assignment.filter(|(name, _)| !name.is_empty()) else {
            let text = format!("line {} of the file is not NAME=value", at + 1);
            cx.error("envFile", line, text, "a comment begins with #".to_owned());
            continue;
        };
        if name.contains('\0') || value.contains('\0') {
            cx.error("envFile", line, format!("NUL in line {} of the file", at + 1), None);
            continue;
        }
        if unquoted(value) == value && value.contains(" #") {
            let text = format!("the # in line {} of the file is part of the value", at + 1);
            cx.warn("envFile", line, text, "put a comment on a line of its own".to_owned());
        }
        set(env, name, Some(unquoted(value).to_owned()));
    }
}

/// Removes one pair of quotes.
fn unquoted(value: &str) -> &str {
    let within = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}
