//! Messages about variables: which ones a file set, which were ignored, and which may be misspelt.
//!
//! Never: the value of a variable, which can be a secret.

use std::ffi::OsStr;
use std::path::Path;

use pontoon_core::Level;

use super::{FILE, Origin, Variables, is_service_link};
use crate::env_names::{self, Program};
use crate::log::Notice;
use crate::values::Assignment;

impl Variables {
    /// Returns the messages about the variables of a program; `taken` are those whose value is
    /// used.
    pub(crate) fn notices(&self, program: &Program, taken: &[&'static str]) -> Vec<Notice> {
        let mut notices: Vec<_> = self.files_read(taken).collect();
        notices.extend(self.passed_over(program));
        notices.extend(self.unread.as_deref().map(unread));
        notices.extend(
            self.files()
                .filter(|file| !file.malformed.is_empty())
                .map(|file| malformed(&file.path, &file.malformed)),
        );
        notices.extend(self.service_links(program));
        notices.extend(self.unknown());
        notices
    }

    /// Warns of variables that are to be passed to the command and are not set.
    pub(crate) fn unset(&self, assignments: &[Assignment]) -> Vec<Notice> {
        let given = |name: &OsStr| {
            let named = self.for_command().chain(&self.environment);
            named.into_iter().any(|(known, _)| known == name)
        };
        let unset = assignments.iter().filter(|it| it.value.is_none() && !given(&it.name));
        unset
            .map(|Assignment { name, .. }| {
                let found = self.found.iter().flat_map(|file| &file.assignments);
                let in_file = found.into_iter().any(|(known, _)| known == name);
                let name = shown(name);
                let hint = match in_file {
                    true => format!("to take it from the file here, give --env-file {FILE}"),
                    false => format!("set it, or give --env {name}=VALUE or --env-file FILE"),
                };
                Notice {
                    level: Level::Warning,
                    name: "env_unset",
                    message: "variable for the command is not set",
                    words: Some(format!(
                        "warning: --env {name}: {name} is not set, so the command does not get it\n  \
                         hint: {hint}"
                    )),
                    fields: vec![("variable", name), ("hint", hint)],
                }
            })
            .collect()
    }

    /// Names each file that set something, and the variables.
    fn files_read<'a>(&'a self, taken: &'a [&'static str]) -> impl Iterator<Item = Notice> + 'a {
        self.files().filter_map(|file| {
            let is_here = |name: &&&'static str| {
                self.first(&[name]).is_some_and(|it| it.origin == Origin::File(&file.path))
            };
            let names: Vec<_> = taken.iter().filter(is_here).copied().collect();
            let (path, settings) = (file.path.display().to_string(), names.join(", "));
            (!names.is_empty()).then(|| Notice {
                level: Level::Info,
                name: "env_file_read",
                message: "settings read from a file",
                words: Some(format!("settings from {path}: {settings}")),
                fields: vec![("file", path), ("settings", settings)],
            })
        })
    }

    /// Warns of settings that a file may only set if the command line names it.
    fn passed_over(&self, program: &Program) -> Option<Notice> {
        let names = self.passed_over.iter().map(|(name, _)| shown(name));
        let names: Vec<_> = names.filter(|name| program.reads(name)).collect();
        let settings = names.join(", ");
        (!names.is_empty()).then(|| Notice {
            level: Level::Warning,
            name: "env_file_passed_over",
            message: "settings in a file are not used: they need --env-file",
            words: Some(format!(
                "warning: {settings} in {FILE} not used: that file may come from someone else, \
                 and these could open the endpoint to others or run code in the command\n  \
                 hint: to use it, name the file: --env-file {FILE}"
            )),
            fields: vec![("file", FILE.to_owned()), ("settings", settings)],
        })
    }

    /// Warns of variables that hold the address of a Kubernetes service in place of a port.
    fn service_links<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = Notice> + 'a {
        let links = self.environment.iter().filter(|(name, value)| {
            name.to_str().is_some_and(|name| program.reads(name) && is_service_link(name, value))
        });
        links.map(|(name, _)| {
            let name = shown(name);
            Notice {
                level: Level::Warning,
                name: "service_link",
                message: "variable holds the address of a Kubernetes service and is not used",
                words: Some(format!(
                    "warning: {name} holds the address of a Kubernetes service, not a port, and is not \
                     used\n  \
                     hint: set the port with --port, or set enableServiceLinks: false in the pod"
                )),
                fields: vec![("variable", name)],
            }
        })
    }

    /// Names unknown variables that look like settings, and similar known ones.
    fn unknown(&self) -> Vec<Notice> {
        let in_files = self.files().flat_map(|file| &file.assignments);
        let names = self.environment.iter().chain(in_files).filter_map(|(name, _)| name.to_str());
        let mut names: Vec<_> = names
            .filter(|name| name.starts_with("MCP_") && !env_names::is_known(name))
            .filter(|name| !is_service_variable(name))
            .collect();
        names.sort_unstable();
        names.dedup();
        let (misspelt, others): (Vec<_>, Vec<_>) = names
            .into_iter()
            .map(|name| (name, env_names::similar(name)))
            .partition(|it| it.1.is_some());
        let mut notices = Vec::new();
        for (name, meant) in misspelt.into_iter().take(NAMES_MAX) {
            let (name, meant) = (shown(OsStr::new(name)), meant.unwrap_or_default().to_owned());
            notices.push(Notice {
                level: Level::Warning,
                name: "unknown_variable",
                message: "variable is not a setting",
                words: Some(format!(
                    "warning: {name} is not a setting of pontoon\n  hint: did you mean {meant}?"
                )),
                fields: vec![("variable", name), ("similar", meant)],
            });
        }
        if !others.is_empty() {
            let shown_names =
                others.iter().take(NAMES_MAX).map(|(name, _)| shown(OsStr::new(name)));
            let mut list = shown_names.collect::<Vec<_>>().join(", ");
            if others.len() > NAMES_MAX {
                list += &format!(" and {} more", others.len() - NAMES_MAX);
            }
            notices.push(Notice {
                level: Level::Info,
                name: "unknown_variables",
                message: "variables are not settings",
                words: Some(format!("not settings of pontoon: {list}")),
                fields: vec![("variables", list)],
            });
        }
        notices
    }
}

