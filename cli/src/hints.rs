//! Suggestions for command lines that follow the habits of other programs.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::env_names;
use crate::errors::Failure;

/// Replaces the name of an original program, under which this one may be started, by its
/// subcommand.
pub(crate) fn under_its_old_name(words: Vec<OsString>) -> Vec<OsString> {
    let name = words.first().and_then(|word| Path::new(word).file_name()?.to_str());
    let meant: &[&str] = match name {
        Some("mcp-streamablehttp-proxy") => &["pontoon", "proxy"],
        Some("mcp-echo-streamablehttp-server-stateless") => &["pontoon", "echo", "--stateless"],
        Some("mcp-echo-streamablehttp-server-stateful") => &["pontoon", "echo"],
        Some("example-mcp-server-streamable-http-stateless") => &["pontoon", "calculator"],
        _ => return words,
    };
    meant.iter().map(OsString::from).chain(words.into_iter().skip(1)).collect()
}

/// Explains a common mistake: no `proxy` before the command, `--stdio` before it, or no `--config`
/// before a file.
pub(crate) fn slip(error: &clap::Error, words: &[OsString]) -> Option<Failure> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        // The parser suggests a similar one.
        ErrorKind::InvalidSubcommand if error.get(ContextKind::SuggestedSubcommand).is_none() => {
            let command = words.iter().skip(1).map(|word| quoted(&word.to_string_lossy()));
            let command = command.collect::<Vec<_>>().join(" ");
            let name = text(ContextKind::InvalidSubcommand)?;
            Some(Failure {
                what: format!("unrecognized subcommand '{name}'"),
                why: "pontoon has no program of that name".into(),
                fix: format!("did you mean: pontoon proxy {command}"),
                code: 2,
            })
        }
        ErrorKind::UnknownArgument if text(ContextKind::InvalidArg)? == "--stdio" => {
            let behind = words.iter().skip_while(|word| *word != "--stdio").skip(1);
            // Elsewhere the command is one word in quotes.
            let command = behind.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
            Some(Failure {
                what: "unexpected argument '--stdio'".into(),
                why: "the command follows the options of pontoon directly; no option introduces it"
                    .into(),
                fix: format!("did you mean: pontoon proxy {command}").trim_end().to_owned(),
                code: 2,
            })
        }
        // `pontoon serve servers.json`
        ErrorKind::UnknownArgument
            if words.get(1).is_some_and(|word| word == "serve")
                && !words.iter().any(|word| word.to_string_lossy().starts_with("--config")) =>
        {
            let file = text(ContextKind::InvalidArg).filter(|file| !file.starts_with('-'))?;
            Some(Failure {
                what: format!("unexpected argument '{file}'"),
                why: "an option names a file of servers".into(),
                fix: format!("did you mean: pontoon serve --config {}", quoted(file)),
                code: 2,
            })
        }
        _ => None,
    }
}

/// Explains why the first word of a command cannot be run, and the correction, for common mistakes:
/// quotes around the whole command, a variable before it, a URL.
pub(crate) fn no_program(words: &[OsString]) -> Option<(String, String)> {
    let program = words.first()?.to_str()?;
    let rest = || words[1..].iter().map(|word| quoted(&word.to_string_lossy()));
    if program.starts_with("http://") || program.starts_with("https://") {
        return Some((
            "this is a URL, not a program that speaks MCP on standard input and output".into(),
            "give the command that starts the server; one with a URL needs no proxy".into(),
        ));
    }
    if let Some((name, _)) = program.split_once('=').filter(|(name, _)| is_variable(name)) {
        let command = rest().collect::<Vec<_>>().join(" ");
        return Some((
            "only a shell sets a variable like this, and no shell is involved".into(),
            format!("pontoon proxy --env {name}=VALUE {command}").trim_end().to_owned(),
        ));
    }
    if program.trim().contains(char::is_whitespace) {
        let command = std::iter::once(program.trim().to_owned()).chain(rest());
        let command = command.collect::<Vec<_>>().join(" ");
        return Some((
            "the command is in quotes, so all of it is taken for the name of a program".into(),
            format!("leave out the quotes: pontoon proxy {command}"),
        ));
    }
    None
}

/// Returns the name of an unknown program; without the value if it sets a variable.
pub(crate) fn shown(program: &OsStr) -> String {
    let text = program.to_string_lossy();
    match text.split_once('=') {
        Some((name, _)) if is_variable(name) => format!("{name}=…"),
        _ => quoted(&text),
    }
}

/// Names the options of this program that follow the command's first word, and so belong to the
/// command.
pub(crate) fn behind_command(words: &[OsString]) -> Option<String> {
    let options = words.iter().skip(1).filter_map(|word| {
        let option = word.to_str()?.strip_prefix("--")?.split('=').next()?;
        env_names::is_option(option).then(|| format!("--{option}"))
    });
    let options = options.collect::<Vec<_>>().join(", ");
    (!options.is_empty())
        .then(|| format!("{options} went to the command; options of pontoon come before it"))
}

/// Quotes a word for a shell.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn is_variable(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(plain)
}
