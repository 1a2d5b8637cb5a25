//! The texts of findings: each says what is wrong and what to do, in the words of the file.

mod support;

use pontoon_config::{Finding, Level};

use support::{output, report};

/// Returns the first of the heaviest findings about a file, which has at least this weight.
fn first(text: &str, level: Level) -> Finding {
    let report = report(text);
    let findings = report.findings.iter().rev().filter(|finding| finding.level >= level);
    let found = findings.max_by_key(|finding| finding.level);
    found.unwrap_or_else(|| panic!("nothing about {text}\n{}", output(&report))).clone()
}

/// Checks entries against a part of the text of that finding, and of its hint.
fn check(rows: &[(&str, &str, &str)]) {
    for (entry, words, hint) in rows {
        let found = first(&format!(r#"{{"mcpServers": {{"gull": {entry}}}}}"#), Level::Warning);
        let shown = found.hint.clone().unwrap_or_default();
        assert!(found.text.contains(words) && shown.contains(hint), "{entry}\n{found}");
    }
}

#[test]
fn variables_of_editors_are_named() {
    check(&[
        (
            r#"{"command": "node", "args": ["--key", "${input:depth-key}"]}"#,
            "only an editor knows the value of ${input:depth-key}",
            "${DEPTH_KEY}",
        ),
        (
            r#"{"command": "node", "args": ["${command:reef.port}"]}"#,
            "${command:reef.port}",
            "${NAME}",
        ),
        (
            r#"{"command": "node", "env": {"A": "${relativeFile}"}}"#,
            "${relativeFile}",
            "write the value",
        ),
        (
            r#"{"command": "node", "args": ["${execPath}"]}"#,
            "only an editor knows",
            "write the value",
        ),
        // Its default makes it a variable of the environment.
        (r#"{"command": "node", "args": ["${execPath}", "${lineNumber:-1}"]}"#, "${execPath}", ""),
        (
            r#"{"command": "node", "args": ["${HARBOUR_UNSET}"]}"#,
            "HARBOUR_UNSET is not set",
            ":-text}",
        ),
    ]);
}

#[test]
fn variables_of_other_programs_and_placeholders_have_hints_of_their_own() {
    check(&[
        (
            r#"{"command": "node", "env": {"PYTHONPATH": "src:$PYTHONPATH"}}"#,
            "$NAME is no variable here",
            "a variable is written ${NAME}",
        ),
        (
            r#"{"command": "node", "args": ["%APPDATA%\\reef"]}"#,
            "%NAME% is no variable",
            "is written ${NAME}",
        ),
        (
            r#"{"command": "node", "args": ["{env:REEF}"]}"#,
            "{env:NAME} is no variable",
            "is written ${NAME}",
        ),
        (
            r#"{"command": "node", "args": ["YOUR_KEY"]}"#,
            "looks like a placeholder (YOUR_…)",
            "write the value",
        ),
        (r#"{"command": "node", "args": ["<path>"]}"#, "placeholder (<text>)", "write the value"),
        (
            r#"{"command": "node", "args": ["{{PORT}}"]}"#,
            "placeholder ({{NAME}})",
            "write the value",
        ),
        (
            r#"{"command": "node", "args": ["$input:key"]}"#,
            "placeholder ($input:…)",
            "write the value",
        ),
    ]);
}

#[test]
fn keys_that_are_not_read_lead_to_those_that_are() {
    check(&[
        (r#"{"command": "node", "working_dir": "x"}"#, "not read", "`cwd`"),
        (r#"{"command": "node", "workdir": "x"}"#, "not read", "`cwd`"),
        (r#"{"command": "node", "environmentVariables": {}}"#, "not read", "`env`"),
        (r#"{"command": "node", "env_vars": []}"#, "not read", "`env`"),
        (r#"{"command": "node", "type": null}"#, "must be a string", "remove `type`"),
        (
            r#"{"command": "node", "isActive": "no"}"#,
            "must be true or false",
            r#""isActive": true"#,
        ),
        (
            r#"{"command": "node", "envFile": "none.env"}"#,
            "no such file",
            "a relative path starts from",
        ),
    ]);
    let off = report(r#"{"mcpServers": {"gull": {"command": "none", "isActive": false}}}"#);
    assert!(off.findings.is_empty(), "{}", output(&off));
}

#[test]
fn programs_of_virtual_environments_keep_their_folder() {
    check(&[
        (
            r#"{"command": ".venv\\Scripts\\python.exe", "args": ["-m", "kelp"]}"#,
            "a program of Windows",
            r#""command": ".venv/bin/python", "args": ["-m", "kelp"]"#,
        ),
        (r#"{"command": "./venv/Scripts/python"}"#, "does not exist", r#""./venv/bin/python""#),
        (r#"{"command": "venv\\Scripts\\kelp"}"#, "is not in PATH", r#""venv/bin/kelp""#),
        (
            r#"{"command": "C:\\kelp\\.venv\\Scripts\\python.exe"}"#,
            "of Windows",
            r#""command": "python""#,
        ),
        (
            r#"{"command": "powershell", "args": ["-Command", "$env:A='CANARY'; npx kelp"]}"#,
            "of Windows",
            "name the program that it starts",
        ),
    ]);
}

#[test]
fn a_name_without_letters_is_in_quotes() {
    let text =
        r#"{"mcpServers": {"": {"command": "node"}, "..": {"command": "node"}, "deck 1": 7}}"#;
    let shown: Vec<String> = report(text).findings.iter().map(ToString::to_string).collect();
    for (line, start) in shown.iter().zip(["\"\".(name): ", "\"..\".(name): ", "deck 1: "]) {
        assert!(line.contains(&format!(": mcpServers.{start}error: ")), "{line}");
    }
    assert_eq!(shown.len(), 3);
}

#[test]
fn errors_of_syntax_say_what_is_there() {
    for (text, words, hint) in [
        (r#""mcpServers": {"a": {"command": "node"}}"#, "the { before this key", "{\"mcpServers\""),
        ("{“mcpServers”: {}}", "typographic quotes", "straight"),
        ("{\"mcpServers\": {\"a\": {\"command\": ‘node’}}}", "typographic quotes", "straight"),
        ("{\"mcpServers\": {}} {}", "more text after the end", "one object"),
    ] {
        let found = first(text, Level::Error);
        let shown = found.hint.clone().unwrap_or_default();
        assert!(found.text.contains(words) && shown.contains(hint), "{text}\n{found}");
    }
}
