//! Request state, sealed and forged: `cargo +nightly fuzz run request_state`.
#![no_main]

#[path = "../../core/tests/modern/request_state.rs"]
mod request_state;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| request_state::request_state(bytes));
