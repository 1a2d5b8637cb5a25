//! The transcripts, each on every runtime and simulated: see `pontoon_suite::transcript`.
//!
//! A test is called `TARGET::FOLDER/NAME`, as in `cargo test --test transcripts tokio::modern`.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use pontoon_suite::{Target, transcript};

/// Makes a target.
type Make = fn() -> Target;

/// The targets; the first is the simulated one.
const TARGETS: [(&str, Make); 4] = [
    ("sim", Target::simulated),
    ("tokio", || Target::new("tokio")),
    ("smol", || Target::new("smol")),
    ("blocking", || Target::new("blocking")),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let transcripts: Vec<_> = transcript::all().into_iter().map(Arc::new).collect();
    let mut trials = Vec::new();
    for (name, target) in TARGETS {
        for transcript in &transcripts {
            let is_ignored = name != "sim" && transcript.simulated_only.is_some();
            let test = format!("{name}::{}", transcript.name);
            let transcript = Arc::clone(transcript);
            let play = move || {
                transcript.play(&target());
                Ok(())
            };
            trials.push(Trial::test(test, play).with_ignored_flag(is_ignored));
        }
    }
    if !arguments.list {
        let simulated = transcripts.iter().filter_map(|it| Some((it, it.simulated_only.as_ref()?)));
        let simulated: Vec<_> = simulated.collect();
        let runtimes = transcripts.len() - simulated.len();
        println!("{} transcripts, {runtimes} of them on three runtimes", transcripts.len());
        for (transcript, why) in simulated {
            println!("simulated only: {}: {why}", transcript.name);
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
