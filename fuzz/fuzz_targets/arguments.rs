//! Messages and arguments: `cargo +nightly fuzz run arguments`.
#![no_main]

#[path = "../../core/tests/oracle/arguments.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracle::arguments(bytes));
