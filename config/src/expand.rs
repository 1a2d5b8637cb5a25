//! Variables in the texts of an entry: `${NAME}` and its relatives, and `~`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cx::Cx;
use crate::placeholder::{self, is_name};
use crate::secrets;

/// Variables of editors whose names could be those of the environment, too.
const OF_EDITOR: [&str; 8] = [
    "columnNumber",
    "defaultBuildTask",
    "execPath",
    "extensionInstallFolder",
    "lineNumber",
    "relativeFile",
    "relativeFileDirname",
    "selectedText",
];

/// A text with its variables replaced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    /// The value for the child.
    pub(crate) value: String,
    /// The text for people: the names of variables instead of their values.
    pub(crate) shown: String,
    /// Whether a variable with the name of a secret was replaced.
    pub(crate) has_secret: bool,
    /// Whether a default stands for a secret.
    pub(crate) has_plain_secret: bool,
    /// Whether it looks like a text that is still to be filled in. A `$` within a word does not: it
    /// is usual in passwords.
    pub(crate) is_placeholder: bool,
}

/// The place of a text.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    /// Its key in the entry.
    pub(crate) key: &'a str,
    /// Its line.
    pub(crate) line: usize,
    /// Whether a leading `~` is the home folder.
    pub(crate) has_home: bool,
    /// Variables that the entry itself sets, which stay for the child to replace.
    pub(crate) own: Option<&'a BTreeSet<String>>,
    /// Whether it is the script of a shell, which has variables of its own.
    pub(crate) is_script: bool,
}

impl<'a> Place<'a> {
    /// Returns the place of a value of `env`.
    pub(crate) fn of_value(key: &'a str, line: usize) -> Self {
        Place { key, line, has_home: false, own: None, is_script: false }
    }

    /// Returns the place of a path.
    pub(crate) fn of_path(key: &'a str, line: usize) -> Self {
        Place { has_home: true, ..Place::of_value(key, line) }
    }
}

/// The meaning of the text between `${` and `}`.
enum Reference<'a> {
    /// The text of a place.
    Known(String),
    /// A variable, and its default.
    Variable(&'a str, Option<&'a str>),
    /// Known to the editor alone.
    Editor,
    /// A default with a `${` inside.
    Nested,
    /// Something else.
    Other,
}

/// Replaces the variables of a text, in one pass. `None` if that is impossible; the reason is then
/// among the findings.
pub(crate) fn expand(cx: &mut Cx<'_>, raw: &str, place: &Place<'_>) -> Option<Text> {
    if raw.contains('\0') {
        cx.error(place.key, place.line, "NUL in a string", None);
        return None;
    }
    let mut pass = Pass { cx, place, text: Text::default(), literal: String::new(), failed: false };
    let rest = match raw.strip_prefix('~') {
        Some(rest) if place.has_home && (rest.is_empty() || rest.starts_with('/')) => {
            pass.home();
            rest
        }
        _ => raw,
    };
    pass.run(rest);
    let Pass { cx, text, literal, failed, .. } = pass;
    let mut text = text;
    if let Some(form) = placeholder::form(&literal).filter(|_| !place.is_script) {
        text.is_placeholder = form != placeholder::SHELL || placeholder::is_whole(&literal);
        let (problem, hint) = placeholder::explain(form);
        cx.warn(place.key, place.line, problem, hint.to_owned());
    }
    (!failed).then_some(text)
}

/// One pass over a text.
struct Pass<'a, 'b> {
    cx: &'a mut Cx<'b>,
    place: &'a Place<'a>,
    text: Text,
    /// The parts that are no reference. NUL, which is in no text, stands for what is between them.
    literal: String,
    failed: bool,
}

impl Pass<'_, '_> {
    fn run(&mut self, mut rest: &str) {
        while let Some(at) = rest.find("${") {
            let (before, after) = (&rest[..at], &rest[at + 2..]);
            if let Some(before) = before.strip_suffix('$') {
                self.push(before);
                self.keep("${");
                self.literal.push('\0');
                rest = after;
                continue;
            }
            self.push(before);
            self.literal.push('\0');
            let inner = after.split_once('}').map(|(inner, _)| inner);
            match inner.map(|inner| (inner, self.reference(inner))) {
                Some((inner, Some(reference))) => {
                    self.replace(inner, reference);
                    rest = &after[inner.len() + 1..];
                }
                Some((_, None)) | None => {
                    self.warn_left("a ${ without its } is left as it is");
                    self.keep("${");
                    rest = after;
                }
            }
        }
        self.push(rest);
    }

    /// Adds a part of the text that is no reference.
    fn push(&mut self, part: &str) {
        self.keep(part);
        self.literal += part;
    }

    /// Adds a part that is the same for the child and for people.
    fn keep(&mut self, part: &str) {
        self.text.value += part;
        self.text.shown += part;
    }

    fn home(&mut self) {
        match self.cx.facts.home().as_deref().and_then(Path::to_str) {
            Some(home) => self.keep(home),
            None => self.fail("the home folder is not known", "set HOME"),
        }
    }

