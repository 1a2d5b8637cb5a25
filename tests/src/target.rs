//! What is judged: the built program with one of its runtimes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use crate::pontoon::Proxy;

/// A runtime of the built program, and the child it is judged with.
#[derive(Clone, Debug)]
pub struct Target {
    /// The value of `--runtime`; none: the default one.
    pub runtime: Option<&'static str>,
    /// The program `badchild`.
    pub badchild: PathBuf,
}

impl Target {
    /// This runtime. Test crates know `badchild` as `env!("CARGO_BIN_EXE_badchild")`.
    pub fn new(runtime: &'static str, badchild: &str) -> Target {
        Target { runtime: Some(runtime), badchild: badchild.into() }
    }

    /// `pontoon proxy` on a free port of loopback, in front of `badchild`.
    pub fn proxy(&self) -> Proxy {
        Proxy::new(self)
    }
}

/// The path of the program under test.
///
/// `PONTOON_BIN` names it; otherwise it is `target/<profile>/pontoon` beside the running test,
/// brought up to date once per run.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match env::var_os("PONTOON_BIN") {
        Some(path) => fs::canonicalize(path).expect("PONTOON_BIN names a file"),
        None => built(),
    })
}

fn built() -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let program = profile.join("pontoon");
    // Without cargo, what it built before has to do.
    if let Some(cargo) = env::var_os("CARGO") {
        build(&cargo, profile);
    }
    assert!(program.exists(), "{} is missing: cargo build -p pontoon", program.display());
    program
}

/// Cargo's own lock keeps several test programs from building at once.
fn build(cargo: &std::ffi::OsStr, profile: &Path) {
    let name = match profile.file_name().and_then(|name| name.to_str()).expect("a profile") {
        "debug" => "dev",
        name => name,
    };
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "pontoon", "--bin", "pontoon", "--profile", name])
        // Every runtime there is.
        .arg("--all-features")
        .arg("--target-dir")
        .arg(profile.parent().expect("target/<profile>"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "pontoon does not build");
}
