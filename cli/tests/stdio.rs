//! `pontoon stdio echo` as a client sees it: a process with two pipes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

struct Echo {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Echo {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pontoon"))
            .args(["stdio", "echo"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Echo { child, stdin, stdout }
    }

    fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stdin.as_mut().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    fn request(&mut self, id: u64, method: &str, params: &Value) {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.say(format!("{request}\n"));
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Ends the input, and returns what is left of the output.
    fn end(mut self) -> String {
        drop(self.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_conversation_from_initialize_to_the_end_of_input() {
    let mut echo = Echo::start();
    echo.request(1, "initialize", &json!({"protocolVersion": "2025-06-18", "capabilities": {}}));
    assert_eq!(echo.hear()["result"]["protocolVersion"], "2025-06-18");
    echo.say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
    echo.request(2, "tools/call", &json!({"name": "add", "arguments": {"a": 2, "b": 3}}));
    let answer = echo.hear();
    assert_eq!(
        (&answer["id"], &answer["result"]["structuredContent"]),
        (&json!(2), &json!({"sum": 5}))
    );
    assert_eq!(echo.end(), "");
}

#[test]
fn lines_may_come_in_any_pieces() {
    let mut echo = Echo::start();
    let ping = |id: u64| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\r\n");
    echo.say([ping(1), ping(2), ping(3)[..20].to_owned()].concat());
    assert_eq!(echo.hear()["id"], 1);
    assert_eq!(echo.hear()["id"], 2);
    echo.say(&ping(3)[20..]);
    assert_eq!(echo.hear()["id"], 3);
    // The last line of a file may have no end.
    echo.say(ping(4).trim_end());
    assert!(echo.end().starts_with(r#"{"jsonrpc":"2.0","id":4"#));
}

#[test]
fn a_message_larger_than_every_buffer_comes_back_whole() {
    let mut echo = Echo::start();
    let message = "päck ".repeat(400_000);
    echo.request(1, "tools/call", &json!({"name": "echo", "arguments": {"message": message}}));
    assert_eq!(echo.hear()["result"]["content"][0]["text"], message);
}

#[test]
fn a_slow_call_tells_its_progress_while_others_are_answered() {
    let mut echo = Echo::start();
    let started = Instant::now();
    let arguments = json!({"steps": 2, "interval_ms": 150});
    let meta = json!({"progressToken": "t"});
    let params = json!({"name": "slow", "arguments": arguments, "_meta": meta});
    echo.request(1, "tools/call", &params);
    echo.request(2, "ping", &json!({}));
    assert_eq!(echo.hear()["id"], 2);
    for step in 1..=2 {
        assert_eq!(echo.hear()["params"]["progress"], step);
    }
    assert_eq!(echo.hear()["method"], "notifications/message");
    assert_eq!(echo.hear()["id"], 1);
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[test]
fn the_end_of_input_ends_it_in_the_middle_of_a_slow_call() {
    let mut echo = Echo::start();
    let arguments = json!({"steps": 100, "interval_ms": 10_000});
    echo.request(1, "tools/call", &json!({"name": "slow", "arguments": arguments}));
    let started = Instant::now();
    assert_eq!(echo.end(), "");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_client_that_does_not_listen_any_more_is_no_error() {
    let (listener, stdout) = std::io::pipe().unwrap();
    drop(listener);
    let mut child = Command::new(env!("CARGO_BIN_EXE_pontoon"))
        .args(["stdio", "echo"])
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ping = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    child.stdin.as_mut().unwrap().write_all(ping).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
