//! Facts for the engine, in any order: `cargo +nightly fuzz run facts`.
#![no_main]

#[path = "../../core/tests/machine/facts.rs"]
mod machine;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| machine::facts(bytes));
