//! Every relative link of the documents leads to a file, and to a heading of it. The paths that the
//! descriptions of the architecture name exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders whose Markdown files are checked, besides the root's own.
const FOLDERS: [&str; 2] = ["docs", "tests/schema"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

fn documents() -> Vec<PathBuf> {
    let folders = FOLDERS.map(|folder| root().join(folder)).into_iter().chain([root()]);
    let files = folders.flat_map(|folder| fs::read_dir(folder).expect("a folder"));
    let paths = files.map(|file| file.expect("a file").path());
    paths.filter(|path| path.extension().is_some_and(|it| it == "md")).collect()
}

/// The targets of `[text](target)`, outside blocks of code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in outside_code(text) {
        for part in line.split("](").skip(1) {
            links.extend(part.split(')').next().map(str::to_owned));
        }
    }
    links
}

fn outside_code(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The anchors of the headings of a document.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = outside_code(text).filter_map(|line| line.strip_prefix('#'));
    headings.map(|heading| anchor(heading.trim_start_matches('#').trim())).collect()
}

/// Returns the anchor that a heading gets: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|it| if it == ' ' { '-' } else { it }).collect()
}

/// Returns what is wrong with a link of the document at this path.
fn fault(document: &Path, text: &str, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = document.parent().expect("a folder").join(path);
    let text = match path.is_empty() {
        true => text.to_owned(),
        false if !target.exists() => return Some(format!("{link}: there is no such file")),
        false => fs::read_to_string(&target).unwrap_or_default(),
    };
    let has_anchor = anchor.is_empty() || anchors(&text).contains(anchor);
    (!has_anchor).then(|| format!("{link}: there is no such heading"))
}

/// Returns the paths between back quotes: those of Rust files, those that end with `/`, and those
/// that begin with a folder of the root. A path with a capital letter, such as `NAME.rs`, stands
/// for several.
fn quoted_paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = outside_code(text).flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_path_byte =
        |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"/._-".contains(&it);
    quoted.filter(move |it| {
        let Some((first, _)) = it.split_once('/') else { return false };
        let is_path = it.bytes().all(is_path_byte) && !first.is_empty();
        is_path && (it.ends_with(".rs") || it.ends_with('/') || root().join(first).exists())
    })
}

/// The folders from which a path can be named.
const STARTS: [&str; 3] = ["", "core", "core/src"];

/// Returns whether a path exists from one of [`STARTS`].
fn is_in_tree(path: &str) -> bool {
    STARTS.iter().any(|folder| root().join(folder).join(path).exists())
}

#[test]
fn every_path_of_the_architecture_exists() {
    for document in ["ARCHITECTURE.md", "core/src/lib.rs"] {
        let text = fs::read_to_string(root().join(document)).expect("a text");
        assert!(quoted_paths(&text).count() > 20, "{document}: few paths were found");
        let gone: Vec<_> = quoted_paths(&text).filter(|path| !is_in_tree(path)).collect();
        assert!(gone.is_empty(), "{document} names {gone:?}, which do not exist");
    }
}

#[test]
fn gone_paths_are_found() {
    let text =
        "`json/` `json/gone/` `http/gone.rs` `core/src/gone` `text/event-stream` `a/NAME.rs`";
    let gone: Vec<_> = quoted_paths(text).filter(|path| !is_in_tree(path)).collect();
    assert_eq!(gone, ["json/gone/", "http/gone.rs", "core/src/gone"]);
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut faults = Vec::new();
    let mut count = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a text");
        for link in links(&text) {
            count += 1;
            let fault = fault(&document, &text, &link);
            faults.extend(fault.map(|fault| format!("{}: {fault}", document.display())));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 50, "only {count} links were found");
}

#[test]
fn dead_links_are_found() {
    let text = "# A heading, `b` & more\n[x](#a-heading-b--more) [y](#gone) [z](no/such.md)\n\
                ```\n[in](code)\n```\n";
    let document = root().join("README.md");
    let found: Vec<_> = links(text).iter().filter_map(|it| fault(&document, text, it)).collect();
    assert_eq!(found, ["#gone: there is no such heading", "no/such.md: there is no such file"]);
}
