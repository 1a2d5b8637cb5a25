//! The program under test: its command line, its log, and its end.
//!
//! Owns: [`CommandLine`]; [`Pontoon`], the running program, built or simulated. Never: leaves a
//! process behind; dropping a value kills its processes.

mod built;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use self::built::Built;
use crate::entry::Entry;
use crate::probe::{self, Process};
use crate::record::Record;
use crate::schema_check;
use crate::sim::program::{self, Program};
use crate::sim::{World, lock};
use crate::subcommand::Subcommand;
use crate::tls::{self, Certificate};
use crate::wait::{Instant, eventually, sleep};
use crate::wire::{PATIENCE, Request, Response};

/// A command line of `pontoon`.
pub struct CommandLine {
    machine: Machine,
    subcommand: Subcommand,
    options: Vec<String>,
    env: Vec<(String, String)>,
    stderr: Option<Stdio>,
    wrapped: Option<Vec<OsString>>,
    flags: Vec<OsString>,
    descriptors: Option<u32>,
    launcher: Vec<String>,
    entries: Vec<Entry>,
    /// The files of its certificate and key.
    tls: Option<TempDir>,
}

/// The machine it runs on.
enum Machine {
    /// This machine, with this `--runtime`.
    Real(&'static str),
    Simulated(Arc<World>),
}

impl CommandLine {
    pub(crate) fn built(runtime: &'static str, subcommand: Subcommand) -> CommandLine {
        CommandLine::on(Machine::Real(runtime), subcommand)
    }

    pub(crate) fn simulated(world: &Arc<World>, subcommand: Subcommand) -> CommandLine {
        CommandLine::on(Machine::Simulated(world.clone()), subcommand)
    }

    fn on(machine: Machine, subcommand: Subcommand) -> CommandLine {
        CommandLine {
            machine,
            subcommand,
            options: Vec::new(),
            env: Vec::new(),
            stderr: None,
            wrapped: None,
            flags: Vec::new(),
            descriptors: None,
            launcher: Vec::new(),
            entries: Vec::new(),
            tls: None,
        }
    }

    /// Serves these entries of a file.
    pub(crate) fn entries(mut self, entries: &[Entry]) -> CommandLine {
        self.entries = entries.to_vec();
        self
    }

    /// Adds options of pontoon.
    pub fn options(mut self, options: &[&str]) -> CommandLine {
        self.options.extend(options.iter().map(|option| (*option).to_owned()));
        self
    }

    /// Adds flags of `test-server`.
    pub fn child(mut self, flags: &[&str]) -> CommandLine {
        self.flags.extend(flags.iter().map(OsString::from));
        self
    }

    /// Adds arguments for `test-server` to report, with any content.
    pub fn arguments(mut self, arguments: &[OsString]) -> CommandLine {
        self.flags.push("--".into());
        self.flags.extend_from_slice(arguments);
        self
    }

    /// Wraps another command.
    pub fn wrapping(mut self, command: &[&str]) -> CommandLine {
        self.wrapped = Some(command.iter().map(OsString::from).collect());
        self
    }

    /// Sets an environment variable of pontoon.
    pub fn env(mut self, name: &str, value: &str) -> CommandLine {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Limits its file descriptors.
    pub fn descriptors(mut self, max: u32) -> CommandLine {
        self.descriptors = Some(max);
        self
    }

    /// Starts it by another program, which gets its command line as last arguments.
    pub fn launched_by(mut self, launcher: &[&str]) -> CommandLine {
        self.launcher = launcher.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Gives it this certificate, in files of their own.
    pub fn tls(mut self, certificate: &Certificate) -> CommandLine {
        let folder = tempfile::tempdir().expect("a folder");
        let [cert, key] = certificate.write(folder.path());
        let [cert, key] = [&cert, &key].map(|path| path.to_str().expect("a path in UTF-8"));
        self.options.extend(["--tls-cert", cert, "--tls-key", key].map(str::to_owned));
        self.tls = Some(folder);
        self
    }

    /// Replaces standard error, so that no log can be read.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> CommandLine {
        self.stderr = Some(stderr.into());
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
                tls::expect(pontoon.addr, url.starts_with("https:"));
                return pontoon;
            }
            let ended = pontoon.has_ended();
            assert!(ended.is_none(), "ended at once: {ended:?}\n{}", pontoon.log());
            assert!(Instant::now() < deadline, "does not listen:\n{}", pontoon.log());
            sleep(Duration::from_millis(5));
        }
    }

    /// Starts it on this port, without waiting, because its log cannot be read.
    pub fn start_unseen(self, port: u16) -> Pontoon {
        let mut pontoon = self.options(&["--port", &port.to_string()]).spawn();
        pontoon.addr = SocketAddr::from(([127, 0, 0, 1], port));
        tls::expect(pontoon.addr, pontoon.tls.is_some());
        pontoon
    }

    /// Starts it and waits until it ends by itself; returns its status and standard error.
    pub fn run(self) -> (ExitStatus, String) {
        let mut pontoon = self.spawn();
        // Names are resolved at its start, and a resolver may take long to give up.
        let status = pontoon.ended(6 * PATIENCE);
        (status, pontoon.log())
    }

    fn spawn(mut self) -> Pontoon {
        let tls = self.tls.take();
        let addr = SocketAddr::from(([127, 0, 0, 1], 0));
        match &self.machine {
            Machine::Real(runtime) => {
                let record = Record::on_disk();
                let runs = Runs::Built(Built::spawn(runtime, self, &record));
                Pontoon { addr, record, runs, tls }
            }
            Machine::Simulated(world) => {
                let is_plain =
                    self.env.is_empty() && self.stderr.is_none() && self.descriptors.is_none();
                let is_plain = is_plain && self.launcher.is_empty() && self.wrapped.is_none();
                assert!(is_plain, "a simulated program has only options");
                let (record, memory) = Record::in_memory();
                let CommandLine { subcommand, options, flags, entries, .. } = self;
                let what = (subcommand, flags, &*entries);
                let program = program::start(world, what, &options, &memory);
                Pontoon { addr, record, runs: Runs::Simulated(world.clone(), program), tls }
            }
        }
    }
}

