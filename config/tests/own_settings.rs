//! The settings under `pontoon`, and the published schema.

mod support;

use std::time::Duration;

use pontoon_config::settings::{ChildPer, Listen, OnChildExit, Revision, Size, Time, Tls};
use pontoon_config::{Level, Outcome, read, schema};
use serde_json::{Value, json};

use support::{Machine, data, file, report};

fn of_entry(settings: &Value) -> pontoon_config::Report {
    let entry = json!({ "command": "node", "pontoon": settings });
    report(json!({ "mcpServers": { "gull": entry } }).to_string())
}

fn of_file(settings: &Value) -> pontoon_config::Report {
    report(
        json!({ "mcpServers": { "gull": { "command": "node" } }, "pontoon": settings }).to_string(),
    )
}

fn keys(report: &pontoon_config::Report) -> Vec<String> {
    let errors = report.findings.iter().filter(|finding| finding.level == Level::Error);
    errors.map(|finding| finding.key.clone()).collect()
}

#[test]
fn settings_of_an_entry_are_read() {
    let report = of_entry(&json!({
        "headerEnv": { "X-Key": "KEY" }, "requestTimeout": "500ms", "sessionTimeout": 1.5,
        "childPer": "shared", "revisions": ["2025-11-25"], "maxLine": "4MiB", "maxSessions": 7,
        "onChildExit": "resume", "startupTimeout": null,
    }));
    let Outcome::Served(server) = &report.entries[0].outcome else { panic!("{report:#?}") };
    let settings = &server.settings;
    let (header, variable) = settings.header_env.iter().next().unwrap();
    assert_eq!((header.0.as_str(), variable.0.as_str()), ("x-key", "KEY"));
    assert_eq!(settings.request_timeout, Some(Time(Duration::from_millis(500))));
    assert_eq!(settings.session_timeout, Some(Time(Duration::from_millis(1500))));
    assert_eq!(settings.child_per, Some(ChildPer::Shared));
    assert_eq!(settings.on_child_exit, Some(OnChildExit::Resume));
    assert_eq!(settings.revisions, Some(vec![Revision::R20251125]));
    assert_eq!(settings.max_line, Some(Size(4 << 20)));
    assert_eq!(settings.max_sessions.map(usize::from), Some(7));
    assert_eq!(settings.startup_timeout, None);
}

#[test]
fn settings_of_a_file_are_read() {
    let listen = |host: &str, port| Some(Listen { host: host.to_owned(), port });
    for (text, expected) in [
        ("127.0.0.1:80", listen("127.0.0.1", 80)),
        ("[::1]:0", listen("::1", 0)),
        ("a.b:1", listen("a.b", 1)),
    ] {
        assert_eq!(of_file(&json!({ "listen": text })).settings.listen, expected);
        assert_eq!(of_file(&json!({ "admin": text })).settings.admin, expected);
    }
    let tls = json!({ "tls": { "cert": "tls/cert.pem", "key": "/run/key.pem" } });
    let expected = Tls { cert: data().join("tls/cert.pem"), key: "/run/key.pem".into() };
    assert_eq!(of_file(&tls).settings.tls, Some(expected));
    assert_eq!(keys(&of_file(&json!({ "tls": { "cert": "cert.pem" } }))), ["pontoon.tls"]);
    assert_eq!(
        keys(&of_file(&json!({ "tls": { "cert": "a", "key": "b", "ca": "c" } }))),
        ["pontoon.tls.ca"]
    );
}

#[test]
fn settings_of_authentication_are_read() {
    let auth = json!({
        "tokenFile": "tokens", "jwksFile": "/run/keys.json", "introspectionSecretFile": "secret",
        "issuer": "https://id.example.com", "scopes": ["gull:tools/call"], "userHeader": "X-User",
    });
    let auth = of_file(&json!({ "auth": auth })).settings.auth;
    assert_eq!(auth.token_file, Some(data().join("tokens")));
    assert_eq!(auth.jwks_file, Some("/run/keys.json".into()));
    assert_eq!(auth.introspection_secret_file, Some(data().join("secret")));
    assert_eq!(auth.issuer.as_deref(), Some("https://id.example.com"));
    assert_eq!(auth.scopes, ["gull:tools/call"]);
    assert_eq!(auth.user_header.map(|name| name.0), Some("x-user".into()));
    let unknown = of_file(&json!({ "auth": { "token": "secret" } }));
    assert_eq!(keys(&unknown), ["pontoon.auth.token"]);
}

