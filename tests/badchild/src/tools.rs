//! The tools: one misdeed each, and a few honest ones to measure it by.

use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::{env, process, thread};

use rustix::process::Signal;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::server::{Server, null};
use crate::{LIFETIME, flood_stderr, open_fds};

/// What each tool does with its arguments.
const TOOLS: [(&str, &str); 31] = [
    ("argv", "the command line, each argument in hexadecimal"),
    ("ask", "{method, params, id}: asks the client and returns its answer"),
    ("ask_later", "{method, params, id, ms}: the same, after this call is over; see answers"),
    ("answers", "answers of the client that no call waits for"),
    ("big", "{bytes}: a text of this many bytes"),
    ("cancelled", "the ids of cancelled requests"),
    ("close_stdout", "closes standard output, and lives on"),
    ("crash", "{code | signal}: ends without an answer"),
    ("deep", "{depth}: an answer nested this deep"),
    ("duplicate", "answers twice"),
    ("echo", "{text, ms}: returns it after that time"),
    ("env", "the environment"),
    ("fds", "the open file descriptors"),
    ("flood", "{bytes}: log notifications of this many bytes, then the answer"),
    ("garbled", "an endless line"),
    ("hang", "never answers"),
    ("ignore_stdin", "answers, and reads nothing any more"),
    ("late", "{ms}: answers after that time, cancelled or not"),
    ("list_changed", "{ms}: answers, and sends list_changed after that time"),
    ("log", "{ms, text}: answers, and sends a log message after that time"),
    ("lone_surrogate", "an answer with half a surrogate pair"),
    ("newlines", "an answer with spaces, tabs and carriage returns between its tokens"),
    ("noise", "lines that are no message, then the answer"),
    ("partial", "{ms}: half the answer, a pause, the other half"),
    ("partial_exit", "half an answer, then exit 0"),
    ("pid", "the process id"),
    ("progress", "{n, ms}: n progress notifications that far apart, then the answer"),
    ("raw", "returns its arguments as structuredContent, byte for byte"),
    ("sleep", "{ms}: answers after that time, unless cancelled"),
    ("stderr", "{bytes, lines}: writes to standard error"),
    ("wrong_id", "an answer for an id nobody used, then the right one"),
];

#[derive(Deserialize)]
struct Call<'a> {
    name: String,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
}

/// The answer to `tools/list`.
pub(crate) fn list() -> Value {
    let tools: Vec<_> = TOOLS
        .iter()
        .map(|(name, text)| {
            json!({"name": name, "description": text, "inputSchema": {"type": "object"}})
        })
        .collect();
    json!({"tools": tools})
}

/// Carries out `tools/call` on a thread of its own.
pub(crate) fn call(server: &Arc<Server>, id: &str, params: &str) {
    let server = Arc::clone(server);
    let (id, params) = (id.to_owned(), params.to_owned());
    let run = move || match serde_json::from_str::<Call<'_>>(&params) {
        Ok(call) => run(&server, &id, &call),
        Err(error) => server.error(&id, -32602, &error.to_string()),
    };
    thread::spawn(run);
}

