use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

/// A case that is not listed would never run, without any error.
#[test]
fn every_case_is_listed() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
    let mut cases = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let list =
            source.split("cases! {").nth(1).map_or("", |rest| rest.split('}').next().unwrap());
        // Those on sockets only are followed by a colon, and the reason.
        let listed: Vec<_> =
            list.split_whitespace().map(|word| word.trim_end_matches(':')).collect();
        let written = source
            .lines()
            .filter_map(|line| line.strip_prefix("pub fn ")?.strip_suffix("(target: &Target) {"));
        for case in written {
            assert!(listed.contains(&case), "{case} is not listed in {}", path.display());
            cases += 1;
        }
    }
    assert!(cases > 0, "no cases found");
}

/// Calls to the real system would be wrong in a simulated world. Functions called by a simulated
/// case count as part of it; those that only others call do not.
#[test]
fn simulated_cases_do_not_reach_past_the_world() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
    let mut simulated = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let Some((_, list)) = source.split_once("\ncases! { $ ") else { continue };
        let list = list.split(['}', ';']).next().unwrap();
        let cases: Vec<_> = list.split_whitespace().skip(1).collect();
        simulated += cases.len();
        for (name, body) in reached(&functions(&source), &cases) {
            for past in PAST {
                assert!(!body.contains(past), "{}: {name} takes {past}", path.display());
            }
        }
        let past = "time::Instant";
        assert!(!source.contains(past), "{} takes {past}, not crate::wait's", path.display());
    }
    assert!(simulated > 100, "only {simulated} simulated cases found");
}

/// Paths around `crate::wait`, `crate::wire` and `crate::probe`.
const PAST: [&str; 8] = [
    "thread::",
    "Barrier",
    "SystemTime",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "Command::",
    "io::pipe",
];

/// Returns the functions of a file, including methods, by name.
fn functions(source: &str) -> BTreeMap<&str, &str> {
    let mut functions = BTreeMap::new();
    for (at, _) in source.match_indices("fn ") {
        let line = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let indent = source[line..].len() - source[line..].trim_start().len();
        let end = format!("\n{}}}\n", " ".repeat(indent));
        let Some(len) = source[at..].find(&end) else { continue };
        let name = source[at + 3..].split(['(', '<']).next().unwrap();
        functions.insert(name, &source[at..at + len]);
    }
    functions
}

/// Returns these functions and all that they call.
fn reached<'a>(
    functions: &BTreeMap<&'a str, &'a str>,
    names: &[&'a str],
) -> BTreeMap<&'a str, &'a str> {
    let mut reached = BTreeMap::new();
    let mut open: BTreeSet<_> = names.iter().copied().collect();
    while let Some(name) = open.pop_first() {
        let body = functions.get(name).unwrap_or_else(|| panic!("{name} is not written"));
        reached.insert(name, *body);
        let is_called = |name: &&&str| calls(body, name);
        let called = functions.keys().filter(is_called).copied();
        open.extend(called.filter(|name| !reached.contains_key(name)));
    }
    reached
}

/// Returns whether a function of this name is called here, or mentioned like a call.
fn calls(body: &str, name: &str) -> bool {
    let is_part =
        |before: &str| before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    body.match_indices(name).any(|(at, _)| {
        !is_part(&body[..at]) && body[at + name.len()..].starts_with(['(', ')', ','])
    })
}
