//! Headers that repeat values of a body: `cargo +nightly fuzz run mirrored_header`.
#![no_main]

#[path = "../../core/tests/modern/mirrored_header.rs"]
mod mirrored_header;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mirrored_header::mirrored_header(bytes));
