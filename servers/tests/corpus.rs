//! Runs the checks of the fuzz targets on the inputs that are kept for them.

mod arithmetic;
#[path = "diagnosis/jwt.rs"]
mod diagnosis;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[test]
fn expression() {
    replay("expression", arithmetic::expression);
}

#[test]
fn headers() {
    replay("headers", diagnosis::headers::headers);
}

#[test]
fn jwt() {
    replay("jwt", diagnosis::jwt);
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
