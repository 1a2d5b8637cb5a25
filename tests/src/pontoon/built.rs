//! The built program as a process.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::process::Signal;

use tempfile::TempDir;

use super::CommandLine;
use crate::entry::{self, Entry};
use crate::record::Record;
use crate::subcommand::Subcommand;
use crate::{probe, target};

/// The name of a file of servers.
const FILE: &str = "servers.json";

/// A process, and its standard error.
pub(super) struct Built {
    pub(super) child: Child,
    pub(super) lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
    /// The folder of its file of servers, if it serves one.
    folder: Option<TempDir>,
}

impl Built {
    pub(super) fn spawn(runtime: &str, line: CommandLine, record: &Record) -> Built {
        let mut command = program(&line.launcher, line.descriptors);
        command.args(line.subcommand.words()).args(["--log-format", "json", "--runtime", runtime]);
        for (name, _) in env::vars_os().filter(|(name, _)| is_setting(name)) {
            command.env_remove(name);
        }
        command.envs(line.env);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(line.stderr.unwrap_or_else(Stdio::piped));
        // Any free port, unless a case has named one.
        if !line.options.iter().any(|option| option == "--port") {
            command.args(["--port", "0"]);
        }
        command.args(&line.options);
        let folder = (line.subcommand == Subcommand::Serve).then(|| {
            let folder = TempDir::with_prefix("pontoon-suite-").expect("a temporary directory");
            let file = folder.path().join(FILE);
            fs::write(&file, text_of(&line.entries, record)).expect("a file of servers");
            command.arg("--config").arg(file);
            folder
        });
        match (line.subcommand, &line.wrapped) {
            (Subcommand::Proxy, Some(wrapped)) => drop(command.arg("--").args(wrapped)),
            (Subcommand::Proxy, None) => {
                let record = record.path().expect("a record on disk");
                command.arg("--").arg(target::test_server());
                command.arg("--record").arg(record).args(&line.flags);
            }
            _ => {}
        }
        let mut child = command.spawn().expect("pontoon runs");
        let lines = Arc::default();
        let reader = child.stderr.take().map(|stderr| read(stderr, Arc::clone(&lines)));
        Built { child, lines, reader, folder }
    }

    /// Returns its file of servers.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.as_ref().expect("it serves a file").path().join(FILE)
    }

    /// Replaces its file of servers by this text: by another file, so that no half of it is read.
    pub(super) fn write_file(&self, text: &str) {
        let file = self.file();
        let new = file.with_extension("new");
        fs::write(&new, text).and_then(|()| fs::rename(new, file)).expect("a file of servers");
    }

    /// Returns whether its log has ended.
    pub(super) fn has_logged_all(&self) -> bool {
        self.reader.as_ref().is_none_or(|reader| reader.is_finished())
    }

    /// Kills it, and the processes that its children left.
    pub(super) fn kill(&mut self, record: &Record) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let mut left = record.children();
        left.extend(record.grandchildren());
        for pid in left.into_iter().filter(|pid| probe::runs(*pid, target::test_server())) {
            probe::signal(pid, Signal::KILL);
        }
    }
}

/// Returns the text of a file with these entries.
pub(super) fn text_of(entries: &[Entry], record: &Record) -> String {
    entry::file(entries, target::test_server(), record.path().expect("a record on disk"))
}

/// Returns the program, started by a launcher if there is one, with a limit of file descriptors.
fn program(launcher: &[String], descriptors: Option<u32>) -> Command {
    let max = descriptors.map(|max| max.to_string());
    let limit = ["sh", "-c", r#"ulimit -n "$0" && exec "$@""#];
    let limit = max.iter().flat_map(|max| limit.into_iter().chain([max.as_str()]));
    let words = limit.chain(launcher.iter().map(String::as_str)).map(OsStr::new);
    let mut words = words.chain([target::program().as_os_str()]);
    let mut command = Command::new(words.next().expect("the program itself"));
    command.args(words);
    command
}

/// Returns whether an environment variable would change pontoon's settings.
fn is_setting(name: &OsStr) -> bool {
    let named = ["CORS_ORIGIN", "HOST", "LOG_FILE", "LOG_LEVEL", "PORT", "SAMPLE_TOOL_NAME"];
    let begins = ["ECHO_", "MCP_", "RATE_LIMIT_", "WORKER_"];
    name.to_str().is_some_and(|name| {
        named.contains(&name) || begins.iter().any(|start| name.starts_with(start))
    })
}

fn read(stderr: ChildStderr, lines: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut stderr = BufReader::new(stderr);
        let mut line = Vec::new();
        while stderr.by_ref().read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            lines.lock().unwrap().push(text);
            line.clear();
        }
    })
}
