//! The target of the cases: the built program with one of its runtimes, or a simulated one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Once, OnceLock};
use std::{env, fs};

use crate::entry::Entry;
use crate::pontoon::CommandLine;
use crate::sim::{self, Faults, World, WorldGuard};
use crate::subcommand::Subcommand;
use crate::tls::Certificate;

/// The program that a case runs.
pub struct Target(Kind);

enum Kind {
    Built { runtime: &'static str, tls: bool },
    Simulated(WorldGuard),
}

impl Target {
    /// Returns the built program with this runtime, in front of the program `test-server`.
    pub fn new(runtime: &'static str) -> Target {
        Target(Kind::Built { runtime, tls: false })
    }

    /// Returns the same, whose clients connect with TLS.
    pub fn with_tls(runtime: &'static str) -> Target {
        Target(Kind::Built { runtime, tls: true })
    }

    /// Returns a simulated program in front of simulated children. The thread is in their world
    /// until the value is dropped.
    pub fn simulated() -> Target {
        let seed = sim::env_seed().unwrap_or(SEED);
        Target(Kind::Simulated(World::enter(seed, Faults::None)))
    }

    /// Returns `pontoon proxy` on a free port of loopback, in front of `test-server`.
    pub fn proxy(&self) -> CommandLine {
        self.serving(Subcommand::Proxy)
    }

    /// Returns `pontoon echo` on a free port of loopback.
    pub fn echo(&self) -> CommandLine {
        self.serving(Subcommand::Echo)
    }

    /// Returns `pontoon echo --stateless` on a free port of loopback.
    pub fn echo_stateless(&self) -> CommandLine {
        self.serving(Subcommand::EchoStateless)
    }

    /// Returns `pontoon calculator` on a free port of loopback.
    pub fn calculator(&self) -> CommandLine {
        self.serving(Subcommand::Calculator)
    }

    /// Returns `pontoon serve` on a free port of loopback, for these entries of a file.
    pub fn serve(&self, entries: &[Entry]) -> CommandLine {
        self.serving(Subcommand::Serve).entries(entries)
    }

    fn serving(&self, subcommand: Subcommand) -> CommandLine {
        match &self.0 {
            Kind::Built { runtime, tls } => {
                let line = CommandLine::built(runtime, subcommand);
                if *tls { line.tls(Certificate::of_suite()) } else { line }
            }
            Kind::Simulated(world) => CommandLine::simulated(world, subcommand),
        }
    }
}

/// The seed of simulated worlds.
const SEED: u64 = 1;

/// Returns the path of the program under test: `PONTOON_BIN`, or the one built from this tree, with
/// every runtime.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match env::var_os("PONTOON_BIN") {
        Some(path) => fs::canonicalize(path).expect("PONTOON_BIN names a file"),
        None => built("pontoon"),
    })
}

/// Returns the path of the misbehaving child.
pub fn test_server() -> &'static Path {
    static TEST_SERVER: OnceLock<PathBuf> = OnceLock::new();
    TEST_SERVER.get_or_init(|| built("test-server"))
}

/// Returns the path of a child with every feature of the protocol.
pub fn fixture() -> &'static Path {
    static FIXTURE: OnceLock<PathBuf> = OnceLock::new();
    FIXTURE.get_or_init(|| built("fixture"))
}

/// Returns `target/<profile>/<program>` beside the running test.
fn built(program: &str) -> PathBuf {
    static BUILD: Once = Once::new();
    let test = env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    // Without cargo, an earlier build has to suffice.
    if let Some(cargo) = env::var_os("CARGO") {
        BUILD.call_once(|| build(&cargo, profile));
    }
    let path = profile.join(program);
    assert!(path.exists(), "{} is missing: cargo build --bin {program}", path.display());
    path
}

/// Builds all programs that tests start, with the features of the whole workspace: the packages
/// by themselves have other features of some dependencies, and each would be compiled again.
/// Cargo's own lock keeps several tests from building at once.
fn build(cargo: &OsStr, profile: &Path) {
    let name = match profile.file_name().and_then(|name| name.to_str()).expect("a profile") {
        "debug" => "dev",
        name => name,
    };
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--workspace", "--all-features", "--profile", name])
        .args(["--bin", "pontoon", "--bin", "test-server", "--bin", "fixture"])
        .arg("--target-dir")
        .arg(profile.parent().expect("target/<profile>"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the programs of the tests do not build");
}
