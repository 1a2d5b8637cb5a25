//! Clients with different values of `--header-env` in random worlds: of both eras in front of a
//! command of either, with network faults, crashes and restarts, in simulated time.
//!
//! `PONTOON_SEED` and `PONTOON_SEEDS` as in `sim_sessions.rs`.

use pontoon_suite::sim::clients;

#[test]
fn every_value_has_its_own_processes_in_the_first_half_of_the_worlds() {
    clients::run_half(true, clients::run_header_seed);
}

#[test]
fn every_value_has_its_own_processes_in_the_second_half_of_the_worlds() {
    clients::run_half(false, clients::run_header_seed);
}

#[test]
fn a_world_repeats_itself() {
    for seed in 0..5 {
        assert_eq!(clients::run_header_seed(seed), clients::run_header_seed(seed), "seed {seed}");
    }
}
