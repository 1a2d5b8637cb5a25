//! The four pairings in random worlds: clients of both eras in front of a command of either, with
//! network faults and in simulated time, compared with a simple model.
//!
//! `PONTOON_SEED` and `PONTOON_SEEDS` as in `sim_sessions.rs`.

use pontoon_suite::sim::clients;

#[test]
fn every_client_gets_its_own_answers_in_the_first_half_of_the_worlds() {
    clients::run_half(true, clients::run_pairing_seed);
}

#[test]
fn every_client_gets_its_own_answers_in_the_second_half_of_the_worlds() {
    clients::run_half(false, clients::run_pairing_seed);
}

#[test]
fn a_world_repeats_itself() {
    for seed in 0..5 {
        assert_eq!(clients::run_pairing_seed(seed), clients::run_pairing_seed(seed), "seed {seed}");
    }
}
