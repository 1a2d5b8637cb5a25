//! Checks that no dependency of this runtime is a second runtime.

use std::process::Command;

/// Returns the lines of `cargo tree` for this runtime, without tests.
fn tree(words: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
}

#[test]
fn no_crate_of_tokio_runs_tasks_or_reaches_the_system() {
    let tree = tree(&[]);
    assert!(tree.iter().any(|line| line.starts_with("async-io ")), "not a tree: {tree:?}");
    let foreign = ["tokio-", "mio ", "hyper-util ", "runtime-tokio "];
    let found: Vec<_> =
        tree.iter().filter(|line| foreign.iter().any(|name| line.starts_with(name))).collect();
    assert!(found.is_empty(), "{found:?}");
}

/// hyper depends on the crate `tokio` on every runtime: it uses its channels, which are plain data
/// structures, and nothing else.
#[test]
fn of_tokio_itself_there_is_nothing_but_the_channels_in_hyper() {
    let features = tree(&["--format", "{p} {f}", "--depth", "9"]);
    let tokio: Vec<_> = features.iter().filter(|line| line.starts_with("tokio ")).collect();
    assert!(!tokio.is_empty() && tokio.iter().all(|line| is_channels(line)), "{tokio:?}");
    let parents = tree(&["--invert", "tokio", "--depth", "1"]);
    let parents: Vec<_> = parents.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(parents, ["tokio", "hyper"]);
}

/// Returns whether a crate with its features, `tokio v1.54.1 default,sync`, has only the channels;
/// the default features are none.
fn is_channels(line: &str) -> bool {
    let features = line.split(' ').nth(2).unwrap_or_default();
    features.split(',').all(|feature| matches!(feature, "default" | "sync"))
}
