//! No value of a variable and no secret of a command line is in any output.

mod support;

use pontoon_config::{Outcome, read};
use proptest::prelude::*;
use serde_json::json;

use support::{Machine, output, report, source};

/// Returns the command line of an entry as it is shown, and the number of its warnings.
fn shown(command: &[&str]) -> (String, usize) {
    let (program, args) = command.split_first().unwrap();
    let entry = json!({ "mcpServers": { "gull": { "command": program, "args": args } } });
    let report = report(entry.to_string());
    let Outcome::Served(server) = &report.entries[0].outcome else { panic!("{report:#?}") };
    (server.shown.join(" "), report.findings.len())
}

/// Arguments, how they are shown, and the number of findings.
const ARGUMENTS: [(&[&str], &str, usize); 57] = [
    (&["--api-key", "CANARY"], "--api-key ***", 1),
    (&["--apiKey=CANARY"], "--apiKey=***", 1),
    (&["--auth", "--token", "CANARY"], "--auth *** ***", 1),
    (&["-password", "CANARY"], "-password ***", 1),
    (&["--max-tokens", "100", "--token-file", "/x"], "--max-tokens *** --token-file ***", 0),
    (&["--keyboard", "us"], "--keyboard us", 0),
    (&["API_KEY=CANARY"], "API_KEY=***", 1),
    (&["MODE=fast"], "MODE=fast", 0),
    (&["-e", "A=CANARY"], "-e A=***", 0),
    (&["-eA_TOKEN=CANARY"], "-eA_TOKEN=***", 1),
    (&["--env", "A=CANARY", "-e", "NAME"], "--env A=*** -e NAME", 0),
    (&["--env=A_SECRET=CANARY"], "--env=A_SECRET=***", 1),
    (&["-H", "authorization:Bearer CANARY"], "-H authorization:***", 1),
    (&["--header=X-Api-Key: CANARY"], "--header=X-Api-Key: ***", 1),
    (&["--header", "Authorization:${HARBOUR_TOKEN}"], "--header Authorization:***", 1),
    (&["Accept: text/plain"], "Accept: text/plain", 0),
    (&["https://x.example/a?b=CANARY"], "https://x.example/a?***", 0),
    (&["https://x.example/a?token=CANARY&b=1"], "https://x.example/a?***", 1),
    (&["--dsn", "postgres://u:CANARY@h/d"], "--dsn ***", 1),
    (&["--db=mysql://u:CANARY@h/d?x=CANARY"], "--db=mysql://u:***@h/d?***", 1),
    (&["https://CANARY@github.example/x"], "https://***@github.example/x", 1),
    (&["git+ssh://git@github.example/x"], "git+ssh://git@github.example/x", 0),
    (&["u:CANARY@tcp(h)/d"], "u:***@tcp(h)/d", 1),
    (&["reef:1.4@sha256:00"], "reef:1.4@sha256:00", 0),
    (&["ghp_CANARY0123456789"], "***", 1),
    (&["x-sk-CANARY01234567890"], "x-***", 1),
    (&["{\"apiKey\": \"CANARY\"}"], "***", 1),
    (&["{'apiKey': 'CANARY'}"], "***", 1),
    (&["{ mode: 1, apiKey: CANARY }"], "***", 1),
    (&["\"{\\\"apiKey\\\":\\\"CANARY\\\"}\""], "\"***", 1),
    (&["--env", "{\"A_TOKEN\":\"CANARY=\"}"], "--env ***", 1),
    (&["{\"mode\": \"fast\"}", "{env:A_TOKEN}"], "{\"mode\": \"fast\"} {env:A_TOKEN}", 1),
    (&["{{API_KEY}}"], "{{API_KEY}}", 1),
    (&["A_KEY=CANARY node --token CANARY x"], "A_KEY=***", 1),
    (
        &["node --token CANARY x", "cd a && B=1 A_KEY='CAN ARY' c"],
        "node --token *** x cd a && B=1 A_KEY=*** c",
        2,
    ),
    (&["--token=CAN ARY", "-e", "A=CAN ARY"], "--token=*** -e A=***", 1),
    (&["--run=node --token CANARY"], "--run=node --token ***", 1),
    (&["--a=b=c=d"], "--a=b=c=d", 0),
    (&["--x=Server=h;Password=CANARY;Port=1"], "--x=Server=h;Password=***;Port=1", 1),
    (&["jdbc:x://h;user=sa;password=CANARY"], "jdbc:x://h;***", 1),
    (&["--connection-string", "CANARY"], "--connection-string ***", 1),
    (&["redis://:CANARY@h:1/0", "pg://u:CAN/ARY@h/d"], "redis://:***@h:1/0 pg://u:***@h/d", 2),
    (
        &["http://127.0.0.1:80/a", "https://x.example/@a/b"],
        "http://127.0.0.1:80/a https://x.example/@a/b",
        0,
    ),
    (&["curl -H \"Authorization: Bearer CANARY\""], "curl -H \"Authorization: ***", 1),
    (&["--config={\"apiKey\":\"CANARY\"}"], "--config=***", 1),
    (&["--set", "auth.password=CANARY"], "--set auth.password=***", 1),
    (&["--var=db.password=CANARY"], "--var=db.password=***", 1),
    (&["-u", "user:CANARY", "--user", "7:7"], "-u user:*** --user 7:***", 0),
    (&["/mcp?api_key=CANARY", "x?a=CANARY"], "/mcp?*** x?***", 1),
    (&["--sas", "sv=2020&sig=CANARY"], "--sas sv=2020&sig=***", 1),
    (&["--mnemonic", "CANARY", "--seed-phrase", "CANARY"], "--mnemonic *** --seed-phrase ***", 2),
    (&["--header", "Authorization:", "Bearer", "CANARY"], "--header Authorization: *** ***", 1),
    (&["\"X-Api-Key:CANARY\"", "'A_KEY=CANARY'"], "\"X-Api-Key:*** 'A_KEY=***", 2),
    (&["--mode", "basic", "file"], "--mode basic file", 0),
    (&["curl -H Authorization: ${HARBOUR_TOKEN}"], "curl -H Authorization: ***", 1),
    (&["send Bearer CANARY now"], "send Bearer *** now", 1),
    (&["${HARBOUR_HOST}", "${HARBOUR_TOKEN}"], "${HARBOUR_HOST} ${HARBOUR_TOKEN}", 1),
];

