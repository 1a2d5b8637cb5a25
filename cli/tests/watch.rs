//! `pontoon serve --watch`: the files whose changes are noticed.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use std::{env, fs, process, thread};

use serde_json::{Value, json};

const PONTOON: &str = env!("CARGO_BIN_EXE_pontoon");

/// The time that a change may take to be noticed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `pontoon serve --watch`, with the events of its log.
struct Site {
    child: Child,
    folder: PathBuf,
    events: Receiver<Value>,
}

impl Site {
    /// Serves `servers.json` of a folder that `fill` fills.
    fn start(name: &str, fill: impl FnOnce(&Path)) -> Site {
        let folder = env::temp_dir().join(format!("pontoon-watch-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        fill(&folder);
        let mut child = Command::new(PONTOON)
            .args(["serve", "--watch", "--port", "0", "--log-format", "json", "--config"])
            .arg(folder.join("servers.json"))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let (tell, events) = channel();
        thread::spawn(move || {
            for event in lines.filter_map(|line| line.parse().ok()) {
                let _ = tell.send(event);
            }
        });
        let site = Site { child, folder, events };
        site.expect("listening");
        site
    }

    /// Waits for an event of this name.
    #[track_caller]
    fn expect(&self, name: &str) -> Value {
        loop {
            let event = self.events.recv_timeout(PATIENCE);
            let event = event.unwrap_or_else(|_| panic!("no event {name}"));
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Waits for the next reload, which changes the state of the server.
    #[track_caller]
    fn expect_state(&self, state: &str) {
        self.expect("reloaded");
        let event = self.expect("server");
        assert_eq!(event["state"].as_str().unwrap().split(':').next(), Some(state), "{event}");
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The state of an entry that was served before its error.
const BROKEN: &str = "served as before this error";

/// Returns a file with one server, which has this `envFile`.
fn servers(env_file: &str) -> String {
    let entry = json!({"command": PONTOON, "args": ["stdio", "calculator"], "envFile": env_file});
    json!({"mcpServers": {"one": entry}}).to_string()
}

/// Replaces a file as editors do.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

#[test]
fn a_change_of_an_env_file_is_noticed() {
    let site = Site::start("env", |folder| {
        fs::write(folder.join("servers.json"), servers("app.env")).unwrap();
    });
    let file = site.folder.join("app.env");
    fs::write(&file, "NAME=value\n").unwrap();
    site.expect_state("served");
    replace(&file, "no assignment\n");
    site.expect_state(BROKEN);
    replace(&file, "NAME=other\n");
    site.expect_state("served");
    // The other file is watched now.
    replace(&site.folder.join("servers.json"), &servers("second.env"));
    site.expect_state(BROKEN);
    fs::write(site.folder.join("second.env"), "NAME=value\n").unwrap();
    site.expect_state("served");
}

#[test]
fn a_change_behind_links_is_noticed() {
    // A volume of Kubernetes: the names lead through `..data`, which is replaced as a whole.
    let site = Site::start("links", |folder| {
        for (version, env) in [("..1", "NAME=value\n"), ("..2", "no assignment\n")] {
            fs::create_dir(folder.join(version)).unwrap();
            fs::write(folder.join(version).join("servers.json"), servers("app.env")).unwrap();
            fs::write(folder.join(version).join("app.env"), env).unwrap();
        }
        symlink("..1", folder.join("..data")).unwrap();
        for name in ["servers.json", "app.env"] {
            symlink(Path::new("..data").join(name), folder.join(name)).unwrap();
        }
    });
    for (version, state) in [("..2", BROKEN), ("..1", "served")] {
        let new = site.folder.join("..data_tmp");
        symlink(version, &new).unwrap();
        fs::rename(new, site.folder.join("..data")).unwrap();
        site.expect_state(state);
    }
}

#[test]
fn a_change_of_a_token_file_is_noticed() {
    let site = Site::start("tokens", |folder| {
        let digest = "0".repeat(64);
        fs::write(folder.join("tokens"), format!("one {digest}\n")).unwrap();
        let servers: Value = servers("app.env").parse().unwrap();
        let text = json!({"pontoon": {"auth": {"tokenFile": "tokens"}}, "mcpServers": servers["mcpServers"]});
        fs::write(folder.join("app.env"), "").unwrap();
        fs::write(folder.join("servers.json"), text.to_string()).unwrap();
    });
    let file = site.folder.join("tokens");
    replace(&file, "one digest\n");
    let event = site.expect("reload_failed");
    assert!(event["error"].as_str().unwrap().contains("token"), "{event}");
    replace(&file, &format!("two {}\n", "1".repeat(64)));
    site.expect("reloaded");
}