    /// Returns the meaning of a reference; `None` if its end is the end of another one.
    fn reference<'t>(&self, inner: &'t str) -> Option<Reference<'t>> {
        const EDITOR: [&str; 3] = ["input:", "command:", "config:"];
        if let Some((name, default)) = inner.split_once(":-").filter(|(name, _)| is_name(name)) {
            let is_nested = default.contains("${");
            return Some(match is_nested {
                true => Reference::Nested,
                false => Reference::Variable(name, Some(default)),
            });
        }
        if inner.contains("${") {
            return None;
        }
        let of_file = inner.strip_prefix("file");
        let is_file = of_file.is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with(|char: char| char.is_ascii_uppercase() || char == ':')
        });
        Some(match inner {
            "workspaceFolder" => Reference::Known(self.cx.base.to_string_lossy().into_owned()),
            "workspaceFolderBasename" => {
                let name = self.cx.base.file_name().unwrap_or_default();
                Reference::Known(name.to_string_lossy().into_owned())
            }
            "userHome" => match self.cx.facts.home() {
                Some(home) => Reference::Known(home.to_string_lossy().into_owned()),
                None => Reference::Variable("HOME", None),
            },
            "pathSeparator" | "/" => Reference::Known("/".to_owned()),
            "cwd" => Reference::Editor,
            _ if is_file || EDITOR.iter().any(|prefix| inner.starts_with(prefix)) => {
                Reference::Editor
            }
            _ => match inner.strip_prefix("env:").unwrap_or(inner) {
                name if is_name(name) => Reference::Variable(name, None),
                _ => Reference::Other,
            },
        })
    }

    fn replace(&mut self, inner: &str, reference: Reference<'_>) {
        match reference {
            Reference::Known(text) => self.keep(&text),
            Reference::Variable(name, default) => self.variable(inner, name, default),
            Reference::Editor => {
                let name = inner.strip_prefix("input:").map(variable_for);
                self.fail_in_editor(inner, name.as_deref().filter(|name| is_name(name)));
            }
            Reference::Nested => {
                self.fail("a ${ inside a default", "a default is plain text: ${NAME:-text}");
            }
            Reference::Other => {
                self.warn_left("an unknown ${…} is left as it is");
                self.keep(&format!("${{{inner}}}"));
            }
        }
    }

    fn variable(&mut self, inner: &str, name: &str, default: Option<&str>) {
        let is_secret = secrets::is_secret_name(name);
        let value = self.cx.facts.variable(name);
        match (value.as_deref().map(std::ffi::OsStr::to_str), default) {
            (Some(Some(value)), _) => {
                self.text.value += value;
                self.text.shown += &format!("${{{name}}}");
                self.text.has_secret |= is_secret;
            }
            (Some(None), _) => {
                let problem = format!("the value of {name} is not UTF-8");
                self.fail(&problem, "set it to text in UTF-8");
            }
            (None, Some(default)) => {
                self.text.value += default;
                match is_secret {
                    true => self.text.shown += &format!("${{{name}:-{}}}", secrets::MASK),
                    false => self.text.shown += default,
                }
                self.text.has_plain_secret |= is_secret && !default.is_empty();
            }
            (None, None) if self.place.own.is_some_and(|own| own.contains(name)) => {
                let note = format!("{name} is not set here, so ${{{name}}} is left to the child");
                self.cx.note(self.place.key, self.place.line, note);
                self.keep(&format!("${{{inner}}}"));
            }
            (None, None) if OF_EDITOR.contains(&inner) => self.fail_in_editor(inner, None),
            (None, None) => {
                let hint = match self.place.is_script {
                    true => format!("set it, or write $${{{name}}} for a variable of the shell"),
                    false => format!("set it, or give a default: ${{{name}:-text}}"),
                };
                self.fail(&format!("{name} is not set"), &hint);
            }
        }
    }

    fn fail(&mut self, problem: &str, hint: &str) {
        self.failed = true;
        self.cx.error(self.place.key, self.place.line, problem, hint.to_owned());
    }

    /// Reports a variable of an editor, with the name of a variable that can replace it.
    fn fail_in_editor(&mut self, inner: &str, name: Option<&str>) {
        let problem = format!("only an editor knows the value of ${{{inner}}}");
        let hint = match name {
            Some(name) => format!("use a variable of the environment: ${{{name}}}"),
            None => "write the value, or a variable of the environment: ${NAME}".to_owned(),
        };
        self.fail(&problem, &hint);
    }

    fn warn_left(&mut self, problem: &str) {
        if !self.place.is_script {
            let hint = "$${ is a literal ${".to_owned();
            self.cx.warn(self.place.key, self.place.line, problem, hint);
        }
    }
}

/// Returns the name of a variable for an input of an editor: `depth-key` becomes `DEPTH_KEY`.
fn variable_for(input: &str) -> String {
    let upper =
        |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' };
    input.chars().map(upper).collect()
}