#[test]
fn secrets_of_a_command_line_are_masked() {
    for (args, expected, findings) in ARGUMENTS {
        let command: Vec<&str> = std::iter::once("node").chain(args.iter().copied()).collect();
        let (shown, count) = shown(&command);
        assert_eq!(shown.trim(), format!("node {expected}").trim(), "{args:?}");
        assert_eq!(count, findings, "{args:?}");
    }
    let (shown, _) = shown(&["/usr/bin/env", "A=CANARY", "node"]);
    assert_eq!(shown, "/usr/bin/env A=*** node");
}

#[test]
fn a_default_of_a_secret_is_one() {
    let (shown, findings) = shown(&["node", "${API_KEY:-CANARY}", "${HARBOUR_UNSET:-b}"]);
    assert_eq!((shown.as_str(), findings), ("node ${API_KEY:-***} b", 1));
}

#[test]
fn secrets_of_an_environment_are_reported() {
    let rows = [
        ("API_KEY", "CANARY", 1),
        ("apiKey", "CANARY", 1),
        ("GITHUB_PERSONAL_ACCESS_TOKEN", "CANARY", 1),
        ("API_KEY", "${HARBOUR_TOKEN}", 0),
        ("API_KEY", "", 1),
        ("API_KEY", "$CANARY", 1),
        ("API_KEY", "Bearer $CANARY", 1),
        ("PASSWORD", "CANARY$pa", 2),
        ("API_KEY", "${HARBOUR_UNSET:-CANARY}", 1),
        ("API_KEY", "${HARBOUR_UNSET:-}", 0),
        ("API_KEY_FILE", "/run/secrets/key", 0),
        ("MAX_TOKENS", "4096", 0),
        ("AUTH_MODE", "none", 0),
        ("KEYBOARD", "us", 0),
        ("DATABASE_URL", "postgres://u:CANARY@h/d", 1),
        ("DATABASE_URL", "postgres://u:${HARBOUR_TOKEN}@h/d", 0),
        ("DATABASE_URL", "postgres://h/d", 0),
        ("OTHER", "ghp_CANARY0123456789", 1),
        ("HEADER", "Authorization: Bearer CANARY", 1),
    ];
    for (name, value, count) in rows {
        let entry = json!({ "servers": { "a": { "command": "node", "env": { name: value } } } });
        let report = report(entry.to_string());
        assert_eq!(report.findings.len(), count, "{name}={value} {:#?}", report.findings);
        assert!(!output(&report).contains("CANARY"));
    }
}

