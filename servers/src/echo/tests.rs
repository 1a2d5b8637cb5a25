//! Properties of all tools: the catalog, and that no input of a client makes one panic.

pub(super) mod rig;

use pontoon_core::server::{MessageContext, ServerConnection, StdioServer};
use pontoon_core::{Duration, Instant, Principal, StateKey};
use proptest::prelude::*;
use serde_json::{Value, json};

use self::rig::{any_headers, stateful, stateless};
use super::*;

fn names(server: &Echo) -> Vec<&str> {
    server.catalog().tools.iter().map(|tool| &*tool.name).collect()
}

#[test]
fn the_stateful_server_has_its_eleven_tools_in_order() {
    let server = Echo::stateful(Settings::default());
    assert_eq!(
        names(&server),
        [
            "echo",
            "replayLastEcho",
            "printHeader",
            "bearerDecode",
            "authContext",
            "requestTiming",
            "corsAnalysis",
            "environmentDump",
            "healthProbe",
            "sessionInfo",
            "whoIStheGOAT",
        ]
    );
    let catalog = server.catalog();
    assert_eq!(catalog.name, "mcp-echo-streamablehttp-server-stateful");
    assert_eq!(catalog.version, env!("CARGO_PKG_VERSION"));
    assert!(catalog.logging && catalog.reads_http);
}

#[test]
fn the_stateless_server_has_its_nine_tools_in_order() {
    let server = Echo::stateless(Settings::default());
    assert_eq!(
        names(&server),
        [
            "echo",
            "printHeader",
            "bearerDecode",
            "authContext",
            "requestTiming",
            "corsAnalysis",
            "environmentDump",
            "healthProbe",
            "whoIStheGOAT",
        ]
    );
    assert_eq!(server.catalog().name, "mcp-echo-streamablehttp-server-stateless");
    assert!(!server.catalog().logging, "nothing is ever logged to a client");
}

#[test]
fn every_tool_refuses_arguments_it_does_not_know() {
    for server in [Echo::stateful(Settings::default()), Echo::stateless(Settings::default())] {
        for tool in &server.catalog().tools {
            assert!(tool.input.is_closed(), "{}", tool.name);
            assert_eq!(tool.input.to_json()["additionalProperties"], false, "{}", tool.name);
        }
    }
}

#[test]
fn both_servers_take_the_arguments_of_both_documents() {
    let documented = [
        ("echo", &["message", "uppercase", "reverse"][..]),
        ("printHeader", &["category"]),
        ("bearerDecode", &["token", "includeRaw"]),
        ("whoIStheGOAT", &["subject"]),
    ];
    for server in [Echo::stateful(Settings::default()), Echo::stateless(Settings::default())] {
        for (name, arguments) in documented {
            let tool = server.catalog().tools.iter().find(|tool| tool.name == name).unwrap();
            let fields: Vec<_> = tool.input.fields().iter().map(|field| field.name).collect();
            assert_eq!(fields, arguments, "{name}");
        }
    }
}

#[test]
fn every_tool_answers_without_arguments_and_without_http() {
    for mut stage in [stateful(), stateless()] {
        stage.http = None;
        stage.session = None;
        let mut handler = stage.open();
        for name in ["printHeader", "bearerDecode", "authContext", "requestTiming", "corsAnalysis"]
            .into_iter()
            .chain(["environmentDump", "healthProbe", "whoIStheGOAT"])
        {
            assert!(stage.ask(&mut *handler, name, &json!({})).0.is_ok(), "{name}");
        }
    }
}

