//! `features.txt`: every promise of the documents has an entry, and every proof in it exists.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The chapters, and their number of promises.
const CHAPTERS: [(char, usize); 5] = [('A', 102), ('B', 62), ('C', 58), ('D', 51), ('E', 33)];

/// The lines of each promise.
type Table = BTreeMap<String, Vec<String>>;

fn table() -> Table {
    let mut table = Table::new();
    let mut entry = None;
    for line in include_str!("../features.txt").lines() {
        if let Some(proof) = line.strip_prefix("    ") {
            let id: &String = entry.as_ref().expect("a proof belongs to a promise");
            table.get_mut(id).unwrap().push(proof.to_owned());
        } else if let Some((id, _)) = line.split_once(' ').filter(|_| !line.starts_with('#')) {
            assert!(table.insert(id.to_owned(), Vec::new()).is_none(), "{id} is there twice");
            entry = Some(id.to_owned());
        }
    }
    table
}

#[test]
fn every_promise_has_an_entry() {
    let table = table();
    let ids = CHAPTERS
        .iter()
        .flat_map(|(chapter, count)| (1..=*count).map(move |number| format!("{chapter}{number}")));
    let missing: Vec<_> =
        ids.clone().filter(|id| table.get(id).is_none_or(Vec::is_empty)).collect();
    assert!(missing.is_empty(), "nothing is said of {missing:?}");
    assert_eq!(table.len(), ids.count(), "an entry is of no chapter");
}

#[test]
fn every_proof_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut sources = BTreeMap::new();
    let mut missing = Vec::new();
    let mut open = Vec::new();
    for (id, proofs) in table() {
        for proof in proofs {
            if let Some(what) = proof.strip_prefix("open: ") {
                open.push(format!("{id} {what}"));
            } else if !is_remark(&proof) && !is_there(root, &proof, &mut sources) {
                missing.push(format!("{id} {proof}"));
            }
        }
    }
    println!("{} open:\n{}", open.len(), open.join("\n"));
    assert!(missing.is_empty(), "named and not there:\n{}", missing.join("\n"));
}

fn is_remark(proof: &str) -> bool {
    let decision = proof.strip_prefix("decision ").and_then(|number| number.parse().ok());
    proof.starts_with("none: ") || decision.is_some_and(|number| (1..=15).contains(&number))
}

/// Returns whether a file has a function of this name, or is a transcript.
fn is_there(root: &Path, proof: &str, sources: &mut BTreeMap<String, String>) -> bool {
    let Some((file, name)) = proof.split_once(':') else {
        return proof.starts_with("tests/transcripts/") && root.join(proof).is_file();
    };
    let source = sources
        .entry(file.to_owned())
        .or_insert_with(|| fs::read_to_string(root.join(file)).unwrap_or_default());
    ["fn", "def"].iter().any(|keyword| source.contains(&format!("{keyword} {name}(")))
}
