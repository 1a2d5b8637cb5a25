//! `docs/options.md` is generated from the definitions of the options.

use std::fmt::Write;
use std::{env, fs};

use super::*;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/options.md");

/// Servers: heading, subcommand, and whether it is the stateless one. All options of the proxy are
/// listed; of the others those that differ from the proxy's.
const SERVERS: [(&str, &str, bool); 5] = [
    ("`pontoon proxy`", "proxy", false),
    ("`pontoon serve`", "serve", false),
    ("`pontoon echo`", "echo", false),
    ("`pontoon echo --stateless`", "echo", true),
    ("`pontoon calculator`", "calculator", false),
];

const INTRODUCTION: &str = "\
# Options

Generated from the definitions in `cli/src/args`. To write it again after a change there:
`UPDATE_DOCS=1 cargo test -p pontoon options_page`.

A flag overrides an environment variable, which overrides a file of variables, which overrides the
default. The file is `.env` in the working directory, or each file that `--env-file` names. `.env` cannot
set {GUARDED}.
Of several variables of one option the first that is set counts.

Times are in seconds (`30`, `1.5`) or have a unit (`500ms`, `2m`). Sizes are in bytes or have a unit
(`512KiB`, `4MiB`). A variable of an option without a value holds `yes` or `no`. Options of the proxy
come before the command: the first word that is not an option begins it.
";

/// A row of the page.
#[derive(Clone, PartialEq)]
struct Row {
    heading: String,
    flag: String,
    option: String,
    variables: String,
    default: String,
    help: String,
}

fn rows(verb: &str, stateless: bool) -> Vec<Row> {
    let command = args::command(stateless);
    let command = command.find_subcommand(verb).expect("a subcommand");
    command.get_arguments().filter_map(row).collect()
}

fn row(arg: &clap::Arg) -> Option<Row> {
    let option = arg.get_long().filter(|_| !arg.is_hide_set())?;
    let mut names = format!("`--{option}");
    if let Some([value]) = arg.get_value_names().filter(|_| arg.get_action().takes_values()) {
        let _ = write!(names, " {value}");
    }
    names.push('`');
    for alias in arg.get_all_aliases().unwrap_or_default() {
        let _ = write!(names, ", `--{alias}`");
    }
    let default = match arg.get_default_values() {
        [default] if arg.get_action().takes_values() => format!("`{}`", default.to_string_lossy()),
        _ => String::new(),
    };
    Some(Row {
        heading: arg.get_help_heading().unwrap_or("Program").to_owned(),
        flag: format!("`--{option}`"),
        option: names.replace('|', "\\|"),
        variables: code(&env_names::variables(arg)),
        default,
        help: arg.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|"),
    })
}

/// Formats the names as code, with commas.
fn code(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn page() -> String {
    let mut page = INTRODUCTION.replace("{GUARDED}", &guarded());
    let proxy = rows("proxy", false);
    for (title, verb, stateless) in SERVERS {
        let all = rows(verb, stateless);
        let _ = writeln!(page, "\n## {title}");
        if verb == "proxy" {
            tables(&mut page, &all);
            continue;
        }
        let lacks = proxy.iter().filter(|it| !all.iter().any(|own| own.flag == it.flag));
        let lacks: Vec<_> = lacks.map(|it| it.flag.as_str()).collect();
        let own: Vec<_> = all.into_iter().filter(|it| !proxy.contains(it)).collect();
        let _ = writeln!(
            page,
            "\nThe options of `pontoon proxy` without {}; and these, which are its own or differ:",
            lacks.join(", ")
        );
        tables(&mut page, &own);
    }
    for verb in ["check", "probe"] {
        let _ = writeln!(page, "\n## `pontoon {verb}`");
        tables(&mut page, &rows(verb, false));
    }
    page
}

fn tables(page: &mut String, rows: &[Row]) {
    let mut headings: Vec<&str> = Vec::new();
    for row in rows {
        if !headings.contains(&row.heading.as_str()) {
            headings.push(&row.heading);
        }
    }
    for heading in headings {
        let _ = writeln!(page, "\n| {heading} | variable | default | |\n|---|---|---|---|");
        for row in rows.iter().filter(|row| row.heading == heading) {
            let Row { option, variables, default, help, .. } = row;
            let _ = writeln!(page, "| {option} | {variables} | {default} | {help} |");
        }
    }
}

// The default of `--runtime` is the first runtime that is built in.
#[cfg(feature = "tokio")]
#[test]
fn options_page_is_up_to_date() {
    let page = page();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, &page).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    let differs = page.lines().zip(written.lines()).find(|(new, old)| new != old);
    assert!(
        page == written,
        "docs/options.md is not what cli/src/args defines; write it again with\n\
         UPDATE_DOCS=1 cargo test -p pontoon options_page\nfirst difference: {differs:#?}"
    );
}

/// Returns the list of the options that `.env` cannot set.
fn guarded() -> String {
    let [first @ .., last] = args::GUARDED else { return String::new() };
    let first: Vec<_> = first.iter().map(|option| format!("`--{option}`")).collect();
    format!("{} or `--{last}`", first.join(", "))
}
