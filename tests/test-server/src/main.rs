//! `test-server` as a program: the library on the operating system.

mod process;
mod record;

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::{env, process as os};

use test_server::Flags;

use crate::process::Process;

/// The environment variable that marks a process as ignoring SIGTERM.
const IGNORES_TERM: &str = "TEST_SERVER_IGNORES_TERM";

fn main() {
    let flags = Flags::parse(env::args_os().skip(1));
    if flags.ignore_term && env::var_os(IGNORES_TERM).is_none() {
        ignore_term();
    }
    if flags.grandchild && flags.setsid {
        rustix::process::setsid().expect("a session of its own");
    }
    process::block_on(test_server::run(Arc::new(Process::new(&flags)), flags));
    os::exit(0);
}

/// Replaces this process by itself with SIGTERM ignored, a disposition that survives `exec`.
fn ignore_term() {
    let error = Command::new("/bin/sh")
        .args(["-c", r#"trap "" TERM; exec "$0" "$@""#])
        .arg(env::current_exe().expect("the path of this program"))
        .args(env::args_os().skip(1))
        .env(IGNORES_TERM, "1")
        .exec();
    panic!("cannot exec: {error}");
}
