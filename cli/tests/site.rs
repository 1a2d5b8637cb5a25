//! The paths that speak for all servers of `pontoon serve`, on every runtime that is built in.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, process};

use serde_json::{Value, json};

const PONTOON: &str = env!("CARGO_BIN_EXE_pontoon");

/// A running `pontoon serve`.
struct Site {
    child: Child,
    folder: PathBuf,
    /// The address for clients, and that of `--admin`.
    addr: String,
    admin: String,
}

impl Site {
    /// Serves a file with two calculators, one of them with a name like HTML, and a broken entry.
    fn start(runtime: &str) -> Site {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("pontoon-site-{}-{number}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("mcp.json");
        let calculator = json!({"command": PONTOON, "args": ["stdio", "calculator"]});
        let broken = json!({"command": "no-such-program-of-this-test"});
        let servers = json!({"one": calculator, "<b>\"two\"": calculator, "lost": broken});
        let text = json!({"pontoon": {"admin": "127.0.0.1:0"}, "mcpServers": servers});
        fs::write(&file, text.to_string()).unwrap();
        let mut child = Command::new(PONTOON)
            .args(["serve", "--port", "0", "--log-format", "json", "--runtime", runtime])
            .arg("--config")
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let listening = lines.find(|line| line.contains("\"event\":\"listening\"")).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let listening: Value = listening.parse().unwrap();
        let addr = |field: &str| listening[field].as_str().unwrap().replace("http://", "");
        let (addr, admin) = (addr("url"), addr("admin"));
        Site { child, folder, addr, admin }
    }

    /// Calls a tool of the server at this path.
    fn call(&self, path: &str) -> (u16, String) {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "calculate",
            "arguments": {"a": 1, "b": 2, "op": "add"},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        }});
        let headers = "Content-Type: application/json\r\nAccept: application/json, \
            text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\n\
            Mcp-Name: calculate\r\n";
        send(&self.addr, &format!("POST {path}"), headers, &call.to_string())
    }

    fn get(&self, path: &str) -> (u16, String) {
        send(&self.admin, &format!("GET {path}"), "", "")
    }

    fn list(&self) -> Value {
        let (status, body) = self.get("/");
        assert_eq!(status, 200, "{body}");
        body.parse().unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Sends a request on a connection of its own; returns the status and the body.
fn send(addr: &str, line: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(addr).unwrap();
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

fn runtimes() -> Vec<String> {
    let version = Command::new(PONTOON).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let (_, names) = version.split_once("(runtimes: ").unwrap();
    names.split_once(')').unwrap().0.split(", ").map(str::to_owned).collect()
}

#[test]
fn one_page_speaks_for_all_servers() {
    for runtime in runtimes() {
        let site = Site::start(&runtime);
        let list = site.list();
        let states: Vec<_> = list["servers"].as_array().unwrap().iter().collect();
        let state =
            |name: &str| states.iter().find(|it| it["name"] == name).unwrap()["state"].clone();
        assert_eq!((state("one"), state("<b>\"two\"")), (json!("idle"), json!("idle")));
        assert_eq!(state("lost"), "broken");
        assert_eq!(list["origin"], format!("http://{}", site.addr));

        let (status, body) = site.call("/one/mcp");
        assert_eq!(status, 200, "{runtime}: {body}");
        let list = site.list();
        let requests = |at: usize| list["servers"][at]["requests"].as_u64();
        let one = list["servers"].as_array().unwrap().iter().position(|it| it["name"] == "one");
        assert_eq!(requests(one.unwrap()), Some(1), "{list}");
        assert_eq!(list["servers"][one.unwrap()]["state"], "running");

        let (status, health) = site.get("/health");
        let health: Value = health.parse().unwrap();
        assert_eq!((status, &health["status"]), (200, &json!("degraded")));
        let (status, ready) = site.get("/readyz");
        assert!(status == 200 && ready.starts_with("ok\nlost: "), "{status} {ready}");
        assert_eq!(send(&site.addr, "GET /livez", "", ""), (200, "ok\n".to_owned()));
        assert_eq!(send(&site.addr, "GET /metrics", "", "").0, 404);
    }
}

#[test]
fn metrics_name_the_server_and_announce_each_family_once() {
    for runtime in runtimes() {
        let site = Site::start(&runtime);
        assert_eq!(site.call("/one/mcp").0, 200);
        let (status, metrics) = site.get("/metrics");
        assert_eq!(status, 200, "{metrics}");
        for line in [
            "pontoon_reload_failed 0",
            "pontoon_server_ready{server=\"one\"} 1",
            "pontoon_server_ready{server=\"<b>\\\"two\\\"\"} 1",
            "pontoon_server_ready{server=\"lost\"} 0",
            "pontoon_children_started_total{server=\"one\"} 1",
            "pontoon_children_started_total{server=\"<b>\\\"two\\\"\"} 0",
        ] {
            assert!(metrics.lines().any(|it| it == line), "{runtime}: {line} in {metrics}");
        }
        let mut announced: Vec<_> =
            metrics.lines().filter(|line| line.starts_with("# TYPE ")).collect();
        let count = announced.len();
        announced.sort_unstable();
        announced.dedup();
        assert_eq!(announced.len(), count, "{metrics}");
        let mut family = "";
        for line in metrics.lines() {
            match line.strip_prefix("# TYPE ") {
                Some(announced) => family = announced.split(' ').next().unwrap(),
                None => assert!(line.starts_with(['#']) || line.starts_with(family), "{line}"),
            }
        }
        assert_eq!(metrics.matches("\nprocess_resident_memory_bytes ").count(), 1);
    }
}
