//! Every relative link of the documents leads to a file, and to a heading of it.

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
