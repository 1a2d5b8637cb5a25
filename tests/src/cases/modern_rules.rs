//! Rules for clients of 2026-07-28 that hold for every kind of server: servers in this process, and
//! commands of either era behind the bridge.

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, initialize};
use crate::modern::{self, CAPABILITIES, CLIENT, Modern, REVISION, VERSION, signed};
use crate::pontoon::Pontoon;
use crate::wire::{Request, Response};

cases! { $ modern_rules:
    discovery
    what_a_request_says_of_itself
    versions_that_are_not_served
    methods_are_repeated
    names_are_repeated
    headers_are_read_leniently
    removed_methods
    the_first_mistake_is_told
    browsers_of_elsewhere
    what_is_no_request
    no_sessions
    ids_go_back_as_they_came
    results_say_what_they_are
    both_eras_at_once
    the_legacy_era_alone
    the_modern_era_alone
}

/// A server, and a call that it answers.
struct Subject {
    name: &'static str,
    pontoon: Pontoon,
    call: (&'static str, Value),
}

impl Subject {
    fn client(&self) -> Modern {
        Modern::new(&self.pontoon)
    }

    fn body(&self) -> Value {
        self.client().tool_call(self.call.0, self.call.1.clone())
    }

    fn send(&self, request: &Request) -> Response {
        request.send(self.pontoon.addr)
    }

    /// Asserts that a request is refused with this status and code, and with its id.
    #[track_caller]
    fn expect_refused(&self, request: &Request, (status, code): (u16, i64), case: &str) -> Value {
        let response = self.send(request);
        let case = format!("{}: {case}", self.name);
        response.expect_error(status, code, &case);
        let answer = response.json();
        assert_eq!(answer["id"], 1, "{case}: {answer}");
        answer["error"].clone()
    }

