//! Replays the corpora of the fuzz targets.

#[path = "oracle/arguments.rs"]
mod checked;
#[path = "modern/era.rs"]
mod era;
#[path = "modern/mirrored_header.rs"]
mod mirrored_header;
mod oracle;
#[path = "modern/request_state.rs"]
mod request_state;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[test]
fn arguments() {
    replay("arguments", checked::arguments);
}

#[test]
fn era() {
    replay("era", era::era);
}

#[test]
fn jsonrpc() {
    replay("jsonrpc", oracle::jsonrpc);
}

#[test]
fn mirrored_header() {
    replay("mirrored_header", mirrored_header::mirrored_header);
}

#[test]
fn request_state() {
    replay("request_state", request_state::request_state);
}

fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let files = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<_> = files.map(|path| (fs::read(&path).unwrap(), path)).collect();
    assert!(texts.len() > 20, "the corpus is there");
    let failed: Vec<_> = texts
        .iter()
        .filter(|(text, _)| catch_unwind(|| check(text)).is_err())
        .map(|(_, path)| path)
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
