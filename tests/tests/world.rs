//! Random worlds: each seed has other clients, other faults of the children and other network
//! conditions, and the same seed always gives the same run.
//!
//! `PONTOON_SEED=n cargo test -p pontoon-suite --test world` runs one seed, and
//! `PONTOON_SEEDS=10000` this many, from the first on; the default is two hundred.

use std::ops::Range;

use pontoon_suite::sim::{crowd, seed_asked_for, seeds_asked_for};

/// The default number of seeds.
const SEEDS: u64 = 200;

/// Runs these seeds, or the one in `PONTOON_SEED`.
fn rush(seeds: Range<u64>) {
    let (mut answers, mut sessions) = (0, 0);
    for seed in seed_asked_for().map_or(seeds, |seed| seed..seed + 1) {
        let tally = crowd::rush(seed);
        answers += tally.answers;
        sessions += tally.sessions;
    }
    println!("{answers} answers, {sessions} sessions");
}

/// Returns the number of seeds to run.
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