#[test]
fn each_problem_of_settings_is_reported_with_its_key() {
    let rows = [
        (json!(7), vec!["pontoon"]),
        (json!([]), vec!["pontoon"]),
        (json!({ "headerenv": {} }), vec!["pontoon.headerenv"]),
        (
            json!({ "a": 1, "requestTimeout": "soon", "maxSessions": 0 }),
            vec!["pontoon.a", "pontoon.requestTimeout", "pontoon.maxSessions"],
        ),
        (json!({ "headerEnv": { "Authorization": "A" } }), vec!["pontoon.headerEnv.Authorization"]),
        (json!({ "headerEnv": { "Cookie": "A" } }), vec!["pontoon.headerEnv.Cookie"]),
        (json!({ "headerEnv": { "Mcp-Name": "A" } }), vec!["pontoon.headerEnv.Mcp-Name"]),
        (json!({ "headerEnv": { "X": "PATH" } }), vec!["pontoon.headerEnv.X"]),
        (json!({ "headerEnv": { "X Y": "A" } }), vec!["pontoon.headerEnv.X Y"]),
        (
            json!({ "headerEnv": { "X": "A=B", "Y": 7 } }),
            vec!["pontoon.headerEnv.X", "pontoon.headerEnv.Y"],
        ),
        (json!({ "revisions": ["2025-11-25", "CANARY"] }), vec!["pontoon.revisions[1]"]),
        (json!({ "childPer": "CANARY" }), vec!["pontoon.childPer"]),
        (json!({ "cleanEnv": "CANARY" }), vec!["pontoon.cleanEnv"]),
        (json!({ "maxLine": -1 }), vec!["pontoon.maxLine"]),
    ];
    for (settings, expected) in rows {
        let report = of_entry(&settings);
        let mut found = keys(&report);
        found.sort();
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        expected.sort();
        assert_eq!(found, expected, "{settings}");
        assert!(!support::output(&report).contains("CANARY"), "{settings}");
        assert!(!report.is_unusable);
    }
}

#[test]
fn limits_of_an_entry_are_read() {
    let limits = json!({ "requestsPerSecond": 2, "burst": 3, "concurrentRequests": 4, "sessionsPerClient": 5 });
    let report = of_entry(&json!({ "limits": limits }));
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let Outcome::Served(server) = &report.entries[0].outcome else { panic!("{report:#?}") };
    let limits = server.settings.limits;
    let all = [
        limits.requests_per_second,
        limits.burst,
        limits.concurrent_requests,
        limits.sessions_per_client,
    ];
    assert_eq!(all.map(|count| count.map(usize::from)), [Some(2), Some(3), Some(4), Some(5)]);
    assert_eq!(keys(&of_entry(&json!({ "limits": { "maxBody": 1 } }))), ["pontoon.limits.maxBody"]);
    assert_eq!(keys(&of_entry(&json!({ "limits": { "burst": 0 } }))), ["pontoon.limits.burst"]);
}

#[test]
fn a_burst_without_a_rate_is_a_warning() {
    let entry = json!({ "command": "node", "pontoon": { "limits": { "burst": 3 } } });
    let with = |top: Value| {
        let text = json!({ "mcpServers": { "gull": entry }, "pontoon": { "limits": top } });
        report(text.to_string()).findings
    };
    let findings = with(json!({}));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((findings[0].level, &*findings[0].key), (Level::Warning, "pontoon.limits.burst"));
    assert!(with(json!({ "requestsPerSecond": 1 })).is_empty());
}

#[test]
fn a_variable_that_a_header_sets_is_not_set_by_env_too() {
    let of = |header_env: Value, env: Value| {
        let settings = json!({ "headerEnv": header_env });
        let entry = json!({ "command": "node", "env": env, "pontoon": settings });
        report(json!({ "mcpServers": { "gull": entry } }).to_string())
    };
    let found = of(json!({ "X-Key": "GULL" }), json!({ "GULL": "1", "OTHER": "2" }));
    assert_eq!(found.findings.len(), 1, "{:?}", found.findings);
    let finding = &found.findings[0];
    assert_eq!((finding.level, &*finding.key), (Level::Warning, "env.GULL"));
    assert!(finding.text.contains("x-key"), "{finding}");
    assert!(of(json!({ "X-Key": "GULL" }), json!({ "GULL": null })).findings.is_empty());
    let twice = [json!({ "X-Key": "GULL", "x-key": "B" }), json!({ "X-Key": "A", "Y-Key": "A" })];
    for (header_env, key) in twice.into_iter().zip(["x-key", "Y-Key"]) {
        let report = of(header_env, json!({}));
        assert_eq!(keys(&report), [format!("pontoon.headerEnv.{key}")]);
    }
}

#[test]
fn the_files_that_a_report_depends_on_are_listed() {
    let entries = json!({
        "gull": { "command": "node", "envFile": "no-such.env" },
        "tern": { "command": "node" },
    });
    let report = report(json!({ "mcpServers": entries }).to_string());
    assert_eq!(report.files, [data().join("no-such.env")]);
}

