//! POSTs of either era, and of neither: `cargo +nightly fuzz run era`.
#![no_main]

#[path = "../../core/tests/modern/era.rs"]
mod era;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| era::era(bytes));
