use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::echo::Container;
use crate::echo::tests::rig::{stateful, stateless};

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_stateless_layout_is_the_documented_one() {
    let mut stage = stateless();
    stage.settings = Settings {
        environment: pairs(&[
            ("MCP_ECHO_HOST", "0.0.0.0"),
            ("MCP_PROTOCOL_VERSION", "2025-06-18"),
            ("JWT_SECRET", "hunter2"),
            ("DATABASE_PASSWORD", "hunter2"),
            ("API_KEY", "hunter2"),
            ("HOME", "/home/hunter2"),
            ("NODE_ENV", "production"),
            ("LOG_LEVEL", "INFO"),
            ("TZ", "UTC"),
        ]),
        host: "0.0.0.0".to_owned(),
        revisions: vec![pontoon_core::Revision::V2025_06_18, pontoon_core::Revision::V2024_11_05],
        container: Container {
            docker: true,
            id: Some("abc123def456".to_owned()),
            kubernetes: false,
        },
        ..Settings::default()
    };
    assert_eq!(
        stage.text("environmentDump", json!({})),
        "\
🔧 Environment Configuration (Sanitized)

🌟 MCP Configuration:
  MCP_ECHO_HOST: 0.0.0.0
  MCP_ECHO_PORT: 3000
  MCP_ECHO_DEBUG: false
  MCP_PROTOCOL_VERSION: 2025-06-18
  MCP_PROTOCOL_VERSIONS_SUPPORTED: 2025-06-18,2024-11-05

🔐 Sensitive Values (Hidden):
  API_KEY: ******* (hidden)
  DATABASE_PASSWORD: ******* (hidden)
  JWT_SECRET: ******* (hidden)

📊 Runtime Environment:
  NODE_ENV: production
  LOG_LEVEL: INFO
  TZ: UTC

🐳 Container Detection:
  Running in Docker: ✅ Yes
  Container ID: abc123def456
  Kubernetes: ❌ No"
    );
    let data = stage.data("environmentDump", json!({}));
    assert_eq!(data["hidden"], json!(["API_KEY", "DATABASE_PASSWORD", "JWT_SECRET"]));
    assert!(!data.to_string().contains("hunter2"));
}

#[test]
fn the_stateful_layout_is_the_documented_one() {
    let mut stage = stateful();
    stage.settings.host = "0.0.0.0".to_owned();
    stage.settings.debug = true;
    assert_eq!(
        stage.text("environmentDump", json!({})),
        "\
🔧 Environment Configuration

MCP Settings:
- MCP_ECHO_HOST: 0.0.0.0
- MCP_ECHO_PORT: 3000
- MCP_SESSION_TIMEOUT: 3600

Feature Flags:
- Debug Mode: ✅ Enabled
- Binary Support: ✅ Enabled
- Compression: ❌ Disabled"
    );
    let data = stage.data("environmentDump", json!({}));
    assert_eq!(data["flags"], json!({ "debug": true, "binary": true, "compression": false }));
}

#[test]
fn what_is_not_set_is_not_made_up() {
    let text = stateless().text("environmentDump", json!({}));
    for line in [
        "  MCP_PROTOCOL_VERSION: not set\n",
        "🔐 Sensitive Values (Hidden):\n  (none)\n",
        "  NODE_ENV: not set\n  LOG_LEVEL: not set\n  TZ: not set\n",
        "  Running in Docker: ❌ No\n  Container ID: n/a\n  Kubernetes: ❌ No",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn other_documented_variables_are_shown_where_they_are_set() {
    let mut stage = stateful();
    stage.settings.environment = pairs(&[
        ("MCP_MAX_SESSIONS", "1000"),
        ("LOG_FILE", "https://user:hunter2@logs/\nFeature"),
        ("PATH", "/usr/bin"),
    ]);
    let text = stage.text("environmentDump", json!({}));
    assert!(
        text.contains("- LOG_FILE: https://***@logs/\\nFeature\n- MCP_MAX_SESSIONS: 1000\n"),
        "{text}"
    );
    assert!(!text.contains("PATH"), "{text}");
}

#[test]
fn a_working_directory_is_no_password() {
    let mut stage = stateless();
    stage.settings.environment =
        pairs(&[("PWD", "/srv"), ("OLDPWD", "/"), ("DB_PWD", "hunter2"), ("ADMINPWD", "hunter2")]);
    let data = stage.data("environmentDump", json!({}));
    assert_eq!(data["hidden"], json!(["DB_PWD"]));
    let text = stage.text("environmentDump", json!({}));
    assert!(!text.contains("/srv") && !text.contains("hunter2"), "{text}");
}

proptest! {
    #[test]
    fn a_planted_secret_is_never_shown(
        secret in "[A-Za-z0-9]{16,24}",
        names in proptest::collection::vec(
            prop_oneof![
                "[A-Z_]{1,20}",
                "(MCP|ECHO)_[A-Z]{1,6}_(TOKEN|SECRET|KEY|PASSWORD)",
                "\\PC{0,20}",
                Just("DATABASE_URL".to_owned()),
                Just("MCP_ECHO_HOST ".to_owned()),
            ],
            1..8,
        ),
        position in any::<proptest::sample::Index>(),
    ) {
        let mut environment: Vec<_> = names
            .into_iter()
            .filter(|name| !OPTIONAL.contains(&&**name) && !RUNTIME.contains(&&**name))
            .filter(|name| name != "MCP_PROTOCOL_VERSION")
            .map(|name| (name, format!("a {secret} b")))
            .collect();
        // Even in values that are shown, passwords in URLs are masked, and so are names that are a
        // part of a value.
        environment.push(("LOG_FILE".to_owned(), format!("redis://user:{secret}@host/")));
        environment.push(("TZ".to_owned(), format!("https://host/?access_token={secret}&a=b")));
        environment.push((format!("-----BEGIN PRIVATE KEY {secret} TOKEN"), String::new()));
        let at = position.index(environment.len());
        environment.rotate_left(at);
        for mut stage in [stateful(), stateless()] {
            stage.settings.environment = environment.clone();
            for tool in ["environmentDump", "authContext", "healthProbe", "requestTiming"] {
                let result = stage.call(tool, json!({}));
                prop_assert!(!format!("{result:?}").contains(&secret), "{tool}: {result:?}");
            }
        }
    }
}