fn run(server: &Server, id: &str, call: &Call<'_>) {
    let raw = call.arguments.map_or("{}", RawValue::get);
    let arguments: Value = raw.parse().unwrap_or(Value::Null);
    let number = |key: &str| arguments[key].as_u64().unwrap_or(0);
    let pause = Duration::from_millis(number("ms"));
    let bytes = number("bytes") as usize;
    let answer = |answer: &str| server.result(id, &text(answer));
    match call.name.as_str() {
        "argv" => answer(&argv().to_string()),
        "ask" => ask(server, id, &arguments),
        "ask_later" => {
            answer("asking");
            ask_later(server, &arguments, pause);
        }
        "answers" => answer(&json!(*server.stray.lock().unwrap()).to_string()),
        "big" => answer(&"b".repeat(bytes)),
        "cancelled" => answer(&json!(server.cancelled()).to_string()),
        "close_stdout" => rustix::stdio::dup2_stdout(null()).expect("standard output closes"),
        "crash" => crash(&arguments),
        "deep" => deep(server, id, number("depth") as usize),
        "duplicate" => {
            answer("once");
            answer("twice");
        }
        "echo" => {
            thread::sleep(pause);
            answer(arguments["text"].as_str().unwrap_or_default());
        }
        "env" => answer(&environment().to_string()),
        "fds" => answer(&json!(open_fds()).to_string()),
        "flood" => {
            server.flood(bytes);
            answer("flooded");
        }
        "garbled" => garble(server),
        "hang" => thread::sleep(LIFETIME),
        "ignore_stdin" => {
            server.deaf.store(true, Ordering::Relaxed);
            answer("deaf");
        }
        "late" => {
            thread::sleep(pause);
            answer("late");
        }
        "list_changed" => {
            answer("will change");
            thread::sleep(pause);
            server.send(&json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}));
        }
        "log" => {
            answer("will log");
            thread::sleep(pause);
            let params = json!({"level": "info", "logger": "badchild", "data": arguments["text"]});
            server.send(
                &json!({"jsonrpc": "2.0", "method": "notifications/message", "params": params}),
            );
        }
        "lone_surrogate" => server.result(id, r#"{"content":[],"note":"\ud800"}"#),
        "newlines" => server.line(&format!(
            "{{ \"jsonrpc\" :\t\"2.0\" , \"id\" : {id} ,\r \"result\" : {{ \"content\" : [ ] }} }} "
        )),
        "noise" => {
            server.write(b"not JSON\n\n   \n[1,2,3]\nnull\n\xff\xfe\n{\"jsonrpc\":\"2.0\"}\n");
            answer("after the noise");
        }
        "partial" => partial(server, id, pause),
        "partial_exit" => {
            server.write(format!(r#"{{"jsonrpc":"2.0","id":{id},"#).as_bytes());
            process::exit(0);
        }
        "pid" => answer(&process::id().to_string()),
        "progress" => {
            let token = call.meta.as_ref().and_then(|meta| meta.progress_token);
            progress(server, id, token.map(RawValue::get), number("n"), pause);
        }
        "raw" => server.result(id, &format!(r#"{{"content":[],"structuredContent":{raw}}}"#)),
        "sleep" => {
            if !server.wait(id, pause) {
                answer("slept");
            }
        }
        "stderr" => {
            flood_stderr(bytes, arguments["lines"] == true);
            answer("written");
        }
        "wrong_id" => {
            server.result("987654321", &text("wrong"));
            server.result("\"never used\"", &text("wrong"));
            answer("right");
        }
        unknown => server.error(id, -32602, &format!("Unknown tool: {unknown}")),
    }
}

/// A result whose content is one text.
fn text(text: &str) -> String {
    json!({"content": [{"type": "text", "text": text}]}).to_string()
}

fn argv() -> Value {
    let hex = |arg: std::ffi::OsString| -> String {
        arg.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    };
    env::args_os().skip(1).map(hex).collect()
}

fn environment() -> Value {
    env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), json!(value.to_string_lossy())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn ask(server: &Server, id: &str, arguments: &Value) {
    let method = arguments["method"].as_str().unwrap_or("ping");
    match server.ask(&arguments["id"], method, &arguments["params"]) {
        Some(line) => server.result(id, &text(&line)),
        None => server.error(id, -32000, "the client did not answer"),
    }
}

fn ask_later(server: &Server, arguments: &Value, pause: Duration) {
    thread::sleep(pause);
    let method = arguments["method"].as_str().unwrap_or("ping");
    if let Some(line) = server.ask(&arguments["id"], method, &arguments["params"]) {
        server.stray.lock().unwrap().push(line);
    }
}

fn crash(arguments: &Value) {
    if let Some(signal) = arguments["signal"].as_i64() {
        let signal = Signal::from_named_raw(signal as i32).expect("a signal");
        // The handler that Rust installs to report stack overflows swallows the first SIGSEGV.
        loop {
            rustix::process::kill_process(rustix::process::getpid(), signal).expect("a signal");
            thread::sleep(Duration::from_millis(5));
        }
    }
    process::exit(arguments["code"].as_i64().unwrap_or(1) as i32);
}

fn deep(server: &Server, id: &str, depth: usize) {
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    server.result(id, &format!(r#"{{"content":[],"deep":{nested}}}"#));
}

fn garble(server: &Server) {
    loop {
        server.write(&[b'g'; 64 * 1024]);
    }
}

fn partial(server: &Server, id: &str, pause: Duration) {
    let result = text("in two parts");
    let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}\n");
    let (head, tail) = line.split_at(line.len() / 2);
    server.write(head.as_bytes());
    thread::sleep(pause);
    server.write(tail.as_bytes());
}

fn progress(server: &Server, id: &str, token: Option<&str>, n: u64, pause: Duration) {
    for step in 1..=n {
        if let Some(token) = token {
            server.line(&format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{step},"total":{n}}}}}"#
            ));
        }
        if server.wait(id, pause) {
            return;
        }
    }
    server.result(id, &text("done"));
}
