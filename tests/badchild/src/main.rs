//! `badchild`: a stdio MCP server that behaves well until it is told not to.
//!
//! Without flags it is a small, correct server of the legacy revisions whose tools do what their
//! name says. Flags spoil how it starts, lives and ends; tools spoil single answers.
//!
//! Owns: everything a wrapped server can do wrong.
//! Never: judges; what pontoon made of it, the cases see from outside.

mod flags;
mod record;
mod server;
mod tools;

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;
use std::{env, fs, process, thread};

use flags::Flags;
use record::Record;
use server::Server;

/// In the environment of a process that was told to ignore SIGTERM, once it does.
const IGNORES_TERM: &str = "BADCHILD_IGNORES_TERM";

/// How long a process with nothing left to do lives, should nobody end it.
pub(crate) const LIFETIME: Duration = Duration::from_secs(60);

fn main() {
    let flags = Flags::parse(env::args_os().skip(1));
    if flags.grandchild {
        be_grandchild(&flags);
    }
    if flags.ignore_term && env::var_os(IGNORES_TERM).is_none() {
        ignore_term();
    }
    let record = Record::open(flags.record.as_deref());
    let told = flags.exit_if_told && record.told("exit");
    if let Some(code) = flags.exit_at_start.or(told.then_some(42)) {
        eprintln!("badchild: exiting with {code}, as told");
        process::exit(code);
    }
    if flags.fork_grandchild {
        fork_grandchild(&flags, &record);
    }
    let server = Server::start(flags, record);
    server.serve();
}

/// Replaces this process by itself with SIGTERM ignored: a disposition that survives `exec`.
fn ignore_term() {
    let error = Command::new("/bin/sh")
        .args(["-c", r#"trap "" TERM; exec "$0" "$@""#])
        .arg(env::current_exe().expect("the path of this program"))
        .args(env::args_os().skip(1))
        .env(IGNORES_TERM, "1")
        .exec();
    panic!("cannot exec: {error}");
}

/// Starts a process that holds this one's pipes open, and records its pid.
#[expect(clippy::zombie_processes, reason = "it outlives this process on purpose")]
fn fork_grandchild(flags: &Flags, record: &Record) {
    let mut command = Command::new(env::current_exe().expect("the path of this program"));
    command.arg("--grandchild");
    if flags.setsid {
        command.arg("--setsid");
    }
    let grandchild = command.spawn().expect("a grandchild");
    record.note("grandchild", grandchild.id());
}

fn be_grandchild(flags: &Flags) -> ! {
    if flags.setsid {
        rustix::process::setsid().expect("a session of its own");
    }
    thread::sleep(LIFETIME);
    process::exit(0);
}

/// The open file descriptors of this process and what they lead to.
pub(crate) fn open_fds() -> Vec<(i32, String)> {
    let own = fs::read_dir("/proc/self/fd").expect("/proc");
    let mut fds: Vec<_> = own
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let number = entry.file_name().to_str()?.parse().ok()?;
            // The directory being read has a descriptor too, gone by now.
            let target = fs::read_link(format!("/proc/self/fd/{number}")).ok()?;
            Some((number, target.to_string_lossy().into_owned()))
        })
        .filter(|(_, target)| !target.contains("/proc/"))
        .collect();
    fds.sort();
    fds
}

/// Writes this many bytes to standard error, in lines of 80 bytes or without a line end.
pub(crate) fn flood_stderr(bytes: usize, lines: bool) {
    let mut line = vec![b'e'; 80];
    if lines {
        line[79] = b'\n';
    }
    let mut stderr = std::io::stderr().lock();
    for _ in 0..bytes / line.len() {
        if stderr.write_all(&line).is_err() {
            return;
        }
    }
}
