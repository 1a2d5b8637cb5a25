//! The command line of an entry: no shell, no splitting.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::base::resolve;
use crate::cx::Cx;
use crate::env::{self, Env};
use crate::expand::{Place, Text, expand};
use crate::facts::FileKind;
use crate::secrets::{self, Masked};
use crate::syntax::{Json, Member, member};
use crate::windows;

/// The shells whose `-c` is followed by a script.
const SHELLS: [&str; 7] = ["ash", "bash", "dash", "fish", "ksh", "sh", "zsh"];

/// A word of a command line.
#[derive(Debug)]
pub(crate) struct Word {
    /// Its key in the entry.
    pub(crate) key: String,
    /// Its line.
    pub(crate) line: usize,
    /// The text.
    pub(crate) text: Text,
}

/// A command line.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// The program to start.
    pub(crate) path: OsString,
    /// The program as it is written.
    pub(crate) program: Word,
    /// The arguments.
    pub(crate) args: Vec<Word>,
}

/// A word as it stands in the file.
struct Raw {
    key: String,
    line: usize,
    text: String,
}

impl CommandLine {
    /// Returns its words without secrets.
    pub(crate) fn masked(&self) -> Vec<Masked> {
        secrets::mask(&self.shown())
    }

    fn shown(&self) -> Vec<&str> {
        let args = self.args.iter().map(|word| word.text.shown.as_str());
        std::iter::once(self.program.text.shown.as_str()).chain(args).collect()
    }

    /// Reports secrets among the words.
    pub(crate) fn warn_of_secrets(&self, cx: &mut Cx<'_>) {
        let words = std::iter::once(&self.program).chain(&self.args);
        for (word, masked) in words.zip(self.masked()) {
            let Word { key, line, text } = word;
            if text.is_placeholder {
                continue;
            }
            if masked.is_plain || text.has_plain_secret {
                let hint = "set a variable outside of the file, and write ${NAME}".to_owned();
                cx.warn(key, *line, "secret in plain text", hint);
            } else if text.has_secret {
                cx.note(key, *line, "a secret in an argument is visible to other users (`ps`)");
            }
        }
    }
}

/// Reads the command line of an entry; `None` if it is broken.
pub(crate) fn read(
    cx: &mut Cx<'_>,
    members: &[Member],
    cwd: Option<&Path>,
    env: &Env,
) -> Option<CommandLine> {
    let before = cx.errors();
    let mut raw = words_of_command(cx, member(members, "command")?);
    raw.extend(words_of_args(cx, member(members, "args")));
    let own: BTreeSet<String> = env::names(members).map(str::to_owned).collect();
    let script = script(&raw);
    let mut words = Vec::new();
    // The other words are read all the same, so that all problems are reported.
    let mut failed = cx.errors() > before;
    for (at, Raw { key, line, text }) in raw.iter().enumerate() {
        let place = Place {
            own: (!["command", "command[0]"].contains(&key.as_str())).then_some(&own),
            is_script: script == Some(at),
            ..Place::of_path(key, *line)
        };
        match expand(cx, text, &place) {
            Some(text) => words.push(Word { key: key.clone(), line: *line, text }),
            None => failed = true,
        }
    }
    if failed || words.is_empty() {
        return None;
    }
    let program = words.remove(0);
    let path = locate(cx, &raw, &program, cwd, env)?;
    Some(CommandLine { path, program, args: words })
}

/// Returns the words of `command` that are of the right type; an error for each of the others.
fn words_of_command(cx: &mut Cx<'_>, command: &Member) -> Vec<Raw> {
    let line = command.line;
    let word = |text: &str| Raw { key: "command".to_owned(), line, text: text.to_owned() };
    let problem = match &command.node.value {
        Json::Text(text) if text.is_empty() => "an empty string".to_owned(),
        Json::Text(text) => return vec![word(text)],
        Json::List(items) if items.is_empty() => "an empty list".to_owned(),
        Json::List(items) => {
            let mut words = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let (key, line) = (format!("command[{at}]"), item.line);
                match &item.value {
                    Json::Text(text) if at == 0 && text.is_empty() => {
                        cx.error(&key, line, "the name of the program is empty", None);
                    }
                    Json::Text(text) => words.push(Raw { key, line, text: text.clone() }),
                    other => {
                        let text = format!("must be a string, and is {}", other.kind());
                        cx.error(&key, line, text, None);
                    }
                }
            }
            return words;
        }
        Json::Object(_) => {
            let hint = r#""command": "program", "args": ["…"]"#.to_owned();
            cx.error("command", line, "must be the name of a program, and is an object", hint);
            return Vec::new();
        }
        other => other.kind().to_owned(),
    };
    cx.error("command", line, format!("must be the name of a program, and is {problem}"), None);
    Vec::new()
}

