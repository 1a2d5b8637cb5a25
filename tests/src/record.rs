//! What reached the children: `badchild --record` writes it down, byte for byte.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

/// The records of every child of one program under test.
#[derive(Debug)]
pub struct Record {
    dir: TempDir,
}

impl Record {
    pub(crate) fn new() -> Record {
        Record { dir: TempDir::with_prefix("pontoon-suite-").expect("a temporary directory") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Tells children that will be started a word: see the flags of `badchild`.
    pub fn tell(&self, word: &str) {
        fs::write(self.path().join(word), "").expect("the record");
    }

    /// The process ids of every child that ever started, in rising order.
    pub fn children(&self) -> Vec<u32> {
        let mut pids: Vec<u32> = fs::read_dir(self.path())
            .expect("the record")
            .filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                name.strip_suffix(".in")?.parse().ok()
            })
            .collect();
        pids.sort_unstable();
        pids
    }

    /// A fact a child wrote down: `eof`, `garbage` or `grandchild`.
    pub fn note(&self, child: u32, fact: &str) -> Option<String> {
        fs::read_to_string(self.path().join(format!("{child}.{fact}"))).ok()
    }

    /// The process ids of every grandchild.
    pub fn grandchildren(&self) -> Vec<u32> {
        let note = |child| self.note(child, "grandchild")?.parse().ok();
        self.children().into_iter().filter_map(note).collect()
    }

    /// The bytes a child read.
    pub fn bytes(&self, child: u32) -> Vec<u8> {
        fs::read(self.path().join(format!("{child}.in"))).expect("the record of a child")
    }

    /// The lines every child read, without their ends.
    pub fn lines(&self) -> Vec<String> {
        let text = |child| String::from_utf8(self.bytes(child)).expect("lines in UTF-8");
        let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
        self.children().into_iter().map(text).flat_map(lines).collect()
    }

    /// The messages every child read that have this method.
    pub fn messages(&self, method: &str) -> Vec<Value> {
        self.lines()
            .iter()
            .map(|line| line.parse().unwrap_or_else(|error| panic!("{error} in {line}")))
            .filter(|message: &Value| message["method"] == method)
            .collect()
    }

    /// The lines that hold a text.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| line.contains(text));
        lines
    }
}
