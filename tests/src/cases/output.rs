//! Output of the wrapped server: deviations that can be read in only one way, invalid answers,
//! noise, and standard error. None of it affects more than its own request.

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, initialize, text_of};
use crate::modern::Modern;
use crate::pontoon::Pontoon;
use crate::wait::{eventually, seconds};
use crate::wire::Request;

cases! { $ output:
    odd_answers
    unreadable_answers
    answers_without_an_id
    answers_on_several_lines
    lines_of_a_log_with_an_error
    long_answers
    answers_over_16_mib
    noise_without_end
    health_tells_of_a_child_that_is_silent
    a_mark_at_the_start
    text_at_the_start
    a_burst_of_errors
    the_words_of_a_refusal

    ; on sockets only:
    a_command_of_another_kind: "a simulated program runs no other command"
    a_command_that_ends_after_other_text: "a simulated program runs no other command"
    a_command_that_writes_other_frames: "a simulated program runs no other command"
    a_command_that_repeats_its_input: "a simulated program runs no other command"
}

/// A client of either era.
enum Caller {
    Legacy(Client),
    Modern(Modern),
}

impl Caller {
    #[track_caller]
    fn call(&self, tool: &str, arguments: Value) -> Value {
        match self {
            Caller::Legacy(client) => client.call(tool, arguments),
            Caller::Modern(client) => client.call(tool, arguments),
        }
    }

    /// Returns the answer to a call for which the child writes this line.
    #[track_caller]
    fn line(&self, line: &str) -> Value {
        self.call("write", json!({"head": format!("{line}\n")}))
    }

    #[track_caller]
    fn child(&self) -> u32 {
        text_of(&self.call("pid", json!({}))).parse().expect("a pid")
    }
}

/// Returns clients of either era in front of commands of either era.
fn pairings(target: &Target, options: &[&str]) -> Vec<(&'static str, Pontoon, Caller)> {
    let start = |era, flags| {
        target.proxy().options(options).options(&["--child-era", era]).child(flags).start()
    };
    let legacy = || start("legacy", &[]);
    let modern = || start("modern", &["--modern"]);
    let of_legacy = |pontoon: &Pontoon| Caller::Legacy(Client::open(pontoon));
    let of_modern = |pontoon: &Pontoon| Caller::Modern(Modern::new(pontoon));
    let pair = |name, pontoon: Pontoon, caller: &dyn Fn(&Pontoon) -> Caller| {
        let caller = caller(&pontoon);
        (name, pontoon, caller)
    };
    vec![
        pair("legacy, legacy", legacy(), &of_legacy),
        pair("modern, legacy", legacy(), &of_modern),
        pair("modern, modern", modern(), &of_modern),
        pair("legacy, modern", modern(), &of_legacy),
    ]
}

