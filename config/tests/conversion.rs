//! Conversion of files of other clients.

mod support;

use pontoon_config::{Level, Outcome, Source, import, read};
use serde_json::{Value, json};

use support::{Machine, file, source};

fn imported(source: Source) -> Value {
    let imported = import(&[source]);
    let errors = imported.findings.iter().filter(|finding| finding.level == Level::Error);
    assert_eq!(errors.count(), 0, "{:#?}", imported.findings);
    serde_json::from_str(&imported.text).unwrap()
}

#[test]
fn files_of_other_clients_become_servers() {
    let rows = [
        (
            "19-editor-settings.json",
            vec![("gull", "node|gull.js"), ("tern", "node|tern.js"), ("osprey", "skipped")],
        ),
        (
            "20-agent-local-remote.jsonc",
            vec![("gull", "npx|-y|@example/gull-mcp"), ("tern", "skipped"), ("osprey", "skipped")],
        ),
        ("21-cli-agent.toml", vec![("gull", "npx|-y|@example/gull-mcp"), ("osprey", "skipped")]),
        ("22-list-of-servers.json", vec![("gull", "node|gull.js"), ("tern", "node|tern.js")]),
        ("23-bare-map.json", vec![("gull", "node|gull.js"), ("tern", "uvx|tern-mcp-example")]),
    ];
    for (name, expected) in rows {
        let text = imported(file(name)).to_string();
        let report = read(&[source(text)], &Machine::default());
        assert!(!report.has_errors(), "{name}: {:#?}", report.findings);
        let mut found = Vec::new();
        for entry in &report.entries {
            let result = match &entry.outcome {
                Outcome::Served(server) => {
                    let args = server.args.iter().map(|arg| format!("|{}", arg.as_str()));
                    server.program.to_str().unwrap().to_owned() + &args.collect::<String>()
                }
                Outcome::Skipped(_) => "skipped".to_owned(),
                Outcome::Broken => "broken".to_owned(),
            };
            found.push((entry.name.clone(), result));
        }
        let expected: Vec<_> =
            expected.iter().map(|(name, it)| ((*name).into(), (*it).into())).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn values_keep_their_meaning() {
    let rows = [
        (
            r#"{"mcp": {"a": {"command": ["node"], "environment": {"A": "x{env:B}y", "C": "${D}"}}}}"#,
            json!({ "a": { "command": ["node"], "env": { "A": "x${B}y", "C": "$${D}" } } }),
        ),
        (
            "[mcp_servers.a]\ncommand = \"node\"\nargs = [\"${X}\"]\nenv_vars = [\"B\", { name = \"C\" }]\ncwd = \"/x\"",
            json!({ "a": { "command": "node", "args": ["$${X}"], "env": { "B": "${B}", "C": "${C}" }, "cwd": "/x" } }),
        ),
        (
            r#"{"amp.mcpServers": {"a": {"command": "node", "args": ["${X}", 0.50]}}}"#,
            json!({ "a": { "command": "node", "args": ["${X}", 0.50] } }),
        ),
        (
            r#"{"mcp": {"servers": {"a": {"type": "http", "url": "x", "headers": {"A": "CANARY"}}}}}"#,
            json!({ "a": { "type": "http", "url": "x", "headers": { "A": "CANARY" } } }),
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(imported(source(text))["mcpServers"], expected, "{text}");
    }
    let text = r#"{"servers": {"a": {"command": "node", "args": [0.50, 12345678901234567890]}}}"#;
    let text = import(&[source(text)]).text;
    assert!(text.contains("0.50") && text.contains("12345678901234567890"), "{text}");
}

#[test]
fn servers_are_never_lost() {
    let twice = [file("22-list-of-servers.json"), file("23-bare-map.json")];
    let unnamed = [source(r#"{"servers": [{"command": "node"}]}"#)];
    let texts = [
        "{\"a\": 1}",
        "{",
        r#"{"mcp": []}"#,
        r#"{"mcpServer": [{"command": "node"}]}"#,
        r#"{"mcpServers": {}, "mcpServers": {"a": {"command": "node"}}}"#,
        r#"{"servers": {"a": {"command": "node", "args": ["1"], "args": ["2"]}}}"#,
        r#"{"mcp": {"a": {"command": ["node"], "environment": {"A": "1", "A": "2"}}}}"#,
        r#"{"mcp": {"a": {"command": ["node"], "environment": {"A": "{file:~/key}"}}}}"#,
    ];
    let texts: Vec<_> = texts.iter().map(|text| [source(text)]).collect();
    for sources in [&twice[..], &unnamed].into_iter().chain(texts.iter().map(|it| &it[..])) {
        let errors = import(sources).findings;
        assert!(errors.iter().any(|finding| finding.level == Level::Error), "{sources:?}");
    }
    for (text, words) in [
        (r#"{"context_servers": {"a": {"source": "extension", "settings": {}}}}"#, "left out"),
        (r#"{"mcpServers": {}}"#, "no servers"),
        ("{}", "no servers"),
    ] {
        let imported = import(&[source(text)]);
        let mut found = imported.findings.iter().filter(|it| it.level == Level::Warning);
        assert!(found.any(|it| it.text.contains(words)), "{text}: {:?}", imported.findings);
        assert_eq!(serde_json::from_str::<Value>(&imported.text).unwrap()["mcpServers"], json!({}));
    }
    let kept =
        json!({ "pontoon": { "listen": "a:1" }, "mcpServers": { "a": { "command": "node" } } });
    assert_eq!(imported(source(kept.to_string())), kept);
}
