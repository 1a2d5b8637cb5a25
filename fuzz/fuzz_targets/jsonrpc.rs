//! JSON-RPC messages and bodies: `cargo +nightly fuzz run jsonrpc`.
#![no_main]

#[path = "../../core/tests/oracle/mod.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracle::jsonrpc(bytes));
