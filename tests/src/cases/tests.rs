use std::path::Path;
use std::{env, fs};

/// A case that is written and not listed would never run, and nobody would notice.
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

/// In a simulated world these would be about the real one.
#[test]
fn simulated_cases_do_not_reach_past_the_world() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let Some((_, list)) = source.split_once(":\n").filter(|_| source.contains("cases! {"))
        else {
            continue;
        };
        let is_simulated = !list.trim_start().starts_with("; on sockets only");
        for past in ["std::thread", "time::Instant", "SystemTime", "TcpStream", "UdpSocket"] {
            let reaches = is_simulated && source.contains(past);
            assert!(!reaches, "{} takes {past} past crate::wait and crate::wire", path.display());
        }
    }
}
