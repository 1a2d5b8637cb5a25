//! Unverified tokens: `cargo +nightly fuzz run jwt`.
#![no_main]

#[path = "../../servers/tests/diagnosis/jwt.rs"]
mod jwt;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| jwt::jwt(bytes));
