//! Random worlds: each seed has other clients, other faults of the children and other network
//! conditions, and the same seed always gives the same run.
//!
//! `PONTOON_SEED=n cargo test -p pontoon-suite --test sim_sessions` runs one seed,
//! `PONTOON_SEEDS=10000` this many from the first on, and `PONTOON_SEEDS=20000..40000` a part of
//! them; the default is two hundred.

use pontoon_suite::sim::clients;

#[test]
fn every_property_holds_in_the_first_half_of_the_worlds() {
    clients::run_half(true, clients::run_seed);
}

#[test]
fn every_property_holds_in_the_second_half_of_the_worlds() {
    clients::run_half(false, clients::run_seed);
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