    #[track_caller]
    fn expect_served(&self, request: &Request, case: &str) {
        let case = format!("{}: {case}", self.name);
        let answer = self.send(request).expect(200, &case).answer();
        assert_eq!(answer["result"]["resultType"], "complete", "{case}: {answer}");
    }
}

/// Returns every kind of server.
fn each(target: &Target) -> [Subject; 5] {
    let subject = |name, line: crate::pontoon::CommandLine, tool, arguments| Subject {
        name,
        pontoon: line.start(),
        call: (tool, arguments),
    };
    let message = || json!({"message": "hello"});
    let text = || json!({"text": "hello"});
    let sum = json!({"a": 1, "b": 2, "op": "add"});
    let modern = target.proxy().options(&["--child-era", "modern"]).child(&["--modern"]);
    let legacy = target.proxy().options(&["--child-era", "legacy"]);
    [
        subject("echo", target.echo(), "echo", message()),
        subject("echo --stateless", target.echo_stateless(), "echo", message()),
        subject("calculator", target.calculator(), "calculate", sum),
        subject("a modern command", modern, "echo", text()),
        subject("a legacy command", legacy, "echo", text()),
    ]
}

const MISMATCH: (u16, i64) = (400, -32020);
const UNSUPPORTED: (u16, i64) = (400, -32022);
const NO_META: (u16, i64) = (400, -32602);
const NO_METHOD: (u16, i64) = (404, -32601);

pub fn discovery(target: &Target) {
    for subject in each(target) {
        let found = subject.client().request("server/discover", json!({}));
        let result = &found["result"];
        let versions = result["supportedVersions"].as_array().expect("versions");
        assert!(versions.contains(&json!(REVISION)), "{}: {found}", subject.name);
        let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert!(server["name"].is_string() && server["version"].is_string(), "{found}");
        assert!(result["ttlMs"].is_u64() && result["cacheScope"].is_string(), "{found}");
        let capabilities = result["capabilities"].as_object().expect("capabilities");
        assert!(!capabilities.contains_key("tasks"), "{found}");
        for (capability, list) in
            [("tools", "tools/list"), ("prompts", "prompts/list"), ("resources", "resources/list")]
        {
            let answer = subject.client().request(list, json!({}));
            let is_there = answer["result"].is_object();
            assert_eq!(capabilities.contains_key(capability), is_there, "{}: {list}", subject.name);
        }
    }
}

pub fn what_a_request_says_of_itself(target: &Target) {
    for subject in each(target) {
        let body = subject.body();
        let without = |keys: &[&str]| {
            let mut body = body.clone();
            let meta = body["params"]["_meta"].as_object_mut().expect("it has one");
            meta.retain(|key, _| !keys.contains(&key.as_str()));
            body
        };
        let refused = |body: &Value, case: &str| {
            subject.expect_refused(&signed(body), NO_META, case);
        };
        refused(&without(&[VERSION]), "no version");
        refused(&without(&[CAPABILITIES]), "no capabilities");
        refused(&without(&[VERSION, CAPABILITIES]), "neither");
        let mut none = body.clone();
        none["params"].as_object_mut().expect("parameters").remove("_meta");
        refused(&none, "no _meta");
        let mut list = body.clone();
        list["params"]["_meta"][CAPABILITIES] = json!(["sampling"]);
        refused(&list, "capabilities are an object");
        subject.expect_served(&signed(&without(&[CLIENT])), "clientInfo is optional");
        subject.expect_refused(
            &signed(&body).without("MCP-Protocol-Version"),
            MISMATCH,
            "no version header",
        );
    }
}

pub fn versions_that_are_not_served(target: &Target) {
    for subject in each(target) {
        let mut body = subject.body();
        body["params"]["_meta"][VERSION] = json!("v999.0.0");
        subject.expect_refused(&signed(&body), MISMATCH, "the header says otherwise");
        let both = signed(&body).with("MCP-Protocol-Version", "v999.0.0");
        let error = subject.expect_refused(&both, UNSUPPORTED, "an unknown revision");
        assert_eq!(error["data"]["requested"], "v999.0.0", "{error}");
        let found = subject.client().request("server/discover", json!({}));
        let discovered = found["result"]["supportedVersions"].as_array().expect("versions");
        let supported = error["data"]["supported"].as_array().expect("versions");
        assert!(!supported.is_empty(), "{error}");
        assert!(supported.iter().all(|one| discovered.contains(one)), "{error} {found}");
        let other = signed(&subject.body()).with("MCP-Protocol-Version", "2025-11-25");
        subject.expect_refused(&other, MISMATCH, "a legacy header on a modern request");
    }
}

pub fn methods_are_repeated(target: &Target) {
    for subject in each(target) {
        let request = signed(&subject.body());
        subject.expect_refused(&request.clone().without("Mcp-Method"), MISMATCH, "not said");
        for other in ["tools/list", "TOOLS/CALL", "tools/call, tools/call", ""] {
            let request = request.clone().with("Mcp-Method", other);
            subject.expect_refused(&request, MISMATCH, other);
        }
    }
}

pub fn names_are_repeated(target: &Target) {
    for subject in each(target) {
        let client = subject.client();
        let prompt = modern::request(1, "prompts/get", json!({"name": "any"}), &json!({}));
        let read = modern::request(1, "resources/read", json!({"uri": "any:thing"}), &json!({}));
        for body in [subject.body(), prompt, read] {
            let found = client.request("server/discover", json!({}));
            let method = body["method"].as_str().expect("a method");
            let has = &found["result"]["capabilities"][method.split('/').next().unwrap()];
            if has.is_null() {
                continue;
            }
            let request = signed(&body);
            subject.expect_refused(&request.clone().without("Mcp-Name"), MISMATCH, method);
            for other in ["other", "ECHO", "=?base64?YW55?=x"] {
                subject.expect_refused(&request.clone().with("Mcp-Name", other), MISMATCH, method);
            }
        }
        let encoded = match subject.call.0 {
            "echo" => "=?base64?ZWNobw==?=",
            _ => "=?base64?Y2FsY3VsYXRl?=",
        };
        let request = signed(&subject.body()).with("Mcp-Name", encoded);
        subject.expect_served(&request, "a name may be encoded");
    }
}

pub fn headers_are_read_leniently(target: &Target) {
    for subject in each(target) {
        let body = subject.body();
        let request = Request::post(body.to_string())
            .header("mcp-protocol-VERSION", "  2026-07-28 ")
            .header("MCP-METHOD", "   tools/call\t")
            .header("mcp-name", format!(" {} ", subject.call.0));
        subject.expect_served(&request, "any case, any space");
    }
}

pub fn removed_methods(target: &Target) {
    for subject in each(target) {
        for method in [
            "initialize",
            "ping",
            "logging/setLevel",
            "resources/subscribe",
            "resources/unsubscribe",
            "no/such/method",
        ] {
            for params in [json!({}), json!({"level": 5, "uri": []})] {
                let body = modern::request(1, method, params, &json!({}));
                subject.expect_refused(&signed(&body), NO_METHOD, method);
            }
        }
        let mut reached = subject.pontoon.record.lines_with("\"level\":5");
        reached.retain(|line| !line.contains("no/such/method"));
        assert!(reached.is_empty(), "{}: {reached:?}", subject.name);
    }
}

pub fn the_first_mistake_is_told(target: &Target) {
    for subject in each(target) {
        let mut unable = subject.body();
        unable["params"]["_meta"].as_object_mut().expect("it has one").remove(CAPABILITIES);
        let request = signed(&unable).without("MCP-Protocol-Version");
        subject.expect_refused(&request, MISMATCH, "version header, then _meta");

        let mut differs = unable.clone();
        differs["params"]["_meta"][VERSION] = json!("v999.0.0");
        subject.expect_refused(&signed(&differs), NO_META, "_meta, then its version");
        let both = signed(&differs).with("MCP-Protocol-Version", "v999.0.0");
        subject.expect_refused(&both, NO_META, "_meta, then the version");

        let mut unserved = subject.body();
        unserved["params"]["_meta"][VERSION] = json!("v999.0.0");
        let both = signed(&unserved).with("MCP-Protocol-Version", "v999.0.0");
        let both = both.with("Mcp-Method", "other").without("Mcp-Name");
        subject.expect_refused(&both, UNSUPPORTED, "version, then Mcp-Method");

        let unknown = modern::request(1, "no/such/method", json!({}), &json!({}));
        let request = signed(&unknown).with("Mcp-Method", "other");
        subject.expect_refused(&request, MISMATCH, "Mcp-Method, then the method");

        let mut wrong = subject.body();
        wrong["params"]["arguments"] = json!("none");
        let request = signed(&wrong).with("Mcp-Name", "other");
        subject.expect_refused(&request, MISMATCH, "Mcp-Name, then the parameters");
    }
}

pub fn browsers_of_elsewhere(target: &Target) {
    for subject in each(target) {
        let request = signed(&subject.body());
        let origin = request.clone().header("Origin", "http://evil.example.com");
        subject.send(&origin).expect(403, subject.name);
        let host = request.clone().with("Host", "evil.example.com");
        subject.send(&host).expect(403, subject.name);
        // The origin is checked before anything else.
        let broken = origin.without("Mcp-Method").body("{");
        subject.send(&broken).expect(403, subject.name);
        let addr = subject.pontoon.addr.to_string();
        let own = request.with("Host", &addr).header("Origin", format!("http://{addr}"));
        subject.expect_served(&own, "its own pages");
    }
}

pub fn what_is_no_request(target: &Target) {
    for subject in each(target) {
        let body = subject.body();
        let with = |body: String| signed(&subject.body()).body(body);
        let broken = subject.send(&with("{\"jsonrpc\":".into()));
        broken.expect_error(400, -32700, subject.name);
        let batch = subject.send(&with(json!([body]).to_string()));
        batch.expect_error(400, -32600, subject.name);
        let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
        subject.send(&with(answer.to_string())).expect(400, subject.name);
        let mut null = subject.body();
        null["id"] = Value::Null;
        subject.send(&signed(&null)).expect_error(400, -32600, subject.name);
    }
}

pub fn no_sessions(target: &Target) {
    for subject in each(target) {
        let request = signed(&subject.body());
        let plain = subject.send(&request);
        assert_eq!(plain.expect(200, subject.name).header("mcp-session-id"), None);
        let request = request
            .header("Mcp-Session-Id", "550e8400-e29b-41d4-a716-446655440000")
            .header("Last-Event-ID", "7");
        subject.expect_served(&request, "an unknown session");
    }
}

pub fn ids_go_back_as_they_came(target: &Target) {
    for subject in each(target) {
        for id in [json!("one"), json!(""), json!(0), json!(-7), json!(9_007_199_254_740_991_i64)] {
            let mut body = subject.body();
            body["id"] = id.clone();
            let response = subject.send(&signed(&body));
            assert_eq!(response.answer()["id"], id, "{}", subject.name);
        }
    }
}

pub fn results_say_what_they_are(target: &Target) {
    for subject in each(target) {
        let client = subject.client();
        let call = subject.send(&signed(&subject.body())).answer();
        assert_eq!(call["result"]["resultType"], "complete", "{}: {call}", subject.name);
        assert_eq!(call["result"].get("ttlMs"), None, "{}: {call}", subject.name);
        let list = client.request("tools/list", json!({}));
        let result = &list["result"];
        assert_eq!(result["resultType"], "complete", "{}: {list}", subject.name);
        assert!(result["ttlMs"].is_u64(), "{}: {list}", subject.name);
        let scope = result["cacheScope"].as_str().expect("a scope");
        assert!(["private", "public"].contains(&scope), "{}: {list}", subject.name);
        let again = client.request("tools/list", json!({}));
        assert_eq!(again["result"]["tools"], result["tools"], "{}: the same order", subject.name);
        let unknown = client.call("no such tool", json!({}));
        assert_eq!(unknown["error"]["code"], -32602, "{}: {unknown}", subject.name);
    }
}

pub fn both_eras_at_once(target: &Target) {
    for subject in each(target) {
        let opened = Request::post(initialize("2025-06-18").to_string());
        let opened = subject.send(&opened);
        let answer = opened.expect(200, subject.name).answer();
        assert_eq!(answer["result"]["protocolVersion"], "2025-06-18", "{}", subject.name);
        subject.expect_served(&signed(&subject.body()), "beside a legacy client");
        if opened.header("mcp-session-id").is_none() {
            continue;
        }
        let legacy = Client::open(&subject.pontoon);
        for _ in 0..3 {
            let call = legacy.call(subject.call.0, subject.call.1.clone());
            assert!(call["result"]["content"].is_array(), "{}: {call}", subject.name);
            assert_eq!(call["result"].get("resultType"), None, "{}: {call}", subject.name);
            subject.expect_served(&signed(&subject.body()), "in between");
        }
        legacy.delete().expect(204, subject.name);
        subject.expect_served(&signed(&subject.body()), "after it");
    }
}

pub fn the_legacy_era_alone(target: &Target) {
    let legacy = target.proxy().options(&["--revisions", "2025-11-25,2025-06-18"]).start();
    Client::open(&legacy).expect_served();
    let client = Modern::new(&legacy);
    let refused = client.send(&client.body("server/discover", json!({})));
    refused.expect(400, "a client falls back");
    let error = refused.answer()["error"].clone();
    let supported = error["data"]["supported"].as_array().cloned().unwrap_or_default();
    assert!(!supported.contains(&json!(REVISION)), "{error}: it would only try again");
}

pub fn the_modern_era_alone(target: &Target) {
    let modern = target.proxy().options(&["--revisions", REVISION]).start();
    Modern::new(&modern).expect_served();
    for method in ["GET", "DELETE"] {
        let request = Request::new(method, "/mcp").header("Accept", "text/event-stream");
        let refused = request.header("Mcp-Session-Id", "any").send(modern.addr);
        refused.expect(405, method);
    }
    let refused = Request::post(initialize("2025-11-25").to_string()).send(modern.addr);
    assert!((400..500).contains(&refused.status()), "{}", refused.describe());
    let error = refused.answer()["error"].clone();
    assert_eq!(error["data"]["supported"], json!([REVISION]), "{error}: its versions are named");
}
