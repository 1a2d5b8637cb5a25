//! Replays what is kept for the fuzzer.

mod oracle;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[test]
fn jsonrpc() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/jsonrpc");
    let files = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<_> = files.map(|path| (fs::read(&path).unwrap(), path)).collect();
    assert!(texts.len() > 40, "the corpus is there");
    let failed: Vec<_> = texts
        .iter()
        .filter(|(text, _)| catch_unwind(|| oracle::jsonrpc(text)).is_err())
        .map(|(_, path)| path)
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
