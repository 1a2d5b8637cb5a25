//! Properties of the engine for any inputs.

#[path = "machine/facts.rs"]
mod machine;

use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_keeps_its_promises_whatever_it_is_told(
        tape in vec(any::<[u8; 3]>(), 0..200),
    ) {
        machine::facts(tape.as_flattened());
    }
}
