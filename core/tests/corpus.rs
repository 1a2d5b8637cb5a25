//! Replays what is kept for the fuzzer.

mod arithmetic;
mod oracle;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[test]
fn jsonrpc() {
    replay("jsonrpc", 40, oracle::jsonrpc);
}

#[test]
fn expression() {
    replay("expression", 30, arithmetic::expression);
}

/// Shows the check each of the texts that are kept under this name, of which there are so many.
fn replay(name: &str, at_least: usize, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let files = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<_> = files.map(|path| (fs::read(&path).unwrap(), path)).collect();
    assert!(texts.len() > at_least, "the corpus is there");
    let failed: Vec<_> = texts
        .iter()
        .filter(|(text, _)| catch_unwind(|| check(text)).is_err())
        .map(|(_, path)| path)
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
