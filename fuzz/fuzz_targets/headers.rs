//! Header lines of any kind: `cargo +nightly fuzz run headers`.
#![no_main]

#[path = "../../core/tests/diagnosis/mod.rs"]
mod diagnosis;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| diagnosis::headers(bytes));