/// Returns the host and port of `http://host:port/path`, or of an https URL.
fn address(url: &str) -> SocketAddr {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let rest = rest.unwrap_or_else(|| panic!("{url} is no http URL"));
    let host = rest.split('/').next().unwrap_or(rest);
    host.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// The running program.
pub struct Pontoon {
    /// The address on which it listens.
    pub addr: SocketAddr,
    /// The input of its children.
    pub record: Record,
    runs: Runs,
    /// The folder of its certificate and key.
    tls: Option<TempDir>,
}

/// The machine it runs on.
enum Runs {
    Built(Built),
    Simulated(Arc<World>, Program),
}

impl Pontoon {
    /// Returns the paths of its certificate and key.
    pub fn tls_files(&self) -> [PathBuf; 2] {
        let folder = self.tls.as_ref().expect("it was started with TLS").path();
        ["cert.pem", "key.pem"].map(|name| folder.join(name))
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        match &self.runs {
            Runs::Built(built) => built.child.id(),
            Runs::Simulated(_, program) => program.pid,
        }
    }

    /// Has it serve these entries of its file from now on, and waits until it does.
    #[track_caller]
    pub fn reload(&self, entries: &[Entry]) {
        match &self.runs {
            Runs::Built(_) => self.reload_text(&self.text_of(entries), "reloaded"),
            Runs::Simulated(_, program) => program.reload(entries),
        }
    }

    /// Returns the text of a file with these entries.
    pub fn text_of(&self, entries: &[Entry]) -> String {
        built::text_of(entries, &self.record)
    }

    /// Replaces its file by this text, has it read that, and waits for this event.
    #[track_caller]
    pub fn reload_text(&self, text: &str, event: &str) {
        let before = self.log_events(event).len();
        self.write_file(text);
        self.signal(Signal::HUP);
        eventually(event, PATIENCE, || self.log_events(event).len() > before);
    }

    /// Replaces its file by this text, as an editor does.
    pub fn write_file(&self, text: &str) {
        let Runs::Built(built) = &self.runs else { panic!("a simulated program has no file") };
        built.write_file(text);
    }

    fn lines(&self) -> Vec<String> {
        match &self.runs {
            Runs::Built(built) => built.lines.lock().unwrap().clone(),
            Runs::Simulated(_, program) => lock(&program.lines).clone(),
        }
    }

    /// Returns its standard error so far.
    pub fn log(&self) -> String {
        self.lines().join("\n")
    }

    /// Returns the log lines of an event.
    pub fn log_events(&self, event: &str) -> Vec<Value> {
        let lines = self.lines();
        let parsed = lines.iter().filter_map(|line| line.parse::<Value>().ok());
        parsed.filter(|line| line["event"] == event).collect()
    }

    /// Returns the logged lines of an event, once there are at least `count`. They are read from a
    /// pipe, so they may come after what a client sees.
    pub fn await_log_events(&self, event: &str, count: usize) -> Vec<Value> {
        eventually(event, PATIENCE, || self.log_events(event).len() >= count);
        self.log_events(event)
    }

    /// Sends a plain GET.
    pub fn get(&self, path: &str) -> Response {
        Request::new("GET", path).send(self.addr)
    }

    /// Returns the sum of the samples of a metric whose line has all these texts in its labels;
    /// panics if there is no such metric.
    #[track_caller]
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let metrics = self.get("/metrics");
        let parts = ["_bucket", "_count", "_sum"];
        let family = parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        let is_typed = |name: &str| metrics.text().contains(&format!("# TYPE {name} "));
        assert!(is_typed(name) || is_typed(family), "no metric {name}: {}", metrics.text());
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

    /// Returns its processes, including unreaped ones.
    pub fn descendants(&self) -> Vec<Process> {
        probe::descendants(self.pid())
    }

    /// Returns the pids of the running children.
    pub fn running_children(&self) -> Vec<u32> {
        self.record.children().into_iter().filter(|pid| probe::is_running(*pid)).collect()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        probe::signal(self.pid(), signal);
    }

    /// Returns its status, if it has ended.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        match &mut self.runs {
            Runs::Built(built) => built.child.try_wait().expect("its state"),
            Runs::Simulated(world, program) => world.ended(program.pid),
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(&mut self, within: Duration) -> ExitStatus {
        let mut status = None;
        eventually("pontoon ends", within, || {
            status = self.has_ended();
            status.is_some()
        });
        if let Runs::Built(built) = &self.runs {
            // Children may keep the pipe open for longer; their output is not awaited.
            eventually("its log ends", PATIENCE, || built.has_logged_all());
        }
        status.expect("a status")
    }

    /// Panics unless it runs and answers.
    #[track_caller]
    pub fn expect_alive(&mut self, case: &str) {
        let ended = self.has_ended();
        assert!(ended.is_none(), "{case}: pontoon ended: {ended:?}\n{}", self.log());
        self.get("/livez").expect(200, case);
    }
}

impl Drop for Pontoon {
    fn drop(&mut self) {
        if let Runs::Built(built) = &mut self.runs {
            built.kill(&self.record);
        }
        if !thread::panicking() {
            return schema_check::expect_valid(&self.record);
        }
        let lines = self.lines();
        let tail = &lines[lines.len().saturating_sub(20)..];
        eprintln!("--- the last lines pontoon logged ---\n{}", tail.join("\n"));
    }
}
