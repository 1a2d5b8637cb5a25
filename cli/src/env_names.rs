//! The environment variables of each option, from the definitions in `args`.

use std::ffi::OsString;
use std::sync::LazyLock;

use crate::args::{self, GUARDED};

/// A program, as far as settings depend on it: the echo servers with and without state are two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Its subcommand.
    pub(crate) verb: String,
    /// Whether it is the stateless one.
    pub(crate) stateless: bool,
}

/// An option of a program, or an argument without a flag.
#[derive(Debug)]
pub(crate) struct Setting {
    program: Program,
    /// The id that clap has for it: its name with `_`.
    id: String,
    /// Its variables, in order of precedence.
    pub(crate) variables: Vec<&'static str>,
}

/// The settings of all programs.
static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let programs = [false, true].into_iter().flat_map(|stateless| {
        let command = args::command(stateless);
        let verbs: Vec<_> = command.get_subcommands().cloned().collect();
        verbs
            .into_iter()
            .map(move |verb| (Program { verb: verb.get_name().into(), stateless }, verb))
    });
    let settings = programs.flat_map(|(program, verb)| {
        let args: Vec<_> = verb.get_arguments().cloned().collect();
        args.into_iter().map(move |arg| Setting {
            program: program.clone(),
            id: arg.get_id().to_string(),
            variables: variables(&arg),
        })
    });
    settings.collect()
});

/// Returns the variables of an option.
pub(crate) fn variables(arg: &clap::Arg) -> Vec<&'static str> {
    let names = arg.get_env().and_then(|names| names.to_str()).unwrap_or_default();
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    // The definitions are built a few times, and their names are needed until the end.
    names.map(|name| &*name.to_owned().leak()).collect()
}

impl Program {
    /// Returns the program of a command line.
    pub(crate) fn of(words: &[OsString]) -> Self {
        let mut verbs = words.iter().skip(1).map(|word| word.to_str().unwrap_or_default());
        // `pontoon help proxy` is about the proxy.
        let verb = match verbs.next() {
            Some("help") => verbs.next(),
            verb => verb,
        };
        Program {
            verb: verb.unwrap_or_default().to_owned(),
            stateless: words.iter().any(|word| word == "--stateless"),
        }
    }

    /// Returns the setting of this id.
    pub(crate) fn setting(&self, id: &str) -> Option<&'static Setting> {
        self.settings().find(|setting| setting.id == id)
    }

    /// Returns whether a variable sets one of its options.
    pub(crate) fn reads(&self, variable: &str) -> bool {
        self.settings().any(|setting| setting.variables.contains(&variable))
    }

    fn settings(&self) -> impl Iterator<Item = &'static Setting> {
        SETTINGS.iter().filter(|setting| setting.program == *self)
    }
}

/// Returns whether `pontoon proxy` has an option of this name.
pub(crate) fn is_option(option: &str) -> bool {
    let proxy = Program { verb: "proxy".into(), stateless: false };
    proxy.setting(&option.replace('-', "_")).is_some_and(|setting| setting.id != "command")
}

/// Returns whether a variable sets an option of [`GUARDED`].
pub(crate) fn is_guarded(variable: &str) -> bool {
    let guarded = |setting: &&Setting| GUARDED.contains(&setting.id.replace('_', "-").as_str());
    SETTINGS.iter().filter(guarded).any(|setting| setting.variables.contains(&variable))
}

/// Returns whether a variable sets an option of any program.
pub(crate) fn is_known(variable: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.variables.contains(&variable))
}

/// Returns the variable with the most similar name, if few letters differ.
pub(crate) fn similar(name: &str) -> Option<&'static str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
    let known = SETTINGS.iter().flat_map(|setting| setting.variables.iter().copied());
    let nearest = known.map(|known| (distance(&known), known)).min()?;
    // The common prefix does not count.
    let length = name.len().saturating_sub("MCP_".len());
    (nearest.0 <= 2 && nearest.0 * 3 <= length).then_some(nearest.1)
}
