//! The command line of `test-server`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The flags: faults from the start.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--bad-utf8`: a line that is not UTF-8 before each answer.
    pub bad_utf8: bool,
    /// `--close-stdin`: close standard input after `initialize`, and keep running.
    pub close_stdin: bool,
    /// `--close-stdout`: close standard output after `initialize`, and keep running.
    pub close_stdout: bool,
    /// `--crlf`: end lines with CRLF.
    pub crlf: bool,
    /// `--delay-init MS`: answer `initialize` late.
    pub delay_init: Duration,
    /// `--delay-start MS`: read nothing for that long.
    pub delay_start: Duration,
    /// `--exit-after N`: exit with status 3 instead of answering the Nth `tools/call`.
    pub exit_after: Option<usize>,
    /// `--exit-at-start N`: exit with this status before reading anything.
    pub exit_at_start: Option<i32>,
    /// `--exit-on-discover`: exit with status 1 when asked `server/discover`.
    pub exit_on_discover: bool,
    /// `--exit-if-told`: exit with status 42 before reading anything if `DIR/exit` exists.
    pub exit_if_told: bool,
    /// `--flood-stderr BYTES`: write that much to standard error after `initialize`.
    pub flood_stderr: usize,
    /// `--flood-stdout BYTES`: write that much in notifications after `initialize`.
    pub flood_stdout: usize,
    /// `--fork-grandchild`: start a process that keeps the pipes open.
    pub fork_grandchild: bool,
    /// `--grandchild`: run as that process.
    pub grandchild: bool,
    /// `--ignore-eof`: keep running when standard input ends.
    pub ignore_eof: bool,
    /// `--ignore-stdin`: read nothing after `notifications/initialized`.
    pub ignore_stdin: bool,
    /// `--ignore-term`: ignore SIGTERM.
    pub ignore_term: bool,
    /// `--modern`: support 2026-07-28 only.
    pub modern: bool,
    /// `--needs-env NAME`: exit with status 7 before reading anything without this variable.
    pub needs_env: Option<String>,
    /// `--noise`: a banner at the start, and lines that are not messages before each answer.
    pub noise: bool,
    /// `--odd-lists`: answer `tools/list` with an object in place of the list.
    pub odd_lists: bool,
    /// `--record DIR`: write all input to `DIR/<pid>.in`, and other facts beside it.
    pub record: Option<PathBuf>,
    /// `--refuse-init`: answer `initialize` with an error.
    pub refuse_init: bool,
    /// `--revision R`: the revision to answer `initialize` with; the requested one otherwise.
    pub revision: Option<String>,
    /// `--script`: do only what a transcript says.
    pub script: bool,
    /// `--setsid`: the grandchild leaves the process group and the session.
    pub setsid: bool,
    /// `--start TEXT`: write this to standard output at the start, without a line end.
    pub start: String,
}

impl Flags {
    /// Parses the flags up to `--`; later arguments are only reported by `argv`.
    pub fn parse(args: impl Iterator<Item = OsString>) -> Flags {
        let mut flags = Flags::default();
        let mut args = args.take_while(|arg| arg != "--");
        while let Some(arg) = args.next() {
            let mut value = || args.next().and_then(|v| v.into_string().ok()).expect("a value");
            match arg.to_str().expect("a flag") {
                "--bad-utf8" => flags.bad_utf8 = true,
                "--close-stdin" => flags.close_stdin = true,
                "--close-stdout" => flags.close_stdout = true,
                "--crlf" => flags.crlf = true,
                "--delay-init" => flags.delay_init = Duration::from_millis(number(&value())),
                "--delay-start" => flags.delay_start = Duration::from_millis(number(&value())),
                "--exit-after" => flags.exit_after = Some(number(&value())),
                "--exit-at-start" => flags.exit_at_start = Some(number(&value())),
                "--exit-on-discover" => flags.exit_on_discover = true,
                "--exit-if-told" => flags.exit_if_told = true,
                "--flood-stderr" => flags.flood_stderr = number(&value()),
                "--flood-stdout" => flags.flood_stdout = number(&value()),
                "--fork-grandchild" => flags.fork_grandchild = true,
                "--grandchild" => flags.grandchild = true,
                "--ignore-eof" => flags.ignore_eof = true,
                "--ignore-stdin" => flags.ignore_stdin = true,
                "--ignore-term" => flags.ignore_term = true,
                "--modern" => flags.modern = true,
                "--needs-env" => flags.needs_env = Some(value()),
                "--noise" => flags.noise = true,
                "--odd-lists" => flags.odd_lists = true,
                "--record" => flags.record = Some(value().into()),
                "--refuse-init" => flags.refuse_init = true,
                "--revision" => flags.revision = Some(value()),
                "--script" => flags.script = true,
                "--setsid" => flags.setsid = true,
                "--start" => flags.start = value(),
                unknown => panic!("unknown flag {unknown}"),
            }
        }
        flags
    }
}

fn number<N: std::str::FromStr>(text: &str) -> N {
    text.parse().unwrap_or_else(|_| panic!("{text} is not a number"))
}
