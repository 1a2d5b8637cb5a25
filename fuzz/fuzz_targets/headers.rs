//! Header lines of any kind: `cargo +nightly fuzz run headers`.
#![no_main]

#[path = "../../servers/tests/diagnosis/headers.rs"]
mod headers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headers::headers(bytes));
