//! Modern requests with the longest value in each field.

use std::time::Duration;

use pontoon_core::ChildEra;

use crate::rig::{BOTH, Rig};
use crate::{MIB, Row, WELCOME, legacy_server, legacy_session, modern, modern_server};

pub(crate) const ROWS: &[Row] = &[
    ("modern client, modern server: a long name", || call(modern_server(), name)),
    ("modern client, legacy server: a long name", || call(legacy_server(), name)),
    ("modern client, modern server: a long name with escapes", || {
        call(modern_server(), |_| name(&escapes()))
    }),
    ("modern client, legacy server: a long name with escapes", || {
        call(legacy_server(), |_| name(&escapes()))
    }),
    ("modern client, legacy server with tools to check: a long name with escapes", || {
        call(annotated(), |_| name(&escapes()))
    }),
    ("modern client, legacy server: a long URI", || {
        request(legacy_server(), "resources/read", &format!(r#""uri":"{}","#, escapes()))
    }),
    ("modern client, legacy server: a long cursor", || {
        request(legacy_server(), "tools/list", &format!(r#""cursor":"{}","#, escapes()))
    }),
    ("modern client, legacy server: a long request state", || {
        let state = format!(r#""requestState":"{}","#, escapes());
        call(legacy_server(), |_| state.clone())
    }),
    ("modern client, legacy server: long responses", || {
        let responses = format!(r#""requestState":"x","inputResponses":{{{}}},"#, many());
        call(legacy_server(), |_| responses.clone())
    }),
    ("modern client, modern server: a long log level", || {
        meta(modern_server(), &format!(r#""io.modelcontextprotocol/logLevel":"{}""#, escapes()))
    }),
    ("modern client, legacy server: a long log level", || {
        meta(legacy_server(), &format!(r#""io.modelcontextprotocol/logLevel":"{}""#, escapes()))
    }),
    ("modern client, legacy server: much in _meta", || meta(legacy_server(), &many())),
    ("modern client, modern server: much in _meta", || meta(modern_server(), &many())),
    ("modern client, legacy server: a long description of the client", || {
        meta(legacy_server(), &format!(r#""io.modelcontextprotocol/clientInfo":{{{}}}"#, many()))
    }),
    ("modern client, modern server: a long subscription", || subscription(modern_server())),
    ("modern client, legacy server: a long subscription", || subscription(legacy_server())),
    ("legacy client, legacy server: a method of 4 MiB", || {
        let mut rig = legacy_session();
        let method = "x".repeat(4 * MIB);
        rig.legacy(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#), BOTH)
    }),
];

fn escapes() -> String {
    r"\u00e9".repeat(4 * MIB / 6)
}

fn many() -> String {
    (0..4 * MIB / 16).map(|key| format!(r#""k{key:08}":[0]"#)).collect::<Vec<_>>().join(",")
}

fn name(name: &str) -> String {
    format!(r#""name":"{name}","#)
}

fn call(rig: Rig, params: impl FnOnce(&str) -> String) -> Duration {
    let params = params(&"x".repeat(4 * MIB));
    let params = if params.contains("name") { params } else { format!(r#""name":"x",{params}"#) };
    request(rig, "tools/call", &params)
}

fn request(mut rig: Rig, method: &str, params: &str) -> Duration {
    rig.modern(method, &modern(method, params))
}

fn meta(mut rig: Rig, members: &str) -> Duration {
    let body = modern("tools/call", r#""name":"x","#);
    rig.modern("tools/call", &body.replace(r#""_meta":{"#, &format!(r#""_meta":{{{members},"#)))
}

fn subscription(mut rig: Rig) -> Duration {
    let uris = (0..4 * MIB / 16).map(|uri| format!(r#""x:{uri:011}""#)).collect::<Vec<_>>();
    let filter = format!(r#""notifications":{{"resourceSubscriptions":[{}]}},"#, uris.join(","));
    rig.modern("subscriptions/listen", &modern("subscriptions/listen", &filter))
}

fn annotated() -> Rig {
    let mut rig = Rig::bridge(ChildEra::Legacy);
    rig.modern("tools/list", &modern("tools/list", ""));
    rig.answers(WELCOME);
    rig.answers("{}");
    rig.answers(&format!(r#"{{"tools":[{}]}}"#, crate::clients::tool(0)));
    rig
}