/// Returns a result with this text, valid in both eras.
fn result(text: &str) -> String {
    let content = format!(r#"[{{"type":"text","text":"{text}"}}]"#);
    format!(r#"{{"resultType":"complete","content":{content}}}"#)
}

#[track_caller]
fn error(answer: &Value) -> &str {
    answer["error"]["message"].as_str().unwrap_or_else(|| panic!("no error: {answer}"))
}

pub fn odd_answers(target: &Target) {
    let fine = result("fine");
    let lines = [
        format!(r#"{{"jsonrpc":"2.0","id":"ID","result":{fine}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":ID.0,"result":{fine}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":IDe0,"result":{fine}}}"#),
        // UTF-8 of U+FEFF, the byte order mark.
        format!("\u{ef}\u{bb}\u{bf}{{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{fine}}}"),
        format!("\u{1b}[32m{{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{fine}}}\u{1b}[0m"),
        format!(r#"Loading... {{"jsonrpc":"2.0","id":ID,"result":{fine}}}"#),
        format!(r#"{{"jsonrpc":"2.0","method":null,"id":ID,"result":{fine},"error":null}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":ID,"ID":"trace-9","Method":1,"result":{fine}}}"#),
        format!(r#"[{{"jsonrpc":"2.0","id":ID,"result":{fine}}}]"#),
        format!(r#"{{"jsonrpc":"2.0","method":"x/y"}}{{"jsonrpc":"2.0","id":ID,"result":{fine}}}"#),
    ];
    for (eras, _pontoon, caller) in pairings(target, &[]) {
        for line in &lines {
            assert_eq!(text_of(&caller.line(line)), "fine", "{eras}: {line}");
        }
        // Bytes that are not UTF-8, a raw tab, a number that JSON does not have.
        let odd = result("\u{c7}\u{d1}\t").replace("[{", "[{\"n\":[NaN,-Infinity],");
        let answer = caller.line(&format!(r#"{{"jsonrpc":"2.0","id":ID,"result":{odd}}}"#));
        assert_eq!(text_of(&answer), "\u{fffd}\u{fffd}\t", "{eras}: {answer}");
        assert_eq!(answer["result"]["content"][0]["n"], json!([null, null]), "{eras}: {answer}");
        let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let deep = fine.replacen('{', &format!("{{\"deep\":{nested},"), 1);
        let head = format!("{{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{deep}}}\n");
        assert_eq!(shallow(&caller, &head), "fine", "{eras}");
        caller.call("echo", json!({"text": "still here"}));
    }
}

/// Returns the text of an answer that is too deep for the suite's parser.
fn shallow(caller: &Caller, head: &str) -> String {
    let response = match caller {
        Caller::Legacy(client) => {
            client.send(crate::client::tool_call(1, "write", json!({"head": head})))
        }
        Caller::Modern(client) => client.send(&client.tool_call("write", json!({"head": head}))),
    };
    let text = response.text();
    assert!(text.contains(&"[".repeat(200)), "{text}");
    let flat = text.replace(&"[".repeat(150), "").replace(&"]".repeat(150), "");
    let start = flat.find("{\"").unwrap_or_default();
    let end = flat.rfind('}').map_or(0, |last| last + 1);
    text_of(&flat[start..end].parse().expect("JSON")).to_owned()
}

pub fn unreadable_answers(target: &Target) {
    let text = "sent an answer that is not valid JSON-RPC: ";
    let either = format!("{text}it must have either a result or an error");
    let lines = [
        (
            r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[}}"#,
            format!("{text}it is not valid JSON"),
        ),
        (
            r#"{"result":{"content":'none'},"jsonrpc":"2.0","id":ID}"#,
            format!("{text}it is not valid JSON"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":ID,"result":{"content":["#,
            format!("{text}it is not valid JSON"),
        ),
        (r#"{"jsonrpc":"2.0","id":ID}"#, either.clone()),
        (r#"{"jsonrpc":"2.0","id":ID,"result":{},"error":{"code":1,"message":""}}"#, either),
        (r#"{"jsonrpc":"1.0","id":ID,"result":{}}"#, format!("{text}jsonrpc must be \"2.0\"")),
        (
            r#"{"jsonrpc":"2.0","id":ID,"result":{},"result":{}}"#,
            format!("{text}a key is given twice"),
        ),
        (r#"{"jsonrpc":"2.0","id":ID,"error":"plain text"}"#, "plain text".to_owned()),
        (r#"{"jsonrpc":"2.0","id":ID,"error":{"code":"E1","message":"why"}}"#, "why".to_owned()),
    ];
    for (eras, pontoon, caller) in pairings(target, &[]) {
        for (line, expected) in &lines {
            let answer = caller.line(line);
            assert!(error(&answer).ends_with(expected), "{eras}: {line}: {answer}");
        }
        caller.call("echo", json!({"text": "still here"}));
        let noise = || pontoon.log_events("child_noise");
        eventually("the first is logged", seconds(10), || !noise().is_empty());
        assert_eq!(noise()[0]["reason"], "not_json", "{eras}: {:?}", noise());
        let start = r#"{"jsonrpc":"2.0","id":"#;
        assert!(noise()[0]["line"].as_str().unwrap().starts_with(start), "{eras}: {:?}", noise());
    }
}

pub fn answers_without_an_id(target: &Target) {
    for (eras, _pontoon, caller) in pairings(target, &[]) {
        caller.call("echo", json!({"text": "it has answered something since it was notified"}));
        let line = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"oh no"}}"#;
        assert_eq!(error(&caller.line(line)), "oh no", "{eras}");
        let answer = caller.line(r#"{"jsonrpc":"2.0","id":null,"result":{}}"#);
        assert!(error(&answer).contains("its id must be"), "{eras}: {answer}");
        let answer = caller.line(r#"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#);
        assert!(error(&answer).contains("a key is given twice"), "{eras}: {answer}");
    }
}

pub fn answers_on_several_lines(target: &Target) {
    let pretty =
        "{\n  \"jsonrpc\": \"2.0\",\n  \"id\": ID,\n  \"result\": {\n    \"content\": []\n  }\n}";
    let body = r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[]}}"#;
    // The number may have one digit.
    let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len() - 1);
    let several = "it is written over several lines";
    for (eras, pontoon, caller) in pairings(target, &[]) {
        for (text, why) in [
            (format!("{pretty}\n"), several),
            (pretty.replace('\n', "\r\n"), several),
            (format!("\n{framed}"), "it stands behind a Content-Length header"),
        ] {
            let answer = caller.call("write", json!({"head": text}));
            let told = error(&answer);
            assert!(told.contains(why), "{eras}: {text:?}: {answer}");
            assert!(told.ends_with("each message must be one line, without headers"), "{answer}");
            // Ends the line.
            caller.call(
                "write",
                json!({"head": "\n", "last": format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{}}}\n", result("fine"))}),
            );
            caller.call("echo", json!({"text": "still here"}));
        }
        let log = || pontoon.log_events("child_noise");
        eventually("it is logged", seconds(10), || {
            log().iter().any(|it| it["reason"] == "several_lines")
        });
    }
}

pub fn lines_of_a_log_with_an_error(target: &Target) {
    let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{}}}\n", result("fine"));
    for (eras, pontoon, caller) in pairings(target, &[]) {
        for line in [
            r#"{"level":"error","error":"connect ECONNREFUSED"}"#,
            r#"{"level":50,"time":1764400000000,"pid":7,"id":ID,"error":"connect ECONNREFUSED"}"#,
            r#"{"level":"error","ts":1764400000.1,"msg":"no","error":{"code":-1,"message":"no"}}"#,
            r#"{"event":"failed","result":"no","timestamp":"2026-11-29T11:00:00Z"}"#,
        ] {
            let arguments = json!({"head": format!("{line}\n"), "last": answer});
            assert_eq!(text_of(&caller.call("write", arguments)), "fine", "{eras}: {line}");
        }
        let logged = || pontoon.log_events("child_noise").len();
        eventually("each is logged", seconds(10), || logged() == 4);
    }
}

pub fn long_answers(target: &Target) {
    for (eras, _pontoon, caller) in pairings(target, &["--max-line", "64KiB"]) {
        let child = caller.child();
        let text = "sent an answer longer than 64 KiB (--max-line)";
        for (head, tail) in [
            (r#"{"jsonrpc":"2.0","id":ID,"result":{"text":""#, "\"}}\n"),
            (r#"{"result":{"text":""#, "\"},\"jsonrpc\":\"2.0\",\"id\":ID}\n"),
            ("", "\n"),
        ] {
            let answer = caller.call("write", json!({"head": head, "fill": 200_000, "tail": tail}));
            assert!(error(&answer).ends_with(text), "{eras}: {answer}");
            caller.call("echo", json!({"text": "in between"}));
        }
        assert_eq!(caller.child(), child, "{eras}: it is the same process");
    }
}

pub fn answers_over_16_mib(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    assert_eq!(client.text("big", json!({"bytes": 20 << 20})).len(), 20 << 20);
}

pub fn noise_without_end(target: &Target) {
    for (eras, pontoon, caller) in pairings(target, &[]) {
        let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{}}}\n", result("fine"));
        let noise = json!({"head": "row \u{1b}[1mread\n", "times": 3000, "last": answer});
        assert_eq!(text_of(&caller.call("write", noise)), "fine", "{eras}");
        assert!(pontoon.metric("pontoon_child_noise_lines_total", &[]) >= 3000.0, "{eras}");
        let logged = || pontoon.log_events("child_noise");
        let left_out = || -> u64 {
            let events = pontoon.log_events("child_noise_skipped");
            events.iter().map(|event| event["lines"].as_u64().unwrap()).sum()
        };
        eventually("the others are counted", seconds(10), || {
            left_out() + logged().len() as u64 >= 3000
        });
        assert_eq!(logged()[0]["line"], "row \u{1b}[1mread", "{eras}: {:?}", logged());
        assert!(logged().len() < 100, "{eras}: {}", logged().len());
    }
}

pub fn health_tells_of_a_child_that_is_silent(target: &Target) {
    for (eras, pontoon, caller) in pairings(target, &["--request-timeout", "1"]) {
        let health = || pontoon.get("/health").expect(200, eras).json();
        let count = || pontoon.metric("pontoon_children_unresponsive", &[]);
        caller.call("echo", json!({"text": "hello"}));
        let before = health();
        assert_eq!((&before["status"], count()), (&json!("healthy"), 0.0), "{eras}");
        let answer = caller.call("hang", json!({}));
        assert!(error(&answer).contains("--request-timeout"), "{eras}: {answer}");
        let silent = health();
        assert_eq!(silent["status"], "degraded", "{eras}: {silent}");
        assert_eq!((&silent["unresponsive"], count()), (&json!(1), 1.0), "{eras}");
        assert_eq!(pontoon.get("/readyz").status(), 200, "{eras}");
        caller.call("echo", json!({"text": "hello again"}));
        // Without a session another child may answer, and the silent one is ended soon.
        eventually("it is healthy", seconds(20), || health()["status"] == "healthy");
        let after = health();
        assert_eq!(count(), 0.0, "{eras}");
        let names = |health: &Value| {
            health.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&after), names(&before), "{eras}");
    }
}

/// Opens sessions in front of a child that writes this before its first message, and calls a tool
/// without one.
#[track_caller]
fn expect_served_after(target: &Target, start: &str) {
    for flags in [&[][..], &["--modern"]] {
        let flags = [flags, &["--start", start]].concat();
        let options = ["--startup-timeout", "20", "--child-era", "probe"];
        let pontoon = target.proxy().options(&options).child(&flags).start();
        for _ in 0..2 {
            Client::open(&pontoon).expect_served();
            Modern::new(&pontoon).expect_served();
        }
        let refused = pontoon.log_events("child_not_mcp");
        assert_eq!(refused, [] as [Value; 0], "{flags:?}");
    }
}

pub fn a_mark_at_the_start(target: &Target) {
    expect_served_after(target, "\u{feff}");
}

pub fn text_at_the_start(target: &Target) {
    expect_served_after(target, "Loading... ");
    expect_served_after(target, "\x1b[32mready\n");
}

pub fn a_burst_of_errors(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let lines = |count: u64| json!({"bytes": 80 * count, "lines": true});
    assert_eq!(client.text("stderr", lines(300)), "written");
    let logged = || pontoon.log_events("child_stderr").len() as u64;
    eventually("a burst is logged whole", seconds(10), || logged() == 300);
    assert_eq!(client.text("stderr", lines(5000)), "written");
    let left_out = || -> u64 {
        let events = pontoon.log_events("child_stderr_skipped");
        events.iter().map(|event| event["lines"].as_u64().unwrap()).sum()
    };
    eventually("the rest is counted", seconds(10), || logged() + left_out() == 5300);
    assert!(left_out() > 1000, "{}", left_out());
}

pub fn the_words_of_a_refusal(target: &Target) {
    for era in ["legacy", "probe"] {
        let pontoon =
            target.proxy().options(&["--child-era", era]).child(&["--refuse-init"]).start();
        let answer = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr).answer();
        assert!(answer["error"].is_object(), "{answer}");
        let refused = || pontoon.log_events("initialize_refused");
        eventually("its words are logged", seconds(10), || !refused().is_empty());
        let words = refused()[0].to_string();
        assert!(words.contains(error(&answer)), "{words}: {answer}");
        // A client of 2026-07-28 is only told that it was refused.
        let answer = Modern::new(&pontoon).call("echo", json!({}));
        assert!(error(&answer).contains("refused initialize"), "{answer}");
        eventually("and again", seconds(10), || refused().len() > 1);
    }
}

pub fn a_command_of_another_kind(target: &Target) {
    let script = r#"while read -r line; do echo "you said: $line"; done"#;
    let pontoon = target
        .proxy()
        .options(&["--startup-timeout", "1", "--child-era", "legacy"])
        .wrapping(&["sh", "-c", script])
        .start();
    let response = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
    assert_eq!(response.status(), 502, "{}", response.describe());
    let told = "did not start within 1 s (--startup-timeout); it does not speak MCP: it wrote \"you said: {";
    assert!(error(&response.answer()).contains(told), "{}", response.describe());
    eventually("the log says so", seconds(10), || {
        let found = pontoon.log_events("child_not_mcp");
        found.first().is_some_and(|it| it["wrote"].as_str().unwrap().starts_with("you said: {"))
    });
}

pub fn a_command_that_ends_after_other_text(target: &Target) {
    let pontoon = target
        .proxy()
        .options(&["--child-era", "legacy"])
        .wrapping(&["sh", "-c", r"printf 'Usage:\033[1m x\n'; read -r line; exit 3"])
        .start();
    let told = r#"exited with status 3; it does not speak MCP: it wrote "Usage:\u{1b}[1m x""#;
    let legacy = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
    assert_eq!(legacy.status(), 502, "{}", legacy.describe());
    assert!(error(&legacy.answer()).ends_with(told), "{}", legacy.describe());
    let modern = Modern::new(&pontoon).call("echo", json!({}));
    assert!(error(&modern).ends_with(told), "{modern}");
}

pub fn a_command_that_writes_other_frames(target: &Target) {
    let answer = r#"'{\n  "jsonrpc": "2.0",\n  "id": %s,\n  "result": {}\n}\n'"#;
    let script = format!(
        "while read -r line; do id=${{line#*\\\"id\\\":}}; printf {answer} \"${{id%%,*}}\"; done"
    );
    let pontoon =
        target.proxy().options(&["--child-era", "probe"]).wrapping(&["sh", "-c", &script]);
    let pontoon = pontoon.start();
    let told = "it is written over several lines; over stdio each message must be one line";
    let legacy = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
    assert_eq!(legacy.status(), 502, "{}", legacy.describe());
    assert!(error(&legacy.answer()).contains(told), "{}", legacy.describe());
    let modern = Modern::new(&pontoon).call("echo", json!({}));
    assert!(error(&modern).contains(told), "{modern}");
}

pub fn a_command_that_repeats_its_input(target: &Target) {
    for era in ["legacy", "probe"] {
        let options = ["--startup-timeout", "1", "--child-era", era];
        let pontoon = target.proxy().options(&options).wrapping(&["cat"]).start();
        let response = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
        response.expect_error(502, -32603, "a request is no answer to itself");
        assert_eq!(response.header("mcp-session-id"), None, "{}", response.describe());
    }
}
