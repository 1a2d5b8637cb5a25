//! Leftovers of Windows in `command`, and how the same is written on Unix.

use crate::secrets::apart;

/// The maximum number of programs inside each other, such as `cmd /c npx.cmd`.
const DEPTH_MAX: usize = 4;

/// Returns whether a program is one of Windows.
pub(crate) fn is_windows(program: &str) -> bool {
    let lower = program.to_lowercase();
    let has_drive = matches!(program.as_bytes(), [drive, b':', b'\\' | b'/', ..]
        if drive.is_ascii_alphabetic());
    has_drive
        || lower.starts_with(r"\\")
        || ["cmd", "powershell", "wsl"].contains(&lower.as_str())
        || [".exe", ".cmd", ".bat"].iter().any(|end| lower.ends_with(end))
}

/// Returns the hint for a command line that begins with a program of Windows.
pub(crate) fn hint(words: &[&str]) -> String {
    match unix_form(words, 0) {
        Some(words) => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            format!("on Unix: {}", apart(&words))
        }
        None => "name the program that it starts".to_owned(),
    }
}

/// Returns the command line inside `cmd /c` and the like, with the plain name of its program.
fn unix_form(words: &[&str], depth: usize) -> Option<Vec<String>> {
    let (program, args) = words.split_first().filter(|_| depth < DEPTH_MAX)?;
    // A command line in one string.
    let ends = [".exe ", ".cmd ", ".bat "].iter();
    if let Some(end) = ends.filter_map(|end| program.to_ascii_lowercase().find(end)).min() {
        let (program, rest) = program.split_at(end + 4);
        let words: Vec<&str> = [program].into_iter().chain(rest.split_whitespace()).collect();
        return unix_form(&[&words, args].concat(), depth + 1);
    }
    let name = program.rsplit(['/', '\\']).next()?;
    let lower = name.to_ascii_lowercase();
    let stem = [".exe", ".cmd", ".bat"].iter().find_map(|end| lower.strip_suffix(end));
    let stem = stem.unwrap_or(&lower);
    let inner: &[&str] = match stem {
        "cmd" => &args[args.iter().take_while(|arg| arg.starts_with('/')).count()..],
        "wsl" => after_options(args),
        "powershell" => {
            let is_command = |arg: &&str| ["-command", "-c"].contains(&arg.to_lowercase().as_str());
            &args[args.iter().position(is_command)? + 1..]
        }
        // The name keeps its letters, without the ending.
        _ => {
            let name = name[..stem.len().min(name.len())].to_owned();
            let name =
                in_venv(program).map_or(name.clone(), |folder| format!("{folder}bin/{name}"));
            let args = args.iter().map(|arg| (*arg).to_owned());
            return (!name.is_empty()).then(|| std::iter::once(name).chain(args).collect());
        }
    };
    match inner {
        [] => None,
        // The whole command line in one argument.
        [line] if line.contains(' ') => {
            unix_words(&line.split_whitespace().collect::<Vec<_>>(), depth)
        }
        inner => unix_words(inner, depth),
    }
}

/// Returns the folder of a virtual environment of Python whose program this is, with a `/`, if the
/// path is relative: `.venv/` for `.venv\Scripts\python.exe`.
pub(crate) fn in_venv(program: &str) -> Option<String> {
    let program = program.replace('\\', "/");
    let (folder, _) = program.split_once("Scripts/")?;
    (folder.ends_with('/') && !folder.starts_with('/') && !folder.contains(':'))
        .then(|| folder.to_owned())
}

fn unix_words(words: &[&str], depth: usize) -> Option<Vec<String>> {
    // A script of PowerShell has no such form.
    match is_windows(words.first().filter(|word| !word.starts_with('$'))?) {
        true => unix_form(words, depth + 1),
        false => Some(words.iter().map(|word| (*word).to_owned()).collect()),
    }
}

/// Returns the command after the options of `wsl`.
fn after_options<'a, 'b>(mut args: &'a [&'b str]) -> &'a [&'b str] {
    loop {
        args = match args {
            ["-e" | "--exec" | "--", rest @ ..] => return rest,
            ["-d" | "--distribution" | "-u" | "--user" | "--cd", _, rest @ ..] => rest,
            ["~", rest @ ..] => rest,
            args => return args,
        };
    }
}
