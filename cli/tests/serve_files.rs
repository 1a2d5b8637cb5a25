//! `pontoon serve` with the files of `config/tests/data`, for real: it serves what `config check` says
//! that it would serve.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use serde_json::Value;

/// The programs that have a stand-in.
const STUBS: [&str; 8] =
    ["docker", "node", "npx", "pilot-mcp", "podman", "soundings-mcp", "uv", "uvx"];

const PONTOON: &str = env!("CARGO_BIN_EXE_pontoon");

/// A folder with a copy of the files, and stand-ins for the programs that they name.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = env::temp_dir().join(format!("pontoon-serve-{}", std::process::id()));
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/tests/data");
        copy(&data, &folder.join("data"));
        let bin = folder.join("bin");
        fs::create_dir_all(&bin).unwrap();
        for name in STUBS {
            let file = bin.join(name);
            fs::write(&file, format!("#!/bin/sh\nexec '{PONTOON}' stdio echo\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Folder(folder)
    }

    fn pontoon(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PONTOON);
        command.args(words).current_dir(self.0.join("data")).env_clear();
        command.env("PATH", format!("{}:/usr/bin:/bin", self.0.join("bin").display()));
        for (name, value) in [
            ("HOME", "/home/keeper"),
            ("HARBOUR_HOST", "harbour.example.com"),
            ("HARBOUR_PORT", "7411"),
            ("HARBOUR_EMPTY", ""),
            ("HARBOUR_PATTERN", "${HARBOUR_HOST}-x"),
            ("HARBOUR_TOKEN", "CANARY-ENV-0001"),
            ("HARBOUR_RUNNER", "node"),
        ] {
            command.env(name, value);
        }
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// A running program, killed at the end of its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a request, and returns the status and the body.
fn ask(addr: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(addr).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Returns the state of each entry that has a path, and whether its command is a stand-in, as
/// `config check` shows them.
fn checked(shown: &str) -> BTreeMap<String, (&'static str, bool)> {
    let mut entries = BTreeMap::new();
    let mut last = String::new();
    for line in shown.lines().take_while(|line| !line.is_empty()) {
        if let Some(command) = line.strip_prefix("  command: ") {
            let is_stub = command.split(' ').next().is_some_and(|word| STUBS.contains(&word));
            if let Some((_, stub)) = entries.get_mut(&last) {
                *stub = is_stub;
            }
        } else if let Some((name, _)) = line.split_once(": served at ") {
            last = name.to_owned();
            entries.insert(last.clone(), ("served", false));
        } else if let Some(name) = line.strip_suffix(": broken") {
            entries.insert(name.to_owned(), ("broken", false));
        }
    }
    entries
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}"#;

#[test]
fn what_config_check_shows_is_served() {
    let folder = Folder::new();
    let mut files: Vec<_> =
        fs::read_dir(folder.0.join("data")).unwrap().map(Result::unwrap).collect();
    files.sort_by_key(fs::DirEntry::file_name);
    let (mut served, mut broken, mut unusable, mut answered) = (0, 0, 0, 0);
    for file in files.iter().filter(|file| file.file_type().unwrap().is_file()) {
        let name = file.file_name().into_string().unwrap();
        if !name.starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        let check = folder.pontoon(&["config", "check", &name]).output().unwrap();
        let shown = String::from_utf8(check.stdout).unwrap();
        let words = ["serve", "--port", "0", "--log-format", "json", "--config", &name];
        let mut command = folder.pontoon(&words);
        let mut child = Running(command.stderr(Stdio::piped()).spawn().unwrap());
        let mut lines = BufReader::new(child.0.stderr.take().unwrap());
        if shown.contains("a file cannot be used") {
            let mut error = String::new();
            lines.read_to_string(&mut error).unwrap();
            assert_eq!(child.0.wait().unwrap().code(), Some(1), "{name}: {error}");
            assert!(error.contains(&format!("{name}:")) && error.contains(": error: "), "{error}");
            unusable += 1;
            continue;
        }
        let mut line = String::new();
        let addr = loop {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "{name}: it ended");
            let Ok(event) = line.parse::<Value>() else { continue };
            if event["event"] == "listening" {
                break event["address"].as_str().unwrap().to_owned();
            }
        };
        let (status, list) = ask(&addr, "GET", "/", "");
        assert_eq!(status, 200, "{name}: {list}");
        let list: Value = list.parse().unwrap();
        let entries = checked(&shown);
        let found = list["servers"].as_array().unwrap();
        assert_eq!(found.len(), entries.len(), "{name}: {list}\n{shown}");
        for server in found {
            let own = server["name"].as_str().unwrap();
            let Some((state, is_stub)) = entries.get(own) else { continue };
            let is_broken = server["state"] == "broken";
            assert_eq!(is_broken, *state == "broken", "{name}: {server}\n{shown}");
            let path = server["path"].as_str().unwrap_or_default();
            if is_broken {
                broken += 1;
                if path.len() > "//mcp".len() {
                    assert_eq!(ask(&addr, "POST", path, INITIALIZE).0, 503, "{name} {server}");
                }
                continue;
            }
            served += 1;
            if *is_stub {
                let (status, body) = ask(&addr, "POST", path, INITIALIZE);
                answered += usize::from(status == 200);
                assert!(!body.contains("CANARY"), "{name} {server}: {body}");
            }
        }
    }
    assert!(
        served > 30 && broken > 20 && unusable > 3 && answered > 10,
        "served {served}, broken {broken}, unusable {unusable}, answered {answered}"
    );
}
