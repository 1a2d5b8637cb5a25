//! `pontoon proxy` from its start to its end, from the operator's point of view.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const PONTOON: &str = env!("CARGO_BIN_EXE_pontoon");

struct Proxy {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Proxy {
    fn start(words: &[&str]) -> Self {
        Proxy::run(&mut Command::new(PONTOON), words)
    }

    fn run(program: &mut Command, words: &[&str]) -> Self {
        Proxy::run_with(program, words, &[])
    }

    fn run_with(program: &mut Command, words: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = program
            .args(["proxy", "--port", "0"])
            .args(words)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Proxy { child, stderr }
    }

    /// Starts it with no signal ignored, though these tests may run under `nohup`.
    fn start_with_signals(words: &[&str]) -> Self {
        Proxy::run(Command::new("env").args(["--default-signal=HUP", PONTOON]), words)
    }

    /// Reads standard error up to a line that contains this.
    fn line_with(&mut self, part: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.stderr.read_line(&mut line).unwrap(), 0, "no line with {part}");
            if line.contains(part) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end, and returns the rest of standard error.
    fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn one_line_tells_where_it_listens_and_each_signal_ends_it() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut proxy = Proxy::start_with_signals(&[]);
        let line = proxy.line_with("listening");
        let addr = line.strip_prefix("pontoon listening on http://").unwrap();
        let addr = addr.strip_suffix("/mcp").unwrap();
        assert!(addr.starts_with("127.0.0.1:"), "{line}");
        TcpStream::connect(addr).unwrap();
        proxy.signal(signal);
        let (status, _) = proxy.end();
        assert_eq!(status.code(), Some(0), "{signal:?}");
    }
}

#[test]
fn the_url_is_shown_at_every_level_of_the_log() {
    for level in ["warning", "error"] {
        let mut proxy = Proxy::start(&["--log-level", level]);
        let line = proxy.line_with("");
        assert!(line.starts_with("pontoon listening on http://127.0.0.1:"), "{line}");
        proxy.signal(Signal::TERM);
        assert_eq!(proxy.end().1, "", "nothing else");
    }
    let (_, told) = Proxy::start(&["--quiet", "sh", "-c", "exit 1"]).end();
    assert!(!told.contains("listening"), "it was told to be quiet: {told}");
}

