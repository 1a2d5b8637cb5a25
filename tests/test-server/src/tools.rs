//! The tools: one fault each, and a few correct ones for comparison.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::call::{Call, text};
use crate::questions::{self, Ask};
use crate::server::Server;
use crate::{LIFETIME, System};

/// The names and descriptions of the tools.
const TOOLS: [(&str, &str); 38] = [
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
    ("hang", "never answers"),
    ("hush", "ends every subscription of the modern era"),
    ("ignore_stdin", "answers, and reads nothing any more"),
    ("last_words", "{text}: returns it, and exits with status 0"),
    ("late", "{ms}: answers, that time after it was cancelled"),
    ("list_changed", "{what, ms}: answers, and says that list to have changed after that time"),
    ("log", "{ms, text}: answers, and sends a log message after that time"),
    ("lone_surrogate", "an answer with half a surrogate pair"),
    ("mislabelled", "nothing; its header has no name"),
    ("newlines", "an answer with spaces, tabs and carriage returns between its tokens"),
    ("noise", "lines that are no message, then the answer"),
    ("partial", "{ms}: half the answer, a pause, the other half"),
    ("partial_exit", "half an answer, then exit 0"),
    ("pid", "the process id"),
    ("progress", "{n, ms}: n progress notifications that far apart, then the answer"),
    ("raw", "returns its arguments as structuredContent, byte for byte"),
    ("region", "{region}: returns it; a header repeats it"),
    ("report", "{levels, ms}: a log message of each level, then the answer"),
    ("rounds", "{rounds, ms}: asks all {id, method, params} of a round, and then the next"),
    ("sleep", "{ms}: answers after that time, unless cancelled"),
    ("stderr", "{bytes, lines}: writes to standard error"),
    ("updated", "{uri, ms}: answers, and says that resource to have changed after that time"),
    ("write", "{head, fill, tail, times, last}: writes bytes in place of an answer"),
    ("wrong_id", "an answer with an unknown id, then the right one"),
];

/// The answer to `tools/list`.
pub(crate) fn list() -> Value {
    let tools: Vec<_> = TOOLS
        .iter()
        .map(|(name, text)| json!({"name": name, "description": text, "inputSchema": schema(name)}))
        .collect();
    json!({"tools": tools})
}

fn schema(tool: &str) -> Value {
    let header = match tool {
        "mislabelled" => "",
        "region" => "Region",
        _ => return json!({"type": "object"}),
    };
    json!({"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": header}}})
}

/// Starts `tools/call` as a task.
pub(crate) fn call<S: System>(server: &Arc<Server<S>>, id: &str, params: &str) {
    let (server, system) = (Arc::clone(server), Arc::clone(&server.system));
    let (id, params) = (id.to_owned(), params.to_owned());
    system.spawn(async move {
        match serde_json::from_str::<Call<'_>>(&params) {
            Ok(call) => run(&server, &id, &call).await,
            Err(error) => server.error(&id, -32602, &error.to_string()).await,
        }
    });
}

