//! Random worlds: each seed has other clients, other faults of the children and other network
//! conditions, and the same seed always gives the same run.
//!
//! `PONTOON_SEED=n cargo test -p pontoon-suite --test sim_sessions` runs one seed, and
//! `PONTOON_SEEDS=10000` this many, from the first on; the default is two hundred.

use std::ops::Range;

use pontoon_suite::sim::{clients, env_seed, env_seed_count};

/// The default number of seeds.
const SEEDS: u64 = 200;

/// Runs these seeds, or the one in `PONTOON_SEED`.
fn run(seeds: Range<u64>) {
    let (mut answers, mut sessions) = (0, 0);
    for seed in env_seed().map_or(seeds, |seed| seed..seed + 1) {
        let stats = clients::run_seed(seed);
        answers += stats.answers;
        sessions += stats.sessions;
    }
    println!("{answers} answers, {sessions} sessions");
}

/// Returns the number of seeds to run.
fn seeds() -> u64 {
    env_seed_count().unwrap_or(SEEDS)
}

#[test]
fn every_property_holds_in_the_first_half_of_the_worlds() {
    run(0..seeds() / 2);
}

#[test]
fn every_property_holds_in_the_second_half_of_the_worlds() {
    run(seeds() / 2..seeds());
}

#[test]
fn a_world_repeats_itself() {
    for seed in 0..5 {
        assert_eq!(clients::run_seed(seed), clients::run_seed(seed), "seed {seed}");
    }
    assert_ne!(
        clients::run_seed(0).digest,
        clients::run_seed(1).digest,
        "another seed, another world"
    );
}