#[test]
fn in_json_every_line_is_an_object() {
    let mut proxy = Proxy::start(&["--log-format", "json", "--path", "/x"]);
    let line: serde_json::Value =
        serde_json::from_str(&proxy.line_with(r#""event":"listening""#)).unwrap();
    let url = line["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/x"), "{url}");
    assert_eq!(line["level"], "info");
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    proxy.signal(Signal::TERM);
    let (_, rest) = proxy.end();
    for line in rest.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

/// Waits until a log reports that its program listens.
fn listens(log: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(log).is_ok_and(|text| text.contains("INFO listening url=")) {
        assert!(Instant::now() < deadline, "nothing is logged");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_log_file_gets_what_quiet_keeps_from_standard_error() {
    let folder = std::env::temp_dir().join(format!("pontoon-proxy-{}", std::process::id()));
    let path = folder.join("made").join("pontoon.log");
    let proxy = Proxy::start(&["--quiet", "--log-file", path.to_str().unwrap()]);
    listens(&path);
    proxy.signal(Signal::TERM);
    let (status, said) = proxy.end();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_endpoint_that_strangers_reach_warns_even_when_quiet() {
    let mut proxy = Proxy::start(&["--quiet", "--host", "0.0.0.0"]);
    proxy.line_with("WARNING: 0.0.0.0:");
    proxy.line_with("--allow-host");
    proxy.signal(Signal::TERM);
    let log = std::env::temp_dir().join(format!("pontoon-quiet-{}.log", std::process::id()));
    let proxy = Proxy::start(&[
        "--quiet",
        "--host=0.0.0.0",
        "--allow-host=mcp.example",
        &format!("--log-file={}", log.display()),
    ]);
    listens(&log);
    proxy.signal(Signal::TERM);
    let (status, said) = proxy.end();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    fs::remove_file(log).unwrap();
}

#[test]
fn a_command_that_ends_at_once_ends_it_with_its_last_words() {
    let script = "echo starting >&2; echo 'no module named x' >&2; exit 3";
    let proxy = Proxy::start(&["--quiet", "sh", "-c", script]);
    let (status, said) = proxy.end();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("error: the wrapped command exited with status 3"), "{said}");
    assert!(said.contains("no module named x"), "{said}");
    assert!(said.contains("  hint: run it by itself: sh -c 'echo starting"), "{said}");
}

#[test]
fn signals_at_once_are_one_wish_and_a_later_one_is_another() {
    // Neither the end of its input nor SIGTERM ends it, so the endpoint waits for it.
    let stubborn = "trap '' TERM; cat; sleep 60";
    let mut proxy = Proxy::start(&["--log-format", "json", "sh", "-c", stubborn]);
    proxy.line_with("child_started");
    // Both are pending when it continues.
    for signal in [Signal::STOP, Signal::TERM, Signal::INT, Signal::CONT] {
        proxy.signal(signal);
    }
    proxy.line_with("draining");
    thread::sleep(Duration::from_millis(300));
    assert!(proxy.child.try_wait().unwrap().is_none(), "it was stopped by force");
    let line: serde_json::Value = serde_json::from_str(&proxy.line_with("still_stopping")).unwrap();
    assert_eq!(line["processes"], 1);
    proxy.signal(Signal::TERM);
    let (status, said) = proxy.end();
    assert_eq!(status.code(), Some(1), "{said}");
}

#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    // As `nohup` starts a program.
    let script = "trap '' HUP; exec \"$0\" proxy --port 0";
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_pontoon")])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut proxy = Proxy { child, stderr };
    let line = proxy.line_with("listening");
    let addr = line.strip_prefix("pontoon listening on http://").unwrap();
    let addr = addr.strip_suffix("/mcp").unwrap().to_owned();
    proxy.signal(Signal::HUP);
    thread::sleep(Duration::from_millis(300));
    TcpStream::connect(addr).unwrap();
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.end().0.code(), Some(0));
}

#[test]
fn an_entry_that_allows_nothing_is_named() {
    let mut proxy = Proxy::start(&["--allow-origin", "https://example.com:99999"]);
    let line = proxy.line_with("allows nothing");
    assert!(line.contains("https://example.com:99999"), "{line}");
}

/// Returns a new directory.
fn folder(test: &str) -> std::path::PathBuf {
    let name = format!("pontoon-proxy-{test}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Starts a proxy in this directory; returns its output up to the line with its address.
fn said_in(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> (Proxy, String) {
    let mut program = Command::new(PONTOON);
    program.current_dir(folder);
    let mut proxy = Proxy::run_with(&mut program, words, variables);
    let mut said = String::new();
    while !said.contains("pontoon listening on") {
        assert_ne!(proxy.stderr.read_line(&mut said).unwrap(), 0, "it does not listen: {said}");
    }
    (proxy, said)
}

#[test]
fn a_file_in_the_working_directory_opens_nothing_and_is_named() {
    let folder = folder("env");
    let file = "MCP_BIND_HOST=0.0.0.0\nMCP_ALLOW_HOST=*\nMCP_ENV=SECRET=s3cret\nLOG_FILE=app.log\n\
                MCP_PATH=/x\nMCP_PROT=1\nbroken\n";
    fs::write(folder.join(".env"), file).unwrap();
    let command = ["sh", "-c", "echo \"it has <$SECRET>\" >&2; cat"];
    let (mut proxy, said) = said_in(&folder, &command, &[]);
    assert!(said.contains("settings from .env: MCP_PATH\n"), "{said}");
    let passed_over = "warning: MCP_BIND_HOST, MCP_ALLOW_HOST, MCP_ENV, LOG_FILE in .env not used";
    assert!(said.contains(passed_over), "{said}");
    assert!(said.contains("warning: line 7 of .env not used"), "{said}");
    assert!(said.contains("hint: did you mean MCP_PORT?"), "{said}");
    assert!(said.contains("listening on http://127.0.0.1:") && said.contains("/x\n"), "{said}");
    assert!(!said.contains("bound to") && !said.contains("s3cret"), "{said}");
    if !said.contains("it has <>") {
        proxy.line_with("it has <>");
    }
    drop(proxy);
    assert!(!folder.join("app.log").exists());

    let words = [&["--env-file", ".env"][..], &command].concat();
    let (mut proxy, said) = said_in(&folder, &words, &[]);
    assert!(said.contains("(bound to 0.0.0.0:"), "{said}");
    assert!(said.contains("WARNING: 0.0.0.0:"), "{said}");
    if !said.contains("it has <s3cret>") {
        proxy.line_with("it has <s3cret>");
    }
    drop(proxy);
    assert!(folder.join("app.log").exists());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_folder_or_a_pipe_of_that_name_does_not_keep_it_from_starting() {
    let folder = folder("env-odd");
    fs::create_dir(folder.join(".env")).unwrap();
    let (_proxy, said) = said_in(&folder, &[], &[]);
    assert!(!said.contains(".env"), "{said}");
    fs::remove_dir(folder.join(".env")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.join(".env")).status().unwrap().success());
    let (_proxy, said) = said_in(&folder, &[], &[]);
    assert!(
        said.contains("warning: .env in the working directory is not read: it is not a"),
        "{said}"
    );
    // A named pipe is waited for.
    let path = folder.join(".env");
    let writer = thread::spawn(move || fs::write(path, "MCP_PATH=/piped\n").unwrap());
    let (_proxy, said) = said_in(&folder, &["--env-file", ".env"], &[]);
    assert!(said.starts_with("pontoon: reading .env\n") && said.contains("/piped\n"), "{said}");
    writer.join().unwrap();
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_service_of_kubernetes_does_not_keep_it_from_starting() {
    let folder = folder("service");
    let service = [("MCP_PATH", "/x"), ("MCP_PORT", "tcp://10.96.12.7:3000")];
    let (_proxy, said) = said_in(&folder, &[], &service);
    assert!(said.contains("warning: MCP_PORT holds the address of a Kubernetes service"), "{said}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_variable_for_the_command_that_is_not_set_is_named() {
    let folder = folder("unset");
    let (_proxy, said) = said_in(&folder, &["--env", "ACME_API_KEY", "cat"], &[]);
    assert!(said.contains("warning: --env ACME_API_KEY: ACME_API_KEY is not set"), "{said}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_hangup_opens_a_renamed_log_file_again() {
    let folder = folder("rotate");
    let (log, old) = (folder.join("pontoon.log"), folder.join("pontoon.log.1"));
    let proxy = Proxy::start_with_signals(&["--log-file", log.to_str().unwrap()]);
    listens(&log);
    fs::rename(&log, &old).unwrap();
    proxy.signal(Signal::HUP);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(&log).is_ok_and(|text| text.contains("log file reopened")) {
        assert!(Instant::now() < deadline, "the file is not reopened");
        thread::sleep(Duration::from_millis(10));
    }
    proxy.signal(Signal::TERM);
    let (status, _) = proxy.end();
    assert_eq!(status.code(), Some(0));
    assert!(fs::read_to_string(&log).unwrap().contains("stopped"));
    assert!(!fs::read_to_string(&old).unwrap().contains("stopped"));
    fs::remove_dir_all(folder).unwrap();
}

/// Returns the output of a proxy on a terminal; it wraps this script and is ended after a while.
fn at_a_terminal(script: &str) -> String {
    let program = format!("exec {PONTOON} proxy --port 0 sh -c '{script}'");
    let output = Command::new("timeout")
        .args(["--signal=INT", "20", "script", "-qec", &program, "/dev/null"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_command_that_fails_is_told_without_a_banner() {
    let said = at_a_terminal("echo bad luck >&2; exit 3");
    assert!(said.contains("error: the wrapped command exited with status 3"), "{said}");
    assert!(said.contains("why: it wrote: bad luck"), "{said}");
    assert!(!said.contains("claude mcp add"), "{said}");
}

#[test]
fn the_banner_comes_when_the_first_process_has_answered() {
    let said = at_a_terminal(&format!("(sleep 6; kill -INT $PPID) & exec {PONTOON} stdio echo"));
    let (banner, era) = (said.find("claude mcp add"), said.find("era of the command found"));
    assert!(banner.is_some() && era.is_some() && era < banner, "{said}");
}