#[test]
fn a_problem_at_the_top_makes_the_file_unusable() {
    let rows = [
        (json!({ "authentication": {} }), "pontoon.authentication"),
        (json!({ "listen": "CANARY" }), "pontoon.listen"),
        (json!({ "listen": "::1:80" }), "pontoon.listen"),
        (json!({ "listen": 80 }), "pontoon.listen"),
        (json!({ "limits": { "maxbody": 1 } }), "pontoon.limits.maxbody"),
    ];
    for (settings, key) in rows {
        let report = of_file(&settings);
        assert_eq!(keys(&report), [key]);
        assert!(report.is_unusable && report.entries.is_empty());
        assert!(!support::output(&report).contains("CANARY"), "{settings}");
    }
}

#[test]
fn settings_under_a_misspelt_key_make_the_file_unusable() {
    for key in ["Pontoon", "pontoons", "ponton"] {
        let report = report(json!({ "mcpServers": {}, key: { "listen": "a:1" } }).to_string());
        assert_eq!((keys(&report), report.is_unusable), (vec![key.to_owned()], true));
    }
    let report = report(json!({ "mcpServers": {}, "theme": {}, "platoon": {} }).to_string());
    assert!(!report.has_errors());
}

/// Returns the published schema.
fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&schema()).expect("a schema")
}

#[test]
fn schema_and_reader_agree_on_settings() {
    let validator = validator();
    let of_entry_rows = [
        json!({}),
        json!({ "headerEnv": { "X-Key": "KEY" } }),
        json!({ "headerEnv": { "X": "A=B" } }),
        json!({ "headerEnv": { "authorization": "A" } }),
        json!({ "headerEnv": { "Proxy-Authorization": "A" } }),
        json!({ "headerEnv": { "Cookie": "A" } }),
        json!({ "headerEnv": { "Mcp-Session-Id": "A" } }),
        json!({ "headerEnv": { "X": "LD_PRELOAD" } }),
        json!({ "headerenv": {} }),
        json!({ "requestTimeout": 5 }),
        json!({ "requestTimeout": "5m" }),
        json!({ "requestTimeout": "5h" }),
        json!({ "requestTimeout": 0 }),
        json!({ "maxLine": "64MiB" }),
        json!({ "maxLine": "64GiB" }),
        json!({ "maxLine": 0 }),
        json!({ "maxSessions": 0 }),
        json!({ "maxSessions": 1 }),
        json!({ "maxSessions": "1" }),
        json!({ "childPer": "call" }),
        json!({ "childPer": "Call" }),
        json!({ "childEra": "probe" }),
        json!({ "cleanEnv": 1 }),
        json!({ "limits": { "concurrentRequests": 1 } }),
        json!({ "limits": { "concurrentRequests": "1" } }),
        json!({ "limits": { "maxBody": 1 } }),
        json!({ "limits": [] }),
        json!({ "revisions": ["2024-11-05"] }),
        json!({ "revisions": ["2023-01-01"] }),
        json!([]),
        json!(null),
    ];
    for settings in of_entry_rows {
        let text = json!({ "mcpServers": { "a": { "command": "node", "pontoon": settings } } });
        assert_eq!(validator.is_valid(&text), !of_entry(&settings).has_errors(), "{settings}");
    }
    let of_file_rows = [
        json!({}),
        json!({ "listen": "a:1" }),
        json!({ "listen": "a" }),
        json!({ "auth": 1 }),
        json!({ "allowHost": ["a"] }),
        json!({ "allowHost": "a" }),
        json!({ "limits": {} }),
        json!({ "limits": { "maxConnections": 1 } }),
        json!({ "limits": [] }),
        json!(7),
        json!({ "limits": { "a": 1 } }),
    ];
    for settings in of_file_rows {
        let text = json!({ "mcpServers": {}, "pontoon": settings });
        assert_eq!(validator.is_valid(&text), !of_file(&settings).has_errors(), "{settings}");
    }
}

#[test]
fn files_without_errors_fit_the_schema() {
    let validator = validator();
    let mut fit = 0;
    for entry in std::fs::read_dir(data()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(true) = name.split('.').next_back().map(|end| end == "json") else { continue };
        let source = file(&name);
        let Ok(text) = serde_json::from_slice::<Value>(&source.bytes) else { continue };
        if name != "expected.json" && !read(&[source], &Machine::default()).has_errors() {
            assert!(validator.is_valid(&text), "{name}");
            fit += 1;
        }
    }
    assert!(fit >= 3, "{fit} files");
}
