//! `pontoon check`: starts a command behind an endpoint, tries it with a client of each era, and
//! reports problems.
//!
//! Never: a second implementation of the protocol; the endpoint is the one that `pontoon proxy`
//! serves, and its log has the command's mistakes.

mod client;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use pontoon_core::{
    ChildSpec, Config, Dropped, Era, Event, Level, Limits, Revision, Serves, escape_untrusted,
};
use pontoon_driver::{Options, Running};
use serde_json::{Value, json};

use self::client::{Answer, Client};
use crate::args::CheckArgs;
use crate::errors::{Failure, telling_line, wanted_variable};
use crate::runtime::RUNTIMES;
use crate::variables::Variables;
use crate::{command, listen};

/// Checks a command.
pub(crate) fn check(args: &CheckArgs, variables: &Variables) -> Result<ExitCode, Failure> {
    let child = command::resolve(&args.command, false, &args.env, variables)?;
    let shown = command::shown(&child);
    let listeners = listen::bind("127.0.0.1", 0, &mut Vec::new())?;
    let (tell, events) = mpsc::channel();
    let log = move |event: &Event| drop(tell.send(event.clone()));
    let config = config(child, args.startup_timeout);
    let options = Options { log: Arc::new(log), ..Options::new(config) };
    let running = (RUNTIMES[0].start)(listeners.into(), options)
        .map_err(|error| Failure::cannot_start(&error))?;
    let mut report = Report::new(args.startup_timeout);
    report.line("command", &shown, None);
    report.run(&running, &events);
    report.stop(running);
    report.note_events(&events);
    Ok(report.end())
}

fn config(child: ChildSpec, startup_timeout: Duration) -> Config {
    let limits = Limits {
        startup_time_max: startup_timeout,
        first_startup_time_max: startup_timeout,
        ..Limits::default()
    };
    let revisions = Revision::ALL.into();
    let log_level = Level::Debug;
    Config { limits, revisions, eager: true, log_level, ..Config::new(Serves::Command(child)) }
}

/// The findings; each step is printed as it ends.
struct Report {
    startup_timeout: Duration,
    problems: Vec<String>,
    noise: u64,
    strays: u64,
    /// The command's standard error.
    stderr: String,
    /// The status of its process, if it ended by itself.
    ended: Option<String>,
}

impl Report {
    fn new(startup_timeout: Duration) -> Self {
        let (problems, stderr) = (Vec::new(), String::new());
        Report { startup_timeout, problems, noise: 0, strays: 0, stderr, ended: None }
    }

    /// Prints a step, and its duration.
    fn line(&self, step: &str, text: &str, since: Option<Instant>) {
        let took = since
            .map_or(String::new(), |since| format!("  ({:.2} s)", since.elapsed().as_secs_f64()));
        // A reader that has closed the pipe needs no report.
        let _ = writeln!(io::stdout(), "{step:<11} {text}{took}");
    }

    /// Prints a step that failed.
    fn failed(&mut self, step: &str, why: &str, since: Instant) {
        self.line(step, &format!("failed: {why}"), Some(since));
        self.problems.push(format!("{step}: {why}"));
    }

    /// Tries the command with a client of each era.
    fn run(&mut self, running: &Running, events: &Receiver<Event>) {
        let client = Client::new(running.addr(), self.startup_timeout + Duration::from_secs(40));
        let Some(era) = self.find_era(events) else { return };
        self.run_legacy(&client);
        self.run_modern(&client, era);
    }

    /// Waits until the era of the command is known; `None` if it cannot be started.
    fn find_era(&mut self, events: &Receiver<Event>) -> Option<Era> {
        let since = Instant::now();
        while let Ok(event) = events.recv_timeout(self.startup_timeout) {
            if let Event::EraFound { era, .. } = event {
                let text = match era {
                    Era::Legacy => "up to 2025-11-25 (initialize)",
                    Era::Modern => "2026-07-28 (server/discover)",
                };
                self.line("era", text, Some(since));
                if era == Era::Legacy && since.elapsed() >= Duration::from_secs(4) {
                    self.line(
                        "",
                        "it did not answer server/discover; `pontoon proxy --child-era legacy` saves the wait",
                        None,
                    );
                }
                return Some(era);
            }
            let is_over = matches!(event, Event::ChildFailed { .. } | Event::ChildUnusable { .. });
            self.note(&event);
            if is_over {
                return None;
            }
        }
        self.failed("era", "the command did not start", since);
        None
    }