/// Returns the words of `args` that are of the right type; an error for each of the others.
fn words_of_args(cx: &mut Cx<'_>, args: Option<&Member>) -> Vec<Raw> {
    let Some(args) = args else { return Vec::new() };
    let items = match &args.node.value {
        Json::Null => return Vec::new(),
        Json::List(items) => items,
        other => {
            let words: Vec<&str> = match other {
                Json::Text(text) => text.split_whitespace().collect(),
                _ => vec!["…"],
            };
            let hint = format!(r#""args": {}"#, secrets::list(&secrets::mask(&words)));
            let text = format!("must be a list of strings, and is {}", other.kind());
            cx.error("args", args.line, text, hint);
            return Vec::new();
        }
    };
    let mut words = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let (key, line) = (format!("args[{at}]"), item.line);
        let text = match &item.value {
            Json::Text(text) => text.clone(),
            Json::Number(text) => {
                let problem = "a number; the program gets its text";
                cx.warn(&key, line, problem, "use a string".to_owned());
                text.clone()
            }
            Json::Bool(is) => {
                let problem = format!("a boolean; the program gets {is}");
                cx.warn(&key, line, problem, "use a string".to_owned());
                is.to_string()
            }
            other => {
                let text = format!("must be a string, and is {}", other.kind());
                let hint = match other {
                    Json::Null => "remove it; an empty argument is \"\"",
                    _ => "write each argument as a string of its own",
                };
                cx.error(&key, line, text, hint.to_owned());
                continue;
            }
        };
        words.push(Raw { key, line, text });
    }
    words
}

/// Returns the index of the script of `sh -c`.
fn script(words: &[Raw]) -> Option<usize> {
    let is_shell =
        |word: &Raw| word.text.rsplit('/').next().is_some_and(|name| SHELLS.contains(&name));
    let mut at = words.iter().position(is_shell)? + 1;
    let mut has_script = false;
    while let Some(option) = words.get(at).map(|word| &word.text) {
        if !option.starts_with(['-', '+']) {
            break;
        }
        let is_long = option.starts_with("--");
        has_script |= !is_long && option.contains('c');
        // `-o pipefail`, `--rcfile FILE`: the value is the next word.
        let has_value = match is_long {
            true => ["--rcfile", "--init-file"].contains(&option.as_str()),
            false => option.ends_with(['o', 'O']),
        };
        at += 1 + usize::from(has_value);
    }
    has_script.then_some(at)
}

/// Returns the program to start: a name for `PATH`, or an absolute path.
fn locate(
    cx: &mut Cx<'_>,
    raw: &[Raw],
    program: &Word,
    cwd: Option<&Path>,
    env: &Env,
) -> Option<OsString> {
    let name = program.text.value.as_str();
    let words: Vec<&str> = raw.iter().map(|raw| raw.text.as_str()).collect();
    if windows::is_windows(name) {
        let hint = windows::hint(&words);
        let text = "a program of Windows, and pontoon runs on Unix";
        cx.error(&program.key, program.line, text, hint);
        return None;
    }
    if name.is_empty() {
        cx.error(&program.key, program.line, "the name of the program is empty", None);
        return None;
    }
    let is_path = name.contains('/');
    let path = match (is_path, Path::new(name).is_absolute(), cwd) {
        (true, true, _) => PathBuf::from(name),
        (true, false, Some(cwd)) => resolve(cwd, Path::new(name)),
        // Without a working directory, a relative path leads nowhere.
        (true, false, None) => return None,
        (false, ..) if is_in_path(cx, name, cwd, env) => return Some(name.into()),
        (false, ..) => PathBuf::new(),
    };
    let shown = shown(&raw[0].text);
    let text = match (is_path, cx.facts.kind(&path)) {
        (true, FileKind::Program) => return Some(path.into()),
        (true, FileKind::Folder) => format!("{shown} is a folder"),
        (true, FileKind::File) => format!("{shown} is not executable"),
        _ if raw[0].text.contains(char::is_whitespace) => "no program has this name".to_owned(),
        (true, FileKind::Missing) => format!("{shown} does not exist"),
        (false, _) => format!("{shown} is not in PATH"),
    };
    let hint = hint(cx, &words, is_path, cwd, env);
    cx.error(&program.key, program.line, text, hint);
    None
}

