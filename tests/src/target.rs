//! What is judged: the built program with one of its runtimes, or a simulated one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use crate::pontoon::{CommandLine, Verb};
use crate::sim::{self, Stay, Weather, World};

/// What a case is about.
pub struct Target(Kind);

enum Kind {
    Built { runtime: &'static str },
    Simulated(Stay),
}

impl Target {
    /// The built program with this runtime, in front of the program `badchild`.
    pub fn new(runtime: &'static str) -> Target {
        Target(Kind::Built { runtime })
    }

    /// A simulated program in front of simulated children. As long as this lives the thread is in
    /// their world.
    pub fn simulated() -> Target {
        let seed = sim::seed_asked_for().unwrap_or(SEED);
        Target(Kind::Simulated(World::enter(seed, Weather::Calm)))
    }

    /// `pontoon proxy` on a free port of loopback, in front of `badchild`.
    pub fn proxy(&self) -> CommandLine {
        self.serving(Verb::Proxy)
    }

    /// `pontoon echo` on a free port of loopback.
    pub fn echo(&self) -> CommandLine {
        self.serving(Verb::Echo)
    }

    /// `pontoon echo --stateless` on a free port of loopback.
    pub fn echo_stateless(&self) -> CommandLine {
        self.serving(Verb::EchoStateless)
    }

    /// `pontoon calculator` on a free port of loopback.
    pub fn calculator(&self) -> CommandLine {
        self.serving(Verb::Calculator)
    }

    fn serving(&self, verb: Verb) -> CommandLine {
        match &self.0 {
            Kind::Built { runtime } => CommandLine::built(runtime, verb),
            Kind::Simulated(world) => CommandLine::simulated(world, verb),
        }
    }
}

/// The seed of simulated worlds.
const SEED: u64 = 1;

/// The path of the program under test: what `PONTOON_BIN` names, or what is built of this tree,
/// with every runtime there is.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match env::var_os("PONTOON_BIN") {
        Some(path) => fs::canonicalize(path).expect("PONTOON_BIN names a file"),
        None => built("pontoon"),
    })
}

/// The path of the child it is judged with.
pub fn badchild() -> &'static Path {
    static BADCHILD: OnceLock<PathBuf> = OnceLock::new();
    BADCHILD.get_or_init(|| built("badchild"))
}

/// The path of a child that has everything the protocol has.
pub fn fixture() -> &'static Path {
    static FIXTURE: OnceLock<PathBuf> = OnceLock::new();
    FIXTURE.get_or_init(|| built("fixture"))
}

/// `target/<profile>/<package>` beside the running test, brought up to date once per run.
fn built(package: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let program = profile.join(package);
    // Without cargo, what it built before has to do.
    if let Some(cargo) = env::var_os("CARGO") {
        build(&cargo, package, profile);
    }
    assert!(program.exists(), "{} is missing: cargo build -p {package}", program.display());
    program
}

/// Cargo's own lock keeps several test programs from building at once.
fn build(cargo: &OsStr, package: &str, profile: &Path) {
    let name = match profile.file_name().and_then(|name| name.to_str()).expect("a profile") {
        "debug" => "dev",
        name => name,
    };
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--all-features", "--package", package, "--profile", name])
        .arg("--target-dir")
        .arg(profile.parent().expect("target/<profile>"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "{package} does not build");
}
