//! Tokens nobody has checked: `cargo +nightly fuzz run jwt`.
#![no_main]

#[path = "../../core/tests/diagnosis/mod.rs"]
mod diagnosis;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| diagnosis::jwt(bytes));
