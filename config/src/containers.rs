//! Commands that start a container: options without which a stdio server does not work well.

use crate::command::CommandLine;
use crate::cx::Cx;

/// The programs that run containers.
const ENGINES: [&str; 3] = ["docker", "nerdctl", "podman"];

/// The long options of `run` and `exec` that take no value.
const FLAGS: [&str; 10] = [
    "--detach",
    "--init",
    "--interactive",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--privileged",
    "--publish-all",
    "--quiet",
    "--read-only",
    "--rm",
];

/// The options before the image or the container.
#[derive(Default)]
struct Options {
    detached: bool,
    interactive: bool,
    removed: bool,
}

/// Reports missing and unfit options of `docker run` and `docker exec`.
pub(crate) fn check(cx: &mut Cx<'_>, line: &CommandLine) {
    let program = line.program.text.value.rsplit('/').next().unwrap_or_default();
    if !ENGINES.contains(&program) {
        return;
    }
    let args: Vec<&str> = line.args.iter().map(|word| word.text.value.as_str()).collect();
    // A `run` after another command, such as `compose`, has other options.
    let Some(at) = verb(&args).filter(|at| ["run", "exec"].contains(&args[*at])) else { return };
    let options = options(&args[at + 1..]);
    let (key, place) = ("args", line.args[at].line);
    if options.detached {
        let text = "-d runs the container in the background, where it has no standard input";
        cx.warn(key, place, text, "remove -d".to_owned());
    }
    if !options.interactive {
        let text = "without -i the container has no standard input";
        cx.warn(key, place, text, format!("add -i after {}", args[at]));
    }
    if args[at] == "run" && !options.removed {
        let text = "without --rm each session leaves a stopped container";
        cx.warn(key, place, text, "add --rm after run".to_owned());
    }
}

/// Returns the index of the command after the options of the engine.
fn verb(args: &[&str]) -> Option<usize> {
    const WITH_VALUE: [&str; 9] = [
        "--config",
        "--connection",
        "--context",
        "--host",
        "--log-level",
        "--url",
        "-H",
        "-c",
        "-l",
    ];
    let mut at = 0;
    loop {
        at += match *args.get(at)? {
            arg if WITH_VALUE.contains(&arg) => 2,
            arg if arg.starts_with('-') || arg == "container" => 1,
            _ => return Some(at),
        };
    }
}

fn options(args: &[&str]) -> Options {
    let mut options = Options::default();
    let mut args = args.iter();
    while let Some(arg) = args.next().filter(|arg| arg.starts_with('-') && arg.len() > 1) {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (*arg, None),
        };
        let is_cluster =
            !name.starts_with("--") && name[1..].chars().all(|it| "ditPq".contains(it));
        let is_on = value != Some("false");
        let has = |short: char, long: &str| {
            is_on && (name == long || (is_cluster && name.contains(short)))
        };
        options.detached |= has('d', "--detach");
        options.interactive |= has('i', "--interactive");
        options.removed |= is_on && name == "--rm";
        let is_flag =
            is_cluster || FLAGS.contains(&name) || name == "--tty" || name == "--sig-proxy";
        // The value of a short option may be attached: `-eNAME=value`.
        let is_attached = !name.starts_with("--") && name.len() > 2;
        if !is_flag && value.is_none() && !is_attached {
            args.next();
        }
    }
    options
}
