//! The wrapped command: its program, its environment, and whether it exists.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use pontoon_core::{ChildSpec, HeaderVariable};

use crate::errors::Failure;
use crate::hints::{self, quoted};
use crate::values::Assignment;
use crate::variables::Variables;

/// Returns the command to run, or this program's own echo server if there is none. It is checked to
/// exist, so that a typing error is reported now and not at the first session.
pub(crate) fn resolve(
    words: &[OsString],
    clean: bool,
    assignments: &[Assignment],
    variables: &Variables,
) -> Result<ChildSpec, Failure> {
    let env = environment(env::vars_os(), clean, assignments, variables);
    let Some((program, args)) = words.split_first() else {
        return Ok(ChildSpec { program: this_program()?, args: echo_args(), env, cwd: None });
    };
    let path = match &env {
        Some(env) => env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone()),
        None => env::var_os("PATH"),
    };
    find(program, path.as_deref()).map_err(|missing| missing.failure(words))?;
    Ok(ChildSpec { program: program.clone(), args: args.to_vec(), env, cwd: None })
}

/// Checks that no two settings set the same variable of the command.
pub(crate) fn check_header_env(
    headers: &[HeaderVariable],
    assignments: &[Assignment],
) -> Result<(), Failure> {
    for (at, HeaderVariable { header, variable }) in headers.iter().enumerate() {
        let others = &headers[..at];
        let is_taken = others.iter().any(|it| it.header == *header || it.variable == *variable)
            || assignments.iter().any(|assignment| assignment.name == *variable);
        if is_taken {
            let variable = variable.to_string_lossy();
            return Err(Failure {
                what: format!("--header-env {header}={variable} is not the only one of its kind"),
                why: "another --header-env names the same header or variable, or --env sets it"
                    .into(),
                fix: "leave one of them out: a client without the header gets no such variable"
                    .into(),
                code: 2,
            });
        }
    }
    Ok(())
}

/// Returns the command line as a person would type it.
pub(crate) fn shown(spec: &ChildSpec) -> String {
    let words = std::iter::once(&spec.program).chain(&spec.args);
    words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn this_program() -> Result<OsString, Failure> {
    env::current_exe().map(PathBuf::into_os_string).map_err(|error| Failure {
        what: "cannot wrap the built-in echo server".into(),
        why: format!("this program cannot find its own executable: {error}"),
        fix: "name a command: pontoon proxy COMMAND".into(),
        code: 1,
    })
}

fn echo_args() -> Vec<OsString> {
    vec!["stdio".into(), "echo".into()]
}

/// Returns the whole environment of the command, or `None` if it is this program's own. An
/// assignment overrides inherited variables, and those override the files of `variables`.
pub(crate) fn environment(
    inherited: impl Iterator<Item = (OsString, OsString)>,
    clean: bool,
    assignments: &[Assignment],
    variables: &Variables,
) -> Option<Vec<(OsString, OsString)>> {
    let mut in_files = variables.for_command().peekable();
    let assigns = assignments.iter().any(|assignment| assignment.value.is_some());
    if !clean && !assigns && in_files.peek().is_none() {
        return None;
    }
    let mut env = Vec::new();
    for (name, value) in inherited {
        let passed_on = assignments.iter().any(|assignment| assignment.name == name);
        if passed_on || !clean || is_harmless(&name) {
            env.push((name, value));
        }
    }
    let inherited = env.len();
    for (name, value) in in_files {
        if env[..inherited].iter().all(|(known, _)| known != name) {
            env.retain(|(known, _)| known != name);
            env.push((name.clone(), value.clone()));
        }
    }
    for Assignment { name, value } in assignments {
        let Some(value) = value else { continue };
        env.retain(|(known, _)| known != name);
        env.push((name.clone(), value.clone()));
    }
    Some(env)
}

/// Returns whether a variable is one that programs need and that holds no secret.
fn is_harmless(name: &OsStr) -> bool {
    const NAMES: [&str; 9] =
        ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];
    NAMES.iter().any(|harmless| name == *harmless) || name.as_bytes().starts_with(b"LC_")
}

/// The reason why there is nothing to run.
#[derive(Debug, PartialEq, Eq)]
enum Missing {
    /// No directory of `PATH` has it.
    InPath,
    /// The file does not exist.
    File,
    /// It is a directory.
    Folder(PathBuf),
    /// It is not executable.
    NotExecutable(PathBuf),
}

impl Missing {
    fn failure(self, words: &[OsString]) -> Failure {
        let program = words.first().map(|program| hints::shown(program)).unwrap_or_default();
        let slip = hints::no_program(words);
        let (why, fix, code) = match self {
            Missing::InPath | Missing::File if slip.is_some() => {
                let (why, fix) = slip.unwrap_or_default();
                (why, fix, 127)
            }
            Missing::InPath => (
                "no folder in PATH has a program of that name".to_owned(),
                "install it, correct its name, or give its whole path".to_owned(),
                127,
            ),
            Missing::File => (
                "there is no such file".to_owned(),
                "correct the path; it counts from the current folder".to_owned(),
                127,
            ),
            Missing::Folder(path) => (
                format!("{} is a folder", path.display()),
                "name the program inside it".to_owned(),
                126,
            ),
            Missing::NotExecutable(path) => (
                format!("{} is not executable", path.display()),
                format!(
                    "chmod +x {0}, or put its interpreter in front: python {0}",
                    quoted(&path.to_string_lossy())
                ),
                126,
            ),
        };
        Failure { what: format!("cannot run {program}"), why, fix, code }
    }
}

/// Finds a program as `execvp` does; the first match decides the result.
fn find(program: &OsStr, path: Option<&OsStr>) -> Result<PathBuf, Missing> {
    if program.as_bytes().contains(&b'/') {
        let path = Path::new(program);
        return check(path).unwrap_or(Err(Missing::File));
    }
    let mut wrong = Missing::InPath;
    if program.is_empty() {
        return Err(wrong);
    }
    for folder in env::split_paths(path.unwrap_or(OsStr::new(PATH_UNSET))) {
        match check(&folder.join(program)) {
            Some(Ok(found)) => return Ok(found),
            Some(Err(found)) if wrong == Missing::InPath => wrong = found,
            _ => {}
        }
    }
    Err(wrong)
}

/// Checks whether a file can be run; `None` if it does not exist.
fn check(path: &Path) -> Option<Result<PathBuf, Missing>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Some(Err(Missing::NotExecutable(path.to_owned())));
        }
        Err(_) => return None,
    };
    if metadata.is_dir() {
        return Some(Err(Missing::Folder(path.to_owned())));
    }
    // Also checks the owner, the group and the mount, which the mode alone does not show.
    match rustix::fs::access(path, rustix::fs::Access::EXEC_OK) {
        Ok(()) => Some(Ok(path.to_owned())),
        Err(_) => Some(Err(Missing::NotExecutable(path.to_owned()))),
    }
}

/// The search path without `PATH`.
const PATH_UNSET: &str = "/bin:/usr/bin";

#[cfg(test)]
mod tests;
