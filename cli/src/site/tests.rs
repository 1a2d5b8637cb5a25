use pontoon_core::Rate;

use super::*;
use crate::args::Verb;
use crate::parse;

fn args(words: &[&str]) -> ServeArgs {
    let words = ["pontoon", "serve"].iter().chain(words).map(Into::into);
    match parse::parse(words, &Variables::default()).unwrap() {
        Verb::Serve(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn settings(text: &str) -> settings::Settings {
    let source = pontoon_config::Source {
        name: "mcp.json".into(),
        path: "/mcp.json".into(),
        bytes: format!(r#"{{ "pontoon": {text}, "mcpServers": {{}} }}"#).into_bytes(),
    };
    let report = pontoon_config::read(&[source], &config_file::Machine);
    assert!(!report.has_errors(), "{:?}", report.findings);
    report.settings
}

#[test]
fn flags_override_the_settings_at_the_top() {
    let file = settings(
        r#"{ "listen": "0.0.0.0:81", "allowHost": ["A.example"], "allowOrigin": ["https://a.example/"],
             "limits": { "maxBody": "1MiB", "drainTimeout": 2, "maxConnections": 7 } }"#,
    );
    let serving = with_settings(&args(&[]), &[], &file).serving;
    assert_eq!((serving.host.as_str(), serving.port), ("0.0.0.0", 81));
    assert_eq!(serving.allow_host, ["a.example"]);
    assert_eq!(serving.allow_origin, ["https://a.example"]);
    assert_eq!((serving.max_body, serving.max_connections), (1 << 20, 7));
    assert_eq!(serving.drain_timeout.as_secs(), 2);

    assert_eq!(serving.tls_cert, None);

    let words = ["--port=82", "--allow-host=b.example", "--max-body=2MiB"];
    let given = ["port", "allow_host", "max_body"].map(str::to_owned);
    let serving = with_settings(&args(&words), &given, &file).serving;
    assert_eq!((serving.host.as_str(), serving.port), ("0.0.0.0", 82));
    assert_eq!(serving.allow_host, ["b.example"]);
    assert_eq!((serving.max_body, serving.max_connections), (2 << 20, 7));
}

#[test]
fn an_entry_overrides_flags() {
    let file = env::current_exe().unwrap();
    let text = serde_json::json!({ "mcpServers": { "gull": {
        "command": file, "args": ["x"], "env": { "SET": "1", "PATH": null },
        "pontoon": {
            "requestTimeout": "2m", "startupTimeout": 3, "sessionTimeout": 4, "maxSessions": 5,
            "maxLine": "6KiB", "childPer": "call", "childEra": "modern", "onChildExit": "resume",
            "revisions": ["2025-06-18"], "cleanEnv": true,
            "limits": { "requestsPerSecond": 7, "sessionsPerClient": 8 }
        }
    }, "plain": { "command": file } } });
    let source = pontoon_config::Source {
        name: "mcp.json".into(),
        path: "/mcp.json".into(),
        bytes: text.to_string().into_bytes(),
    };
    let words = ["--request-timeout=9", "--max-sessions=9", "--concurrent-requests=9"];
    let args = args(&[&words[..], &["--requests-per-second=9", "--burst=11"]].concat());
    let files = Files {
        report: pontoon_config::read(&[source], &config_file::Machine),
        given: Vec::new(),
        variables: Variables::default(),
        auth: None,
        watch: Watch::of(Vec::new()),
        args,
    };
    let config = |index: usize| {
        let Outcome::Served(server) = &files.report.entries[index].outcome else { panic!() };
        config::served(&files.args(), server, files.child(server))
    };
    let gull = config(0);
    let limits = &gull.limits;
    assert_eq!(limits.request_time_max.as_secs(), 120);
    assert_eq!(limits.startup_time_max.as_secs(), 3);
    assert_eq!(limits.session_idle_max.as_secs(), 4);
    assert_eq!((limits.sessions_max, limits.line_bytes_max), (5, 6 << 10));
    assert_eq!(limits.child_starts_max, 5);
    let bridge = &gull.bridge;
    assert_eq!(format!("{:?} {:?}", bridge.child_per, bridge.child_era), "Call Modern");
    assert_eq!(gull.revisions.len(), 1);
    let client = gull.client_limits;
    assert_eq!(client.rate, Some(Rate::steady(7, Some(11))));
    assert_eq!((client.requests_max, client.sessions_max), (Some(9), Some(8)));
    assert!(!gull.eager, "no process before the first client");
    let pontoon_core::Serves::Command(spec) = &gull.serves else { panic!() };
    assert_eq!(spec.cwd.as_deref(), Some(Path::new("/")));
    let env = spec.env.as_ref().unwrap();
    let value = |name: &str| env.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    assert_eq!((value("SET"), value("PATH")), (Some(&OsString::from("1")), None));
    assert!(value("CARGO_MANIFEST_DIR").is_none(), "the environment is clean");

    let plain = config(1);
    assert_eq!(plain.limits.request_time_max.as_secs(), 9);
    assert_eq!(plain.limits.sessions_max, 9);
    let client = plain.client_limits;
    assert_eq!((client.rate, client.sessions_max), (Some(Rate::steady(9, Some(11))), None));
    assert!(gull.keeps_engine(&config(0)) && !gull.keeps_engine(&plain));
}