async fn run<S: System>(server: &Server<S>, id: &str, call: &Call<'_>) {
    let system = &*server.system;
    let raw = call.arguments.map_or("{}", RawValue::get);
    let arguments: Value = raw.parse().unwrap_or(Value::Null);
    let number = |key: &str| arguments[key].as_u64().unwrap_or(0);
    let pause = Duration::from_millis(number("ms"));
    let bytes = number("bytes") as usize;
    let answer = async |answer: &str| server.result(id, &text(answer)).await;
    match call.name.as_str() {
        "argv" => answer(&argv(system).to_string()).await,
        "ask" if server.flags.modern => {
            let asks = [Ask::of(&arguments)];
            match questions::answers(call, &asks) {
                Ok(answers) => answer(&answers[&asks[0].key()].to_string()).await,
                Err(reply) => server.reply(id, reply).await,
            }
        }
        "ask" => ask(server, id, &arguments).await,
        "ask_later" => {
            answer("asking").await;
            ask_later(server, &arguments, pause).await;
        }
        "answers" => {
            let answers = json!(*server.stray.lock().unwrap()).to_string();
            answer(&answers).await;
        }
        "big" => answer(&"b".repeat(bytes)).await,
        "cancelled" => answer(&json!(server.cancelled()).to_string()).await,
        "close_stdout" => system.close_stdout(),
        "crash" => crash(system, &arguments).await,
        "deep" => deep(server, id, number("depth") as usize).await,
        "duplicate" => {
            answer("once").await;
            answer("twice").await;
        }
        "echo" => {
            system.sleep(pause).await;
            answer(arguments["text"].as_str().unwrap_or_default()).await;
        }
        "env" => answer(&environment(system).to_string()).await,
        "fds" => answer(&json!(system.descriptors()).to_string()).await,
        "flood" => {
            server.flood(bytes).await;
            answer("flooded").await;
        }
        "hang" => system.sleep(LIFETIME).await,
        "hush" => {
            server.end_subscriptions().await;
            answer("hushed").await;
        }
        "ignore_stdin" => {
            server.deaf.store(true, Ordering::Relaxed);
            answer("deaf").await;
        }
        "last_words" => {
            let words = arguments["text"].as_str().unwrap_or_default();
            answer(words).await;
            system.note("last_words", words);
            match system.exit(0).await {}
        }
        "late" => {
            server.wait(id, LIFETIME).await;
            system.sleep(pause).await;
            answer("late").await;
        }
        "list_changed" => {
            answer("will change").await;
            system.sleep(pause).await;
            server.changed(arguments["what"].as_str().unwrap_or("tools")).await;
        }
        "log" => {
            answer("will log").await;
            system.sleep(pause).await;
            server.log("info", &arguments["text"]).await;
        }
        "lone_surrogate" => server.result(id, r#"{"content":[],"note":"\ud800"}"#).await,
        "mislabelled" => answer("").await,
        "newlines" => {
            let line = format!(
                "{{ \"jsonrpc\" :\t\"2.0\" , \"id\" : {id} ,\r \"result\" : {{ \"content\" : [ ] }} }} "
            );
            server.line(&line).await;
        }
        "noise" => {
            server
                .write(b"not JSON\n\n   \n[1,2,3]\nnull\n\xff\xfe\n{\"jsonrpc\":\"2.0\"}\n")
                .await;
            answer("after the noise").await;
        }
        "partial" => partial(server, id, pause).await,
        "partial_exit" => {
            server.write(format!(r#"{{"jsonrpc":"2.0","id":{id},"#).as_bytes()).await;
            match system.exit(0).await {}
        }
        "pid" => answer(&system.pid().to_string()).await,
        "progress" => {
            let n = number("n");
            for step in 1..=n {
                server.progress(call, step, n).await;
                if server.wait(id, pause).await {
                    return;
                }
            }
            answer("done").await;
        }
        "raw" => server.result(id, &format!(r#"{{"content":[],"structuredContent":{raw}}}"#)).await,
        "region" => answer(arguments["region"].as_str().unwrap_or_default()).await,
        "report" => {
            for level in arguments["levels"].as_array().into_iter().flatten() {
                server.report(call, level.as_str().unwrap_or_default()).await;
                system.sleep(pause).await;
            }
            answer("reported").await;
        }
        "rounds" => questions::rounds(server, id, call, &arguments, pause).await,
        "sleep" => {
            if !server.wait(id, pause).await {
                answer("slept").await;
            }
        }
        "stderr" => {
            server.flood_stderr(bytes, arguments["lines"] == true).await;
            answer("written").await;
        }
        "updated" => {
            answer("will change").await;
            system.sleep(pause).await;
            server.updated(&arguments["uri"]).await;
        }
        "wrong_id" => {
            server.result("987654321", &text("wrong")).await;
            server.result("\"never used\"", &text("wrong")).await;
            answer("right").await;
        }
        "write" => server.write(&written(id, &arguments)).await,
        unknown => server.error(id, -32602, &format!("Unknown tool: {unknown}")).await,
    }
}

fn argv(system: &impl System) -> Value {
    let hex = |arg: OsString| -> String {
        arg.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    };
    system.arguments().into_iter().map(hex).collect()
}

fn environment(system: &impl System) -> Value {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let variables = system.environment().into_iter();
    variables
        .map(|(name, value)| (text(name), json!(text(value))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

async fn ask<S: System>(server: &Server<S>, id: &str, arguments: &Value) {
    let method = arguments["method"].as_str().unwrap_or("ping");
    match server.ask(&arguments["id"], method, &arguments["params"]).await {
        Some(line) => server.result(id, &text(&line)).await,
        None => server.error(id, -32000, "the client did not answer").await,
    }
}

async fn ask_later<S: System>(server: &Server<S>, arguments: &Value, pause: Duration) {
    server.system.sleep(pause).await;
    let method = arguments["method"].as_str().unwrap_or("ping");
    if let Some(line) = server.ask(&arguments["id"], method, &arguments["params"]).await {
        server.stray.lock().unwrap().push(line);
    }
}

async fn crash(system: &impl System, arguments: &Value) {
    if let Some(signal) = arguments["signal"].as_i64() {
        match system.raise(signal as i32).await {}
    }
    match system.exit(arguments["code"].as_i64().unwrap_or(1) as i32).await {}
}

async fn deep<S: System>(server: &Server<S>, id: &str, depth: usize) {
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    server.result(id, &format!(r#"{{"content":[],"deep":{nested}}}"#)).await;
}

/// Returns the output of the tool `write`: `head`, a number of bytes of `fill`, and `tail`, all of
/// it `times` times, and then `last`. A character of these texts is a byte, and `ID` is the id of
/// the call.
fn written(id: &str, arguments: &Value) -> Vec<u8> {
    let number = |key: &str| arguments[key].as_u64();
    let bytes = |key: &str| -> Vec<u8> {
        let text = arguments[key].as_str().unwrap_or_default().replace("ID", id);
        text.chars().map(|char| u8::try_from(char).expect("a byte")).collect()
    };
    let fill = vec![b'x'; number("fill").unwrap_or(0) as usize];
    let line = [bytes("head"), fill, bytes("tail")].concat();
    [line.repeat(number("times").unwrap_or(1) as usize), bytes("last")].concat()
}

async fn partial<S: System>(server: &Server<S>, id: &str, pause: Duration) {
    let result = text("in two parts");
    let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}\n");
    let (head, tail) = line.split_at(line.len() / 2);
    server.write(head.as_bytes()).await;
    server.system.sleep(pause).await;
    server.write(tail.as_bytes()).await;
}