/// Warns of a `.env` that is not read.
fn unread(why: &str) -> Notice {
    Notice {
        level: Level::Warning,
        name: "env_file_unread",
        message: "settings file is not read",
        words: Some(format!(
            "warning: {FILE} in the working directory is not read: {why}\n  \
             hint: --env-file {FILE} reads it whatever it is; --env-file /dev/null reads no file"
        )),
        fields: vec![("file", FILE.to_owned()), ("reason", why.to_owned())],
    }
}

fn malformed(path: &Path, lines: &[usize]) -> Notice {
    let (path, noun) =
        (path.display().to_string(), if lines.len() == 1 { "line" } else { "lines" });
    let mut list =
        lines.iter().take(NAMES_MAX).map(usize::to_string).collect::<Vec<_>>().join(", ");
    if lines.len() > NAMES_MAX {
        list += &format!(" and {} more", lines.len() - NAMES_MAX);
    }
    Notice {
        level: Level::Warning,
        name: "env_file_malformed",
        message: "lines of a settings file cannot be read",
        words: Some(format!("warning: {noun} {list} of {path} not used: not NAME=value")),
        fields: vec![("file", path), ("lines", list)],
    }
}

/// Returns whether a name is one that Kubernetes gives to a variable of a service.
fn is_service_variable(name: &str) -> bool {
    let after_port = |port: &str| {
        let digits = port.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && ["_TCP", "_UDP", "_SCTP"].iter().any(|it| port[digits..].starts_with(it))
    };
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.split("PORT_").skip(1).any(after_port)
}

/// Returns a name without characters that control a terminal.
fn shown(name: &OsStr) -> String {
    name.to_string_lossy().chars().take(NAME_LEN_MAX).flat_map(char::escape_default).collect()
}

/// The maximum number of listed names and lines.
const NAMES_MAX: usize = 10;

/// The maximum number of characters of a name.
const NAME_LEN_MAX: usize = 64;
