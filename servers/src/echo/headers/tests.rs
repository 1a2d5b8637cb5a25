use proptest::prelude::*;
use serde_json::{Value, json};

use crate::echo::tests::rig::{SESSION, any_headers, stateful, stateless};

const DOCUMENTED: &[(&str, &str)] = &[
    ("authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
    ("x-user-id", "12345"),
    ("x-user-name", "johndoe"),
    ("x-auth-token", "token_abc123"),
    ("host", "mcp-echo.example.com"),
    ("user-agent", "MCP-Client/1.0"),
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
    ("mcp-session-id", SESSION),
    ("mcp-protocol-version", "2025-06-18"),
    ("x-forwarded-for", "192.168.1.100"),
    ("x-forwarded-proto", "https"),
    ("x-real-ip", "192.168.1.100"),
    ("x-request-id", "req_xyz789"),
    ("x-correlation-id", "corr_123"),
];

#[test]
fn the_stateless_layout_is_the_documented_one() {
    assert_eq!(
        stateless().headers(DOCUMENTED).text("printHeader", json!({})),
        "\
📋 HTTP Headers Analysis (15 total headers)

🔐 Authentication Headers:
  authorization: Bearer eyJhbGc...
  x-user-id: 12345
  x-user-name: johndoe
  x-auth-token: ***

🌐 Standard HTTP Headers:
  host: mcp-echo.example.com
  user-agent: MCP-Client/1.0
  content-type: application/json
  accept: application/json, text/event-stream

🔧 MCP Protocol Headers:
  mcp-session-id: 550e8400-e29b-41d4-a716-446655440000
  mcp-protocol-version: 2025-06-18

🚀 Traefik Headers:
  x-forwarded-for: 192.168.1.100
  x-forwarded-proto: https
  x-real-ip: 192.168.1.100

📦 Custom Headers:
  x-request-id: req_xyz789
  x-correlation-id: corr_123"
    );
}

#[test]
fn the_stateful_layout_is_the_documented_one() {
    let documented = ["authorization", "x-user-id", "x-user-name", "host", "user-agent"];
    let shown = DOCUMENTED
        .iter()
        .filter(|(name, _)| documented.contains(name) || *name == "mcp-session-id")
        .copied()
        .collect::<Vec<_>>();
    assert_eq!(
        stateful().headers(&shown).text("printHeader", json!({})),
        "\
📋 HTTP Headers Analysis

🔐 Authentication Headers:
  Authorization: Bearer eyJhbGc...
  X-User-Id: 12345
  X-User-Name: johndoe

🌐 Standard Headers:
  Host: mcp-echo.example.com
  User-Agent: MCP-Client/1.0

🔄 MCP Headers:
  Mcp-Session-Id: 550e8400...

📊 Header Statistics:
  Total headers: 6
  Auth headers: 3
  Custom headers: 0"
    );
}

#[test]
fn a_category_is_shown_alone() {
    let stage = stateful().headers(DOCUMENTED);
    assert_eq!(
        stage.text("printHeader", json!({ "category": "mcp" })),
        "\
📋 HTTP Headers Analysis

🔄 MCP Headers:
  Mcp-Session-Id: 550e8400...
  Mcp-Protocol-Version: 2025-06-18

📊 Header Statistics:
  Total headers: 15
  Auth headers: 4
  Custom headers: 2"
    );
    for (category, heading) in [
        ("auth", "🔐 Authentication Headers:"),
        ("standard", "🌐 Standard Headers:"),
        ("traefik", "🚀 Traefik Headers:"),
        ("custom", "📦 Custom Headers:"),
    ] {
        let text = stage.text("printHeader", json!({ "category": category }));
        assert!(text.contains(heading), "{text}");
        assert_eq!(text.matches("Headers:").count(), 1, "{text}");
        let empty = stateful().text("printHeader", json!({ "category": category }));
        assert!(empty.contains(&format!("{heading}\n  (none)")), "{empty}");
    }
    let data = stage.data("printHeader", json!({ "category": "custom" }));
    assert_eq!(data["auth"], json!([]));
    assert_eq!(data["custom"][1], json!({ "name": "x-correlation-id", "value": "corr_123" }));
}

#[test]
fn repeated_lines_are_all_shown_and_odd_bytes_are_escaped() {
    let stage = stateless()
        .headers(&[("x-tag", "one"), ("x-tag", "two")])
        .header("x-latin", b"caf\xe9\x01\r\nx: y");
    assert_eq!(
        stage.text("printHeader", json!({})),
        "\
📋 HTTP Headers Analysis (3 total headers)

📦 Custom Headers:
  x-tag: one
  x-tag: two
  x-latin: caf\\xe9\\u{1}\\r\\nx: y"
    );
}

#[test]
fn over_stdio_there_are_none() {
    let mut stage = stateless();
    stage.http = None;
    assert_eq!(
        stage.text("printHeader", json!({})),
        "\
📋 HTTP Headers Analysis (0 total headers)

This request did not come over HTTP: it has no headers."
    );
}

proptest! {
    #[test]
    fn every_header_is_in_exactly_one_group(http in any_headers()) {
        for mut stage in [stateful(), stateless()] {
            stage.http = Some(http.clone());
            let data = stage.data("printHeader", json!({}));
            let in_groups = |name: &str| -> Vec<&str> {
                let holds = |group: &&str| {
                    data[*group].as_array().unwrap().iter().any(|line| line["name"] == name)
                };
                ["auth", "standard", "mcp", "traefik", "custom"].into_iter().filter(holds).collect()
            };
            for (name, _) in &http.headers {
                prop_assert_eq!(in_groups(name).len(), 1, "{}", name);
            }
            let count = |group: &str| data[group].as_array().unwrap().len();
            let sum: usize =
                ["auth", "standard", "mcp", "traefik", "custom"].into_iter().map(count).sum();
            prop_assert_eq!(sum, http.headers.len());
            prop_assert_eq!(&data["total"], &Value::from(http.headers.len()));
            let text = stage.text("printHeader", json!({}));
            let lines = text.lines().filter(|line| line.starts_with("  ")).count();
            let statistics = if stage.session.is_some() { 3 } else { 0 };
            prop_assert_eq!(lines, http.headers.len() + statistics, "{}", text);
        }
    }

    #[test]
    fn a_planted_secret_is_not_shown(
        secret in "[A-Za-z0-9]{16,24}",
        name in proptest::sample::select(&[
            "authorization", "proxy-authorization", "cookie", "x-auth-token", "x-api-key",
            "x-forwarded-access-token", "x-vault-token", "x-my-secret", "x-password", "api-key",
            "x-goog-iap-jwt-assertion", "x-session", "private-token", "x-db-credentials",
        ][..]),
        form in proptest::sample::select(&["SECRET", "Bearer SECRET", "Basic SECRET", "a=SECRET; b=c"][..]),
    ) {
        for stage in [stateful(), stateless()] {
            let stage = stage.header(name, form.replace("SECRET", &secret));
            for tool in ["printHeader", "authContext", "corsAnalysis", "environmentDump"] {
                let result = stage.call(tool, json!({}));
                prop_assert!(!format!("{result:?}").contains(&secret), "{tool}: {result:?}");
            }
        }
    }
}
