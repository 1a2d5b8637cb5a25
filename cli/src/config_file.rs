//! `pontoon config`: prints what `pontoon_config` finds in files.
//!
//! Owns: reading of the files, and the form of the output. Never: rules for entries.

mod machine;

use std::env;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pontoon_config::{
    Entry, Finding, Level, Outcome, Report, Server, Source, escape, resolve, shown_name,
};

use crate::args::ConfigArgs;
use crate::auth;
use crate::errors::Failure;
use crate::hints::quoted;
pub(crate) use machine::Machine;
use machine::read;

/// Runs a subcommand of `pontoon config`.
pub(crate) fn run(args: &ConfigArgs) -> Result<ExitCode, Failure> {
    match args {
        ConfigArgs::Check { files } => {
            let mut report = load(files)?;
            auth::check_settings(&mut report);
            print(&check(&report));
            Ok(ExitCode::from(u8::from(report.has_errors())))
        }
        ConfigArgs::Import { files } => {
            let imported = pontoon_config::import(&sources(files)?);
            for finding in &imported.findings {
                // Standard output has the file alone.
                let _ = writeln!(io::stderr(), "{finding}");
            }
            if imported.findings.iter().any(|finding| finding.level == Level::Error) {
                return Ok(ExitCode::FAILURE);
            }
            print(&imported.text);
            Ok(ExitCode::SUCCESS)
        }
        ConfigArgs::Schema => {
            let schema = pontoon_config::schema();
            print(&format!("{schema:#}\n"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads files of servers.
pub(crate) fn load(files: &[PathBuf]) -> Result<Report, Failure> {
    Ok(pontoon_config::read(&sources(files)?, &Machine))
}

fn sources(files: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    files.iter().map(|file| source(file)).collect()
}

fn source(file: &Path) -> Result<Source, Failure> {
    let failure = |error: io::Error| Failure {
        what: format!("cannot read {}", escape(&file.display().to_string())),
        why: error.to_string(),
        fix: "name a file with mcpServers".into(),
        code: 1,
    };
    let here = env::current_dir().map_err(failure)?;
    let bytes = read(file).map_err(failure)?;
    Ok(Source { name: file.display().to_string(), path: resolve(&here, file), bytes })
}

/// Returns the output of `pontoon config check`.
fn check(report: &Report) -> String {
    let mut text = String::new();
    for entry in &report.entries {
        text += &shown(entry);
    }
    if !report.entries.is_empty() && !report.findings.is_empty() {
        text.push('\n');
    }
    for finding in &report.findings {
        let _ = writeln!(text, "{finding}");
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text + &summary(report)
}

/// Returns the lines of an entry.
fn shown(entry: &Entry) -> String {
    let name = shown_name(&entry.name);
    match &entry.outcome {
        Outcome::Served(server) => {
            format!("{name}: served at /{}/mcp\n{}", server.path, of(server))
        }
        Outcome::Skipped(reason) => format!("{name}: skipped, {reason}\n"),
        Outcome::Broken => format!("{name}: broken\n"),
    }
}

fn of(server: &Server) -> String {
    let words: Vec<String> = server.shown.iter().map(|word| shown_word(word)).collect();
    let mut text = format!("  command: {}\n", words.join(" "));
    let _ = writeln!(text, "  folder: {}", escape(&server.cwd.display().to_string()));
    let names = |is_set: bool| {
        let env = server.env.iter().filter(|(_, value)| value.is_some() == is_set);
        env.map(|(name, _)| escape(name)).collect::<Vec<_>>().join(", ")
    };
    for (title, names) in [("variables", names(true)), ("without", names(false))] {
        if !names.is_empty() {
            let _ = writeln!(text, "  {title}: {names}");
        }
    }
    for (header, variable) in &server.settings.header_env {
        let _ = writeln!(text, "  header {}: variable {}", header.0, variable.0);
    }
    text
}

/// Quotes a word for a shell; the mask of a secret needs no quotes.
fn shown_word(word: &str) -> String {
    let word = escape(word);
    let rest = word.replace("***", "");
    if rest != word && (rest.is_empty() || quoted(&rest) == rest) { word } else { quoted(&word) }
}

fn summary(report: &Report) -> String {
    if report.is_unusable {
        return "a file cannot be used: nothing would be served\n".to_owned();
    }
    let entries =
        |is: fn(&Outcome) -> bool| report.entries.iter().filter(|entry| is(&entry.outcome)).count();
    let findings = |level| {
        let is = |finding: &&Finding| finding.level == level;
        report.findings.iter().filter(is).count()
    };
    format!(
        "{} served, {} skipped, {} broken; errors: {}, warnings: {}\n",
        entries(|it| matches!(it, Outcome::Served(_))),
        entries(|it| matches!(it, Outcome::Skipped(_))),
        entries(|it| matches!(it, Outcome::Broken)),
        findings(Level::Error),
        findings(Level::Warning),
    )
}

fn print(text: &str) {
    // A reader that has closed the pipe needs nothing more.
    let _ = io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests;
