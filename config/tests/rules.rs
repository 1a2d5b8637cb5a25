//! The rules one by one: each row is an entry, and the result that an author sees.

mod support;

use pontoon_config::{Entry, Finding, Level, Outcome, Report, Value, read};

use support::{HOME, Machine, data, report, source};

/// The result of an entry, in short: its command line, `skipped`, or the keys of its errors.
fn result(report: &Report, entry: &Entry) -> String {
    match &entry.outcome {
        Outcome::Served(server) => {
            let program = server.program.to_str().unwrap().to_owned();
            let args = server.args.iter().map(|arg| arg.as_str().to_owned());
            std::iter::once(program).chain(args).collect::<Vec<_>>().join("|")
        }
        Outcome::Skipped(_) => "skipped".to_owned(),
        Outcome::Broken => {
            let keys = findings(report, Level::Error).into_iter().map(|finding| &finding.key);
            format!("broken: {}", keys.map(String::as_str).collect::<Vec<_>>().join(" "))
        }
    }
}

fn findings(report: &Report, level: Level) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.level == level).collect()
}

/// Returns a report about one entry.
fn of(entry: &str) -> Report {
    report(format!(r#"{{ "mcpServers": {{ "gull": {entry} }} }}"#))
}

/// Checks entries against their results.
fn check(rows: &[(&str, &str)]) {
    for (entry, expected) in rows {
        let report = of(entry);
        let found = report.entries.first().map(|found| result(&report, found));
        let found = found.unwrap_or_else(|| "nothing".to_owned());
        assert_eq!(found, *expected, "{entry}\n{}", support::output(&report));
    }
}

/// Checks the number of warnings of entries that are served.
fn check_warnings(rows: &[(&str, usize)]) {
    for (entry, expected) in rows {
        let report = of(entry);
        assert!(!report.has_errors(), "{entry}\n{}", support::output(&report));
        let found = findings(&report, Level::Warning);
        assert_eq!(found.len(), *expected, "{entry}\n{found:#?}");
    }
}

/// Returns the only error of a file, which is unusable.
fn unusable(text: impl AsRef<[u8]>) -> Finding {
    let report = report(&text);
    let shown = String::from_utf8_lossy(text.as_ref()).into_owned();
    assert!(report.is_unusable && report.entries.is_empty(), "{shown}: {report:#?}");
    findings(&report, Level::Error)[0].clone()
}

#[test]
fn syntax_is_json_with_comments_and_trailing_commas() {
    let utf_16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for text in
        [utf_16.clone(), [b"\xff\xfe".to_vec(), utf_16].concat(), b"\xfe\xff\0{\0}".to_vec()]
    {
        assert!(unusable(text).text.contains("UTF-16"));
    }
    let rows = [
        ("", 1),
        ("  \n", 1),
        ("// nothing\n/* at all */", 1),
        ("\u{feff}", 1),
        ("{\n\"mcpServers\": {}\n} {}", 3),
        ("{\n\"mcpServers\": {}\n}\n}", 4),
        ("{\n\"mcpServers\": {\n", 2),
        ("{\n\"mcpServers\": {}}\n/* open", 3),
        ("[]", 1),
        ("\"text\"", 1),
        ("null", 1),
        ("{'mcpServers': {}}", 1),
        ("{mcpServers: {}}", 1),
        ("{\"mcpServers\" {}}", 1),
        ("{\"mcpServers\": {},,}", 1),
        ("{\"mcpServers\": {}\n\"servers\": {}}", 1),
        ("{\"mcpServers\": {},\n\"a\": 0x1F}", 2),
        ("{\"mcpServers\": {},\n\"a\": 01}", 2),
        ("{\"mcpServers\": {},\n\"a\": +1}", 2),
        ("{\"mcpServers\": {},\n\"a\": .5}", 2),
        ("{\"mcpServers\": {},\n\"a\": NaN}", 2),
        ("{\"mcpServers\": {},\n\"a\": \"tab\there\"}", 2),
        ("{\"mcpServers\": {},\n\"a\": \"two\nlines\"}", 2),
        ("{\"mcpServers\": {},\n\"a\": \"\\x41\"}", 2),
        ("{\"mcpServers\": {},\n\"a\": \"\\ud800\"}", 2),
        ("{\"mcpServers\": {},\n\u{a0}\"a\": 1}", 2),
        ("# comment\n{\"mcpServers\": {}}", 1),
    ];
    for (text, line) in rows {
        assert_eq!(unusable(text).line, line, "{text:?}");
    }
    assert_eq!(unusable(b"{\n\"mcpServers\": {\"\xff\": 1}}").line, 2);
    assert!(unusable("[".repeat(100_000)).text.contains("nesting"));
}

#[test]
fn a_key_that_occurs_twice_makes_the_file_unusable() {
    let rows = [
        (r#"{"mcpServers": {}, "mcpServers": {}}"#, "mcpServers"),
        (r#"{"mcpServers": {}, "theme": 1, "theme": 2}"#, "theme"),
        (r#"{"mcpServers": {"a": {"command": "node", "command": "npx"}}}"#, "command"),
        (r#"{"mcpServers": {"a": {"url": "x", "\u0075rl": "y"}}}"#, "url"),
        (r#"{"servers": {"a": {"command": "node", "env": {"A": "1", "A": "2"}}}}"#, "env.A"),
        (r#"{"servers": {"a": {"disabled": true, "args": [], "args": []}}}"#, "args"),
        (
            r#"{"pontoon": {"limits": {"maxBody": 1, "maxBody": 2}}, "servers": {}}"#,
            "pontoon.limits.maxBody",
        ),
        (
            r#"{"mcpServers": {"a": {"command": "node"}}, "servers": {"a": {"command": "node"}}}"#,
            "",
        ),
    ];
    for (text, key) in rows {
        assert_eq!(unusable(text).key, key, "{text}");
    }
    let twice = unusable("{\"mcpServers\": {\n\"a\": {\"url\": \"\"},\n\"a\": {\"url\": \"\"}}}");
    assert_eq!((twice.line, twice.entry.as_deref()), (3, Some("a")));
    assert!(twice.text.contains("line 2"), "{twice}");
}

#[test]
fn problems_of_entries_of_an_unusable_file_are_reported_too() {
    let report = report("{\"servers\": {\n\"a\": {},\n\"b\": {\"url\": \"\", \"url\": \"\"}}}");
    let lines: Vec<_> = report.findings.iter().map(|finding| finding.line).collect();
    assert_eq!((lines.as_slice(), report.is_unusable), ([2, 3].as_slice(), true));
}

#[test]
fn a_file_that_other_clients_refuse_is_reported_if_they_share_it() {
    for (name, text, count) in [
        (".mcp.json", r#"{"mcpServers": {"a": {"command": "node"},}}"#, 1),
        (".mcp.json", r#"{"mcpServers": {"a": {"command": "node"}}}"#, 0),
        ("mcp.json", r#"{"mcpServers": {"a": {"command": "node"},}}"#, 0),
    ] {
        let mut file = source(text);
        file.path = data().join(name);
        let report = read(&[file], &Machine::default());
        assert_eq!(findings(&report, Level::Warning).len(), count, "{name} {text}");
    }
}

#[test]
fn files_of_other_clients_are_named_and_not_read() {
    let rows = [
        (r#"{"a": 1}"#, "", "found `a`"),
        (r#"{"mcpServer": {"a": {"command": "node"}}}"#, "mcpServer", "this key"),
        (r#"{"mcp_servers": {"a": {"command": "node"}}}"#, "mcp_servers", "Codex"),
        (r#"{"mcpservers": {"a": {"command": "node"}}}"#, "mcpservers", "this key"),
        (r#"{"mcp": {"servers": {"a": {"command": "node"}}}}"#, "mcp.servers", "editor"),
        (r#"{"mcp.servers": {"a": {"command": "node"}}}"#, "mcp.servers", "editor"),
        (r#"{"amp.mcpServers": {"a": {"command": "node"}}}"#, "amp.mcpServers", "editor"),
        (r#"{"a": {"url": "https://reef.example.com"}}"#, "a", "looks like an entry"),
        (r#"{"mcpServers": []}"#, "mcpServers", "a list"),
        (r#"{"mcpServers": null}"#, "mcpServers", "null"),
        (r#"{"mcpServers": {}, "servers": "none"}"#, "servers", "a string"),
        (r#"{"pontoon": {}}"#, "", "neither"),
    ];
    for (text, key, words) in rows {
        let found = unusable(text);
        assert_eq!(found.key, key, "{text}");
        assert!(found.text.contains(words) && found.hint.is_some(), "{text}: {found}");
    }
    for (text, key) in [
        (r#"{"command": "node", "args": []}"#, "itself looks like an entry"),
        (r#"{"projects": {"/srv": {"mcpServers": {}}}}"#, "within `projects`"),
        (r#"{"amp": {"mcpServers": {}}}"#, "within `amp`"),
    ] {
        assert!(unusable(text).text.contains(key), "{text}: {}", unusable(text));
    }
    assert!(unusable("[mcp_servers.a]\ncommand = \"node\"\n").text.contains("TOML"));
    for text in [
        "{}",
        r#"{"servers": {}}"#,
        r#"{"mcpServers": {}, "servers": {}, "theme": 1}"#,
        r#"{"servers": {"_note": "none yet"}}"#,
    ] {
        let report = report(text);
        assert!(!report.has_errors() && findings(&report, Level::Warning).len() == 1, "{text}");
    }
}

#[test]
fn a_misspelt_list_beside_the_right_one_is_reported() {
    for (key, count) in [("mcpServer", 1), ("MCP_Servers", 1), ("server", 1), ("theme", 0)] {
        let report = report(format!(
            r#"{{"mcpServers": {{"a": {{"command": "node"}}}}, "{key}": {{"b": {{"command": "node"}}}}}}"#
        ));
        assert_eq!(findings(&report, Level::Warning).len(), count, "{key}: {report:#?}");
    }
    let report = report(r#"{"mcpServers": {"a": {"command": "node"}}, "server": {"port": 1}}"#);
    assert!(findings(&report, Level::Warning).is_empty());
}

#[test]
fn kinds() {
    check(&[
        (r#"{"type": "STDIO", "command": "node"}"#, "node"),
        (r#"{"transportType": "Local", "command": "node"}"#, "node"),
        (r#"{"server_type": "ws", "url": "x"}"#, "skipped"),
        (r#"{"type": "Streamable-HTTP", "url": "x"}"#, "skipped"),
        (r#"{"type": "http", "url": "x", "command": "node"}"#, "skipped"),
        (r#"{"type": "remote", "serverUrl": "x", "env": 7, "args": 7}"#, "skipped"),
        (r#"{"command": "node", "url": null}"#, "node"),
        (r#"{"command": null, "url": "x", "args": null}"#, "skipped"),
        (r#"{"command": null, "url": null}"#, "broken: command"),
        (r#"{"type": "stdio", "transport": "sse", "command": "node"}"#, "broken: transport"),
        (r#"{"type": null, "command": "node"}"#, "broken: type"),
        (r#"{"type": "", "command": "node"}"#, "broken: type"),
        (r#"{"type": "http"}"#, "broken: "),
        (r#"{"url": 7}"#, "broken: url"),
        (r#"{"cmd": "node"}"#, "broken: "),
        (r#"[]"#, "broken: "),
        (r#"null"#, "broken: "),
    ]);
}

#[test]
fn problems_beside_a_wrong_kind_are_reported_too() {
    check(&[
        (
            r#"{"type": "x", "command": "node", "args": [null], "env": {"A": []}, "pontoon": 7}"#,
            "broken: type env.A args[0] pontoon",
        ),
        (r#"{"type": "http", "command": "none"}"#, "broken:  command"),
        (r#"{"command": "node", "args": ["${X}", {}, "${X}"]}"#, "broken: args[1] args[0] args[2]"),
        (
            r#"{"command": 7, "args": ["${X}", "${A}"], "env": {"A": ""}}"#,
            "broken: command args[0]",
        ),
        (r#"{"command": [7, "${A}"], "env": {"A": ""}}"#, "broken: command[0]"),
        (r#"{"type": "x", "url": "x", "command": "none"}"#, "broken: type"),
        (r#"{"disabled": "true", "command": "none"}"#, "broken: disabled"),
    ]);
    let report = of(r#"{"cmd": "node", "arguments": [], "environment": {}}"#);
    let keys: Vec<_> = findings(&report, Level::Warning).iter().map(|it| it.key.clone()).collect();
    assert_eq!(keys, ["cmd", "arguments", "environment"]);
}

#[test]
fn switched_off() {
    check(&[
        (r#"{"disabled": true, "enabled": true}"#, "skipped"),
        (r#"{"disabled": false, "enabled": false, "type": 7}"#, "skipped"),
        (r#"{"disabled": true, "command": [], "pontoon": 7}"#, "skipped"),
        (r#"{"enabled": 1, "command": "node"}"#, "broken: enabled"),
        (r#"{"enabled": null, "command": "node"}"#, "broken: enabled"),
        (r#"{"disabled": true, "enabled": "no"}"#, "broken: enabled"),
    ]);
    let text = r##"{"mcpServers": {"_a": 1, "$b": [], "#c": null, "// d": "e", "//f": {"command": "node"}}}"##;
    let report = report(text);
    assert_eq!(report.entries.len(), 1);
    assert_eq!((report.entries[0].name.as_str(), report.entries[0].path.as_str()), ("//f", "f"));
}

#[test]
fn command_lines() {
    check(&[
        (
            r#"{"command": "node", "args": ["", "a b", "\t", "-0", "${HARBOUR_EMPTY}"]}"#,
            "node||a b|\t|-0|",
        ),
        (r#"{"command": ["node", ""], "args": [1.50, 1e3, -0, false]}"#, "node||1.50|1e3|-0|false"),
        (r#"{"command": null}"#, "broken: command"),
        (r#"{"command": true}"#, "broken: command"),
        (r#"{"command": {"path": "node"}}"#, "broken: command"),
        (r#"{"command": ["node", 1]}"#, "broken: command[1]"),
        (r#"{"command": [""]}"#, "broken: command[0]"),
        (r#"{"command": ["node server.js"]}"#, "broken: command[0]"),
        (r#"{"command": "${HARBOUR_EMPTY}"}"#, "broken: command"),
        (r#"{"command": "node", "args": {}}"#, "broken: args"),
        (r#"{"command": "node", "args": 7}"#, "broken: args"),
        (r#"{"command": "node", "args": [null, {}, "a"]}"#, "broken: args[0] args[1]"),
        (r#"{"command": "no\u0000de"}"#, "broken: command"),
        (r#"{"command": "node", "args": ["\u0000"]}"#, "broken: args[0]"),
        (r#"{"command": "node", "env": {"A": "\u0000"}}"#, "broken: env.A"),
        (r#"{"command": "node", "env": {"A\u0000": ""}}"#, "broken: env.A\0"),
        (r#"{"command": "node", "cwd": "\u0000"}"#, "broken: cwd"),
        (r#"{"command": "NODE"}"#, "broken: command"),
        (r#"{"command": "./01-project-plain.json"}"#, "broken: command"),
        (r#"{"command": "./bin"}"#, "broken: command"),
        (r#"{"command": "node", "env": {"PATH": "/elsewhere"}}"#, "broken: command"),
        (r#"{"command": "node", "env": {"PATH": null}}"#, "broken: command"),
        (r#"{"command": "reef", "env": {"PATH": "${workspaceFolder}/bin"}}"#, "reef"),
        (r#"{"command": "reef", "env": {"PATH": "/x:bin"}}"#, "reef"),
    ]);
}

#[test]
fn hints_show_the_command_line_taken_apart() {
    let rows = [
        (
            r#"{"command": "npx  -y @example/kelp"}"#,
            r#""command": "npx", "args": ["-y", "@example/kelp"]"#,
        ),
        (r#"{"command": "A=1 B=2 node kelp.js"}"#, r#""env": { "A": "…", "B": "…" }"#),
        (r#"{"command": "npx kelp --token CANARY"}"#, r#""args": ["kelp", "--token", "***"]"#),
        (
            r#"{"command": "npx kelp -H \"Authorization: Bearer CANARY\" 'X-Api-Key:CANARY'"}"#,
            r#""-H", "\"Authorization:", "***", "***", "'X-Api-Key:***""#,
        ),
        (
            r#"{"command": "node", "args": "--api-key CANARY x"}"#,
            r#""args": ["--api-key", "***", "x"]"#,
        ),
        (r#"{"command": " node"}"#, "remove the space"),
        (
            r#"{"command": "CMD.EXE", "args": ["/d", "/c", "npx.cmd", "-y", "kelp"]}"#,
            r#""command": "npx", "args": ["-y", "kelp"]"#,
        ),
        (r#"{"command": "cmd /c npx kelp"}"#, r#""command": "npx", "args": ["kelp"]"#),
        (
            r#"{"command": "wsl", "args": ["-d", "Debian", "--", "uvx", "kelp"]}"#,
            r#""command": "uvx", "args": ["kelp"]"#,
        ),
        (
            r#"{"command": "powershell.exe", "args": ["-Command", "npx kelp"]}"#,
            r#""command": "npx", "args": ["kelp"]"#,
        ),
        (r#"{"command": "C:/Program Files/nodejs/node.exe"}"#, r#""command": "node""#),
        (r#"{"command": "run.BAT"}"#, r#""command": "run""#),
        (
            r#"{"command": "C:\\Program Files\\nodejs\\npx.cmd -y kelp", "args": ["--token", "CANARY"]}"#,
            r#""command": "npx", "args": ["-y", "kelp", "--token", "***"]"#,
        ),
        (r#"{"command": "bin\\python"}"#, "write the path with /"),
        (r#"{"command": "node", "cwd": "C:\\srv"}"#, "a path of Windows"),
    ];
    for (entry, words) in rows {
        let report = of(entry);
        let errors = findings(&report, Level::Error);
        let hint = errors[0].hint.clone().unwrap_or_default();
        assert!(hint.contains(words) && !hint.contains("CANARY"), "{entry}: {hint}");
    }
}

#[test]
fn environments() {
    let report = of(r#"{"command": "node", "envFile": "env/logbook.env",
        "env": {"LOG_LEVEL": null, "LOG_PORT": 7, "NEW": true, "TILDE": "~/x", "": 1}}"#);
    assert_eq!(findings(&report, Level::Error)[0].key, "env.");
    let report = of(r#"{"command": "node", "envFile": "env/logbook.env",
        "env": {"LOG_LEVEL": null, "LOG_PORT": 7, "NEW": true, "TILDE": "~/x", "B": "${LOG_QUOTED:-no}"}}"#);
    let Outcome::Served(server) = &report.entries[0].outcome else { panic!("{report:#?}") };
    let env: Vec<_> = server
        .env
        .iter()
        .map(|(name, it)| (name.as_str(), it.as_ref().map(Value::as_str)))
        .collect();
    let expected = [
        ("LOG_LEVEL", None),
        ("LOG_PORT", Some("7")),
        ("LOG_QUOTED", Some("two words")),
        ("LOG_SINGLE", Some("$HARBOUR_HOST")),
        ("LOG_EMPTY", Some("")),
        ("NEW", Some("true")),
        ("TILDE", Some("~/x")),
        ("B", Some("no")),
    ];
    assert_eq!(env, expected);
    check(&[
        (r#"{"command": "node", "env": "A=1"}"#, "broken: env"),
        (r#"{"command": "node", "env": {"A": {}, "B": []}}"#, "broken: env.A env.B"),
        (r#"{"command": "node", "envFile": 7}"#, "broken: envFile"),
        (r#"{"command": "node", "envFile": null}"#, "node"),
        (r#"{"command": "node", "envFile": "bin"}"#, "broken: envFile"),
        (r#"{"command": "node", "envFile": "bin/reef"}"#, "broken: envFile"),
    ]);
}

#[test]
fn a_mark_of_a_comment_within_quotes_is_no_comment() {
    check_warnings(&[(r#"{"command": "node", "envFile": "env/marks.env"}"#, 1)]);
}

#[test]
fn variables() {
    check(&[
        (
            r#"{"command": "node", "args": ["$$${HARBOUR_PORT}", "$${a}${HARBOUR_PORT}"]}"#,
            "node|$${HARBOUR_PORT}|${a}7411",
        ),
        (r#"{"command": "node", "args": ["${HARBOUR_PORT}${HARBOUR_PORT}}"]}"#, "node|74117411}"),
        (r#"{"command": "node", "args": ["${X:-a:-b}", "${X:-}", "${X:- }"]}"#, "node|a:-b|| "),
        (
            r#"{"command": "node", "args": ["${", "${}", "${ X }", "${1}", "${A B}", "${X:+a}"]}"#,
            "node|${|${}|${ X }|${1}|${A B}|${X:+a}",
        ),
        (r#"{"command": "node", "args": ["${a ${HARBOUR_PORT}"]}"#, "node|${a 7411"),
        (r#"{"command": "node", "args": ["${HARBOUR_PORT:-${X}}"]}"#, "broken: args[0]"),
        (
            r#"{"command": "node", "args": ["${file}", "${fileDirname}", "${cwd}", "${input:a}"]}"#,
            "broken: args[0] args[1] args[2] args[3]",
        ),
        (r#"{"command": "node", "args": ["${env:X}"]}"#, "broken: args[0]"),
        (
            r#"{"command": "node", "args": ["${X}", "${env:X}"], "env": {"X": "1"}}"#,
            "node|${X}|${env:X}",
        ),
        (r#"{"command": "node", "args": ["${X}"], "env": {"X": null}}"#, "broken: args[0]"),
        (r#"{"command": "${X}", "env": {"X": "node"}}"#, "broken: command"),
        (r#"{"command": "node", "cwd": "${X}", "env": {"X": "."}}"#, "broken: cwd"),
        (r#"{"command": "node", "env": {"A": "${X}", "X": "1"}}"#, "broken: env.A"),
        (
            r#"{"command": "node", "args": ["${LOG_LEVEL}"], "envFile": "env/logbook.env"}"#,
            "broken: args[0]",
        ),
        (r#"{"command": "node", "env": {"${X}": "1"}}"#, "node"),
        (
            r#"{"command": "node", "args": ["~", "~/a", "~b", "a~", "=~/a"]}"#,
            "node|/home/keeper|/home/keeper/a|~b|a~|=~/a",
        ),
        (
            r#"{"command": "sh", "args": ["-c", "echo ${X}"], "env": {"PATH": "/bin"}}"#,
            "broken: args[1]",
        ),
        (
            r#"{"command": "sh", "args": ["-c", "echo $${X}"], "env": {"PATH": "/bin"}}"#,
            "sh|-c|echo ${X}",
        ),
    ]);
}

#[test]
fn texts_that_look_like_variables() {
    check_warnings(&[
        (
            r#"{"command": "node", "args": ["$5", "a$", "100%", "%20%41%42", "%C3%A9%C3", "a}b{c"]}"#,
            0,
        ),
        (
            r#"{"command": "node", "args": ["{\"k\": [1]}", "a < b > c", "Kim <kim@example.com>", "%Y-%m-%d"]}"#,
            0,
        ),
        (
            r#"{"command": "node", "args": ["$A", "%AB_C%", "{env:A}", "{{a.b}}", "$input:a", "<your key>", "your-key"]}"#,
            7,
        ),
        (r#"{"command": "node", "args": ["${HARBOUR_PATTERN}", "${X:-$HOME}"]}"#, 0),
        (r#"{"command": "bash", "args": ["-c", "echo $HOME ${1} %A_B%"]}"#, 0),
        (r#"{"command": "/usr/bin/env", "args": ["bash", "-lc", "echo $HOME"]}"#, 0),
        (r#"{"command": "bash", "args": ["-c", "echo", "$HOME"]}"#, 1),
        (r#"{"command": "bash", "args": ["-euo", "pipefail", "-c", "echo $HOME"]}"#, 0),
        (r#"{"command": "bash", "args": ["--rcfile", "/x", "-lc", "echo $HOME"]}"#, 0),
        (r#"{"command": "bash", "args": ["-o", "pipefail", "x.sh", "$HOME"]}"#, 1),
        (r#"{"command": "node", "args": ["$$${HARBOUR_HOST}", "<${HARBOUR_HOST}>"]}"#, 0),
        (r#"{"command": "node", "cwd": "${X:-.}", "env": {"A": "$B"}}"#, 1),
    ]);
}

#[test]
fn folders() {
    for (cwd, expected) in [
        ("\"\"", data().to_owned()),
        ("null", data().to_owned()),
        ("\"${HARBOUR_EMPTY}\"", data().to_owned()),
        ("\"./services/./reef/\"", data().join("services/reef")),
        ("\"../data\"", data().to_owned()),
        ("\"~\"", HOME.into()),
    ] {
        let report = of(&format!(r#"{{"command": "node", "cwd": {cwd}}}"#));
        let Outcome::Served(server) = &report.entries[0].outcome else { panic!("{cwd}") };
        assert_eq!(server.cwd, expected, "{cwd}");
    }
    check(&[(r#"{"command": "node", "cwd": 7}"#, "broken: cwd")]);
    let mut file =
        source(r#"{"servers": {"gull": {"command": "node", "args": ["${workspaceFolder}"]}}}"#);
    for (path, base) in [
        ("/srv/.vscode/mcp.json", "/srv"),
        ("/.x/mcp.json", "/"),
        ("/mcp.json", "/"),
        ("/srv/.a/b/mcp.json", "/srv/.a/b"),
        ("/srv/.mcp.json", "/srv"),
    ] {
        file.path = path.into();
        let report = read(&[file.clone()], &EveryFolder(Machine::default()));
        assert_eq!(result(&report, &report.entries[0]), format!("node|{base}"), "{path}");
    }
}

/// A machine on which every other file is a folder.
struct EveryFolder(Machine);

impl pontoon_config::Facts for EveryFolder {
    fn variable(&self, name: &str) -> Option<std::ffi::OsString> {
        self.0.variable(name)
    }

    fn home(&self) -> Option<std::path::PathBuf> {
        None
    }

    fn kind(&self, path: &std::path::Path) -> pontoon_config::FileKind {
        match self.0.kind(path) {
            pontoon_config::FileKind::Missing => pontoon_config::FileKind::Folder,
            kind => kind,
        }
    }

    fn read(&self, path: &std::path::Path) -> std::io::Result<Vec<u8>> {
        self.0.read(path)
    }
}

#[test]
fn paths_are_made_of_names() {
    let rows = [
        ("Cafe\u{301}", "Café", "Caf%C3%A9"),
        ("हिन्दी", "हिन्दी", "%E0%A4%B9%E0%A4%BF%E0%A4%A8%E0%A5%8D%E0%A4%A6%E0%A5%80"),
        ("a \u{2693}\u{fe0f} b", "a-b", "a-b"),
        ("..a..b..", "a..b", "a..b"),
        ("-_-", "_", "_"),
        ("a%2Fb", "a-2Fb", "a-2Fb"),
        ("a?b#c", "a-b-c", "a-b-c"),
        ("health", "health", "health"),
        ("a - b", "a---b", "a---b"),
    ];
    for (name, path, encoded) in rows {
        let report = report(format!(r#"{{"mcpServers": {{"{name}": {{"command": "node"}}}}}}"#));
        let Outcome::Served(server) = &report.entries[0].outcome else { panic!("{name}") };
        assert_eq!((server.path.as_str(), server.encoded_path().as_str()), (path, encoded));
    }
}

#[test]
fn entries_of_one_path_are_all_broken() {
    let text = r#"{"mcpServers": {
        "a b": {"command": "node"}, "a-b": {"command": "none"}, "A-b": {"command": "node"},
        "a/b": {"url": "https://x"}, "a,b": {"command": "node", "disabled": true}}}"#;
    let report = report(text);
    let outcomes: Vec<_> = report.entries.iter().map(|it| result(&report, it)).collect();
    assert!(outcomes[0].starts_with("broken") && outcomes[1].starts_with("broken"));
    assert_eq!(outcomes[2..], ["node", "skipped", "skipped"]);
    let names = findings(&report, Level::Error);
    assert!(names.iter().any(|it| it.entry.as_deref() == Some("a b") && it.text.contains("`a-b`")));
    assert!(findings(&report, Level::Note).iter().any(|it| it.text.contains("case only")));
}

#[test]
fn other_keys() {
    let report =
        of(r#"{"command": "node", "timeout": 5, "x-a": 1, "_b": 1, "//": 1, "sandboxFoo": 1,
        "Args": [], "env_file": "", "working_directory": "", "uri": "", "a": 1, "b": 2}"#);
    let keys: Vec<_> = findings(&report, Level::Warning).iter().map(|it| it.key.clone()).collect();
    assert_eq!(keys, ["Args", "env_file", "working_directory", "uri"]);
    let notes = findings(&report, Level::Note);
    assert_eq!(notes.len(), 1, "{notes:#?}");
    assert!(notes[0].text.contains("`a`, `b`"));
}

#[test]
fn containers() {
    check_warnings(&[
        (r#"{"command": "docker", "args": ["run", "-it", "--rm", "a"]}"#, 0),
        (
            r#"{"command": "docker", "args": ["run", "--interactive", "--rm", "-v", "/x:/y", "a", "-d"]}"#,
            0,
        ),
        (r#"{"command": "docker", "args": ["run", "-e", "-i", "--rm", "a"]}"#, 1),
        (r#"{"command": "docker", "args": ["--context", "run", "ps", "-i"]}"#, 0),
        (r#"{"command": "podman", "args": ["--log-level", "error", "run", "--rm", "a"]}"#, 1),
        (r#"{"command": "docker", "args": ["container", "run", "-dit", "a"]}"#, 2),
        (r#"{"command": "docker", "args": ["exec", "reef", "run"]}"#, 1),
        (r#"{"command": "docker", "args": ["compose", "run", "reef"]}"#, 0),
        (r#"{"command": "node", "args": ["run", "-d"]}"#, 0),
    ]);
}

#[test]
fn a_later_file_replaces_whole_entries() {
    let text = r#"{"mcpServers": {"a": {"command": "none"}, "b": {"command": "node"}}, "pontoon": {"listen": "localhost:1"}}"#;
    let first = source(text);
    let mut second =
        source(r#"{"servers": {"a": {"command": "node", "args": ["2"]}}, "pontoon": {}}"#);
    second.name = "second.json".to_owned();
    let report = read(&[first, second], &Machine::default());
    let found: Vec<_> =
        report.entries.iter().map(|it| (it.name.as_str(), result(&report, it))).collect();
    assert_eq!(found, [("b", "node".to_owned()), ("a", "node|2".to_owned())]);
    assert!(!report.has_errors());
    assert_eq!(findings(&report, Level::Note).len(), 2);
    assert_eq!(report.settings, pontoon_config::settings::Settings::default());
}
