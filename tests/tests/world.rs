//! Random worlds: each seed is another crowd of clients, another set of misdeeds of the children and
//! another weather, and the same seed is always the same.
//!
//! `PONTOON_SEED=n cargo test -p pontoon-suite --test world` runs that one, and
//! `PONTOON_SEEDS=10000` in its place so many, from the first on; otherwise it is two hundred.

use std::ops::Range;

use pontoon_suite::sim::{crowd, seed_asked_for, seeds_asked_for};

/// Seeds that are run unless others are asked for.
const SEEDS: u64 = 200;

/// Runs these seeds, or the one that is asked for.
fn rush(seeds: Range<u64>) {
    let (mut answers, mut sessions) = (0, 0);
    for seed in seed_asked_for().map_or(seeds, |seed| seed..seed + 1) {
        let tally = crowd::rush(seed);
        answers += tally.answers;
        sessions += tally.sessions;
    }
    println!("{answers} answers, {sessions} sessions");
}

/// How many seeds to run.
fn seeds() -> u64 {
    seeds_asked_for().unwrap_or(SEEDS)
}

#[test]
fn every_rule_holds_in_the_first_half_of_the_worlds() {
    rush(0..seeds() / 2);
}

#[test]
fn every_rule_holds_in_the_second_half_of_the_worlds() {
    rush(seeds() / 2..seeds());
}

#[test]
fn a_world_repeats_itself() {
    for seed in 0..5 {
        assert_eq!(crowd::rush(seed), crowd::rush(seed), "seed {seed}");
    }
    assert_ne!(crowd::rush(0).digest, crowd::rush(1).digest, "another seed, another world");
}
