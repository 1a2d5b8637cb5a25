//! Any inputs in any order: the properties that always hold.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::world::World;

/// A sequence of decisions; shorter ones, and smaller numbers, make simpler runs.
fn tape() -> impl Strategy<Value = Vec<[u8; 3]>> {
    prop::collection::vec(any::<[u8; 3]>(), 0..120)
}

/// Runs a sequence, with or without HTTP+SSE clients.
fn play(tape: &[[u8; 3]], sse: bool) -> World {
    let mut world = World::new(sse);
    for step in tape {
        world.step(*step);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// Every request gets one result, under its own id, from the child of its own session; and when
    /// all clients have left, nothing remains.
    #[test]
    fn whatever_happens_every_request_gets_its_one_answer(tape in tape(), sse: bool) {
        let mut world = play(&tape, sse);
        world.finish();
        world.check();
    }

    /// The same seed and the same inputs give the same actions.
    #[test]
    fn the_engine_does_nothing_by_chance(tape in tape(), sse: bool) {
        prop_assert_eq!(play(&tape, sse).rig.actions, play(&tape, sse).rig.actions);
    }
}

/// The events that the random runs must reach, or they would prove nothing.
#[test]
fn the_random_stories_are_about_something() {
    for sse in [false, true] {
        let seen = sights_of_many(sse);
        // Without resumption, little is kept for it.
        for sight in World::SIGHTS.into_iter().filter(|sight| !sse || *sight != "replay lost") {
            assert!(seen.contains_key(sight), "{sight} in {seen:?}");
        }
    }
}

/// Returns how many of the same sequences reach each event.
fn sights_of_many(sse: bool) -> BTreeMap<&'static str, usize> {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::new();
    for _ in 0..600 {
        let tape = prop::collection::vec(any::<[u8; 3]>(), 120).new_tree(&mut runner).unwrap();
        let mut world = play(&tape.current(), sse);
        world.finish();
        for sight in world.sights() {
            *seen.entry(sight).or_insert(0) += 1;
        }
    }
    seen
}
