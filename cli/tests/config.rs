//! `pontoon config` as a user runs it.

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

/// A folder of the test, removed at its end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("pontoon-config-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn config(words: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pontoon"))
        .arg("config")
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("KEY", "CANARY-KEY")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn check_shows_commands_and_problems() {
    let folder = Folder::new("check");
    folder.write(
        ".vscode/mcp.json",
        r#"{ "servers": {
  "a b": { "command": "sh", "args": ["-c", "cat", "--token", "${KEY}"], "env": { "KEY": "CANARY", "TZ": null } },
  "far": { "url": "https://example.com/mcp?key=CANARY" },
  "bad": { "command": "sh", "args": ["${NONE}"] }
} }"#,
    );
    let output = config(&["check", ".vscode/mcp.json"], &folder.0);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    let place = folder.0.display();
    let expected = format!(
        "a b: served at /a-b/mcp\n  command: sh -c cat --token ***\n  folder: {place}\n  \
         variables: KEY\n  without: TZ\nfar: skipped, remote server (http)\nbad: broken\n\n"
    );
    assert!(shown.starts_with(&expected), "{shown}");
    let error = "\n.vscode/mcp.json:4: servers.bad.args[0]: error: NONE is not set\n  hint: ";
    assert!(shown.contains(error), "{shown}");
    assert!(
        shown.ends_with("\n1 served, 1 skipped, 1 broken; errors: 1, warnings: 1\n"),
        "{shown}"
    );
    assert!(!shown.contains("CANARY") && output.stderr.is_empty());
}

#[test]
fn check_finds_places_from_any_folder() {
    let folder = Folder::new("places");
    let file =
        folder.write("mcp.json", r#"{"mcpServers": {"a": {"command": "./run", "cwd": "."}}}"#);
    for (from, name) in
        [("", "mcp.json"), ("", "./mcp.json"), ("sub", "../mcp.json"), ("sub", &file)]
    {
        folder.write("sub/x", "");
        let output = config(&["check", name], &folder.0.join(from));
        let shown = text(&output.stdout);
        let hint = format!("a relative path starts from {}\n", folder.0.display());
        assert!(shown.contains("./run does not exist") && shown.contains(&hint), "{name}: {shown}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_reported() {
    let folder = Folder::new("unusable");
    folder.write(
        "twice.json",
        "{\"mcpServers\": {\n\"a\": {\"url\": \"\"},\n\"a\": {\"url\": \"\"}}}",
    );
    folder.write("empty.json", "{\"mcpServers\": {}}");
    let output = config(&["check", "twice.json"], &folder.0);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("twice.json:3: mcpServers.a: error: "));
    let output = config(&["check", "none.json"], &folder.0);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("error: cannot read none.json\n  why: "));
    let output = config(&["check", "empty.json"], &folder.0);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("empty.json:1: warning: no servers\n"));
    assert_eq!(config(&["check"], &folder.0).status.code(), Some(2));
}

#[test]
fn check_finds_what_authentication_makes_of_a_file() {
    let folder = Folder::new("auth");
    folder.write("ann.tokens", &format!("ann {:064}\n", 1));
    let check = |name: &str, auth: &str| {
        let server = r#"{ "command": "sh", "args": ["-c", "cat"] }"#;
        let servers = format!("{{ \"clock\": {server},\n\"pontoon\": {server} }}");
        folder.write(name, &format!("{{ \"mcpServers\": {servers},\n\"pontoon\": {auth} }}"));
        let output = config(&["check", name], &folder.0);
        (output.status.code(), text(&output.stdout))
    };
    let (code, shown) = check("taken.json", r#"{ "auth": { "tokenFile": "ann.tokens" } }"#);
    let error = "\ntaken.json:2: mcpServers.pontoon.(name): error: with authentication, this name ";
    assert!(shown.contains("\npontoon: broken\n") && shown.contains(error), "{shown}");
    assert!(
        shown.ends_with("\n1 served, 0 skipped, 1 broken; errors: 1, warnings: 0\n"),
        "{shown}"
    );
    assert_eq!(code, Some(1));
    let unchecked = r#"{ "auth": { "tokenFile": "ann.tokens", "scopes": ["none"] } }"#;
    // Options of `pontoon serve` may give the tokens.
    let resource = r#"{ "auth": { "resource": "https://mcp.example.com" } }"#;
    for auth in ["{}", unchecked, resource] {
        let (code, shown) = check("free.json", auth);
        assert_eq!(code, Some(0), "{shown}");
    }
    // Settings with which `pontoon serve` does not start.
    for (auth, error) in [
        (r#"{ "tokenFile": "none.tokens" }"#, "none.tokens (--auth-token-file): No such file"),
        (r#"{ "issuer": "https://id.example.com" }"#, "--auth-issuer needs --auth-resource"),
        (r#"{ "tokenFile": "ann.tokens", "algorithms": ["none"] }"#, "in pontoon.auth.algorithms"),
        (
            r#"{ "tokenFile": "ann.tokens", "resource": "https://mcp.example.com/?a=b" }"#,
            "for --auth-resource: expected the URL",
        ),
    ] {
        let (code, shown) = check("refused.json", &format!("{{ \"auth\": {auth} }}"));
        assert!(shown.contains("\nrefused.json:3: pontoon.auth: error: "), "{auth}: {shown}");
        assert!(shown.contains(error), "{auth}: {shown}");
        assert!(shown.ends_with("nothing would be served\n"), "{auth}: {shown}");
        assert_eq!(code, Some(1), "{auth}");
    }
}

#[test]
fn import_writes_a_file_that_check_accepts() {
    let folder = Folder::new("import");
    folder.write(
        "codex.toml",
        "[mcp_servers.a]\ncommand = \"sh\"\nargs = [\"-c\", \"cat\"]\nenv_vars = [\"KEY\"]\nstartup_timeout_sec = 1\n",
    );
    let output = config(&["import", "codex.toml"], &folder.0);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("left out: `startup_timeout_sec`"));
    folder.write("mcp.json", &text(&output.stdout));
    let output = config(&["check", "mcp.json"], &folder.0);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(
        shown.contains("  command: sh -c cat\n") && shown.contains("  variables: KEY\n"),
        "{shown}"
    );
    let output = config(&["import", "none.json"], &folder.0);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
}

#[test]
fn schema_is_json() {
    let output = config(&["schema"], Path::new("/"));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["properties"]["pontoon"]["$ref"], "#/$defs/Settings");
}
