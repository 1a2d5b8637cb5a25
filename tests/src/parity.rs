//! Checks that a server gives the same answers, byte for byte, over HTTP on each runtime and over
//! stdio.
//!
//! Owns: the questions, and the parts of answers that may differ because they are measured.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::client::{NEWEST, initialize, tool_call};
use crate::modern;
use crate::pontoon::{CommandLine, Pontoon};
use crate::schema::LEGACY;
use crate::wait::millis;
use crate::wire::{Request, Response};
use crate::{Target, target};

/// A server that is part of pontoon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// `pontoon calculator`.
    Calculator,
    /// `pontoon echo`.
    Echo,
    /// `pontoon echo --stateless`.
    EchoStateless,
}

/// The parts that may differ between two answers to the same question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Varies {
    /// None.
    Not,
    /// Measured values; their positions and names are the same.
    Measured,
    /// The HTTP request; identical only over HTTP.
    Http,
}

struct Question {
    text: String,
    varies: Varies,
}

/// The server's answers to all questions, in order, and then its messages outside of requests.
#[derive(Debug, PartialEq, Eq)]
struct Output {
    answers: Vec<String>,
    notifications: Vec<String>,
}

/// Panics unless the server gives the same answers on each of these runtimes, and over stdio.
#[track_caller]
pub fn expect_same_answers(server: Server, runtimes: &[&'static str]) {
    let questions = questions(server);
    let piped = over_stdio(server, &questions);
    let mut first = None;
    for runtime in runtimes {
        let said = over_http(server, &Target::new(runtime), &questions);
        assert_eq!(
            said.notifications, piped.notifications,
            "{server:?} on {runtime}, and over stdio"
        );
        let pairs = said.answers.iter().zip(&piped.answers).zip(&questions);
        for ((answer, piped), question) in pairs.filter(|(_, asked)| asked.varies != Varies::Http) {
            assert_eq!(answer, piped, "{server:?} on {runtime}, and over stdio: {}", question.text);
        }
        let first: &Vec<_> = first.get_or_insert_with(|| said.answers.clone());
        for ((answer, other), question) in said.answers.iter().zip(first).zip(&questions) {
            assert_eq!(answer, other, "{server:?} on {runtime}: {}", question.text);
        }
    }
}

/// Panics unless the server's messages are valid in every revision, which [`crate::schema_check`]
/// checks.
pub fn expect_valid_answers(server: Server, target: &Target) {
    for revision in LEGACY {
        let mut questions = questions(server);
        questions[0] = plain(&initialize(revision).to_string());
        let pontoon = serving(server, target).start();
        let (answers, _) = ask_all(&pontoon, revision, &questions);
        assert!(answers[0].text().contains(revision), "{}", answers[0].describe());
    }
    let pontoon = serving(server, target).start();
    let described = questions(server).into_iter().filter_map(|question| to_modern(&question.text));
    let answered = described.filter(|request| request.send(pontoon.addr).status() == 200).count();
    assert!(answered > 3, "only {answered} questions are answered");
}

/// Returns the equivalent modern request, or `None` if there is none.
fn to_modern(text: &str) -> Option<Request> {
    let mut body: Value = text.parse().ok()?;
    body["params"].as_object_mut()?.entry("_meta").or_insert_with(|| json!({}));
    let meta = &mut body["params"]["_meta"];
    meta[modern::VERSION] = json!(modern::REVISION);
    meta[modern::CAPABILITIES] = json!({});
    body["method"].as_str()?;
    Some(modern::signed(&body))
}

/// Returns a question in an unusual form: with white space, escapes, or a mistake.
fn plain(text: &str) -> Question {
    Question { text: text.to_owned(), varies: Varies::Not }
}

fn call(tool: &str, arguments: Value) -> Question {
    plain(&tool_call(1, tool, arguments).to_string())
}

fn measured(tool: &str) -> Question {
    Question { varies: Varies::Measured, ..call(tool, json!({})) }
}

fn of_http(question: Question) -> Question {
    Question { varies: Varies::Http, ..question }
}

fn questions(server: Server) -> Vec<Question> {
    let mut questions = vec![
        plain(&initialize(NEWEST).to_string()),
        plain(r#"{"jsonrpc":"2.0","id":"\u0061 \"1\"","method":"ping"}"#),
        plain(r#" { "params" : {} , "id" : -1 , "method" : "tools\/list" , "jsonrpc" : "2.0" } "#),
        plain(r#"{"jsonrpc":"2.0","id":1,"method":"no/such","params":{}}"#),
        plain(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#),
        plain(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#),
        call("unknown", json!({})),
        call("unknown", json!(null)),
    ];
    questions.extend(match server {
        Server::Calculator => of_calculator(),
        Server::Echo => of_echo(),
        Server::EchoStateless => of_echo_stateless(),
    });
    questions
}

/// Returns the questions for both echo servers.
fn of_both_echoes() -> Vec<Question> {
    let text = "a\u{301} \u{1f468}\u{200d}\u{1f469} \"\\\n\u{1} \u{2028} \u{65e5}";
    let token =
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyIiwiaWF0IjoxNTE2MjM5MDIyfQ.c2ln";
    vec![
        call("echo", json!({"message": text})),
        call("echo", json!({"message": text, "reverse": true, "uppercase": true})),
        call("echo", json!({"message": "x".repeat(100_000)})),
        call("echo", json!({"message": 5})),
        call("echo", json!({"message": "x", "loud": true})),
        call("echo", json!([])),
        call("printHeader", json!({"category": "none"})),
        of_http(call("printHeader", json!({}))),
        Question { varies: Varies::Measured, ..call("bearerDecode", json!({"token": token})) },
        call("bearerDecode", json!({"token": "nonsense"})),
        of_http(call("authContext", json!({}))),
        of_http(call("corsAnalysis", json!({}))),
        measured("requestTiming"),
        measured("environmentDump"),
        measured("healthProbe"),
        call("whoIStheGOAT", json!({"subject": "MCP Protocol"})),
    ]
}

fn of_echo() -> Vec<Question> {
    let mut questions = of_both_echoes();
    questions.extend([
        call("replayLastEcho", json!({})),
        call("replayLastEcho", json!({"times": 2})),
        measured("sessionInfo"),
    ]);
    questions
}

fn of_echo_stateless() -> Vec<Question> {
    of_both_echoes()
}

fn of_calculator() -> Vec<Question> {
    let ask = |method: &str, params: Value| {
        let question = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        plain(&question.to_string())
    };
    let with_progress = |mut call: Value| {
        call["params"]["_meta"] = json!({"progressToken": "t"});
        plain(&call.to_string())
    };
    let third = json!({"a": 1, "b": 3, "op": "divide", "precision": 30});
    let streamed = json!({"a": 0.1, "b": 0.2, "op": "add", "precision": 20, "stream": true});
    let prompt = |name: &str, arguments: Value| {
        ask("prompts/get", json!({"name": name, "arguments": arguments}))
    };
    vec![
        call("calculate", third),
        call("calculate", json!({"a": 1, "b": 0, "op": "divide"})),
        call("calculate", json!({"a": "1", "b": 0, "op": "divide"})),
        plain(
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"calculate","arguments":{"a":1e30,"b":123456789012345678901234567890.5,"op":"add"}}}"#,
        ),
        with_progress(tool_call(1, "calculate", streamed)),
        with_progress(tool_call(1, "demo_progress", json!({}))),
        call("solve_math_problem", json!({"problem": "1 + 1"})),
        ask("prompts/list", json!({})),
        prompt("explain-calculation", json!({"calculation": "(1 + 2) * 3", "level": "basic"})),
        prompt("calculator-tutor", json!({"topic": 5})),
        prompt("generate-problems", json!({"topic": "sums", "count": "many"})),
        ask("resources/list", json!({})),
        ask("resources/templates/list", json!({})),
        ask("resources/read", json!({"uri": "calculator://constants"})),
        ask("resources/read", json!({"uri": "formulas://library"})),
        ask("resources/read", json!({"uri": "calculator://history/1"})),
        ask("resources/read", json!({"uri": 5})),
    ]
}

fn serving(server: Server, target: &Target) -> CommandLine {
    match server {
        Server::Calculator => target.calculator(),
        Server::Echo => target.echo(),
        Server::EchoStateless => target.echo_stateless(),
    }
}

fn over_http(server: Server, target: &Target, questions: &[Question]) -> Output {
    let pontoon = serving(server, target).start();
    let (responses, session) = ask_all(&pontoon, NEWEST, questions);
    let answer = |(response, question): (&Response, &Question)| {
        comparable(&lines_of(response).join("\n"), question.varies, session.as_deref())
    };
    let answers = responses.iter().zip(questions).map(answer).collect();
    let notifications =
        session.as_ref().map_or_else(Vec::new, |session| notifications(&pontoon, session));
    Output { answers, notifications }
}

/// Asks the questions in order, in a session if there is one; returns that, too.
fn ask_all(
    pontoon: &Pontoon,
    revision: &str,
    questions: &[Question],
) -> (Vec<Response>, Option<String>) {
    let mut session = None;
    let mut responses = Vec::new();
    for Question { text, .. } in questions {
        let request = Request::post(&**text).header("MCP-Protocol-Version", revision);
        let response = in_session(request, session.as_deref()).send(pontoon.addr);
        session = session.or_else(|| response.header("mcp-session-id").map(str::to_owned));
        responses.push(response);
    }
    (responses, session)
}

fn in_session(request: Request, session: Option<&str>) -> Request {
    match session {
        Some(id) => request.header("Mcp-Session-Id", id),
        None => request,
    }
}

/// Returns the messages of a response, unchanged.
fn lines_of(response: &Response) -> Vec<String> {
    match response.header("content-type") {
        Some("text/event-stream") => {
            let text = response.text().lines();
            let data = text.filter_map(|line| line.strip_prefix("data:")).map(str::trim_start);
            data.filter(|data| !data.is_empty()).map(str::to_owned).collect()
        }
        _ => vec![response.text().to_owned()],
    }
}

/// Returns the messages in the session's queue, read with a GET stream.
fn notifications(pontoon: &Pontoon, session: &str) -> Vec<String> {
    let mut events = in_session(Request::listen(), Some(session)).open(pontoon.addr).events();
    let mut news = Vec::new();
    while let Ok(Some(event)) = events.try_next(millis(300)) {
        news.extend(event.data.filter(|data| !data.is_empty()));
    }
    news
}

fn over_stdio(server: Server, questions: &[Question]) -> Output {
    let name = match server {
        Server::Calculator => "calculator",
        Server::Echo => "echo",
        Server::EchoStateless => "echo-stateless",
    };
    let mut child = Command::new(target::program())
        .args(["stdio", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("pontoon runs");
    let mut stdin = child.stdin.take().expect("its input");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut said = Output { answers: Vec::new(), notifications: Vec::new() };
    for Question { text, varies } in questions {
        writeln!(stdin, "{text}").expect("it reads");
        let mut answer = Vec::new();
        loop {
            let line = lines.next().expect("an answer").expect("a line");
            let is_progress = line.contains(r#""method":"notifications/progress""#);
            if line.contains(r#""method":"notifications/message""#) {
                said.notifications.push(line);
                continue;
            }
            answer.push(line);
            if !is_progress {
                break;
            }
        }
        said.answers.push(comparable(&answer.join("\n"), *varies, None));
    }
    drop(stdin);
    assert!(child.wait().expect("its end").success());
    said
}

/// Returns an answer without the parts that may differ. Over stdio a session has no id; elsewhere
/// the id is replaced.
fn comparable(answer: &str, about: Varies, session: Option<&str>) -> String {
    let answer = match session {
        Some(id) => {
            let answer = answer.replace(&format!("\"{id}\""), "null").replace(id, "stdio");
            answer.replace(&format!("{}...", &id[..8]), "n/a")
        }
        None => answer.to_owned(),
    };
    match about {
        Varies::Measured => layout(&answer),
        Varies::Http | Varies::Not => without_ids(&answer),
    }
}

/// Returns the labels of a text, and the names in its structured content.
fn layout(answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).expect("one message");
    let text = crate::client::text_of(&answer);
    // The diagnosis depends on measured values.
    let text = text.split("Diagnostic Summary").next().unwrap_or_default();
    let label = |line: &str| {
        let label = line.split(": ").next().unwrap_or_default();
        label.trim_start_matches(|char: char| !char.is_ascii_alphanumeric()).to_owned()
    };
    let mut labels: Vec<_> = text.lines().map(label).collect();
    let data = answer["result"]["structuredContent"].as_object().expect("data");
    labels.extend(data.keys().cloned());
    labels.join("\n")
}

/// Removes every UUID.
fn without_ids(answer: &str) -> String {
    let mut left = answer;
    let mut out = String::new();
    while let Some(next) = left.chars().next() {
        let is_id = left.get(..36).is_some_and(|start| {
            start.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
        });
        let (shown, len) =
            if is_id { ("<id>", 36) } else { (&left[..next.len_utf8()], next.len_utf8()) };
        out.push_str(shown);
        left = &left[len..];
    }
    out
}
