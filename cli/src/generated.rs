//! Documents that are generated from the definitions of the options.

use std::io::{self, Write};

use crate::args;
use crate::errors::Failure;

/// Prints the completion script of a shell.
pub(crate) fn completions(shell: clap_complete::Shell) {
    let mut script = Vec::new();
    let mut command = args::command(false);
    clap_complete::generate(shell, &mut command, "pontoon", &mut script);
    print(&script);
}

/// Prints the manual page of pontoon or of one of its subcommands, in roff.
pub(crate) fn man(subcommand: Option<&str>) -> Result<(), Failure> {
    let mut page = Vec::new();
    manual(subcommand)?.render(&mut page).expect("writing to a vector does not fail");
    print(&page);
    Ok(())
}

/// Returns the manual page of pontoon or of one of its subcommands.
pub(crate) fn manual(subcommand: Option<&str>) -> Result<clap_mangen::Man, Failure> {
    let mut command = args::command(false).disable_help_subcommand(true);
    if let Some(name) = subcommand.filter(|name| command.find_subcommand(name).is_some()) {
        // The page leaves out the text of an option that `-h` does not show.
        let shown = |it: clap::Command| it.mut_args(|arg| arg.hide_short_help(false));
        command = command.mut_subcommand(name, shown);
    }
    command.build();
    let Some(name) = subcommand else { return Ok(clap_mangen::Man::new(command)) };
    let names: Vec<_> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    match command.find_subcommand(name) {
        Some(found) => Ok(clap_mangen::Man::new(found.clone())),
        None => Err(Failure {
            what: format!("there is no manual page for {name:?}"),
            why: "pontoon has no subcommand of that name".into(),
            fix: format!("leave it out, or give one of {}", names.join(", ")),
            code: 2,
        }),
    }
}

fn print(text: &[u8]) {
    // A reader that has closed the pipe needs nothing more.
    let _ = io::stdout().write_all(text);
}
