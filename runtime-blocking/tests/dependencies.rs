//! Checks the dependencies of the runtime.

use std::env;
use std::process::Command;

/// A program with only this runtime contains no other one.
#[test]
fn no_async_runtime_is_inside() {
    let cargo = env::var_os("CARGO").expect("cargo runs the tests");
    let output = Command::new(cargo)
        .args(["tree", "--package", "runtime-blocking", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("names in UTF-8");
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"tiny_http"), "{tree}");
    let runtimes = ["tokio", "smol", "async-io", "async-executor", "async-std", "mio", "polling"];
    let inside = names.iter().filter(|name| runtimes.contains(name) || name.contains("hyper"));
    assert_eq!(inside.collect::<Vec<_>>(), Vec::<&&str>::new());
}
