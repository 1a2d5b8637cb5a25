//! The four pairings in random worlds: clients of both eras in front of a command of either, with
//! network faults and in simulated time, compared with a simple model.
//!
//! `PONTOON_SEED` and `PONTOON_SEEDS` as in `sim_sessions.rs`.

use std::ops::Range;

use pontoon_suite::sim::{clients, env_seed, env_seed_count};

/// The default number of seeds.
const SEEDS: u64 = 200;

fn run(seeds: Range<u64>) {
    let (mut answers, mut sessions) = (0, 0);
    for seed in env_seed().map_or(seeds, |seed| seed..seed + 1) {
        let stats = clients::run_pairing_seed(seed);
        answers += stats.answers;
        sessions += stats.sessions;
    }
    println!("{answers} answers, {sessions} sessions");
}

fn seeds() -> u64 {
    env_seed_count().unwrap_or(SEEDS)
}

#[test]
fn every_client_gets_its_own_answers_in_the_first_half_of_the_worlds() {
    run(0..seeds() / 2);
}

#[test]
fn every_client_gets_its_own_answers_in_the_second_half_of_the_worlds() {
    run(seeds() / 2..seeds());
}

#[test]
fn a_world_repeats_itself() {
    for seed in 0..5 {
        assert_eq!(clients::run_pairing_seed(seed), clients::run_pairing_seed(seed), "seed {seed}");
    }
}