    fn run_legacy(&mut self, client: &Client) {
        let since = Instant::now();
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "pontoon-check", "version": env!("CARGO_PKG_VERSION")},
        });
        let opened = match client.legacy(None, "initialize", params) {
            Ok(opened) => opened,
            Err(why) => return self.failed("initialize", &why, since),
        };
        let info = &opened.result["serverInfo"];
        let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        let revision = word(&opened.result["protocolVersion"]);
        let text = format!("{} {}, {revision}", word(&info["name"]), word(&info["version"]));
        self.line("initialize", &escape_untrusted(text.as_bytes()), Some(since));
        if since.elapsed() > Duration::from_secs(10) {
            let text = "it takes more than 10 s to start: give `pontoon proxy` a longer \
                        --startup-timeout";
            self.problems.push(text.into());
        }
        let session = opened.session.as_deref();
        client.notify(session, "notifications/initialized");
        for list in ["tools", "prompts", "resources"] {
            if !opened.result["capabilities"][list].is_object() {
                self.line(list, "not offered", None);
                continue;
            }
            let since = Instant::now();
            let answer = client.legacy(session, &format!("{list}/list"), json!({}));
            self.listed(list, answer, since);
        }
        client.delete(session);
    }

    fn run_modern(&mut self, client: &Client, era: Era) {
        let since = Instant::now();
        let discovered = match client.modern("server/discover") {
            Ok(discovered) => discovered,
            Err(why) => return self.failed("2026-07-28", &why, since),
        };
        let how = match era {
            Era::Modern => "spoken by the command",
            Era::Legacy => "translated by pontoon",
        };
        self.line("2026-07-28", how, Some(since));
        if discovered.result["capabilities"]["tools"].is_object() {
            let since = Instant::now();
            let answer = client.modern("tools/list");
            self.listed("tools", answer, since);
        }
    }

    fn listed(&mut self, list: &str, answer: Result<Answer, String>, since: Instant) {
        match answer {
            Ok(answer) => {
                let count = answer.result[list].as_array().map_or(0, Vec::len);
                let more = if answer.result["nextCursor"].is_string() { " and more" } else { "" };
                self.line(list, &format!("{count}{more}"), Some(since));
            }
            Err(why) => self.failed(list, &why, since),
        }
    }

    fn stop(&mut self, running: Running) {
        let since = Instant::now();
        running.stopper().stop();
        let ended = running.wait();
        self.line("stopped", if ended.forced { "by force" } else { "in order" }, Some(since));
        if ended.forced || since.elapsed() > Duration::from_secs(4) {
            let text = "it does not end when its standard input is closed: it is killed";
            self.problems.push(text.into());
        }
    }

    fn note_events(&mut self, events: &Receiver<Event>) {
        for event in events.try_iter() {
            self.note(&event);
        }
    }

    /// Records an event of the endpoint about the command.
    fn note(&mut self, event: &Event) {
        match event {
            Event::ChildFailed { error, .. } => {
                self.problems.push(format!("the command could not be started: {error}"));
            }
            Event::ChildUnusable { status, .. }
            | Event::ChildEnded { status, asked: false, .. } => {
                self.ended = Some(status.to_string());
            }
            Event::ChildNoise { .. } => self.noise += 1,
            Event::ChildStderr { line, .. } => {
                self.stderr += &String::from_utf8_lossy(line);
                self.stderr.push('\n');
            }
            Event::Dropped { what: Dropped::UnknownAnswer, .. } => self.strays += 1,
            _ => {}
        }
    }

    /// Prints the problems.
    fn end(mut self) -> ExitCode {
        if let Some(status) = &self.ended {
            let why = telling_line(&self.stderr).unwrap_or("it wrote nothing to standard error");
            self.problems
                .push(format!("the process {status}: {}", escape_untrusted(why.as_bytes())));
        }
        if self.noise > 0 {
            let text = "lines on its standard output are not MCP: a server must write its log to \
                        standard error";
            self.problems.push(format!("{} {text}", self.noise));
        }
        if self.strays > 0 {
            let text = "answers have the id of no request";
            self.problems.push(format!("{} {text}", self.strays));
        }
        for problem in &self.problems {
            self.line("problem", problem, None);
        }
        if let Some(name) = wanted_variable(&self.stderr).filter(|_| !self.problems.is_empty()) {
            self.line("hint", &format!("it may need a variable: --env {name}=VALUE"), None);
        }
        if self.problems.is_empty() {
            self.line("result", "nothing is wrong", None);
        }
        ExitCode::from(u8::from(!self.problems.is_empty()))
    }
}
