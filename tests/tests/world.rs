//! Random worlds: each seed is another crowd of clients, another set of misdeeds of the children and
//! another weather, and the same seed is always the same.
//!
//! `PONTOON_SEED=n cargo test -p pontoon-suite --test world` runs that one.

use pontoon_suite::sim::{crowd, seed_asked_for};

/// Runs these seeds, or the one that is asked for.
fn rush(seeds: std::ops::Range<u64>) {
    let (mut answers, mut sessions) = (0, 0);
    for seed in seed_asked_for().map_or(seeds, |seed| seed..seed + 1) {
        let tally = crowd::rush(seed);
        answers += tally.answers;
        sessions += tally.sessions;
    }
    println!("{answers} answers, {sessions} sessions");
}

#[test]
fn every_rule_holds_in_the_first_hundred_worlds() {
    rush(0..100);
}

#[test]
fn every_rule_holds_in_the_second_hundred_worlds() {
    rush(100..200);
}

#[test]
fn a_world_repeats_itself() {
    for seed in 0..5 {
        assert_eq!(crowd::rush(seed), crowd::rush(seed), "seed {seed}");
    }
    assert_ne!(crowd::rush(0).digest, crowd::rush(1).digest, "another seed, another world");
}
