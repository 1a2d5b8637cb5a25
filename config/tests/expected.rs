//! The files of `tests/data`, each with the result that `expected.json` has for it.

mod support;

use std::collections::BTreeMap;
use std::fs;

use pontoon_config::{Finding, Level, Outcome, Report, Server, escape, read};
use serde_json::{Map, Value, json};

use support::{HOME, Machine, data, file, output};

fn expected() -> Map<String, Value> {
    let base = data().display().to_string();
    let text = fs::read_to_string(data().join("expected.json")).unwrap();
    let text = text.replace("{BASE}", &base).replace("{HOME}", HOME).replace("{PATH}", "/stubs");
    let text = text.replace("{BASENAME}", "data");
    let Value::Object(all) = serde_json::from_str(&text).unwrap() else { panic!("an object") };
    all.into_iter().filter(|(name, _)| !name.starts_with("_")).collect()
}

fn served(server: &Server) -> Value {
    let program = server.program.to_str().unwrap();
    let args = server.args.iter().map(|arg| arg.as_str());
    let argv: Vec<_> = std::iter::once(program).chain(args).collect();
    let env: Map<String, Value> = server
        .env
        .iter()
        .map(|(name, value)| (name.clone(), value.as_ref().map(|value| value.as_str()).into()))
        .collect();
    json!({ "argv": argv, "env": env, "cwd": server.cwd, "path": server.path })
}

fn has_error(report: &Report, entry: &str, key: &str, line: u64) -> bool {
    let is = |finding: &&Finding| finding.level == Level::Error;
    report.findings.iter().filter(is).any(|finding| {
        finding.entry.as_deref() == Some(entry) && finding.key == key && finding.line as u64 == line
    })
}

/// Checks a file; returns the differences.
fn differences(name: &str, expected: &Value) -> Vec<String> {
    let report = read(&[file(name)], &Machine::default());
    let mut wrong = Vec::new();
    let mut check = |holds: bool, text: String| {
        if !holds {
            wrong.push(format!("{name}: {text}"));
        }
    };
    let (mut are_served, mut skipped, mut broken) = (Map::new(), Vec::new(), Vec::new());
    for entry in &report.entries {
        match &entry.outcome {
            Outcome::Served(server) => {
                are_served.insert(entry.name.clone(), served(server));
            }
            Outcome::Skipped(_) => skipped.push(entry.name.clone()),
            Outcome::Broken => broken.push(entry.name.clone()),
        }
    }
    let as_map = |value: &Value| -> BTreeMap<String, Value> {
        value.as_object().unwrap().iter().map(|(name, it)| (name.clone(), it.clone())).collect()
    };
    let are_served = as_map(&Value::Object(are_served));
    let want = as_map(&expected["served"]);
    check(are_served == want, format!("served\n{are_served:#?}\nand not\n{want:#?}"));
    check(json!(skipped) == expected["skipped"], format!("skipped {skipped:?}"));
    let want = as_map(&expected["broken"]);
    broken.sort();
    check(broken.iter().eq(want.keys()), format!("broken {broken:?}"));
    for (entry, place) in &want {
        let (key, line) = (place[0].as_str().unwrap(), place[1].as_u64().unwrap());
        check(has_error(&report, entry, key, line), format!("no error for {entry} {place}"));
    }
    check(json!(report.has_errors()) == expected["error"], "exit code".to_owned());
    if let Some(place) = expected.get("where") {
        let is = |finding: &&Finding| json!(finding.line) == place[0];
        let found = report.findings.iter().find(is);
        let key = found.map(|it| it.entry.clone().unwrap_or_else(|| it.key.clone()));
        let key = key.unwrap_or_else(|| "nothing".to_owned());
        check(key == place[1].as_str().unwrap_or_default(), format!("{key} and not {place}"));
        check(report.is_unusable, "usable".to_owned());
    }
    if !wrong.is_empty() {
        wrong.push(output(&report));
    }
    wrong
}

#[test]
fn each_file_has_its_expected_result() {
    let expected = expected();
    assert_eq!(expected.len(), 27);
    let wrong: Vec<_> =
        expected.iter().flat_map(|(name, expected)| differences(name, expected)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_output_has_a_secret() {
    for name in expected().keys() {
        let output = output(&read(&[file(name)], &Machine::default()));
        assert!(!output.contains("CANARY"), "{name}:\n{output}");
    }
}

/// Returns the lines of the findings of a file, without the name of the file.
fn findings(name: &str) -> String {
    let report = read(&[file(name)], &Machine::default());
    report.findings.iter().map(|finding| format!("{finding}\n")).collect()
}

/// Files of other shapes that people write, in `tests/data/wild`.
const WILD: [&str; 10] = [
    "desktop.json",
    ".vscode/mcp.json",
    ".cursor/mcp.json",
    "marketplace.json",
    "from-windows.json",
    "twice.json",
    "framework.json",
    "no-braces.json",
    "typographic.json",
    "settings.json",
];

/// Compares a text to a file of `tests/data`, which `just golden` writes.
fn compare(name: &str, text: &str) {
    let text = text.replace(&data().display().to_string(), "BASE");
    let path = data().join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differs = text.lines().zip(written.lines()).find(|(new, old)| new != old);
    assert!(text == written, "`just golden` writes tests/data/{name} again: {differs:#?}");
}

/// The findings of all files are kept as a document, to be read by people after a change.
#[test]
fn findings_are_as_written() {
    let all: String = expected().keys().map(|name| format!("{}\n", findings(name))).collect();
    compare("findings.txt", &all);
}

/// The results of these files are kept as a document, too.
#[test]
fn results_of_files_in_the_wild_are_as_written() {
    let mut all = String::new();
    for name in WILD.map(|name| format!("wild/{name}")) {
        let report = read(&[file(&name)], &Machine::default());
        assert!(!output(&report).contains("CANARY"), "{name}: {}", output(&report));
        for entry in &report.entries {
            let outcome = match &entry.outcome {
                Outcome::Served(server) => server.shown.join(" "),
                Outcome::Skipped(reason) => format!("skipped, {reason}"),
                Outcome::Broken => "broken".to_owned(),
            };
            all += &format!("{}: {outcome}\n", escape(&entry.name));
        }
        all += &format!("{}\n", findings(&name));
    }
    compare("wild.txt", &all);
}
