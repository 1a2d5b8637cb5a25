//! The program under test: how it is started, what it logs, and its end.
//!
//! Owns: [`Proxy`], the command line; [`Pontoon`], the running program.
//! Never: leaves a process behind; whatever runs is killed when its value is dropped.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::probe::{self, Process};
use crate::record::Record;
use crate::target::{self, Target};
use crate::wait::eventually;
use crate::wire::{PATIENCE, Request, Response};

/// A `pontoon proxy` command line in the making.
#[derive(Debug)]
pub struct Proxy {
    command: Command,
    badchild: PathBuf,
    wrapped: Option<Vec<OsString>>,
    flags: Vec<OsString>,
    record: Record,
}

impl Proxy {
    pub(crate) fn new(target: &Target) -> Proxy {
        let mut command = Command::new(target::program());
        command.args(["proxy", "--log-format", "json"]);
        if let Some(runtime) = target.runtime {
            command.args(["--runtime", runtime]);
        }
        for (name, _) in env::vars_os().filter(|(name, _)| is_setting(name)) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Proxy {
            command,
            badchild: target.badchild.clone(),
            wrapped: None,
            flags: Vec::new(),
            record: Record::new(),
        }
    }

    /// Adds options of pontoon.
    pub fn options(mut self, options: &[&str]) -> Proxy {
        self.command.args(options);
        self
    }

    /// Adds flags of `badchild`.
    pub fn child(mut self, flags: &[&str]) -> Proxy {
        self.flags.extend(flags.iter().map(OsString::from));
        self
    }

    /// Adds arguments to `badchild` that it only reports, whatever they hold.
    pub fn arguments(mut self, arguments: &[OsString]) -> Proxy {
        self.flags.push("--".into());
        self.flags.extend_from_slice(arguments);
        self
    }

    /// Wraps another command.
    pub fn wrapping(mut self, command: &[&str]) -> Proxy {
        self.wrapped = Some(command.iter().map(OsString::from).collect());
        self
    }

    /// Sets an environment variable of pontoon.
    pub fn env(mut self, name: &str, value: &str) -> Proxy {
        self.command.env(name, value);
        self
    }

    /// Lets it have no more than so many file descriptors.
    pub fn descriptors(mut self, max: u32) -> Proxy {
        let mut limited = Command::new("sh");
        limited.args(["-c", r#"ulimit -n "$0" && exec "$@""#, &max.to_string()]);
        limited.arg(self.command.get_program()).args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        limited.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        self.command = limited;
        self
    }

    /// Puts something else in place of standard error, so that no log can be read.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Proxy {
        self.command.stderr(stderr);
        self
    }

    /// Starts it and waits until it listens.
    pub fn start(self) -> Pontoon {
        let mut pontoon = self.spawn();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = pontoon.log_events("listening").first() {
                let url = line["url"].as_str().expect("the url it listens at");
                pontoon.addr = address(url);
                return pontoon;
            }
            let ended = pontoon.child.try_wait().expect("its state");
            assert!(ended.is_none(), "ended at once: {ended:?}\n{}", pontoon.log());
            assert!(Instant::now() < deadline, "does not listen:\n{}", pontoon.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts it on this port, without waiting for anything: its log cannot be read.
    pub fn start_unseen(self, port: u16) -> Pontoon {
        let mut pontoon = self.options(&["--port", &port.to_string()]).spawn();
        pontoon.addr = SocketAddr::from(([127, 0, 0, 1], port));
        pontoon
    }

    /// Starts it and waits until it ends by itself; returns how, and what it wrote to standard
    /// error.
    pub fn run(self) -> (ExitStatus, String) {
        let mut pontoon = self.spawn();
        let status = pontoon.ended(PATIENCE);
        (status, pontoon.log())
    }

    fn spawn(mut self) -> Pontoon {
        // Any free port, unless a case has named one.
        if !self.command.get_args().any(|arg| arg == "--port") {
            self.command.args(["--port", "0"]);
        }
        self.command.arg("--");
        match &self.wrapped {
            Some(wrapped) => self.command.args(wrapped),
            None => {
                self.command.arg(&self.badchild).arg("--record").arg(self.record.path());
                self.command.args(&self.flags)
            }
        };
        let mut child = self.command.spawn().expect("pontoon runs");
        let lines = Arc::default();
        let reader = child.stderr.take().map(|stderr| read(stderr, Arc::clone(&lines)));
        let addr = SocketAddr::from(([127, 0, 0, 1], 0));
        Pontoon { child, addr, lines, reader, record: self.record, badchild: self.badchild }
    }
}

/// Whether a variable of the environment would change what pontoon does.
fn is_setting(name: &OsStr) -> bool {
    name == "LOG_FILE" || name.to_str().is_some_and(|name| name.starts_with("MCP_"))
}

/// The host and port of `http://host:port/path`.
fn address(url: &str) -> SocketAddr {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("{url} is no http URL"));
    let host = rest.split('/').next().unwrap_or(rest);
    host.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
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

/// The running program.
#[derive(Debug)]
pub struct Pontoon {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What reached its children.
    pub record: Record,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
    badchild: PathBuf,
}

impl Pontoon {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it wrote to standard error so far.
    pub fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// The log lines of an event.
    pub fn log_events(&self, event: &str) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        let parsed = lines.iter().filter_map(|line| line.parse::<Value>().ok());
        parsed.filter(|line| line["event"] == event).collect()
    }

    /// Sends a plain GET.
    pub fn get(&self, path: &str) -> Response {
        Request::new("GET", path).send(self.addr)
    }

    /// The sum of the samples of a metric whose line has all these texts in its labels.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let metrics = self.get("/metrics");
        metrics
            .text()
            .lines()
            .filter(|line| {
                let rest = line.strip_prefix(name).unwrap_or("#");
                rest.starts_with(['{', ' ']) && labels.iter().all(|label| rest.contains(label))
            })
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().expect("a sample"))
            .sum()
    }

    /// Its processes, those that ended unreaped included.
    pub fn descendants(&self) -> Vec<Process> {
        probe::descendants(self.pid())
    }

    /// The pids of the children that run.
    pub fn running_children(&self) -> Vec<u32> {
        self.record.children().into_iter().filter(|pid| probe::is_running(*pid)).collect()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        probe::signal(self.pid(), signal);
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(&mut self, within: Duration) -> ExitStatus {
        let mut status = None;
        eventually("pontoon ends", within, || {
            status = self.child.try_wait().expect("its state");
            status.is_some()
        });
        // Children may hold the pipe open for longer; what they write is not awaited.
        eventually("its log ends", PATIENCE, || {
            self.reader.as_ref().is_none_or(|reader| reader.is_finished())
        });
        status.expect("a status")
    }

    /// Panics unless it runs and answers.
    #[track_caller]
    pub fn expect_alive(&mut self, case: &str) {
        let ended = self.child.try_wait().expect("its state");
        assert!(ended.is_none(), "{case}: pontoon ended: {ended:?}\n{}", self.log());
        self.get("/livez").expect(200, case);
    }
}

impl Drop for Pontoon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let mut left = self.record.children();
        left.extend(self.record.grandchildren());
        for pid in left.into_iter().filter(|pid| probe::runs(*pid, &self.badchild)) {
            probe::signal(pid, Signal::KILL);
        }
        if thread::panicking() {
            let lines = self.lines.lock().unwrap();
            let tail = &lines[lines.len().saturating_sub(20)..];
            eprintln!("--- the last lines pontoon logged ---\n{}", tail.join("\n"));
        }
    }
}