/// Returns the name of a program for a message; one that may hold a secret is not repeated.
fn shown(name: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "-_./~+${}:@".contains(char);
    match name.len() < 200 && name.chars().all(is_plain) && !secrets::looks_secret(name) {
        true => name.to_owned(),
        false => "this program".to_owned(),
    }
}

fn hint(cx: &Cx<'_>, words: &[&str], is_path: bool, cwd: Option<&Path>, env: &Env) -> String {
    let program = words[0];
    let parts: Vec<&str> = program.split_whitespace().collect();
    let spaces = program.contains(char::is_whitespace);
    let assigned = |part: &&&str| {
        part.split_once('=').is_some_and(|(name, _)| crate::placeholder::is_name(name))
    };
    let assignments: Vec<&str> = parts.iter().take_while(assigned).copied().collect();
    let rest: Vec<&str> = parts[assignments.len()..].iter().chain(&words[1..]).copied().collect();
    let first = rest.first().copied().unwrap_or_default();
    if program.trim() != program && parts.len() == 1 {
        return "remove the space around the name".to_owned();
    }
    if spaces && windows::is_windows(first) {
        return windows::hint(&rest);
    }
    if spaces && (is_in_path(cx, first, cwd, env) || is_program(cx, first, cwd)) {
        let names = assignments.iter().filter_map(|it| it.split_once('='));
        let names: Vec<String> = names.map(|(name, _)| format!(r#""{name}": "…""#)).collect();
        let set = match names.is_empty() {
            true => String::new(),
            false => format!(r#", "env": {{ {} }}"#, names.join(", ")),
        };
        return format!("there is no shell; write {}{set}", secrets::apart(&rest));
    }
    match (spaces, is_path) {
        (true, _) => "`command` is one program; its arguments belong into `args`".to_owned(),
        (false, _) if windows::in_venv(program).is_some() => windows::hint(words),
        (false, true) => match cwd.filter(|_| !program.starts_with(['/', '~', '$'])) {
            Some(cwd) => format!("a relative path starts from {}", cwd.display()),
            None => "correct the path".to_owned(),
        },
        (false, false) if program.contains('\\') => {
            r"\ is no separator on Unix; write the path with /".to_owned()
        }
        (false, false) if env.iter().any(|(name, _)| name == "PATH") => {
            "`env` of this entry replaces PATH; install the program there, or give its whole path"
                .to_owned()
        }
        (false, false) => "install it, or give its whole path".to_owned(),
    }
}

fn is_program(cx: &Cx<'_>, name: &str, cwd: Option<&Path>) -> bool {
    let Some(cwd) = cwd else { return false };
    name.contains('/') && cx.facts.kind(&resolve(cwd, Path::new(name))) == FileKind::Program
}

/// Returns whether a program is in the `PATH` of the child.
fn is_in_path(cx: &Cx<'_>, name: &str, cwd: Option<&Path>, env: &Env) -> bool {
    if name.is_empty() || name.contains('/') {
        return false;
    }
    let path = match env.iter().find(|(name, _)| name == "PATH") {
        Some((_, value)) => value.clone().map(OsString::from),
        None => cx.facts.variable("PATH"),
    };
    // The C library looks there without PATH.
    let path = path.unwrap_or_else(|| "/bin:/usr/bin".into());
    let folders = path.as_encoded_bytes().split(|byte| *byte == b':');
    folders.into_iter().any(|folder| {
        let folder = Path::new(std::str::from_utf8(folder).unwrap_or("/"));
        let folder = match folder.is_absolute() {
            true => folder.to_owned(),
            false => resolve(cwd.unwrap_or(cx.base), folder),
        };
        cx.facts.kind(&folder.join(name)) == FileKind::Program
    })
}