/// Values of an entry, some of which hold `CANARY`.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let texts = prop::sample::select(vec![
        "node",
        "npx -y x",
        "${HARBOUR_TOKEN}",
        "${X:-CANARY}",
        "${input:a}",
        "CANARY",
        "A=CANARY",
        "~",
        "$A",
        "${",
        "\0CANARY",
        "cmd",
        "C:\\CANARY.exe",
        "",
        "stdio",
        "http",
        "bin",
        "<CANARY>",
        "env/logbook.env",
        "${CANARY",
        "é",
        "CANARY\u{1b}[31m",
    ]);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|is| json!(is)),
        any::<i32>().prop_map(|number| json!(number)),
        texts.prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| json!(items)),
            prop::collection::vec((key(), inner), 0..4)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "command",
        "args",
        "env",
        "envFile",
        "cwd",
        "url",
        "type",
        "disabled",
        "enabled",
        "pontoon",
        "headerEnv",
        "requestTimeout",
        "childPer",
        "revisions",
        "maxSessions",
        "listen",
        "limits",
        "environment",
        "API_KEY",
        "x",
        "mcpServers",
        "servers",
        "mcp",
        "A=B",
        "",
    ])
    .prop_map(str::to_owned)
}

/// Removes the parts of a report that may repeat the file: names, and words of a command line that
/// no rule takes for a secret.
fn without_command_lines(mut report: pontoon_config::Report) -> pontoon_config::Report {
    for entry in &mut report.entries {
        if let Outcome::Served(server) = &mut entry.outcome {
            server.shown.clear();
            server.program.clear();
        }
    }
    report
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn findings_repeat_no_value(members in prop::collection::vec((key(), value()), 0..6)) {
        let entry: serde_json::Map<_, _> = members.into_iter().collect();
        let file = json!({ "pontoon": entry.get("pontoon"), "mcpServers": { "a": entry } });
        let report = read(&[source(file.to_string())], &Machine::default());
        for finding in &report.findings {
            let hints_at_command = finding.key.starts_with("command") || finding.key == "args";
            if !hints_at_command {
                prop_assert!(!finding.to_string().contains("CANARY"), "{finding}");
            }
            let shown = finding.to_string();
            prop_assert!(shown.chars().all(|char| char == '\n' || !char.is_control()), "{}", shown);
            prop_assert!(finding.line == 1);
        }
        let output = output(&without_command_lines(report));
        prop_assert!(!output.contains("CANARY-ENV"), "{}", output);
    }

    #[test]
    fn values_of_variables_are_in_no_output(
        members in prop::collection::vec((key(), value()), 0..6),
        args in prop::collection::vec("[a-z=:/@?{}\"-]{0,6}(\\$\\{HARBOUR_TOKEN\\})?[a-z=:/@?{}\" -]{0,6}", 0..4),
    ) {
        let mut entry: serde_json::Map<_, _> = members.into_iter().collect();
        entry.insert("command".to_owned(), json!("node"));
        entry.insert("args".to_owned(), json!(args));
        let report = read(&[source(json!({ "servers": { "a": entry } }).to_string())], &Machine::default());
        prop_assert!(!output(&report).contains("CANARY-ENV"));
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&[source(bytes)], &Machine::default());
    }

    #[test]
    fn any_text_of_json_characters_is_read(text in "[\\[\\]{}\",:/*\\\\ \n0-9a-z$é-]{0,60}") {
        let report = read(&[source(&text)], &Machine::default());
        prop_assert!(report.is_unusable == report.entries.is_empty() && report.has_errors() || !report.is_unusable);
        let in_entry = format!(r#"{{"servers": {{"a": {{"command": "node", "args": [{}]}}}}}}"#, json!(text));
        read(&[source(in_entry)], &Machine::default());
    }

    #[test]
    fn any_root_is_read(members in prop::collection::vec((key(), value()), 0..5)) {
        let root: serde_json::Map<_, _> = members.into_iter().collect();
        let file = source(json!(root).to_string());
        read(std::slice::from_ref(&file), &Machine::default());
        pontoon_config::import(&[file]);
    }
}
