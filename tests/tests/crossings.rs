//! The four pairings in random worlds: clients of both eras in front of a command of either, with
//! network faults and in simulated time, compared with a simple model.
//!
//! `PONTOON_SEED` and `PONTOON_SEEDS` as in `world.rs`.

use std::ops::Range;

use pontoon_suite::sim::{crowd, seed_asked_for, seeds_asked_for};

/// The default number of seeds.
const SEEDS: u64 = 200;

fn pair(seeds: Range<u64>) {
    let (mut answers, mut sessions) = (0, 0);
    for seed in seed_asked_for().map_or(seeds, |seed| seed..seed + 1) {
        let tally = crowd::pair(seed);
        answers += tally.answers;
        sessions += tally.sessions;
    }
    println!("{answers} answers, {sessions} sessions");
}

fn seeds() -> u64 {
    seeds_asked_for().unwrap_or(SEEDS)
}

#[test]
fn everybody_hears_their_own_in_the_first_half_of_the_worlds() {
    pair(0..seeds() / 2);
}

#[test]
fn everybody_hears_their_own_in_the_second_half_of_the_worlds() {
    pair(seeds() / 2..seeds());
}

#[test]
fn a_world_repeats_itself() {
    for seed in 0..5 {
        assert_eq!(crowd::pair(seed), crowd::pair(seed), "seed {seed}");
    }
}
