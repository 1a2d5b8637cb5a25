//! The core, the servers and `config` are pure: they depend on nothing that does input or output, and
//! use nothing that only an adapter may know.
#![allow(clippy::disallowed_methods, reason = "the test reads the sources of the pure crates")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directories of the pure crates.
const PURE: [&str; 3] = ["core", "servers", "config"];

/// Crates that run tasks, touch the operating system, or generate randomness. A name that ends with
/// `-` matches every crate whose name begins with it.
const FORBIDDEN_CRATES: &[&str] = &[
    "async-",
    "axum",
    "crossbeam-",
    "errno",
    "fastrand",
    "futures-",
    "getrandom",
    "hyper",
    "libc",
    "log",
    "mio",
    "nix",
    "parking_lot",
    "polling",
    "pontoon-",
    "rand",
    "reqwest",
    "runtime-",
    "rustix",
    "signal-hook",
    "smol",
    "socket2",
    "tiny_http",
    "tokio",
    "tokio-",
    "tower",
    "tracing",
    "windows-",
];

/// Paths that reach a clock, a thread, a socket, a file, the environment or a process. `core::net`
/// has addresses and no sockets.
const FORBIDDEN_PATHS: &[&str] = &[
    "Instant::now",
    "SystemTime",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
];

#[test]
fn pure_crates_are_built_from_pure_crates() {
    for pure in PURE {
        let crates = normal_dependencies(pure);
        assert!(crates.iter().any(|name| name == "serde"), "not a dependency tree: {crates:?}");
        let impure: Vec<_> = crates.iter().filter(|name| is_forbidden(name)).collect();
        assert!(impure.is_empty(), "{pure} depends on {impure:?}");
    }
}

#[test]
fn the_core_has_no_dependency_of_a_server() {
    let crates = normal_dependencies("core");
    let of_servers = ["num-bigint", "num-rational", "time", "unicode-segmentation"];
    let found: Vec<_> =
        of_servers.iter().filter(|name| crates.iter().any(|it| it == *name)).collect();
    assert!(found.is_empty(), "the core depends on {found:?}");
}

#[test]
fn clippy_applies_the_same_rules_to_all_pure_crates() {
    let rules = PURE.map(|pure| fs::read_to_string(directory(pure).join("clippy.toml")).unwrap());
    assert!(rules.windows(2).all(|rules| rules[0] == rules[1]));
}

#[test]
fn pure_crates_ask_for_nothing_an_adapter_knows() {
    let mut found = Vec::new();
    for file in PURE.iter().flat_map(|pure| sources(&directory(pure).join("src"))) {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            if !line.trim_start().starts_with("//") && reaches_out(line) {
                found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_lists_are_read_as_they_are_meant() {
    let tree = "0core v0.1.0 (/x)\n1sha2 v1\n2cpufeatures v1\n3libc v1\n1libc v1 (*)\n";
    assert_eq!(dependencies(tree), ["sha2", "cpufeatures", "libc"]);
    assert!(["tokio", "tokio-util", "async-process", "rand"].iter().all(|name| is_forbidden(name)));
    assert!(!["bytes", "rand_core", "smallvec", "logical"].iter().any(|name| is_forbidden(name)));
    assert!(reaches_out("let now = time::Instant::now();"));
    assert!(reaches_out("use std::{fmt, net};"));
    assert!(!reaches_out("use std::fmt;"));
    assert!(!reaches_out("use core::net::Ipv4Addr;"));
}

fn directory(pure: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(pure)
}

/// Returns the crates that a pure crate depends on, without those of its tests.
fn normal_dependencies(pure: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "depth"])
        .arg("--manifest-path")
        .arg(directory(pure).join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    dependencies(&String::from_utf8(output.stdout).unwrap())
}

/// Returns the names in a tree whose lines are a depth and a crate, `2memchr v2.8.3`; the first is
/// the core.
fn dependencies(tree: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut skipped_below = usize::MAX;
    for line in tree.lines().skip(1) {
        let start = line.find(|char: char| !char.is_ascii_digit()).unwrap();
        let depth: usize = line[..start].parse().unwrap();
        let name = line[start..].split(' ').next().unwrap();
        if depth > skipped_below {
            continue;
        }
        // On some processors it calls libc to detect their features.
        skipped_below = if name == "cpufeatures" { depth } else { usize::MAX };
        names.push(name.to_string());
    }
    names
}

fn is_forbidden(name: &str) -> bool {
    FORBIDDEN_CRATES.iter().any(|forbidden| match forbidden.ends_with('-') {
        true => name.starts_with(forbidden),
        false => name == *forbidden,
    })
}

/// Grouped `use` of modules of `std` would hide their paths, so it is forbidden.
fn reaches_out(line: &str) -> bool {
    line.contains("std::{") || FORBIDDEN_PATHS.iter().any(|path| line.contains(path))
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    assert!(!files.is_empty(), "no sources in {}", directory.display());
    files
}
