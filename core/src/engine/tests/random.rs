//! Any inputs in any order: the properties that always hold.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::prop_engine::Model;

/// A sequence of decisions; shorter ones, and smaller numbers, make simpler runs.
fn ops() -> impl Strategy<Value = Vec<[u8; 3]>> {
    prop::collection::vec(any::<[u8; 3]>(), 0..120)
}

/// Runs a sequence, with or without HTTP+SSE clients.
fn play(ops: &[[u8; 3]], sse: bool) -> Model {
    let mut model = Model::new(sse);
    for op in ops {
        model.step(*op);
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// Every request gets one result, under its own id, from the child of its own session; and when
    /// all clients have left, nothing remains.
    #[test]
    fn whatever_happens_every_request_gets_its_one_answer(ops in ops(), sse: bool) {
        let mut model = play(&ops, sse);
        model.finish();
        model.check();
    }

    /// The same seed and the same inputs give the same actions.
    #[test]
    fn the_engine_does_nothing_by_chance(ops in ops(), sse: bool) {
        prop_assert_eq!(play(&ops, sse).rig.actions, play(&ops, sse).rig.actions);
    }
}

/// The events that the random runs must reach, or they would prove nothing.
#[test]
fn the_random_stories_are_about_something() {
    for sse in [false, true] {
        let seen = coverage_of_many(sse);
        // Without resumption, little is kept for it.
        for event in Model::COVERAGE.into_iter().filter(|event| !sse || *event != "replay lost") {
            assert!(seen.contains_key(event), "{event} in {seen:?}");
        }
    }
}

/// Returns how many of the same sequences reach each event.
fn coverage_of_many(sse: bool) -> BTreeMap<&'static str, usize> {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::new();
    for _ in 0..600 {
        let ops = prop::collection::vec(any::<[u8; 3]>(), 120).new_tree(&mut runner).unwrap();
        let mut model = play(&ops.current(), sse);
        model.finish();
        for event in model.coverage() {
            *seen.entry(event).or_insert(0) += 1;
        }
    }
    seen
}
