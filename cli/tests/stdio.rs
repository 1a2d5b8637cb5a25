//! `pontoon stdio` from the client's point of view: a process with two pipes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(program: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pontoon"))
            .args(["stdio", program])
            .env("ECHO_MAX_MESSAGE_SIZE", "16MiB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Server { child, stdin, stdout }
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

    /// Returns the next answer, skipping other messages.
    fn answer(&mut self) -> Value {
        loop {
            let message = self.hear();
            if message.get("id").is_some() {
                return message;
            }
        }
    }

    /// Ends the input, and returns the rest of the output.
    fn end(mut self) -> String {
        drop(self.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_conversation_from_initialize_to_the_end_of_input() {
    let mut echo = Server::start("echo");
    echo.request(1, "initialize", &json!({"protocolVersion": "2025-06-18", "capabilities": {}}));
    assert_eq!(echo.hear()["result"]["protocolVersion"], "2025-06-18");
    echo.say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
    for (id, text) in [(2, "Echo count in session: 1"), (3, "Echo count in session: 2")] {
        let arguments = json!({"message": "hello", "uppercase": true});
        echo.request(id, "tools/call", &json!({"name": "echo", "arguments": arguments}));
        let answer = echo.answer();
        assert_eq!(answer["id"], id);
        let said = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(said.starts_with("HELLO\n") && said.ends_with(text), "{said}");
    }
    assert_eq!(echo.end(), "");
}

#[test]
fn both_eras_are_spoken_over_the_same_pipes() {
    let mut echo = Server::start("echo");
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    echo.request(1, "server/discover", &json!({ "_meta": meta }));
    assert_eq!(echo.hear()["result"]["supportedVersions"][0], "2026-07-28");
    echo.request(2, "tools/call", &json!({"name": "openSession", "_meta": meta}));
    let session = echo.hear()["result"]["structuredContent"]["session"].clone();
    for count in 1..3 {
        let arguments = json!({"message": "hello", "session": session});
        let params = json!({"name": "echo", "arguments": arguments, "_meta": meta});
        echo.request(3, "tools/call", &params);
        assert_eq!(echo.hear()["result"]["structuredContent"]["echo_count"], count);
    }
    echo.request(4, "initialize", &json!({"protocolVersion": "2025-06-18"}));
    assert_eq!(echo.hear()["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(echo.end(), "");
}

#[test]
fn lines_may_come_in_any_pieces() {
    let mut echo = Server::start("echo");
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
fn descriptors_that_do_not_block_are_waited_for() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let stdin = OwnedFd::from(theirs.try_clone().unwrap());
    let mut child = Command::new(env!("CARGO_BIN_EXE_pontoon"))
        .args(["stdio", "echo"])
        .stdin(stdin)
        .stdout(OwnedFd::from(theirs))
        .spawn()
        .unwrap();
    let message = "x".repeat(1 << 20);
    let params = json!({"name": "echo", "arguments": {"message": message}});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    writeln!(ours, "{call}").unwrap();
    ours.shutdown(Shutdown::Write).unwrap();
    let mut said = String::new();
    ours.read_to_string(&mut said).unwrap();
    let answer: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert!(answer["result"].to_string().contains(&message), "{} bytes", said.len());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_message_larger_than_every_buffer_comes_back_whole() {
    let mut echo = Server::start("echo");
    let message = "päck ".repeat(400_000);
    echo.request(1, "tools/call", &json!({"name": "echo", "arguments": {"message": message}}));
    let answer = echo.answer();
    let said = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(said.lines().next(), Some(message.as_str()));
}

#[test]
fn a_tool_is_told_how_the_machine_is() {
    let mut echo = Server::start("echo-stateless");
    echo.request(1, "tools/call", &json!({"name": "requestTiming", "arguments": {}}));
    let answer = echo.answer();
    let said = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(said.contains(&format!("Process ID: {}\n", echo.child.id())), "{said}");
}

#[test]
fn a_slow_call_tells_its_progress_while_others_are_answered() {
    let mut calculator = Server::start("calculator");
    let started = Instant::now();
    let params = json!({"name": "demo_progress", "_meta": {"progressToken": "t"}});
    calculator.request(1, "tools/call", &params);
    calculator.request(2, "ping", &json!({}));
    let heard: Vec<_> = (0..7).map(|_| calculator.hear()).collect();
    let progress = heard.iter().filter(|message| message["params"]["progressToken"] == "t");
    let progress: Vec<_> = progress.map(|it| it["params"]["progress"].as_f64().unwrap()).collect();
    assert_eq!(progress, [0.2, 0.4, 0.6, 0.8, 1.0]);
    let ids: Vec<_> = heard.iter().filter_map(|message| message["id"].as_u64()).collect();
    assert_eq!(ids, [2, 1], "the quick request does not wait for the slow one");
    assert!(started.elapsed() >= Duration::from_millis(800));
}

#[test]
fn the_end_of_input_ends_it_in_the_middle_of_a_slow_call() {
    let mut calculator = Server::start("calculator");
    let params = json!({"name": "demo_progress", "_meta": {"progressToken": 1}});
    calculator.request(1, "tools/call", &params);
    calculator.hear();
    assert!(!calculator.end().contains("\"result\""));
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