#[test]
fn half_a_surrogate_pair_is_no_string() {
    for (tool, argument) in
        [("echo", "message"), ("bearerDecode", "token"), ("whoIStheGOAT", "subject")]
    {
        let arguments: Arguments<'_> = [(argument.into(), r#""\ud800""#)].into_iter().collect();
        let client = Default::default();
        let seal = StateKey::new([0; 32]);
        let context = RequestContext {
            now: Default::default(),
            arrived: Default::default(),
            unix_time: Default::default(),
            revision: Revision::NEWEST_LEGACY,
            client: &client,
            http: None,
            session: None,
            principal: &Principal::Anonymous,
            random: 0,
            seal: &seal,
        };
        let request = Request::CallTool { name: tool, arguments: &arguments };
        let mut handler = Echo::stateless(Settings::default()).new_handler();
        let outcome = handler.evaluate(&request, &context, &mut Notifications::default());
        let Outcome::Done(Err(fault)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(
            (fault.code, &*fault.message),
            (-32602, &*format!("{argument} must be a string"))
        );
    }
}

#[test]
fn settings_are_printed_without_the_environment() {
    let settings = Settings {
        environment: vec![("HOME".to_owned(), "hunter2".to_owned())],
        ..Settings::default()
    };
    let printed = format!("{:?}", Echo::stateful(settings));
    assert!(printed.contains("127.0.0.1") && !printed.contains("hunter2"));
}

/// Returns all lines of a server over stdio for these messages, one of which arrives each second.
fn converse(server: Echo, messages: &[Value]) -> Vec<Value> {
    let mut pipe = StdioServer::new(ServerConnection::new(Arc::new(server)), 10_000);
    let seal = StateKey::new([0; 32]);
    let mut out = Vec::new();
    for (message, second) in messages.iter().zip(0..) {
        let passed = Duration::from_secs(second);
        let wall = Duration::from_secs(1_704_110_400) + passed;
        let at = MessageContext::without_http(Instant::ZERO + passed, wall, 0, &seal);
        pipe.handle_input(format!("{message}\n").as_bytes(), &at, &mut out);
        if pipe.wants_stats() {
            pipe.handle_stats(&HostStats::default(), &at, &mut out);
        }
    }
    let lines = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn tool_call(id: u32, name: &str, arguments: Value) -> Value {
    let params = json!({ "name": name, "arguments": arguments });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
}

#[test]
fn a_connection_over_stdio_is_a_session_without_an_id() {
    let initialize = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "test-client", "version": "1.0" },
        },
    });
    let said = converse(
        Echo::stateful(Settings::default()),
        &[
            initialize,
            tool_call(2, "echo", json!({ "message": "First message" })),
            tool_call(3, "replayLastEcho", json!({})),
            tool_call(4, "requestTiming", json!({})),
            tool_call(5, "sessionInfo", json!({})),
        ],
    );
    let [introduction, log, echo, replay, timing, info] = &said[..] else { panic!("{said:#?}") };
    let server = &introduction["result"]["serverInfo"];
    assert_eq!(server["name"], "mcp-echo-streamablehttp-server-stateful");
    assert_eq!(server["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(log["params"]["data"], json!({ "message": "First message", "echo": 1 }));
    assert_eq!(
        echo["result"]["content"][0]["text"],
        "First message\nSession: stdio\nEcho count in session: 1"
    );
    assert_eq!(replay["result"]["structuredContent"]["message"], "First message");
    assert_eq!(timing["result"]["structuredContent"]["rating"], "Excellent");
    assert_eq!(
        info["result"]["content"][0]["text"],
        "\
📊 Session Information

🔑 Session Details:
- Session ID: stdio
- Created: 2024-01-01 12:00:00 UTC
- Last Activity: 2024-01-01 12:00:03 UTC
- Age: 4s
- Time Until Expiry: never

📈 Session Metrics:
- Total Requests: 5
- Echo Count: 1
- Replay Count: 1
- Message Queue: 0 pending

🧠 Session State:
- Initialized: ✅
- Protocol Version: 2025-06-18
- Client: test-client v1.0"
    );
    let data = &info["result"]["structuredContent"];
    assert_eq!((&data["session_id"], &data["expires_in_seconds"]), (&Value::Null, &Value::Null));
    assert_eq!((&data["requests"], &data["initialized"]), (&json!(5), &json!(true)));
}

#[test]
fn wrong_arguments_are_refused_by_name() {
    for (call, told) in [
        (tool_call(1, "echo", json!({})), "message must be a string"),
        (tool_call(1, "echo", json!({ "message": 1 })), "message must be a string"),
        (tool_call(1, "echo", json!({ "message": "", "reverse": "yes" })), "reverse"),
        (tool_call(1, "echo", json!(null)), "arguments"),
        (tool_call(1, "echo", json!(["message"])), "arguments"),
        (tool_call(1, "printHeader", json!({ "category": "other" })), "category"),
        (tool_call(1, "environmentDump", json!({ "showSecrets": true })), "showSecrets"),
        (tool_call(1, "sessionInfo", json!({})), "Unknown tool: sessionInfo"),
        (tool_call(1, "nosuch", json!({})), "Unknown tool: nosuch"),
    ] {
        let said = converse(Echo::stateless(Settings::default()), std::slice::from_ref(&call));
        let [answer] = &said[..] else { panic!("{said:#?}") };
        assert_eq!(answer["error"]["code"], -32602, "{call}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(told), "{call}: {answer}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_tool_panics_and_none_calls_anything_proved(
        http in any_headers(),
        text in "\\PC{0,40}",
        flags in any::<[bool; 3]>(),
        wall in 0..u64::MAX / 2,
        random in any::<u64>(),
    ) {
        for mut stage in [stateful(), stateless()] {
            stage.http = Some(http.clone());
            stage.wall = Duration::from_secs(wall);
            stage.random = random;
            stage.client.name = Some(text.clone());
            let server = Echo::stateful(Settings::default());
            let mut handler = stage.open();
            for tool in &server.catalog().tools {
                if stage.session.is_none() && matches!(&*tool.name, "replayLastEcho" | "sessionInfo") {
                    continue;
                }
                let mut arguments = json!({});
                for (field, flag) in tool.input.fields().iter().zip(flags) {
                    arguments[field.name] = match field.kind {
                        pontoon_core::server::Kind::Boolean => flag.into(),
                        _ => Value::from(&*text),
                    };
                }
                let answer = stage.ask(&mut *handler, &tool.name, &arguments).0.unwrap();
                let shown = rig::text(&answer);
                // The caller's input may be repeated, but the server's own text must not claim
                // this.
                let claims = shown.replace(&text, "");
                prop_assert!(!claims.contains("AUTHENTICATED"), "{}: {shown}", tool.name);
                prop_assert!(!claims.contains("✅ Authenti"), "{}: {shown}", tool.name);
                prop_assert!(!claims.to_lowercase().contains("verified ✅"), "{}: {shown}", tool.name);
            }
        }
    }
}
