//! A child that writes only what a transcript says. It records what it reads.

use std::sync::Arc;

use crate::{Output, System};

/// Runs until standard input ends, or until an instruction ends the process.
pub(crate) async fn run<S: System>(system: Arc<S>) {
    let player = Arc::clone(&system);
    system.spawn(async move { play(&*player).await });
    let mut line = Vec::new();
    loop {
        line.clear();
        system.read_line(&mut line).await;
        if line.is_empty() {
            break;
        }
        system.keep(&line);
    }
    system.note("eof", "standard input ended");
}

/// Carries out one instruction after the other, and records how many it has done.
async fn play<S: System>(system: &S) {
    for done in 1_usize.. {
        let instruction = system.instruction().await;
        let (action, rest) = instruction.split_once(' ').unwrap_or((&instruction, ""));
        let line = format!("{rest}\n");
        match action {
            // A pipe that pontoon has closed is for the transcript to notice.
            "write" => drop(system.write(Output::Stdout, line.as_bytes()).await),
            "stderr" => drop(system.write(Output::Stderr, line.as_bytes()).await),
            "exit" => {
                system.note("done", &done.to_string());
                match system.exit(rest.parse().expect("a status")).await {}
            }
            unknown => panic!("unknown instruction {unknown}"),
        }
        system.note("done", &done.to_string());
    }
}
