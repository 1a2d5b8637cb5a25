//! Everything that can happen, in any order: what holds all the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::world::World;

/// A tape of decisions; a shorter one, and smaller numbers, are a simpler story.
fn tape() -> impl Strategy<Value = Vec<[u8; 3]>> {
    prop::collection::vec(any::<[u8; 3]>(), 0..120)
}

/// Plays a tape, with clients that speak HTTP+SSE among them or without.
fn play(tape: &[[u8; 3]], sse: bool) -> World {
    let mut world = World::new(sse);
    for step in tape {
        world.step(*step);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// Every request gets one outcome, under its own id, from the child of its own session; and
    /// when everybody has gone, nothing is left.
    #[test]
    fn whatever_happens_every_request_gets_its_one_answer(tape in tape(), sse: bool) {
        let mut world = play(&tape, sse);
        world.finish();
        world.check();
    }

    /// The same seed and the same facts make the same actions.
    #[test]
    fn the_engine_does_nothing_by_chance(tape in tape(), sse: bool) {
        prop_assert_eq!(play(&tape, sse).rig.actions, play(&tape, sse).rig.actions);
    }
}

/// What the tapes have to reach, or they prove nothing.
#[test]
fn the_random_stories_are_about_something() {
    for sse in [false, true] {
        let seen = sights_of_many(sse);
        // Where nobody comes back, little is kept for that.
        for sight in World::SIGHTS.into_iter().filter(|sight| !sse || *sight != "replay lost") {
            assert!(seen.contains_key(sight), "{sight} in {seen:?}");
        }
    }
}

/// How many of the same tapes come across each sight.
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
