//! Expressions of arithmetic: `cargo +nightly fuzz run expression`.
#![no_main]

#[path = "../../servers/tests/arithmetic/mod.rs"]
mod arithmetic;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| arithmetic::expression(bytes));
