//! Parses the command line, with its variables in the environment and in files.
//!
//! Owns: the precedence of their sources, and the errors about their values. Flags override
//! environment variables, those override files of variables, and those override defaults.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, FromArgMatches};

use crate::args::{self, Cli, Verb};
use crate::env_names::Program;
use crate::errors::{Failure, Setting};
use crate::hints;
use crate::log::Notice;
use crate::variables::{Found, Origin, Variables};

/// The settings from the command line and the variables.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The subcommand with its settings.
    pub(crate) verb: Verb,
    /// The variables of this process and of its files.
    pub(crate) variables: Variables,
    /// The ids of the options that a flag or a variable sets.
    pub(crate) given: Vec<String>,
    /// Messages for the operator about the variables.
    pub(crate) notices: Vec<Notice>,
}

/// Parses the command line, the environment and the files of variables.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Settings, Failure> {
    let words = hints::under_its_old_name(words.into_iter().collect());
    let variables = Variables::read(&env_files(&words))?;
    let program = Program::of(&words);
    let (verb, Sources { given, taken }) = parse_with_sources(words, &variables)?;
    let notices = variables.notices(&program, &taken);
    Ok(Settings { verb, variables, given, notices })
}

/// Parses the command line. Help and version are printed here, and end the program.
pub(crate) fn parse(
    words: impl IntoIterator<Item = OsString>,
    variables: &Variables,
) -> Result<Verb, Failure> {
    parse_with_sources(words.into_iter().collect(), variables).map(|(verb, _)| verb)
}

/// The sources of the options.
struct Sources {
    /// The ids of those that a flag or a variable sets.
    given: Vec<String>,
    /// The variables whose value is used.
    taken: Vec<&'static str>,
}

/// Parses the command line; also returns the sources of the values.
fn parse_with_sources(
    words: Vec<OsString>,
    variables: &Variables,
) -> Result<(Verb, Sources), Failure> {
    let program = Program::of(&words);
    let mut command = definition(&program, variables);
    let outcome = command.try_get_matches_from_mut(&words).and_then(|matches| {
        let sources = sources(&matches, &program, variables);
        Cli::from_arg_matches(&matches).map(|cli| (cli.verb, sources))
    });
    outcome.map_err(|error| {
        let explained = bad_value(&error, &program, variables);
        let explained = explained.or_else(|| hints::slip(&error, &words));
        explained.unwrap_or_else(|| as_defined(error, &program, &words).exit())
    })
}

/// Returns the output of `--help` without the values of variables, which are defaults while parsing.
fn as_defined(error: clap::Error, program: &Program, words: &[OsString]) -> clap::Error {
    match error.kind() {
        ErrorKind::DisplayHelp => {
            let shown = args::command(program.stateless).try_get_matches_from(words);
            shown.err().unwrap_or(error)
        }
        _ => error,
    }
}

/// Returns the files of variables that the command line names. Errors in them are found later, when
/// all of it is parsed.
fn env_files(words: &[OsString]) -> Vec<PathBuf> {
    let command = definition(&Program::of(words), &Variables::default());
    let Ok(matches) = command.try_get_matches_from(words) else { return Vec::new() };
    let Some((_, verb)) = matches.subcommand() else { return Vec::new() };
    let files = verb.try_get_many::<PathBuf>("env_file").ok().flatten();
    files.into_iter().flatten().cloned().collect()
}

/// Returns the sources of the values. A variable counts if no flag is given.
fn sources(matches: &ArgMatches, program: &Program, variables: &Variables) -> Sources {
    let mut sources = Sources { given: Vec::new(), taken: Vec::new() };
    let Some((_, verb)) = matches.subcommand() else { return sources };
    for id in verb.ids().map(clap::Id::as_str) {
        let setting = program.setting(id);
        let variable = setting.and_then(|setting| variables.first(&setting.variables));
        match verb.value_source(id) {
            Some(ValueSource::CommandLine) => sources.given.push(id.to_owned()),
            Some(ValueSource::DefaultValue) => {
                sources.given.extend(variable.map(|_| id.to_owned()));
                sources.taken.extend(variable.map(|found| found.name));
            }
            _ => {}
        }
    }
    sources
}

/// Returns the command line of a program, with the values of its variables as defaults, so that clap
/// parses them like the values of flags.
fn definition(program: &Program, variables: &Variables) -> clap::Command {
    let command = args::command(program.stateless);
    if command.find_subcommand(&program.verb).is_none() {
        return command;
    }
    command.mut_subcommand(&program.verb, |verb| {
        verb.mut_args(|arg| {
            let found =
                program.setting(arg.get_id().as_str()).map(|it| variables.first(&it.variables));
            // clap would look into the environment alone, for one name.
            let arg = arg.env(Resettable::Reset);
            match found.flatten() {
                Some(found) if holds_lines(&arg) => arg.default_values(lines(found.value)),
                Some(found) => arg.default_value(found.value.to_owned()),
                None => arg,
            }
        })
    })
}

/// Returns whether each line of an option's variable is a value: a repeatable option whose values may
/// have commas.
fn holds_lines(arg: &clap::Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append) && arg.get_value_delimiter().is_none()
}

/// Returns the lines of a variable that are not empty.
fn lines(value: &OsStr) -> impl Iterator<Item = OsString> {
    let lines = value.as_bytes().split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty()).map(|line| OsStr::from_bytes(line).to_owned())
}

/// Explains a bad value: whether it is the flag's or a variable's, and the reason.
fn bad_value(error: &clap::Error, program: &Program, variables: &Variables) -> Option<Failure> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?.split([' ', '=']).next()?;
    let value = text(ContextKind::InvalidValue)?;
    let why = match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::ValueValidation, _) => std::error::Error::source(error)?.to_string(),
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(known))) if !value.is_empty() => {
            format!("must be one of {}", known.join(", "))
        }
        _ => return None,
    };
    // `--port`, or `[URL]` of an argument without a flag.
    let option = flag.trim_matches(['-', '[', ']']).to_lowercase().replace('-', "_");
    let setting = program.setting(&option)?;
    let setting = match variables.first(&setting.variables).filter(|found| holds(found, value)) {
        Some(Found { name, origin: Origin::Environment, .. }) => Setting::Variable(name),
        Some(Found { name, origin: Origin::File(path), .. }) => Setting::File(name, path),
        None => Setting::Flag(flag),
    };
    // A variable for the command is private, and text before an @ may hold a password.
    let shown = Some(value).filter(|value| option != "env" && !value.contains('@'));
    Some(Failure::bad_value(&program.verb, setting, shown, &why))
}

/// Returns whether a variable is, or lists, this value.
fn holds(found: &Found<'_>, value: &str) -> bool {
    found
        .value
        .to_str()
        .is_some_and(|held| held == value || held.split([',', '\n']).any(|v| v == value))
}

#[cfg(test)]
mod tests;
