//! The time for which the largest inputs of every kind hold the engine's lock.
//!
//! `cargo run --release -p pontoon-lock` prints the longest hold of each input; `cargo run
//! --release -p pontoon-lock -- 10` fails if one is longer than 10 ms. A second argument chooses the
//! inputs whose name contains it.

mod clients;
mod fields;
mod rig;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use pontoon_core::http::Accept;
use pontoon_core::{ChildEra, SessionId};
use serde_json::Value;

use rig::{BOTH, Rig};

const MIB: usize = 1 << 20;

/// The number of measurements of each input; the shortest counts, because the machine may be busy.
const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let max = env::args().nth(1).map(|ms| ms.parse().expect("milliseconds"));
    let part = env::args().nth(2).unwrap_or_default();
    let mut worst = Duration::ZERO;
    let mut measure = |name: &str, scenario: &dyn Fn() -> Duration| {
        if name.contains(&part) {
            let took = (0..ROUNDS).map(|_| scenario()).min().unwrap_or_default();
            println!("{:8.2} ms  {name}", took.as_secs_f64() * 1000.0);
            worst = worst.max(took);
        }
    };
    for (name, scenario) in SCENARIOS {
        for (shape, make) in SHAPES {
            measure(&format!("{name}, {shape}"), &|| scenario(make));
        }
    }
    for (name, scenario) in fields::ROWS.iter().chain(clients::ROWS) {
        measure(name, scenario);
    }
    println!("{:8.2} ms  the longest", worst.as_secs_f64() * 1000.0);
    match max {
        Some(max) if worst > Duration::from_millis(max) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

type Make = fn(usize) -> String;
type Scenario = fn(Make) -> Duration;
/// An input of one shape.
type Row = (&'static str, fn() -> Duration);

/// Members of an object of about this many bytes.
const SHAPES: [(&str, Make); 5] = [
    ("one text", |bytes| format!(r#""text":"{}""#, "x".repeat(bytes))),
    ("escapes", |bytes| format!(r#""text":"{}""#, r"\u00e9".repeat(bytes / 6))),
    ("keys in reverse order", |bytes| {
        let keys = (0..bytes / 15).rev().map(|key| format!(r#""k{key:09}":0"#));
        keys.collect::<Vec<_>>().join(",")
    }),
    ("numbers", |bytes| format!(r#""list":[{}1]"#, "1e5,".repeat(bytes / 4))),
    ("110 levels", |bytes| {
        let inner = format!(r#""b":"{}","a":0"#, "x".repeat(bytes));
        (0..110).fold(inner, |inner, _| format!(r#""b":{{{inner}}},"a":0"#))
    }),
];

const SCENARIOS: &[(&str, Scenario)] = &[
    ("legacy client, legacy server: a call", |make| {
        let mut rig = legacy_session();
        rig.legacy(&call(&make(4 * MIB)), BOTH)
    }),
    ("legacy client, legacy server: an answer as JSON", |make| {
        let mut rig = legacy_session();
        rig.legacy(&call(""), BOTH);
        rig.answers(&format!("{{{}}}", make(16 * MIB)))
    }),
    ("legacy client, legacy server: an answer as an event", |make| {
        let mut rig = legacy_session();
        rig.legacy(&call(""), Accept { json: false, sse: true });
        rig.answers(&format!("{{{}}}", make(16 * MIB)))
    }),
    ("legacy client, legacy server: a question", |make| {
        let mut rig = legacy_session();
        rig.legacy(&call(""), BOTH);
        rig.says(&sampling(&make(16 * MIB)))
    }),
    ("legacy client, legacy server: the answer to a question", |make| {
        let mut rig = legacy_session();
        rig.legacy(&call(""), BOTH);
        rig.says(&sampling(""));
        rig.legacy(&format!(r#"{{"jsonrpc":"2.0","id":"q","result":{{{}}}}}"#, make(4 * MIB)), BOTH)
    }),
    ("modern client, modern server: a call", |make| {
        let mut rig = modern_server();
        rig.modern("tools/call", &modern_call(&make(4 * MIB), ""))
    }),
    ("modern client, modern server: a call with an argument in a header", |make| {
        let mut rig = modern_server();
        rig.modern("tools/list", &modern("tools/list", ""));
        let region = r#"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}"#;
        rig.answers(&format!(
            r#"{{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[{{"name":"x","inputSchema":{region}}}]}}"#
        ));
        rig.modern("tools/call", &modern_call(&make(4 * MIB), ""))
    }),
    ("modern client, modern server: an answer", |make| {
        let mut rig = modern_server();
        rig.modern("tools/call", &modern_call("", ""));
        rig.answers(&format!(r#"{{"resultType":"complete","content":[],{}}}"#, make(16 * MIB)))
    }),
    ("modern client, modern server: a list of tools", |make| {
        let mut rig = modern_server();
        rig.modern("tools/list", &modern("tools/list", ""));
        rig.answers(&format!(r#"{{"resultType":"complete","tools":[{}]}}"#, tools(make)))
    }),
    ("modern client, legacy server: a call", |make| {
        let mut rig = legacy_server();
        rig.modern("tools/call", &modern_call(&make(4 * MIB), ""))
    }),
    ("modern client, legacy server: an answer", |make| {
        let mut rig = legacy_server();
        rig.modern("tools/call", &modern_call("", ""));
        rig.answers(&format!(r#"{{"content":[],{}}}"#, make(16 * MIB)))
    }),
    ("modern client, legacy server: a list of tools", |make| {
        let mut rig = legacy_server();
        rig.modern("tools/list", &modern("tools/list", ""));
        rig.answers(&format!(r#"{{"tools":[{}]}}"#, tools(make)))
    }),
    ("modern client, legacy server: a question", |make| {
        let mut rig = legacy_server();
        rig.modern("tools/call", &modern_call("", ""));
        rig.says(&sampling(&make(16 * MIB))).max(settle(&mut rig))
    }),
    ("modern client, legacy server: a question of a large call", |make| {
        let mut rig = legacy_server();
        rig.modern("tools/call", &modern_call(&make(4 * MIB), ""));
        rig.says(&sampling("")).max(settle(&mut rig))
    }),
    ("modern client, legacy server: the answer to a question", |make| {
        let mut rig = legacy_server();
        rig.modern("tools/call", &modern_call("", ""));
        rig.says(&sampling(""));
        settle(&mut rig);
        let state = rig.body["result"]["requestState"].to_string();
        let key = rig.body["result"]["inputRequests"].as_object().and_then(|it| it.keys().next());
        let key = key.expect("a question");
        let answer = format!(
            r#"{{"role":"assistant","model":"m","content":{{"type":"text",{}}}}}"#,
            make(4 * MIB)
        );
        let rounds = format!(r#""inputResponses":{{"{key}":{answer}}},"requestState":{state},"#);
        rig.modern("tools/call", &modern_call("", &rounds))
    }),
    ("modern client, legacy server: a forged state", |make| {
        let mut rig = legacy_server();
        let state = format!(r#""requestState":"Aj{}","#, "9".repeat(118));
        rig.modern("tools/call", &modern_call(&make(4 * MIB), &state))
    }),
    ("legacy client, modern server: a call", |make| {
        let mut rig = interpreted();
        rig.legacy(&call(&make(4 * MIB)), BOTH)
    }),
    ("legacy client, modern server: an answer", |make| {
        let mut rig = interpreted();
        rig.legacy(&call(""), BOTH);
        rig.answers(&format!(r#"{{"resultType":"complete","content":[],{}}}"#, make(16 * MIB)))
    }),
    ("legacy client, modern server: a list of tools", |make| {
        let mut rig = interpreted();
        rig.legacy(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, BOTH);
        rig.answers(&format!(r#"{{"resultType":"complete","tools":[{}]}}"#, tools(make)))
    }),
    ("legacy client, modern server: a question", |make| {
        let mut rig = interpreted();
        rig.legacy(&call(""), BOTH);
        rig.answers(&format!(
            r#"{{"resultType":"input_required","requestState":"s","inputRequests":{{"k":{{"method":"sampling/createMessage","params":{{"messages":[],"maxTokens":1,"metadata":{{{}}}}}}}}}}}"#,
            make(16 * MIB)
        ))
    }),
    ("legacy client, legacy server: a batch", |make| {
        let mut rig = Rig::bridge(ChildEra::Legacy);
        rig.legacy(&INITIALIZE.replace("2025-11-25", "2025-03-26"), BOTH);
        rig.answers(&WELCOME.replace("2025-11-25", "2025-03-26"));
        rig.legacy(&batch(make), BOTH)
    }),
    ("legacy client, modern server: a batch", |make| {
        let mut rig = Rig::bridge(ChildEra::Modern);
        rig.legacy(&INITIALIZE.replace("2025-11-25", "2025-03-26"), BOTH);
        rig.answers(DISCOVERY);
        rig.legacy(&batch(make), BOTH)
    }),
    ("legacy client, modern server: a call that is asked for and sent again", |make| {
        let mut rig = interpreted();
        rig.legacy(&call(&make(4 * MIB)), BOTH);
        rig.answers(r#"{"resultType":"input_required","requestState":"s"}"#)
    }),
    ("legacy client over HTTP+SSE, legacy server: a call", |make| {
        let mut rig = sse_session();
        rig.post_sse(&call(&make(4 * MIB)))
    }),
    ("legacy client over HTTP+SSE, legacy server: an answer", |make| {
        let mut rig = sse_session();
        rig.post_sse(&call(""));
        rig.answers(&format!("{{{}}}", make(16 * MIB)))
    }),
    ("legacy client, server in this process: a call", |make| {
        let mut rig = Rig::native();
        rig.legacy(INITIALIZE, BOTH);
        rig.legacy(&call(&make(4 * MIB)), BOTH)
    }),
    ("legacy client, legacy server: initialize", |make| {
        Rig::bridge(ChildEra::Legacy).legacy(&introduction(make), BOTH)
    }),
    ("legacy client, legacy server, few revisions: initialize", |make| {
        Rig::restricted().legacy(&introduction(make), BOTH)
    }),
    ("legacy client, legacy server: initialize of a client that comes back", |make| {
        let mut rig = Rig::bridge(ChildEra::Legacy);
        rig.legacy(&introduction(make), BOTH);
        rig.leave();
        rig.legacy(&introduction(make), BOTH)
    }),
    ("legacy client, modern server: initialize", |make| {
        let mut rig = Rig::bridge(ChildEra::Modern);
        rig.legacy(&introduction(make), BOTH)
    }),
    ("legacy client, server of unknown era: initialize", |make| {
        let mut rig = Rig::bridge(ChildEra::Probe);
        let took = rig.legacy(&introduction(make), BOTH);
        took.max(rig.answers(DISCOVERY))
    }),
    ("legacy client over HTTP+SSE, legacy server: initialize", |make| {
        let mut rig = Rig::bridge(ChildEra::Legacy);
        rig.connect();
        rig.post_sse(&introduction(make))
    }),
    ("legacy client, server in this process: initialize", |make| {
        Rig::native().legacy(&introduction(make), BOTH)
    }),
    ("modern client with an unknown session, server in this process: a call", |make| {
        let mut rig = Rig::native();
        rig.session = SessionId::parse(b"00000000-0000-4000-8000-000000000000");
        rig.modern("tools/call", &modern_call(&make(4 * MIB), ""))
    }),
    ("server without sessions in this process: a batch that waits", |make| {
        let mut rig = Rig::stateless();
        let took = rig.legacy(&waiting_batch(make), Accept { json: true, sse: false });
        (0..5).map(|_| rig.pass(Duration::from_millis(200))).max().unwrap_or_default().max(took)
    }),
    ("server without sessions in this process: a batch that waits, as events", |make| {
        let mut rig = Rig::stateless();
        let took = rig.legacy(&waiting_batch(make), BOTH);
        (0..5).map(|_| rig.pass(Duration::from_millis(200))).max().unwrap_or_default().max(took)
    }),
    ("legacy client, server in this process: a batch", |make| {
        let mut rig = Rig::native();
        rig.legacy(&INITIALIZE.replace("2025-11-25", "2025-03-26"), BOTH);
        rig.legacy(&batch(make), BOTH)
    }),
];

/// As many calls as a batch may have.
fn batch(make: Make) -> String {
    let calls: Vec<_> = (1..=50)
        .map(|id| call(&make(4 * MIB / 50)).replace(r#""id":1"#, &format!(r#""id":{id}"#)))
        .collect();
    format!("[{}]", calls.join(","))
}

/// Requests whose answers repeat them, and one whose answer takes a second.
fn waiting_batch(make: Make) -> String {
    let mut all: Vec<_> = (1..=49)
        .map(|id| {
            let uri = Value::from(format!("x:{}", make(4 * MIB / 50 / 2)));
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"resources/read","params":{{"uri":{uri}}}}}"#)
        })
        .collect();
    all.push(
        call("")
            .replace(r#""x""#, r#""demo_progress","_meta":{"progressToken":1}"#)
            .replace(r#""id":1"#, r#""id":50"#),
    );
    format!("[{}]", all.join(","))
}

/// An `initialize` with this in the client's description and capabilities.
fn introduction(make: Make) -> String {
    let info = format!(r#""clientInfo":{{{},"name""#, make(2 * MIB));
    let capabilities = format!(r#""sampling":{{{}}}"#, make(2 * MIB));
    INITIALIZE.replace(r#""clientInfo":{"name""#, &info).replace(r#""sampling":{}"#, &capabilities)
}

fn sse_session() -> Rig {
    let mut rig = Rig::bridge(ChildEra::Legacy);
    rig.connect();
    rig.post_sse(&INITIALIZE.replace("2025-11-25", "2024-11-05"));
    rig.answers(&WELCOME.replace("2025-11-25", "2024-11-05"));
    rig
}

fn settle(rig: &mut Rig) -> Duration {
    rig.pass(Duration::from_millis(6))
}

fn call(arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"x","arguments":{{{arguments}}}}}}}"#
    )
}

fn sampling(metadata: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{{"messages":[],"maxTokens":1,"metadata":{{{metadata}}}}}}}"#
    )
}

fn tools(make: Make) -> String {
    format!(
        r#"{{"name":"x","inputSchema":{{"type":"object","properties":{{{}}}}}}}"#,
        make(16 * MIB)
    )
}

fn modern(method: &str, params: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{"sampling":{{}}}}}}}}}}"#
    )
}

fn modern_call(arguments: &str, rounds: &str) -> String {
    modern("tools/call", &format!(r#""name":"x","arguments":{{{arguments}}},{rounds}"#))
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"sampling":{}},"clientInfo":{"name":"c","version":"1"}}}"#;

const WELCOME: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}"#;

const DISCOVERY: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}"#;

fn legacy_session() -> Rig {
    let mut rig = Rig::bridge(ChildEra::Legacy);
    rig.legacy(INITIALIZE, BOTH);
    rig.answers(WELCOME);
    rig
}

fn modern_server() -> Rig {
    let mut rig = Rig::bridge(ChildEra::Modern);
    rig.modern("tools/list", &modern("tools/list", ""));
    rig.answers(r#"{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[]}"#);
    rig
}

fn legacy_server() -> Rig {
    let mut rig = Rig::bridge(ChildEra::Legacy);
    rig.modern("tools/list", &modern("tools/list", ""));
    rig.answers(WELCOME);
    rig.answers("{}");
    rig.answers(r#"{"tools":[]}"#);
    rig
}

fn interpreted() -> Rig {
    let mut rig = Rig::bridge(ChildEra::Modern);
    rig.legacy(INITIALIZE, BOTH);
    rig.answers(DISCOVERY);
    rig
}
