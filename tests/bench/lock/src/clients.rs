//! As many tools, arguments, clients and sessions as the limits allow.

use std::time::Duration;

use pontoon_core::http::Request;
use pontoon_core::server::Changed;
use pontoon_core::{ChildEra, Input};

use crate::rig::{BOTH, Rig};
use crate::{DISCOVERY, INITIALIZE, MIB, Row, WELCOME, call, legacy_server, modern, modern_call};
use crate::{modern_server, settle};

pub(crate) const ROWS: &[Row] = &[
    ("modern client, modern server: 130,000 tools with an argument in a header", || {
        let mut rig = modern_server();
        rig.modern("tools/list", &modern("tools/list", ""));
        let first = rig.answers(&tools("complete"));
        rig.modern("tools/list", &modern("tools/list", ""));
        rig.answers(&tools("complete").replace("Region", "Area")).max(first)
    }),
    ("modern client, legacy server: 130,000 tools with an argument in a header", || {
        let mut rig = Rig::bridge(ChildEra::Legacy);
        rig.modern("tools/call", &modern_call("", ""));
        rig.answers(WELCOME);
        rig.answers("{}");
        rig.answers(&tools("complete"))
    }),
    ("modern client, modern server: many pages of tools", || {
        let mut rig = modern_server();
        let pages = (0..50).map(|page| {
            rig.modern("tools/list", &modern("tools/list", r#""cursor":"x","#));
            let tools: Vec<_> = (0..8_000).map(|tool| self::tool(page * 8_000 + tool)).collect();
            rig.answers(&listed("complete", &tools))
        });
        pages.max().unwrap_or_default()
    }),
    ("modern client, modern server: a call with 20,000 arguments to compare", || {
        let mut rig = modern_server();
        rig.modern("tools/list", &modern("tools/list", ""));
        let properties =
            (0..20_000).map(|it| format!(r#""k{it}":{{"type":"string","x-mcp-header":"H{it}"}}"#));
        let properties = properties.collect::<Vec<_>>().join(",");
        let tool = format!(
            r#"{{"name":"x","inputSchema":{{"type":"object","properties":{{{properties}}}}}}}"#
        );
        rig.answers(&listed("complete", &[tool]));
        rig.modern("tools/call", &modern_call(&format!(r#""a":"{}""#, "x".repeat(30 << 10)), ""))
    }),
    ("modern clients, legacy server: 890 calls that wait", || {
        let mut rig = legacy_server();
        for _ in 1..890 {
            rig.modern("tools/call", &modern_call(&fill(4096), ""));
        }
        let last = rig.modern("tools/call", &modern_call(&fill(4096), ""));
        last.max(settle(&mut rig))
    }),
    ("modern clients, legacy server: 890 calls that wait, and the end of a child", || {
        let mut rig = legacy_server();
        for _ in 0..890 {
            rig.modern("tools/call", &modern_call(&fill(4096), ""));
        }
        rig.dies()
    }),
    ("modern clients, modern server: the end of a child with 890 calls", || {
        let mut rig = modern_server();
        for _ in 0..890 {
            rig.modern("tools/call", &modern_call("", ""));
        }
        rig.dies()
    }),
    ("modern clients, modern server: a change for 760 subscribers", || {
        let mut rig = modern_server();
        (0..760).for_each(|_| listen(&mut rig));
        rig.says(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
    }),
    ("modern clients, legacy server: a change for 760 subscribers", || {
        let mut rig = legacy_server();
        (0..760).for_each(|_| listen(&mut rig));
        rig.says(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
    }),
    ("modern clients, server in this process: a change for 760 subscribers", || {
        let mut rig = Rig::native();
        (0..760).for_each(|_| listen(&mut rig));
        rig.input(Input::Changed { change: Changed::Tools })
    }),
    ("legacy clients, server in this process: a change for 100 sessions", || {
        let mut rig = Rig::native();
        sessions(&mut rig, None);
        rig.input(Input::Changed { change: Changed::Tools })
    }),
    ("100 sessions with 700 calls: the metrics", || {
        let mut rig = busy();
        rig.request(Request::Metrics)
    }),
    ("100 sessions with 700 calls: the health", || {
        let mut rig = busy();
        rig.request(Request::Health { detailed: true })
    }),
    ("100 sessions with 700 calls: their time limit", || {
        let mut rig = busy();
        (0..90).map(|_| rig.pass(Duration::from_millis(400))).max().unwrap_or_default()
    }),
    ("100 sessions with 700 calls: the stop", || {
        let mut rig = busy();
        let asked = rig.input(Input::ShutdownRequested);
        asked.max(rig.input(Input::ShutdownRequested))
    }),
    ("legacy client, legacy server: a session with a full replay is deleted", || {
        let mut rig = Rig::bridge(ChildEra::Legacy);
        sessions(&mut rig, Some(1));
        rig.legacy(&call(""), BOTH);
        let number = rig.number();
        for _ in 0..256 {
            rig.says(&format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{number},"progress":1,"message":"{}"}}}}"#,
                "x".repeat(16 << 10)
            ));
        }
        rig.delete()
    }),
    ("legacy clients, modern server: a change for 100 sessions", || {
        let mut rig = Rig::bridge(ChildEra::Modern);
        rig.legacy(INITIALIZE, BOTH);
        rig.answers(DISCOVERY);
        for _ in 1..100 {
            rig.session = None;
            rig.legacy(INITIALIZE, BOTH);
        }
        rig.says(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
    }),
];

pub(crate) fn tool(number: usize) -> String {
    format!(
        r#"{{"name":"t{number:06}","inputSchema":{{"type":"object","properties":{{"a":{{"type":"string","x-mcp-header":"Region"}}}}}}}}"#
    )
}

fn tools(kind: &str) -> String {
    let tools: Vec<_> = (0..16 * MIB / tool(0).len()).map(tool).collect();
    listed(kind, &tools)
}

fn listed(kind: &str, tools: &[String]) -> String {
    let tools = tools.join(",");
    format!(r#"{{"resultType":"{kind}","ttlMs":0,"cacheScope":"private","tools":[{tools}]}}"#)
}

fn fill(bytes: usize) -> String {
    format!(r#""a":"{}""#, "x".repeat(bytes))
}

fn listen(rig: &mut Rig) {
    let filter = r#""notifications":{"toolsListChanged":true},"#;
    rig.modern("subscriptions/listen", &modern("subscriptions/listen", filter));
}

/// Opens as many sessions as there may be, or so many.
fn sessions(rig: &mut Rig, count: Option<usize>) {
    for _ in 0..count.unwrap_or(100) {
        rig.session = None;
        rig.legacy(INITIALIZE, BOTH);
        if rig.child.0 > 0 {
            rig.answers(WELCOME);
        }
    }
}

/// Returns a bridge with as many sessions as there may be, and calls in them.
fn busy() -> Rig {
    let mut rig = Rig::bridge(ChildEra::Legacy);
    for _ in 0..100 {
        sessions(&mut rig, Some(1));
        for _ in 0..7 {
            rig.legacy(&call(""), BOTH);
        }
        rig.forget_requests();
    }
    rig
}
